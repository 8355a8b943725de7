"""Who deserved an answer and who got one: a reply of ours, a teammate's own, or a good one by another fan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select, text

from bot.domain import LIVE, LOBBY, Cause, DraftState, Purpose
from bot.store.tables import DESERVING, deliveries, drafts, fans, parts, posts, topics, voices

HELPING, THANKS = "helping", "thanks"
"""How a fan's answer to another fan is read, and the asker's thanks for it."""
COMPLAINT = "complaint"
LOOKED_BACK = timedelta(days=30)
"""Whoever waits longer than that is not listed any more."""


class Outcome(StrEnum):
    """What became of a post that deserved an answer."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    """A person read it and decided that it gets none."""
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """A post that deserved an answer and has none."""

    post_id: str
    platform: str
    fan_id: str
    intent: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """Posts that deserved an answer, of one span of time, that were read alike and ended alike."""

    slot: int
    intent: str | None
    outcome: Outcome
    number: int


def _reply() -> ColumnElement[bool]:
    """Ours, under the post: whatever it was for, somebody spoke to its author. A removed one was a decision, too."""
    return exists().where(
        deliveries.c.post_id == posts.c.id,
        deliveries.c.kind == "send",
        deliveries.c.state.in_(("sent", "removed")),
        deliveries.c.reply_to != "",
    )


def _settled() -> ColumnElement[bool]:
    """A teammate's answer or the fan's own "never mind" has ended its draft."""
    return exists().where(drafts.c.post_id == posts.c.id, drafts.c.cause.in_((Cause.ANSWERED, Cause.RESOLVED)))


def _by_staff() -> list[ColumnElement[bool]]:
    """As `posts.has_staff_answer`: a native reply, also to a part of an album, or later in the thread it started."""
    other = posts.alias("by_staff")
    staff = and_(other.c.is_staff, ~other.c.is_bot, ~other.c.deleted, other.c.id != posts.c.id)
    here = and_(other.c.platform == posts.c.platform, other.c.channel == posts.c.channel, staff)
    album = select(parts.c.external_id).where(parts.c.post_id == posts.c.id).correlate(posts)
    return [
        exists().where(here, other.c.reply_to == posts.c.external_id),
        exists().where(staff, other.c.thread == posts.c.id, other.c.at >= posts.c.at),
        and_(posts.c.attachments.is_not(None), exists().where(here, other.c.reply_to.in_(album))),
    ]


def _by_fan() -> ColumnElement[bool]:
    """A reply of another fan that reads as help, or for which the author gave thanks."""
    other, thanks = posts.alias("by_fan"), posts.alias("thanks")
    thanked = (
        exists()
        .where(
            thanks.c.platform == other.c.platform,
            thanks.c.channel == other.c.channel,
            thanks.c.reply_to == other.c.external_id,
            thanks.c.author_id == posts.c.author_id,
            thanks.c.intent == THANKS,
            ~thanks.c.deleted,
        )
        .correlate(other, posts)
    )
    return exists().where(
        other.c.platform == posts.c.platform,
        other.c.channel == posts.c.channel,
        other.c.reply_to == posts.c.external_id,
        other.c.author_id != posts.c.author_id,
        ~other.c.is_staff,
        ~other.c.is_bot,
        ~other.c.deleted,
        or_(other.c.intent == HELPING, thanked),
    )


def _skipped() -> ColumnElement[bool]:
    """Of the drafts of a post, not of those in a state: the states are not to be found by their index."""
    of, state = and_(drafts.c.post_id == posts.c.id, drafts.c.purpose == Purpose.REPLY), drafts.c.state + ""
    return and_(exists().where(of, state == DraftState.REJECTED), ~exists().where(of, state.in_(LIVE)))


def _answered() -> ColumnElement[bool]:
    return or_(posts.c.reason_code == "answered", _reply(), _settled(), *_by_staff(), _by_fan())


def _counts() -> ColumnElement[bool]:
    """Deserving, but for the lobby and for whoever wants no replies."""
    wants_none = exists().where(
        fans.c.platform == posts.c.platform, fans.c.fan_id == posts.c.author_id, fans.c.opted_out_at.is_not(None)
    )
    return and_(text(DESERVING), _outside_lobby(), ~wants_none)


def _outside_lobby() -> ColumnElement[bool]:
    """Not where the team tries things out."""
    return or_(posts.c.platform != "web", posts.c.channel.not_in(LOBBY))


def is_unanswered(before: datetime) -> ColumnElement[bool]:
    """Of a post whose words are kept: it deserved an answer, and has none though it was written before a moment, but
    within `LOOKED_BACK` of it."""
    lately = and_(posts.c.at < before, posts.c.at >= before - LOOKED_BACK)
    return and_(_counts(), lately, posts.c.kept, ~_answered(), ~_skipped())


def unanswered(connection: Connection, before: datetime) -> list[Unanswered]:
    """The posts without an answer that were written before a moment, oldest first, while their words are kept."""
    columns = [posts.c[name] for name in ("id", "platform", "author_id", "intent", "at")]
    query = select(*columns).where(is_unanswered(before)).order_by(posts.c.at, posts.c.id)
    return [
        Unanswered(post_id=row.id, platform=row.platform, fan_id=row.author_id, intent=row.intent, at=row.at)
        for row in connection.execute(query)
    ]


def coverage(connection: Connection, cuts: Sequence[datetime]) -> list[Covered]:
    """What became of the posts that deserved an answer. Slot n holds what was written from cut n to the next one, and
    the last slot what was written after the last cut."""
    slot: ColumnElement[Any] = case(
        *((posts.c.at >= cut, number) for number, cut in reversed(list(enumerate(cuts))))
    ).label("slot")
    outcome: ColumnElement[Any] = case(
        (_answered(), Outcome.ANSWERED), (_skipped(), Outcome.SKIPPED), else_=Outcome.NOTHING
    ).label("outcome")
    each = select(slot, posts.c.intent, outcome).where(_counts(), posts.c.at >= cuts[0]).cte("each")
    each = each.prefix_with("MATERIALIZED")  # else each outcome is looked up twice
    query = select(each, func.count().label("number")).group_by(each.c.slot, each.c.intent, each.c.outcome)
    return [
        Covered(slot=row.slot, intent=row.intent, outcome=Outcome(row.outcome), number=row.number)
        for row in connection.execute(query)
    ]


def complaints(connection: Connection, since: datetime) -> list[datetime]:
    """When each complaint was written, from a moment on."""
    query = select(posts.c.at).where(_complaint(), posts.c.at >= since)
    return list(connection.execute(query).scalars())


def complaint_drafts(connection: Connection, since: datetime, limit: int) -> list[str]:
    """The ids of the newest cards of complaints that were written from a moment on."""
    return _newest_drafts(connection, select(posts.c.id).where(_complaint(), posts.c.at >= since), limit)


def topic_drafts(connection: Connection, topic_id: str, since: datetime, limit: int) -> list[str]:
    """The ids of the newest cards of posts in a topic, from a moment on."""
    of = select(voices.c.post_id).where(voices.c.topic_id == topic_id, voices.c.at >= since)
    return _newest_drafts(connection, of, limit)


def _newest_drafts(connection: Connection, of: Select[Any], limit: int) -> list[str]:
    live = (drafts.c.post_id.in_(of), drafts.c.purpose == Purpose.REPLY, drafts.c.state.in_(LIVE))
    query = select(drafts.c.id).where(*live).order_by(drafts.c.created_at.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def _complaint() -> ColumnElement[bool]:
    return and_(text(DESERVING), _outside_lobby(), posts.c.intent == COMPLAINT)


def topic_voices(connection: Connection, since: datetime) -> list[tuple[str, datetime]]:
    """Each post in a topic, from a moment on: the topic's id, and when it was written."""
    query = select(voices.c.topic_id, voices.c.at).where(voices.c.at >= since)
    return [(row.topic_id, row.at) for row in connection.execute(query)]


def topic_name(connection: Connection, topic_id: str) -> str | None:
    """What managers call a topic; None if it is gone."""
    return connection.execute(select(topics.c.name).where(topics.c.id == topic_id)).scalar()
