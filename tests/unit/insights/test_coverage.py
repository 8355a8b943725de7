"""Figures of answers by week and reading."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.insights.coverage import Share, coverage, cuts, mondays, named
from bot.store.answers import Covered, Outcome

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)  # a Wednesday, three days after summer time began
OVERDUE = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (Share(), "-"),
        (Share(open=3, skipped=2), "-"),
        (Share(answered=3, nothing=1), "3/4"),
        (Share(answered=9), "9/9"),
        (Share(answered=10), "10/10 (100%)"),
        (Share(answered=199, nothing=1), "199/200 (99%)"),
        (Share(answered=43, nothing=7, skipped=9, open=4), "43/50 (86%)"),
    ],
)
def test_small_numbers_are_told_as_numbers(share, words):
    assert share.words == words


def test_a_week_begins_on_monday_by_the_clock_of_the_community():
    begun = mondays(NOW, BERLIN, 3)
    assert [start.astimezone(BERLIN).strftime("%a %d %b %H:%M") for start in begun] == [
        "Mon 16 Mar 00:00",
        "Mon 23 Mar 00:00",
        "Mon 30 Mar 00:00",
    ]
    assert begun[2] - begun[1] == timedelta(hours=167), "the week of summer time is an hour shorter"


@given(
    st.integers(1, 10),
    st.timedeltas(timedelta(minutes=1), timedelta(days=60)),
    st.lists(
        st.tuples(
            st.integers(0, 11), st.sampled_from([None, "wish", "praise"]), st.sampled_from(Outcome), st.integers(1, 50)
        )
    ),
)
def test_every_post_is_counted_once_and_what_is_in_time_is_no_failure(weeks, late, found):
    begun, overdue = mondays(NOW, BERLIN, weeks), NOW - late
    moments = cuts(begun, overdue)
    rows = [Covered(slot=s % len(moments), intent=i, outcome=o, number=n) for s, i, o, n in found]
    told = coverage(rows, begun, overdue, BERLIN)
    assert len(told.total) == len(told.weeks) == weeks

    def everything(shares):
        return sum(s.answered + s.nothing + s.skipped + s.open for s in shares)

    assert everything(told.total) == sum(row.number for row in rows)
    assert sum(everything(shares) for _, shares in told.readings) == everything(told.total)
    in_time = [row for row in rows if moments[row.slot] >= overdue and row.outcome is Outcome.NOTHING]
    assert sum(share.open for share in told.total) == sum(row.number for row in in_time)


def test_the_most_frequent_reading_comes_first_in_words():
    begun = mondays(NOW, BERLIN, 1)
    rows = [
        Covered(slot=0, intent="ugc_shared", outcome=Outcome.ANSWERED, number=2),
        Covered(slot=0, intent=None, outcome=Outcome.NOTHING, number=3),
        Covered(slot=1, intent=None, outcome=Outcome.NOTHING, number=1),
    ]
    told = coverage(rows, begun, OVERDUE, BERLIN)
    assert [(named(name), share.words, share.open) for name, (share,) in told.readings] == [
        ("no reading", "0/3", 1),
        ("something they made", "2/2", 0),
    ]
