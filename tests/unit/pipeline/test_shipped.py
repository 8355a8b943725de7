"""The shipped templates and intents: clear posts become drafts that can be reworded, talk among fans stays alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from rapidfuzz.fuzz import ratio

import responders
from responders.library.load import load
from responders.pipeline import Pipeline, build
from responders.selection import opener
from responders.types import Author, Candidate, Context, PastReply, Post

PACKAGE = Path(responders.__file__).parent
TEMPLATES = PACKAGE.parent / "templates"
HELD_OUT = yaml.safe_load((Path(__file__).parents[1] / "data" / "held_out.yaml").read_text(encoding="utf-8"))

GERMAN = yaml.safe_load((Path(__file__).parents[1] / "data" / "german.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shipped() -> Pipeline:
    lists = [*PACKAGE.glob("understanding/data/*.yaml"), *PACKAGE.glob("voice/data/*.yaml")]
    texts = {p.relative_to(TEMPLATES).as_posix(): p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*.*")}
    return build(load(texts, {p.name: p.read_text(encoding="utf-8") for p in lists}))


@pytest.mark.parametrize(("intent", "text"), [(i, t) for i, texts in HELD_OUT.items() for t in texts])
def test_held_out_posts(
    shipped: Pipeline, intent: str, text: str, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    proposal = shipped.run(a_post(text), a_context())
    if intent == "silent":
        assert proposal.outcome == "silent"
        return
    assert proposal.understanding.intent == intent
    unanswered = intent == "question" and proposal.reason.code == "no_answer"  # a person picks among the nearest
    assert proposal.outcome == ("handoff" if intent == "churn" or unanswered else "draft")
    if intent not in {"churn", "are_you_a_bot"}:
        assert proposal.alternatives


@pytest.mark.parametrize(("intent", "text"), [(i, t) for i, texts in GERMAN.items() for t in texts])
def test_a_german_channel_is_answered_in_german(
    shipped: Pipeline, intent: str, text: str, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    proposal = shipped.run(a_post(text), a_context(locale="de"))
    if intent == "silent":
        assert proposal.outcome == "silent"
        return
    offered = proposal.candidate or proposal.alternatives[0]
    assert proposal.candidate or proposal.reason.code == "no_answer", proposal.reason.sentence
    assert offered.template.startswith(f"de/{intent}/")


def test_different_posts_get_different_wordings(
    shipped: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    proposals = [shipped.run(a_post("love it", external_id=str(n)), a_context()) for n in range(40)]
    assert len({p.candidate.text for p in proposals if p.candidate}) > 3


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
def test_ten_fans_say_the_same_and_hear_ten_different_things(
    shipped: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], locale: str, text: str
) -> None:
    posts = [a_post(text, external_id=str(n), author=Author(id=str(n), name=f"Fan{n}")) for n in range(10)]
    said = _answers(shipped, posts, lambda **kw: a_context(locale=locale, **kw), to_one_fan=False)
    assert len({opener(c.text) for c in said}) == 10
    assert [(a.text, b.text) for a, b in combinations(said, 2) if ratio(a.text, b.text) > 80] == []


@pytest.mark.parametrize("text", ["love it", "thanks!", "the fog is gorgeous", "it crashed again", "hi all"])
def test_the_same_fan_never_hears_the_same_variant_twice(
    shipped: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    said = _answers(shipped, [a_post(text, external_id=str(n)) for n in range(5)], a_context, to_one_fan=True)
    assert len({(c.template, c.variant) for c in said}) == 5
