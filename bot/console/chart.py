"""A small chart of posts over time: numbers in, places in a drawing out. Pure; a page draws it as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360.0, 150.0
"""Of the whole drawing, in its own units: about pixels on a phone."""
LEFT, TOP, BOTTOM = 30.0, 10.0, 20.0
"""Room for the numbers at the side, above the highest bar, and for the words below."""
MOST_STEPS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One hour or day. `label` stands below the drawing and may be empty; `name` says which one it is."""

    name: str
    label: str
    came_in: int
    sent: int
    left_alone: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A rectangle that stands on the ground line."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Bars:
    """One slot as it is drawn: what came in is wide and behind the two others."""

    slot: Slot
    middle: float
    came_in: Bar
    sent: Bar
    left_alone: Bar


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A drawing of `WIDTH` by `HEIGHT`. `lines`: the height of each line across, with its number."""

    bars: tuple[Bars, ...]
    lines: tuple[tuple[float, int], ...]
    busiest: Slot | None
    """The slot in which most came in; None when nothing did."""


def chart(slots: Sequence[Slot]) -> Chart:
    """Draw at least one slot."""
    highest = max(max(slot.came_in, slot.sent, slot.left_alone) for slot in slots)
    step = _step(highest)
    steps = max(1, -(-highest // step))
    ground, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP

    def bar(x: float, width: float, number: int) -> Bar:
        height = room * number / (steps * step)
        return Bar(x=round(x, 2), y=round(ground - height, 2), width=round(width, 2), height=round(height, 2))

    each = (WIDTH - LEFT) / len(slots)
    wide, thin = each * 0.84, each * 0.32
    bars = []
    for number, slot in enumerate(slots):
        middle = LEFT + each * (number + 0.5)
        bars.append(
            Bars(
                slot=slot,
                middle=round(middle, 2),
                came_in=bar(middle - wide / 2, wide, slot.came_in),
                sent=bar(middle - thin - each * 0.03, thin, slot.sent),
                left_alone=bar(middle + each * 0.03, thin, slot.left_alone),
            )
        )
    return Chart(
        bars=tuple(bars),
        lines=tuple((round(ground - room * n / steps, 2), n * step) for n in range(steps + 1)),
        busiest=max(slots, key=lambda slot: slot.came_in) if any(slot.came_in for slot in slots) else None,
    )


def _step(highest: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 ... of which at most `MOST_STEPS` reach the highest."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * MOST_STEPS >= highest:
                return step
        power *= 10


MOOD_HEIGHT, MOOD_MIDDLE = 56.0, 24.0
"""Of the drawing of a channel's mood: praise grows up from the middle, complaints grow down."""
FEW = 5
"""A share of fewer posts than that is drawn pale: it says little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MoodBars:
    """One hour: how far praise and complaints reach from the middle. `few`: there were hardly any posts."""

    praise: Bar
    complaints: Bar
    few: bool


def moods(hours: Sequence[tuple[int, int, int]]) -> tuple[MoodBars, ...]:
    """Draw the share of praise and of complaints in each hour: (posts, praise, complaints)."""
    each = (WIDTH - LEFT) / max(1, len(hours))

    def bar(number: int, part: int, whole: int, *, up: bool) -> Bar:
        height = MOOD_MIDDLE * part / whole if whole else 0.0
        y = MOOD_MIDDLE - height if up else MOOD_MIDDLE
        return Bar(
            x=round(LEFT + each * (number + 0.1), 2), y=round(y, 2), width=round(each * 0.8, 2), height=round(height, 2)
        )

    return tuple(
        MoodBars(
            praise=bar(number, praise, posts, up=True),
            complaints=bar(number, complaints, posts, up=False),
            few=posts < FEW,
        )
        for number, (posts, praise, complaints) in enumerate(hours)
    )


def shares(percents: Sequence[int | None]) -> tuple[tuple[float, Bar | None], ...]:
    """Draw shares of a hundred side by side: the middle of each, and its bar; None where nothing is told."""
    each, room = (WIDTH - LEFT) / max(1, len(percents)), HEIGHT - BOTTOM - TOP
    width = min(each * 0.6, 48.0)

    def bar(middle: float, percent: int) -> Bar:
        height = room * percent / 100
        y = HEIGHT - BOTTOM - height
        return Bar(x=round(middle - width / 2, 2), y=round(y, 2), width=round(width, 2), height=round(height, 2))

    middles = [LEFT + each * (number + 0.5) for number in range(len(percents))]
    return tuple(
        (round(middle, 2), None if percent is None else bar(middle, percent))
        for middle, percent in zip(middles, percents, strict=True)
    )


SHARE_LINES = tuple((HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * n / 100, n) for n in (0, 50, 100))
"""The height of each line across in `shares`, with its number."""
