"""A Discord message as a post: its words, its author, what it answers, and where it is."""

from __future__ import annotations

import re

import discord

from bot.adapters.discord.directory import Directory
from bot.adapters.discord.section import Discord
from bot.domain import StoredPost, clean
from bot.settings import Listen
from responders.types import Attachment, AttachmentKind, Author, Place, Post

NAME = Discord.name

_WRITTEN = (discord.MessageType.default, discord.MessageType.reply)
"""The types that people write. All others are notices of the server."""
_EMOJI = re.compile(r"<a?(:\w{2,32}:)\d{15,20}>")


def by_a_person(message: discord.Message, proxies: frozenset[str]) -> bool:
    """True when a person wrote it, perhaps through a proxy webhook of config.yaml."""
    if message.type not in _WRITTEN or message.guild is None:
        return False
    if message.webhook_id is not None:
        return bool({str(message.webhook_id), str(message.application_id)} & proxies)
    return not message.author.bot


def readable(message: discord.Message) -> bool:
    """False when it is empty: without the message-content intent, Discord shows us only what mentions us."""
    return bool(message.content or message.attachments or message.stickers or message.poll or message.message_snapshots)


def text_of(message: discord.Message) -> str:
    """The words of a message, with names for mentions. In a forum thread the first message begins with the title."""
    text = _EMOJI.sub(r"\1", message.clean_content)
    title = _title(message)
    return text if title is None else f"{title}\n{text}".strip()


def _title(message: discord.Message) -> str | None:
    """The title of the forum thread that begins with this message."""
    thread = message.channel
    return thread.name if isinstance(thread, discord.Thread) and thread.id == message.id else None


def is_retitled(message: discord.Message, post: StoredPost) -> bool:
    """True when a forum thread that begins with it has another title than the stored one."""
    title = _title(message)
    return title is not None and clean(title).strip() != post.post.text.partition("\n")[0]


def is_as_stored(message: discord.Message, post: StoredPost) -> bool:
    """True when a message still has the words that are stored.

    The time of the last edit tells. The text may differ without an edit: a mention has one name in an event, and may
    have another one when the message is fetched.
    """
    unedited = message.edited_at == post.edited_at and not is_retitled(message, post)
    return unedited or clean(text_of(message)) == post.post.text


def post_of(message: discord.Message, listen: Listen, directory: Directory) -> Post:
    """The message as a post. `directory` tells staff from fans."""
    webhook, author = message.webhook_id, message.author
    return Post(
        platform=NAME,
        channel=str(message.channel.id),
        external_id=str(message.id),
        author=Author(
            # Many people share one proxy webhook; only their names differ.
            id=str(author.id) if webhook is None else f"{webhook}:{author.name}",
            name=author.display_name,
            is_staff=webhook is None and directory.is_staff(author),
        ),
        text=text_of(message),
        at=message.created_at,
        reply_to=_reply_to(message),
        attachments=_attachments(message),
        mentions_us=mentions_us(message),
        place=_place(message.channel, listen),
    )


def mentions_us(message: discord.Message) -> bool:
    """True when the message mentions the bot, or the role that is the bot's own."""
    guild = message.guild
    if guild is None:
        return False
    return guild.me in message.mentions or bool(guild.self_role and guild.self_role in message.role_mentions)


def _reply_to(message: discord.Message) -> str | None:
    """The message it replies to, else the first message of its thread."""
    reference = message.reference
    if reference is not None and reference.message_id and reference.type is discord.MessageReferenceType.default:
        return str(reference.message_id)
    channel = message.channel
    if isinstance(channel, discord.Thread) and channel.id != message.id:
        return str(channel.id)
    return None


def _place(channel: object, listen: Listen) -> Place:
    register = None if listen.register_ == "default" else listen.register_
    if not isinstance(channel, discord.Thread):
        return Place(name=str(getattr(channel, "name", "")), locale=listen.locale, register=register)
    tags = ", ".join(tag.name for tag in channel.applied_tags)
    return Place(
        name=channel.parent.name if channel.parent else "",
        parent=str(channel.parent_id),
        topic=f"{channel.name} [{tags}]" if tags else channel.name,
        locale=listen.locale,
        register=register,
    )


def _attachments(message: discord.Message) -> tuple[Attachment, ...]:
    """Everything beside the words."""
    found = [Attachment(kind=_kind(a), url=a.url, title=a.title or a.filename) for a in message.attachments]
    found += [Attachment(kind="image", url=sticker.url, title=sticker.name) for sticker in message.stickers]
    if message.poll:
        found.append(Attachment(kind="file", title=f"poll: {message.poll.question}"))
    if message.message_snapshots:
        where = message.reference.jump_url if message.reference else None
        found.append(Attachment(kind="link", url=where, title="a forwarded message"))
    return tuple(found)


def _kind(attachment: discord.Attachment) -> AttachmentKind:
    if attachment.is_voice_message():
        return "audio"
    kind = (attachment.content_type or "").partition("/")[0]
    return kind if kind in {"image", "video", "audio"} else "file"  # type: ignore[return-value] # the set says which
