"""Who waits too long for an answer, by what they wrote. Pure: rows in, words out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from bot.settings.values import in_words
from bot.store.answers import Unanswered

FROM, UNTIL = time(9), time(18)
"""The community's hours in which the list may be told; it is told once a day, as early as it can be."""
_KINDS: Mapping[str, tuple[str, str]] = {
    "complaint": ("complaint", "complaints"),
    "question": ("question", "questions"),
    "wish": ("wish", "wishes"),
    "introduction": ("newcomer", "newcomers"),
    "ugc_shared": ("maker", "makers"),
    "praise": ("with praise", "with praise"),
    "thanks": ("with thanks", "with thanks"),
    "recommendation": ("who recommended us", "who recommended us"),
    "milestone": ("milestone", "milestones"),
    "helping": ("helper", "helpers"),
    "churn": ("on their way out", "on their way out"),
    "farewell": ("goodbye", "goodbyes"),
    "greeting": ("greeting", "greetings"),
    "privacy_request": ("about their data", "about their data"),
    "are_you_a_bot": ("asking whether this is a bot", "asking whether this is a bot"),
}
"""Reading -> one person and several people who wrote so. All others are "others"."""
_OTHERS = ("other", "others")


def by_kind(posts: Iterable[Unanswered]) -> Counter[str]:
    """How many people wait, by the reading of the oldest post of each. The posts come oldest first."""
    first: dict[tuple[str, str], str] = {}
    for post in posts:
        first.setdefault((post.platform, post.fan_id), post.intent if post.intent and post.intent in _KINDS else "")
    return Counter(first.values())


def summary(kinds: Mapping[str, int], within: timedelta) -> str:
    """The list in a sentence: "7 people have waited for longer than a day: 3 newcomers, 2 makers, 2 complaints"."""
    people = sum(kinds.values())
    ordered = sorted(kinds.items(), key=lambda pair: (not pair[0], -pair[1], pair[0]))
    told = ", ".join(f"{number} {_named(kind, number)}" for kind, number in ordered)
    who = "1 person has" if people == 1 else f"{people} people have"
    return f"{who} waited for longer than {_long(within)}: {told}"


def _named(kind: str, number: int) -> str:
    one, several = _KINDS.get(kind, _OTHERS)
    return one if number == 1 else several


def _long(within: timedelta) -> str:
    words = in_words(within)
    return words.replace("1 ", "an " if words == "1 hour" else "a ") if words.startswith("1 ") else words


def is_due(now: datetime, told: datetime | None) -> bool:
    """Whether the list may be told at `now`, by the community's clock. `told`: when it was told last, by the same."""
    return FROM <= now.time() < UNTIL and (told is None or told.date() < now.date())
