"""The channel's numbers, on channels whose numbers can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responders.voice.channel import BANDS, Band, ChannelVoice, measure

SHORT = "Amber and birch stood by the door."
SHARES = [
    ("exclaim_share", ["Good!", "Good.", "Which?", "So."], 0.25),
    ("words_p50", ["One.", "One two three.", "One two three four five."], 3),
    ("words_p50", ["One.", "One two."], 1.5),
    ("opener_reuse_20", ["The fog lifts.", "The fog stays.", "A lamp.", "The fog?", "Rain."], 0.5),
    ("opener_reuse_20", ["The fog lifts.", *(f"{n} lamps." for n in range(20)), "The fog."], 0.0),
    ("opener_reuse_20", ["The fog lifts.", *(f"{n} lamps." for n in range(19)), "The fog."], 0.05),
    ("similarity_p95_20", ["The fog lifts.", "THE FOG LIFTS!"], 1.0),
    ("similarity_p95_20", ["aaaa", "bbbb", "cccc"], 0.0),
    ("distinct_2", ["the fog the fog the fog"], 2 / 5),
    ("distinct_2", ["the fog", "the fog"], 1 / 2),
]


@pytest.mark.parametrize(("field", "texts", "value"), SHARES)
def test_numbers(field: str, texts: list[str], value: float) -> None:
    assert getattr(measure(texts), field) == pytest.approx(value)


def test_distinct_pairs_are_counted_over_a_fixed_window() -> None:
    fresh = " ".join(f"w{n}" for n in range(1001))
    assert measure([fresh]).distinct_2 == 1
    assert measure([fresh, "the fog " * 900]).distinct_2 == 1
    assert measure(["the fog " * 900, fresh]).distinct_2 == pytest.approx(2 / 1000)


def test_nothing_said_has_no_numbers() -> None:
    assert {value for name, value in asdict(measure([])).items() if name != "replies"} == {None}
    alone = measure([SHORT])
    assert (alone.opener_reuse_20, alone.similarity_p95_20) == (None, None)
    assert alone.words_p50 == 7


def test_canned_care_misses_the_bands() -> None:
    canned = measure(["Hi there! Thanks for reaching out. We're sorry to hear that, our team is on it!"] * 60)
    missed = {name for name, band in BANDS.items() if band.holds(getattr(canned, name)) is False}
    assert missed == BANDS.keys() - {"words_p50"}


def test_each_band_is_of_a_number() -> None:
    assert BANDS.keys() == ChannelVoice.__dataclass_fields__.keys() - {"replies"}


@pytest.mark.parametrize(
    ("band", "value", "holds", "words"),
    [
        (Band(high=0.1), 0.1, True, "at most 0.1"),
        (Band(high=0.1), 0.11, False, "at most 0.1"),
        (Band(low=0.75), 0.75, True, "at least 0.75"),
        (Band(low=0.15, high=0.4), 0.1, False, "0.15 to 0.4"),
        (Band(low=6, high=45), None, None, "6 to 45"),
    ],
)
def test_bands(band: Band, value: float | None, holds: bool | None, words: str) -> None:
    assert band.holds(value) is holds
    assert str(band) == words


@settings(max_examples=50)
@given(st.lists(st.text(max_size=40), max_size=25))
def test_any_replies_give_numbers_within_bounds(texts: Sequence[str]) -> None:
    found = asdict(measure(texts))
    assert found.pop("replies") == len(texts)
    words = found.pop("words_p50")
    assert words is None or words >= 0
    assert all(value is None or -1e-9 <= value <= 1 + 1e-9 for value in found.values())
