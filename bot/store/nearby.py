"""The messages around a post."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, select

from bot.domain import StoredPost
from bot.store.tables import posts


class Message(NamedTuple):
    """A message near a post: the columns of which a turn is made."""

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
    """What `_near` finds in the threads before several posts. Each of their rows has the post's id first."""
    of, other = posts.alias("of"), posts.alias("other")
    before = and_(other.c.thread == of.c.thread, other.c.at < of.c.at, other.c.id != of.c.id)
    nearest = select(other.c.id).where(before, ~other.c.deleted, other.c.kept).order_by(other.c.at.desc())
    near = posts.c.id.in_(nearest.limit(bindparam("number")).correlate(of))
    asked = of.c.id.in_(bindparam("post_ids", expanding=True))
    return select(of.c.id, *_COLUMNS).select_from(of.join(posts, near)).where(asked)


_THREADS_BEFORE = _threads_before()
_IN_THREAD = posts.c.thread == bindparam("thread")
_IN_CHANNEL = and_(posts.c.platform == bindparam("platform"), posts.c.channel == bindparam("channel"))
_BEFORE = (_near(_IN_THREAD, before=True), _near(_IN_CHANNEL, before=True))
_AFTER = (_near(_IN_THREAD, before=False), _near(_IN_CHANNEL, before=False))


def around(connection: Connection, post: StoredPost, number: int) -> tuple[list[Message], list[Message]]:
    """The messages before a post and after it: at most `number` of its thread and of its channel, each."""
    return _found(connection, post, _BEFORE, number), _found(connection, post, _AFTER, number)


def _found(connection: Connection, post: StoredPost, queries: Iterable[Select[Any]], number: int) -> list[Message]:
    inner = post.post
    place = {"thread": post.thread, "platform": inner.platform, "channel": inner.channel}
    values = {**place, "post_id": post.id, "at": inner.at, "number": number}
    rows = (row for query in queries for row in connection.execute(query, values))
    return list({row.id: Message(*row) for row in rows}.values())


def threads_before(connection: Connection, post_ids: Sequence[str], number: int) -> dict[str, list[Message]]:
    """At most `number` messages of the threads before posts, by the post's id, in one statement."""
    found: dict[str, list[Message]] = {post_id: [] for post_id in post_ids}
    for of_post, *message in connection.execute(_THREADS_BEFORE, {"post_ids": post_ids, "number": number}):
        found[of_post].append(Message(*message))
    return found


def is_first(connection: Connection, post: StoredPost) -> bool:
    """True when nothing older of its author is known from the channel."""
    own = and_(_IN_CHANNEL, posts.c.author_id == post.post.author.id, posts.c.at < post.post.at)
    place = {"platform": post.post.platform, "channel": post.post.channel}
    return connection.execute(select(posts.c.id).where(own, posts.c.id != post.id).limit(1), place).first() is None
