"""When more is said than usual, and when that is over."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.insights.surge import DAYS, HOUR, LEAST, LEAST_DAYS, Usual, history, last_hours, usual

NOW = datetime(2026, 3, 29, 14, 30, tzinfo=UTC)
MEANS = st.floats(0, 1000)
COUNTS = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("mean", "number", "begins"),
    [(0, 4, False), (0, 5, True), (1, 4, False), (1, 5, True), (4, 10, False), (4, 11, True), (100, 130, False)],
)
def test_it_takes_more_than_chance_makes_of_the_usual(mean, number, begins):
    assert Usual(mean=mean).begins(number) is begins


@given(MEANS, COUNTS)
def test_no_number_both_begins_and_ends_a_surge(mean, number):
    level = Usual(mean=mean)
    assert not (level.begins(number) and level.ends(number))


@given(MEANS, COUNTS)
def test_more_never_calms_and_fewer_never_alarm(mean, number):
    level = Usual(mean=mean)
    assert level.begins(number + 1) or not level.begins(number)
    assert level.ends(number) or not level.ends(number + 1)


@given(MEANS, st.lists(COUNTS, max_size=60))
def test_an_alarm_does_not_come_and_go_at_the_edge(mean, numbers):
    level, on, changes = Usual(mean=mean), False, []
    for number in numbers:
        if not on and level.begins(number):
            on, changes = True, [*changes, number]
        elif on and level.ends(number):
            on, changes = False, [*changes, number]
    for before, after in pairwise(changes):
        assert abs(after - before) >= 2, "there is room between the two levels"


@given(st.lists(st.integers(0, LEAST - 1), min_size=LEAST_DAYS, max_size=DAYS), st.integers(0, LEAST - 1))
def test_a_handful_is_never_an_alarm(before, number):
    assert not usual(before).begins(number)


@given(st.lists(COUNTS, min_size=LEAST_DAYS, max_size=DAYS))
def test_the_usual_itself_is_no_alarm(before):
    assert not usual(before).begins(int(usual(before).mean))


@given(st.lists(st.integers(0, 60 * 24 * 40), max_size=80), st.integers(LEAST_DAYS, DAYS))
def test_each_moment_counts_in_its_own_hour_alone(minutes, days):
    moments = [NOW - timedelta(minutes=ago) for ago in minutes]
    counts = last_hours(moments, NOW, days)
    assert len(counts) == days + 1
    for back, count in enumerate(counts):
        end = NOW - timedelta(days=back)
        assert count == sum(end - HOUR < moment <= end for moment in moments)


def test_what_comes_from_the_future_does_not_count():
    assert sum(last_hours([NOW + timedelta(seconds=1)], NOW, 7)) == 0


@pytest.mark.parametrize(("days", "compared"), [(0, 0), (6.9, 0), (7, 0), (7.05, 7), (20.5, 20), (400, 28)])
def test_without_a_week_there_is_nothing_to_compare(days, compared):
    assert history(NOW, NOW - timedelta(days=days)) == compared
