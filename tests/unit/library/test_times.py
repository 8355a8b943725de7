"""The time of day for conditions: from the fan's own greeting, else from the community's clock."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from responders.library.offers import situation
from responders.types import Understanding

EIGHT = datetime(2026, 7, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "time"),
    [("UTC", "evening"), ("Asia/Tokyo", "morning"), ("America/Los_Angeles", "day"), ("Australia/Sydney", "morning")],
)
def test_the_hour_is_the_communitys(post, context, zone, time):
    local = replace(context, now=EIGHT.astimezone(ZoneInfo(zone)))
    assert situation(post("hello there"), local, Understanding())["time"] == {time}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("good morning", "morning"),
        ("Good morning to all of you lovely people out there!", "morning"),
        ("morning all", "morning"),
        ("GM", "morning"),
        ("hey, good morning", "morning"),
        ("Guten Morgen zusammen", "morning"),
        ("moin", "morning"),
        ("Buenos días a todos", "morning"),
        ("Bom dia pessoal, tudo bem?", "morning"),
        ("good afternoon, folks", "day"),
        ("Guten Tag in die Runde und danke für alles", "day"),
        ("buenas tardes", "day"),
        ("Boa tarde gente", "day"),
        ("good night", "night"),
        ("goodnight all", "night"),
        ("gute Nacht ihr Lieben", "night"),
        ("bonne nuit tout le monde", "night"),
        ("hello good evening friends", "evening"),
        ("bonsoir tout le monde", "evening"),
        ("Boa noite", "evening"),
    ],
)
@pytest.mark.parametrize("hour", [3, 8, 13, 20, 23])
def test_a_greeting_decides_over_the_clock(post, context, text, time, hour):
    at = replace(context, now=EIGHT.replace(hour=hour))
    assert situation(post(text), at, Understanding())["time"] == {time}


@pytest.mark.parametrize(
    "text",
    [
        "i lost my save this morning",
        "that was a good morning",
        "Morgen geht es weiter mit dem Turnier",
        "the night level is great",
        "gm stands for game master in our group",
    ],
)
def test_a_time_that_is_no_greeting_leaves_it_to_the_clock(post, context, text):
    assert situation(post(text), replace(context, now=EIGHT), Understanding())["time"] == {"evening"}
