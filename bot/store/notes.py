"""What managers write for one another about a post, and whom they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from bot.domain import Note
from bot.events import Happened
from bot.store import drafts, events, posts, tables
from bot.store.tables import mentions, notes

_KEPT = notes.c.text != ""
"""The words of a note go with those of its post."""

_OF_POSTS = (
    select(notes, mentions.c.manager)
    .outerjoin(mentions, mentions.c.note_id == notes.c.id)
    .where(notes.c.post_id.in_(bindparam("post_ids", expanding=True)), _KEPT)
    .order_by(notes.c.at, notes.c.id, mentions.c.manager)
)


def add(connection: Connection, note: Note, post_id: str) -> bool:
    """Keep a note on a post; False when there is no such post, or its words are no longer kept."""
    post = posts.get(connection, post_id)
    if post is None or post.deleted or not post.kept:
        return False
    values = {"id": note.id, "post_id": post_id, "by": note.by, "at": note.at, "text": note.text}
    connection.execute(insert(notes), values)
    if note.names:
        connection.execute(insert(mentions), [{"note_id": note.id, "manager": name} for name in note.names])
    _tell(connection, Happened.NOTE_WRITTEN, post_id, note.by, note.at)
    return True


def remove(connection: Connection, note_id: str, by: str, at: datetime) -> Literal["removed", "unknown", "not yours"]:
    """Delete a note of one's own."""
    row = connection.execute(select(notes.c.post_id, notes.c.by).where(notes.c.id == note_id, _KEPT)).first()
    if row is None:
        return "unknown"
    if row.by != by:
        return "not yours"
    connection.execute(delete(mentions).where(mentions.c.note_id == note_id))
    connection.execute(delete(notes).where(notes.c.id == note_id))
    _tell(connection, Happened.NOTE_REMOVED, row.post_id, by, at)
    return "removed"


def of_posts(connection: Connection, post_ids: Sequence[str]) -> dict[str, tuple[Note, ...]]:
    """The notes on these posts by the post's id, the oldest first, in one statement."""
    found: defaultdict[str, list[Note]] = defaultdict(list)
    for _, rows in groupby(connection.execute(_OF_POSTS, {"post_ids": post_ids}), key=lambda row: row.id):
        note, *more = rows
        names = tuple(row.manager for row in (note, *more) if row.manager)
        found[note.post_id].append(Note(id=note.id, by=note.by, at=note.at, text=note.text, names=names))
    return {post_id: tuple(of_post) for post_id, of_post in found.items()}


def unseen_by(manager: str) -> Select[tuple[str]]:
    """The ids of the posts with a note that names a manager who has not seen it."""
    unseen = (mentions.c.manager == manager, mentions.c.seen_at.is_(None))
    return select(notes.c.post_id).join(mentions, mentions.c.note_id == notes.c.id).where(*unseen, _KEPT)


def see(connection: Connection, manager: str, draft_id: str, at: datetime) -> None:
    """A manager has looked at a card: what its notes say to them is no longer new."""
    of_card = (
        select(notes.c.id)
        .join(tables.drafts, tables.drafts.c.post_id == notes.c.post_id)
        .where(tables.drafts.c.id == draft_id)
    )
    unseen = (mentions.c.manager == manager, mentions.c.seen_at.is_(None), mentions.c.note_id.in_(of_card))
    connection.execute(update(mentions).where(*unseen).values(seen_at=at))


def has_unseen(connection: Connection, manager: str) -> bool:
    """Whether `see` may have something to do."""
    return connection.execute(unseen_by(manager).limit(1)).first() is not None


def _tell(connection: Connection, name: Happened, post_id: str, by: str, at: datetime) -> None:
    card = drafts.latest(connection, post_id)
    events.append(connection, name, at, by=by, post_id=post_id, draft_id=card.id if card else None)
