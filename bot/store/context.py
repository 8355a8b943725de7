"""All that is known around a post when it is judged, in one hop to the database."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Connection

from bot.domain import Delivery, StoredPost, exempt_from_caps
from bot.settings import Settings
from bot.store import deliveries, drafts, fans, posts
from responders.types import Context, RepliesTo, Turn

NEARBY = 20
FRESH = 50
"""How many past replies of a channel, and to a fan, a new wording is held against (design section 6)."""

_SAYABLE = re.compile(r"[^\W\d_][^\W\d_'\u2019-]{1,23}", re.UNICODE)


def load(
    connection: Connection, post: StoredPost, settings: Settings, now: datetime, *, asked: bool = False
) -> Context:
    """The context of a post as it stands at `now`."""
    replies_to = _replies_to(connection, post)
    fan = fans.get(connection, post.post.platform, post.post.author.id)
    named = settings.community.name.casefold() in post.post.text.casefold()
    return Context(
        now=now,
        community=settings.community.name,
        locale=settings.community.locale,
        channel_name=post.post.channel,
        replies_to=replies_to,
        addressed=replies_to == "us" or post.post.mentions_us or named,
        before=_turns(connection, post, before=True),
        after=_turns(connection, post, before=False),
        past_replies=drafts.past_replies(connection, post, FRESH),
        cap=None if replies_to == "us" else cap_used_up(connection, post, settings, now),
        opted_out=fan.opted_out_at is not None,
        call_name=call_name(post.post.author.name),
        asked=asked,
        forced_intent=post.forced_intent,
    )


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


def thread(connection: Connection, post: StoredPost) -> tuple[Turn, ...]:
    """The reply thread before the post, for a card."""
    return tuple(turn for turn in _turns(connection, post, before=True) if turn.in_thread)


def call_name(shown: str) -> str | None:
    """A name that can be said aloud: the first word of what the platform shows, letters only; else None."""
    first = shown.split(maxsplit=1)[0] if shown.split() else ""
    return first if _SAYABLE.fullmatch(first) else None


def _replies_to(connection: Connection, post: StoredPost) -> RepliesTo:
    if post.post.reply_to is None:
        return "nobody"
    found = posts.replied_to(connection, post.post)
    if found is None:
        return "fan"  # somebody we have not seen, and certainly not us
    parent = found[0]
    if parent is None:
        return "us"
    if parent.post.author.id == post.post.author.id:
        return "nobody"  # a fan going on with their own words
    return "staff" if parent.post.author.is_staff else "fan"


def _turns(connection: Connection, post: StoredPost, *, before: bool) -> tuple[Turn, ...]:
    found = posts.around(connection, post, before=before, limit=NEARBY)
    said = deliveries.sent_in_posts(connection, [p.id for p in found if before] + [post.id])
    where = {p.id: p for p in (*found, post)}
    turns = [_turn(p, post) for p in found if not p.post.author.is_bot]
    for reply in said:
        at = reply.sent_at or reply.created_at
        if (at < post.post.at) == before:
            turns.append(_ours(reply, where[reply.post_id], post, at))
    return tuple(sorted(turns, key=lambda t: t.at))


def _turn(other: StoredPost, post: StoredPost) -> Turn:
    author = other.post.author
    return Turn(
        role="author" if author.id == post.post.author.id else "staff" if author.is_staff else "fan",
        name=author.name,
        text=other.post.text,
        at=other.post.at,
        replies_to_post=other.post.reply_to == post.post.external_id and other.post.channel == post.post.channel,
        in_thread=other.thread == post.thread,
    )


def _ours(reply: Delivery, answered: StoredPost, post: StoredPost, at: datetime) -> Turn:
    return Turn(
        role="us",
        name="",
        text=reply.text or "",
        at=at,
        replies_to_post=answered.id == post.id,
        in_thread=answered.thread == post.thread,
    )
