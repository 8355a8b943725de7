"""What was read, in words for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cli.common import counted
from bot.reading import in_words
from responders.library.model import Library
from responders.types import Alarm, Understanding
from tests.model import shipped

LOST = Understanding(
    intent="complaint",
    confidence=0.96,
    intents=(("complaint", 0.96), ("question", 0.02)),
    situations=(("lost_progress", 0.85), ("lost_work_or_data", 0.05)),
)


@pytest.fixture(scope="module")
def library() -> Library:
    return shipped().library


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (LOST, "Reads as “lost progress”, a complaint (likely)."),
        (
            replace(LOST, mood="angry", tells=frozenset({"number"}), second="question"),
            "Reads as “lost progress”, a complaint (likely). Sounds angry. Tells a number. Also asks a question.",
        ),
        (
            replace(LOST, tells=frozenset({"order", "version", "since_when"}), language="de"),
            "Reads as “lost progress”, a complaint (likely). Tells the version, since when and the order's number."
            " Written in German.",
        ),
        (
            replace(LOST, situations=(("lost_progress", 0.3),)),
            "Reads as a complaint (sure), maybe “lost progress”.",
        ),
        (replace(LOST, situations=(("lost_progress", 0.1),)), "Reads as a complaint (sure)."),
        (replace(LOST, situations=(("thanks_for_fix", 0.9),)), "Reads as a complaint (sure)."),
        (
            replace(LOST, confidence=0.4, intents=(("complaint", 0.4), ("wish", 0.35)), situations=()),
            "Not clear: maybe a complaint, or a wish.",
        ),
        (
            replace(LOST, intent="thanks", situations=(("thanks_for_fix", 0.99),)),
            "Reads as “thanks for fix” (sure).",
        ),
        (
            replace(LOST, intent="cake_talk", confidence=1.0, situations=()),
            "Reads as cake talk (named by a manager).",
        ),
        (
            replace(LOST, mood="light", risk=("crisis",), alarms=(Alarm(gate="crisis", chance=0.6, part="x"),)),
            "Raises an alarm: somebody in danger (likely).",
        ),
        (replace(LOST, risk=("legal", "spam")), "Raises an alarm: legal steps."),
        (Understanding(), "Nothing was read in it."),
    ],
)
def test_a_reading_in_words(library: Library, read: Understanding, said: str) -> None:
    assert in_words(read, library, "en") == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "no warnings"), (1, "1 warning"), (2, "2 warnings"), (1500, "1,500 warnings")]
)
def test_a_number_with_its_noun(count: int, said: str) -> None:
    assert counted(count, "warning") == said
