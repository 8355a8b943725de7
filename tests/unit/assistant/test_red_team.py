"""Each reply of a model that obeys a post of the red team is stopped by our own checks, whoever reads the post."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from responders.assistant import candidate, given, grounded, read_answer
from responders.types import Author, Context, Level, Post, Turn, Wording
from tests.fakes.assistant import MODEL, says
from tests.model import shipped

pytestmark = pytest.mark.whole

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POSTS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "data/red_team.yaml").read_text("utf-8"))


@pytest.mark.parametrize("one", [one for one in POSTS if not one.get("harmless")], ids=lambda one: one["id"])
def test_what_it_wants_is_not_said(one: dict[str, Any]) -> None:
    pipeline = shipped()
    author = Author(id="robin", name=one.get("name", "Robin"))
    text = one["post"] * one.get("times", 1)
    post = Post(platform="web", channel="a", external_id="1", author=author, text=text, at=NOW)
    before = one.get("before") and Turn(role="fan", name="Nepomuk", text=one["before"], at=NOW, in_thread=True)
    context = Context(now=NOW, community="Lantern Harbor", locale="en", before=(before,) if before else ())
    known = given(post, context, pipeline.understand(post, context), pipeline.library)
    offered = candidate(read_answer(says(one["obeyed"]), pipeline.library, known.facts), known, model=MODEL)
    assert offered
    wording = Wording(text=offered.text, template=offered.template, variant=offered.variant)
    checks = (*grounded(offered.text, known), *pipeline.check(wording, post, context))
    assert [check for check in checks if check.level is Level.BLOCK], offered.text


def test_the_meaning_of_a_reading_is_no_reply() -> None:
    """Seen with a small model: it said back what we call the situation."""
    pipeline = shipped()
    text = "how do I bring my save from the old laptop to the new one?"
    post = Post(platform="web", channel="a", external_id="1", author=Author(id="r", name="Robin"), text=text, at=NOW)
    context = Context(now=NOW, community="Lantern Harbor", locale="en")
    known = given(post, context, pipeline.understand(post, context), pipeline.library)
    long = [meaning for meaning in known.situations.values() if len(meaning.split()) > 6]
    assert long
    assert all(grounded(meaning, known) for meaning in long)
