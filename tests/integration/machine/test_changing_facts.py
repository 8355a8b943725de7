"""The same machine while the operators' facts change: no template reaches a fan with a fact that no longer holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from responders.pipeline import Pipeline
from tests.integration.machine.test_machine import WHICH, Machine, waiting
from tests.integration.operators import (
    DATED,
    HERE,
    MOVED,
    NEW,
    OLD,
    PLAIN,
    SAYS,
    operators,
)

pytestmark = pytest.mark.whole

VALUES = (OLD, NEW)
SETS = (HERE, MOVED, DATED)


class WithFacts(Machine):
    """The machine, with one more thing that can happen."""

    sets: ClassVar[list[Pipeline]]

    @rule(which=st.integers(0, len(SETS) - 1), seen=st.booleans())
    def facts_change(self, which: int, seen: bool) -> None:
        self.house.pipeline = self.sets[which]
        if seen:
            self.run(self.house.rounds.once())
            self.run(self.house.quiet())
            self.nothing_waits_with_an_old_fact()

    @precondition(waiting)
    @rule(
        which=WHICH, to=st.integers(0, len(SETS) - 1), action=st.sampled_from(["approve", "propose", "snooze", "edit"])
    )
    def press_and_facts_change(self, which: int, to: int, action: str) -> None:
        card = self._waiting(which)
        if card:
            more = {"text": "We are where we are."} if action in ("propose", "edit") else {}
            self.attempt(self.house.press(card, action, **more))
            self.facts_change(to, seen=bool(which))
            self.attempt(self.house.press(card, "undo"))

    def nothing_waits_with_an_old_fact(self) -> None:
        query = "SELECT text, alternatives FROM drafts WHERE state IN ('waiting', 'snoozed') AND NOT own_words"
        said = " ".join(f"{row['text']} {row['alternatives']}" for row in self.rows(query))
        assert not [value for value in VALUES if value in said and not self.holds(value)]

    def holds(self, value: str) -> bool:
        fact = self.house.pipeline.library.facts["place"]
        return bool(fact.value == value and fact.holds(self.house.clock.now().date()))

    def note_arrivals(self) -> None:
        for delivery in self.house.stage.sent[self.arrived :]:
            if delivery.kind == "send":
                assert not [value for value in VALUES if value in (delivery.text or "") and not self.holds(value)]
        super().note_arrivals()


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """Replaces the pipeline of the other tests."""
    return operators(HERE, SAYS, PLAIN)


def test_whatever_happens_while_facts_change(build_house: Callable[[str], Any]) -> None:
    sets = [operators(facts, SAYS, PLAIN) for facts in SETS]

    WithFacts.build, WithFacts.sets = staticmethod(build_house), sets
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    limits = settings(
        max_examples=20, stateful_step_count=30, deadline=None, print_blob=True, suppress_health_check=checks
    )
    run_state_machine_as_test(WithFacts, settings=limits)
