"""Asks fans for a yes, in the thread, and takes their answer. A question waits at the desk like any reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.consent import Button, Consent, Kind, State, pressed
from bot.domain import Alternative, Draft, Purpose, Refused, StoredPost
from bot.events import Happened
from bot.people import introductions, yes
from bot.people.wordings import say
from bot.ports import Clock
from bot.queue import consents, moves
from bot.queue.moves import Offer
from bot.settings import Settings
from bot.store import Connection, Store, events, fans, posts
from bot.store import consents as stored
from bot.store.ids import new_id
from responders.library.model import Library

WAITS = timedelta(days=7)
"""How long a question may wait at the desk."""
NOT_YOURS = "This question is for somebody else."
GONE = "This question is not open any more."
ASKS = {Kind.STAGE: "ask_stage", Kind.ANSWER: "ask_answer", Kind.INTRODUCTION: "ask_introduction"}
"""Kind -> the notice that asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What a press of a fan leads to."""

    text: str
    """For the fan alone; at most 200 characters."""
    buttons: tuple[Button, ...] | None = None
    """What stands under the message now; None: as before."""


class Asks:
    """For managers, who ask, and for fans, who answer."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        library: Callable[[], Library],
        link: Callable[[str, str, str], str | None] = lambda _platform, _channel, _message: None,
    ) -> None:
        """`library` gives the operators' files in use; `link` an address that opens a message, by platform, channel and
        its id there."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._library = library
        self._link = link

    async def propose(self, kind: Kind, post_id: str, by: str, *, incentive: str | None = None) -> Draft:
        """Put a question to the author of a post on the desk. Raises Refused."""
        self._check(by)
        now = self._clock.now()
        found = await self._store.write(lambda c: self.put(c, kind, post_id, by, now, incentive=incentive))
        if isinstance(found, Refused):
            raise found
        return found

    def put(
        self,
        connection: Connection,
        kind: Kind,
        post_id: str,
        by: str,
        at: datetime,
        *,
        incentive: str | None = None,
    ) -> Draft | Refused:
        """`propose` in a transaction. Refuses by what it returns."""
        post = posts.get(connection, post_id)
        why_not = _why_not(connection, post, kind)
        if post is None or why_not:
            return why_not or Refused("not_found", "There is no such post.")
        wordings = self._wordings(connection, kind, post)
        if not wordings:
            return _NO_WORDING
        where = post.target
        link = self._link(where.platform, where.channel, where.reply_to)
        question = replace(_question(kind, post, by, at), incentive=incentive, link=link)
        return _ask(connection, question, post, wordings)

    async def introduce(self, first_post: str, second_post: str, by: str) -> None:
        """Ask two people who may like to meet: a question to each waits at the desk, and names nobody. Raises
        Refused."""
        self._check(by)
        now = self._clock.now()
        why_not = await self._store.write(lambda c: self._ask_both(c, {first_post, second_post}, by, now))
        if why_not:
            raise why_not

    def _check(self, by: str) -> None:
        if not self._settings.may_decide(by):
            raise Refused("not_a_manager", f"{by} is not one of the managers in config.yaml.")

    def _ask_both(self, connection: Connection, post_ids: set[str], by: str, at: datetime) -> Refused | None:
        there = introductions.found(connection, at)
        pair = next((pair for pair in there if {pair.first.post.id, pair.second.post.id} == post_ids), None)
        if pair is None:
            return Refused("not_found", "These two cannot be asked any more. Load the list again.")
        sides = (pair.first, pair.second)
        why_not = (_why_not(connection, side.post, Kind.INTRODUCTION) for side in sides)
        if refused := next(filter(None, why_not), None):
            return refused
        wordings = [self._wordings(connection, Kind.INTRODUCTION, side.post, side.thing) for side in sides]
        if not all(wordings):
            return _NO_WORDING
        questions = [replace(_question(Kind.INTRODUCTION, side.post, by, at), work=side.thing) for side in sides]
        partners = [question.id for question in reversed(questions)]
        for side, question, partner, worded in zip(sides, questions, partners, wordings, strict=True):
            _ask(connection, replace(question, partner=partner), side.post, worded)
        return None

    def _wordings(self, connection: Connection, kind: Kind, post: StoredPost, thing: str = "") -> list[Alternative]:
        return say(connection, self._library(), ASKS[kind], post, {"thing": thing} if thing else {})

    async def press(self, platform: str, fan_id: str, consent_id: str, value: str) -> Pressed:
        """A fan presses a button under a question, or takes a yes back. Pressing twice changes nothing."""
        now = self._clock.now()

        def operation(connection: Connection) -> Pressed:
            consent = stored.get(connection, consent_id)
            if consent is None:
                return Pressed(text=GONE, buttons=())
            if (consent.platform, consent.fan_id) != (platform, fan_id):
                return Pressed(text=NOT_YOURS)
            return self._answer(connection, consent, value, now)

        return await self._store.write(operation)

    def _answer(self, connection: Connection, consent: Consent, value: str, at: datetime) -> Pressed:
        new = pressed(consent, value, consents.names(connection, consent), at)
        if new is None:
            return Pressed(text=_said(consent), buttons=consents.shown(connection, consent))
        consents.save(connection, consent, new, at)
        if new.state is State.YES:
            yes.follow(connection, new, self._library(), self._settings, at)
        elif new.state is State.NO and new.kind is Kind.INTRODUCTION:
            introductions.refused(connection, new, at)
        return Pressed(text=_said(new), buttons=consents.shown(connection, new))


def _question(kind: Kind, post: StoredPost, by: str, at: datetime) -> Consent:
    """A question to the author of a post, not asked yet."""
    inner = post.post
    return Consent(
        id=new_id(),
        kind=kind,
        state=State.ASKED,
        platform=inner.platform,
        fan_id=inner.author.id,
        wording="",
        created_at=at,
        post_id=post.id,
        asked_by=by,
        work=inner.text,
    )


def _ask(connection: Connection, consent: Consent, post: StoredPost, wordings: list[Alternative]) -> Draft:
    """Put a question on the desk."""
    kind, by, at = consent.kind, consent.asked_by, consent.created_at
    question = Offer(purpose=Purpose.ASK, wordings=wordings, why=_WHY[kind], waits=WAITS, by=by)
    draft = moves.offer(connection, post, question, at)
    stored.add(connection, replace(consent, wording=wordings[0].text, draft_id=draft.id))
    about = {"post_id": post.id, "draft_id": draft.id}
    events.append(connection, Happened.CONSENT_PROPOSED, at, by=by, **about, kind=str(kind), consent=consent.id)
    return draft


def _why_not(connection: Connection, post: StoredPost | None, kind: Kind) -> Refused | None:
    """Why the author of a post is not asked."""
    if post is None or post.deleted or not post.kept:
        return Refused("not_found", "The post is gone, or its words are no longer kept.")
    author, states = post.post.author, {before.state for before in stored.of_post(connection, post.id, kind)}
    sentences = (
        (author.is_staff or author.is_bot, "This is a post of the team; only fans are asked."),
        (
            (post.understanding or {}).get("risk"),
            "There are signs of danger or of a child; a person must see to it.",
        ),
        (fans.get(connection, post.post.platform, author.id).opted_out_at, "This fan asked not to be answered."),
        (State.YES in states, "They have said yes already."),
        (State.ASKED in states, "They are being asked already."),
        (states & {State.NO, State.WITHDRAWN}, "They said no. Nobody is asked twice."),
    )
    return next((Refused("bad_action", sentence) for true, sentence in sentences if true), None)


_NO_WORDING = Refused("bad_action", "The templates have no words for this question; templates/en/people/ is missing.")
_WHY = {
    Kind.STAGE: "Asks whether this may be shown on stage, where and for how long.",
    Kind.ANSWER: "Asks whether this may be passed on to others as their answer.",
    Kind.INTRODUCTION: "Asks whether they would like to meet somebody with the same interest.",
}


def _said(consent: Consent) -> str:
    """What the fan hears, at most 200 characters."""
    if consent.state is State.WITHDRAWN and consent.kind is Kind.ANSWER:
        return "Done. Nobody gets it from us any more. What was said with it before stays where it is."
    return _SAID[consent.state]


_SAID = {
    State.ASKED: "One more question.",
    State.YES: "Thank you. You can take this back at any time, here or with /mydata.",
    State.NO: "That is fine. You will not be asked again about this.",
    State.WITHDRAWN: "Done. It is taken back, and what was shown is being removed.",
    State.OVER: GONE,
}
