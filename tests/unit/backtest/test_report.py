"""What a report says, in a terminal, as JSON and as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.backtest import Answer, Item, summarise
from bot.backtest.grouping import grouped
from bot.backtest.page import page
from bot.backtest.report import without_reply
from bot.backtest.start import start_template
from bot.backtest.words import as_dict, change_lines, changes, lines
from responders.types import Outcome, ReasonCode

START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def item(number: int = 1, text: str = "where is the red key", **more: Any) -> Item:
    return Item(
        **{
            "id": str(number),
            "platform": "discord",
            "channel": "general",
            "at": START + timedelta(minutes=number),
            "text": text,
            "outcome": Outcome.HANDOFF,
            "reason_code": ReasonCode.NO_ANSWER,
            "reason": "No answer is certain.",
            "intent": "question",
            "situation": "asks_where_to_find",
            "confidence": 0.9,
            "language": "en",
            **more,
        }
    )


def drafted(number: int, reply: str = "How lovely.", **more: Any) -> Item:
    return item(
        number,
        **{
            "text": "the fog is lovely tonight",
            "outcome": Outcome.DRAFT,
            "reason_code": ReasonCode.INTENT,
            "intent": "praise",
            "reply": reply,
            "template": "en/praise/any",
            "variant": "plain",
            **more,
        },
    )


@pytest.fixture
def some() -> list[Item]:
    answered = drafted(2)
    answered.answer = Answer(text="Thank you!", after=timedelta(hours=3))
    silent = item(3, "lunch?", outcome=Outcome.SILENT, reason_code=ReasonCode.NOT_ADDRESSED, intent="crosstalk")
    choice = item(4, choices=("A", "B"), reason_code=ReasonCode.LOW_CONFIDENCE, intent="complaint", confidence=0.4)
    return [item(1), answered, silent, choice]


def test_every_post_is_counted_once(some: list[Item]) -> None:
    report = summarise(some)
    assert report.actions == {"draft": 1, "choice": 1, "handoff": 1, "silent": 1}
    assert sum(sum(counts.values()) for counts in report.intents.values()) == len(some)
    assert sum(sum(counts.values()) for counts in report.reasons.values()) == len(some)
    found = as_dict(report)
    assert found["draft"] + found["handoff"] + found["silent"] == found["posts"] == len(found["items"])


def test_what_the_team_did_then(some: list[Item]) -> None:
    report = summarise(some)
    assert (len(report.answered), report.median_answer, report.answered_with_draft) == (1, timedelta(hours=3), 1)
    said = "\n".join(lines(report))
    assert "half of them within 3 hours" in said
    assert "team:  Thank you!" in said


def test_small_numbers_have_no_shares(some: list[Item]) -> None:
    assert "%" not in "\n".join(lines(summarise(some)))
    assert "100 %" in "\n".join(lines(summarise([drafted(number) for number in range(30)])))


def test_nothing_at_all() -> None:
    assert list(lines(summarise([]))) == ["There are no posts of fans in it."]
    assert "no posts of fans" in page(summarise([]), "Harbor")
    assert as_dict(summarise([]))["posts"] == 0
    assert grouped([], None) == []


def test_the_least_sure_come_first_and_gates_are_not_among_them() -> None:
    sure, unsure = item(1, confidence=0.99), item(2, confidence=0.3)
    gate = item(3, confidence=0.1, risk=("crisis",), reason_code=ReasonCode.GATE)
    short = item(4, "where", confidence=0.1)
    assert [one.id for one in summarise([sure, gate, unsure, short]).unsure] == ["2", "1"]


@pytest.mark.parametrize(
    "other",
    [
        {"reply": "Here."},
        {"intent": "praise"},
        {"risk": ("legal",)},
        {"reason_code": ReasonCode.CAP},
        {"reason_code": ReasonCode.NOT_ADDRESSED},
        {"text": "key?"},
    ],
)
def test_what_is_not_on_the_operators_list(other: dict[str, Any]) -> None:
    assert without_reply([item(1), item(2, **other)]) == [item(1)]


def vectors_of(directions: dict[str, tuple[float, ...]]) -> Callable[[Any], Any]:
    def vectors(texts: Any) -> Any:
        return np.array([next(v for k, v in directions.items() if k in text) for text in texts], dtype=np.float32)

    return vectors


def test_posts_that_mean_the_same_stand_together() -> None:
    posts = [
        item(1, "where is the red key please"),
        item(2, "wo liegt der Schlüssel denn", language="de"),
        item(3, "cannot find that red key"),
        item(4, "does it run on linux", situation="asks_compatibility"),
    ]
    close = {"red key": (1.0, 0.1, 0.0), "Schl": (1.0, 0.0, 0.1), "linux": (0.0, 1.0, 0.0)}
    first, second = grouped(posts, vectors_of(close))
    assert {one.id for one in first.items} == {"1", "2", "3"}
    assert first.name.startswith("asks where to find")
    assert (first.language, [one.id for one in second.items]) == ("en", ["4"])


def test_without_a_model_the_situation_groups() -> None:
    found = grouped([item(1), item(2, situation="asks_price"), item(3)], None)
    assert [(group.name, len(group.items)) for group in found] == [("asks where to find", 2), ("asks price", 1)]


def test_the_page_escapes_what_fans_wrote_and_loads_nothing() -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    answered = drafted(1, reply=bad, text=bad)
    answered.answer = Answer(text=bad, after=timedelta(minutes=5))
    asked = item(2, f"{bad} why", confidence=0.2)
    html = page(summarise([answered, asked], grouped([asked], None)), bad)
    assert "<script" not in html
    assert "<img" not in html
    assert not re.search(r"<[^>]*(?:src|href)\s*=|url\(|@import", html)
    assert html == page(summarise([answered, asked], grouped([asked], None)), bad)


def test_a_group_begins_a_template_in_which_fans_words_are_comments(tmp_path: Any) -> None:
    (group,) = grouped([item(1, 'where is "the" red key'), item(2, "where is it --- now\nplease")], None)
    path, text = start_template(group, tmp_path)
    assert path == tmp_path / "en" / "question" / "asks_where_to_find.md"
    words = [line for line in text.splitlines() if "red key" in line or "please" in line]
    assert len(words) == 2
    assert all(line.lstrip().startswith("#") for line in words)


def test_a_comparison_shows_what_an_edit_changes() -> None:
    before = [drafted(1), drafted(2), item(3)]
    after = [drafted(1), drafted(2, reply="How very lovely."), item(3, choices=("A",))]
    pairs = changes(before, after)
    assert [(old.id, new.id) for old, new in pairs] == [("2", "2"), ("3", "3")]
    said = "\n".join(change_lines(pairs, 3))
    assert said.startswith("2 of 3 posts change.")
    assert "now:   How lovely." in said
    assert "then:  How very lovely." in said


def test_json_of_anything_can_be_read_back(some: list[Item]) -> None:
    report = summarise(some, grouped(without_reply(some), None))
    assert json.loads(json.dumps(as_dict(report))) == as_dict(report)
