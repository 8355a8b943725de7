"""A language model as a second reader: it may settle what our reader thinks likely, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from responders.assistant import Suggestion, read_again
from responders.pipeline import Pipeline, build
from responders.types import Author, Context, Outcome, Post, ReasonCode
from tests.fakes.reader import FakeReads, Says
from tests.model import shipped

POST = "the lamp went round and round"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = Context(now=NOON, community="Lantern Harbor", first_post=True)
LOOKS, CRASH = ("praise_for_looks", "praise", 0.4), ("crash_in_use", "complaint", 0.2)


def reads(intents: dict[str, float], *situations: tuple[str, str, float]) -> Pipeline:
    return build(shipped().library, reads=FakeReads({POST: Says(intents=intents, situations=situations)}))


def again(pipeline: Pipeline, intent: str | None, situation: str | None = None, text: str = POST):
    post = Post(platform="web", channel="c", external_id="1", author=Author(id="r", name="Robin"), text=text, at=NOON)
    first = pipeline.run(post, CONTEXT)
    return first, read_again(pipeline, post, CONTEXT, first, Suggestion(intent=intent, situation=situation))


@pytest.fixture(scope="module")
def torn() -> Pipeline:
    return reads({"praise": 0.5, "complaint": 0.3, "wish": 0.15}, LOOKS, CRASH)


def test_our_reader_alone_is_not_sure(torn: Pipeline) -> None:
    first, unchanged = again(torn, None)
    assert (first.outcome, first.reason.code) == (Outcome.HANDOFF, ReasonCode.LOW_CONFIDENCE)
    assert unchanged is None


def test_two_readers_that_agree_make_a_draft(torn: Pipeline) -> None:
    _, second = again(torn, "praise", "praise_for_looks")
    assert second
    assert (second.outcome, second.understanding.intent) == (Outcome.DRAFT, "praise")
    assert second.candidate
    assert second.candidate.template == "en/praise/praise_for_looks"
    assert second.reason.sentence.endswith("A language model reads it the same way.")
    assert second.understanding.confidence < 0.95, "likely, not sure: two guesses are no certainty"


def test_another_likely_reading_is_a_choice_for_a_person(torn: Pipeline) -> None:
    _, second = again(torn, "complaint")
    assert second
    assert (second.outcome, second.candidate) == (Outcome.HANDOFF, None)
    assert {candidate.sure for candidate in second.alternatives} == {False}
    assert "en/complaint/crash_in_use" in {candidate.template for candidate in second.alternatives}


@pytest.mark.parametrize(
    ("intent", "situation"),
    [("thanks", None), ("crisis", None), ("toxic", None), ("praise", "lost_progress"), ("no_such_thing", None)],
)
def test_what_our_reader_thinks_unlikely_changes_nothing(torn: Pipeline, intent: str, situation: str | None) -> None:
    assert again(torn, intent, situation)[1] is None


def test_a_sure_post_is_not_read_again() -> None:
    first, second = again(reads({"praise": 0.95}, ("praise_for_looks", "praise", 0.9)), "complaint")
    assert first.outcome is Outcome.DRAFT
    assert second is None


def test_danger_stays_as_it_was_read_and_the_rules_are_asked_again() -> None:
    """A goodbye may be for ever from a smaller chance of a crisis than praise."""
    pipeline = reads({"praise": 0.45, "farewell": 0.4, "wish": 0.1, "crisis": 0.012}, LOOKS)
    first, praise = again(pipeline, "praise", "praise_for_looks")
    assert first.alternatives
    assert praise
    assert again(pipeline, "farewell")[1] is None


def test_kind_words_for_something_that_went_wrong_are_no_praise_because_a_model_says_so() -> None:
    mocking = "thank you for breaking the map again"
    says = Says(intents={"praise": 0.5, "complaint": 0.3, "wish": 0.15}, situations=(LOOKS, CRASH))
    pipeline = build(shipped().library, reads=FakeReads({mocking: says}))
    first, second = again(pipeline, "praise", "praise_for_looks", mocking)
    assert first.outcome is Outcome.HANDOFF
    assert second is None or second.outcome is Outcome.HANDOFF
