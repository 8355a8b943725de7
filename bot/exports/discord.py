"""What DiscordChatExporter wrote: one channel or thread in a file."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from bot.exports.document import EACH, OPENED, walk
from bot.exports.fields import identity, mapping, mappings, moment, name, text
from bot.exports.findings import Exported, Findings, LeftOut, Note
from responders.types import Attachment, AttachmentKind, Author, Place, Post

NAME = "discord"

_CHANNEL, _MESSAGE = ("channel",), ("messages", EACH)
_KEPT = frozenset(
    (
        *("id", "type", "timestamp", "timestampEdited", "content", "author", "attachments", "stickers", "mentions"),
        *("reference", "forwardedMessage"),
    )
)
_WRITTEN = frozenset({"Default", "Reply", "20"})
"""Messages that people or bots write; 20 is the answer to a slash command. All others are notices."""
_THREADS = frozenset({"GuildNewsThread", "GuildPublicThread", "GuildPrivateThread", "10", "11", "12"})
_PRIVATE = frozenset({"DirectTextChat", "DirectGroupTextChat", "1", "3"})
"""Types of channels. Old versions wrote their numbers."""
_DELETED = "Deleted User"
_MARKS = re.compile(r"<(?:(@!?)(\d{1,20})|(@&|#)\d{1,20}|a?(:\w{2,32}:)\d{15,20})>", re.ASCII)
"""Mentions and emoji of a text that was exported as it was sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Channel:
    id: str
    place: Place
    is_private: bool


def read(file: BinaryIO, file_name: str, found: Findings) -> Iterator[Exported]:
    """The messages that people and bots wrote."""
    channel: _Channel | None = None
    for path, value in walk(file, file_name, {_CHANNEL: None, _MESSAGE: _KEPT}, found.fault):
        if path == ():
            channel = None
        elif path == _CHANNEL:
            channel = _channel(mapping(value))
        elif value is not OPENED:
            try:
                message = _message(mapping(value), channel, found)
            except LeftOut as left_out:
                found.note(left_out.note)
            else:
                yield message


def _channel(data: Mapping[str, Any]) -> _Channel | None:
    own, kind = identity(data.get("id")), identity(data.get("type"))
    if not own:
        return None
    place = Place(name=name(data.get("name")))
    if kind in _THREADS:
        parent = identity(data.get("categoryId")) or None
        place = Place(name=name(data.get("category")), parent=parent, topic=place.name)
    return _Channel(id=own, place=place, is_private=kind in _PRIVATE)


def _message(data: Mapping[str, Any], channel: _Channel | None, found: Findings) -> Exported:
    """A message; raises LeftOut."""
    if data and identity(data.get("type")) not in _WRITTEN:
        raise LeftOut(Note.SERVICE)
    own, author = identity(data.get("id")), _author(mapping(data.get("author")))
    at = moment(data.get("timestamp"), found)
    if channel is None or author is None or at is None or not own:
        raise LeftOut(Note.UNREADABLE)
    if channel.is_private:
        raise LeftOut(Note.NO_GROUP)
    post = Post(
        platform=NAME,
        channel=channel.id,
        external_id=own,
        author=author,
        text=_words(data, own, channel),
        at=at,
        reply_to=_reply_to(mapping(data.get("reference")), own, channel),
        attachments=tuple(_attachments(data)),
        place=channel.place,
    )
    found.check(post, (channel.id, own))
    found.read.put((channel.id, own), 0)
    mentions = tuple(filter(None, (identity(user.get("id")) for user in mappings(data.get("mentions")))))
    return Exported(post=post, edited_at=moment(data.get("timestampEdited")), mentions=mentions)


def _author(data: Mapping[str, Any]) -> Author | None:
    own, called, is_bot = identity(data.get("id")), _called(data), data.get("isBot") is True
    if not own:
        return None
    if is_bot and data.get("discriminator") == "0000":  # a webhook: many may share it, only their names differ
        own = f"{own}:{called}"
    return Author(id=own, name=called, is_bot=is_bot)


def _called(user: Mapping[str, Any]) -> str:
    if name(user.get("name")) == _DELETED:
        return ""
    return name(user.get("nickname")) or name(user.get("name"))


def _words(data: Mapping[str, Any], own: str, channel: _Channel) -> str:
    """The words, with names for mentions. In a forum thread the first message begins with the title."""
    names = {identity(user.get("id")): _called(user) for user in mappings(data.get("mentions"))}

    def named(mark: re.Match[str]) -> str:
        at, user, other, emoji = mark.groups()
        if at:
            return f"@{names.get(user) or 'user'}"
        return emoji or {"@&": "@role", "#": "#channel"}[other]

    words = text(data.get("content"))
    if "<" in words:
        words = _MARKS.sub(named, words)
    return f"{channel.place.topic}\n{words}".strip() if channel.place.parent and own == channel.id else words


def _reply_to(reference: Mapping[str, Any], own: str, channel: _Channel) -> str | None:
    """The message it replies to, else the first message of its thread."""
    answered = identity(reference.get("messageId"))
    if answered and (reference.get("type") or "Default") == "Default":
        return answered
    return channel.id if channel.place.parent and own != channel.id else None


def _attachments(data: Mapping[str, Any]) -> Iterator[Attachment]:
    for file in mappings(data.get("attachments")):
        title = name(file.get("fileName")) or None
        yield Attachment(kind=_kind(title or ""), url=_address(file.get("url")), title=title)
    for sticker in mappings(data.get("stickers")):
        yield Attachment(kind="image", url=_address(sticker.get("sourceUrl")), title=name(sticker.get("name")) or None)
    if mapping(data.get("forwardedMessage")) or mapping(data.get("reference")).get("type") == "Forward":
        yield Attachment(kind="link", title="a forwarded message")


def _address(value: object) -> str | None:
    """An address in the web; where media was exported too, it is a path in the export."""
    address = text(value)
    return address if address.startswith(("https://", "http://")) else None


_KINDS: Mapping[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}


def _kind(file_name: str) -> AttachmentKind:
    return _KINDS.get((mimetypes.guess_type(file_name)[0] or "").partition("/")[0], "file")
