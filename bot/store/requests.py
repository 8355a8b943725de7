"""Answers to requests with an Idempotency-Key. They are kept for a day, for requests that are repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.store.posts import NewPost, Received, add_many, add_unless_there
from bot.store.tables import posts, requests
from responders.types import Post


def find(connection: Connection, key: str) -> tuple[str, Any] | None:
    """The fingerprint of the first request and its answer, or None for a new key."""
    row = connection.execute(select(requests).where(requests.c.key == key)).first()
    return (row.fingerprint, row.answer) if row else None


def keep(
    connection: Connection, key: str, fingerprint: str, answer: Mapping[str, Any], *, post_id: str | None, at: datetime
) -> None:
    """Store the answer. With `post_id` it is erased together with the post."""
    row = {"key": key, "fingerprint": fingerprint, "answer": dict(answer), "post_id": post_id, "at": at}
    connection.execute(insert(requests), row)


def receive(connection: Connection, new: NewPost, key: str, sent: str | None) -> Received | None:
    """Store a post once under a key. The same post gets its first answer again; None for another post.

    `sent` is what the client sent; None: what the post says.
    """
    known = find(connection, key)
    fingerprint = hashlib.sha256((sent or _said(new.post)).encode()).hexdigest()
    if known and known[0] != fingerprint:
        return None
    if known:
        return Received(**known[1])
    received = add_many(connection, [new])[0]
    answer = {"post_id": received.post_id, "new": received.new}
    keep(connection, key, fingerprint, answer, post_id=received.post_id, at=new.received_at)
    return received


def _said(post: Post) -> str:
    """What identifies a post that comes again. Its id and time may be our defaults."""
    return repr((post.platform, post.channel, post.author, post.text, post.reply_to, post.attachments))


def first_use(connection: Connection, key: str, at: datetime) -> bool:
    """True if the key is new, for links that work once."""
    row = {"key": key, "fingerprint": "", "at": at}
    return add_unless_there(connection, requests, row)


def drop_of_fan(connection: Connection, platform: str, fan_id: str) -> None:
    """Drop the answers that show a fan's posts."""
    theirs = select(posts.c.id).where(posts.c.platform == platform, posts.c.author_id == fan_id)
    connection.execute(delete(requests).where(requests.c.post_id.in_(theirs)))


def drop_before(connection: Connection, moment: datetime) -> None:
    """Drop answers from before `moment`."""
    connection.execute(delete(requests).where(requests.c.at < moment))
