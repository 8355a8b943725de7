"""The messages of a post that has several: the pictures of an album, each with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, literal, or_, select, update

from bot.domain import StoredPost
from bot.store import posts
from bot.store.tables import parts
from responders.types import Attachment


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One message. `edited_at` is the platform's time of the last edit; None if there was none."""

    external_id: str
    text: str
    edited_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


def post_of(connection: Connection, platform: str, channel: str, album: str) -> StoredPost | None:
    """The post of an album, or None."""
    here = (parts.c.platform == platform, parts.c.channel == channel, parts.c.album == album)
    post_id = connection.execute(select(parts.c.post_id).where(*here).limit(1)).scalar()
    return posts.get(connection, post_id) if post_id else None


def keep(connection: Connection, post: StoredPost, album: str, found: Sequence[Part]) -> list[Part]:
    """Store messages of a post, or their newer words. Returns the new messages. The newest edit wins; of two at the
    same time, the one that came last."""
    return [part for part in found if _keep(connection, post, album, part)]


def _keep(connection: Connection, post: StoredPost, album: str, part: Part) -> bool:
    key = {"platform": post.post.platform, "channel": post.post.channel, "external_id": part.external_id}
    words = {"text": part.text, "edited_at": part.edited_at}
    row = {**key, **words, "post_id": post.id, "album": album}
    if connection.execute(posts.insert_ignore(connection, parts).returning(parts.c.post_id), row).first():
        return True
    if part.edited_at:
        here = [parts.c[name] == value for name, value in key.items()]
        older = or_(parts.c.edited_at.is_(None), parts.c.edited_at <= literal(part.edited_at, parts.c.edited_at.type))
        connection.execute(update(parts).where(*here, older).values(words))
    return False


def text_of(connection: Connection, post_id: str) -> str:
    """The text of a post: the captions of its messages, one a line, in order."""
    rows = connection.execute(select(parts.c.external_id, parts.c.text).where(parts.c.post_id == post_id)).all()
    in_order = sorted(rows, key=lambda row: (len(row.external_id), row.external_id))
    return "\n".join(row.text for row in in_order if row.text)
