"""The desk: the approval queue and its rules, as surfaces and the API use it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.desk.cards import card, cards_of, checks_json, remarks
from bot.desk.decide import decide
from bot.desk.press import Press
from bot.desk.words import TYPING, Examine, Words, for_yes, look, own_words, words_of, written
from bot.domain import ON_SENT_REPLY, Action, Command, Draft, DraftState, Refused, Snapshot, StoredPost
from bot.ports import Clock
from bot.queue import context, facts, forgetting, voids
from bot.settings import Settings
from bot.store import Connection, Store, cards, cut, deliveries, drafts, posts, requests
from responders.pipeline import Pipeline
from responders.types import CheckResult, Level, Wording
from responders.voice.twin import IN_CHANNEL, TO_FAN, twin_of
from responders.voice.words import may_repeat

SENDING = frozenset({Action.APPROVE, Action.EDIT})
"""Actions that let a text out."""


class Desk:
    """Decisions of managers. Knows no surface: after a commit an event wakes whoever shows cards."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        pipeline: Callable[[], Pipeline],
        text_limit: Callable[[str], int],
    ) -> None:
        """`pipeline` gives the current good one; `text_limit` a platform's longest reply in characters."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._pipeline = pipeline
        self._text_limit = text_limit
        self._names: dict[str, str] = {}

    def intents(self) -> list[str]:
        """The names of all intents, for `relabel`."""
        return sorted(self._pipeline().library.intents)

    async def start(self) -> None:
        """Read the names of those who decided by their role."""
        self._names |= await self._store.read(cards.role_holder_names)

    async def decide(self, command: Command, *, key: str | None = None, name: str | None = None) -> dict[str, Any]:
        """Carry out one press and return the whole draft as it then is, JSON-ready. Raises Refused.

        With a `key` (Idempotency-Key) the first answer to the same command is given again, refusals included. With a
        `name` the surface vouches that `command.by`, who is not in config.yaml, holds a role that makes them a manager.
        """
        self._may(command, vouched=name is not None)
        if name and command.by not in self._settings.managers and self._names.get(command.by) != name:
            await self._store.write(lambda c: cards.name_role_holder(c, command.by, name))
            self._names[command.by] = name
        fingerprint = _fingerprint(command)
        known = await self._store.read(lambda c: requests.find(c, key)) if key else None
        if known:
            return _again(known, fingerprint)
        words: Words | Refused
        try:
            words = await self._look_at(command)
        except Refused as refused:
            words = refused
        answer = await self._store.write(lambda c: self._once(c, command, words, key, fingerprint))
        return _answer(answer)

    def _may(self, command: Command, *, vouched: bool) -> None:
        managers = self._settings.managers
        if command.by not in managers and not (vouched and self._settings.may_decide(command.by)):
            raise Refused(
                "not_a_manager",
                f"“{command.by[:80]}” is not a manager here; managers are listed in config.yaml under managers:",
            )
        if command.action is Action.HANDOVER and command.to is not None and command.to not in managers:
            raise Refused("bad_action", f"“{command.to[:80]}” is not a manager; known: {', '.join(sorted(managers))}.")
        if command.action is Action.RELABEL and command.intent not in self.intents():
            known = ", ".join(self.intents())
            raise Refused("bad_action", f"There is no intent “{(command.intent or '')[:80]}”; known: {known}.")

    async def _look_at(self, command: Command) -> Words:
        """Finish and examine the words before the transaction, which is kept short. Bound to one revision."""
        if command.action not in TYPING:
            return Words()

        def query(connection: Connection) -> Words:
            draft = drafts.get(connection, command.draft_id)
            post = posts.get(connection, draft.post_id) if draft else None
            if draft is None or post is None or draft.revision != command.revision:
                return Words()  # the transaction will say why not
            if not draft.live and command.action not in ON_SENT_REPLY:
                return Words()
            limit = self._text_limit(post.post.platform)
            return words_of(command, draft, self.first_name(command.by), limit, self._examine(connection, post))

        return await self._store.read(query)

    async def remarks(self, draft_id: str, text: str) -> dict[str, list[str]] | None:
        """What would stop words that somebody is writing for a draft, and what is worth a look, in sentences.

        Nothing is stored. None for an unknown draft.
        """

        def query(connection: Connection) -> dict[str, list[str]] | None:
            draft = drafts.get(connection, draft_id)
            post = posts.get(connection, draft.post_id) if draft else None
            if draft is None or post is None:
                return None
            limit = self._text_limit(post.post.platform)
            found = look(own_words(written(text), draft), draft, limit, self._examine(connection, post))
            stops = [c.note for c in found if c.level is Level.BLOCK]
            return {"stops": stops, "remarks": [c.note for c in remarks(found)]}

        return await self._store.read(query)

    def _examine(self, connection: Connection, post: StoredPost) -> Examine:
        """The checks, held against all that is known around the post."""
        now, pipeline = self._clock.now(), self._pipeline()

        def examine(wording: Wording) -> tuple[CheckResult, ...]:
            return pipeline.check(wording, post.post, context.load(connection, post, self._settings, now))

        return examine

    def _once(
        self, connection: Connection, command: Command, words: Words | Refused, key: str | None, fingerprint: str
    ) -> dict[str, Any]:
        known = requests.find(connection, key) if key else None
        if known:
            return _known(known, fingerprint)
        now = self._clock.now()
        draft = drafts.get(connection, command.draft_id)
        try:
            if isinstance(words, Refused):
                raise words
            if draft:
                words = self._look_again(connection, draft, command, words)
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
            new = decide(connection, press)
            answer = {"card": self._decided(connection, new, command, _news(draft, command, words), now)}
        except Refused as refused:
            answer = {"refused": _refusal(refused)}
        if key:
            requests.keep(connection, key, fingerprint, answer, post_id=draft.post_id if draft else None, at=now)
        return answer

    def _look_again(self, connection: Connection, draft: Draft, command: Command, words: Words) -> Words:
        """What was said since the words were looked at: sent, or approved and on its way. It refuses nothing, whoever
        presses is told. Who answers behind a gate needs no such advice.
        """
        over = not draft.live and command.action not in ON_SENT_REPLY
        if words.text is None or words.revision != draft.revision or over or draft.risk:
            return words
        post = posts.get(connection, draft.post_id)
        if post is None or self._may_repeat(draft, command):
            return words
        twin = twin_of(words.text, deliveries.said_lately(connection, post, IN_CHANNEL, TO_FAN))
        if twin.level is Level.PASS:
            return words
        others = tuple(c for c in words.checks if c.id != twin.id)
        return replace(words, checks=(*others, replace(twin, level=Level.WARN)))

    def _may_repeat(self, draft: Draft, command: Command) -> bool:
        """True for the one true answer, as an operator wrote it."""
        laid = for_yes(draft, command)
        typed = laid.own_words or command.text is not None
        faq = any(one.is_faq and one.key == laid.template for one in self._pipeline().library.templates)
        return may_repeat(Wording(text="", intent=laid.intent, answer=faq and not typed))

    def _refuse_outdated(self, draft: Draft | None, command: Command, now: datetime) -> None:
        """Between the change of a fact and the round that brings the drafts in line with it, no yes is taken."""
        if draft is None or command.action not in SENDING or not draft.live or draft.revision != command.revision:
            return
        today = self._settings.community.local(now).date()
        names = facts.outdated(draft, self._pipeline().library.facts, today)
        if names:
            sentence = f"{facts.changed(names)} since these words were written; look at the card again in a moment."
            raise Refused("stale_revision", sentence, draft=draft)

    def _decided(
        self,
        connection: Connection,
        draft: Draft,
        command: Command,
        warnings: tuple[CheckResult, ...],
        now: datetime,
    ) -> dict[str, Any]:
        whole = card(connection, draft, now, self._settings.replies.undo_seconds)
        return {
            **whole,
            "decided_by": draft.decided_by or command.by,
            "at": whole["at"] or now.isoformat(),
            "warnings": checks_json(warnings),
        }

    async def draft(self, draft_id: str) -> dict[str, Any] | None:
        """One draft as in the list, in any state; None if there is none."""
        now, undo = self._clock.now(), self._settings.replies.undo_seconds

        def query(connection: Connection) -> dict[str, Any] | None:
            found = drafts.get(connection, draft_id)
            return card(connection, found, now, undo) if found else None

        return await self._store.read(query)

    async def drafts(
        self, *, state: str = "waiting", limit: int = 50, after: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of drafts, urgent first, then oldest, and the next cursor. Raises ValueError on a bad one."""
        now, undo = self._clock.now(), self._settings.replies.undo_seconds

        def query(connection: Connection) -> tuple[list[dict[str, Any]], str | None]:
            if after is not None and drafts.get(connection, after) is None:
                raise ValueError("after: this cursor is not one of ours; leave it out to begin at the start")
            page, following = cut(drafts.page(connection, str(DraftState(state)), limit + 1, after), limit)
            return cards_of(connection, page, now, undo), following

        return await self._store.read(query)

    async def decided(self, limit: int = 20) -> list[dict[str, Any]]:
        """What was decided lately, the newest first: for undo, retry, settle, correct and remove."""
        now, undo = self._clock.now(), self._settings.replies.undo_seconds
        return await self._store.read(lambda c: cards_of(c, drafts.decided_lately(c, limit), now, undo))

    async def forget(self, platform: str, fan_id: str) -> None:
        """Erase everything about a fan; what waits for them is withdrawn."""
        now = self._clock.now()
        await forgetting.forget(self._store, platform, fan_id, now)

    async def opt_out(self, platform: str, fan_id: str) -> None:
        """A fan wants no replies from now on; what waits for them is withdrawn."""
        now = self._clock.now()
        await self._store.write(lambda c: voids.opt_out(c, platform, fan_id, now))

    def name_of(self, key: str) -> str:
        """A manager's display name; the key itself for somebody who is not known any more."""
        manager = self._settings.managers.get(key)
        return manager.name if manager else self._names.get(key, key)

    def first_name(self, key: str) -> str:
        """What a reply signed by this manager says."""
        return self.name_of(key).split()[0]


def _news(draft: Draft | None, command: Command, words: Words) -> tuple[CheckResult, ...]:
    """The remarks on typed words; on words that lay on the card those that whoever presses has not read there."""
    read = draft.checks if draft and command.text is None and not command.slots else ()
    return tuple(c for c in remarks(words.checks) if c not in read)


def _fingerprint(command: Command) -> str:
    return hashlib.sha256(json.dumps(asdict(command), sort_keys=True, default=str).encode()).hexdigest()


def _known(known: tuple[str, Any], fingerprint: str) -> dict[str, Any]:
    first, answer = known
    if first != fingerprint:
        sentence = "This Idempotency-Key was used for another request; use a new key for a new decision."
        return {"refused": _refusal(Refused("bad_action", sentence))}
    return dict(answer)


def _again(known: tuple[str, Any], fingerprint: str) -> dict[str, Any]:
    return _answer(_known(known, fingerprint))


def _refusal(refused: Refused) -> dict[str, Any]:
    stands = refused.draft
    return {
        "code": refused.code,
        "message": refused.message,
        "draft": stands
        and {
            "state": str(stands.state),
            "revision": stands.revision,
            "decided_by": stands.decided_by,
            "decided_at": stands.decided_at.isoformat() if stands.decided_at else None,
        },
        "checks": checks_json(refused.checks),
    }


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    refusal = answer.get("refused")
    if refusal is None:
        whole: dict[str, Any] = answer["card"]
        return whole
    stands = refusal["draft"]
    raise Refused(
        refusal["code"],
        refusal["message"],
        draft=stands
        and Snapshot(
            state=DraftState(stands["state"]),
            revision=stands["revision"],
            decided_by=stands["decided_by"],
            decided_at=datetime.fromisoformat(stands["decided_at"]) if stands["decided_at"] else None,
        ),
        checks=tuple(CheckResult(id=c["id"], level=Level(c["level"]), note=c["note"]) for c in refusal["checks"]),
    )
