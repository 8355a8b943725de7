"""The backlog against a plain model, beside a store that knows every post, under any order of what may happen."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.backlog import Backlog, Place

MOST = 2
PLACES = [("web", "a"), ("stage", "a")]


class Beside(RuleBasedStateMachine):
    """Posts come, workers take them, and whoever fills the backlog asks the store before and puts after that."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog(MOST)
        self.stored: list[tuple[Place, str]] = []
        """Unjudged, in order of arrival."""
        self.busy: set[Place] = set()
        self.gave_up: set[Place] = set()
        self.judged: list[tuple[Place, str]] = []
        self.asked: tuple[int, list[tuple[Place, str]]] | None = None
        self.numbers = 0

    def begun(self, place: Place, begins: bool) -> None:
        assert begins == (begins and place not in self.busy)
        if begins:
            self.busy.add(place)

    @rule(place=st.sampled_from(PLACES))
    def a_post_comes(self, place: Place) -> None:
        self.numbers += 1
        post_id = f"p{self.numbers}"
        self.stored.append((place, post_id))
        self.begun(place, self.backlog.add(place, post_id))

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def a_worker_takes_one(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self.busy)))
        found = self.backlog.next(place)
        if found is None:
            assert self.backlog.is_empty(place)
            self.backlog.end(place)
            self.busy.discard(place)
        elif (place, found[0]) in self.stored:  # else it was found twice, and is judged already
            self.stored.remove((place, found[0]))
            self.judged.append((place, found[0]))

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def a_worker_gives_up(self, data: st.DataObject) -> None:
        """As where the database fails: what it forgets is in the store, and may come after what follows."""
        place = data.draw(st.sampled_from(sorted(self.busy)))
        self.backlog.end(place)
        self.busy.discard(place)
        self.gave_up.add(place)

    @precondition(lambda self: self.asked is None)
    @rule()
    def the_store_is_asked(self) -> None:
        self.asked = (self.backlog.left_out, self.stored[:MOST])

    @precondition(lambda self: self.asked is not None)
    @rule()
    def it_is_filled(self) -> None:
        assert self.asked
        left_out, found = self.asked
        self.asked, whole = None, len(found) < MOST
        for place, post_id in found:
            if self.backlog.full():
                whole = False
                break
            self.begun(place, self.backlog.put(place, post_id))
        self.backlog.filled(left_out, whole=whole)

    @invariant()
    def it_keeps_its_bound(self) -> None:
        assert len(self.backlog) <= MOST

    @invariant()
    def a_channel_is_judged_in_order(self) -> None:
        for place in {*PLACES} - self.gave_up:
            numbers = [int(post_id[1:]) for where, post_id in self.judged if where == place]
            assert numbers == sorted(numbers)

    def teardown(self) -> None:
        """Nothing is lost: filling and working to the end judges every post once."""
        for _ in range(len(self.stored) + 1):  # in the first round it may hold what is judged already
            self.asked = None
            self.the_store_is_asked()
            self.it_is_filled()
            for place in sorted(self.busy):
                while found := self.backlog.next(place):
                    if (place, found[0]) in self.stored:
                        self.stored.remove((place, found[0]))
                        self.judged.append((place, found[0]))
                self.backlog.end(place)
                self.busy.discard(place)
        assert self.stored == []
        assert len(self.backlog) == 0
        assert len(self.judged) == self.numbers == len(set(self.judged))


TestBeside = pytest.mark.whole(Beside.TestCase)
TestBeside.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
