"""What a card says and offers, in plain words: each platform gives them its own look. Design section 9. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from bot.desk.view import CardView, Decided
from bot.domain import Alternative, Delivery, DeliveryState, Draft, DraftState
from responders.said import said
from responders.types import CheckResult, Level, Turn

TURNS = 3
"""Of the thread, before and around the post."""
SHOWN_TURN = 150
SHOWN_PART = 120
"""Of the words that raised a gate."""
SHOWN_READING = 80
SHOWN_HOST = 40
_RISKS = {
    "crisis": "Somebody may be in danger",
    "legal": "A legal matter",
    "minor": "Signs of a child",
    "toxic": "Anger at people",
}
_CRISIS, _MAYBE_CRISIS = "crisis", "Somebody may not be well"
_OVER = {
    "post_edited": "The fan edited the post; it is read anew",
    "post_deleted": "The fan deleted the post",
    "answered": "A teammate has answered",
    "resolved": "The fan says it is solved",
    "opted_out": "The fan wants no replies",
    "forgotten": "The fan asked to be forgotten",
    "too_old": "It waited too long",
    "handover": "Handed over",
    "relabel": "Given another intent",
    "fact_changed": "A fact in it has changed; it is drafted anew",
}
_NAMES = {"send": "the reply", "correct": "the correction", "remove": "the removal"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A button. Labels of up to 34 characters fit a phone."""

    verb: str
    label: str
    weight: Literal["go", "main", "plain"] = "plain"
    """`go` sends at once, `main` is what most will press first."""
    choice: str = ""
    """The number of the alternative that it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a draft, in one line without a fan's words or name, which are not to be kept here."""

    head: str
    tail: str = ""
    """Follows the head in plain letters."""
    until: datetime | None = None
    """Stands behind the tail."""
    choices: tuple[Choice, ...] = ()
    """What can still be done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One reason why a person is needed."""

    line: str
    part: str = ""
    """What the fan wrote that raised it, in one line and quotation marks; empty once their words are gone."""


def alarms(card: CardView) -> list[Alarm]:
    """Why a person is needed; empty for a draft."""
    parts = {alarm.gate: alarm.part for alarm in card.alarms}
    told = {risk: _RISKS.get(risk) or said(risk).capitalize() for risk in card.draft.risk}
    if _CRISIS in parts and _CRISIS not in told:
        told[_CRISIS] = _MAYBE_CRISIS
    if not told and card.draft.kind == "handoff":
        return [Alarm(line="Needs a person")]
    return [Alarm(line=line, part=_quoted(parts.get(gate, ""))) for gate, line in told.items()]


def _quoted(part: str) -> str:
    words = cut(one_line(part), SHOWN_PART)
    return f"“{words}”" if words else ""


def unread(card: CardView) -> list[str]:
    """What the program could not read, in one line; none when it read all."""
    return [cut(f"Could not be read: {', '.join(card.unread)}", 200)] if card.unread else []


def notes(card: CardView) -> list[str]:
    """Why this draft, what the checks remark, and what is still to fill, in a line each."""
    return [cut(card.draft.why, 200), *remarks(card.draft)]


def remarks(wording: Draft | Alternative) -> list[str]:
    """What the checks remark on a draft or an alternative, and what is still to fill, in a line each.

    On a manager's own words they are told once, to whoever wrote them: see `told`.
    """
    found = [] if isinstance(wording, Draft) and wording.typed_by_hand else _notes(wording.checks)
    blanks = [f"Still to fill: {cut(slot.ask, 100)}" for slot in wording.missing]
    return [*(f"Remark: {note}" for note in found[:3]), *blanks[:3]]


def told(done: Decided) -> str:
    """What the checks remark on words that the desk has just taken, in one line; empty when there is nothing."""
    return " ".join(_notes(done.warnings))


def _notes(checks: Iterable[CheckResult]) -> list[str]:
    """The sentences of those that have something to say."""
    return list(dict.fromkeys(cut(one_line(c.note), 200) for c in checks if c.level is not Level.PASS and c.note))


def heading(number: int, reply: Alternative) -> str:
    """What stands above a ready reply: its number and how the post is read for it."""
    return f"{' '.join(filter(None, (str(number), cut(one_line(reply.reading), SHOWN_READING))))}:"


def fitting(sizes: Iterable[int], room: int) -> list[int]:
    """The numbers (from 1) of what is shown: as much as fits, in its order, each whole or not at all."""
    shown = []
    for number, size in enumerate(sizes, start=1):
        if size <= room:
            shown.append(number)
            room -= size
    return shown


def what(card: CardView) -> str:
    """What a card is about, in a few words for a list."""
    return ", ".join(map(said, card.draft.risk or [card.draft.intent or "hand-off"]))


def turns(card: CardView) -> list[Turn]:
    """The last turns of the thread, before and around the post, and at the end the words that it quotes."""
    post = card.post.post
    quoting = Turn(role="author", name=f"{post.author.name} quotes", text=post.quote, at=post.at)
    return [*card.thread[-TURNS:], *([quoting] if post.quote else [])]


def sends(card: CardView, shown: Collection[int]) -> list[Choice]:
    """A button for each ready reply that is complete. `shown`: the numbers of those that stand on the card whole."""
    numbered = [(n, reply) for n, reply in enumerate(card.ready, start=1) if n in shown]
    return [_send(n) for n, reply in numbered if not reply.missing]


def offered(card: CardView, *, whole: bool, shown: Collection[int] = ()) -> list[Choice]:
    """The other buttons of a waiting card. What is sent must have been read: a text that is not shown whole cannot
    be. `shown` is as in `sends`."""
    draft, handoff, text = card.draft, card.draft.kind == "handoff", card.draft.text
    first = []
    sent = {choice.choice for choice in sends(card, shown)}
    if draft.missing:
        first.append(Choice(verb="fill", label="Fill in", weight="main"))
    elif text and whole:
        first.append(_send())
    elif not text:
        first.append(Choice(verb="open", label="I have it", weight="plain" if sent else "main"))
    first.append(Choice(verb="edit", label="Edit" if text else "Answer"))
    left = [str(n) for n, _ in enumerate(card.ready, start=1) if str(n) not in sent]
    if text and draft.alternatives:
        first.append(Choice(verb="reword", label="Other wording"))
    elif left:  # it is laid on the card, where it has more room and its blanks can be filled
        first.append(Choice(verb="reword", label="Pick a reply", choice=left[0]))
    rest = [
        Choice(verb="skip", label="Close" if handoff else "Skip"),
        Choice(verb="snooze", label="Snooze"),
        Choice(verb="handover", label="Hand over"),
    ]
    if not draft.risk:  # what the gates found stays found, whatever the intent
        rest.append(Choice(verb="relabel", label="Not this intent"))
    return [*first, *rest]


def _send(number: int | None = None) -> Choice:
    """What sends the draft, or the alternative with that number."""
    return Choice(verb="send", label=f"Send {number}" if number else "Send", weight="go", choice=str(number or ""))


def outcome(card: CardView) -> Outcome:
    """Of a draft that does not wait."""
    found = _outcome(card)
    if not card.undo_until:
        return found
    undo = Choice(verb="undo", label="Undo")
    return Outcome(head=found.head, tail=found.tail, until=found.until, choices=(undo, *found.choices))


def _outcome(card: CardView) -> Outcome:
    if card.snoozed_until:
        wake = Choice(verb="open", label="Wake it")
        return Outcome(head="Snoozed", tail=", back ", until=card.snoozed_until, choices=(wake,))
    if card.draft.state is DraftState.REJECTED:
        return Outcome(head="Skipped")
    if card.draft.state is not DraftState.APPROVED:
        return Outcome(head=_OVER.get(card.draft.cause or "", "It is over"))
    newest = next((d for d in card.deliveries if d.state is not DeliveryState.RECALLED), card.reply)
    if card.reply is None or newest is None:
        return Outcome(head="Approved")
    return _delivered(newest, card.reply)


def _delivered(newest: Delivery, reply: Delivery) -> Outcome:
    thing, error = _NAMES[newest.kind], cut(one_line(newest.error or ""), 400)
    match newest.state:
        case DeliveryState.HELD | DeliveryState.SENDING:
            tail = f"{thing} waits and is tried again: {error}" if error else f"{thing} is on its way"
            return Outcome(head="Approved", tail=f", {tail}")
        case DeliveryState.FAILED:
            choices = [Choice(verb="retry", label="Try again")]
            if newest.kind == "send":
                choices.append(Choice(verb="undo", label="Take it back"))
            return Outcome(head="Not sent", tail=f", {thing}: {error}", choices=tuple(choices))
        case DeliveryState.UNCERTAIN:
            there, lost = Choice(verb="arrived", label="It is there"), Choice(verb="lost", label="It is not there")
            return Outcome(head=f"Did {thing} arrive?", tail=f" Look in the channel. {error}", choices=(there, lost))
    if reply.state is DeliveryState.REMOVED:
        return Outcome(head="Removed")
    correct, remove = Choice(verb="correct", label="Correct"), Choice(verb="remove", label="Remove")
    head = "Corrected" if newest.kind == "correct" else "Sent"
    return Outcome(head=head, choices=(correct, remove) if reply.text else (remove,))


def wants_a_person(card: CardView) -> bool:
    """True when somebody has to decide: a draft waits, or a reply did not go out, or nobody knows whether it did."""
    return card.waits or (card.newest is not None and card.newest.state in _OPEN)


def settled(card: CardView) -> bool:
    """True when nothing about this card changes by itself any more."""
    moving = card.newest is not None and card.newest.state in (DeliveryState.HELD, DeliveryState.SENDING, *_OPEN)
    return not card.draft.live and not card.undo_until and not moving


_OPEN = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
"""A reply that did not go out, or of which nobody knows."""


def one_line(text: str) -> str:
    """Without line breaks, and without more than one space in a row."""
    return " ".join(text.split())


def cut(text: str, length: int) -> str:
    """At most `length` characters, with an ellipsis where something is missing."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def link_host(url: str | None) -> str:
    """Where an http(s) address leads, which a title may lie about: the end of a long name, for that is whose it is.

    Empty for what no browser may open: a fan may have sent `javascript:`, or what browsers and we read differently.
    """
    if not url or "\\" in url or not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
        name = (parts.hostname or "").encode("idna").decode()  # letters that only look like others show as xn--
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    return name if len(name) <= SHOWN_HOST else f"…{name[1 - SHOWN_HOST :]}"
