"""The pace of messages: never faster than Telegram allows, no chat waits for another, nobody is forgotten."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.telegram.pace import CHAT, GROUP, NO_CHAT, OVERALL, Pace

START = datetime(2026, 3, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


def most(moments, seconds):
    """The most moments that lie within so many seconds; a thousandth is left to rounding."""
    ordered = sorted(moments)
    return max(bisect_right(ordered, at + seconds - 1e-3) - n for n, at in enumerate(ordered))


CHATS = st.sampled_from([-1, -2, -3, 5, 6])


@given(st.lists(st.tuples(CHATS, st.floats(0, 5)), min_size=1, max_size=150))
def test_no_limit_is_ever_passed_and_each_gets_its_turn(asked):
    clock = Clock()
    pace, given_at = Pace(clock), {}
    for n, (chat, later) in enumerate(asked):
        clock.seconds += later
        given_at.setdefault(chat, []).append(clock.seconds + pace.book(chat, f"{n}"))
    for chat, moments in given_at.items():
        assert moments == sorted(moments)
        assert most(moments, CHAT[1]) <= CHAT[0]
        assert chat > 0 or most(moments, GROUP[1]) <= GROUP[0]


def test_all_chats_together():
    pace = Pace(Clock())
    moments = [pace.book(chat, f"{chat}") for chat in range(1, 100)]
    assert most(moments, OVERALL[1]) <= OVERALL[0]
    assert max(moments) == pytest.approx(3.0)


def test_what_goes_into_no_chat_keeps_the_limit_of_the_whole_bot_alone():
    pace = Pace(Clock())
    moments = [pace.book(NO_CHAT, f"{n}") for n in range(OVERALL[0] + 1)]
    assert moments[:-1] == [0.0] * OVERALL[0]
    assert moments[-1] == pytest.approx(OVERALL[1])
    assert pace.book(-1, "a message") == pytest.approx(OVERALL[1])


def test_a_booked_turn_is_kept_until_it_is_taken():
    clock = Clock()
    pace = Pace(clock)
    assert [pace.book(-1, f"{n}") for n in range(5)] == [0.0] * 5
    assert pace.book(-1, "late") == pytest.approx(5.0)
    assert pace.book(-1, "later") >= 5.0
    clock.seconds = 4.0
    assert pace.book(-1, "late") == pytest.approx(1.0)
    clock.seconds = 5.0
    assert pace.book(-1, "late") == 0.0


def test_one_chat_is_held_and_no_other():
    clock = Clock()
    pace = Pace(clock)
    pace.hold(-1, 40)
    assert (pace.book(-1, "a"), pace.book(-2, "b")) == (pytest.approx(40.0), 0.0)
    clock.seconds = 41.0
    assert pace.book(-1, "a") == 0.0


async def test_a_turn_is_waited_for_by_the_clock():
    clock = Clock()
    pace = Pace(clock)
    pace.hold(7, 1)
    clock.seconds = 2.0
    await pace.turn(7)


async def test_what_is_urgent_comes_at_once_and_the_others_wait_the_longer():
    clock = Clock()
    pace = Pace(clock)
    assert [pace.book(-1, f"{n}") for n in range(6)][-1] == pytest.approx(5.0)
    for _ in range(30):
        await pace.turn(-1, urgent=True)
    assert pace.rest(-1) == pytest.approx(60.0)
    assert pace.book(-2, "elsewhere") == pytest.approx(1.0)  # of thirty a second over all
