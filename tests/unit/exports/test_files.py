"""Files that are no exports, broken exports, and large ones."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bot.errors import FaultyFiles
from bot.exports import document, read
from tests.unit.exports.builders import account, as_bytes, discord, line, look, notice, said, telegram, wrote

SHAPES: dict[str, Any] = {
    "discord": as_bytes(discord(said(1), said(2))),
    "discord, by line": as_bytes(discord(said(1)), indent=2),
    "telegram": as_bytes(telegram(notice(1, "topic_created", title="Bugs"), wrote(2), wrote(3)), indent=1),
    "telegram, account": as_bytes(account(telegram(wrote(1), wrote(2)), telegram(wrote(1), id=78)), indent=1),
}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "there is nothing in this file"),
        (b" \n\t", "there is nothing in this file"),
        (b"\xef\xbb\xbf", "there is nothing in this file"),
        (b"<!DOCTYPE html><html>", "this is a web page; export the chat again as JSON"),
        ('{"guild": {}}'.encode("utf-16"), "this is text in UTF-16; save it as UTF-8"),
        (b"[1, 2]", "this is no export that Greenroom can read"),
        (b'"words"', "this is no export that Greenroom can read"),
        (b"{}", "this is no export that Greenroom can read"),
        (b'{"name": "package", "version": "1"}', "this is no export that Greenroom can read"),
        (b"AuthorID,Author,Date,Content\n1,Fan,now,words", "this is no export that Greenroom can read"),
        (b"\x00" * 100_000, "this is no export that Greenroom can read"),
        (b"[" * 100_000, "this is no export that Greenroom can read"),
        (b"9" * 100_000, "this is no export that Greenroom can read"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    with pytest.raises(FaultyFiles) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: {words}")


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultyFiles) as refused:
        read(tmp_path, tmp_path / "none.json", tmp_path / "a\0b")
    folder, missing, odd = str(refused.value).splitlines()
    assert folder == f"{tmp_path}: this is a folder; name the files in it"
    assert missing.endswith("none.json: the file cannot be read: No such file or directory")
    assert "the file cannot be read: " in odd


def test_a_file_that_goes_away_before_it_is_read_is_a_fault_of_the_report(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(as_bytes(discord(said(1))))
    second.write_bytes(as_bytes(discord(said(2))))
    export = read(first, second)
    first.unlink()
    assert [found.post.text for found in export] == ["words 2"]
    assert "first.json: the file cannot be read: No such file or directory" in export.report.sentences()


def test_an_export_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(as_bytes(discord(said(1), said(1), said(2))))
    export = read(path)
    first, told = list(export), export.report.sentences()
    assert (list(export), export.report.sentences()) == (first, told)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    for content in (*SHAPES.values(), as_bytes(line(1))):
        plain, _ = look(tmp_path, content)
        marked, report = look(tmp_path, b"\xef\xbb\xbf" + content)
        assert marked == plain
        assert not report.faults


@pytest.mark.parametrize("shape", SHAPES)
def test_all_before_a_cut_is_read_and_its_place_told(tmp_path: Path, shape: str) -> None:
    whole = SHAPES[shape].rstrip()
    posts, report = look(tmp_path, whole)
    assert not report.faults
    begin = next(end for end in range(len(whole)) if _is_known(tmp_path, whole[:end]))
    for end in range(begin, len(whole)):
        found, report = look(tmp_path, whole[:end])
        assert found == posts[: len(found)]
        (fault,) = report.faults
        what = f"the file breaks off at byte {end}; everything before it is read"
        row = whole[:end].count(b"\n") + 1
        assert str(fault) == f"0.json:{row}: {what}"
        closed = whole[:end].count(b'"inlineEmojis"') if "discord" in shape else 0
        assert len(found) >= closed - 1


def _is_known(folder: Path, content: bytes) -> bool:
    try:
        look(folder, content)
    except FaultyFiles:
        return False
    return True


@pytest.mark.parametrize(
    "bad", [b"NaN", b"'x'", b'"\xff"', b'"\x01"', b"1e999", b"9" * 5000, b"tru", b"/* */ 1", b"1,,2"]
)
def test_the_place_of_a_fault_is_told(tmp_path: Path, bad: bytes) -> None:
    lines = as_bytes(discord(*map(said, range(200))), indent=2).splitlines(keepends=True)
    where = next(number for number, text in enumerate(lines) if b"words 150" in text)
    lines[where] = b'      "content": ' + bad + b",\n"
    found, report = look(tmp_path, b"".join(lines))
    assert [one.post.text for one in found] == [f"words {number}" for number in range(150)]
    (fault,) = report.faults
    assert fault.line == where + 1
    before = len(b"".join(lines[:where])) + len(b'      "content": ')
    byte = int(fault.message.split()[6])
    assert fault.message == f"this is no JSON, from byte {byte} on; everything before it is read"
    assert before <= byte <= before + len(bad)


def test_the_same_key_twice_counts_as_its_last_value(tmp_path: Path) -> None:
    content = as_bytes(discord(said(1))).replace(b'"content"', b'"content": [1], "content"')
    (found,), _ = look(tmp_path, content)
    assert found.post.text == "words 1"


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_where_nobody_looks_does_no_harm(tmp_path: Path, opens: bytes, closes: bytes) -> None:
    deep = opens * 200_000 + b"1" + closes * 200_000
    content = as_bytes(discord(said(1, poll="@@"), said(2), news="@@")).replace(b'"@@"', deep)
    found, report = look(tmp_path, content)
    assert len(found) == 2
    assert not report.faults


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"[" * 200_000, "a message is nested more than 100 levels deep"),
        (b"[" + b"{}," * 200_000 + b"1]", "a message has more than 100,000 parts"),
        (b'"' + b"x" * (2 << 20) + b'"', "more than 1 MiB belong to one message"),
    ],
)
def test_a_message_beyond_all_measure_ends_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: bytes, words: str
) -> None:
    monkeypatch.setattr(document, "LONGEST", 1 << 20)
    content = as_bytes(discord(said(1), said(2, "@@"), said(3))).replace(b'"@@"', value)
    found, report = look(tmp_path, content)
    assert [one.post.text for one in found] == ["words 1"]
    assert str(report.faults[0]).startswith(f"0.json: {words}, ")


def test_many_messages_are_no_large_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "LONGEST", 1 << 18)
    whole = account(telegram(*map(wrote, range(4000))))
    whole["contacts"]["list"] *= 20_000
    found, report = look(tmp_path, as_bytes(whole))
    assert len(found) == 4000
    assert not report.faults


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(messages: int) -> int:
        path = tmp_path / f"{messages}.json"
        path.write_bytes(as_bytes(discord(*map(said, range(messages)))))
        tracemalloc.start()
        try:
            for _found in read(path):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    small, large = peak(500), peak(3000)
    assert large - small < 48 * 3000 + (1 << 20)
