"""What the live page counts and follows. Each function is a fixed number of statements, found by an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Case, Column, Connection, and_, case, exists, func, or_, select

from bot.domain import Delivery, Draft, DraftState, Purpose, StoredPost
from bot.events import Happened
from bot.store import deliveries as sending
from bot.store import drafts as desk
from bot.store import posts as intake
from bot.store.tables import deliveries, drafts, events, posts

URGENT = 80
"""The least priority of a draft that is urgent."""
COMPLAINTS, PRAISE = ("complaint", "churn"), ("praise", "thanks", "recommendation")
"""Readings that are counted as a channel's mood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """Posts of fans in one channel that came in within one slot of time and ended in the same way."""

    slot: int
    platform: str
    channel: str
    action: str | None
    choice: bool
    """A hand-off with ready replies to choose from."""
    reason_code: str | None
    mood: Literal["complaint", "praise"] | None
    deleted: bool
    number: int
    example: str | None
    """The id of a post that knows the name of its channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentReplies:
    """Replies that reached one channel within one slot of time."""

    slot: int
    platform: str
    channel: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A draft that a person sent or skipped."""

    post_id: str
    platform: str
    channel: str
    by: str
    state: DraftState
    edited: bool
    """The person changed the words that lay on the card."""
    waiting_since: datetime
    decided_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingBand:
    """Drafts that have waited about as long as each other. `band` is a place in the list of ages."""

    band: int
    number: int
    urgent: int
    oldest: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingKind:
    """Drafts of one purpose that wait, by the reading of their posts."""

    purpose: Purpose
    intent: str | None
    number: int
    oldest: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Travel:
    """A post with its newest draft, the newest reply of that draft, and the moments that no row of theirs tells."""

    post: StoredPost
    draft: Draft | None
    delivery: Delivery | None
    judged_at: datetime | None
    sending_at: datetime | None


def _slot(moment: Column[Any], cuts: Sequence[datetime]) -> Case[Any]:
    """The place of the last of `cuts` (oldest first) that is not after `moment`."""
    return case(*((moment >= cut, number) for number, cut in reversed(list(enumerate(cuts)))))


def arrived(connection: Connection, cuts: Sequence[datetime]) -> list[Arrived]:
    """The posts of fans that came in since the first of `cuts`. Slot n begins with cut n and ends with the next one."""
    choice = and_(
        posts.c.action == "handoff", exists().where(drafts.c.post_id == posts.c.id, drafts.c.alternatives.is_not(None))
    )
    query = (
        select(
            _slot(events.c.at, cuts).label("slot"),
            posts.c.platform,
            posts.c.channel,
            posts.c.action,
            case((choice, 1), else_=0).label("choice"),
            posts.c.reason_code,
            case((posts.c.intent.in_(COMPLAINTS), "complaint"), (posts.c.intent.in_(PRAISE), "praise")).label("mood"),
            posts.c.deleted,
            func.count().label("number"),
            func.max(case((posts.c.place.is_not(None), posts.c.id))).label("example"),
        )
        .join(posts, posts.c.id == events.c.post_id)
        .where(events.c.name == Happened.POST_RECEIVED, events.c.at >= cuts[0], ~posts.c.is_staff, ~posts.c.is_bot)
        .group_by("slot", "platform", "channel", "action", "choice", "reason_code", "mood", "deleted")
    )
    return [Arrived(**{**row, "choice": bool(row["choice"])}) for row in connection.execute(query).mappings()]


def sent(connection: Connection, cuts: Sequence[datetime]) -> list[SentReplies]:
    """The replies that arrived since the first of `cuts`, those included of which a person said so."""
    query = (
        select(
            _slot(events.c.at, cuts).label("slot"),
            deliveries.c.platform,
            deliveries.c.channel,
            func.count().label("number"),
        )
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .where(
            events.c.name.in_((Happened.REPLY_SENT, Happened.REPLY_SETTLED)),
            events.c.at >= cuts[0],
            deliveries.c.kind == "send",
            deliveries.c.sent_at == events.c.at,  # "it did not arrive" settles a reply too
        )
        .group_by("slot", "platform", "channel")
    )
    return [SentReplies(**row) for row in connection.execute(query).mappings()]


def settled(connection: Connection, since: datetime) -> list[Settled]:
    """What people sent or skipped from a moment on, as it stands now: what was taken back is not there."""
    plain = ("post_id", "platform", "channel", "state", "waiting_since", "decided_at")
    query = select(
        *(drafts.c[name] for name in plain),
        drafts.c.decided_by.label("by"),
        and_(drafts.c.own_words, drafts.c.template.is_not(None)).label("edited"),
    ).where(
        drafts.c.decided_at >= since,
        drafts.c.decided_by.is_not(None),
        or_(drafts.c.state == DraftState.APPROVED, drafts.c.state == DraftState.REJECTED),
    )
    return [
        Settled(**{**row, "state": DraftState(row["state"]), "edited": bool(row["edited"])})
        for row in connection.execute(query).mappings()
    ]


def waiting(connection: Connection, now: datetime, ages: Sequence[timedelta]) -> list[WaitingBand]:
    """What waits, by age: band 0 is younger than the first of `ages` (shortest first), the last band has no end."""
    since = drafts.c.waiting_since
    band = case(*((since > now - age, number) for number, age in enumerate(ages)), else_=len(ages))
    query = (
        select(
            band.label("band"),
            func.count().label("number"),
            func.sum(case((drafts.c.priority >= URGENT, 1), else_=0)).label("urgent"),
            func.min(since).label("oldest"),
        )
        .where(drafts.c.state == DraftState.WAITING)
        .group_by("band")
    )
    return [WaitingBand(**row) for row in connection.execute(query).mappings()]


def waiting_kinds(connection: Connection) -> list[WaitingKind]:
    """What waits, by purpose and reading."""
    columns = (drafts.c.purpose, drafts.c.intent)
    query = (
        select(*columns, func.count().label("number"), func.min(drafts.c.waiting_since).label("oldest"))
        .where(drafts.c.state == DraftState.WAITING)
        .group_by(*columns)
    )
    return [
        WaitingKind(purpose=Purpose(row.purpose), intent=row.intent, number=row.number, oldest=row.oldest)
        for row in connection.execute(query)
    ]


def snoozed(connection: Connection) -> int:
    """How many drafts are snoozed."""
    query = select(func.count()).select_from(drafts).where(drafts.c.state == DraftState.SNOOZED)
    return connection.execute(query).scalar_one()


def channel_names(connection: Connection, post_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """Platform and channel of these posts, with the channel's name where the post knows it."""
    query = select(posts.c.platform, posts.c.channel, posts.c.place).where(posts.c.id.in_(post_ids))
    named = {(row.platform, row.channel): (row.place or {}).get("name") for row in connection.execute(query)}
    return {channel: name for channel, name in named.items() if name}


def travels(connection: Connection, number: int, also: Collection[str] = ()) -> list[Travel]:
    """The posts that came in last, and those with the ids `also`, newest first."""
    received = events.c.name == Happened.POST_RECEIVED
    newest = select(events.c.post_id).where(received).order_by(events.c.at.desc(), events.c.seq.desc()).limit(number)
    ids = {*connection.execute(newest).scalars(), *also}
    drafted = select(drafts).where(drafts.c.post_id.in_(ids)).order_by(drafts.c.created_at)
    of_post = {row["post_id"]: desk.from_row(row) for row in connection.execute(drafted).mappings()}
    replies = select(deliveries).where(deliveries.c.post_id.in_(ids), deliveries.c.kind == "send")
    by_age = replies.order_by(deliveries.c.created_at)
    of_draft = {row["draft_id"]: sending.from_row(row) for row in connection.execute(by_age).mappings()}
    moments = _moments(connection, ids)
    found = []
    for post in intake.some(connection, list(ids)):
        draft = of_post.get(post.id)
        delivery = of_draft.get(draft.id) if draft else None
        found.append(
            Travel(
                post=post,
                draft=draft,
                delivery=delivery,
                judged_at=moments.get((post.id, Happened.POST_JUDGED)),
                sending_at=moments.get((delivery.id, Happened.REPLY_SENDING)) if delivery else None,
            )
        )
    return sorted(found, key=lambda travel: (travel.post.received_at, travel.post.id), reverse=True)


def _moments(connection: Connection, post_ids: Collection[str]) -> dict[tuple[str, str], datetime]:
    """When a post was judged last, by its id, and when a reply was sent for the first time, by the delivery's id.

    It asks for no names: a database would look through all events of a name rather than the few of a post.
    """
    query = (
        select(
            events.c.post_id,
            events.c.delivery_id,
            events.c.name,
            func.min(events.c.at).label("first"),
            func.max(events.c.at).label("last"),
        )
        .where(events.c.post_id.in_(post_ids))
        .group_by(events.c.post_id, events.c.delivery_id, events.c.name)
    )
    return {
        (row.delivery_id or row.post_id, row.name): row.first if row.delivery_id else row.last
        for row in connection.execute(query)
    }
