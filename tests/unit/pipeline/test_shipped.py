"""The shipped templates and intents: clear posts become drafts that can be reworded, talk among fans stays alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from rapidfuzz.fuzz import ratio

from responders.pipeline import Pipeline, build
from responders.selection import opener
from responders.types import Author, Candidate, Context, PastReply, Post, Proposal
from tests import model
from tests.fakes.reader import FakeReads, Says

DATA = Path(__file__).parents[1] / "data"
HELD_OUT = yaml.safe_load((DATA / "held_out.yaml").read_text(encoding="utf-8"))
GERMAN = yaml.safe_load((DATA / "german.yaml").read_text(encoding="utf-8"))
SAID = {
    words: Says(intents={intent: 0.97}, situations=((situation, intent, 0.9),))
    for words, intent, situation in (
        ("love it", "praise", "praise_general"),
        ("so good", "praise", "praise_general"),
        ("gorgeous", "praise", "praise_for_looks"),
        ("einfach toll", "praise", "praise_general"),
        ("thank", "thanks", "thanks_general"),
        ("morning", "greeting", "good_morning"),
        ("hi all", "greeting", "says_hello"),
        ("made this", "ugc_shared", "shows_handmade"),
        ("crashed", "complaint", "crash_in_use"),
    )
}
"""Words of the posts below, and what is read there."""


@pytest.fixture(scope="module")
def real() -> Pipeline:
    """As `run` has it."""
    return model.shipped()


@pytest.fixture(scope="module")
def shipped() -> Pipeline:
    """The shipped templates, with a reader that is sure of the posts below."""
    return build(model.shipped().library, reads=FakeReads(SAID))


@pytest.mark.parametrize(("posts", "locale"), [(HELD_OUT, "en"), (GERMAN, "de")], ids=["English", "German"])
def test_clear_posts_get_what_they_should(
    real: Pipeline,
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
    posts: dict[str, list[str]],
    locale: str,
) -> None:
    def run(text: str) -> Proposal:
        return real.run(a_post(text), a_context(locale=locale))

    def told(proposals: Sequence[tuple[str, Proposal]]) -> list[str]:
        return [f"{text}: {p.outcome} {p.understanding.intent}: {p.reason.sentence}" for text, p in proposals]

    answered = [(want, t, run(t)) for want, texts in posts.items() for t in texts if want not in {"silent", "churn"}]
    drafted = [(t, p) for want, t, p in answered if p.outcome == "draft" and p.understanding.intent == want]
    near = [(t, p) for want, t, p in answered if any(c.template.startswith(f"{locale}/{want}/") for c in _offered(p))]
    wrong = [(t, p) for want, t, p in answered if p.outcome == "draft" and p.understanding.intent != want]
    spoken = [(t, p) for t, p in ((t, run(t)) for t in posts["silent"]) if p.outcome == "draft"]
    assert len(drafted) >= 0.4 * len(answered), told([(t, p) for _, t, p in answered if (t, p) not in drafted])
    assert len(near) >= 0.85 * len(answered), told([(t, p) for _, t, p in answered if (t, p) not in near])
    assert len(wrong) <= 0.08 * len(answered), told(wrong)
    assert len(spoken) <= 0.2 * len(posts["silent"]), told(spoken)


@pytest.mark.parametrize(
    ("situation", "text"),
    [
        ("asks_for_interview", "could we interview one of you for our podcast?"),
        ("asks_for_interview", "Would you be up for a talk at our makerspace in spring?"),
        ("asks_for_interview", "I'm writing an article on repair cafes, is there someone I can quote?"),
        ("asks_for_interview", "my uni project is about small orchestras, would the conductor answer a short survey?"),
        ("asks_about_joining_team", "do you still take volunteers for the workshop? I can weld"),
        ("asks_about_joining_team", "are you hiring lifeguards for the summer?"),
        ("asks_about_joining_team", "I'd like to help out with the translations, where do I sign up?"),
        ("asks_contact", "who do I write to about using your map in a school book?"),
    ],
)
def test_who_asks_for_an_interview_does_not_ask_to_join(
    real: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], situation: str, text: str
) -> None:
    proposal = real.run(a_post(text), a_context())
    assert (proposal.outcome, proposal.understanding.situations[0][0]) == ("handoff", situation)
    written = {candidate.template for candidate in _offered(proposal) if not candidate.answer}
    assert written == (set() if situation == "asks_for_interview" else {f"en/question/{situation}"})


def _offered(proposal: Proposal) -> list[Candidate]:
    return [c for c in (proposal.candidate, *proposal.alternatives) if c]


@pytest.mark.parametrize("text", HELD_OUT["churn"])
def test_who_leaves_is_a_persons(
    real: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    proposal = real.run(a_post(text), a_context())
    assert (proposal.outcome, proposal.understanding.intent) == ("handoff", "churn")


def _sent(earlier: Sequence[Candidate], now: Context, *, to_one_fan: bool) -> tuple[PastReply, ...]:
    """Drafts counted as sent, a few seconds apart, newest first."""
    return tuple(
        PastReply(
            text=c.text,
            opener=opener(c.text),
            template=c.template,
            variant=c.variant,
            at=now.now - timedelta(seconds=5 * age),
            same_channel=True,
            same_fan=to_one_fan,
        )
        for age, c in enumerate(reversed(earlier), start=1)
    )


def _answers(
    shipped: Pipeline, posts: Sequence[Post], context: Callable[..., Context], *, to_one_fan: bool
) -> list[Candidate]:
    """A draft for each post, those before it counted as sent."""
    said: list[Candidate] = []
    for post in posts:
        proposal = shipped.run(post, context(past_replies=_sent(said, context(), to_one_fan=to_one_fan)))
        assert proposal.candidate, proposal.reason.sentence
        said.append(proposal.candidate)
    return said


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "love it"),
        ("en", "this is so good"),
        ("en", "thank you"),
        ("en", "good morning all"),
        ("en", "made this today"),
        ("de", "einfach toll"),
    ],
)
def test_four_fans_say_the_same_and_hear_four_different_things(
    shipped: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], locale: str, text: str
) -> None:
    posts = [a_post(text, external_id=str(n), author=Author(id=str(n), name=f"Fan{n}")) for n in range(4)]
    said = _answers(shipped, posts, lambda **kw: a_context(locale=locale, **kw), to_one_fan=False)
    assert len({opener(c.text) for c in said}) == 4
    assert [(a.text, b.text) for a, b in combinations(said, 2) if ratio(a.text, b.text) > 80] == []


@pytest.mark.parametrize("text", ["love it", "thanks!", "the fog is gorgeous", "it crashed again", "hi all"])
def test_the_same_fan_never_hears_the_same_variant_twice(
    shipped: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    said = _answers(shipped, [a_post(text, external_id=str(n)) for n in range(5)], a_context, to_one_fan=True)
    assert len({(c.template, c.variant) for c in said}) == 5
