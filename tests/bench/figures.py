"""A measured figure, its goal, and how both are shown and kept."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table. `value` is the median of `rounds`, `goal` a bound for it."""

    name: str
    value: float
    unit: str
    rounds: tuple[float, ...]
    goal: float | None = None
    at_least: bool = True
    """Whether the goal is a lower bound; else an upper one."""

    @property
    def met(self) -> bool | None:
        """None where there is no goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def figure(
    name: str, unit: str, rounds: Iterable[float], *, at_least: float | None = None, at_most: float | None = None
) -> Figure:
    """The median of some rounds, with its goal."""
    values = tuple(rounds)
    return Figure(
        name=name,
        value=statistics.median(values),
        unit=unit,
        rounds=values,
        goal=at_most if at_least is None else at_least,
        at_least=at_most is None,
    )


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Round by round: arms that ran one after the other met the same neighbours."""
    return [a / b for a, b in zip(over, under, strict=True)]


def machine() -> dict[str, object]:
    """What the figures depend on."""
    return {"cpus": os.cpu_count(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}


def table(figures: Iterable[Figure]) -> str:
    """Plain text, one figure a line."""
    rows = [("", "median", "lowest", "highest", "", "goal", "")]
    for f in figures:
        sign = ">=" if f.at_least else "<="
        goal = "" if f.goal is None else f"{sign} {_short(f.goal)}"
        verdict = {None: "", True: "met", False: "MISSED"}[f.met]
        numbers = (_short(f.value), _short(min(f.rounds)), _short(max(f.rounds)))
        rows.append((f.name, *numbers, f.unit, goal, verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = (0, 4, 6)
    lines = (
        "  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def keep(figures: Iterable[Figure], path: Path) -> None:
    """Write bench.json."""
    whole = {"machine": machine(), "figures": [{**asdict(f), "met": f.met} for f in figures]}
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
