from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telegram import Message, User

from bot.adapters.telegram.directory import Directory
from bot.adapters.telegram.posts import post_of
from bot.exports import Exported, Note
from bot.settings import Listen
from responders.types import Attachment, Author, Place, Post
from tests.unit.exports.builders import account, as_bytes, look, notice, telegram, wrote

NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"


def posts_of(folder: Path, *messages: Any, **more: Any) -> list[Post]:
    found, _ = look(folder, as_bytes(telegram(*messages, **more)))
    return [one.post for one in found]


def test_a_message_is_the_post_that_the_adapter_would_make(tmp_path: Path) -> None:
    message = wrote(4, "when?", reply_to_message_id=2, edited="2026-03-01T12:09:00", edited_unixtime="1772359800")
    found, report = look(tmp_path, as_bytes(telegram(message)))
    assert found == [
        Exported(
            post=Post(
                platform="telegram",
                channel="-10077",
                external_id="4",
                author=Author(id="501", name="Fan 1"),
                text="when?",
                at=datetime(2026, 3, 1, 10, 4, 0, 4, tzinfo=UTC),
                reply_to="2",  # not in the file
                place=Place(name="Lantern Harbor"),
            ),
            edited_at=datetime(2026, 3, 1, 10, 10, tzinfo=UTC),
        )
    ]
    assert not report.notes


IN_TOPIC = {"is_topic_message": True, "message_thread_id": 2}
BEGUN = {"forum_topic_created": {"name": "Bugs", "icon_color": 1}}


@pytest.mark.parametrize(
    ("exported", "live"),
    [
        ({}, {}),
        ({"reply_to_message_id": 3}, {"reply_to_message": {"message_id": 3}}),
        ({"reply_to_message_id": 2}, {**IN_TOPIC, "reply_to_message": {"message_id": 2, **BEGUN}}),
        (
            {"forwarded_from": "Fan 9"},
            {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Fan 9"}},
        ),
        (
            {"text": [{"type": "text_link", "text": "words 4", "href": "https://example.invalid/"}]},
            {"entities": [{"type": "text_link", "offset": 0, "length": 7, "url": "https://example.invalid/"}]},
        ),
        (
            {"from": "Lantern Harbor", "from_id": "channel77"},
            {
                "sender_chat": {"id": -10077, "type": "supergroup", "title": "Lantern Harbor"},
                "from": {"id": 1087968824},
            },
        ),
    ],
)
def test_the_adapter_makes_the_same_post_of_the_same_message(
    tmp_path: Path, exported: dict[str, Any], live: dict[str, Any]
) -> None:
    chat = {"id": -10077, "type": "supergroup", "title": "Lantern Harbor"}
    message: dict[str, Any] = {
        "message_id": 4,
        "date": 1_772_359_200 + 240,
        "chat": chat,
        "from": {"id": 501, "first_name": "Fan 1"},
        "text": "words 4",
        **live,
    }
    message["from"] = {"is_bot": False, "first_name": "Group", **message["from"]}
    if "reply_to_message" in message:
        message["reply_to_message"] |= {"date": 1, "chat": chat}
    me = User(id=1, is_bot=True, first_name="Greenroom", username="greenroom_bot")
    theirs = post_of(
        [Message.de_json(message, None)],
        Listen(channel="-10077"),
        Directory(),
        me,
        "Bugs" if "is_topic_message" in live else "",
    )
    assert posts_of(tmp_path, notice(2, "topic_created", title="Bugs"), {**wrote(4), **exported}) == [theirs]


def test_an_old_export_has_numbers_for_people_and_no_time_zone(tmp_path: Path) -> None:
    def old(number: int, sender: int) -> dict[str, Any]:
        message = wrote(number, from_id=sender, edited="1970-01-01T01:00:00")
        del message["date_unixtime"], message["text_entities"]
        return message

    messages = [old(1, (1 << 32) + 501), old(2, (2 << 32) + 77), old(3, (2 << 32) + 9), old(4, 501)]
    found, report = look(tmp_path, as_bytes(telegram(*messages)))
    assert [one.post.author.id for one in found] == ["501", "-10077", "-1009", "501"]
    assert [one.post.author.is_staff for one in found] == [False, True, False, False]
    assert found[0].post.at == datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
    assert found[0].edited_at is None
    assert report.notes == {Note.NO_ZONE: 4}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", "plain"),
        (
            ["see ", {"type": "link", "text": "example.invalid"}, " or ", {"type": "bold", "text": "ask"}],
            "see example.invalid or ask",
        ),
        ([{"type": "custom_emoji", "text": "🎉", "document_id": "x.tgs"}, 5, None, ["x"], {"text": 3}], "🎉"),
    ],
)
def test_a_text_in_parts_is_joined(tmp_path: Path, text: object, words: str) -> None:
    (post,) = posts_of(tmp_path, wrote(1, text))
    assert post.text == words


def test_links_and_mentions_in_the_text(tmp_path: Path) -> None:
    text = [
        {"type": "text_link", "text": "here", "href": "https://example.invalid/"},
        {"type": "mention", "text": "@harborbot"},
        {"type": "mention_name", "text": "Mira", "user_id": 600},
    ]
    (found,), _ = look(tmp_path, as_bytes(telegram(wrote(1, text))))
    assert found.post.attachments == (Attachment(kind="link", url="https://example.invalid/"),)
    assert found.mentions == ("@harborbot", "600")


@pytest.mark.parametrize(
    ("kind", "channel"), [("private_group", "-77"), ("private_supergroup", "-10077"), ("public_supergroup", "-10077")]
)
def test_chats_have_the_ids_of_the_bot_api(tmp_path: Path, kind: str, channel: str) -> None:
    (post,) = posts_of(tmp_path, wrote(1), type=kind)
    assert post.channel == channel


@pytest.mark.parametrize(
    "kind", ["saved_messages", "replies", "verification_codes", "personal_chat", "bot_chat", "public_channel", ""]
)
def test_of_an_account_only_groups_are_read(tmp_path: Path, kind: str) -> None:
    private: dict[str, Any] = {"type": kind, "id": 5, "messages": [wrote(1, "a secret"), wrote(2, "another")]}
    old = telegram(wrote(1, "an old group"), id=78, name=None)
    whole = account(private, telegram(wrote(1, "a group")), private, left=(old,))
    found, report = look(tmp_path, as_bytes(whole, indent=1))
    assert [(one.post.channel, one.post.text) for one in found] == [("-10077", "a group"), ("-10078", "an old group")]
    assert [one.post.place.name for one in found] == ["Lantern Harbor", ""]
    assert report.notes == {Note.NO_GROUP: 4}


def test_a_chat_is_never_taken_for_the_one_before_it(tmp_path: Path) -> None:
    unnamed = telegram(wrote(2), id=78)
    del unnamed["name"]
    untold: dict[str, Any] = {"messages": [wrote(3, "a secret")], "type": "public_supergroup", "id": 79}
    found, report = look(tmp_path, as_bytes(account(telegram(wrote(1)), unnamed, untold, {"messages": [wrote(4)]})))
    assert [(one.post.external_id, one.post.place.name) for one in found] == [("1", "Lantern Harbor"), ("2", "")]
    assert report.notes == {Note.NO_GROUP: 2}


def test_who_wrote_it(tmp_path: Path) -> None:
    posts = posts_of(
        tmp_path,
        wrote(1, **{"from": None}),
        wrote(2, **{"from": "Lantern Harbor", "from_id": "channel77", "author": "Mira"}),
        wrote(3, **{"from": "News", "from_id": "channel9", "forwarded_from": "News"}),
        wrote(4, **{"from": "News", "from_id": "channel9"}),
        wrote(5, **{"from": "A group", "from_id": "chat8"}),
        wrote(6, from_id="user900", inline_bot_buttons=[[{"type": "callback", "text": "Yes"}]]),
        wrote(7, from_id="user900"),
    )
    assert [(post.author.id, post.author.name, post.author.is_staff, post.author.is_bot) for post in posts] == [
        ("501", "", False, False),
        ("-10077", "Lantern Harbor", True, False),  # an administrator without a name
        ("-1009", "News", True, False),  # the linked channel's post
        ("-1009", "News", False, False),
        ("-8", "A group", False, False),
        ("900", "Fan 0", False, True),
        ("900", "Fan 1", False, True),
    ]
    assert posts[2].text == "words 3"


def test_notices_forwards_and_inline_bots(tmp_path: Path) -> None:
    found, report = look(
        tmp_path,
        as_bytes(
            telegram(
                notice(1, "invite_members", members=["Fan 2"]),
                wrote(2, "not the author's", forwarded_from="Somebody"),
                wrote(3, via_bot="@gif"),
                {"id": 4, "type": "unsupported"},
                wrote(5),
            )
        ),
    )
    assert [one.post.text for one in found] == ["", "words 5"]
    assert found[0].post.attachments == (Attachment(kind="link", title="a forwarded message"),)
    assert report.notes == {Note.SERVICE: 1, Note.VIA_BOT: 1, Note.UNSUPPORTED: 1}


def test_messages_find_their_topic(tmp_path: Path) -> None:
    posts = posts_of(
        tmp_path,
        notice(10, "topic_created", title="Bugs"),
        wrote(11, reply_to_message_id=10),
        wrote(12, reply_to_message_id=11),
        notice(13, "topic_edit", new_title="Bugs and crashes", reply_to_message_id=10),
        wrote(14, reply_to_message_id=12),
        wrote(15),
        wrote(16, reply_to_message_id=15),
        wrote(17, reply_to_message_id=3),  # older than the export
        wrote(18, via_bot="@gif", reply_to_message_id=10),
        wrote(19, reply_to_message_id=18),
        wrote(20, reply_to_message_id=10, reply_to_peer_id="channel5"),
    )
    assert [(post.channel, post.reply_to) for post in posts] == [
        ("-10077/10", None),
        ("-10077/10", "11"),
        ("-10077/10", "12"),
        ("-10077", None),
        ("-10077", "15"),
        ("-10077", "3"),
        ("-10077/10", "18"),
        ("-10077", None),
    ]
    assert posts[0].place == Place(name="Lantern Harbor", parent="-10077", topic="Bugs")
    assert posts[2].place.topic == "Bugs and crashes"


def test_a_topic_of_the_first_part_is_known_in_the_second(tmp_path: Path) -> None:
    first = telegram(notice(10, "topic_created", title="Bugs"), wrote(11, reply_to_message_id=10))
    second = telegram(
        notice(10, "topic_created", title="Bugs"), wrote(11, reply_to_message_id=10), wrote(12, reply_to_message_id=11)
    )
    found, report = look(tmp_path, as_bytes(first), as_bytes(second))
    assert [(one.post.channel, one.post.external_id) for one in found] == [("-10077/10", "11"), ("-10077/10", "12")]
    assert report.notes == {Note.SERVICE: 2, Note.REPEATED: 1}


def photo(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    at = {"date_unixtime": "1772360000", "from_id": "user501", "from": "Fan 1"}
    return {**wrote(number, photo=NOT_INCLUDED, **at), "text": text, **more}


def test_an_album_is_one_post(tmp_path: Path) -> None:
    found, report = look(
        tmp_path,
        as_bytes(
            telegram(
                photo(1),
                photo(2, "my harbour"),
                {
                    **photo(3, edited_unixtime="1772361000"),
                    "file": "video_files/a.mp4",
                    "media_type": "video_file",
                    "file_name": "a.mp4",
                },
                photo(4, from_id="user502"),
                photo(5, from_id="user502", date_unixtime="1772360009"),
                wrote(6, "which is that?", reply_to_message_id=3),
            )
        ),
    )
    assert [(one.post.external_id, one.post.text, len(one.post.attachments)) for one in found] == [
        ("1", "my harbour", 3),
        ("4", "", 1),
        ("5", "", 1),
        ("6", "which is that?", 0),
    ]
    assert found[0].edited_at == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    assert found[3].post.reply_to == "1"
    assert report.notes == {Note.ALBUM: 2}


def test_an_album_has_ten_parts_at_most_and_no_stickers(tmp_path: Path) -> None:
    sticker = {"file": NOT_INCLUDED, "media_type": "sticker", "sticker_emoji": "🎉"}
    stickers = [{key: value for key, value in {**photo(n), **sticker}.items() if key != "photo"} for n in (20, 21)]
    posts = posts_of(tmp_path, *(photo(number) for number in range(1, 13)), *stickers)
    assert [len(post.attachments) for post in posts] == [10, 2, 1, 1]


@pytest.mark.parametrize(
    ("fields", "attachment"),
    [
        ({"photo": NOT_INCLUDED}, Attachment(kind="image")),
        (
            {"file": "files/a.zip", "file_name": "a.zip", "mime_type": "application/zip"},
            Attachment(kind="file", title="a.zip"),
        ),
        ({"file": NOT_INCLUDED, "media_type": "voice_message"}, Attachment(kind="audio")),
        ({"file": NOT_INCLUDED, "media_type": "video_message"}, Attachment(kind="video")),
        ({"file": "x", "media_type": "animation", "file_name": "x.mp4"}, Attachment(kind="video", title="x.mp4")),
        ({"file": "x", "media_type": "sticker", "sticker_emoji": "🎉"}, Attachment(kind="image", title="sticker 🎉")),
        ({"file": "x", "media_type": ["?"]}, Attachment(kind="file")),
        ({"poll": {"question": "Tea?", "answers": []}}, Attachment(kind="file", title="poll: Tea?")),
        ({"location_information": {"latitude": 1.5, "longitude": 2}}, Attachment(kind="file")),
        ({"contact_information": {"phone_number": "+0"}}, Attachment(kind="file")),
    ],
)
def test_what_came_with_a_message(tmp_path: Path, fields: dict[str, Any], attachment: Attachment) -> None:
    (post,) = posts_of(tmp_path, {**wrote(1), "text": "", **fields})
    assert post.attachments == (attachment,)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"id": "2"}, Note.UNREADABLE),
        ({"id": 2.5}, Note.UNREADABLE),
        ({"id": True}, Note.UNREADABLE),
        ({"from_id": None}, Note.UNREADABLE),
        ({"from_id": "user"}, Note.UNREADABLE),
        ({"from_id": "user٣"}, Note.UNREADABLE),
        ({"from_id": -5}, Note.UNREADABLE),
        ({"date_unixtime": "999999999999", "date": None}, Note.UNREADABLE),
        ({"date_unixtime": None, "date": "9999-12-31T23:59:59+00:00", "id": 999_999_999_999}, None),
        ({"text": "x" * 8001}, Note.TOO_LONG),
        ({"text": {}}, Note.EMPTY),
        ({"id": 1}, Note.REPEATED),
        ({"type": ["message"]}, Note.UNSUPPORTED),
        ({"id": -999_999_998}, None),
    ],
)
def test_a_message_that_cannot_be_used_is_left_out(tmp_path: Path, change: dict[str, Any], note: Note | None) -> None:
    found, report = look(tmp_path, as_bytes(telegram(wrote(1), {**wrote(2), **change}, wrote(3))))
    assert len(found) == (3 if note is None else 2)
    assert dict(report.notes) == ({} if note is None else {note: 1})
