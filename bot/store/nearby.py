"""The messages around a post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, select, union_all

from bot.domain import StoredPost
from bot.store.tables import posts


class Message(NamedTuple):
    """A message near a post: the columns for a turn."""

    id: str
    thread: str
    channel: str
    reply_to: str | None
    author_id: str
    author_name: str
    is_staff: bool
    is_bot: bool
    text: str
    at: datetime


_COLUMNS = [posts.c[name] for name in Message._fields]


def _near(place: ColumnElement[bool], *, before: bool) -> Select[Any]:
    at = bindparam("at", type_=posts.c.at.type)
    moment, order = (posts.c.at < at, posts.c.at.desc()) if before else (posts.c.at >= at, posts.c.at)
    other = and_(posts.c.id != bindparam("post_id"), ~posts.c.deleted, posts.c.kept, moment)
    return select(*_COLUMNS).where(place, other).order_by(order).limit(bindparam("number"))


def _threads_before() -> Select[Any]:
    """`_near` for the threads before several posts. Each row begins with the id of its post."""
    of, other = posts.alias("of"), posts.alias("other")
    before = and_(other.c.thread == of.c.thread, other.c.at < of.c.at, other.c.id != of.c.id)
    nearest = select(other.c.id).where(before, ~other.c.deleted, other.c.kept).order_by(other.c.at.desc())
    near = posts.c.id.in_(nearest.limit(bindparam("number")).correlate(of))
    asked = of.c.id.in_(bindparam("post_ids", expanding=True))
    return select(of.c.id, *_COLUMNS).select_from(of.join(posts, near)).where(asked)


_THREADS_BEFORE = _threads_before()
_IN_THREAD = posts.c.thread == bindparam("thread")
_IN_CHANNEL = and_(posts.c.platform == bindparam("platform"), posts.c.channel == bindparam("channel"))
_NEAR = (_near(place, before=before) for place in (_IN_THREAD, _IN_CHANNEL) for before in (True, False))
_AROUND = union_all(*(select(near.subquery()) for near in _NEAR))
_EARLIER_OF_AUTHOR = (
    select(posts.c.id)
    .where(_IN_CHANNEL, posts.c.author_id == bindparam("author"))
    .where(posts.c.at < bindparam("at", type_=posts.c.at.type), posts.c.id != bindparam("post_id"))
    .limit(1)
)


def around(connection: Connection, post: StoredPost, number: int) -> tuple[list[Message], list[Message]]:
    """The messages before and after a post: at most `number` of its thread and `number` of its channel, each."""
    inner = post.post
    place = {"thread": post.thread, "platform": inner.platform, "channel": inner.channel}
    rows = connection.execute(_AROUND, {**place, "post_id": post.id, "at": inner.at, "number": number})
    found = {row.id: Message(*row) for row in rows}.values()
    return [m for m in found if m.at < inner.at], [m for m in found if m.at >= inner.at]


def threads_before(connection: Connection, post_ids: Sequence[str], number: int) -> dict[str, list[Message]]:
    """At most `number` messages of the thread before each post, by post id, in one statement."""
    found: dict[str, list[Message]] = {post_id: [] for post_id in post_ids}
    for of_post, *message in connection.execute(_THREADS_BEFORE, {"post_ids": post_ids, "number": number}):
        found[of_post].append(Message(*message))
    return found


def is_first(connection: Connection, post: StoredPost) -> bool:
    """True if we have no older post of its author in the channel."""
    inner = post.post
    values = {"platform": inner.platform, "channel": inner.channel, "author": inner.author.id, "at": inner.at}
    return connection.execute(_EARLIER_OF_AUTHOR, {**values, "post_id": post.id}).first() is None
