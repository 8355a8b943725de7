"""The sample month, played by the real parts: everything in its story happens, and the books add up."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.settings import load
from tests.demo.books import Books
from tests.demo.month import Month
from tests.demo.script import script
from tests.demo.town import LONG, Town, build
from tests.model import reader

pytestmark = [pytest.mark.month, pytest.mark.xdist_group("month"), pytest.mark.timeout(1200)]
NOW = datetime(2026, 9, 17, 14, tzinfo=UTC)


async def play(folder: Path, until: timedelta = LONG) -> dict[str, str]:
    """The figures of a month that is over, or of its beginning."""
    build(folder, NOW)
    town = Town(folder, NOW, reader)
    async with town.open():
        month = Month(town)
        await month.play(script(), until)
        assert not month.refused
        assert not month.traces
        ended = town.clock.now()
    return {line.what: line.figure for line in books_of(folder).figures(ended)}


def books_of(folder: Path) -> Books:
    return Books(load(folder / "config.yaml", {}), script())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder of a month, and its figures."""
    folder = tmp_path_factory.mktemp("month")
    return folder, asyncio.run(play(folder))


@pytest.fixture
def books(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> Books:
    """A copy, to do something wrong in it."""
    shutil.copytree(whole[0], tmp_path / "copy")
    return books_of(tmp_path / "copy")


def change(books: Books, statement: str) -> None:
    with closing(sqlite3.connect(books.file)) as database, database:
        assert database.execute(statement).rowcount > 0


def test_everything_in_the_story_happens(whole: tuple[Path, dict[str, str]]) -> None:
    folder, figures = whole
    assert figures["shown on stage"] == "3 sent, 2 removed"
    assert figures["yes and no: stage"] == "1 no, 1 withdrawn, 3 yes"
    assert figures["yes and no: answer"] == "2 yes"
    assert figures["yes and no: introduction"] == "1 no, 3 yes"
    assert figures["introductions"] == "1 sent"
    assert figures["people forgotten"] == "1"
    assert figures["approved replies that a hold took back"] != "0"
    for what in ("which-first", "third-lamp"):
        assert int(figures[f"replies that pass on a fan's answer (en/question/{what})"]) > 0
    for what in ("hold by mara", "surge began: complaints", "surge ended: complaints", "helpers thanked"):
        assert figures[what]
    for topic, state in {"Update 1.4 cannot read older saves": "done", "The old foghorn": "planned"}.items():
        assert state in figures[f"topic: {topic}"]
    told = int(figures["topic: Update 1.4 cannot read older saves"].split()[0])
    assert told >= 20, "25 fans lost their saves, and each said it in other words"
    assert [*books_of(folder).faults()] == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE consents SET state = 'withdrawn' WHERE kind = 'stage'", "stands there without a yes that counts"),
        ("UPDATE consents SET state = 'no' WHERE kind = 'introduction'", "stands there without a yes that counts"),
        ("UPDATE consents SET state = 'over' WHERE kind = 'answer'", "passes an answer on without a yes"),
        ("UPDATE consents SET answered_at = '2099-01-01' WHERE kind = 'stage'", "went out before the yes"),
        ("UPDATE decisions SET by = 'nobody'", "Nobody said yes"),
        ("UPDATE holds SET at = '2000-01-01'", "while everything was on hold"),
    ],
)
def test_the_books_tell_what_went_out_without_a_yes(books: Books, statement: str, told: str) -> None:
    change(books, statement)
    assert any(told in fault for fault in books.faults())


@pytest.mark.parametrize(
    "left",
    [
        "sample-sorrel-quill",
        "carved a set of lighthouse stamps from old erasers, seven quillmark prints, one for each chapter",
    ],
)
@pytest.mark.parametrize("place", ["digests/tech.md", "pages/stage/feed.xml", "var/note"])
def test_the_books_find_the_forgotten_in_any_file(books: Books, left: str, place: str) -> None:
    path = books.file.parents[1] / place
    path.write_text(left, encoding="utf-8")
    assert any(place in fault for fault in books.faults())


def test_the_books_find_the_forgotten_in_the_database(books: Books) -> None:
    change(books, 'UPDATE events SET data = \'{"fan": "sample-sorrel-quill"}\' WHERE seq = 1')
    assert any("greenroom.db" in fault for fault in books.faults())


def test_the_books_find_on_a_page_what_was_taken_back(books: Books) -> None:
    page = books.file.parents[1] / "pages/stage/index.html"
    page.write_text("drew the gull. he is holding the sandwich like a trophy. I have no regrets", encoding="utf-8")
    assert any("pages/stage/index.html" in fault for fault in books.faults())


async def test_the_same_seed_gives_the_same_month(tmp_path: Path) -> None:
    first, second = [await play(tmp_path / name, timedelta(days=2)) for name in ("first", "second")]
    assert first == second
