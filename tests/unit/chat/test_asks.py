"""The buttons of fans: every one that there can be fits, and nothing else is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.chat import asks
from bot.adapters.discord import buttons as discord
from bot.adapters.telegram import buttons as telegram
from bot.consent import Consent, Kind, Scope, State, buttons

ID = "0123456789abcdef"
LONGEST = 64
"""Bytes, Telegram's limit."""


@given(about=st.sampled_from([ID, asks.ME]), value=st.from_regex(r"[!-~]{1,24}", fullmatch=True))
def test_what_a_button_carries_is_read_again(about: str, value: str) -> None:
    made = asks.data(about, value)
    assert asks.read(made) == asks.FanPressed(about=about, value=value)
    assert len(made.encode()) <= LONGEST
    assert discord.read(made) is None
    assert telegram.parse(made) is None


@given(st.text(max_size=80))
def test_nothing_else_is_a_button_of_a_fan(words: str) -> None:
    found = asks.read(words)
    assert found is None or asks.data(found.about, found.value) == words


@pytest.mark.parametrize("value", ["", "a b", "ü", "x" * 25, "yes\n"])
def test_a_value_that_would_not_come_back_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be a button"):
        asks.data(ID, value)


@pytest.mark.parametrize("kind", [Kind.STAGE, Kind.ANSWER, Kind.INTRODUCTION])
@pytest.mark.parametrize("steps", [{}, {"scope": Scope.HERE}, {"scope": Scope.HERE, "days": 0}, {"state": State.YES}])
def test_every_button_of_a_question_fits(kind: Kind, steps: dict[str, object]) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    plain = {"id": ID, "kind": kind, "platform": "pigeon", "fan_id": "1", "wording": "May we?", "created_at": now}
    consent = Consent(**{"state": State.ASKED, **plain, **steps})  # type: ignore[arg-type]
    offered = buttons(consent, {"own": "n" * 40, "shown": "m" * 40})
    assert offered
    for button in offered:
        assert asks.read(asks.data(ID, button.value)) is not None
