"""A clock that people and time services set forward and back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.clock import CATCH_UP, LEAP, SteadyClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Machine:
    def __init__(self) -> None:
        self.wall, self.seconds = START, 0.0

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.seconds)

    def passes(self, seconds: float, *, jump: float = 0) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds + jump)


def test_it_goes_with_the_machine() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(5):
        machine.passes(7)
        assert clock.now() == machine.wall
    assert not clock.leapt


def test_an_hour_back_is_caught_up_with() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(10)
    before = clock.now()
    machine.passes(10, jump=-3600)
    assert before < clock.now() <= before + timedelta(seconds=10)
    machine.passes(3600 / (1 - CATCH_UP))
    assert clock.now() >= machine.wall
    machine.passes(60)
    assert clock.now() == machine.wall


def test_what_is_more_than_a_day_off_was_wrong_before() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(1, jump=73 * 365 * 86_400)
    assert clock.now() == machine.wall
    assert clock.leapt
    machine.passes(1, jump=-73 * 365 * 86_400)
    assert clock.now() == machine.wall


def test_a_machine_that_slept_made_no_leap() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(3 * 86_400)
    assert clock.now() == machine.wall
    assert not clock.leapt


STEPS = st.lists(
    st.tuples(st.floats(0, 90_000), st.just(0.0) | st.floats(-86_000, 86_000) | st.floats(-4e9, 4e9)), max_size=30
)


@given(STEPS)
def test_a_wait_is_never_much_longer_than_it_should_be(steps: list[tuple[float, float]]) -> None:
    """Whatever happens to the machine's clock, time goes on nearly as fast as it should, except for one leap back."""
    machine = Machine()
    clock = machine.clock()
    told = clock.now()
    for passed, jump in steps:
        machine.passes(passed, jump=jump)
        now = clock.now()
        due = told + timedelta(seconds=passed) * CATCH_UP
        assert now == (max(machine.wall, due) if due - machine.wall <= LEAP else machine.wall)
        told = now
