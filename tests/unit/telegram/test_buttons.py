"""The data of buttons on Telegram: it says what was pressed, fits, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.adapters.telegram import buttons
from bot.adapters.telegram.buttons import LONGEST, MORE, VERBS, data, mark, parse

drafts = st.text("0123456789abcdef", min_size=16, max_size=16)
revisions = st.integers(1, 999_999_999)
choices = st.text("0123456789abcdefghijklmnopqrstuvwxyz", max_size=16)


@given(st.sampled_from(VERBS), drafts, revisions, choices)
def test_a_press_says_what_the_button_said(verb: str, draft_id: str, revision: int, choice: str) -> None:
    made = data(verb, draft_id, revision, choice)
    assert len(made.encode()) <= LONGEST
    assert parse(made) == buttons.Pressed(draft_id=draft_id, revision=revision, verb=verb, choice=choice)


@given(st.text())
@example(MORE)
@example("send:0123456789abcdef:1\n")
@example("send:0123456789abcdef:0")
@example("send:0123456789abcdef:1:")
@example("send:0123456789abcdef:\N{ARABIC-INDIC DIGIT ONE}")
@example("send:0123456789ABCDEF:1")
@example("approve:0123456789abcdef:1")
@example("send:0123456789abcdef:1234567890")
@example("send:0123456789abcdef:1:a:b")
def test_anything_else_is_not_a_card(words: str) -> None:
    assert parse(words) is None


@given(st.text())
def test_any_words_become_a_choice(words: str) -> None:
    made = data("handover", "0123456789abcdef", 999_999_999, mark(words))
    found = parse(made)
    assert found is not None
    assert found.choice == mark(words)


@pytest.mark.parametrize(
    ("verb", "draft_id", "revision", "choice"),
    [
        ("approve", "0123456789abcdef", 1, ""),
        ("send", "0123", 1, ""),
        ("send", "0123456789abcdef", 0, ""),
        ("send", "0123456789abcdef", 1, "Über"),
        ("send", "0123456789abcdef", 1, "a" * 17),
    ],
)
def test_a_button_that_could_not_be_read_back_is_not_made(verb: str, draft_id: str, revision: int, choice: str) -> None:
    with pytest.raises(ValueError, match="cannot be a button's data"):
        data(verb, draft_id, revision, choice)
