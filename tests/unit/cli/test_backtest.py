"""`greenroom backtest`, as a person runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.exports.builders import discord, said

pytestmark = pytest.mark.whole

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(greenroom: Run, tmp_path: Path) -> Path:
    assert greenroom("init", tmp_path / "home")[0] == 0
    return tmp_path / "home"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    posts = [
        said(1, "the new map is gorgeous"),
        said(2, "thank you so much for the fix"),
        {
            **said(3, "So glad it helped!"),
            "type": "Reply",
            "reference": {"messageId": "10002", "channelId": "2000", "guildId": "1"},
            "author": {**said()["author"], "id": "42", "name": "mara"},
        },
        said(4, "where is the red key hidden?"),
    ]
    path = tmp_path / "general.json"
    path.write_text(json.dumps(discord(*posts)), encoding="utf-8")
    return path


def backtest(greenroom: Run, home: Path, *arguments: object) -> tuple[int, str, str]:
    return greenroom("backtest", *arguments, "--config", home / "config.yaml")


def test_a_report_for_a_person(greenroom: Run, home: Path, export: Path) -> None:
    status, out, err = backtest(greenroom, home, export, "--staff", "42")
    assert (status, err.count("Traceback")) == (0, 0)
    assert out.startswith("3 posts of fans")
    assert "The team answered 1 of these posts" in out


def test_the_same_input_gives_the_same_bytes(greenroom: Run, home: Path, export: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "report.html"
    first = backtest(greenroom, home, export, "--json", "--html", page)
    bytes_ = page.read_bytes()
    assert backtest(greenroom, home, export, "--json", "--html", page) == first
    assert page.read_bytes() == bytes_
    assert json.loads(first[1])["posts"] == 4


def test_nothing_is_stored(greenroom: Run, home: Path, export: Path) -> None:
    before = sorted(path for path in home.rglob("*") if "var" not in path.parts)
    backtest(greenroom, home, export)
    assert sorted(path for path in home.rglob("*") if "var" not in path.parts) == before
    assert not list(home.rglob("*.db"))


def test_a_file_that_breaks_off_is_used_up_to_there(greenroom: Run, home: Path, export: Path) -> None:
    whole = export.read_text(encoding="utf-8")
    export.write_text(whole[: whole.index("red key")], encoding="utf-8")
    for options in (("--json",), ("--json", "--compare", home / "templates")):
        status, out, err = backtest(greenroom, home, export, *options)
        assert status == 1
        assert json.loads(out)["posts"] == 3
        assert "general.json" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nothing.json"], "nothing.json"), (["{export}", "--start-template", "99"], "--start-template 99")],
)
def test_bad_input_is_one_sentence(greenroom: Run, home: Path, export: Path, arguments: list[str], words: str) -> None:
    status, out, err = backtest(greenroom, home, *(a.format(export=export) for a in arguments))
    assert (status, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_a_template_is_begun_once(greenroom: Run, home: Path, export: Path) -> None:
    found: Any = json.loads(backtest(greenroom, home, export, "--json")[1])["groups"]
    assert found, "the question has no answer"
    status, out, _ = backtest(greenroom, home, export, "--start-template", "1")
    assert status == 0
    begun = Path(out.split(" is begun")[0])
    assert begun.is_relative_to(home / "templates")
    assert backtest(greenroom, home, export, "--start-template", "1")[0] == 2
    assert begun.is_file()


def test_an_edit_is_compared_pair_by_pair(greenroom: Run, home: Path, export: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert greenroom("init", other)[0] == 0
    status, out, _ = backtest(greenroom, home, export, "--compare", other / "templates")
    assert (status, out.splitlines()[0]) == (0, "0 of 4 posts change.")
    answer = other / "templates" / "en" / "question" / "red_key.md"
    answer.write_text(
        "---\nanswers_to: [where is the red key hidden?, where do I find the red key, red key where]\n"
        "source: the guide\nexamples:\n  - {given: {post: where is the red key hidden?}, expect: {offered: true}}\n"
        "---\n## variant: plain\nIt hangs behind the lamp in the cellar.\n",
        encoding="utf-8",
    )
    status, out, err = backtest(greenroom, home, export, "--compare", other / "templates")
    assert (status, out.splitlines()[0]) == (0, "1 of 4 posts change."), err
    assert "It hangs behind the lamp in the cellar." in out
