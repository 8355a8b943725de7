"""An analyzer that fails stops nothing else, and a person is told what was not read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responders.library.model import Library
from responders.pipeline import Pipeline
from responders.ports import Analyzer
from responders.types import Candidate, CheckResult, Context, Post, Understanding, Wording
from responders.understanding import build_analyzers
from tests.fakes.reader import FROM, FakeReads, Says

CRISIS = "i want to kill myself"
PRAISE = "love the fog in the last level"
DANGER = "danger"
WORDS = (
    *("its language", "what it is about", "its sentences one by one", DANGER, "its mood", "its details"),
    *("the answers that are near", "the posts that operators wrote down", "whether it is settled"),
)
AFTER = WORDS[WORDS.index(DANGER) + 1 :]
"""What is read after the gates."""


class Failing:
    """An analyzer that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        raise self._error


class Fixed:
    """Offers a wording, whatever was read."""

    name = "fixed"

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        yield Candidate(text="One lamp then.", template="en/x/t", variant="v")


@pytest.fixture(scope="module")
def broken(small_library: Library) -> Callable[..., Pipeline]:
    """A pipeline some of whose analyzers fail."""
    heard = Says(intents={"crisis": 0.1})
    reads = FakeReads({"kill myself": heard, "fog": "praise", "thank": "thanks", "?": "question"})
    analyzers = build_analyzers(small_library, reads)

    def made(failing: Collection[str], error: Exception | None = None) -> Pipeline:
        left: list[tuple[str, Analyzer]] = [
            (words, Failing(error or RuntimeError("no oil")) if words in failing else analyzer)
            for words, analyzer in analyzers
        ]
        return Pipeline(small_library, left, (Fixed(),), (), FROM)

    return made


def test_each_analyzer_says_what_it_reads(small_library: Library) -> None:
    assert tuple(words for words, _ in build_analyzers(small_library, FakeReads({}))) == WORDS


def test_with_none_failing_both_are_read(
    broken: Callable[..., Pipeline], a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    assert broken(()).run(a_post(PRAISE), a_context()).outcome == "draft"
    assert broken(()).understand(a_post(CRISIS), a_context()).risk == ("crisis",)


@pytest.mark.parametrize("failing", [words for words in WORDS if words != DANGER])
@pytest.mark.parametrize(
    "text", [CRISIS, f"{PRAISE}, all of us do. {CRISIS}. " + "thanks for the lamps in the yard! " * 9]
)
def test_a_cry_for_help_is_heard_whatever_fails(
    broken: Callable[..., Pipeline],
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    failing: str,
    text: str,
) -> None:
    proposal = broken([failing]).run(a_post(text), a_context())
    assert proposal.understanding.risk == ("crisis",)
    assert proposal.understanding.unread == (failing,)
    assert (proposal.outcome, proposal.reason.code, proposal.priority) == ("handoff", "gate", 100)
    assert (proposal.candidate, proposal.alternatives) == (None, ())


@pytest.mark.parametrize("failing", WORDS)
@pytest.mark.parametrize("error", [RuntimeError("a\nb"), KeyError("x"), MemoryError(), RecursionError()], ids=repr)
def test_a_harmless_post_is_a_persons_who_is_told_what_could_not_be_read(
    broken: Callable[..., Pipeline],
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    failing: str,
    error: Exception,
) -> None:
    for text in (PRAISE, f"{PRAISE}. " + "the lamps in the yard are lit again. " * 9):
        proposal = broken([failing], error).run(a_post(text), a_context())
        assert (proposal.outcome, proposal.reason.code) == ("handoff", "low_confidence")
        assert proposal.reason.sentence == f"The program failed to read {failing}; please read the post yourself."
        assert (proposal.candidate, proposal.alternatives) == (None, ())
        told = f"{failing} was not read: {error!r}"
        assert any((step.stage, step.note) == ("failed", told) for step in proposal.trace)


def test_what_failed_is_told_in_its_order_and_the_others_went_on(
    broken: Callable[..., Pipeline], a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    read = broken(["its details", "its language"]).understand(a_post(PRAISE), a_context())
    assert read.unread == ("its language", "its details")
    assert (read.intent, read.sentiment, read.details) == ("praise", "positive", ())
    proposal = broken(WORDS).run(a_post(PRAISE), a_context())
    assert proposal.reason.sentence == f"The program failed to read {', '.join(WORDS)}; please read the post yourself."


@pytest.mark.parametrize("decided", [{"asked": True}, {"forced_intent": "praise"}])
def test_who_has_read_the_post_may_go_on(
    broken: Callable[..., Pipeline],
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    decided: dict[str, Any],
) -> None:
    assert broken(["its mood"]).run(a_post(PRAISE), a_context(**decided)).outcome == "draft"
    assert broken(["its mood"]).run(a_post(CRISIS), a_context(**decided)).outcome == "handoff"


TEXTS = st.lists(
    st.sampled_from([PRAISE, "thanks!", "where is it?", "you idiots", "my lawyer will write.", "free nitro", "i am 11"])
    | st.text(max_size=30),
    max_size=6,
).map(" ".join)
SOME = st.sets(st.sampled_from(WORDS))


@settings(deadline=None)
@given(TEXTS, st.sets(st.sampled_from(AFTER)))
def test_risk_hangs_on_nothing_that_is_read_after_it(
    broken: Callable[..., Pipeline],
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    text: str,
    failing: set[str],
) -> None:
    whole = broken(()).understand(a_post(text), a_context())
    read = broken(failing).understand(a_post(text), a_context())
    assert (read.risk, read.alarms) == (whole.risk, whole.alarms)


@settings(deadline=None)
@given(TEXTS, TEXTS, SOME)
def test_a_crisis_phrase_is_found_whatever_fails(
    broken: Callable[..., Pipeline],
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    before: str,
    after: str,
    failing: set[str],
) -> None:
    read = broken(failing - {DANGER}).understand(a_post(f"{before}\n{CRISIS}!\n{after}"), a_context())
    assert read.risk[:1] == ("crisis",)


@settings(deadline=None)
@given(TEXTS, SOME)
def test_nothing_is_offered_for_what_was_not_read(
    broken: Callable[..., Pipeline],
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    text: str,
    failing: set[str],
) -> None:
    proposal = broken(failing).run(a_post(text), a_context())
    assert proposal.understanding.unread == tuple(words for words in WORDS if words in failing)
    if failing:
        assert (proposal.candidate, proposal.alternatives) == (None, ())


class Stumbles:
    """A check that fails."""

    id = "stumbles"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        raise RuntimeError("no oil")


def test_what_could_not_be_checked_is_not_offered_and_a_manager_is_told(
    small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    analyzers = build_analyzers(small_library, FakeReads({"fog": "praise"}))
    pipeline = Pipeline(small_library, analyzers, (Fixed(),), (Stumbles(),), FROM)
    proposal = pipeline.run(a_post(PRAISE), a_context())
    assert (proposal.outcome, proposal.candidate, proposal.alternatives) == ("handoff", None, ())
    (remark,) = pipeline.check(Wording(text="One lamp then.", own_words=True), a_post(PRAISE), a_context())
    assert (remark.level, remark.note) == (
        "warn",
        "The check stumbles failed (RuntimeError); look at the words yourself.",
    )
