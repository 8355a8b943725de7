"""The desk: the approval queue and its rules, for surfaces and the API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.desk.cards import cards_of
from bot.desk.decide import decide
from bot.desk.listing import around, page
from bot.desk.press import Press
from bot.desk.view import Around, CardView, Decided, Listing, Remarks
from bot.desk.words import TYPING, Examine, Words, blanks, for_yes, look, own_words, signed, words_of, written
from bot.domain import (
    ON_SENT_REPLY,
    SKIP_REASONS,
    Action,
    Command,
    Draft,
    DraftState,
    Refused,
    StoredPost,
    clean,
    visible,
)
from bot.hops import Hop, begin
from bot.ports import Clock
from bot.queue import context, facts, forgetting, hold
from bot.settings import Settings
from bot.store import Connection, Store, cards, cut, deliveries, drafts, holds, listing, posts, requests
from bot.store.holds import Hold
from bot.store.listing import Selection
from responders.pipeline import Pipeline
from responders.types import CheckResult, Level, Wording
from responders.voice.twin import IN_CHANNEL, TO_FAN, twin_of
from responders.voice.words import may_repeat

SENDING = frozenset({Action.APPROVE, Action.EDIT})
"""Actions that send a text."""
USED = "This Idempotency-Key was used for another request; use a new key for a new decision."
NEEDS_NONE = SKIP_REASONS[0]
"""Why a post is skipped that needs no answer."""
NO_REASON = "Say why, so that the others know."
LONGEST_REASON = 300
"""Characters of the reason for a hold."""
Json = dict[str, Any]
Encode = Callable[[Decided | Refused], Json]
"""Turns the outcome into the answer to a request."""


class Desk:
    """Decisions of managers. It knows no surface: after a commit a signal wakes those who show cards."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        pipeline: Callable[[], Pipeline],
        text_limit: Callable[[str], int],
    ) -> None:
        """`pipeline` gives the one in use; `text_limit` the longest reply of a platform, in UTF-16 units."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._pipeline = pipeline
        self.text_limit = text_limit
        self._names: dict[str, str] = {}

    def intents(self) -> list[str]:
        """The names of all intents, for `relabel`."""
        return sorted(self._pipeline().library.intents)

    async def start(self) -> None:
        """Read the names of managers by role."""
        # By the writer, which waits for a server that recovers: else a start would end here.
        self._names |= await self._store.write(cards.role_holder_names)

    async def decide(self, command: Command, *, name: str | None = None) -> Decided:
        """Carry out one press. Raises Refused.

        With a `name` the surface says that `command.by`, who is not in config.yaml, is a manager by role.
        """
        self._may(command, vouched=name is not None)
        await self.meet(command.by, name)
        ended = begin()
        words = await self._look_at(command)
        outcome = await self._store.write(lambda c: self._outcome(c, command, words))
        if isinstance(outcome, Refused):
            raise outcome
        ended(Hop.DECIDE, post_id=outcome.card.post.id, draft_id=command.draft_id)
        return outcome

    async def meet(self, key: str, name: str | None) -> None:
        """Remember the name of a manager by role. Does nothing for those whom config.yaml names."""
        if name and key not in self._settings.managers and self._names.get(key) != name:
            await self._store.write(lambda c: cards.name_role_holder(c, key, name))
            self._names[key] = name

    async def hold(self, by: str, reason: str, *, name: str | None = None) -> int:
        """Keep everything back, and let all that was approved and not sent wait again. Returns how much that is.

        `name` is that of `decide`. Raises Refused: for anybody but managers, without a reason, during a hold.
        """
        self._may_decide(by, vouched=name is not None)
        await self.meet(by, name)
        reason, now = " ".join(clean(reason).split()), self._clock.now()
        if not visible(reason):
            raise Refused("bad_action", NO_REASON)
        if len(reason) > LONGEST_REASON:
            raise Refused("bad_action", f"Say why in at most {LONGEST_REASON} characters.")
        waiting = await self._store.write(lambda c: hold.begin(c, by, reason, now))
        if waiting is None:
            lasting = await self.on_hold()
            raise Refused("on_hold", self.told_of(lasting) if lasting else "Everything is on hold already.")
        return waiting

    async def lift(self, by: str, *, name: str | None = None) -> None:
        """End the hold. What it took back waits for a new yes. Raises Refused if there is none, and as `hold` does."""
        self._may_decide(by, vouched=name is not None)
        await self.meet(by, name)
        now = self._clock.now()
        if not await self._store.write(lambda c: holds.lift(c, by, now)):
            raise Refused("not_on_hold", "Nothing is on hold.")

    async def on_hold(self) -> Hold | None:
        """The hold that lasts now, or None."""
        return await self._store.read(holds.current)

    def told_of(self, lasting: Hold) -> str:
        """A hold in a line: "On hold since 14:02 CET by Mara: REASON"."""
        since, now = (self._settings.community.local(moment) for moment in (lasting.at, self._clock.now()))
        when = f"{since:%H:%M %Z}" if since.date() == now.date() else f"{since:%Y-%m-%d %H:%M %Z}"
        return f"On hold since {when} by {self.name_of(lasting.by)}: {lasting.reason}"

    def check(self, by: str) -> None:
        """Raises Refused for anybody but managers."""
        self._may_decide(by, vouched=False)

    def skip(self, connection: Connection, draft: Draft, by: str) -> Decided | Refused:
        """Skip a draft in a transaction, because its post needs no answer. One that was skipped stays as it is."""
        if draft.state is DraftState.REJECTED:
            now = self._clock.now()
            card = self._cards(connection, [draft], now)[0]
            return Decided(card=card, by=draft.decided_by or by, at=draft.decided_at or now)
        command = Command(draft_id=draft.id, by=by, revision=draft.revision, action=Action.REJECT, reason=NEEDS_NONE)
        return self._outcome(connection, command, Words())

    async def decide_once(self, command: Command, key: str, encode: Encode) -> Json:
        """`decide` for a request with an Idempotency-Key. The same command gets its first answer again, a refusal, too.

        Answer and decision are stored in one transaction. Raises Refused if the caller may not decide, or if the key
        was used for another request.
        """
        self._may(command)
        ended = begin()
        words: Words | Refused
        try:
            words = await self._look_at(command)
        except Refused as refused:
            words = refused
        answered = await self._store.write(lambda c: self._once(c, command, words, key, encode))
        if isinstance(answered, Refused):
            raise answered
        answer, post_id = answered
        if post_id:
            ended(Hop.DECIDE, post_id=post_id, draft_id=command.draft_id)
        return answer

    def _may(self, command: Command, *, vouched: bool = False) -> None:
        self._may_decide(command.by, vouched=vouched)
        managers = self._settings.managers
        if command.action is Action.HANDOVER and command.to is not None and command.to not in managers:
            raise Refused("bad_action", f"“{command.to[:80]}” is not a manager; known: {', '.join(sorted(managers))}.")
        if command.action is Action.RELABEL and command.intent not in self.intents():
            known = ", ".join(self.intents())
            raise Refused("bad_action", f"There is no intent “{(command.intent or '')[:80]}”; known: {known}.")

    def _may_decide(self, by: str, *, vouched: bool) -> None:
        if by not in self._settings.managers and not (vouched and self._settings.may_decide(by)):
            raise Refused(
                "not_a_manager",
                f"“{by[:80]}” is not a manager here; managers are listed in config.yaml under managers:",
            )

    async def _look_at(self, command: Command) -> Words:
        """Finish and check the words, for one revision. It is done before the transaction, which stays short."""
        if command.action not in TYPING:
            return Words()

        def query(connection: Connection) -> Words:
            draft = drafts.get(connection, command.draft_id)
            post = posts.get(connection, draft.post_id) if draft else None
            if draft is None or post is None or draft.revision != command.revision:
                return Words()  # the transaction will say why not
            if not draft.live and command.action not in ON_SENT_REPLY:
                return Words()
            limit = self.text_limit((draft.target or post.target).platform)
            return words_of(command, draft, self.first_name(command.by), limit, self._examine(connection, post))

        return await self._store.read(query)

    async def remarks(self, draft_id: str, text: str) -> Remarks | None:
        """Check words that somebody is writing for a draft. Nothing is stored. None for an unknown draft."""

        def query(connection: Connection) -> Remarks | None:
            draft = drafts.get(connection, draft_id)
            post = posts.get(connection, draft.post_id) if draft else None
            if draft is None or post is None:
                return None
            limit = self.text_limit((draft.target or post.target).platform)
            words = own_words(written(text), draft)
            found = (*blanks(words.text, draft), *look(words, draft, limit, self._examine(connection, post)))
            return Remarks(
                stops=tuple(c.note for c in found if c.level is Level.BLOCK),
                remarks=tuple(c.note for c in found if c.level is Level.WARN),
            )

        return await self._store.read(query)

    def _examine(self, connection: Connection, post: StoredPost) -> Examine:
        """The voice checks, with the context of the post."""
        now, pipeline = self._clock.now(), self._pipeline()

        def examine(wording: Wording) -> tuple[CheckResult, ...]:
            return pipeline.check(wording, post.post, context.load(connection, post, self._settings, now))

        return examine

    def _once(
        self, connection: Connection, command: Command, words: Words | Refused, key: str, encode: Encode
    ) -> tuple[Json, str | None] | Refused:
        """The answer, and the post of the draft; None with an answer from before, and where there is no draft."""
        fingerprint = _fingerprint(command)
        if known := requests.find(connection, key):
            first, answer = known
            return (dict(answer), None) if first == fingerprint else Refused("bad_action", USED)
        draft = drafts.get(connection, command.draft_id)
        answer = encode(self._outcome(connection, command, words))
        post_id, now = draft.post_id if draft else None, self._clock.now()
        requests.keep(connection, key, fingerprint, answer, post_id=post_id, at=now)
        return answer, post_id

    def _outcome(self, connection: Connection, command: Command, words: Words | Refused) -> Decided | Refused:
        """Carry it out. A refusal is returned: raised, it would fail its whole group of writes, see `Writer`."""
        if isinstance(words, Refused):
            return words
        now = self._clock.now()
        draft = drafts.get(connection, command.draft_id)
        post = posts.get(connection, draft.post_id) if draft else None
        if draft is None or post is None:
            return Refused("not_found", "There is no such draft.")
        try:
            words = self._look_again(connection, draft, post, command, words)
            press = Press(
                command=command,
                words=words,
                now=now,
                undo=timedelta(seconds=self._settings.replies.undo_seconds),
                manager=self.name_of(command.by),
                name_of=self.name_of,
                local=self._settings.community.local,
            )
            self._refuse_outdated(draft, command, now)
            new = decide(connection, draft, post, press)
        except Refused as refused:
            return refused
        return Decided(
            card=self._cards(connection, [new], now)[0],
            by=new.decided_by or command.by,
            at=new.decided_at or now,
            warnings=_news(draft, command, words),
        )

    def _look_again(
        self, connection: Connection, draft: Draft, post: StoredPost, command: Command, words: Words
    ) -> Words:
        """Compare the words with what was sent or approved meanwhile. Likeness is only a remark, and none behind a
        gate."""
        over = not draft.live and command.action not in ON_SENT_REPLY
        if words.text is None or words.revision != draft.revision or over or draft.risk:
            return words
        if self._may_repeat(draft, command):
            return words
        twin = twin_of(words.text, deliveries.said_lately(connection, post, IN_CHANNEL, TO_FAN))
        if twin.level is Level.PASS:
            return words
        others = tuple(c for c in words.checks if c.id != twin.id)
        return replace(words, checks=(*others, replace(twin, level=Level.WARN)))

    def _may_repeat(self, draft: Draft, command: Command) -> bool:
        """True for an FAQ answer in the operator's words, which may be said twice."""
        laid = for_yes(draft, command)
        typed = laid.own_words or command.text is not None
        template = self._pipeline().library.by_key.get(laid.template or "")
        answer = template is not None and template.is_faq and not typed
        return may_repeat(Wording(text="", intent=laid.intent, answer=answer))

    def _refuse_outdated(self, draft: Draft, command: Command, now: datetime) -> None:
        """Refuse a yes to an old fact. The next round of the desk will update the draft."""
        if command.action not in SENDING or not draft.live or draft.revision != command.revision:
            return
        today = self._settings.community.local(now).date()
        names = facts.outdated(draft, self._pipeline().library.facts, today)
        if names:
            sentence = f"{facts.changed(names)} since these words were written; look at the card again in a moment."
            raise Refused("stale_revision", sentence, draft=draft)

    async def draft(self, draft_id: str) -> CardView | None:
        """One draft as in the list, in any state; None if there is none."""
        now = self._clock.now()

        def query(connection: Connection) -> CardView | None:
            found = drafts.get(connection, draft_id)
            return self._cards(connection, [found], now)[0] if found else None

        return await self._store.read(query)

    async def drafts(
        self, *, state: str = "waiting", limit: int = 50, after: str | None = None
    ) -> tuple[list[CardView], str | None]:
        """A page of drafts, urgent first, then oldest, and the next cursor. Raises ValueError on a bad one."""
        now = self._clock.now()

        def query(connection: Connection) -> tuple[list[CardView], str | None]:
            if after is not None and drafts.get(connection, after) is None:
                raise ValueError("after: this cursor is not one of ours; leave it out to begin at the start")
            page, following = cut(drafts.page(connection, str(DraftState(state)), limit + 1, after), limit)
            return self._cards(connection, page, now), following

        return await self._store.read(query)

    def signed(self, card: CardView, by: str | None) -> CardView:
        """The card with the texts that a yes of this manager sends; without one, as it is. Raises Refused for anybody
        but managers."""
        if by is None:
            return card
        self.check(by)
        return replace(card, draft=signed(card.draft, self.first_name(by)))

    async def decided(self, limit: int = 20) -> list[CardView]:
        """The latest decisions, newest first, for undo, retry, settle, correct and remove."""
        now = self._clock.now()
        return await self._store.read(lambda c: self._cards(c, drafts.decided_lately(c, limit), now))

    async def listing(self, selection: Selection, *, limit: int = 25, after: str | None = None) -> Listing:
        """A page of a view of the inbox. Raises ValueError on a bad cursor."""
        now = self._clock.now()
        return await self._store.read(
            lambda c: page(c, selection, after=after, limit=limit, now=now, settings=self._settings)
        )

    async def cards(self, ids: Sequence[str]) -> list[CardView]:
        """The drafts with these ids that there are, in this order, in any state."""
        now = self._clock.now()
        return await self._store.read(lambda c: self._cards(c, listing.by_ids(c, ids), now))

    async def around(self, post_id: str) -> Around | None:
        """What was said around a post; None if it is unknown, or its words were dropped."""
        return await self._store.read(lambda c: around(c, post_id))

    def _cards(self, connection: Connection, found: Sequence[Draft], now: datetime) -> list[CardView]:
        return cards_of(connection, found, now, self._settings)

    async def forget(self, platform: str, fan_id: str) -> None:
        """Erase everything about a fan; what waits for them is withdrawn."""
        now = self._clock.now()
        await forgetting.forget(self._store, platform, fan_id, now)

    def name_of(self, key: str) -> str:
        """A manager's display name; their key if they are no longer known."""
        manager = self._settings.managers.get(key)
        return manager.name if manager else self._names.get(key, key)

    def first_name(self, key: str) -> str:
        """What a reply signed by this manager says; empty if nobody has told us their name."""
        manager = self._settings.managers.get(key)
        name = manager.called if manager else self._names.get(key, "")
        return name.split()[0] if visible(name) else ""


def _news(draft: Draft | None, command: Command, words: Words) -> tuple[CheckResult, ...]:
    """The remarks on typed words. Of words that were on the card, only the remarks that were not shown there."""
    read = draft.checks if draft and command.text is None and not command.slots else ()
    return tuple(c for c in words.checks if c.level is Level.WARN and c not in read)


def _fingerprint(command: Command) -> str:
    return hashlib.sha256(json.dumps(asdict(command), sort_keys=True, default=str).encode()).hexdigest()
