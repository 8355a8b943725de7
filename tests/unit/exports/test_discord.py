from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.exports import Exported, Note
from responders.types import Attachment, Author, Place, Post
from tests.unit.exports.builders import THREAD, as_bytes, discord, look, said, user


def one(folder: Path, message: dict[str, Any], **more: Any) -> Exported:
    (found,), _ = look(folder, as_bytes(discord(message, **more)))
    return found


def test_a_message_is_the_post_that_the_adapter_would_make(tmp_path: Path) -> None:
    reply = said(1, "when is it out?", reference={"messageId": "9", "channelId": "2000", "guildId": "1"})
    assert one(tmp_path, {**reply, "type": "Reply", "timestampEdited": "2026-03-01T12:02:00+02:00"}) == Exported(
        post=Post(
            platform="discord",
            channel="2000",
            external_id="10001",
            author=Author(id="501", name="Fan 1"),
            text="when is it out?",
            at=datetime(2026, 3, 1, 10, 1, 0, 123456, tzinfo=UTC),
            reply_to="9",  # not in the file
            place=Place(name="general"),
        ),
        edited_at=datetime(2026, 3, 1, 10, 2, tzinfo=UTC),
    )


def test_a_thread_knows_its_channel_and_its_first_message(tmp_path: Path) -> None:
    posts, _ = look(tmp_path, as_bytes(discord(said(1, id="3000"), said(2), channel=THREAD)))
    first, second = (found.post for found in posts)
    assert (first.text, first.reply_to) == ("Saves are gone\nwords 1", None)
    assert (second.text, second.reply_to) == ("words 2", "3000")
    assert second.place == Place(name="help", parent="2000", topic="Saves are gone")
    old, _ = look(tmp_path, as_bytes(discord(said(2), channel={**THREAD, "type": 11})))
    assert old[0].post.place == second.place


@pytest.mark.parametrize("kind", ["RecipientAdd", "ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated", "21", 6])
def test_notices_are_left_out_and_counted(tmp_path: Path, kind: object) -> None:
    posts, report = look(tmp_path, as_bytes(discord(said(1), said(2, type=kind), said(3))))
    assert [found.post.text for found in posts] == ["words 1", "words 3"]
    assert report.sentences() == [
        "Messages that were read: 2.",
        "Notices of the platform, such as joins and pins, are left out: 1.",
    ]


def test_who_wrote_it(tmp_path: Path) -> None:
    authors = [
        user(1),
        user(2, nickname=None),
        user(3, name="Deleted User", nickname="Deleted User"),
        user(4, isBot=True, discriminator="1234"),
        user(5, isBot=True, discriminator="0000", nickname="Mira"),
    ]
    posts, _ = look(tmp_path, as_bytes(discord(*(said(n, author=author) for n, author in enumerate(authors)))))
    assert [found.post.author for found in posts] == [
        Author(id="501", name="Fan 1"),
        Author(id="502", name="fan2"),
        Author(id="503", name=""),
        Author(id="504", name="Fan 4", is_bot=True),
        Author(id="505:Mira", name="Mira", is_bot=True),
    ]


def test_an_answer_to_a_command_is_a_bots_post(tmp_path: Path) -> None:
    found = one(tmp_path, said(1, type="20", author=user(4, isBot=True, discriminator="1234"), interaction={"id": "1"}))
    assert found.post.author.is_bot


def test_a_forward_has_no_words_of_its_author(tmp_path: Path) -> None:
    forwarded = {"timestamp": "2026-01-01T00:00:00+00:00", "content": "somebody else's", "attachments": []}
    reference = {"messageId": "9", "channelId": "8", "guildId": None, "type": "Forward"}
    found = one(tmp_path, {**said(1), "content": "", "reference": reference, "forwardedMessage": forwarded})
    assert (found.post.text, found.post.reply_to) == ("", None)
    assert found.post.attachments == (Attachment(kind="link", title="a forwarded message"),)


def test_what_came_with_a_message(tmp_path: Path) -> None:
    files = [
        {"id": "1", "url": "https://cdn.example.invalid/a.png", "fileName": "a.png", "fileSizeBytes": 1},
        {"id": "2", "url": "general_Files/voice-message-AB.ogg", "fileName": "voice-message.ogg", "fileSizeBytes": 1},
        {"id": "3", "url": "general_Files/save-CD.dat", "fileName": "save.unknown", "fileSizeBytes": 1},
    ]
    sticker = {"id": "4", "name": "Wave", "format": "Png", "sourceUrl": "https://cdn.example.invalid/s.png"}
    found = one(tmp_path, {**said(1), "content": "", "attachments": files, "stickers": [sticker]})
    assert found.post.attachments == (
        Attachment(kind="image", url="https://cdn.example.invalid/a.png", title="a.png"),
        Attachment(kind="audio", title="voice-message.ogg"),
        Attachment(kind="file", title="save.unknown"),
        Attachment(kind="image", url="https://cdn.example.invalid/s.png", title="Wave"),
    )


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("hi <@501> and <@!502>", "hi @Fan 1 and @user"),
        ("<@&77> see <#88>", "@role see #channel"),
        ("<:party:123456789012345678> <a:wave:123456789012345678>", ":party: :wave:"),
        ("a < b, <3, <@x>", "a < b, <3, <@x>"),
    ],
)
def test_mentions_that_were_not_rendered_get_names(tmp_path: Path, sent: str, read: str) -> None:
    found = one(tmp_path, said(1, sent, mentions=[user(1)]))
    assert (found.post.text, found.mentions) == (read, ("501",))


def test_a_message_of_two_overlapping_exports_counts_once(tmp_path: Path) -> None:
    first = as_bytes(discord(said(1), said(2), said(2)))
    second = as_bytes(discord(said(2), said(3)))
    other = as_bytes(discord(said(2), channel={"id": "4000", "type": "GuildNews", "name": "news"}))
    posts, report = look(tmp_path, first, second, other)
    assert [(found.post.channel, found.post.text) for found in posts] == [
        *(("2000", f"words {number}") for number in (1, 2, 3)),
        ("4000", "words 2"),
    ]
    assert report.notes == {Note.REPEATED: 2}


def test_files_put_one_behind_the_other_are_read_both(tmp_path: Path) -> None:
    other = discord(said(2), channel={"id": "4000", "type": "GuildNews", "name": "news"})
    posts, report = look(tmp_path, as_bytes(discord(said(1)), other, {"messages": [said(3)]}))
    assert [found.post.channel for found in posts] == ["2000", "4000"]
    assert report.notes == {Note.UNREADABLE: 1}  # the third does not say which channel


def test_private_chats_are_not_read(tmp_path: Path) -> None:
    private = discord(said(1), channel={"id": "5", "type": "DirectTextChat", "name": "Fan 1"})
    posts, report = look(tmp_path, as_bytes(private))
    assert (posts, report.notes) == ([], {Note.NO_GROUP: 1})


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    plain, _ = look(tmp_path, as_bytes(discord(said(1))))
    later, report = look(tmp_path, as_bytes(discord(said(1, poll={"a": [1, {"b": None}]}), news=[[{"messages": [1]}]])))
    assert later == plain
    assert not report.notes


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"id": ""}, Note.UNREADABLE),
        ({"id": None}, Note.UNREADABLE),
        ({"author": None}, Note.UNREADABLE),
        ({"author": {"name": "x"}}, Note.UNREADABLE),
        ({"timestamp": "yesterday"}, Note.UNREADABLE),
        ({"timestamp": "0001-01-01T00:00:00+10:00"}, Note.UNREADABLE),
        ({"timestamp": 5}, Note.UNREADABLE),
        ({"content": " " * 8001}, Note.TOO_LONG),
        ({"content": None}, Note.EMPTY),
        ({"content": ["x"], "attachments": {}, "stickers": "x", "reference": 4, "mentions": [1, None]}, Note.EMPTY),
    ],
)
def test_a_message_that_cannot_be_used_is_left_out(tmp_path: Path, change: dict[str, Any], note: Note) -> None:
    posts, report = look(tmp_path, as_bytes(discord(said(1), {**said(2), **change}, said(3))))
    assert [found.post.text for found in posts] == ["words 1", "words 3"]
    assert report.notes == {note: 1}


def test_words_are_cleaned(tmp_path: Path) -> None:
    raw = as_bytes(discord(said(1, "@@", author=user(1, nickname="@@")))).replace(b"@@", b"\\ud83d e\\u0301 \\u0000!")
    (found,), _ = look(tmp_path, raw)
    assert found.post.text.isprintable()
    assert found.post.text.endswith("é !")
    assert found.post.author.name == found.post.text
