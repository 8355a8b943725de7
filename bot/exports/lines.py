"""Posts as JSON lines, as the replay platform plays them. Keys that it would refuse are ignored here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, get_args

from bot.exports.fields import identity, mapping, mappings, moment, name, text
from bot.exports.findings import Exported, Findings, LeftOut
from responders.library.faults import Fault
from responders.types import Attachment, AttachmentKind, Author, Post

NAME = "replay"

LONGEST = 1 << 20
"""Bytes of one line at most."""
_EPOCH = datetime.fromtimestamp(0, UTC)
_KINDS = frozenset(get_args(AttachmentKind))


class _NoPost(Exception):
    """A line is JSON, and no post."""


def read(file: BinaryIO, file_name: str, found: Findings) -> Iterator[Exported]:
    """The posts. One without a time has that of the post before it."""
    before = _EPOCH
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            post = _post(json.loads(line), f"{file_name}:{number}", before, found)
        except LeftOut as left_out:
            found.note(left_out.note)
        except _NoPost as error:
            found.faulty_line(Fault(file=file_name, line=number, message=str(error)))
        except (ValueError, RecursionError):
            message = "this is no JSON" if len(line) < LONGEST else "this line is too long"
            found.faulty_line(Fault(file=file_name, line=number, message=message))
        else:
            before = post.at
            yield Exported(post=post)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines; only the beginning of one that is too long."""
    while line := file.readline(LONGEST):
        rest = line
        while len(rest) == LONGEST and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST)
        yield line


def _post(value: Any, own_id: str, before: datetime, found: Findings) -> Post:
    """The post of a line. Raises LeftOut, or _NoPost, which says what is wrong."""
    data, writer = mapping(value), mapping(mapping(value).get("author"))
    own = identity(data.get("id", own_id))
    channel, author, words = identity(data.get("channel")), identity(writer.get("id")), data.get("text")
    if not own or not channel or not author or not isinstance(words, str):
        raise _NoPost("this is no post: it needs a `channel`, an `author` with an `id`, and a `text`")
    at = before if data.get("at") is None else moment(data["at"])
    if at is None:
        raise _NoPost("`at` is no time")
    post = Post(
        platform=NAME,
        channel=channel,
        external_id=own,
        author=Author(
            id=author,
            name=name(writer.get("name")),
            is_staff=writer.get("is_staff") is True,
            is_bot=writer.get("is_bot") is True,
        ),
        text=text(words),
        at=at,
        reply_to=identity(data.get("reply_to")) or None,
        attachments=tuple(_attachments(data)),
    )
    found.check(post, (channel, own))
    found.read.put((channel, own), 0)
    return post


def _attachments(data: dict[str, Any]) -> Iterator[Attachment]:
    for one in mappings(data.get("attachments")):
        if isinstance(one.get("kind"), str) and one["kind"] in _KINDS:
            yield Attachment(kind=one["kind"], url=text(one.get("url")) or None, title=name(one.get("title")) or None)
