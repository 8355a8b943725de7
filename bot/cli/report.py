"""`report`: how many of the posts that deserved an answer got one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.common import Config, busy, load_settings
from bot.insights.coverage import Coverage, coverage, cuts, mondays, named
from bot.settings import Settings
from bot.settings.values import in_words
from bot.store import answers
from bot.store.look import look

ALL = "all"
"""The first line of the table."""


def report(
    weeks: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=52, help="The last so many weeks.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    config: Config = None,
) -> None:
    """How many posts that deserved an answer got one, by week and by reading. It may be asked while Greenroom runs.

    \b
    Example: greenroom report --weeks 8
    """
    settings, now = load_settings(config), datetime.now(UTC)
    zone, overdue = settings.community.timezone, now - settings.replies.answer_within
    begun = mondays(now, zone, weeks)
    with busy("Counting the answers"):
        rows = look(settings.store, lambda c: answers.coverage(c, cuts(begun, overdue)), settings.key)
    told = coverage(rows, begun, overdue, zone)
    typer.echo(json.dumps(_as_dict(told, settings), indent=2) if as_json else "\n".join(_lines(told, settings)))


def _as_dict(told: Coverage, settings: Settings) -> dict[str, Any]:
    """For scripts; its shape is stable."""
    weeks = [
        {
            "begins": begins.isoformat(),
            **asdict(told.total[number]),
            "readings": {intent or "": asdict(shares[number]) for intent, shares in told.readings},
        }
        for number, begins in enumerate(told.weeks)
    ]
    return {
        "community": settings.community.name,
        "answer_within": in_words(settings.replies.answer_within),
        "weeks": weeks,
    }


def _lines(told: Coverage, settings: Settings) -> list[str]:
    within = in_words(settings.replies.answer_within)
    head = ["", *(f"{begins:%d %b}" for begins in told.weeks[:-1]), "this week"]
    table = [head, [ALL, *(share.words for share in told.total)]]
    table += [[named(intent), *(share.words for share in shares)] for intent, shares in told.readings]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = [f"{settings.community.name}: posts that deserved an answer, and how many of them got one", ""]
    for name, *cells in table:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *padded]).rstrip())
    skipped, waiting = (sum(getattr(share, kind) for share in told.total) for kind in ("skipped", "open"))
    return [
        *lines,
        "",
        f"Not counted: {skipped} that a person skipped, and {waiting} that wait for less than {within}.",
    ]
