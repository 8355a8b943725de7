"""A backtest of exports with anything wrong with them ends with a report."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot import settings
from bot.backtest import Options, judge, summarise
from bot.backtest.grouping import grouped
from bot.backtest.page import page
from bot.backtest.report import without_reply
from bot.backtest.words import as_dict, change_lines, changes, lines
from bot.content import Content
from bot.errors import FaultyFiles
from bot.exports import read
from bot.settings import Settings
from responders.pipeline import Pipeline
from tests.conftest import CONFIG, TEMPLATES
from tests.unit.exports.builders import as_bytes, discord, said
from tests.unit.exports.test_fuzz import broken, odd

pytestmark = pytest.mark.whole

NOT_FOR_A_TERMINAL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, Settings]:
    """A small set, read by words alone."""
    folder = tmp_path_factory.mktemp("home")
    for name, text in TEMPLATES.items():
        path = folder / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return Content(folder / "templates").load(), settings.load(folder / "config.yaml", {})


def told(content: bytes, live: tuple[Pipeline, Settings], options: Options) -> str:
    """The report for a terminal; the page and JSON are made too."""
    pipeline, config = live
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "export.json")
        path.write_bytes(content)
        try:
            export = read(path)
        except FaultyFiles as error:
            return str(error)
        items = list(judge(export, pipeline, config, options))
    report = summarise(items, grouped(without_reply(items), None))
    assert len(report.items) <= export.report.messages
    assert json.loads(json.dumps(as_dict(report)))["posts"] == len(items)
    assert page(report, "Harbor").rstrip().endswith("</html>")
    return "\n".join((*lines(report), *change_lines(changes(items, items), len(items)), *export.report.sentences()))


@hypothesis_settings(max_examples=150)
@given(broken() | odd() | st.binary(max_size=100), st.booleans())
def test_whatever_the_export_is(live: tuple[Pipeline, Settings], content: bytes, caps: bool) -> None:
    said_ = told(content, live, Options(staff=frozenset({"501", "@fan2"}), caps=caps))
    assert "Traceback" not in said_
    assert not NOT_FOR_A_TERMINAL.search(said_)


def test_what_fans_write_cannot_touch_the_terminal(live: tuple[Pipeline, Settings]) -> None:
    """The same words by two fans and the team, in every part of the report."""
    words = "the new map is gorgeous \x1b]0;yours\x07 \x1b[2J \u202e love it"
    answer = said(3, words, type="Reply", reference={"messageId": "10001", "channelId": "2000", "guildId": "1"})
    answer["author"]["id"] = "42"
    content = as_bytes(discord(said(1, words), said(2, words), answer))
    found = told(content, live, Options(staff=frozenset({"42"})))
    assert "the new map is gorgeous" in found
    assert not NOT_FOR_A_TERMINAL.search(found)
