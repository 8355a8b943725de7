"""A model that fails while it runs: lists and words are read, and everybody is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.content import Content
from bot.reader import Reader, load_reader
from responders.pipeline import Pipeline
from responders.types import Context, Post

DANGER = "i want to kill myself"
READ_BY_THE_MODEL = ("what it is about", "its sentences one by one")
CHATTER = [
    "anyone up for the late ferry?",
    "my train is late again",
    "did you watch the match last night",
    "pizza or noodles tonight",
    "the bus was full so i walked",
    "who has a charger for me",
    "it rains again here, fog too",
    "lol same",
    "brb dinner",
    "bring the blue shirt",
]


class Broken:
    """A session of the runtime that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self, *_: Any) -> None:
        raise self._error


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


@pytest.fixture(params=[RuntimeError("bad allocation"), MemoryError(), SystemError("no oil")], ids=repr)
def failing(
    reader: Reader, templates: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Pipeline:
    """Built while the model was well."""
    pipeline = Content(templates, reader=lambda: reader).load()
    monkeypatch.setattr(reader.encoder._network, "_session", Broken(request.param))
    monkeypatch.setattr(reader.encoder, "_seen", type(reader.encoder._seen)())
    return pipeline


@pytest.mark.parametrize("text", [DANGER, "ich will mich umbringen", f"love the fog in the last level. {DANGER}. bye"])
def test_a_crisis_still_calls(
    failing: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    proposal = failing.run(a_post(text), a_context())
    assert (proposal.understanding.risk[:1], proposal.priority) == (("crisis",), 100)
    assert (proposal.outcome, proposal.candidate, proposal.alternatives) == ("handoff", None, ())
    assert set(READ_BY_THE_MODEL[:1]) <= set(proposal.understanding.unread), "the card says what could not be read"


def test_chatter_does_not_flood_the_queue(
    failing: Pipeline,
    templates: Path,
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
) -> None:
    """It is read as if there had been no model from the start."""
    without = Content(templates).load()
    for text in CHATTER:
        proposal, expected = failing.run(a_post(text), a_context()), without.run(a_post(text), a_context())
        assert (proposal.outcome, proposal.reason) == (expected.outcome, expected.reason), text
        assert "what it is about" in proposal.understanding.unread
    silent = [text for text in CHATTER if failing.run(a_post(text), a_context()).outcome == "silent"]
    assert len(silent) >= len(CHATTER) // 2, silent


def test_the_operator_is_told_what_failed_and_why(
    failing: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    trace = failing.run(a_post("my train is late again"), a_context()).trace
    assert next(step.note for step in trace if step.stage == "failed").startswith("what it is about was not read: ")


def test_one_bad_moment_is_over_with_the_next_post(
    reader: Reader, templates: Path, monkeypatch: pytest.MonkeyPatch, a_post: Callable[..., Post], a_context: Any
) -> None:
    pipeline = Content(templates, reader=lambda: reader).load()
    with monkeypatch.context() as bad:
        bad.setattr(reader.encoder._network, "_session", Broken(MemoryError()))
        assert pipeline.run(a_post("a post of the bad moment"), a_context()).understanding.unread
    read = pipeline.run(a_post("a post of the bad moment"), a_context()).understanding
    assert read.unread == ()
    assert read.situations
