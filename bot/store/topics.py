"""Topics: what several fans said, who of the team looks after it, and what became of it. A voice is a post in a topic.

Words of fans are read here for the moment and stored nowhere but in `posts`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, insert, or_, select, update

from bot.domain import LIVE, DraftState, Purpose, StoredPost
from bot.store import posts as stored
from bot.store.drafts import IN_USE
from bot.store.posts import add_unless_there
from bot.store.tables import drafts, posts, topics, voices
from responders.types import ReasonCode


class TopicState(StrEnum):
    """What becomes of a topic."""

    OPEN = "open"
    PLANNED = "planned"
    DONE = "done"
    NOT_PLANNED = "not_planned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """What several fans said."""

    id: str
    name: str
    """A manager's words; until somebody names it, the name of a situation, or what it was read as and its first day."""
    state: TopicState
    created_at: datetime
    named_by: str | None = None
    situation: str | None = None
    """What the reader takes most of its posts for."""
    team: str | None = None
    """The key of the team that it is passed on to."""
    reason: str | None = None
    """Why it was marked so, for fans to read."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    count: int = 0
    """Its posts."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    """When the first and the last of its posts was written; None where there is none any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A post whose words are kept, that is in a topic or should be."""

    post_id: str
    version: int
    topic_id: str | None
    wanted: bool
    """False if it was read again, and is no complaint, wish or open question any more."""
    intent: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What such a post says."""

    text: str
    situation: str | None
    """What it is probably taken for."""


_NAMES = {"complaint": "complaints", "wish": "wishes", "question": "questions"}
_LIKELY = 0.5
"""The chance from which a post is probably what it is taken for."""
_UNANSWERED = and_(
    posts.c.intent == "question", posts.c.action != "draft", posts.c.reason_code.is_distinct_from(ReasonCode.ANSWERED)
)
_WANTED = and_(
    ~posts.c.is_staff,
    ~posts.c.is_bot,
    posts.c.reason_code.is_distinct_from(ReasonCode.GATE),
    or_(posts.c.intent.in_(("complaint", "wish")), _UNANSWERED),
)
"""Complaints, wishes and questions for which there was no answer. A post at a gate is for a person alone."""


def _all() -> Select[Any]:
    counted = (
        select(
            voices.c.topic_id,
            func.count().label("count"),
            func.min(voices.c.at, type_=voices.c.at.type).label("first_at"),
            func.max(voices.c.at, type_=voices.c.at.type).label("last_at"),
        )
        .group_by(voices.c.topic_id)
        .subquery()
    )
    columns = (func.coalesce(counted.c["count"], 0).label("count"), counted.c.first_at, counted.c.last_at)
    return select(topics, *columns).outerjoin(counted, counted.c.topic_id == topics.c.id)


def _topic(row: Any) -> Topic:
    return Topic(**{**row, "state": TopicState(row["state"])})


def every(connection: Connection) -> list[Topic]:
    """All topics, the most heard first."""
    found = [_topic(row) for row in connection.execute(_all()).mappings()]
    return sorted(found, key=lambda topic: (-topic.count, topic.created_at, topic.id))


def get(connection: Connection, topic_id: str) -> Topic | None:
    """One topic, or None."""
    row = connection.execute(_all().where(topics.c.id == topic_id)).mappings().first()
    return _topic(row) if row else None


def add(connection: Connection, topic_id: str, name: str, situation: str | None, at: datetime) -> None:
    """Begin a topic."""
    row = {"id": topic_id, "name": name, "situation": situation, "state": TopicState.OPEN, "created_at": at}
    connection.execute(insert(topics), row)


def default_name(intent: str | None, day: date) -> str:
    """What a topic is called until somebody names it: "complaints of 12 November". `intent`: what its posts are."""
    what = _NAMES.get(intent or "", "posts")
    return f"{what} of {day.day} {day:%B}"


def change(connection: Connection, topic_id: str, **values: object) -> bool:
    """Store new values of some columns. False if the topic is gone."""
    return connection.execute(update(topics).where(topics.c.id == topic_id).values(values)).rowcount == 1


def drop_empty(connection: Connection) -> int:
    """Delete topics without a post that nobody of the team has touched. Returns how many."""
    untouched = (topics.c.named_by.is_(None), topics.c.team.is_(None), topics.c.state == TopicState.OPEN)
    silent = topics.c.id.not_in(select(voices.c.topic_id))
    return connection.execute(delete(topics).where(*untouched, silent)).rowcount


def merge(connection: Connection, gone: str, into: str) -> None:
    """All posts of one topic belong to another one, and the topic is gone."""
    connection.execute(update(voices).where(voices.c.topic_id == gone).values(topic_id=into))
    connection.execute(delete(topics).where(topics.c.id == gone))


def heard(connection: Connection) -> list[Heard]:
    """The posts with words that are in a topic or should be, oldest first. What is just being read again is left as it
    is."""
    columns = (posts.c.id, posts.c.version, voices.c.topic_id, _WANTED.label("wanted"), posts.c.intent, posts.c.at)
    stands = (posts.c.kept, ~posts.c.deleted, posts.c.action.is_not(None))
    query = select(*columns).outerjoin(voices, voices.c.post_id == posts.c.id)
    query = query.where(*stands, or_(_WANTED, voices.c.topic_id.is_not(None))).order_by(posts.c.at, posts.c.id)
    return [
        Heard(
            post_id=row.id,
            version=row.version,
            topic_id=row.topic_id,
            wanted=bool(row.wanted),
            intent=row.intent,
            at=row.at,
        )
        for row in connection.execute(query)
    ]


def words(connection: Connection, post_ids: Collection[str]) -> dict[str, Words]:
    """What posts say, by id; those whose words are kept."""
    query = select(posts.c.id, posts.c.text, posts.c.understanding)
    rows = connection.execute(query.where(posts.c.id.in_(post_ids), posts.c.kept, ~posts.c.deleted))
    return {row.id: _words(row.text, row.understanding or {}) for row in rows}


def _words(text: str, read: Mapping[str, Any]) -> Words:
    name, chance = next(iter(read.get("situations") or ()), (None, 0.0))
    return Words(text=text, situation=name if chance >= _LIKELY else None)


def add_voice(connection: Connection, topic_id: str, post_id: str, version: int) -> bool:
    """A post belongs to a topic. False if one of them changed meanwhile, or the post has a topic already."""
    here = (posts.c.id == post_id, posts.c.version == version, posts.c.kept, ~posts.c.deleted, _WANTED)
    at = connection.execute(select(posts.c.at).where(*here)).scalar()
    topic = connection.execute(select(topics.c.id).where(topics.c.id == topic_id)).scalar()
    if at is None or topic is None:
        return False
    row = {"post_id": post_id, "topic_id": topic_id, "at": at}
    return add_unless_there(connection, voices, row)


def move_voice(connection: Connection, post_id: str, topic_id: str) -> None:
    """A post belongs to another topic."""
    connection.execute(update(voices).where(voices.c.post_id == post_id).values(topic_id=topic_id))


def drop_voices(connection: Connection, post_ids: Collection[str]) -> None:
    """These posts belong to no topic."""
    connection.execute(delete(voices).where(voices.c.post_id.in_(post_ids)))


def topic_of(connection: Connection, post_id: str) -> str | None:
    """The id of the topic that a post is in, or None."""
    return connection.execute(select(voices.c.topic_id).where(voices.c.post_id == post_id)).scalar()


def newest(connection: Connection, topic_id: str, limit: int, *, kept: bool = True) -> list[StoredPost]:
    """The newest posts of a topic; with `kept`, only those whose words are kept."""
    query = select(posts).join(voices, voices.c.post_id == posts.c.id)
    query = query.where(voices.c.topic_id == topic_id, ~posts.c.deleted, *([posts.c.kept] if kept else []))
    rows = connection.execute(query.order_by(posts.c.at.desc(), posts.c.id).limit(limit)).mappings()
    return [stored.from_row(row) for row in rows]


def latest_of_each_fan(connection: Connection, topic_id: str) -> list[StoredPost]:
    """The newest post in a topic of each fan whom we know still, oldest first. Posts of the team and at gates do not
    count."""
    fan = (posts.c.platform, posts.c.author_id)
    fans_own = (posts.c.author_id != "", ~posts.c.is_staff, ~posts.c.is_bot)
    gate = posts.c.reason_code.is_distinct_from(ReasonCode.GATE)
    place = func.row_number().over(partition_by=fan, order_by=(posts.c.at.desc(), posts.c.id)).label("place")
    ranked = (
        select(posts.c.id, place)
        .join(voices, voices.c.post_id == posts.c.id)
        .where(voices.c.topic_id == topic_id, ~posts.c.deleted, *fans_own, gate)
        .subquery()
    )
    ids = select(ranked.c.id).where(ranked.c.place == 1)
    rows = connection.execute(select(posts).where(posts.c.id.in_(ids)).order_by(posts.c.at, posts.c.id)).mappings()
    return [stored.from_row(row) for row in rows]


_TOLD = (
    drafts.c.purpose == Purpose.TOLD_BACK,
    drafts.c.state.not_in((DraftState.WITHDRAWN, DraftState.SUPERSEDED)),
)


def told(connection: Connection, topic_id: str, notice: str) -> set[tuple[str, str]]:
    """Platform and id of the fans for whom there is, or was, a draft of this notice about a topic."""
    query = select(drafts.c.platform, drafts.c.fan_id).join(voices, voices.c.post_id == drafts.c.post_id)
    query = query.where(*_TOLD, voices.c.topic_id == topic_id, drafts.c.template.endswith(f"/{notice}"))
    return {(row.platform, row.fan_id) for row in connection.execute(query)}


def telling(connection: Connection, *, topic_id: str | None = None, post_id: str | None = None) -> Sequence[str]:
    """The ids of drafts that tell fans of a topic what became of it, or the author of one post, and may be ended."""
    query = select(drafts.c.id).where(drafts.c.purpose == Purpose.TOLD_BACK, drafts.c.state.in_(IN_USE))
    if topic_id is not None:
        query = query.join(voices, voices.c.post_id == drafts.c.post_id).where(voices.c.topic_id == topic_id)
    if post_id is not None:
        query = query.where(drafts.c.post_id == post_id)
    return connection.execute(query).scalars().all()


def waiting(connection: Connection) -> dict[str, int]:
    """Topic -> how many drafts that tell fans of it wait at the desk."""
    query = select(voices.c.topic_id, func.count().label("number")).join(drafts, drafts.c.post_id == voices.c.post_id)
    live = (drafts.c.purpose == Purpose.TOLD_BACK, drafts.c.state.in_(LIVE))
    return {row.topic_id: row.number for row in connection.execute(query.where(*live).group_by(voices.c.topic_id))}
