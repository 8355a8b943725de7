"""The list of those who wait too long, in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.insights.unanswered import by_kind, is_due, summary
from bot.store.answers import Unanswered

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def waits(fan, intent="question", platform="discord"):
    return Unanswered(post_id="0" * 16, platform=platform, fan_id=fan, intent=intent, at=AT)


def test_people_are_counted_by_what_they_wrote_first():
    posts = [
        *(waits(f"new{n}", "introduction") for n in range(3)),
        *(waits(f"made{n}", "ugc_shared") for n in range(2)),
        *(waits(f"angry{n}", "complaint") for n in range(2)),
        waits("new1", "complaint"),
    ]
    told = summary(by_kind(posts), timedelta(days=1))
    assert told == "7 people have waited for longer than a day: 3 newcomers, 2 complaints, 2 makers"


def test_the_same_id_on_another_platform_is_somebody_else():
    assert by_kind([waits("7"), waits("7", platform="telegram")]) == {"question": 2}


@pytest.mark.parametrize(
    ("kinds", "hours", "told"),
    [
        ({"question": 1}, 24, "1 person has waited for longer than a day: 1 question"),
        ({"": 2, "wish": 1}, 6, "3 people have waited for longer than 6 hours: 1 wish, 2 others"),
        ({"": 1}, 1, "1 person has waited for longer than an hour: 1 other"),
        ({"helping": 2}, 72, "2 people have waited for longer than 3 days: 2 helpers"),
        ({"no such reading": 1}, 0.5, "1 person has waited for longer than 30 minutes: 1 other"),
    ],
)
def test_it_is_said_as_one_would_say_it(kinds, hours, told):
    assert summary(kinds, timedelta(hours=hours)) == told


@given(st.lists(st.builds(waits, st.text(max_size=3), st.none() | st.sampled_from(["wish", "praise", "x"]))))
def test_nobody_is_counted_twice_and_nobody_is_left_out(posts):
    assert by_kind(posts).total() == len({(post.platform, post.fan_id) for post in posts})


BERLIN = ZoneInfo("Europe/Berlin")


@given(st.lists(st.integers(1, 400), max_size=300))
def test_it_is_told_once_a_day_at_most_and_only_by_day(pauses):
    now, told, days = datetime(2026, 3, 25, tzinfo=UTC), None, []
    for minutes in pauses:  # over the night in which summer time begins
        now += timedelta(minutes=minutes)
        local = now.astimezone(BERLIN)
        if is_due(local, told):
            told = local
            days.append(local.date())
            assert 9 <= local.hour < 18
    assert len(days) == len(set(days))
