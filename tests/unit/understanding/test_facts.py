"""What the messages around a post tell: whether fans talk among themselves, and what it answers or follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from responders.types import Context, Post, Turn
from responders.understanding.facts import Conversation, among_fans, before
from tests.unit.conftest import NOW, SHIPPED

DATA = SHIPPED / "understanding/data"


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


LISTS = yaml.safe_load((DATA / "conversation.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "text", "called"),
    [
        ("Rust", "trust me i love soup", False),
        ("Rust", "rust is the best game this year", False),
        ("Rust", "do you play rust?", False),
        ("Rust", "hey rust players", False),
        ("Rust", "i got rust on my bike, you know how that is", False),
        ("Rust", "Rust: a short review", False),
        ("Go", "lets go!", False),
        ("Lantern Harbor", "Lantern Harbor's fog is so dense", False),
        ("Lantern Harbor", "a lantern, harbor lights", False),
        ("Rust", "hey Rust, when is the wipe", True),
        ("Rust", "Rust, when do you wipe?", True),
        ("Rust", "thanks Rust team!", True),
        ("Rust", "what is the plan, rust?", True),
        ("Lantern Harbor", "dear  LANTERN Harbor, you are the best", True),
        ("C++ Café", "hi c++ café", True),
        ("Фонарь", "привет", False),
        ("(a|b)*", "hey (a|b)*!", True),
        ("", "hey there", False),
    ],
)
def test_the_communitys_name_alone_calls_nobody(name: str, text: str, called: bool) -> None:
    assert Conversation(LISTS).called(name, text) is called


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_name_and_any_text_will_do(name: str, text: str) -> None:
    Conversation(LISTS).called(name, f"{text}{name}{text}")
    assert Conversation(LISTS).called(f"x{name}x", text) in (True, False)


@pytest.mark.parametrize(
    ("text", "settles", "alone"),
    [
        ("never mind, fixed it", True, True),
        ("thank you, that fixed it", True, False),
        ("hey all, sorry, solved it myself", True, False),
        ("nvm, restarting fixed it", True, True),
        ("danke, geht wieder", True, False),
        ("gracias, ya funciona", True, False),
        ("merci, ça marche maintenant", True, False),
        ("já resolvi, obrigado pela ajuda", True, False),
        ("got it working on my phone, pc still broken", False, False),
        ("fixed now? no.", False, False),
        ("fixed now?", False, False),
        ("it works now and then", False, False),
        ("works now except multiplayer", False, False),
        ("nvm its back", False, False),
        ("ya funciona a veces", False, False),
        ("ça marche maintenant mais pas sur pc", False, False),
        ("geht jetzt doch nicht", False, False),
        ("thanks for nothing, it works now", False, False),
        ("thanks", False, False),
    ],
)
def test_what_settles_a_matter(text: str, settles: bool, alone: bool) -> None:
    talk = Conversation(LISTS)
    assert (talk.settles(text), talk.only_solved(text)) == (settles, alone)
