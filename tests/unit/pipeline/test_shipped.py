"""The shipped templates and intents: clear posts become drafts that can be reworded, talk among fans stays alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import responders
from responders.library.load import load
from responders.pipeline import Pipeline, build
from responders.types import Context, Post

PACKAGE = Path(responders.__file__).parent
TEMPLATES = PACKAGE.parent / "templates"
HELD_OUT = yaml.safe_load((Path(__file__).parents[1] / "data" / "held_out.yaml").read_text(encoding="utf-8"))


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
    assert proposal.outcome == ("handoff" if intent == "churn" else "draft")
    if intent not in {"churn", "are_you_a_bot"}:
        assert proposal.alternatives


def test_different_posts_get_different_wordings(
    shipped: Pipeline, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    proposals = [shipped.run(a_post("love it", external_id=str(n)), a_context()) for n in range(40)]
    assert len({p.candidate.text for p in proposals if p.candidate}) > 3
