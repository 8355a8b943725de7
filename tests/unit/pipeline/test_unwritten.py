"""Situations without a wording: a person answers, with the nearest answers at hand and nothing written for something
else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import responders
from responders.library.found import as_written, finds
from responders.library.load import load
from responders.pipeline import Pipeline, build
from responders.types import Context, Post, Proposal
from tests.fakes.reader import FakeReads, Says

PACKAGE = Path(responders.__file__).parent
EXAMPLE = 'examples: [{given: {post: "?!"}, expect: {offered: false}}]'
PRICE = ("asks_price", "question", 0.7)
CHOICE = ("asks_which_to_choose", "question", 0.2)
TOO_HIGH = ("price_too_high", "complaint", 0.06)
FILES = {
    **{
        f"intents/{name}.yaml": f"meaning: m\naction: draft\nexamples: {{en: [a {name}, one {name}, two {name}]}}"
        for name in ("question", "complaint")
    },
    "en/question/asks_price.md": "---\nanswers_to: [how much is the boat ride]\n---\n",
    "en/question/asks_which_to_choose.md": "---\nanswers_to: [boat or train]\n---\n## variant: a\nWhat matters most?\n",
    "en/question/asks_contact.md": "---\nanswers_to: [who do I write to]\nhandoff: Name the desk.\n---\n",
    "en/question/parking.md": f"---\nanswers_to: [where can I park my car]\nsource: the desk\n{EXAMPLE}\n---\n"
    "## variant: a\nBehind the mill.\n",
    "en/complaint/price_too_high.md": "---\nanswers_to: [that is a lot for a boat]\n---\n## variant: a\nThat stings.\n",
    "en/complaint/rude_at_the_gate.md": "---\nanswers_to: [he shouted at me at the gate]\n---\n",
}
Run = Callable[..., Proposal]


def question(*situations: tuple[str, str, float]) -> Says:
    return Says(intents={"question": 0.93}, situations=situations)


READS = {
    "how much": question(PRICE, CHOICE, TOO_HIGH),
    "which boat": question(("asks_which_to_choose", "question", 0.6), ("asks_price", "question", 0.3), TOO_HIGH),
    "a mirror": question(("asks_compatibility", "question", 0.6), CHOICE),
    "write": question(("asks_contact", "question", 0.6), CHOICE),
    "park": question(("asks_contact", "question", 0.6), CHOICE),
}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    lists = [*PACKAGE.glob("understanding/data/*.yaml"), *PACKAGE.glob("voice/data/*.yaml")]
    library = load(FILES, {p.name: p.read_text(encoding="utf-8") for p in lists})
    return build(library, reads=FakeReads(READS), checks=())


@pytest.fixture(scope="module")
def run(pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Run:
    return lambda text, **around: pipeline.run(a_post(text), a_context(**around))


def offered(proposal: Proposal) -> list[str]:
    assert proposal.candidate is None
    return [candidate.template for candidate in proposal.alternatives]


def test_nothing_that_is_less_likely_is_offered(run: Run) -> None:
    proposal = run("how much is the small boat?")
    assert (proposal.outcome, proposal.reason.code, offered(proposal)) == ("handoff", "no_answer", [])
    why = "Reads as “asks price” (likely), and no reply is written for that: a person answers."
    assert proposal.reason.sentence == why


def test_the_nearest_answers_are_at_hand(run: Run) -> None:
    proposal = run("how much is it for the car to park?")
    assert (proposal.outcome, proposal.reason.code) == ("handoff", "no_answer")
    assert offered(proposal) == ["en/question/parking"]
    assert proposal.reason.sentence.endswith(
        "no reply is written for that; the nearest answers are for “where can I park my car”."
    )


def test_the_very_post_of_the_file_has_them_too(run: Run) -> None:
    proposal = run("How much is the boat ride?")
    assert proposal.understanding.situations == (("asks_price", 0.9999),)
    assert [key for key, _ in proposal.understanding.faq] == ["en/question/parking"]


def test_what_is_likelier_is_offered(run: Run) -> None:
    proposal = run("which boat is it then")
    assert offered(proposal) == ["en/question/asks_which_to_choose"]
    assert proposal.reason.sentence == "No answer is certain: pick what fits."


def test_a_known_question_without_a_file_is_a_persons_too(run: Run) -> None:
    proposal = run("does it fit a mirror")
    assert (proposal.reason.code, offered(proposal)) == ("no_answer", [])
    assert "“asks compatibility”" in proposal.reason.sentence


def test_a_note_stands_beside_the_nearest_answers_and_gives_way_to_a_certain_one(run: Run) -> None:
    noted = run("who do I write to when somebody parks there?")
    assert (noted.outcome, noted.reason.code, offered(noted)) == ("handoff", "by_hand", ["en/question/parking"])
    assert noted.reason.sentence.endswith("a person answers. Name the desk.")
    certain = run("where can i park my car??")
    assert (certain.outcome, certain.candidate and certain.candidate.template) == ("draft", "en/question/parking")


def test_other_posts_are_a_persons_too(run: Run) -> None:
    proposal = run("he shouted at me at the gate")
    assert (proposal.outcome, proposal.reason.code, offered(proposal)) == ("handoff", "by_hand", [])
    assert "“rude at the gate”" in proposal.reason.sentence


def test_its_posts_find_it(pipeline: Pipeline, a_context: Callable[..., Context]) -> None:
    for name in ("question/asks_price", "question/asks_contact", "complaint/rude_at_the_gate"):
        template = pipeline.library.by_key[f"en/{name}"]
        assert finds(template, pipeline.run(*as_written(template, template.answers_to[0], a_context().now))), name
        assert not finds(template, pipeline.run(*as_written(template, "which boat is it then", a_context().now))), name
