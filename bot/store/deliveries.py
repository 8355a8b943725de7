"""Deliveries: what was approved, on its way out, and the receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, func, insert, or_, select, text, update

from bot.domain import DELIVERY_MOVES, Delivery, DeliveryState, Target
from bot.store.tables import deliveries

_PLAIN = [f.name for f in fields(Delivery) if f.name not in {"target", "state"}]
"""Fields that are stored as they are."""

OPEN = text("deliveries.state IN ('held', 'sending')")
"""On its way. In the words of the index over these few: a database takes it only for what it finds word for word."""

_ADD = insert(deliveries)
_NEWEST = deliveries.c.created_at.desc()
_OF_DRAFT = select(deliveries).where(deliveries.c.draft_id == bindparam("draft_id")).order_by(_NEWEST)
_SENT_IN_POSTS = (
    select(deliveries)
    .where(
        deliveries.c.post_id.in_(bindparam("post_ids", expanding=True)),
        deliveries.c.kind == "send",
        deliveries.c.state == DeliveryState.SENT,
    )
    .order_by(deliveries.c.sent_at)
)


def add(connection: Connection, delivery: Delivery) -> None:
    """Store a new delivery."""
    row = {name: getattr(delivery, name) for name in _PLAIN}
    target = delivery.target
    place = {"platform": target.platform, "channel": target.channel, "reply_to": target.reply_to}
    connection.execute(_ADD, {**row, **place, "state": delivery.state})


def move(connection: Connection, old: Delivery, state: DeliveryState, **values: Any) -> Delivery | None:
    """Move to another state; None when it is no longer in the old one. Raises ValueError for an illegal move."""
    if (old.state, state) not in DELIVERY_MOVES:
        raise ValueError(f"a delivery cannot go from {old.state} to {state}")
    same = and_(deliveries.c.id == old.id, deliveries.c.state == old.state)
    done = connection.execute(update(deliveries).where(same).values(state=state, **values)).rowcount == 1
    return replace(old, state=state, **values) if done else None


def ask_later(connection: Connection, delivery: Delivery, at: datetime, why: str) -> None:
    """Whether it was sent is not known yet: it counts as cut off from `at` on, and is looked up then."""
    sending = and_(deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.SENDING)
    connection.execute(update(deliveries).where(sending).values(lease_until=at, error=why))


def show(connection: Connection, delivery: Delivery, *, text: str | None, seal: str, decision_id: str) -> None:
    """Keep what a reply says since it was corrected."""
    values = {"text": text, "seal": seal, "decision_id": decision_id}
    connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(values))


def for_version(connection: Connection, delivery: Delivery, post_version: int) -> None:
    """The post has a new version in which only white space changed."""
    connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(post_version=post_version))


def get(connection: Connection, delivery_id: str) -> Delivery | None:
    """One delivery, or None."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    return from_row(row) if row else None


def reply_of(connection: Connection, post_id: str) -> Delivery | None:
    """The newest reply to a post (kind `send`), or None."""
    query = select(deliveries).where(deliveries.c.post_id == post_id, deliveries.c.kind == "send")
    row = connection.execute(query.order_by(deliveries.c.created_at.desc()).limit(1)).mappings().first()
    return from_row(row) if row else None


def of_draft(connection: Connection, draft_id: str) -> list[Delivery]:
    """All deliveries of a draft, newest first."""
    return [from_row(row) for row in connection.execute(_OF_DRAFT, {"draft_id": draft_id}).mappings()]


def lease(
    connection: Connection, now: datetime, platforms: Sequence[str], limit: int, lease_for: timedelta
) -> list[tuple[Delivery, bool]]:
    """Claim what is due on these platforms, one row for one holder.

    Returns (delivery as claimed, True if an earlier try was cut off and nobody knows what became of it).
    """
    query = select(deliveries).where(_due(now, platforms)).order_by(deliveries.c.due_at).limit(limit)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    claimed = []
    for row in connection.execute(query).mappings().all():
        old = from_row(row)
        values = {"state": DeliveryState.SENDING, "lease_until": now + lease_for, "attempts": old.attempts + 1}
        connection.execute(update(deliveries).where(deliveries.c.id == old.id).values(values))
        new = replace(old, state=DeliveryState.SENDING, lease_until=now + lease_for, attempts=old.attempts + 1)
        claimed.append((new, old.state == DeliveryState.SENDING))
    return claimed


def any_due(connection: Connection, now: datetime, platforms: Sequence[str]) -> bool:
    """Whether `lease` would find something."""
    return connection.execute(select(deliveries.c.id).where(_due(now, platforms)).limit(1)).first() is not None


def _due(now: datetime, platforms: Sequence[str]) -> ColumnElement[bool]:
    ready = or_(
        deliveries.c.state == DeliveryState.HELD,
        and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until <= now),
    )
    return and_(OPEN, deliveries.c.platform.in_(platforms), deliveries.c.due_at <= now, ready)


def next_due(connection: Connection, platforms: Sequence[str]) -> datetime | None:
    """When the next delivery to these platforms becomes due, or None."""
    here = and_(OPEN, deliveries.c.platform.in_(platforms))
    held = select(func.min(deliveries.c.due_at)).where(here, deliveries.c.state == DeliveryState.HELD)
    leased = select(func.min(deliveries.c.lease_until)).where(here, deliveries.c.state == DeliveryState.SENDING)
    moments = [m for m in (connection.execute(held).scalar(), connection.execute(leased).scalar()) if m]
    return min(moments, default=None)


def page(connection: Connection, *, channel: str | None, state: str, limit: int, after: str | None) -> list[Delivery]:
    """Replies in a state, oldest first, behind the one with the id `after`."""
    query = select(deliveries).where(deliveries.c.kind == "send", deliveries.c.state == state)
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    last = get(connection, after) if after else None
    if last:
        same = and_(deliveries.c.created_at == last.created_at, deliveries.c.id > last.id)
        query = query.where(or_(deliveries.c.created_at > last.created_at, same))
    query = query.order_by(deliveries.c.created_at, deliveries.c.id).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()]


def sent_in_posts(connection: Connection, post_ids: list[str]) -> list[Delivery]:
    """What we said in answer to these posts, oldest first."""
    return [from_row(row) for row in connection.execute(_SENT_IN_POSTS, {"post_ids": post_ids}).mappings()]


def in_channel(connection: Connection, platform: str, channel: str, limit: int) -> list[Delivery]:
    """The newest replies of a channel in any state, oldest first."""
    here = and_(deliveries.c.platform == platform, deliveries.c.channel == channel, deliveries.c.kind == "send")
    query = select(deliveries).where(here).order_by(deliveries.c.created_at.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()][::-1]


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state."""
    rows = connection.execute(select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state))
    return {row.state: row.number for row in rows}


def from_row(row: RowMapping) -> Delivery:
    """A row as the rest of the product knows it."""
    return Delivery(
        **{name: row[name] for name in _PLAIN},
        target=Target(platform=row["platform"], channel=row["channel"], reply_to=row["reply_to"]),
        state=DeliveryState(row["state"]),
    )
