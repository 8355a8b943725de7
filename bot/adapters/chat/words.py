"""What became of a draft, and small helpers for words, the same on every platform. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from bot.desk.view import CardView, Decided
from bot.domain import BY_FAN, Delivery, DeliveryState, DraftState, Purpose
from responders.said import said
from responders.types import CheckResult, Level

SHOWN_HOST = 40
_TAKEN_BACK = "The fan has taken their yes back"
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
    "consent_ended": _TAKEN_BACK,
    "mark_undone": "The topic is not marked like this any more",
}
_CHANGES = {"correct": "the correction", "remove": "the removal"}
_THINGS = {
    Purpose.REPLY: "the reply",
    Purpose.ASK: "the question",
    Purpose.CREDIT: "the thanks",
    Purpose.STAGE: "the post for the stage",
    Purpose.INTRODUCTION: "the introduction",
    Purpose.TOLD_BACK: "what became of it",
}


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
    """Follows the head, not in bold."""
    until: datetime | None = None
    """Follows the tail."""
    choices: tuple[Choice, ...] = ()
    """What can still be done."""


def told(done: Decided) -> str:
    """The checks' remarks on words that the desk has just taken, in one line; empty when there are none."""
    return " ".join(sentences(done.warnings))


def sentences(checks: Iterable[CheckResult]) -> list[str]:
    """The remarks of these checks, each once."""
    return list(dict.fromkeys(cut(one_line(c.note), 200) for c in checks if c.level is not Level.PASS and c.note))


def what(card: CardView) -> str:
    """What a card is about, in a few words for a list."""
    return ", ".join(map(said, card.draft.risk or [card.draft.intent or "hand-off"]))


def outcome(card: CardView) -> Outcome:
    """What became of a draft that no longer waits."""
    found = _outcome(card)
    undo = (Choice(verb="undo", label="Undo"),) if card.undo_until else ()
    return replace(found, choices=(*undo, *found.choices))


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
    return _delivered(newest, card.reply, _THINGS[card.draft.purpose])


def _delivered(newest: Delivery, reply: Delivery, sent: str) -> Outcome:
    """`sent`: what the message is."""
    thing, error = _CHANGES.get(newest.kind, sent), cut(one_line(newest.error or ""), 400)
    by_fan = newest.approved_by == BY_FAN
    match newest.state:
        case DeliveryState.HELD | DeliveryState.SENDING:
            tail = f"{thing} waits and is tried again: {error}" if error else f"{thing} is on its way"
            return Outcome(head=_TAKEN_BACK if by_fan else "Approved", tail=f", {tail}")
        case DeliveryState.FAILED:
            choices = [Choice(verb="retry", label="Try again")]
            if newest.kind == "send":
                choices.append(Choice(verb="undo", label="Take it back"))
            return Outcome(head="Not sent", tail=f", {thing}: {error}", choices=tuple(choices))
        case DeliveryState.UNCERTAIN:
            there, lost = Choice(verb="arrived", label="It is there"), Choice(verb="lost", label="It is not there")
            return Outcome(head=f"Did {thing} arrive?", tail=f" Look in the channel. {error}", choices=(there, lost))
    if reply.state is DeliveryState.REMOVED:
        return Outcome(head="Removed", tail=", the fan has taken their yes back" if by_fan else "")
    correct, remove = Choice(verb="correct", label="Correct"), Choice(verb="remove", label="Remove")
    head = "Corrected" if newest.kind == "correct" else "Sent"
    tail = "" if sent == _THINGS[Purpose.REPLY] else f": {sent}"
    return Outcome(head=head, tail=tail, choices=(correct, remove) if reply.text else (remove,))


def wants_a_person(card: CardView) -> bool:
    """True when somebody has to decide: a draft waits, or a reply did not go out, or nobody knows whether it did."""
    return card.waits or (card.newest is not None and card.newest.state in _OPEN)


def settled(card: CardView) -> bool:
    """True when this card no longer changes by itself."""
    moving = card.newest is not None and card.newest.state in (DeliveryState.HELD, DeliveryState.SENDING, *_OPEN)
    return not card.draft.live and not card.undo_until and not moving


_OPEN = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
"""A reply that did not go out, or that may or may not have gone out."""


def one_line(text: str) -> str:
    """Without line breaks, and without more than one space in a row."""
    return " ".join(text.split())


def cut(text: str, length: int) -> str:
    """At most `length` characters, with an ellipsis where something is missing."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def link_host(url: str | None) -> str:
    """The host of an http(s) address, about which a title may lie. Of a long name the end: it says whose it is.

    Empty for an address that must not be opened: `javascript:`, or one that a browser may read in another way.
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
