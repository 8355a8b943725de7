"""The circuit breaker against a plain model of it, under any order of answers, silences and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.circuit import Circuit

MOST, FIRST, LONGEST, AT_ONCE = 3, timedelta(seconds=10), timedelta(seconds=60), 8


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


class Model(RuleBasedStateMachine):
    """What is promised: so many failures in a row open it, each failed trial doubles its rest, an answer closes it."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.circuit = Circuit("model", self.clock, most=MOST, first=FIRST, longest=LONGEST)
        self.in_a_row = 0
        self.rests = 0
        """How often it was opened since it was last closed."""
        self.until: datetime | None = None

    @property
    def resting(self) -> bool:
        return self.until is not None and self.clock.moment < self.until

    @rule()
    def it_answers(self) -> None:
        self.circuit.well()
        self.in_a_row, self.rests, self.until = 0, 0, None

    @rule(at_once=st.booleans())
    def it_is_silent(self, at_once: bool) -> None:
        before = self.circuit.until
        self.circuit.failed("no answer", at_once=at_once)
        if self.resting:
            assert self.circuit.until == before, "what was under way when it opened says nothing new"
            return
        self.in_a_row += 1
        if self.in_a_row >= MOST or self.until or at_once:
            self.until = self.clock.moment + min(LONGEST, FIRST * 2**self.rests)
            self.rests += 1

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        self.clock.moment += timedelta(seconds=seconds)

    @precondition(lambda self: self.until)
    @rule()
    def its_rest_ends(self) -> None:
        assert self.until
        self.clock.moment = max(self.clock.moment, self.until)

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        assert (self.circuit.until, self.circuit.resting) == (self.until, self.resting)
        assert bool(self.circuit.why) == bool(self.in_a_row)
        rooms = [self.circuit.room(AT_ONCE, under_way) for under_way in range(AT_ONCE + 2)]
        most = 0 if self.resting else 1 if self.until else AT_ONCE
        assert rooms == [max(0, most - under_way) for under_way in range(AT_ONCE + 2)]


TestModel = Model.TestCase
