"""Posts in their context, and what becomes of them: outcome, code, and one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.model import Library
from responders.pipeline import Pipeline, build
from responders.types import Attachment, Candidate, Context, Post, Proposal, Turn, Understanding
from tests.fakes.reader import FakeReads, Says

QUESTION = "where is the save folder on linux"
COMPLAINT = "the lamp puzzle is broken since yesterday"
PRAISE = "love the fog in the last level"
SILENT = "lol see you at practice at 6, bring the blue shirt"
UNCLEAR = "zxcv qwer"
IMAGE = Attachment(kind="image", url="https://x.example/1.png")
NOW = datetime(2026, 5, 4, 18, 40, tzinfo=UTC)
READ: dict[str, str | Says] = {
    "did it": "thanks",
    QUESTION: "question",
    "lamp puzzle": "complaint",
    PRAISE: "praise",
    SILENT: "crosstalk",
    "uninstalling": "churn",
    "diorama": "ugc_shared",
    "thanks a lot": "thanks",
    "is this a bot": "are_you_a_bot",
    "my lawyer": Says(intents={"legal": 0.5}),
    "i'm 11": Says(intents={"minor": 0.4, "praise": 0.5}),
    "liars": Says(intents={"toxic": 0.4}),
    "moron": Says(intents={"toxic": 0.4}),
    "losers": Says(intents={"toxic": 0.4}),
    "nitro": Says(intents={"spam": 0.4}),
}
"""Words of the posts below, and what is read there."""
Run = Callable[..., Proposal]


class Fixed:
    """Offers wordings with numbers for openers, for every intent but question and thanks."""

    name = "fixed"

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        if understanding.intent in {"question", "thanks"}:
            return
        for n, text in enumerate(
            ["One lamp then.", "Two boats, was it?", "Three cheers from the pier.", "Four it is."]
        ):
            yield Candidate(text=text, template="en/x/t", variant=f"v{n}")


class Failing:
    """A responder that fails."""

    name = "failing"

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        raise RuntimeError("no lamp oil")


@pytest.fixture(scope="module")
def pipeline(small_library: Library) -> Pipeline:
    return build(small_library, reads=FakeReads(READ), responders=(Failing(), Fixed()))


@pytest.fixture(scope="module")
def run(pipeline: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Run:
    def go(text: str, post: dict[str, Any] | None = None, **around: Any) -> Proposal:
        return pipeline.run(a_post(text, **(post or {})), a_context(**around))

    return go


def turn(role: Any, text: str = "Looking into it.", **kw: Any) -> Turn:
    return Turn(role=role, name="Mara", text=text, at=NOW, **kw)


STAFF_REPLY = (turn("staff", replies_to_post=True),)
FAN_REPLY = (turn("fan", "it is in your home folder, under games", replies_to_post=True),)

CASES: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    (PRAISE, {}, {}, "draft", "intent"),
    (COMPLAINT, {}, {}, "draft", "intent"),
    (SILENT, {}, {}, "silent", "not_addressed"),
    (SILENT, {}, {"asked": True}, "draft", "intent"),
    (SILENT, {}, {"forced_intent": "praise"}, "draft", "intent"),
    (PRAISE, {}, {"forced_intent": "crosstalk"}, "silent", "not_addressed"),
    (PRAISE, {}, {"forced_intent": "no_such_intent"}, "draft", "intent"),
    ("i'm done, uninstalling", {}, {}, "handoff", "intent"),
    # who wrote it
    (PRAISE, {"staff": True}, {}, "silent", "staff_or_bot"),
    (PRAISE, {"bot": True}, {"addressed": True}, "silent", "staff_or_bot"),
    (PRAISE, {}, {"opted_out": True}, "silent", "opted_out"),
    (PRAISE, {}, {"opted_out": True, "asked": True}, "silent", "opted_out"),
    # gates
    ("i want to kill myself", {}, {}, "handoff", "gate"),
    ("i want to kill myself", {}, {"asked": True}, "handoff", "gate"),
    ("i want to kill myself", {}, {"forced_intent": "praise"}, "handoff", "gate"),
    ("i want to kill myself", {}, {"opted_out": True}, "handoff", "gate"),
    ("love it, but i want to die", {}, {"after": STAFF_REPLY}, "handoff", "gate"),
    ("you will hear from my lawyer", {}, {}, "handoff", "gate"),
    ("hi i'm 11, my school is the one in mill lane", {}, {}, "handoff", "gate"),
    ("hi i'm 11, my school is the one in mill lane", {}, {"forced_intent": "praise"}, "handoff", "gate"),
    ("hi i'm 11 and i love this game", {}, {}, "draft", "intent"),
    ("hi i'm 11 and i love this game", {}, {"forced_intent": "praise"}, "draft", "intent"),
    ("you people are liars, you said july", {}, {}, "handoff", "gate"),
    ("@pete you absolute moron", {}, {}, "handoff", "gate"),
    ("what a bunch of losers", {}, {}, "silent", "gate"),
    ("what a bunch of losers", {}, {"replies_to": "fan"}, "handoff", "gate"),
    ("free nitro for everyone", {}, {}, "silent", "gate"),
    ("the ferry, the one from before", {}, {"addressed": True}, "handoff", "low_confidence"),
    # no words
    ("", {"attachments": (IMAGE,)}, {}, "silent", "not_text"),
    ("", {"attachments": (IMAGE,)}, {"addressed": True}, "handoff", "not_text"),
    ("", {}, {"asked": True}, "handoff", "not_text"),
    ("https://x.example/1 @pete", {}, {}, "silent", "not_text"),
    ("my diorama of the pier is done", {"attachments": (IMAGE,)}, {}, "draft", "intent"),
    # who answered
    (COMPLAINT, {}, {"after": STAFF_REPLY}, "silent", "answered"),
    (COMPLAINT, {}, {"after": (turn("staff"),)}, "silent", "answered"),
    (COMPLAINT, {}, {"after": (turn("staff", in_thread=False),)}, "draft", "intent"),
    (COMPLAINT, {}, {"before": (turn("staff"),)}, "draft", "intent"),
    (COMPLAINT, {}, {"after": (turn("us", replies_to_post=True),)}, "silent", "answered"),
    (COMPLAINT, {}, {"after": (turn("author", "nvm, restarting fixed it"),)}, "silent", "answered"),
    (COMPLAINT, {}, {"after": (turn("author", "still not fixed"),)}, "draft", "intent"),
    (COMPLAINT, {}, {"after": FAN_REPLY}, "draft", "intent"),
    (QUESTION, {}, {"after": FAN_REPLY}, "silent", "answered"),
    (QUESTION, {}, {"after": (turn("fan", "same here", replies_to_post=True),)}, "handoff", "no_answer"),
    (
        QUESTION,
        {},
        {"after": (turn("fan", "on which version do you play?", replies_to_post=True),)},
        "handoff",
        "no_answer",
    ),
    (QUESTION, {}, {"after": (turn("fan", "i had pizza for lunch today"),)}, "handoff", "no_answer"),
    ("never mind, fixed it", {}, {"replies_to": "us", "addressed": True}, "silent", "answered"),
    # fans among themselves, and answers to us
    (PRAISE, {}, {"replies_to": "fan"}, "silent", "not_addressed"),
    (PRAISE, {}, {"replies_to": "fan", "addressed": True}, "draft", "intent"),
    (PRAISE, {}, {"replies_to": "fan", "asked": True}, "draft", "intent"),
    *(
        (text, {}, {"before": (turn(role, "it is under games"),)}, outcome, code)
        for text, role, outcome, code in (
            ("that did it, thank you mara!", "fan", "silent", "not_addressed"),
            ("Mara, that did it, thanks so much", "fan", "silent", "not_addressed"),
            ("that did it, thanks", "fan", "handoff", "no_template"),
            ("that did it, thank you ida!", "fan", "handoff", "no_template"),
            ("that did it, thank you mara!", "staff", "handoff", "no_template"),
            (f"that did it, thank you mara. but {QUESTION}?", "fan", "handoff", "no_template"),
        )
    ),
    (PRAISE, {}, {"replies_to": "us", "addressed": True}, "draft", "intent"),
    (UNCLEAR, {}, {"replies_to": "us", "addressed": True}, "handoff", "follow_up"),
    (SILENT, {}, {"replies_to": "us", "addressed": True}, "handoff", "follow_up"),
    # unsure
    (UNCLEAR, {}, {}, "silent", "low_confidence"),
    (UNCLEAR, {}, {"addressed": True}, "handoff", "low_confidence"),
    (UNCLEAR, {}, {"first_post": True}, "handoff", "low_confidence"),
    (f"{UNCLEAR} then", {}, {}, "handoff", "low_confidence"),
    (SILENT, {}, {"first_post": True}, "silent", "not_addressed"),
    # caps
    (PRAISE, {}, {"cap": "3 replies a day to one fan"}, "silent", "cap"),
    (PRAISE, {}, {"cap": "3 replies a day to one fan", "addressed": True}, "handoff", "cap"),
    (f"hey Lantern Harbor, {PRAISE}", {}, {"cap": "3 replies a day to one fan"}, "handoff", "cap"),
    (f"{PRAISE}, Lantern Harbor and all", {}, {"cap": "3 replies a day to one fan"}, "silent", "cap"),
    # who asks or complains is heard, however many replies there were
    (COMPLAINT, {}, {"cap": "3 replies a day to one fan"}, "draft", "intent"),
    (QUESTION, {}, {"cap": "3 replies a day to one fan"}, "handoff", "no_answer"),
    ("is this a bot?", {}, {"cap": "3 replies a day to one fan"}, "draft", "intent"),
    (PRAISE, {}, {"cap": "3 replies a day to one fan", "first_post": True}, "silent", "cap"),
    (PRAISE, {}, {"cap": "3 replies a day to one fan", "asked": True}, "draft", "intent"),
    # nothing to say
    (QUESTION, {}, {}, "handoff", "no_answer"),
    ("thanks a lot", {}, {}, "handoff", "no_template"),
    ("thanks a lot", {}, {"addressed": True}, "handoff", "no_template"),
    ("thanks a lot", {}, {"first_post": True}, "handoff", "no_template"),
]


@pytest.mark.parametrize(("text", "post", "around", "outcome", "code"), CASES)
def test_what_becomes_of_a_post(
    run: Run, text: str, post: dict[str, Any], around: dict[str, Any], outcome: str, code: str
) -> None:
    proposal = run(text, post, **around)
    assert (proposal.outcome, proposal.reason.code) == (outcome, code)
    assert proposal.reason.sentence.endswith(".")
    assert (proposal.candidate is not None) == (outcome == "draft")


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("i want to kill myself", 100),
        ("you will hear from my lawyer", 80),
        (COMPLAINT, 50),
        (QUESTION, 30),
        (PRAISE, 10),
        (SILENT, 0),
    ],
)
def test_priority(run: Run, text: str, priority: int) -> None:
    assert run(text).priority == priority


def test_the_why_is_a_sentence_with_the_example(run: Run) -> None:
    proposal = run(PRAISE)
    assert proposal.candidate is not None
    assert proposal.candidate.responder == "fixed"
    assert proposal.reason.sentence.startswith("Reads as praise (sure), like the example “")


def test_a_failing_responder_is_traced_and_the_others_go_on(run: Run) -> None:
    proposal = run(PRAISE)
    notes = {step.stage: step.note for step in reversed(proposal.trace)}
    assert "failing failed: RuntimeError('no lamp oil')" in notes["failed"]
    assert {"facts", "gates", "intent", "details", "responders", "selection", "checks"} <= set(notes)


def test_a_crisis_is_never_drafted_whatever_the_context(run: Run) -> None:
    for around in ({"asked": True}, {"forced_intent": "praise"}, {"addressed": True}, {"replies_to": "us"}):
        proposal = run("i want to kill myself, love the fog", **around)
        assert proposal.candidate is None
        assert proposal.understanding.risk[0] == "crisis"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400) | st.lists(
    st.sampled_from(
        [
            PRAISE,
            QUESTION,
            "kill",
            "myself",
            "nvm",
            "my",
            "@",
            "http://",
            "\u202e",
            "\u200d",
            "<@1",
            "{{",
            "%",
            "👍🏽",
            "a" * 500,
        ]
    ),
    max_size=8,
).map(" ".join)
AROUND = st.fixed_dictionaries(
    {
        "addressed": st.booleans(),
        "asked": st.booleans(),
        "replies_to": st.sampled_from(["us", "fan", "staff", "nobody"]),
        "cap": st.sampled_from([None, "3 a day"]),
        "forced_intent": st.sampled_from([None, "praise", "nonsense"]),
        "locale": st.sampled_from(["en", "de", "xx"]),
        "after": st.lists(st.builds(turn, st.sampled_from(["author", "fan", "staff", "us"]), TEXTS), max_size=2).map(
            tuple
        ),
    }
)


@given(TEXTS, AROUND)
def test_any_text_at_all_has_an_outcome_and_a_reason(run: Run, text: str, around: dict[str, Any]) -> None:
    proposal = run(text, **around)
    assert proposal.reason.sentence
    assert (proposal.outcome == "draft") == (proposal.candidate is not None)
    assert proposal == run(text, **around)


def test_a_fan_whose_name_is_no_word_is_called_by_nothing(run: Run) -> None:
    nameless = (Turn(role="fan", name="!", text="it is under games", at=NOW),)
    assert run("that did it, thanks!!", before=nameless).outcome == "handoff"


def test_a_long_post_is_read(run: Run) -> None:
    assert run("the lamp puzzle is broken " * 300).outcome in {"draft", "handoff"}
    assert run("a " * 4000 + "i want to kill myself").understanding.risk[:1] == ("crisis",)
