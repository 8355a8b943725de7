"""What surges now, for the head of the inbox and of the live page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import Draft, StoredPost
from bot.insights.surge import DAY, DAYS, HOUR
from bot.insights.watch import lasting
from bot.store import Connection, answers, listing, posts

SHOWN = 3
"""Cards that a surge links to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surge:
    """Many more complaints than usual, or many more posts on a topic."""

    topic: str | None
    """What managers call the topic; empty if it is gone, None for complaints of any topic."""
    since: datetime
    cards: Sequence[tuple[Draft, StoredPost]]
    """The newest that wait."""


def surges(connection: Connection, now: datetime) -> list[Surge]:
    """What has begun and lasts, the newest first."""
    begun = lasting(connection, now - DAYS * DAY)
    return [_surge(connection, topic, at) for at, topic in sorted(((e.at, t) for t, e in begun.items()), reverse=True)]


def _surge(connection: Connection, topic: str, at: datetime) -> Surge:
    since = at - HOUR
    if topic:
        ids = answers.topic_drafts(connection, topic, since, SHOWN)
        name: str | None = answers.topic_name(connection, topic) or ""
    else:
        ids, name = answers.complaint_drafts(connection, since, SHOWN), None
    drafts = listing.by_ids(connection, ids)
    about = {post.id: post for post in posts.some(connection, [draft.post_id for draft in drafts])}
    return Surge(topic=name, since=at, cards=[(draft, about[draft.post_id]) for draft in drafts])
