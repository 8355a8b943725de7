"""The steps in which a fan is asked: nothing counts as a yes that was not said to every question."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.consent import Button, Consent, Kind, Scope, State, buttons, pressed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = {"shown": "Robin", "own": "Rob"}


def asked(kind: Kind) -> Consent:
    return Consent(
        id="c" * 16,
        kind=kind,
        state=State.ASKED,
        platform="discord",
        fan_id="7",
        wording="May we?",
        created_at=NOW,
        work="my lantern",
    )


def after(consent: Consent, *values: str, at: datetime = NOW) -> Consent | None:
    found: Consent | None = consent
    for value in values:
        found = found and pressed(found, value, NAMES, at)
    return found


def test_a_work_is_on_stage_only_when_place_time_and_name_were_said() -> None:
    first = asked(Kind.STAGE)
    assert [button.value for button in buttons(first, NAMES)] == ["scope:here", "scope:site", "scope:everywhere", "no"]
    second = after(first, "scope:site")
    assert second is not None
    assert (second.state, second.scope) == (State.ASKED, Scope.SITE)
    assert [button.value for button in buttons(second, NAMES)] == ["days:30", "days:365", "days:0", "no"]
    done = after(second, "days:30", "as:own")
    assert done is not None
    assert (done.state, done.credit, done.days) == (State.YES, "Rob", 30)
    assert done.counts(NOW + timedelta(days=29))
    assert not done.counts(NOW + timedelta(days=30))


def test_a_yes_without_a_name_and_without_an_end() -> None:
    done = after(asked(Kind.STAGE), "scope:here", "days:0", "as:")
    assert done is not None
    assert (done.credit, done.until) == ("", None)
    assert done.counts(NOW + timedelta(days=4000))


@pytest.mark.parametrize("kind", [Kind.INTRODUCTION, Kind.MEMORY])
def test_a_plain_question_has_two_answers(kind: Kind) -> None:
    assert [button.value for button in buttons(asked(kind), NAMES)] == ["yes", "no"]
    done = after(asked(kind), "yes")
    assert done is not None
    assert done.state is State.YES


def test_what_is_taken_back_keeps_no_words() -> None:
    done = after(asked(Kind.ANSWER), "as:shown")
    assert done is not None
    assert done.work == "my lantern"
    back = after(done, "withdraw", at=NOW + timedelta(days=1))
    assert back is not None
    assert (back.state, back.work, back.ended_at) == (State.WITHDRAWN, None, NOW + timedelta(days=1))
    refused = after(asked(Kind.ANSWER), "no")
    assert refused is not None
    assert (refused.state, refused.work) == (State.NO, None)


VALUES = st.sampled_from(
    [
        *("scope:here", "scope:site", "scope:everywhere", "days:30", "days:365", "days:0"),
        *("as:own", "as:shown", "as:", "yes", "no", "withdraw", "scope:", "days:-1", "as:else", "", ":"),
    ]
)


@given(st.sampled_from(Kind), st.lists(VALUES, max_size=12))
def test_whatever_is_pressed_a_yes_answers_every_question_and_an_end_is_final(kind: Kind, values: list[str]) -> None:
    now: Consent = asked(kind)
    over = False
    for value in values:
        shown = buttons(now, NAMES)
        new = pressed(now, value, NAMES, NOW)
        assert (new is not None) == (value in {button.value for button in shown})
        if new is None:
            continue
        assert not over, "nothing follows an end"
        if new.state is State.YES:
            assert kind is not Kind.STAGE or (new.scope is not None and new.days is not None)
            assert kind not in {Kind.STAGE, Kind.ANSWER} or new.credit is not None
        over = new.state in {State.NO, State.WITHDRAWN}
        assert not over or (new.work is None and not buttons(new, NAMES))
        now = new


@given(st.sampled_from(Kind), st.sampled_from(State), st.sampled_from([None, *Scope]), st.sampled_from([None, 0, 30]))
def test_every_button_fits_every_platform(kind: Kind, state: State, scope: Scope | None, days: int | None) -> None:
    """Telegram takes 64 bytes with a press: "ask:", our id of 16 letters, ":", and the value."""
    shown: tuple[Button, ...] = buttons(replace(asked(kind), state=state, scope=scope, days=days), NAMES)
    assert all(button.value.isascii() and len(button.value) <= 24 for button in shown)
    assert all(0 < len(button.label) <= 60 for button in shown)
    assert len({button.value for button in shown}) == len(shown)
