"""Caps on the number of replies. Plain functions of a connection."""

from __future__ import annotations

from datetime import datetime

from bot.domain import StoredPost, exempt_from_caps
from bot.settings import Settings
from bot.store import Connection, drafts


def used_up(connection: Connection, post: StoredPost, settings: Settings, now: datetime) -> str | None:
    """The cap that is reached here, in words; None if another reply may go."""
    platform, channel = post.post.platform, post.post.channel
    if exempt_from_caps(platform, channel):
        return None
    fan, place = settings.replies.per_fan, settings.replies.per_channel
    if fan and drafts.used(connection, platform, now - fan.per, fan_id=post.post.author.id) >= fan.count:
        return f"{fan.words} for one fan"
    if place and drafts.used(connection, platform, now - place.per, channel=channel) >= place.count:
        return f"{place.words} for one channel"
    return None
