"""What the messages around a post tell: whether it belongs to a talk of fans, and what it answers or follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from responders.types import Context, Post, Turn
from responders.understanding.facts import among_fans, before
from tests.unit.conftest import NOW


def a_turn(role: Any, ago: timedelta) -> Turn:
    return Turn(role=role, name="Kim", text="see you there", at=NOW - ago, in_thread=False)


@pytest.mark.parametrize(
    ("around", "sign"),
    [
        ({}, 0),
        ({"replies_to": "fan"}, 1),
        ({"replies_to": "fan", "addressed": True}, -1),
        ({"replies_to": "staff"}, -1),
        ({"before": (a_turn("fan", timedelta(seconds=30)),)}, 1),
        ({"before": (a_turn("staff", timedelta(minutes=3)),)}, -1),
        ({"before": (a_turn("fan", timedelta(minutes=20)),)}, 0),
        ({"before": (a_turn("fan", timedelta(hours=5)),)}, -1),
    ],
)
def test_who_spoke_last_tells_whether_fans_are_among_themselves(
    around: dict[str, Any], sign: int, a_context: Callable[..., Context]
) -> None:
    shift = among_fans(a_context(**around))
    assert (shift > 0) - (shift < 0) == sign


def said(role: Any, text: str, minutes: float = 1, *, thread: bool = False) -> Turn:
    return Turn(role=role, name="Kim", text=text, at=NOW - timedelta(minutes=minutes), in_thread=thread)


@pytest.mark.parametrize(
    ("around", "want"),
    [
        ({}, ""),
        # the last message of the channel, while it is fresh
        ({"before": (said("staff", "which phone?"),)}, "team: which phone?"),
        ({"before": (said("us", "which phone?", 9),)}, "team: which phone?"),
        ({"before": (said("staff", "which phone?", 11),)}, ""),
        ({"before": (said("fan", "same here"),)}, ""),
        ({"before": (said("fan", "same here", 3),)}, ""),
        ({"before": (said("author", "hello"),)}, ""),
        ({"before": (said("staff", "which phone?"), said("author", "hm"))}, ""),
        ({"before": (said("staff", ""),)}, ""),
        # what it formally answers, however old
        ({"replies_to": "us", "before": (said("us", "which phone?", 900, thread=True),)}, "team: which phone?"),
        (
            {"replies_to": "staff", "before": (said("us", "a", 9, thread=True), said("staff", "b", 8, thread=True))},
            "team: b",
        ),
        ({"replies_to": "us", "before": (said("us", "which phone?"),)}, ""),
        ({"replies_to": "us", "before": (said("us", "a", 9, thread=True), said("fan", "b", thread=True))}, "team: a"),
        (
            {"replies_to": "fan", "before": (said("fan", "a", 9, thread=True), said("staff", "b", thread=True))},
            "fan: a",
        ),
        ({"replies_to": "fan", "before": (said("staff", "b"),)}, ""),
        ({"replies_to": "us", "before": (said("us", "", thread=True),)}, ""),
    ],
)
def test_what_a_post_answers_or_follows(
    a_post: Callable[..., Post], a_context: Callable[..., Context], around: dict[str, Any], want: str
) -> None:
    assert before(a_post("pixel 7"), a_context(**around)) == want
