"""The way of one post as a row of hops, with the time between them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.console.figures import REASONS, length
from bot.domain import Cause, Delivery, DeliveryState, Draft, DraftState
from bot.store.figures import Travel

At = Literal["done", "now", "stopped", "ahead"]
"""A hop is done, or the post is there now, or its way ended there, or it lies ahead."""

NAMES = ("received", "read", "drafted", "on the desk", "decided", "undo window", "in flight", "sent")
_READ, _OUTCOME, _DESK, _DECIDED, _UNDO, _FLIGHT, _SENT = range(1, 8)

CAUSES: Mapping[str, str] = {
    Cause.POST_EDITED: "the post was edited",
    Cause.POST_DELETED: "the post was deleted",
    Cause.ANSWERED: "a teammate answered",
    Cause.RESOLVED: "it was solved",
    Cause.OPTED_OUT: "the fan wants no replies",
    Cause.FORGOTTEN: "the fan asked to be forgotten",
    Cause.TOO_OLD: "it waited too long",
    Cause.FACT_CHANGED: "a fact has changed",
    Cause.MARK_UNDONE: "its topic is not marked like this any more",
}
"""Why a draft ended without a manager, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """One hop. `after`: how long it took since the hop before, where that is known and worth a word."""

    name: str
    at: At
    after: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """The hops of a post, and in a few words where it is. `since` says since when it is there, if it waits."""

    hops: tuple[Hop, ...]
    words: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """How far a post came: the hop, and what is said of it."""

    hop: int
    at: At
    words: str
    since: datetime | None = None
    until: datetime | None = None


def track(travel: Travel, now: datetime, name_of: Callable[[str], str]) -> Track:
    """Where the post is. `name_of` gives the name for a manager's key."""
    place = _place(travel, now, name_of)
    names = (*NAMES[:_OUTCOME], _outcome(travel), *NAMES[_DESK:])
    took = dict(_took(travel, place.hop))
    hops = tuple(
        Hop(
            name=name,
            at="done" if number < place.hop else place.at if number == place.hop else "ahead",
            after=took.get(number, ""),
        )
        for number, name in enumerate(names)
    )
    return Track(hops=hops, words=place.words, since=place.since, until=place.until)


def _outcome(travel: Travel) -> str:
    if travel.post.action == "handoff":
        return "a choice" if travel.draft and travel.draft.alternatives else "to a person"
    return "left alone" if travel.post.action == "silent" and travel.draft is None else NAMES[_OUTCOME]


def _took(travel: Travel, hop: int) -> Iterator[tuple[int, str]]:
    """The time between hops, up to the one where the post is."""
    draft, delivery = travel.draft, travel.delivery
    spans = [(_READ, travel.post.received_at, travel.judged_at)]
    if draft and hop >= _DECIDED:
        spans.append((_DECIDED, draft.waiting_since, draft.decided_at))
    if delivery and travel.sending_at and hop > _UNDO:
        spans += [(_UNDO, delivery.created_at, travel.sending_at), (_SENT, travel.sending_at, delivery.sent_at)]
    for number, start, end in spans:
        if end:
            yield number, length(end - start)


def _place(travel: Travel, now: datetime, name_of: Callable[[str], str]) -> _Place:
    post, draft = travel.post, travel.draft
    if post.action is None:
        if post.deleted:
            return _Place(hop=_READ, at="stopped", words="deleted by the fan")
        return _Place(hop=_READ, at="now", words="being read", since=post.received_at)
    if draft is None:
        why = REASONS.get(post.reason_code or "", "another reason")
        return _Place(hop=_OUTCOME, at="stopped", words=f"left alone: {why}")
    if draft.state is DraftState.APPROVED and travel.delivery:
        return _on_the_way(travel.delivery, now)
    return _on_the_desk(draft, name_of)


def _on_the_desk(draft: Draft, name_of: Callable[[str], str]) -> _Place:
    by = name_of(draft.decided_by) if draft.decided_by else ""
    match draft.state:
        case DraftState.WAITING:
            whom = f"waits for {name_of(draft.assigned_to)}" if draft.assigned_to else "waits"
            return _Place(hop=_DESK, at="now", words=whom, since=draft.waiting_since)
        case DraftState.SNOOZED:
            return _Place(hop=_DESK, at="now", words="snoozed", until=draft.snoozed_until)
        case DraftState.REJECTED:
            return _Place(hop=_DECIDED, at="stopped", words=f"skipped by {by}")
        case DraftState.APPROVED:
            return _Place(hop=_DECIDED, at="now", words=f"approved by {by}")
        case _:
            why = CAUSES.get(draft.cause or "")
            words = f"withdrawn: {why}" if why else "another card took its place"
            return _Place(hop=_DESK, at="stopped", words=words)


_ENDED: Mapping[DeliveryState, _Place] = {
    DeliveryState.SENT: _Place(hop=_SENT, at="done", words="sent"),
    DeliveryState.REMOVED: _Place(hop=_SENT, at="stopped", words="sent, then removed"),
    DeliveryState.UNCERTAIN: _Place(
        hop=_FLIGHT, at="stopped", words="uncertain: somebody must look whether it arrived"
    ),
    DeliveryState.FAILED: _Place(hop=_FLIGHT, at="stopped", words="failed"),
    DeliveryState.RECALLED: _Place(hop=_UNDO, at="stopped", words="taken back"),
}


def _on_the_way(delivery: Delivery, now: datetime) -> _Place:
    if delivery.state in _ENDED:
        return _ENDED[delivery.state]
    if delivery.error is not None:
        return _Place(hop=_FLIGHT, at="now", words="does not get through yet")
    if delivery.state is DeliveryState.HELD and now < delivery.due_at:
        return _Place(hop=_UNDO, at="now", words="can still be undone", until=delivery.due_at)
    return _Place(hop=_FLIGHT, at="now", words="in flight")
