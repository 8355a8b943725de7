"""The arithmetic of the live page."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.figures import (
    AGE_WORDS,
    AGES,
    FEW,
    MOST_CHANNELS,
    MOST_MOODS,
    REASONS,
    Count,
    calendar,
    figures,
    length,
    timing,
    waiting,
)
from bot.domain import DraftState, Purpose
from bot.store.figures import Arrived, SentReplies, Settled, WaitingBand, WaitingKind
from responders.types import ReasonCode

ZONES = sorted(name for name in available_timezones() if "/" in name)
NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
moments = st.floats(10**9 - 2.0 * 10**8, 2.0 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
spans = st.timedeltas(timedelta(), timedelta(days=30))


def arrived(when, number=1, action="silent", *, slot=None, **more):
    """Posts of the newest slot, unless told otherwise."""
    rest = {"platform": "web", "channel": "harbor", "choice": False, "reason_code": "intent", "deleted": False}
    slot = len(when.cuts) - 1 if slot is None else slot
    rest |= {"mood": None}
    return Arrived(**{**rest, "slot": slot, "action": action, "number": number, "example": None, **more})


def settled(took, state="approved", by="mara", at=NOW, **more):
    rest = {"post_id": "1", "platform": "web", "channel": "harbor", "edited": False}
    return Settled(
        **{**rest, "by": by, "state": DraftState(state), "waiting_since": at - took, "decided_at": at, **more}
    )


def made(when, span="today", posts=(), replies=(), decided=()):
    return figures(when, span, posts, replies, decided, channel_name=lambda _, name: name, name_of=str.title)


# --- hours and days


@given(moments, st.sampled_from(ZONES))
def test_each_day_begins_at_the_first_moment_of_its_date(now, zone_name):
    zone = ZoneInfo(zone_name)
    when = calendar(now, zone)
    assert when.today <= now
    today = now.astimezone(zone).date()
    for back, begun in enumerate(reversed(when.days)):
        day = today - timedelta(days=back)
        if begun.astimezone(zone).date() == day:  # a zone that crossed the date line has no such day
            assert (begun - timedelta(microseconds=1)).astimezone(zone).date() < day
        else:
            assert begun.astimezone(zone).date() == day + timedelta(days=1)


@given(moments, st.sampled_from(ZONES))
def test_the_last_hours_touch_and_end_now(now, zone_name):
    when = calendar(now, ZoneInfo(zone_name))
    assert len(when.hours) == 24
    assert when.hours[-1] <= now < when.hours[-1] + timedelta(hours=1)
    assert {later - earlier for earlier, later in zip(when.hours, when.hours[1:], strict=False)} == {timedelta(hours=1)}


@given(moments, st.sampled_from(ZONES))
def test_no_slot_of_time_is_in_two_hours_or_in_two_days(now, zone_name):
    when = calendar(now, ZoneInfo(zone_name))
    assert list(when.cuts) == sorted(set(when.cuts))
    assert {*when.hours, *when.days} == {*when.cuts}


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 20, tzinfo=UTC), 23),
        ("Europe/Berlin", datetime(2026, 10, 25, 20, tzinfo=UTC), 25),
        ("Australia/Lord_Howe", datetime(2026, 4, 5, 10, tzinfo=UTC), 24.5),
        ("Africa/Cairo", datetime(2026, 4, 24, 18, tzinfo=UTC), 23),  # its midnight is left out
        ("America/Havana", datetime(2026, 11, 1, 20, tzinfo=UTC), 25),  # its midnight comes twice
    ],
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(zone, now, hours):
    today = calendar(now, ZoneInfo(zone)).today
    tomorrow = calendar(now + timedelta(days=1), ZoneInfo(zone)).today
    assert tomorrow - today == timedelta(hours=hours)


def test_today_is_that_of_the_community():
    late_in_london = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert calendar(late_in_london, ZoneInfo("Asia/Tokyo")).today == datetime(2026, 3, 4, 15, tzinfo=UTC)
    assert calendar(late_in_london, ZoneInfo("America/Los_Angeles")).today == datetime(2026, 3, 4, 8, tzinfo=UTC)


# --- how long


@given(st.lists(spans, min_size=1))
def test_half_is_at_most_the_median_and_nine_of_ten_at_most_the_slow_one(took):
    found = timing(took)
    assert found.number == len(took)
    near = timedelta(milliseconds=1)
    assert 2 * sum(one <= found.median + near for one in took) >= len(took)
    assert 2 * sum(one >= found.median - near for one in took) >= len(took)
    if len(took) < FEW:
        assert found.few
        assert found.slow is None
    else:
        assert found.slow in took
        assert 10 * sum(one <= found.slow for one in took) >= 9 * len(took)
        assert 10 * sum(one < found.slow for one in took) < 9 * len(took), "and no shorter one would do"


def test_nothing_took_no_time():
    found = timing([])
    assert (found.number, found.median, found.slow, found.few) == (0, None, None, False)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.04, "0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (90, "2 min"),
        (3569, "59 min"),
        (3571, "1 h"),
        (4800, "1 h 20 min"),
        (86_400, "24 h"),
        (172_770, "2 days"),
        (183_600, "2 days 3 h"),
    ],
)
def test_a_time_in_words(seconds, said):
    assert length(timedelta(seconds=seconds)) == said


@given(st.timedeltas(timedelta(), timedelta(days=4000)))
def test_no_time_in_words_has_a_full_unit_left_over(took):
    words = length(took).split()
    for number, unit in zip(words[::2], words[1::2], strict=True):
        assert float(number) < {"s": 60, "min": 60, "h": 48, "days": 4001}[unit]


# --- the counts


def test_what_came_in_is_the_sum_of_what_became_of_it():
    when = calendar(NOW, UTC)
    posts = [
        arrived(when, 3, "draft"),
        arrived(when, 2, "handoff", choice=True),
        arrived(when, 5, "handoff"),
        arrived(when, 7, "silent"),
        arrived(when, 1, None),
        arrived(when, 4, None, deleted=True),
        arrived(when, 2, "draft", deleted=True),
    ]
    today = made(when, posts=posts).today
    assert today == Counter(
        {
            Count.CAME_IN: 24,
            Count.DRAFTED: 5,
            Count.CHOICE: 2,
            Count.PERSON: 5,
            Count.LEFT_ALONE: 7,
            Count.UNREAD: 1,
            Count.DELETED: 4,
        }
    )


@given(moments, st.sampled_from(ZONES), st.data())
def test_each_post_is_counted_in_its_hour_and_in_its_day_and_once(now, zone_name, data):
    when = calendar(now, ZoneInfo(zone_name))
    slots = data.draw(st.lists(st.integers(0, len(when.cuts) - 1), max_size=20))
    found = made(when, "week", [arrived(when, slot=slot) for slot in slots])
    starts = [when.cuts[slot] for slot in slots]
    assert sum(day[Count.CAME_IN] for day in found.days) == sum(start >= when.days[0] for start in starts)
    assert sum(hour[Count.CAME_IN] for hour in found.hours) == sum(start >= when.hours[0] for start in starts)
    assert found.today[Count.CAME_IN] == sum(start >= when.today for start in starts)
    assert sum(row.counts[Count.CAME_IN] for row in found.channels) == sum(s >= when.days[0] for s in starts)


def test_a_skip_and_an_edit_are_counted_and_only_a_yes_has_a_time():
    when = calendar(NOW, UTC)
    minute = timedelta(minutes=1)
    found = made(
        when,
        decided=[
            settled(minute),
            settled(3 * minute, edited=True),
            settled(99 * minute, state="rejected", edited=True),
            settled(5 * minute, by="tom", at=NOW - timedelta(days=1)),
        ],
    )
    assert (found.today[Count.EDITED], found.today[Count.SKIPPED], found.today[Count.YES]) == (1, 1, 2)
    assert (found.yes_today.number, found.yes_today.median) == (2, 2 * minute)
    assert (found.yes_week.number, found.yes_week.median) == (3, 3 * minute)
    assert [(row.name, row.yes.number) for row in found.people] == [("Mara", 2)], "Tom said nothing today"


def test_people_and_channels_stand_in_the_order_of_the_alphabet():
    when = calendar(NOW, UTC)
    found = made(
        when,
        posts=[arrived(when, 9, channel="Zoo"), arrived(when, channel="art"), arrived(when, 99, channel="Bay")],
        decided=[settled(timedelta(1), by=name, channel="art") for name in ("tom", "ada", "mara", "tom")],
    )
    assert [row.name for row in found.channels] == ["art", "Bay", "Zoo"]
    assert [row.name for row in found.people] == ["Ada", "Mara", "Tom"]


def test_the_quiet_channels_are_one_row_and_nothing_is_lost():
    when = calendar(NOW, UTC)
    posts = [arrived(when, n, channel=f"c{n:03}") for n in range(1, 101)]
    decided = [settled(timedelta(minutes=1), channel="c001"), settled(timedelta(minutes=1), channel="c100")]
    found = made(when, posts=posts, decided=decided)
    assert len(found.channels) == MOST_CHANNELS
    assert found.quieter == 100 - MOST_CHANNELS + 1
    assert sum(row.counts[Count.CAME_IN] for row in found.channels) == sum(range(1, 101))
    assert sum(row.yes.number for row in found.channels) == 2
    assert found.channels[-1].name == f"{found.quieter} quieter channels"


def test_reasons_of_one_kind_are_one_line_and_the_frequent_ones_come_first():
    when = calendar(NOW, UTC)
    reasons = [("cap", 1), ("not_addressed", 5), (None, 2), ("of a later version", 1)]
    posts = [arrived(when, number, reason_code=code) for code, number in reasons]
    found = made(when, posts=[*posts, arrived(when, 9, "draft", reason_code="intent")])
    assert found.reasons == (("not meant for us", 5), ("another reason", 3), ("enough replies for now", 1))


def test_each_reason_has_its_words():
    assert set(REASONS) == set(ReasonCode)
    assert len(set(REASONS.values())) == len(REASONS)


def test_a_reply_counts_when_it_was_sent():
    when = calendar(NOW, UTC)
    reply = SentReplies(slot=0, platform="web", channel="harbor", number=4)
    found = made(when, "week", replies=[reply])
    assert found.days[0][Count.SENT] == 4
    assert found.today[Count.SENT] == 0
    assert found.platforms[0].counts[Count.SENT] == 4


def test_what_waits_by_age():
    def band(number, count, urgent=0):
        return WaitingBand(band=number, number=count, urgent=urgent, oldest=NOW - timedelta(hours=number))

    found = waiting([band(4, 2, 1), band(0, 3)], snoozed=5)
    assert (found.number, found.urgent, found.snoozed, found.oldest) == (5, 1, 5, NOW - timedelta(hours=4))
    assert [number for _, number in found.ages] == [3, 0, 0, 0, 2]
    assert len(AGE_WORDS) == len(AGES) + 1
    assert waiting([], 0).oldest is None


# --- moods and kinds


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(0, 12), st.sampled_from([None, "praise", "complaint"]), st.integers(1, 9)
        ),
        max_size=40,
    )
)
def test_the_mood_of_each_channel_is_of_the_last_day_and_nothing_is_lost(found):
    when = calendar(NOW, UTC)
    posts = [
        arrived(when, number, slot=min(slot, len(when.cuts) - 1), channel=f"c{channel}", mood=mood)
        for slot, channel, mood, number in found
    ]
    lately = [post for post in posts if when.cuts[post.slot] >= when.hours[0]]
    moods = made(when, posts=posts).moods
    assert len(moods) <= MOST_MOODS
    assert sum(mood.total.posts for mood in moods) == sum(post.number for post in lately)
    for mood in moods:
        assert len(mood.hours) == len(when.hours)
        assert mood.total.praise + mood.total.complaints <= mood.total.posts
        for kind in ("posts", "praise", "complaints"):
            assert sum(getattr(hour, kind) for hour in mood.hours) == getattr(mood.total, kind)
    if len({post.channel for post in lately}) > MOST_MOODS:
        assert moods[-1].name.endswith("quieter channels")


def test_what_waits_is_told_by_reading_and_by_purpose():
    def kind(purpose, intent, number, minutes):
        return WaitingKind(purpose=purpose, intent=intent, number=number, oldest=NOW - timedelta(minutes=minutes))

    kinds = [
        kind(Purpose.REPLY, "complaint", 2, 5),
        kind(Purpose.REPLY, "ugc_shared", 3, 9),
        kind(Purpose.ASK, "ugc_shared", 1, 7),
        kind(Purpose.ASK, None, 2, 8),
        kind(Purpose.REPLY, None, 1, 1),
    ]
    assert waiting([], 0, kinds).kinds == (
        ("questions to fans", 3, NOW - timedelta(minutes=8)),
        ("something they made", 3, NOW - timedelta(minutes=9)),
        ("complaint", 2, NOW - timedelta(minutes=5)),
        ("no reading", 1, NOW - timedelta(minutes=1)),
    )
