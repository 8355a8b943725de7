"""What becomes of a reading that is sure, unsure or unclear, of foreign and sad posts, and of reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responders.library.model import Intent, Library, Template
from responders.pipeline import Pipeline, build
from responders.selection.verdict import NEVER_CAPPED
from responders.types import GATES, Candidate, Context, Post, Proposal, Understanding
from tests.fakes.reader import FROM, FakeReads, Says

Run = Callable[..., Proposal]
WORDINGS = {
    "praise": "Which part of it stays with you?",
    "thanks": "Good to hear that it runs.",
    "complaint": "That is a pity, for sure.",
    "question": "Behind the mill, by the gate.",
    "ugc_shared": "How long did the moths take?",
}


class Each:
    """Offers one wording for each of the likeliest intents, in the post's language."""

    name = "each"

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        for intent, chance in understanding.intents[:3]:
            if (text := WORDINGS.get(intent)) and chance >= 0.05:
                place = f"{context.locale}/{intent}/{intent}"
                yield Candidate(text=text, template=place, variant="a", chance=chance, why=f"for {intent}")


class Twice:
    """Offers two wordings for the likeliest intent."""

    name = "twice"

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        for variant, text in {"a": "Which part of it stays with you?", "b": "So glad that you like it."}.items():
            yield Candidate(text=text, template="en/praise/praise", variant=variant, chance=0.5, why="for praise")


class Told:
    """A detector that takes a post's language from its first two letters."""

    def detect(self, text: str) -> tuple[str, float]:
        return text[:2], 0.99


def in_german(intent: str) -> Template:
    place = f"de/{intent}/t"
    return Template(
        key=place, path=f"{place}.md", id="t", intent=intent, locale="de", variants=(), slots={}, examples=()
    )


@pytest.fixture(scope="module")
def library(small_library: Library) -> Library:
    """Praise is answered in German too."""
    return replace(small_library, templates=(in_german("praise"),))


@pytest.fixture(scope="module")
def run(library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Run:
    """What becomes of a post that is read like this."""

    def go(says: Says | Mapping[str, float], text: str = "the lamp by the pier", **around: Any) -> Proposal:
        reads = FakeReads({"": says if isinstance(says, Says) else Says(intents=says)})
        pipeline = build(library, reads=reads, languages=Told(), responders=(Each(),), checks=())
        return pipeline.run(a_post(f"en {text}" if "locale" not in around else text), a_context(**around))

    return go


def offered(proposal: Proposal) -> list[tuple[str, bool, str]]:
    return [(c.template, c.sure, c.why) for c in proposal.alternatives]


def test_a_sure_reading_is_drafted(run: Run) -> None:
    proposal = run({"praise": 0.8, "thanks": 0.1})
    assert (proposal.outcome, proposal.reason.code) == ("draft", "intent")
    assert proposal.candidate
    assert proposal.candidate.template == "en/praise/praise"


def test_of_an_unsure_one_up_to_three_replies_are_at_hand(run: Run) -> None:
    proposal = run({"praise": 0.45, "thanks": 0.3, "complaint": 0.2, "ugc_shared": 0.04})
    assert (proposal.outcome, proposal.reason.code, proposal.candidate) == ("handoff", "low_confidence", None)
    assert proposal.reason.sentence == "Not sure what this is, maybe praise or thanks or a complaint: pick what fits."
    assert offered(proposal) == [
        ("en/praise/praise", False, "for praise"),
        ("en/thanks/thanks", False, "for thanks"),
        ("en/complaint/complaint", False, "for complaint"),
    ]


@pytest.mark.parametrize(
    ("chances", "templates"),
    [
        ({"praise": 0.6, "ugc_shared": 0.3}, ["praise", "ugc_shared"]),
        ({"praise": 0.6, "ugc_shared": 0.36, "thanks": 0.03}, ["praise", "ugc_shared"]),
        # what no template answers is not offered
        ({"praise": 0.5, "churn": 0.3, "thanks": 0.15}, ["praise", "thanks"]),
        ({"praise": 0.5, "crosstalk": 0.3, "thanks": 0.15}, ["praise", "thanks"]),
        ({"churn": 0.5, "praise": 0.4}, ["praise"]),
        ({"are_you_a_bot": 0.5, "praise": 0.4}, ["praise"]),  # no wording of ours
    ],
)
def test_only_what_fits_is_at_hand(run: Run, chances: dict[str, float], templates: list[str]) -> None:
    proposal = run(chances)
    assert (proposal.outcome, proposal.reason.code) == ("handoff", "low_confidence")
    assert [place for place, _, _ in offered(proposal)] == [f"en/{name}/{name}" for name in templates]


def test_two_replies_for_one_reading_are_told_apart(
    library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    reads = FakeReads({"": Says(intents={"praise": 0.5, "thanks": 0.4})})
    pipeline = build(library, reads=reads, languages=Told(), responders=(Twice(),), checks=())
    proposal = pipeline.run(a_post("en the lamp by the pier"), a_context())
    assert [why for _, _, why in offered(proposal)] == ["for praise", "for praise, in other words"]


UNCLEAR = {"praise": 0.25, "thanks": 0.15, "ugc_shared": 0.1}


@pytest.mark.parametrize(
    ("chances", "around", "outcome", "code"),
    [
        (UNCLEAR, {}, "handoff", "low_confidence"),
        (UNCLEAR, {"addressed": True}, "handoff", "low_confidence"),
        (UNCLEAR, {"first_post": True}, "handoff", "low_confidence"),
        (UNCLEAR, {"replies_to": "us", "addressed": True}, "handoff", "follow_up"),
        ({"praise": 0.2, "thanks": 0.15, "complaint": 0.26}, {}, "handoff", "low_confidence"),
        ({"praise": 0.2, "thanks": 0.15, "question": 0.26}, {}, "handoff", "low_confidence"),
        # none is at hand where one may be dangerous
        ({"praise": 0.5, "thanks": 0.25, "spam": 0.15}, {"addressed": True}, "handoff", "low_confidence"),
        ({"praise": 0.5, "thanks": 0.25, "crisis": 0.15}, {}, "handoff", "low_confidence"),
    ],
)
def test_what_is_too_unclear_has_nothing_at_hand(
    run: Run, chances: dict[str, float], around: dict[str, Any], outcome: str, code: str
) -> None:
    proposal = run(chances, **around)
    assert (proposal.outcome, proposal.reason.code) == (outcome, code)
    assert (proposal.candidate, proposal.alternatives) == (None, ())


def test_who_may_be_in_danger_is_read_before_anything_is_said(run: Run) -> None:
    proposal = run({"praise": 0.85, "crisis": 0.12})
    assert (proposal.outcome, proposal.reason.code) == ("handoff", "low_confidence")
    assert proposal.reason.sentence.startswith("Somebody may not be well (a guess): read it before anything")
    assert (proposal.candidate, proposal.alternatives) == (None, ())
    assert proposal.understanding.risk == ()
    assert run({"praise": 0.85, "crisis": 0.12}, forced_intent="praise").outcome == "draft"


@pytest.mark.parametrize("intent", ["praise", "thanks", "churn", "crosstalk"])
def test_what_may_mean_more_is_a_persons_with_nothing_at_hand(run: Run, intent: str) -> None:
    for chances in ({intent: 0.9, "crisis": 0.05}, {intent: 0.5, "ugc_shared": 0.4, "crisis": 0.05}):
        proposal = run(chances, addressed=True)
        assert proposal.outcome != "draft"
        assert (proposal.candidate, proposal.alternatives) == (None, ())
    assert run({"praise": 0.9, "crisis": 0.05}).reason.sentence == "It may mean more than it says: read it first."
    assert run({"praise": 0.9, "crisis": 0.05}, forced_intent="praise").outcome == "draft"


def test_what_only_may_be_spam_is_shown(run: Run) -> None:
    assert (run({"spam": 0.95}).outcome, run({"spam": 0.5}).outcome) == ("silent", "handoff")


def test_a_word_or_two_trouble_nobody(run: Run) -> None:
    torn = {"praise": 0.5, "thanks": 0.45}
    assert run(torn, "so").outcome == "silent"
    assert run(torn, "so", addressed=True).alternatives
    assert run(torn, "so that was it then").alternatives


@pytest.mark.parametrize("decided", [{"asked": True}, {"forced_intent": "thanks"}])
def test_who_asks_for_a_card_gets_a_draft_of_the_likeliest(run: Run, decided: dict[str, Any]) -> None:
    proposal = run({"praise": 0.45, "thanks": 0.3, "complaint": 0.2}, **decided)
    assert proposal.outcome == "draft"
    assert proposal.candidate
    named = decided.get("forced_intent", "praise")
    assert proposal.candidate.template == f"en/{named}/{named}"


CHANCES = st.dictionaries(
    st.sampled_from([*WORDINGS, "churn", "crosstalk", "offtopic", *GATES]), st.floats(0.01, 1), min_size=1, max_size=5
)


@settings(deadline=None)
@given(CHANCES, st.floats(0.5, 1), st.booleans(), st.booleans())
def test_nothing_unsure_or_dangerous_is_drafted_or_at_hand(
    run: Run, chances: dict[str, float], total: float, addressed: bool, first: bool
) -> None:
    shares = {name: chance / sum(chances.values()) * total for name, chance in chances.items()}
    proposal = run(shares, addressed=addressed, first_post=first)
    read = proposal.understanding
    assert (proposal.outcome == "draft") == (proposal.candidate is not None)
    assert len(proposal.alternatives) <= 3
    if proposal.candidate:
        assert read.confidence >= FROM["sure"]
    if read.alarms:
        assert (proposal.candidate, proposal.alternatives) == (None, ())


def of(name: str, action: Any = "draft") -> Intent:
    return Intent(name=name, meaning=name, action=action, priority=10, examples={})


@pytest.mark.parametrize("name", sorted(NEVER_CAPPED))
def test_who_asks_or_complains_is_heard_however_many_replies_there_were(
    small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context], name: str
) -> None:
    class Always:
        name = "always"

        def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
            yield Candidate(text="So be it.", template=f"en/{understanding.intent}/t", variant="a")

    library = replace(small_library, intents={**small_library.intents, name: of(name)})
    for intent, outcome in ((name, "draft"), ("praise", "silent")):
        pipeline = build(library, reads=FakeReads({"": intent}), responders=(Always(),), checks=())
        capped = a_context(cap="3 replies a day to one fan")
        assert pipeline.run(a_post("the lamp"), capped).outcome == outcome


@pytest.mark.parametrize(
    ("text", "intent", "around", "outcome", "words"),
    [
        # in the channel's language
        ("de so ein schönes licht", "thanks", {"locale": "de"}, "draft", "Reads as thanks"),
        # in another that praise is answered in, and thanks are not
        ("de so ein schönes licht", "praise", {}, "draft", "Reads as praise"),
        ("de so ein schönes licht", "thanks", {}, "handoff", "in German: no template answers that in this language."),
        ("fr quelle belle lumière", "praise", {}, "handoff", "in French: no template answers that in this language."),
        (
            "sv ett sådant ljus här",
            "praise",
            {},
            "handoff",
            "in a language (sv): no template answers that in this language.",
        ),
        # the channel was given one language, whatever a fan writes in
        ("fr quelle belle lumière", "praise", {"one_language": True}, "draft", "Reads as praise"),
        # what is not answered in any language
        ("fr quelle belle lumière", "crosstalk", {}, "silent", "not meant for us"),
        ("fr quelle belle lumière", "churn", {}, "handoff", "a person answers"),
    ],
)
def test_a_language_that_has_no_reply_is_a_persons(
    library: Library,
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    text: str,
    intent: str,
    around: dict[str, Any],
    outcome: str,
    words: str,
) -> None:
    pipeline = build(library, reads=FakeReads({"": intent}), languages=Told(), responders=(Each(),), checks=())
    proposal = pipeline.run(a_post(text), a_context(**around))
    assert proposal.outcome == outcome
    assert words in proposal.reason.sentence
    if proposal.candidate:
        own = "en" if around.get("one_language") else proposal.understanding.language
        assert proposal.candidate.template == f"{own}/{intent}/{intent}"


SAD = ("pet_died", "someone_died", "illness_in_passing", "bad_luck_in_passing")


@pytest.mark.parametrize("situation", SAD)
def test_sad_news_are_never_left_alone(run: Run, situation: str) -> None:
    says = Says(intents={"offtopic": 0.95}, situations=((situation, "offtopic", 0.5), ("weather", "offtopic", 0.4)))
    proposal = run(says)
    assert (proposal.outcome, proposal.reason.code) == ("handoff", "intent")
    assert proposal.reason.sentence == "Tells of something sad: a person decides whether to answer."
    unsure = replace(says, intents={"offtopic": 0.3})
    assert run(unsure).outcome == "handoff"


def test_several_sad_readings_add_up_and_a_weak_one_is_none(run: Run) -> None:
    several = tuple((name, "offtopic", 0.11) for name in SAD)
    assert run(Says(intents={"offtopic": 0.95}, situations=several)).outcome == "handoff"
    assert run(Says(intents={"offtopic": 0.95}, situations=several[:3])).outcome == "silent"


def test_who_reports_a_scam_is_a_persons(run: Run) -> None:
    says = Says(intents={"complaint": 0.95}, situations=(("reports_scam", "complaint", 0.4),))
    proposal = run(says)
    assert (proposal.outcome, proposal.candidate) == ("handoff", None)
    assert proposal.reason.sentence == "Reports a scam or a fake: a person looks into it."
    assert run(says, forced_intent="complaint").outcome == "draft"
    weak = replace(says, situations=(("reports_scam", "complaint", 0.2),))
    assert run(weak).outcome == "draft"


def test_long_stories_and_first_posts_are_not_left_unanswered(run: Run) -> None:
    assert run({"crosstalk": 0.4, "praise": 0.3}, "so we went on " * 15).outcome == "handoff"
    assert run(UNCLEAR, "oh", first_post=True).outcome == "handoff"
    assert run({"praise": 0.9}, "so we went on " * 15).outcome == "draft"


def test_hints_of_a_gate_are_said_with_how_sure_they_are(run: Run) -> None:
    for chance, words in ((0.97, "sure"), (0.85, "likely"), (0.6, "likely"), (0.31, "a guess")):
        assert run({"legal": chance}).reason.sentence == f"Talks of legal steps ({words}): a person answers."


def test_the_trace_names_what_was_read(run: Run) -> None:
    art = (("praise_for_looks", "praise", 0.6),)
    says = Says(intents={"praise": 0.9}, situations=art, mood="glad", tells={"version": 0.9, "picture": 0.8})
    notes = {step.stage: step.note for step in run(says).trace}
    assert notes["situation"].startswith("praise_for_looks 0.6")
    assert notes["tells"] == "picture, version"
    assert notes["mood"].startswith("glad, ")
    assert notes["gates"] == "none"


def test_without_a_reader_only_the_lists_are_looked_at(
    small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    pipeline: Pipeline = build(small_library)
    assert pipeline.run(a_post("i want to kill myself"), a_context()).reason.code == "gate"
    assert pipeline.run(a_post("love it"), a_context()).outcome == "silent"
    assert pipeline.run(a_post("love it"), a_context(addressed=True)).outcome == "handoff"
