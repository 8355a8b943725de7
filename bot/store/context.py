"""All that is known around a post when it is judged, in one hop to the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, select

from bot.domain import Delivery, StoredPost, exempt_from_caps
from bot.settings import Settings
from bot.store import deliveries, drafts, fans
from bot.store import posts as posts_of
from bot.store.tables import posts
from responders.library.data_files import read_shipped
from responders.names import CallNames
from responders.types import Context, RepliesTo, Turn

NEARBY = 20
"""Messages of the thread, and of the channel, that are read before the post and after it."""
FRESH = 50
"""How many past replies of a channel, and to a fan, a new wording is held against."""


def load(
    connection: Connection, post: StoredPost, settings: Settings, now: datetime, *, asked: bool = False
) -> Context:
    """The context of a post as it stands at `now`."""
    replies_to = _replies_to(connection, post)
    before, after = _before_and_after(connection, post)
    fan = fans.get(connection, post.post.platform, post.post.author.id)
    place = post.post.place
    return Context(
        now=settings.community.local(now),
        community=settings.community.name,
        locale=place.locale or settings.community.locale,
        one_language=place.locale is not None,
        first_post=_first(connection, post),
        register=place.register or "default",
        channel_name=place.name or post.post.channel,
        replies_to=replies_to,
        addressed=replies_to == "us" or post.post.mentions_us,
        before=before,
        after=after,
        past_replies=drafts.past_replies(connection, post, FRESH),
        cap=None if replies_to == "us" else cap_used_up(connection, post, settings, now),
        opted_out=fan.opted_out_at is not None,
        call_name=call_name(post.post.author.name),
        asked=asked,
        forced_intent=post.forced_intent,
    )


def _first(connection: Connection, post: StoredPost) -> bool:
    """True when nothing older of its author is known from the channel."""
    own = and_(_IN_CHANNEL, posts.c.author_id == post.post.author.id, posts.c.at < post.post.at)
    place = {"platform": post.post.platform, "channel": post.post.channel}
    return connection.execute(select(posts.c.id).where(own, posts.c.id != post.id).limit(1), place).first() is None


def cap_used_up(connection: Connection, post: StoredPost, settings: Settings, now: datetime) -> str | None:
    """The cap that leaves no room for another reply here, in words; None when there is room."""
    platform, channel = post.post.platform, post.post.channel
    if exempt_from_caps(platform, channel):
        return None
    fan, place = settings.replies.per_fan, settings.replies.per_channel
    if fan and drafts.used(connection, platform, now - fan.per, fan_id=post.post.author.id) >= fan.count:
        return f"{fan.words} for one fan"
    if place and drafts.used(connection, platform, now - place.per, channel=channel) >= place.count:
        return f"{place.words} for one channel"
    return None


def threads(connection: Connection, of: Sequence[StoredPost]) -> dict[str, tuple[Turn, ...]]:
    """The reply threads before posts, for their cards: by the post's id, in two statements whatever their number."""
    inside = {post.id: post for post in of if post.thread != post.id}
    if not inside:
        return {}
    found: dict[str, list[Row[Any]]] = {post_id: [] for post_id in inside}
    for row in connection.execute(_THREADS_BEFORE, {"post_ids": list(inside)}):
        found[row.of_post].append(row)
    said: dict[str, list[Delivery]] = {}
    for reply in deliveries.sent_in_posts(connection, list({row.id for rows in found.values() for row in rows})):
        said.setdefault(reply.post_id, []).append(reply)
    return {post_id: _thread(post, found[post_id], said) for post_id, post in inside.items()}


def _thread(post: StoredPost, found: Sequence[Row[Any]], said: Mapping[str, Sequence[Delivery]]) -> tuple[Turn, ...]:
    ids = {row.id for row in found}
    ours = (reply for post_id in ids for reply in said.get(post_id, ()) if _at(reply) < post.post.at)
    return _turns(post, found, ours, ids)


def call_name(shown: str) -> str | None:
    """What to call somebody whose name a platform shows like this; None when nothing in it is safe to say."""
    return _call_names().of(shown)


@lru_cache(maxsize=1)
def _call_names() -> CallNames:
    name = "call_names.yaml"
    text = resources.files("responders").joinpath("data", name).read_text(encoding="utf-8")
    return CallNames(read_shipped({name: text}, [])["call_names"])


def _replies_to(connection: Connection, post: StoredPost) -> RepliesTo:
    if post.post.reply_to is None:
        return "nobody"
    found = posts_of.replied_to(connection, post.post)
    if found is None:
        return "fan"  # somebody we have not seen, and certainly not us
    parent = found[0]
    if parent is None:
        return "us"
    if parent.post.author.id == post.post.author.id:
        return "nobody"  # a fan going on with their own words
    return "staff" if parent.post.author.is_staff else "fan"


_TURN = ("id", "thread", "channel", "reply_to", "author_id", "author_name", "is_staff", "is_bot", "text", "at")
"""The columns of which a turn is made."""


def _near(place: ColumnElement[bool], *, before: bool) -> Select[Any]:
    at = bindparam("at", type_=posts.c.at.type)
    moment, order = (posts.c.at < at, posts.c.at.desc()) if before else (posts.c.at >= at, posts.c.at)
    other = and_(posts.c.id != bindparam("post_id"), ~posts.c.deleted, posts.c.kept, moment)
    return select(*(posts.c[name] for name in _TURN)).where(place, other).order_by(order).limit(NEARBY)


def _threads_before() -> Select[Any]:
    """What `_near` finds in the threads before several posts. Each of their rows has the post's id as `of_post`."""
    of, other = posts.alias("of"), posts.alias("other")
    before = and_(other.c.thread == of.c.thread, other.c.at < of.c.at, other.c.id != of.c.id)
    nearest = select(other.c.id).where(before, ~other.c.deleted, other.c.kept).order_by(other.c.at.desc())
    near = posts.c.id.in_(nearest.limit(NEARBY).correlate(of))
    columns = (of.c.id.label("of_post"), *(posts.c[name] for name in _TURN))
    asked = of.c.id.in_(bindparam("post_ids", expanding=True))
    return select(*columns).select_from(of.join(posts, near)).where(asked)


_THREADS_BEFORE = _threads_before()
_IN_THREAD = posts.c.thread == bindparam("thread")
_IN_CHANNEL = and_(posts.c.platform == bindparam("platform"), posts.c.channel == bindparam("channel"))
_BEFORE = (_near(_IN_THREAD, before=True), _near(_IN_CHANNEL, before=True))
_AFTER = (_near(_IN_THREAD, before=False), _near(_IN_CHANNEL, before=False))


def _found(connection: Connection, post: StoredPost, queries: Iterable[Select[Any]]) -> list[Row[Any]]:
    inner = post.post
    place = {"thread": post.thread, "platform": inner.platform, "channel": inner.channel}
    values = {**place, "post_id": post.id, "at": inner.at}
    return list({row.id: row for query in queries for row in connection.execute(query, values)}.values())


def _before_and_after(connection: Connection, post: StoredPost) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    earlier, later = _found(connection, post, _BEFORE), _found(connection, post, _AFTER)
    said = deliveries.sent_in_posts(connection, [post.id, *(row.id for row in earlier)])
    in_thread = {post.id, *(row.id for row in earlier if row.thread == post.thread)}
    ours_before = [reply for reply in said if _at(reply) < post.post.at]
    ours_after = [reply for reply in said if _at(reply) >= post.post.at and reply.post_id == post.id]
    own = posts_of.messages_of(connection, post)
    return _turns(post, earlier, ours_before, in_thread), _turns(post, later, ours_after, in_thread, own)


def _turns(
    post: StoredPost,
    found: Iterable[Row[Any]],
    said: Iterable[Delivery],
    in_thread: Set[str],
    own: Set[str] = frozenset(),
) -> tuple[Turn, ...]:
    """Oldest first. `in_thread`: our ids of the posts of the thread. `own`: the messages of the post."""
    turns = [_turn(row, post, own) for row in found if not row.is_bot]
    turns += [_ours(reply, post, in_thread) for reply in said]
    return tuple(sorted(turns, key=lambda t: t.at))


def _turn(other: Row[Any], post: StoredPost, own: Set[str]) -> Turn:
    return Turn(
        role="author" if other.author_id == post.post.author.id else "staff" if other.is_staff else "fan",
        name=other.author_name,
        text=other.text,
        at=other.at,
        replies_to_post=other.reply_to in own and other.channel == post.post.channel,
        in_thread=other.thread == post.thread,
    )


def _ours(reply: Delivery, post: StoredPost, in_thread: Set[str]) -> Turn:
    return Turn(
        role="us",
        name="",
        text=reply.text or "",
        at=_at(reply),
        replies_to_post=reply.post_id == post.id,
        in_thread=reply.post_id in in_thread,
    )


def _at(reply: Delivery) -> datetime:
    return reply.sent_at or reply.created_at
