"""What `/metrics` counts: how much waits in each queue and for how long, and what happened since the last look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from bot.domain import DeliveryState, DraftState
from bot.events import Happened
from bot.store.posts import count_unjudged, waiting_since
from bot.store.tables import deliveries, drafts, events, inbox, posts

QUEUES = ("unjudged", "waiting", "snoozed", "held", "in_flight", "failed", "uncertain", "updates", "dead_letters")
"""Posts that nobody has read yet; drafts that wait or are snoozed; deliveries by state; updates of a platform that wait
to be read; updates that could not be."""

_STATES = {
    DeliveryState.HELD: "held",
    DeliveryState.SENDING: "in_flight",
    DeliveryState.FAILED: "failed",
    DeliveryState.UNCERTAIN: "uncertain",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """How much waits, and since when the oldest does: since it came, or since its yes. None where nothing waits."""

    depth: int = 0
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """An event, with what is counted of it."""

    seq: int
    name: Happened
    by: str | None
    platform: str | None
    data: Mapping[str, Any]
    edited: bool
    """A manager wrote words of the draft."""
    seconds: float | None
    """How long it took from what it answers: a judgement from the post or its edit, a decision from when the draft
    began to wait, a receipt from the yes. None for other events, and where that is not known."""


def queues(connection: Connection) -> dict[str, Queue]:
    """All `QUEUES`, by name."""
    found = dict.fromkeys(QUEUES, Queue())
    found["unjudged"] = Queue(depth=count_unjudged(connection), since=waiting_since(connection))
    desk = select(drafts.c.state, func.count().label("depth"), func.min(drafts.c.waiting_since).label("since"))
    live = (DraftState.WAITING, DraftState.SNOOZED)
    for row in connection.execute(desk.where(drafts.c.state.in_(live)).group_by(drafts.c.state)):
        found[row.state] = Queue(depth=row.depth, since=row.since)
    sending = select(
        deliveries.c.state, func.count().label("depth"), func.min(deliveries.c.created_at).label("since")
    ).where(deliveries.c.state.in_(list(_STATES)))
    for row in connection.execute(sending.group_by(deliveries.c.state)):
        found[_STATES[DeliveryState(row.state)]] = Queue(depth=row.depth, since=row.since)
    dead = case((inbox.c.set_aside.is_not(None), "dead_letters"), else_="updates").label("queue")
    updates = select(dead, func.count().label("depth"), func.min(inbox.c.received_at).label("since"))
    for row in connection.execute(updates.group_by("queue")):
        found[row.queue] = Queue(depth=row.depth, since=row.since)
    return found


_FIRST = events.alias("first")
_JUDGED = (Happened.POST_RECEIVED, Happened.POST_EDITED, Happened.POST_REOPENED, Happened.POST_JUDGED)
_DECIDED = (Happened.DRAFT_WAITING, Happened.DRAFT_WOKEN, Happened.DRAFT_UNDONE)
_SENT = (Happened.DRAFT_APPROVED, Happened.REPLY_RETRIED)


def _answers(name: ColumnElement[bool], firsts: tuple[Happened, ...], *same: ColumnElement[bool]) -> Any:
    return and_(name, _FIRST.c.name.in_(firsts), *same)


def since(connection: Connection, seq: int, limit: int) -> list[Counted]:
    """The events after number `seq`, oldest first."""
    name, of_draft = events.c.name, _FIRST.c.draft_id == events.c.draft_id
    first = (
        select(func.max(_FIRST.c.seq))
        .where(
            _FIRST.c.post_id == events.c.post_id,
            _FIRST.c.seq < events.c.seq,
            or_(
                _answers(name == Happened.POST_JUDGED, _JUDGED),
                _answers(name.in_((Happened.DRAFT_APPROVED, Happened.DRAFT_REJECTED)), _DECIDED, of_draft),
                _answers(name == Happened.REPLY_SENT, _SENT, of_draft),
            ),
        )
        .scalar_subquery()
    )
    before = events.alias("before")
    query = (
        select(
            *(events.c[column] for column in ("seq", "at", "name", "by", "data")),
            func.coalesce(deliveries.c.platform, posts.c.platform).label("platform"),
            drafts.c.own_words,
            before.c.name.label("before"),
            before.c.at.label("since"),
        )
        .outerjoin(posts, posts.c.id == events.c.post_id)
        .outerjoin(drafts, drafts.c.id == events.c.draft_id)
        .outerjoin(deliveries, deliveries.c.id == events.c.delivery_id)
        .outerjoin(before, before.c.seq == first)
        .where(events.c.seq > seq)
        .order_by(events.c.seq)
        .limit(limit)
    )
    return [
        Counted(
            seq=row.seq,
            name=Happened(row.name),
            by=row.by,
            platform=row.platform,
            data=row.data or {},
            edited=bool(row.own_words),
            # A second judgement was asked for by a manager: it answers nothing that waited.
            seconds=(row.at - row.since).total_seconds() if row.since and row.before != Happened.POST_JUDGED else None,
        )
        for row in connection.execute(query)
    ]
