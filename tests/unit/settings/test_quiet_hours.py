"""Quiet hours, over midnight and within a day; who may decide."""

from datetime import UTC, date, datetime, time

import pytest

from bot import settings
from bot.settings import QuietHours

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("start", "end", "quiet", "loud"),
    [
        (time(22), time(7), [time(22), time(23, 59), time(0), time(6, 59)], [time(7), time(12), time(21, 59)]),
        (time(12), time(13, 30), [time(12), time(13, 29)], [time(13, 30), time(11, 59), time(0)]),
        (time(8), time(8), [], [time(8), time(0), time(20)]),
    ],
)
def test_what_they_cover(start, end, quiet, loud):
    hours = QuietHours(start=start, end=end)
    assert all(hours.cover(datetime.combine(DAY, t, UTC)) for t in quiet)
    assert not any(hours.cover(datetime.combine(DAY, t, UTC)) for t in loud)


def test_roles_decide_only_where_config_names_some(write_config):
    plain = settings.load(write_config(), {})
    assert plain.may_decide("manager")
    assert not plain.may_decide("discord:1")
    with_roles = "community: {name: A}\nmanagers: {manager: {name: M}}\non_call: manager\n"
    with_roles += "platforms: {discord: {manager_roles: [Mods]}}\n"
    by_role = settings.load(write_config(with_roles), {})
    assert by_role.may_decide("discord:1")
    for key in ("discord:", "discord:x", "telegram:1", "discord:1\n", "discord:1 ", "", "x"):
        assert not by_role.may_decide(key), key
