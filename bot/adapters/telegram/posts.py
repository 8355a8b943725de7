"""A Telegram message as a post: its words, its author, what it answers, and where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import telegram
from telegram.constants import ChatID, ChatType, MessageEntityType

from bot.adapters.telegram.api import NAME
from bot.adapters.telegram.directory import Directory
from bot.domain import clean
from bot.settings import Listen
from bot.store.parts import Part
from responders.types import Attachment, AttachmentKind, Author, Place, Post

FORWARD = Attachment(kind="link", title="a forwarded message")
"""Stands for the words of somebody else."""

_IN_THE_NAME_OF = (ChatID.SERVICE_CHAT, ChatID.ANONYMOUS_ADMIN, ChatID.FAKE_CHANNEL)
"""Accounts that stand for a channel or an anonymous administrator; `sender_chat` says which."""
_FILES: tuple[tuple[str, AttachmentKind], ...] = (
    ("photo", "image"),
    ("animation", "video"),
    ("video", "video"),
    ("video_note", "video"),
    ("voice", "audio"),
    ("audio", "audio"),
    ("document", "file"),
    ("sticker", "image"),
    ("poll", "file"),
    ("location", "file"),
    ("contact", "file"),
    ("dice", "file"),
    ("story", "link"),
)
"""Parts of a message beside its words. Their addresses contain the token, so they are not stored."""
SHOWN_SIDE = 1280
"""Pixels of the longer side of a photo on a card, at most."""


def channel_of(message: telegram.Message) -> str:
    """The channel of a post: the chat, or a topic in it. Message ids are unique within the chat."""
    chat = str(message.chat.id)
    return f"{chat}/{message.message_thread_id}" if message.is_topic_message else chat


def chat_of(channel: str) -> int:
    """The chat that a post's channel is in."""
    return int(channel.partition("/")[0])


def by_a_person(message: telegram.Message) -> bool:
    """True when a person wrote it in a group, perhaps in the name of a channel or of the group."""
    if message.chat.type not in {ChatType.GROUP, ChatType.SUPERGROUP} or message.via_bot:
        return False
    if message.sender_chat:
        return True
    author = message.from_user
    return author is not None and not author.is_bot


def readable(message: telegram.Message) -> bool:
    """False for notices of the group: somebody came, a message was pinned, a topic was made."""
    return bool(text_of(message) or _attachments([message]))


def text_of(message: telegram.Message) -> str:
    """The words or the caption of a message. A forwarded message has no words of its author."""
    if message.forward_origin and not message.is_automatic_forward:
        return ""
    return message.text or message.caption or ""


def post_of(
    messages: Sequence[telegram.Message], listen: Listen, directory: Directory, me: telegram.User, topic: str
) -> Post:
    """The message as a post; several messages are the parts of an album.

    `directory` tells staff from fans, `topic` is the title of the topic, where it is known.
    """
    parts = sorted(messages, key=lambda part: part.message_id)
    message = parts[0]
    return Post(
        platform=NAME,
        channel=channel_of(message),
        external_id=str(message.message_id),
        author=_author(message, directory),
        text="\n".join(filter(None, map(text_of, parts))),
        # Telegram counts whole seconds; within one, the ids say what came first.
        at=message.date + timedelta(microseconds=message.message_id % 1_000_000),
        reply_to=_reply_to(message),
        attachments=tuple(_attachments(parts)),
        mentions_us=any(mentions_us(part, me) for part in parts),
        place=_place(message, listen, topic),
        quote=message.quote.text if message.quote else "",
    )


def part_of(message: telegram.Message) -> Part:
    """The message as a part of an album."""
    words = clean(text_of(message))
    shown = tuple(_attachments([message]))
    return Part(external_id=str(message.message_id), text=words, edited_at=message.edit_date, attachments=shown)


def mentions_us(message: telegram.Message, me: telegram.User) -> bool:
    """True when the message mentions the bot by its @name, or by a link to it."""
    for entity, words in entities(message):
        if entity.type == MessageEntityType.MENTION and words.casefold() == f"@{me.username}".casefold():
            return True
        if entity.type == MessageEntityType.TEXT_MENTION and entity.user and entity.user.id == me.id:
            return True
    return False


def topic_named(message: telegram.Message) -> str | None:
    """The title of its topic, if the message tells it."""
    edited, begun = message.forum_topic_edited, message.forum_topic_created
    if edited and edited.name:
        return edited.name
    if begun is None and message.is_topic_message and message.reply_to_message:
        begun = message.reply_to_message.forum_topic_created
    return begun.name if begun else None


def _author(message: telegram.Message, directory: Directory) -> Author:
    chat, user = message.sender_chat, message.from_user
    if chat and (user is None or user.id in _IN_THE_NAME_OF):
        ours = bool(message.is_automatic_forward) or directory.speaks_for_us(chat.id, message.chat.id)
        return Author(id=str(chat.id), name=chat.title or "", is_staff=ours)
    if user is None:
        return Author(id="", name="", is_staff=False)
    return Author(id=str(user.id), name=user.full_name, is_staff=directory.is_staff(user.id))


def _reply_to(message: telegram.Message) -> str | None:
    """The message it answers. In a topic, a message that answers nothing comes as an answer to the first notice."""
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created or answered.chat.id != message.chat.id:
        return None
    return str(answered.message_id)


def _place(message: telegram.Message, listen: Listen, topic: str) -> Place:
    inside = message.is_topic_message
    return Place(
        name=message.chat.title or "",
        parent=str(message.chat.id) if inside else None,
        topic=(topic or f"topic {message.message_thread_id}") if inside else "",
        locale=listen.locale,
        register=None if listen.register_ == "default" else listen.register_,
    )


def _attachments(parts: Sequence[telegram.Message]) -> list[Attachment]:
    """Everything beside the words."""
    found: list[Attachment] = []
    for message in parts:
        kind = next((kind for name, kind in _FILES if getattr(message, name)), None)
        if kind:
            found.append(Attachment(kind=kind, title=_title(message), file=_photo(message)))
        if message.forward_origin and not message.is_automatic_forward:
            found.append(FORWARD)
            continue
        links = (entity.url for entity, _ in entities(message) if entity.type == MessageEntityType.TEXT_LINK)
        found += [Attachment(kind="link", url=url) for url in links if url]
    return found


def _photo(message: telegram.Message) -> str | None:
    """The file id of the size of a photo that a card shows: the largest that is not too large."""
    sizes = sorted(message.photo, key=lambda size: max(size.width, size.height))
    fitting = [size for size in sizes if max(size.width, size.height) <= SHOWN_SIDE]
    return next((size.file_id for size in (*fitting[-1:], *sizes[:1])), None)


def _title(message: telegram.Message) -> str | None:
    file = message.document or message.audio or message.video or message.animation
    if file:
        return file.file_name
    if message.sticker:
        return f"sticker {message.sticker.emoji or ''}".strip()
    if message.poll:
        return f"poll: {message.poll.question}"
    return None


def entities(message: telegram.Message) -> Iterator[tuple[telegram.MessageEntity, str]]:
    """The entities with their words. Telegram counts in UTF-16 units."""
    for words, marks in ((message.text, message.entities), (message.caption, message.caption_entities)):
        units = (words or "").encode("utf-16-le", "surrogatepass")
        for entity in marks:
            part = units[2 * entity.offset : 2 * (entity.offset + entity.length)]
            yield entity, part.decode("utf-16-le", "replace")
