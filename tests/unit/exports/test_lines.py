from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.exports import Note
from responders.types import Attachment, Author, Post
from tests.unit.exports.builders import as_bytes, line, look


def test_a_line_is_the_post_that_the_replay_platform_would_make(tmp_path: Path) -> None:
    author = {"id": "f1", "name": "Fan 1", "is_staff": True, "is_bot": True}
    attachments = [{"kind": "image", "url": "https://example.invalid/a.png", "title": "a"}, {"kind": "odd"}]
    whole = line(1, reply_to="p0", author=author, attachments=attachments, at="2026-03-01T14:00:00+02:00")
    bare = {"channel": "general", "author": {"id": "f2", "name": "Fan 2"}, "text": "when?", "unknown": [1]}
    found, report = look(tmp_path, as_bytes(whole) + b"\n" + as_bytes(bare))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert [one.post for one in found] == [
        Post(
            platform="replay",
            channel="general",
            external_id="p1",
            author=Author(id="f1", name="Fan 1", is_staff=True, is_bot=True),
            text="words 1",
            at=noon,
            reply_to="p0",
            attachments=(Attachment(kind="image", url="https://example.invalid/a.png", title="a"),),
        ),
        Post(
            platform="replay",
            channel="general",
            external_id="0.json:3",
            author=Author(id="f2", name="Fan 2"),
            text="when?",
            at=noon,
        ),
    ]
    assert not report.notes


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"{", "this is no JSON"),
        (b"[" * 5000, "this is no JSON"),
        (b"9" * 5000, "this is no JSON"),
        (b"\xff\xfe", "this is no JSON"),
        (b'"a post"', "this is no post"),
        (b"{}", "this is no post"),
        (as_bytes(line(7, text=None)).strip(), "this is no post"),
        (as_bytes(line(7, author={"name": "secret"})).strip(), "this is no post"),
        (as_bytes(line(7, at="secret")).strip(), "`at` is no time"),
        (b'{"text": "' + b"secret" * 200_000 + b'"}', "this line is too long"),
    ],
)
def test_one_bad_line_among_many(tmp_path: Path, bad: bytes, words: str) -> None:
    lines = [as_bytes(line(number)).strip() for number in range(10)]
    lines[4] = bad
    found, report = look(tmp_path, b"\r\n".join(lines))
    assert [one.post.external_id for one in found] == [f"p{number}" for number in range(10) if number != 4]
    (fault,) = report.faults
    assert str(fault).startswith(f"0.json:5: {words}")
    assert "secret" not in str(fault)
    assert report.notes == {Note.FAULTY_LINE: 1}


def test_a_bad_first_line_does_not_hide_the_kind(tmp_path: Path) -> None:
    found, report = look(tmp_path, b"{oh\n" + as_bytes(line(1)))
    assert len(found) == 1
    assert report.faults[0].line == 1


def test_a_thousand_bad_lines_are_counted_and_some_are_named(tmp_path: Path) -> None:
    _, report = look(tmp_path, as_bytes(line(1)) + b"{\n" * 1000, b'{"guild": {')
    assert report.notes == {Note.FAULTY_LINE: 1000}
    *lines, cut = report.faults
    assert [fault.line for fault in lines] == list(range(2, 22))
    assert str(cut).startswith("1.json:1: the file breaks off at byte 11")


@pytest.mark.parametrize(
    ("change", "note"),
    [({"text": ""}, Note.EMPTY), ({"text": "x" * 8001}, Note.TOO_LONG), ({"id": "p1"}, Note.REPEATED)],
)
def test_a_post_that_cannot_be_used_is_left_out(tmp_path: Path, change: dict[str, Any], note: Note) -> None:
    found, report = look(tmp_path, as_bytes(line(1), line(2, **change), line(3)))
    assert [one.post.external_id for one in found] == ["p1", "p3"]
    assert report.notes == {note: 1}
    assert not report.faults
