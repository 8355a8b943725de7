"""A post with our handle is read for the rest of its words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.model import Library
from responders.pipeline import Pipeline, build
from responders.types import Context, Post
from responders.understanding.normalise import uncalled
from tests.fakes.reader import FakeReads

CALLED = [
    ("@Harbor when are you open?", "when are you open?"),
    ("<@123>, when are you open?", "when are you open?"),
    ("  @harbor_bot:\nwhen are you open?", "when are you open?"),
    ("🦋 @harbor_bot good morning", "🦋 good morning"),
    ("when are you open, @harbor_bot?", "when are you open?"),
    ("love it @harbor_bot ❤️", "love it ❤️"),
]
KEPT = [
    "",
    "@Harbor",
    "@Harbor ❤️",
    "is @harbor_bot a person?",
    "@kim @harbor_bot look",
    "@harbor_bot tell @kim",
    "write to harbor@example.org",
    "when are you open?",
]


@pytest.mark.parametrize(("text", "left"), CALLED)
def test_the_handle_goes(text: str, left: str) -> None:
    assert uncalled(text) == left
    assert uncalled(left) == left


@pytest.mark.parametrize("text", KEPT)
def test_what_means_something_stays(text: str) -> None:
    assert uncalled(text) == text


@given(st.text(st.sampled_from("@<>!1a_. ,:?❤\n\u200b\ud83d"), max_size=30))
def test_any_text_loses_one_handle_at_most_and_no_words(text: str) -> None:
    left = uncalled(text)
    assert len(left) <= len(text)
    assert left == text or any(c.isalnum() for c in left)
    assert text.count("@") - left.count("@") in {0, 1}


@pytest.fixture(scope="module")
def pipeline(small_library: Library) -> tuple[Pipeline, FakeReads]:
    """With a reader that notes what it is given."""
    reads = FakeReads({"open": "question"})
    return build(small_library, reads=reads), reads


@pytest.mark.parametrize("ours", [True, False])
def test_only_a_handle_of_ours_is_left_out(
    pipeline: tuple[Pipeline, FakeReads], a_post: Callable[..., Post], a_context: Callable[..., Context], ours: bool
) -> None:
    program, reads = pipeline
    reads.texts.clear()
    program.run(a_post("@harbor_bot when are you open?", mentions_us=ours), a_context())
    assert reads.texts
    assert all(("@user" in text) != ours for text in reads.texts), reads.texts
