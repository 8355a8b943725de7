"""`greenroom backtest --assistant`, as a person runs it, against a server that plays the model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.store import Store, fans
from tests.fakes.assistant import KEY, MODEL, Asked, FakeAssistant, Turn, aside, says
from tests.unit.exports.builders import discord, said

pytestmark = pytest.mark.whole

Run = Callable[..., tuple[int, str, str]]
ANSWERS = {
    "gorgeous": "It is so good to read that.",
    "thank you": "You get a free copy on Friday.",
    "red key": "not json",
}


@pytest.fixture
def model() -> Iterator[FakeAssistant]:
    fake = FakeAssistant(key=KEY)
    fake.rule = answer
    with aside(fake):
        yield fake
    assert fake.problems == []


def answer(asked: Asked) -> str:
    reply = next(reply for part, reply in ANSWERS.items() if part in asked.data["post"])
    return reply if reply == "not json" else says(reply)


@pytest.fixture
def home(greenroom: Run, tmp_path: Path, model: FakeAssistant, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert greenroom("init", tmp_path / "home")[0] == 0
    monkeypatch.setenv("ASSISTANT_KEY", KEY)
    config = tmp_path / "home" / "config.yaml"
    block = f"assistant: {{endpoint: '{model.endpoint}', model: {MODEL}, key_env: ASSISTANT_KEY, processor: our own}}\n"
    text = config.read_text("utf-8").replace("policy: null", "policy: A model on our own server may read it.")
    config.write_text(text + block, "utf-8")
    return tmp_path / "home"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    reply = {"messageId": "10001", "channelId": "2000", "guildId": "1"}
    posts = [
        {**said(1, "the new map is gorgeous"), "author": {**said()["author"], "id": "77", "name": "robin"}},
        said(2, "thank you so much for the fix"),
        {
            **said(3, "So good of you to say that."),
            "type": "Reply",
            "reference": reply,
            "author": {**said()["author"], "id": "42", "name": "mara"},
        },
        said(4, "where is the red key hidden?"),
        said(5, "I want to kill myself"),
    ]
    path = tmp_path / "general.json"
    path.write_text(json.dumps(discord(*posts)), encoding="utf-8")
    return path


def backtest(greenroom: Run, home: Path, *arguments: object) -> tuple[int, str, str]:
    return greenroom("backtest", *arguments, "--config", home / "config.yaml")


def test_it_says_what_the_model_brings_and_costs(
    greenroom: Run, home: Path, export: Path, model: FakeAssistant, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    more = ("--staff", "42", "--assistant", "--limit", "10", "--json", "--html", page)
    status, out, err = backtest(greenroom, home, export, *more)
    assert (status, err.count("Traceback")) == (0, 0)
    found: dict[str, Any] = json.loads(out)["assistant"]
    assert found["outcomes"] == {"answered": 1, "blocked": 1, "nonsense": 1}
    assert [one["reply"] for one in found["items"]] == [ANSWERS["gorgeous"], None, None]
    assert found["tokens"]["in"] > found["tokens"]["out"] > 0
    assert found["items"][1]["why"]
    assert "It is so good to read that." in page.read_text("utf-8")
    assert model.calls == 3, "a post that hits a gate is never seen"


def test_a_person_reads_it_below_the_report(greenroom: Run, home: Path, export: Path, model: FakeAssistant) -> None:
    plain = backtest(greenroom, home, export, "--staff", "42", "--limit", "10")
    model.next(Turn(status=500))
    status, out, _ = backtest(greenroom, home, export, "--staff", "42", "--assistant", "--limit", "10")
    assert status == 0
    head, tail = out.split("\nWith the language model: ")
    assert plain[1].startswith(head), "the report itself stays as it is"
    assert tail.startswith("3 cards asked about")
    assert "not reached 1" in tail
    assert "tokens read" in tail


def test_it_compares_with_what_the_team_wrote(greenroom: Run, home: Path, export: Path) -> None:
    more = ("--staff", "42", "--assistant", "--limit", "10", "--json")
    found = json.loads(backtest(greenroom, home, export, *more)[1])["assistant"]["likeness"]
    assert found["posts"] + found["model_alone"] == 1


def test_the_limit_is_kept_and_must_be_named(greenroom: Run, home: Path, export: Path, model: FakeAssistant) -> None:
    status, out, err = backtest(greenroom, home, export, "--assistant")
    assert (status, out) == (2, "")
    assert "--limit" in err
    assert model.calls == 0
    assert backtest(greenroom, home, export, "--assistant", "--limit", "1")[0] == 0
    assert model.calls == 1


def test_without_a_model_it_says_what_to_do(greenroom: Run, home: Path, export: Path) -> None:
    config = home / "config.yaml"
    config.write_text(config.read_text("utf-8").rpartition("assistant:")[0], "utf-8")
    status, out, err = backtest(greenroom, home, export, "--assistant", "--limit", "3")
    assert (status, out, "`assistant:`" in err) == (2, "", True)


def test_it_needs_a_privacy_text_as_a_start_does(
    greenroom: Run, home: Path, export: Path, model: FakeAssistant
) -> None:
    config = home / "config.yaml"
    config.write_text(
        config.read_text("utf-8").replace("policy: A model on our own server may read it.", "policy: null"), "utf-8"
    )
    status, out, err = backtest(greenroom, home, export, "--assistant", "--limit", "3")
    assert (status, out, "`privacy.policy`" in err) == (2, "", True)
    assert model.calls == 0


def test_who_said_no_is_not_asked_about(greenroom: Run, home: Path, export: Path, model: FakeAssistant) -> None:
    async def say_no() -> None:
        (home / "var").mkdir(exist_ok=True)
        store = await Store.open(f"sqlite:///{home}/var/greenroom.db")
        try:
            await store.write(lambda c: fans.decline_assistant(c, "discord", "77", datetime(2026, 3, 1, tzinfo=UTC)))
        finally:
            await store.close()

    asyncio.run(say_no())
    assert backtest(greenroom, home, export, "--assistant", "--limit", "10")[0] == 0
    assert [asked.data["post"] for asked in model.seen if "gorgeous" in asked.words] == []
    assert model.calls == 2
