"""Which answer a question is for: sure, near, or another language's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import responders
from responders.library.load import load
from responders.pipeline import Pipeline, build
from responders.types import Context, Post, Understanding
from responders.understanding.answers import LISTED, SURE, AnswersAnalyzer, WordForWord, sure_answer
from tests.fakes.reader import FakeReads
from tests.model import reader as trained

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
    asked = f"[{ask}, {ask} please, {ask} though]"
    return f"---\nanswers_to: {asked}\nsource: the desk\n{EXAMPLE}\n---\n## variant: a\n{text}\n"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    files = [*PACKAGE.glob("understanding/data/*.yaml"), *PACKAGE.glob("voice/data/*.yaml")]
    texts = {f"en/question/{name}.md": answer(*said) for name, said in ANSWERS.items()}
    texts["de/question/parking.md"] = answer("wo kann ich mein Auto parken", "Hinter der Mühle.")
    library = load({**INTENTS, **texts}, {p.name: p.read_text(encoding="utf-8") for p in files})
    return build(library, reads=FakeReads({}))


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


def test_an_answer_is_sure_when_it_is_near_and_alone(analyzer: AnswersAnalyzer) -> None:
    assert sure_answer((("a", SURE), ("b", 0.1))) == "a"
    assert sure_answer((("a", SURE - 0.01),)) is None
    assert sure_answer(()) is None
    assert sure_answer([*analyzer.nearest("where can i park my car?", "en")]) == "en/question/parking"
    assert sure_answer([*analyzer.nearest("is there anything i should know?", "en")]) is None


def test_an_faq_of_one_entry_is_not_sure_of_everything() -> None:
    files = [*PACKAGE.glob("understanding/data/*.yaml"), *PACKAGE.glob("voice/data/*.yaml")]
    text = {"en/question/parking.md": answer(*ANSWERS["parking"])}
    library = load({**INTENTS, **text}, {p.name: p.read_text(encoding="utf-8") for p in files})
    [(key, like)] = AnswersAnalyzer(library).nearest("is there a car on sale?", "en")
    assert key == "en/question/parking"
    assert like < SURE


@pytest.fixture(scope="module")
def by_meaning(pipeline: Pipeline) -> AnswersAnalyzer:
    return AnswersAnalyzer(pipeline.library, trained().model(None)[0])


@pytest.mark.parametrize(
    ("text", "locale", "first"),
    [
        ("I want my money back", "en", "en/question/refund"),
        ("until when is somebody there today?", "en", "en/question/opening-hours"),
        ("do boots come in 47?", "en", "en/question/sizes"),
        ("love it here! is there room for a van somewhere?", "en", "en/question/parking"),
        ("darf man hier irgendwo das Fahrzeug abstellen?", "de", "de/question/parking"),
    ],
)
def test_the_model_knows_answers_in_other_words(
    by_meaning: AnswersAnalyzer, text: str, locale: str, first: str
) -> None:
    assert next(by_meaning.nearest(text, locale, "en"))[0] == first


def test_a_question_that_has_no_answer_finds_no_sure_one(by_meaning: AnswersAnalyzer) -> None:
    """The wrong answer is worse than none."""
    texts = [
        *("do you like pizza?", "what is the meaning of life?", "is the soundtrack on vinyl?", "who made that hat?"),
        *("is there anything i should know?", "why is the door blue?", "did you see the match?", "you braind3ad m0r0n"),
    ]
    found = [(text, sure) for text in texts if (sure := sure_answer([*by_meaning.nearest(text, "en")]))]
    assert found == []


@pytest.mark.parametrize("ask", [ask for ask, _ in ANSWERS.values()])
def test_an_operators_own_phrasing_finds_its_answer(
    analyzer: AnswersAnalyzer, by_meaning: AnswersAnalyzer, ask: str
) -> None:
    (own,) = (f"en/question/{name}" for name, said in ANSWERS.items() if said[0] == ask)
    assert sure_answer([*analyzer.nearest(ask, "en")]) == own
    assert sure_answer([*by_meaning.nearest(ask, "en")]) == own


@pytest.mark.parametrize(
    ("text", "before", "intent"),
    [
        ("thanks! where can I park my car?", Understanding(intent="thanks", confidence=0.9), "question"),
        ("where can I park my car", Understanding(intent="praise", intents=(("question", 0.2),)), "question"),
        ("so where can I park my car", Understanding(intent="praise", intents=(("question", 0.05),)), "praise"),
        ("so where can I park my car?", Understanding(intent="complaint", confidence=0.9), "complaint"),
        ("where can I park my car?", Understanding(), "question"),
        ("where is the fog?", Understanding(intent="thanks", confidence=0.9), "thanks"),
    ],
)
def test_a_known_answer_makes_a_friendly_post_a_question(
    analyzer: AnswersAnalyzer,
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    text: str,
    before: Understanding,
    intent: str,
) -> None:
    read = analyzer.analyze(a_post(text), a_context(), before)
    assert read.intent == intent
    assert (read.confidence >= SURE) == (intent == "question" or before.confidence >= SURE)
    forced = analyzer.analyze(a_post(text), a_context(forced_intent="thanks"), before)
    assert (forced.intent, forced.confidence) == (before.intent, before.confidence)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("Where can i park my car?!", Understanding(intent="complaint", confidence=0.9)),
        ("where can I park my car", Understanding(intent="offtopic", confidence=0.9)),
        ("Wo kann ich mein Auto parken", Understanding(intent="praise", confidence=0.9, language="de")),
    ],
)
def test_a_post_that_an_operator_wrote_down_is_read_as_that(
    pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str, before: Understanding
) -> None:
    analyzer = WordForWord(pipeline.library)
    read = analyzer.analyze(a_post(text), a_context(), before)
    assert (read.intent, sure_answer(read.faq)) == ("question", f"{before.language}/question/parking")
    assert analyzer.analyze(a_post(text), a_context(forced_intent="thanks"), before) == before
    assert analyzer.analyze(a_post(f"{text} here"), a_context(), before) == before


def test_a_complaint_has_its_nearest_answers_too(
    pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    before = Understanding(intent="complaint", intents=(("complaint", 0.99),), confidence=0.95)
    post = a_post("I still wait for the refund of my order")
    read = AnswersAnalyzer(pipeline.library).analyze(post, a_context(), before)
    assert read.faq[0][0] == "en/question/refund"
    assert len(read.faq) == len(ANSWERS)
    assert (read.intent, read.confidence) == ("complaint", 0.95)


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


@settings(deadline=None)
@given(st.text(max_size=200))
def test_likeness_is_a_share_whatever_is_written(
    analyzer: AnswersAnalyzer, by_meaning: AnswersAnalyzer, text: str
) -> None:
    for one in (analyzer, by_meaning):
        likes = [like for _, like in one.nearest(text, "en")][:LISTED]
        assert likes == sorted(likes, reverse=True)
        assert all(0 <= like <= 1 for like in likes)
