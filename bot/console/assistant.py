"""What the pages say of the language model, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.insights.wordings import ENDS
from bot.settings import AssistantSection
from bot.store.assistant import Used


@dataclass(frozen=True, kw_only=True, slots=True)
class Helped:
    """What the language model did today, by UTC."""

    name: str
    host: str
    asked: int
    per_day: int
    ends: tuple[tuple[str, int], ...]
    """What became of the questions, the most frequent first."""
    blocked_by: tuple[tuple[str, int], ...]
    """What stopped its words."""
    took: str
    """The mean time of an answer; empty without one."""
    tokens: int
    rests: str
    """Why it is left alone now; empty while it is asked."""


def helped(used: Used, section: AssistantSection, rests: str | None) -> Helped:
    """The figures of the day."""
    return Helped(
        name=section.model,
        host=section.host,
        asked=used.asked,
        per_day=section.per_day,
        ends=_most_first({ENDS.get(end, end): number for end, number in used.ends.items()}),
        blocked_by=_most_first({name.replace("-", " "): number for name, number in used.blocked_by.items()}),
        took=used.took,
        tokens=used.tokens,
        rests=rests or "",
    )


def _most_first(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
