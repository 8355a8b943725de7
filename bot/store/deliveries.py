"""Deliveries: approved texts in flight, and their receipts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    String,
    Update,
    and_,
    any_,
    bindparam,
    column,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from bot.domain import DELIVERY_MOVES, Delivery, DeliveryState, Purpose, StoredPost, Target
from bot.store.tables import Instant, deliveries, drafts, posts

_PLAIN = [f.name for f in fields(Delivery) if f.name not in {"target", "state", "buttons", "ask_id"}]
"""Fields that are stored as they are."""

OPEN = text("deliveries.state IN ('held', 'sending')")
"""Held or being sent. Written exactly as in the partial index: a database uses that only for its very words."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_ADD = insert(deliveries)
_SOME = select(deliveries).where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
_NEWEST = deliveries.c.created_at.desc()
_OF_DRAFT = select(deliveries).where(deliveries.c.draft_id == bindparam("draft_id")).order_by(_NEWEST)
_OF_DRAFTS = (
    select(deliveries).where(deliveries.c.draft_id.in_(bindparam("draft_ids", expanding=True))).order_by(_NEWEST)
)
_SENT_IN_POSTS = (
    select(deliveries)
    .where(
        deliveries.c.post_id.in_(bindparam("post_ids", expanding=True)),
        deliveries.c.kind == "send",
        deliveries.c.state == DeliveryState.SENT,
        deliveries.c.reply_to != "",  # what is on stage stands elsewhere
    )
    .order_by(deliveries.c.sent_at)
)


def _passed(moment: Column[Any]) -> ColumnElement[bool]:
    """True from `moment` on. A moment further off than the longest wait was stored before the machine's clock was set
    back, and counts as past."""
    return or_(moment <= bindparam("now"), moment > bindparam("latest"))


_HERE = and_(OPEN, deliveries.c.platform == bindparam("platform"))
_DUE = and_(
    _HERE,
    or_(
        and_(deliveries.c.state == DeliveryState.HELD, _passed(deliveries.c.due_at)),
        and_(deliveries.c.state == DeliveryState.SENDING, _passed(deliveries.c.lease_until)),
    ),
)
_NEXT = select(deliveries).where(_DUE).order_by(deliveries.c.due_at).limit(bindparam("number"))
_ANY_DUE = select(deliveries.c.id).where(_DUE).limit(1)
_LATER = select(
    select(func.min(deliveries.c.due_at)).where(_HERE, deliveries.c.state == DeliveryState.HELD).scalar_subquery(),
    select(func.min(deliveries.c.lease_until))
    .where(_HERE, deliveries.c.state == DeliveryState.SENDING)
    .scalar_subquery(),
)
_NUMBER_DUE = select(func.count()).select_from(deliveries).where(_DUE)


def _claimed(these: ColumnElement[bool]) -> Update:
    return (
        update(deliveries)
        .where(these)
        .values(
            state=DeliveryState.SENDING,
            lease_until=bindparam("claimed_until"),
            attempts=deliveries.c.attempts + 1,
            session=bindparam("claimed_by"),
        )
    )


_CLAIM = _claimed(deliveries.c.id.in_(bindparam("ids", expanding=True)))
_CLAIM_AT_ONCE = _claimed(deliveries.c.id == any_(bindparam("ids", type_=ARRAY(String))))
"""For a server: the same words however many there are, so that it prepares them once."""


def _arrived(sent_id: ColumnElement[str], at: ColumnElement[datetime], receipt: ColumnElement[str]) -> Update:
    return (
        update(deliveries)
        .where(deliveries.c.id == sent_id, deliveries.c.state == DeliveryState.SENDING)
        .values(state=DeliveryState.SENT, sent_at=at, external_id=receipt, lease_until=None, error=None)
    )


_SENT = _arrived(bindparam("sent_id"), bindparam("arrived_at"), bindparam("receipt"))
_RECEIPTS = (
    func.unnest(
        bindparam("sent_id", type_=ARRAY(String)),
        bindparam("arrived_at", type_=ARRAY(Instant)),
        bindparam("receipt", type_=ARRAY(String)),
    )
    .table_valued("id", column("at", Instant), "receipt", name="arrived")
    .render_derived()
)
_SENT_AT_ONCE = _arrived(_RECEIPTS.c.id, _RECEIPTS.c.at, _RECEIPTS.c.receipt)
"""For a server, to which one statement for all costs a third of one for each."""

_ON_ITS_WAY = (DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


def _said(place: ColumnElement[bool]) -> Select[Any]:
    """What fans read of us, or soon will, newest first; without replies to the post itself."""
    sent = and_(deliveries.c.kind == "send", deliveries.c.state == DeliveryState.SENT)
    coming = and_(deliveries.c.kind != "remove", deliveries.c.state.in_(_ON_ITS_WAY))
    other = and_(deliveries.c.text.is_not(None), deliveries.c.post_id != bindparam("post_id"))
    return select(deliveries.c.text).where(place, or_(sent, coming), other).order_by(_NEWEST).limit(bindparam("number"))


_IN_CHANNEL = and_(deliveries.c.platform == bindparam("platform"), deliveries.c.channel == bindparam("channel"))
_OF_FAN = select(posts.c.id).where(posts.c.platform == bindparam("platform"), posts.c.author_id == bindparam("fan_id"))
_SAID_IN_CHANNEL, _SAID_TO_FAN = _said(_IN_CHANNEL), _said(deliveries.c.post_id.in_(_OF_FAN))


def add(connection: Connection, delivery: Delivery) -> None:
    """Store a new delivery."""
    row = {name: getattr(delivery, name) for name in _PLAIN}
    target = delivery.target
    place = {"platform": target.platform, "channel": target.channel, "reply_to": target.reply_to}
    connection.execute(_ADD, {**row, **place, "state": delivery.state})


def move(connection: Connection, old: Delivery, state: DeliveryState, **values: Any) -> Delivery | None:
    """Move to another state. None if it is no longer in the old one. Raises ValueError for an illegal move."""
    if (old.state, state) not in DELIVERY_MOVES:
        raise ValueError(f"a delivery cannot go from {old.state} to {state}")
    same = and_(deliveries.c.id == old.id, deliveries.c.state == old.state)
    done = connection.execute(update(deliveries).where(same).values(state=state, **values)).rowcount == 1
    return replace(old, state=state, **values) if done else None


def ask_later(connection: Connection, delivery: Delivery, at: datetime, why: str, attempts: int) -> None:
    """Nobody knows yet whether it was sent: look it up at `at`, as after a crash."""
    sending = and_(deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.SENDING)
    connection.execute(update(deliveries).where(sending).values(lease_until=at, error=why, attempts=attempts))


def cut_off(connection: Connection, session: int) -> None:
    """Let everything be looked up that a process was sending. It is gone."""
    sending = and_(OPEN, deliveries.c.state == DeliveryState.SENDING, deliveries.c.session == session)
    connection.execute(update(deliveries).where(sending).values(lease_until=_LONG_AGO, session=None))


def cut_off_all(connection: Connection) -> None:
    """Let everything that was being sent be looked up. Only for a database that is ours alone: its senders are gone."""
    sending = and_(OPEN, deliveries.c.state == DeliveryState.SENDING)
    connection.execute(update(deliveries).where(sending).values(lease_until=_LONG_AGO))


def show(connection: Connection, delivery: Delivery, *, text: str | None, seal: str, decision_id: str) -> None:
    """Store the corrected text of a reply."""
    values = {"text": text, "seal": seal, "decision_id": decision_id}
    connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(values))


def for_version(connection: Connection, delivery: Delivery, post_version: int) -> None:
    """Carry a delivery over to a version of the post in which only white space changed."""
    connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(post_version=post_version))


def get(connection: Connection, delivery_id: str) -> Delivery | None:
    """One delivery, or None."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    return from_row(row) if row else None


def some(connection: Connection, ids: Collection[str]) -> dict[str, Delivery]:
    """The deliveries with these ids, as far as they exist, by id."""
    return {row["id"]: from_row(row) for row in connection.execute(_SOME, {"ids": ids}).mappings()}


def has_receipt(connection: Connection, *, platform: str, external_id: str) -> bool:
    """Whether we know which of our messages this is."""
    same = (deliveries.c.platform == platform, deliveries.c.external_id == external_id)
    return connection.execute(select(deliveries.c.id).where(*same).limit(1)).first() is not None


def reply_of(connection: Connection, post_id: str) -> Delivery | None:
    """The newest reply to a post (kind `send`), or None. Other messages about the post do not count."""
    replies = select(drafts.c.id).where(drafts.c.post_id == post_id, drafts.c.purpose == Purpose.REPLY)
    of = (deliveries.c.post_id == post_id, deliveries.c.kind == "send", deliveries.c.draft_id.in_(replies))
    query = select(deliveries).where(*of)
    row = connection.execute(query.order_by(deliveries.c.created_at.desc()).limit(1)).mappings().first()
    return from_row(row) if row else None


def of_draft(connection: Connection, draft_id: str) -> list[Delivery]:
    """All deliveries of a draft, newest first."""
    return [from_row(row) for row in connection.execute(_OF_DRAFT, {"draft_id": draft_id}).mappings()]


def of_drafts(connection: Connection, draft_ids: Sequence[str]) -> dict[str, list[Delivery]]:
    """All deliveries of these drafts, newest first; an empty list for a draft without any."""
    found: dict[str, list[Delivery]] = {draft_id: [] for draft_id in draft_ids}
    for row in connection.execute(_OF_DRAFTS, {"draft_ids": draft_ids}).mappings():
        found[row["draft_id"]].append(from_row(row))
    return found


def lease(
    connection: Connection,
    now: datetime,
    platform: str,
    *,
    limit: int,
    until: datetime,
    longest: timedelta,
    busy: Collection[str],
    session: int | None = None,
) -> list[tuple[Delivery, bool]]:
    """Claim the deliveries of a platform that are due, for the process `session`, until `until`. `longest`: see
    `_passed`.

    Those in `busy` are left out: the caller is sending them. Returns (delivery as claimed, True if an earlier try was
    cut off and its outcome is not known).
    """
    rows = connection.execute(_NEXT, {**_at(now, platform, longest), "number": limit + len(busy)}).mappings()
    found = [from_row(row) for row in rows if row["id"] not in busy][:limit]
    if found:
        some = {"ids": [one.id for one in found], "claimed_until": until, "claimed_by": session}
        connection.execute(_CLAIM_AT_ONCE if _on_server(connection) else _CLAIM, some)
    claimed = [replace(o, state=DeliveryState.SENDING, lease_until=until, attempts=o.attempts + 1) for o in found]
    return [(new, old.state is DeliveryState.SENDING) for new, old in zip(claimed, found, strict=True)]


def sent(connection: Connection, receipts: Collection[tuple[Delivery, datetime, str]]) -> None:
    """Note that deliveries which are in flight arrived: when, and their ids on the platform."""
    rows = [{"sent_id": one.id, "arrived_at": at, "receipt": external_id} for one, at, external_id in receipts]
    if rows and _on_server(connection):
        connection.execute(_SENT_AT_ONCE, {name: [row[name] for row in rows] for name in rows[0]})
    elif rows:
        connection.execute(_SENT, rows)


def count_due(connection: Connection, now: datetime, platform: str, longest: timedelta) -> int:
    """How many deliveries `lease` would find."""
    return connection.execute(_NUMBER_DUE, _at(now, platform, longest)).scalar_one()


def _at(now: datetime, platform: str, longest: timedelta) -> dict[str, Any]:
    """What `_DUE` asks for."""
    return {"now": now, "platform": platform, "latest": now + longest}


def _on_server(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def next_due(connection: Connection, now: datetime, platform: str, longest: timedelta) -> datetime | None:
    """When `lease` finds something: now, at a later moment, or None."""
    if connection.execute(_ANY_DUE, _at(now, platform, longest)).first():
        return now
    return min(filter(None, connection.execute(_LATER, {"platform": platform}).one()), default=None)


def page(connection: Connection, *, channel: str | None, state: str, limit: int, after: str | None) -> list[Delivery]:
    """Replies in a state, oldest first, after the one with the id `after`."""
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
    """Our replies to these posts, oldest first."""
    return [from_row(row) for row in connection.execute(_SENT_IN_POSTS, {"post_ids": post_ids}).mappings()]


def sent_to_author(connection: Connection, post: StoredPost, limit: int) -> list[Delivery]:
    """What we sent last to the author of a post, but for this post; newest first."""
    inner = post.post
    if not inner.author.id:  # nobody who was forgotten is the same person as another one
        return []
    theirs = select(posts.c.id).where(posts.c.platform == inner.platform, posts.c.author_id == inner.author.id)
    sent = (deliveries.c.kind == "send", deliveries.c.state == DeliveryState.SENT, deliveries.c.text.is_not(None))
    query = select(deliveries).where(deliveries.c.post_id.in_(theirs), deliveries.c.post_id != post.id, *sent)
    rows = connection.execute(query.order_by(deliveries.c.sent_at.desc()).limit(limit)).mappings()
    return [from_row(row) for row in rows]


def said_lately(connection: Connection, post: StoredPost, in_channel: int, to_fan: int) -> set[str]:
    """The last texts that were sent or approved, in the channel of a post and to its author anywhere: so many each."""
    inner = post.post
    place = {"platform": inner.platform, "channel": inner.channel, "fan_id": inner.author.id, "post_id": post.id}
    asked = ((_SAID_IN_CHANNEL, in_channel), (_SAID_TO_FAN, to_fan))
    return {said for query, n in asked for said in connection.execute(query, {**place, "number": n}).scalars()}


def in_channel(connection: Connection, platform: str, channel: str, limit: int) -> list[Delivery]:
    """The newest replies of a channel in any state, oldest first."""
    here = and_(deliveries.c.platform == platform, deliveries.c.channel == channel, deliveries.c.kind == "send")
    query = select(deliveries).where(here).order_by(deliveries.c.created_at.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()][::-1]


def held_back(connection: Connection) -> list[Delivery]:
    """Everything approved that the platforms do not have yet and that is not in flight, but for removals."""
    waits = (deliveries.c.state == DeliveryState.HELD, deliveries.c.kind != "remove")
    return [from_row(row) for row in connection.execute(select(deliveries).where(OPEN, *waits)).mappings()]


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state."""
    rows = connection.execute(select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state))
    return {row.state: row.number for row in rows}


def from_row(row: RowMapping) -> Delivery:
    """A row as a Delivery."""
    return Delivery(
        **{name: row[name] for name in _PLAIN},
        target=Target(platform=row["platform"], channel=row["channel"], reply_to=row["reply_to"]),
        state=DeliveryState(row["state"]),
    )
