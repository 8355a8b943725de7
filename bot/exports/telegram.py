"""What Telegram Desktop wrote: one chat, or the chats of a whole account."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from bot.exports.document import EACH, OPENED, walk
from bot.exports.fields import mapping, mappings, moment, name, number, text
from bot.exports.findings import Exported, Findings, LeftOut, Note
from responders.types import Attachment, AttachmentKind, Author, Place, Post

NAME = "telegram"

MOST_IN_ALBUM = 10
"""Messages of one album."""
_CHATS = ((), ("chats", "list", EACH), ("left_chats", "list", EACH))
"""Where a chat may stand: it is the document, or in one of the account's lists."""
_KEPT = frozenset(
    (
        *("id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "from", "from_id", "via_bot", "text"),
        *("action", "title", "new_title", "reply_to_message_id", "reply_to_peer_id", "forwarded_from", "photo"),
        *("file", "file_name", "media_type", "sticker_emoji", "contact_information", "location_information", "poll"),
        "inline_bot_buttons",
    )
)
_WANTED = {
    **{(*chat, key): None for chat in _CHATS for key in ("id", "type", "name")},
    **{(*chat, "messages", EACH): _KEPT for chat in _CHATS},
}
_PREFIXES = {"private_group": "-", "private_supergroup": "-100", "public_supergroup": "-100"}
"""Types of groups -> what the Bot API sets before the chat's number."""
_PEER = re.compile(r"(user|chat|channel)(\d{1,19})", re.ASCII)
_PEERS = {"user": "", "chat": "-", "channel": "-100"}
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
_MEDIA: Mapping[object, AttachmentKind] = {
    "sticker": "image",
    "animation": "video",
    "video_file": "video",
    "video_message": "video",
    "voice_message": "audio",
    "audio_file": "audio",
}
_OF_ALBUMS = (None, "video_file", "audio_file")
"""Files that can be part of an album, beside photos."""


@dataclass(slots=True)
class _Chat:
    number: int | None = None
    kind: object = None
    name: str = ""

    @property
    def id(self) -> str | None:
        """As the Bot API writes it; None for what is no group."""
        prefix = _PREFIXES.get(self.kind) if isinstance(self.kind, str) else None
        return None if prefix is None or self.number is None else f"{prefix}{self.number}"


@dataclass(kw_only=True, slots=True)
class _Album:
    """The newest message, which others may belong to."""

    key: object
    """What all parts have in common; None when it cannot be part of an album."""
    first: int
    message: Exported
    parts: int = 1


def read(file: BinaryIO, file_name: str, found: Findings) -> Iterator[Exported]:
    """The messages that people and bots wrote in groups."""
    reader = _Reader(found)
    for path, value in walk(file, file_name, _WANTED, found.fault):
        if value is OPENED:
            if path in _CHATS:
                reader.chat = _Chat()
        elif path[-1] == "id":
            reader.chat.number = number(value)
        elif path[-1] == "type":
            reader.chat.kind = value
        elif path[-1] == "name":
            reader.chat.name = name(value)
        else:
            yield from reader.message(mapping(value))
    yield from reader.rest()


class _Reader:
    """Remembers the chat, and the last message until no other part of its album can follow."""

    def __init__(self, found: Findings) -> None:
        """At the beginning of a file."""
        self.chat = _Chat()
        self._found = found
        self._bots: set[str] = set()
        """Authors that sent buttons: only bots can."""
        self._album: _Album | None = None

    def rest(self) -> Iterator[Exported]:
        """The last message, if there is one."""
        if self._album:
            yield self._album.message
            self._album = None

    def message(self, data: Mapping[str, Any]) -> Iterator[Exported]:
        """Take a message. Returns those that are complete now."""
        try:
            own, message = self._made(data)
        except LeftOut as left_out:
            self._found.note(left_out.note)
            yield from self.rest()
            return
        key, last = (self.chat.id, own), self._album
        kind = _album_key(data, message)
        if last and kind and kind == last.key and last.parts < MOST_IN_ALBUM:
            last.message = _joined(last.message, message)
            last.parts += 1
            self._found.read.put(key, last.first)
            self._found.note(Note.ALBUM)
            return
        self._found.read.put(key, own)
        yield from self.rest()
        self._album = _Album(key=kind, first=own, message=message)

    def _made(self, data: Mapping[str, Any]) -> tuple[int, Exported]:
        """A message and its id; raises LeftOut."""
        own, chat = number(data.get("id")), self.chat.id
        if own is None:
            raise LeftOut(Note.UNREADABLE)
        if chat is None:
            raise LeftOut(Note.NO_GROUP)
        topic, reply_to = self._answers(data, own, chat)
        if data.get("type") == "service":
            self._service(data, own, chat)
            raise LeftOut(Note.SERVICE)
        if data.get("type") != "message":
            raise LeftOut(Note.UNSUPPORTED)
        if data.get("via_bot"):
            raise LeftOut(Note.VIA_BOT)
        author, at = self._author(data), self._time(data, own)
        if author is None or at is None:
            raise LeftOut(Note.UNREADABLE)
        forwarded = "forwarded_from" in data and not _is_automatic(data)
        post = Post(
            platform=NAME,
            channel=chat if topic is None else f"{chat}/{topic}",
            external_id=str(own),
            author=author,
            text="" if forwarded else _words(data),
            at=at,
            reply_to=reply_to,
            attachments=tuple(_attachments(data, forwarded)),
            place=self._place(chat, topic),
        )
        self._found.check(post, (chat, own))
        return own, Exported(post=post, edited_at=_edited(data), mentions=tuple(_mentions(data)))

    def _service(self, data: Mapping[str, Any], own: int, chat: str) -> None:
        """Learn of topics. A topic has the id of the notice that tells that it was made."""
        if data.get("action") == "topic_created":
            self._found.topics.put((chat, own), own)
            self._found.titles[chat, own] = name(data.get("title"))
        elif data.get("action") == "topic_edit":
            topic, title = number(data.get("reply_to_message_id")), name(data.get("new_title"))
            if topic is not None and title and self._found.topics.get((chat, topic)) == topic:
                self._found.titles[chat, topic] = title

    def _author(self, data: Mapping[str, Any]) -> Author | None:
        own = self._peer(data.get("from_id"))
        if own is None:
            return None
        if data.get("inline_bot_buttons"):
            self._bots.add(own)
        # The group itself is an administrator without a name; a channel whose posts come by themselves is linked to it.
        ours = own == self.chat.id or _is_automatic(data)
        return Author(id=own, name=name(data.get("from")), is_staff=ours, is_bot=own in self._bots)

    def _peer(self, value: object) -> str | None:
        """The id of a sender as the Bot API writes it."""
        if isinstance(value, str) and (peer := _PEER.fullmatch(value)):
            return f"{_PEERS[peer[1]]}{int(peer[2])}"
        old = number(value)
        if old is None or old < 0:
            return None
        kind, bare = divmod(old, 1 << 32)  # before 2021: 1 before the number of a person, 2 before that of a chat
        if kind != 2:  # noqa: PLR2004 - see above
            return str(bare if kind == 1 else old)
        return self.chat.id if bare == self.chat.number else f"-100{bare}"

    def _time(self, data: Mapping[str, Any], own: int) -> datetime | None:
        at = _unix(data.get("date_unixtime")) or moment(data.get("date"), self._found)
        try:
            # Telegram counts whole seconds; within one, the ids say what came first.
            return at + timedelta(microseconds=own % 1_000_000) if at else None
        except OverflowError:
            return None

    def _answers(self, data: Mapping[str, Any], own: int, chat: str) -> tuple[int | None, str | None]:
        """Its topic, and the message it replies to. What answers nothing in a topic answers its first notice."""
        answered = number(data.get("reply_to_message_id"))
        if answered is None or "reply_to_peer_id" in data:
            return None, None
        topic = self._found.topics.get((chat, answered))
        if topic is not None:
            self._found.topics.put((chat, own), topic)
            if topic == answered:
                return topic, None
        first = self._found.read.get((chat, answered))
        return topic, str(answered if first is None else first)

    def _place(self, chat: str, topic: int | None) -> Place:
        if topic is None:
            return Place(name=self.chat.name)
        title = self._found.titles.get((chat, topic)) or f"topic {topic}"
        return Place(name=self.chat.name, parent=chat, topic=title)


def _album_key(data: Mapping[str, Any], message: Exported) -> object:
    """Parts of an album have the sender and the second in common; the export does not tell the album."""
    if "photo" not in data and ("file" not in data or data.get("media_type") not in _OF_ALBUMS):
        return None
    post = message.post
    return post.channel, post.author.id, post.at.replace(microsecond=0), post.reply_to, "forwarded_from" in data


def _joined(album: Exported, part: Exported) -> Exported:
    words = "\n".join(filter(None, (album.post.text, part.post.text)))
    post = replace(album.post, text=words, attachments=album.post.attachments + part.post.attachments)
    edited = max(filter(None, (album.edited_at, part.edited_at)), default=None)
    return Exported(post=post, edited_at=edited, mentions=album.mentions + part.mentions)


def _is_automatic(data: Mapping[str, Any]) -> bool:
    """True for a channel's own post that came into its group by itself."""
    sender = data.get("from_id")
    by_channel = isinstance(sender, str) and sender.startswith("channel")
    return by_channel and isinstance(data.get("from"), str) and data.get("forwarded_from") == data.get("from")


def _unix(value: object) -> datetime | None:
    try:
        is_time = isinstance(value, str) and _SECONDS.fullmatch(value)
        return datetime.fromtimestamp(int(value), UTC) if is_time and isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def _edited(data: Mapping[str, Any]) -> datetime | None:
    at = _unix(data.get("edited_unixtime")) or moment(data.get("edited"))
    return at if at and at.year > 1970 else None  # noqa: PLR2004 - what old exports wrote for never


def _parts(data: Mapping[str, Any]) -> list[Any]:
    """The text as a list of strings and objects."""
    value = data.get("text")
    return value if isinstance(value, list) else [value]


def _words(data: Mapping[str, Any]) -> str:
    return "".join(text(part.get("text") if isinstance(part, dict) else part) for part in _parts(data))


def _mentions(data: Mapping[str, Any]) -> Iterator[str]:
    for part in mappings(_parts(data)):
        user, words = number(part.get("user_id")), text(part.get("text"))
        if part.get("type") == "mention_name" and user is not None:
            yield str(user)
        elif part.get("type") == "mention" and words.startswith("@"):
            yield words


def _attachments(data: Mapping[str, Any], forwarded: bool) -> Iterator[Attachment]:
    """Everything beside the words. Files are paths in the export, or a remark, so they have no address."""
    if "photo" in data:
        yield Attachment(kind="image")
    elif "file" in data:
        media = data.get("media_type")
        kind = _MEDIA.get(media, "file") if isinstance(media, str) else "file"
        yield Attachment(kind=kind, title=_title(data) or None)
    elif mapping(data.get("poll")):
        yield Attachment(kind="file", title=f"poll: {name(mapping(data['poll']).get('question'))}")
    elif "location_information" in data or "contact_information" in data:
        yield Attachment(kind="file")
    if forwarded:
        yield Attachment(kind="link", title="a forwarded message")
        return
    for part in mappings(_parts(data)):
        if part.get("type") == "text_link" and (address := text(part.get("href"))):
            yield Attachment(kind="link", url=address)


def _title(data: Mapping[str, Any]) -> str:
    if data.get("media_type") == "sticker":
        return f"sticker {name(data.get('sticker_emoji'))}".strip()
    return name(data.get("file_name"))
