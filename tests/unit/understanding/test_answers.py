"""Which answer a question is for: sure, near, or another language's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import responders
from responders.library.load import load
from responders.pipeline import Pipeline, build
from responders.types import Context, Post
from responders.understanding.answers import APART, LISTED, SURE, AnswersAnalyzer, sure_answer

PACKAGE = Path(responders.__file__).parent
INTENTS = {
    "intents/question.yaml": "meaning: m\naction: draft\nexamples: {en: [where is it, how do i open it, when is it]}",
    "intents/praise.yaml": "meaning: m\naction: draft\nexamples: {en: [love it, so good, beautiful work]}",
}
ANSWERS = {
    "opening-hours": ("what are your opening hours", "The door opens with the bakery."),
    "parking": ("where can I park my car", "Behind the mill."),
    "refund": ("how do I get a refund for my order", "Write to the desk with the number."),
    "sizes": ("which shoe sizes do you sell", "All but the largest."),
}
EXAMPLE = 'examples: [{given: {post: "?!"}, expect: {offered: false}}]'


def answer(ask: str, text: str) -> str:
    return f"---\nasks: [{ask}, {ask} please, {ask} though]\nsource: the desk\n{EXAMPLE}\n---\n## variant: a\n{text}\n"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    files = [*PACKAGE.glob("understanding/data/*.yaml"), *PACKAGE.glob("voice/data/*.yaml")]
    texts = {f"en/question/{name}.md": answer(*said) for name, said in ANSWERS.items()}
    texts["de/question/parking.md"] = answer("wo kann ich mein Auto parken", "Hinter der Mühle.")
    return build(load({**INTENTS, **texts}, {p.name: p.read_text(encoding="utf-8") for p in files}))


@pytest.fixture(scope="module")
def analyzer(pipeline: Pipeline) -> AnswersAnalyzer:
    return AnswersAnalyzer(pipeline.library)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("opening hours??", "en/question/opening-hours"),
        ("hey, where do i park the car", "en/question/parking"),
        ("can i get a refund on this order", "en/question/refund"),
        ("what shoe sizes are there", "en/question/sizes"),
        ("love the shop. where can i parkk my carr?", "en/question/parking"),
    ],
)
def test_the_nearest_comes_first(analyzer: AnswersAnalyzer, text: str, first: str) -> None:
    assert next(analyzer.nearest(text, "en"))[0] == first


def test_the_fans_language_first_and_each_answer_once(analyzer: AnswersAnalyzer) -> None:
    keys = [key for key, _ in analyzer.nearest("wo kann ich parken", "de", "en")]
    assert keys[0] == "de/question/parking"
    assert "en/question/parking" not in keys
    assert len(keys) == len(ANSWERS)


def test_an_answer_is_sure_when_it_is_near_and_alone() -> None:
    assert sure_answer((("a", SURE), ("b", SURE - APART))) == "a"
    assert sure_answer((("a", SURE), ("b", SURE - APART / 2))) is None
    assert sure_answer((("a", SURE - 0.01),)) is None
    assert sure_answer(()) is None


def test_a_known_question_is_drafted_with_its_source(
    pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    proposal = pipeline.run(a_post("where can i park my car?"), a_context(forced_intent="question"))
    assert proposal.candidate is not None
    assert (proposal.outcome, proposal.candidate.text) == ("draft", "Behind the mill.")


def test_an_unknown_question_is_a_persons_with_the_three_nearest_to_pick_from(
    pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    proposal = pipeline.run(a_post("where does the wool come from?"), a_context(forced_intent="question"))
    assert (proposal.outcome, proposal.reason.code, proposal.candidate) == ("handoff", "no_answer", None)
    assert len(proposal.understanding.faq) >= 3
    assert len(proposal.alternatives) == 3
    asks = {ask for ask, _ in ANSWERS.values()}
    assert sum(f"“{ask}”" in proposal.reason.sentence for ask in asks) == 3


def test_what_asks_nothing_names_no_answer(
    pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    assert pipeline.understand(a_post("🔥🔥"), a_context()).faq == ()


@given(st.text(max_size=200))
def test_likeness_is_a_share_whatever_is_written(analyzer: AnswersAnalyzer, text: str) -> None:
    likes = [like for _, like in analyzer.nearest(text, "en")][:LISTED]
    assert likes == sorted(likes, reverse=True)
    assert all(0 <= like <= 1 for like in likes)
