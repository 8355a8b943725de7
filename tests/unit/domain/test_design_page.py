"""docs/design.md shows the very moves that the code allows."""

from __future__ import annotations

import re
from pathlib import Path

from bot.domain import DELIVERY_MOVES, MOVES

PAGE = (Path(__file__).parents[3] / "docs" / "design.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_how_a_draft_moves() -> None:
    told = {
        (state, by): to
        for before, causes, to in rows("How a draft moves")
        for state in before.split(", ")
        for by in re.findall(r"`(\w+)`", causes)
    }
    assert told == {(str(state), str(by)): str(to) for (state, by), to in MOVES.items()}


def test_how_a_reply_moves() -> None:
    told = {(before, to) for before, after in rows("How a reply moves") for to in after.split(", ")}
    assert told == {(str(before), str(to)) for before, to in DELIVERY_MOVES}
