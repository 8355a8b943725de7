"""Letters that only look Latin do not hide a word, and a word of another script stays what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.understanding.normalise import ENCODED, encodable, reading

HIDDEN = [
    "kіll yоursеlf",  # Cyrillic
    "kill уоursеӏf",
    "kill yοurself",  # Greek
    "kill yσυrself",
    "kill yօսrself",  # Armenian
    "kill yourself".replace("u", "\u1d1c"),  # small capitals
    "\u1d0b\u026a\u029f\u029f \u028f\u1d0f\u1d1c\u0280s\u1d07\u029f\ua730",
    "\u1d0b\u026a\u029f\u029f \u028f\u1d0f\u1d1c\u0280\ua731\u1d07\u029f\ua730",
    "\U0001d4c0\U0001d4be\U0001d4c1\U0001d4c1 \U0001d4ce\u2134\U0001d4ca\U0001d4c7\U0001d4c8\u212f\U0001d4c1\U0001d4bb",
    "\uff4b\uff49\uff4c\uff4c yourself",
]


@pytest.mark.parametrize("text", HIDDEN, ids=ascii)
def test_a_hidden_word_is_read(text: str) -> None:
    assert reading(text) == encodable(text) == "kill yourself"


@pytest.mark.parametrize("text", ["KІLL YОURЅELF", "KILL YΟURSELF", "KILL YOURSΕLF"], ids=ascii)
def test_a_hidden_word_in_capitals_is_read(text: str) -> None:
    assert reading(text) == encodable(text) == "kill yourself"


def test_capitals_stand_for_what_they_look_like() -> None:
    assert (reading("OΝE"), reading("TΗE"), encodable("OΝE day")) == ("one", "the", "ONE day")


@pytest.mark.parametrize("text", ["спасибо за игру", "ευχαριστώ πολύ", "շնորհակալություն", "дякую", "altın kız"])
def test_a_word_of_another_script_stays(text: str) -> None:
    assert reading(text) == encodable(text) == text


@given(st.text(st.sampled_from("абвгдежзийклмнопрстуфхцчшщъыьэюяієґўћѕ"), min_size=1, max_size=30))
def test_no_letter_of_a_word_of_another_script_is_changed(word: str) -> None:
    assert set(reading(word)) == set(word)


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert len(encodable(text)) <= ENCODED + 1
    assert reading(text) == reading(text).strip()
