"""Exports with anything wrong with them: nothing but our own words comes out."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain import clean
from bot.errors import FaultyFiles
from bot.exports import Exported, Report, document
from bot.exports import read as read_files
from bot.exports.findings import Numbers
from tests.unit.exports.builders import (
    CHANNEL,
    THREAD,
    account,
    as_bytes,
    discord,
    line,
    look,
    notice,
    said,
    telegram,
    user,
    wrote,
)

pytestmark = pytest.mark.whole

FILE = {"id": "1", "url": "a/b.png", "fileName": "b.png", "fileSizeBytes": 5}
BOLD = ["a ", {"type": "bold", "text": "b"}, {"type": "mention_name", "text": "c", "user_id": 3}]
DOCUMENTS: list[list[Any]] = [
    [discord(said(1), said(2, type="Reply", reference={"messageId": "10001"}, attachments=[FILE]), said(3, type="7"))],
    [
        discord(
            said(1, "hi <@501>", mentions=[user(1)]), said(2, timestampEdited="2026-03-01T12:00:00Z"), channel=THREAD
        )
    ],
    [telegram(notice(1, "topic_created", title="Bugs"), wrote(2, BOLD, reply_to_message_id=1), wrote(3, photo="x"))],
    [account(telegram(wrote(1, forwarded_from="x")), telegram(wrote(2, from_id=(1 << 32) + 5), type="personal_chat"))],
    [line(1, attachments=[{"kind": "image"}]), line(2, reply_to="p1"), line(3)],
    [
        discord(
            said(1, "", embeds=[{"title": "a", "url": "https://x.example", "fields": [{"name": "b", "value": "c"}]}]),
            said(2, "", stickers=[{"id": "1", "name": "wave", "format": "Png", "sourceUrl": "x"}]),
            said(3, "", forwardedMessage={"content": "c", "attachments": [FILE], "timestamp": "2026-03-01T12:00:00Z"}),
            said(4, type="20", interaction={"id": "1", "name": "roll", "user": user(2)}),
            said(
                5, author=user(1, isBot=True), reactions=[{"emoji": {"id": "", "name": "x"}, "count": 2, "users": []}]
            ),
            channel={**CHANNEL, "type": 0},
        ),
        discord(said(1), said(6), channel=THREAD),
    ],
    [
        telegram(
            wrote(1, photo="(File not included.)", media_type="sticker", sticker_emoji="x"),
            wrote(2, poll={"question": "q", "answers": [{"text": "a", "voters": 1}]}),
            wrote(3, location_information={"latitude": 1.5, "longitude": -2}, edited_unixtime="1772359300"),
            {"id": 4, "type": "unsupported"},
            wrote(-5, from_id=1, date_unixtime=None, date="2019-01-01T00:00:00"),
            wrote(6, via_bot="@gif", inline_bot_buttons=[[{"type": "url", "text": "t", "data": "d"}]]),
            wrote(7, reply_to_message_id=1, reply_to_peer_id="channel9", contact_information={"phone_number": "+0"}),
            type="private_group",
        )
    ],
    [account(left=(telegram(wrote(1), type="private_supergroup", name=None), telegram(type="saved_messages")))],
]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2.5,
    10**18,
    10**30,
    "",
    "x",
    "\ud800",
    "\x00",
    [],
    [[]],
    {},
    {"id": {}},
    "9" * 300,
]
RAW = [
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5000,
    b"[" * 3000,
    b'{"a":' * 3000,
    b'"\\ud800"',
    b'"\\udc00x"',
    b"\xff",
    b"\x00",
]
RAW += [
    b'"id":1,',
    b'"messages":[',
    b'"type":"message",',
    b"]",
    b"}",
    b"{",
    b'"',
    b",",
    b"\n",
    b"\\",
    b"\xef\xbb\xbf",
    b"<",
]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """The bytes of an export, with some of them cut, swapped, changed or put in."""
    content = as_bytes(*draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 4))):
        places = st.integers(0, len(content))
        a, b, c = sorted(draw(st.tuples(places, places, places)))
        match draw(st.sampled_from(["cut", "end", "swap", "put", "change", "repeat"])):
            case "cut":
                content = content[:a] + content[b:]
            case "end":
                content = content[:a]
            case "swap":
                content = content[:a] + content[b:c] + content[a:b] + content[c:]
            case "put":
                content = content[:a] + draw(st.sampled_from(RAW)) + content[a:]
            case "change":
                content = content[:a] + draw(st.binary(min_size=1, max_size=3)) + content[a + 1 :]
            case _:
                content = content[:b] + content[a:]
    return content


def twisted(value: Any, draw: st.DrawFn) -> Any:
    """The same document with one of its values of a wrong kind, gone, or there twice."""
    inner = [k for k in value if value[k]] if isinstance(value, dict) else list(range(len(value)))
    if not inner:
        return draw(st.sampled_from(ODD))
    at = draw(st.sampled_from(inner))
    deeper = isinstance(value[at], dict | list) and draw(st.integers(0, 4)) > 0
    new = twisted(value[at], draw) if deeper else draw(st.sampled_from(ODD))
    if isinstance(value, dict):
        return {**value, at: new}
    return [*value[:at], new, *value[at + draw(st.integers(0, 1)) :]]


@st.composite
def odd(draw: st.DrawFn) -> bytes:
    """An export that is JSON, with values of the wrong kind."""
    documents: Any = draw(st.sampled_from(DOCUMENTS))
    for _ in range(draw(st.integers(1, 4))):
        documents = twisted(documents, draw)
        if not isinstance(documents, list):
            documents = [documents]
    return b"\n".join(json.dumps(document).encode() for document in documents)


def read(content: bytes) -> tuple[list[Exported], Report] | None:
    """What is read; None when the file is refused."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return look(Path(folder), content)
        except FaultyFiles:
            return None


def check(content: bytes) -> None:
    read_ = read(content)
    if read_ is None:
        return
    found, report = read_
    assert len(found) == report.messages
    assert all(sentence and "Traceback" not in sentence for sentence in report.sentences())
    assert len({(one.post.platform, one.post.channel.partition("/")[0], one.post.external_id) for one in found}) == len(
        found
    )
    for one in found:
        post, author = one.post, one.post.author
        assert post.text or post.attachments
        assert post.at.tzinfo is UTC
        assert post.external_id
        assert post.channel
        assert author.id
        assert post.reply_to is None or post.reply_to
        titles = [words for attachment in post.attachments for words in (attachment.title, attachment.url) if words]
        places = [post.place.name, post.place.topic, post.place.parent or ""]
        for words in (
            post.external_id,
            post.channel,
            author.id,
            author.name,
            post.text,
            *titles,
            *places,
            *one.mentions,
        ):
            assert clean(words) == words


@settings(max_examples=400)
@given(broken())
@example(b'{"guild": {}, "channel": {"id": "1"}, "messages": [' + b"[" * 100_000)
@example(b'{"chats": {"list": [[{"messages": [{"id": 1}]}]]}}')
@example(b'{"messages": {"*": {"id": 1}}, "id": 1, "type": "public_supergroup", "chats": {"list": {"*": {"id": 2}}}}')
@example(b'{"channel": "x"}')
def test_whatever_the_bytes_are(content: bytes) -> None:
    check(content)


@settings(max_examples=400)
@given(odd())
def test_whatever_the_values_are(content: bytes) -> None:
    check(content)


@settings(max_examples=40)
@given(broken() | odd(), st.sampled_from(RAW))
def test_memory_is_bounded_whatever_is_broken(content: bytes, between: bytes) -> None:
    """The file is a hundred times as large as what a message may have."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "LONGEST", 1 << 16)
        patch.setattr(document, "PIECE", 1 << 13)
        path = Path(folder, "large.json")
        path.write_bytes((content + between) * (6_000_000 // (len(content) + len(between) + 1) // 10 + 1))
        tracemalloc.start()
        try:
            for _ in read_files(path):
                pass
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        except FaultyFiles:
            pass
        finally:
            tracemalloc.stop()


@given(st.binary(max_size=200))
def test_bytes_without_any_order(content: bytes) -> None:
    check(content)


@given(st.lists(st.tuples(st.integers(0, 40) | st.integers(), st.integers(-(2**63), 2**63 - 1)), max_size=60))
def test_numbers_are_kept_by_their_keys(pairs: list[tuple[int, int]]) -> None:
    kept, plain = Numbers(), dict[tuple[str, int], int]()
    for key, number in pairs:
        kept.put(("chat", key), number)
        plain["chat", key] = number
    assert {key: kept.get(key) for key in plain} == plain
    assert kept.get(("chat", "none")) is None


def test_numbers_that_are_all_0_take_half_the_memory() -> None:
    def size(number: int) -> int:
        tracemalloc.start()
        kept = Numbers()
        for key in range(20_000):
            kept.put(key, number)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert kept.get(19_999) == number
        return held

    assert size(0) < 0.6 * size(7)


def test_numbers_grow() -> None:
    kept = Numbers()
    kept.put(0, 5)  # whose hash is 0 too
    assert kept.get(0) == 5
    for number in range(20_000):
        kept.put(("chat", number), -number)
    assert all(kept.get(("chat", number)) == -number for number in range(20_000))
    assert all(kept.get(("other", number)) is None for number in range(20_000))
