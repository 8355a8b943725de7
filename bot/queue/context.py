"""The context in which a post is judged, read from the database in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from importlib import resources

from bot.domain import Delivery, StoredPost
from bot.queue import caps, consents, memory
from bot.settings import Settings
from bot.store import Connection, assistant, deliveries, drafts, fans, nearby, posts
from bot.store.nearby import Message
from responders.library.data_files import read_shipped
from responders.names import CallNames
from responders.types import Context, Post, RepliesTo, Turn

NEARBY = 20
"""Most messages of the thread, and of the channel, that are read before the post, and after it."""
FRESH = 50
"""How many past replies in the channel, and to the fan, a new wording is compared with."""


def load(
    connection: Connection, post: StoredPost, settings: Settings, now: datetime, *, asked: bool = False
) -> Context:
    """The context of a post at the time `now`."""
    replies_to = _replies_to(connection, post)
    before, after = _before_and_after(connection, post)
    fan = fans.get(connection, post.post.platform, post.post.author.id)
    local = settings.community.local
    known = memory.history(connection, post.post.platform, post.post.author.id, local)
    place = post.post.place
    return Context(
        now=local(now),
        community=settings.community.name,
        locale=place.locale or settings.community.locale,
        one_language=place.locale is not None,
        first_post=nearby.is_first(connection, post),
        register=place.register or "default",
        channel_name=place.name or post.post.channel,
        replies_to=replies_to,
        addressed=replies_to == "us" or post.post.mentions_us,
        before=before,
        after=after,
        past_replies=drafts.past_replies(connection, post, FRESH),
        cap=None if replies_to == "us" else caps.used_up(connection, post, settings, now),
        opted_out=fan.opted_out_at is not None,
        call_name=(known and known.call_name) or call_name(post.post.author.name),
        history=known,
        asked=asked,
        forced_intent=post.forced_intent,
        credits=consents.credits(connection, now),
        assistant=settings.assistant is not None,
    )


def for_assistant(connection: Connection, post: StoredPost, around: Context) -> tuple[Post, Context]:
    """The post and its context as a language model may see them: of others only what stands in the thread on the card
    and may be given, see `assistant.may_be_given`. Nothing that we remember of anybody, and no reply to somebody
    else."""
    inside = nearby.threads_before(connection, [post.id], NEARBY)[post.id] if post.thread != post.id else []
    allowed = assistant.may_be_given(connection, [message.id for message in inside])
    shown = [message for message in inside if message.id in allowed]
    said = deliveries.sent_in_posts(connection, [message.id for message in shown]) if shown else []
    return (
        replace(post.post, quote=_quote(connection, post), place=replace(post.post.place, topic="")),
        replace(
            around,
            before=_thread(post, shown, {message.id: _of(said, message.id) for message in shown}),
            after=(),
            past_replies=(),
            history=None,
            call_name=call_name(post.post.author.name),
            credits={},
        ),
    )


def _quote(connection: Connection, post: StoredPost) -> str:
    """The words that a post quotes, if they are ours, or of a post that may be given."""
    found = posts.replied_to(connection, post.post) if post.post.quote and post.post.reply_to else None
    if found is None:
        return ""
    parent = found[0]
    return post.post.quote if parent is None or assistant.may_be_given(connection, [parent.id]) else ""


def _of(said: Iterable[Delivery], post_id: str) -> list[Delivery]:
    return [reply for reply in said if reply.post_id == post_id]


def threads(connection: Connection, of: Sequence[StoredPost]) -> dict[str, tuple[Turn, ...]]:
    """The reply threads before posts, by post id, for cards. It takes two statements for any number of posts."""
    inside = {post.id: post for post in of if post.thread != post.id}
    if not inside:
        return {}
    found = nearby.threads_before(connection, list(inside), NEARBY)
    said: dict[str, list[Delivery]] = {}
    for reply in deliveries.sent_in_posts(connection, list({other.id for some in found.values() for other in some})):
        said.setdefault(reply.post_id, []).append(reply)
    return {post_id: _thread(post, found[post_id], said) for post_id, post in inside.items()}


def before(connection: Connection, post: StoredPost, number: int) -> tuple[Turn, ...]:
    """The last messages before a post in its thread, else in its channel, with ours; oldest first."""
    earlier, _ = nearby.around(connection, post, NEARBY)
    here = [other for other in earlier if other.thread == post.thread] or earlier
    said = deliveries.sent_in_posts(connection, [other.id for other in here])
    in_thread = {other.id for other in here if other.thread == post.thread}
    return _turns(post, here, (reply for reply in said if _at(reply) < post.post.at), in_thread)[-number:]


def _thread(post: StoredPost, found: Sequence[Message], said: Mapping[str, Sequence[Delivery]]) -> tuple[Turn, ...]:
    ids = {other.id for other in found}
    ours = (reply for post_id in ids for reply in said.get(post_id, ()) if _at(reply) < post.post.at)
    return _turns(post, found, ours, ids)


def call_name(shown: str) -> str | None:
    """How to address somebody with this display name; None if nothing in it is safe to say."""
    return _call_names().of(shown)


def wished_name(wish: str) -> str | None:
    """How to address somebody who wishes to be called so; None if that is not safe to say."""
    return _call_names().wished(wish)


@lru_cache(maxsize=1)
def _call_names() -> CallNames:
    name = "call_names.yaml"
    text = resources.files("responders").joinpath("data", name).read_text(encoding="utf-8")
    return CallNames(read_shipped({name: text}, [])["call_names"])


def _replies_to(connection: Connection, post: StoredPost) -> RepliesTo:
    if post.post.reply_to is None:
        return "nobody"
    found = posts.replied_to(connection, post.post)
    if found is None:
        return "fan"  # a message that we do not know, so not ours
    parent = found[0]
    if parent is None:
        return "us"
    if parent.post.author.id == post.post.author.id:
        return "nobody"  # a fan who goes on with their own words
    return "staff" if parent.post.author.is_staff else "fan"


def _before_and_after(connection: Connection, post: StoredPost) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    earlier, later = nearby.around(connection, post, NEARBY)
    said = deliveries.sent_in_posts(connection, [post.id, *(other.id for other in earlier)])
    in_thread = {post.id, *(other.id for other in earlier if other.thread == post.thread)}
    ours_before = [reply for reply in said if _at(reply) < post.post.at]
    ours_after = [reply for reply in said if _at(reply) >= post.post.at and reply.post_id == post.id]
    own = posts.messages_of(connection, post)
    return _turns(post, earlier, ours_before, in_thread), _turns(post, later, ours_after, in_thread, own)


def _turns(
    post: StoredPost,
    found: Iterable[Message],
    said: Iterable[Delivery],
    in_thread: Set[str],
    own: Set[str] = frozenset(),
) -> tuple[Turn, ...]:
    """Oldest first. `in_thread`: our ids of the posts of the thread. `own`: the messages of the post."""
    turns = [_turn(other, post, own) for other in found if not other.is_bot]
    turns += [_ours(reply, post, in_thread) for reply in said]
    return tuple(sorted(turns, key=lambda t: t.at))


def _turn(other: Message, post: StoredPost, own: Set[str]) -> Turn:
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
