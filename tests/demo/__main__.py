"""`python -m tests.demo FOLDER`: a month of the sample community, in figures, and a folder to look at it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from bot.reader import load_reader
from tests.demo.books import Books
from tests.demo.month import Month
from tests.demo.script import DAYS, script
from tests.demo.town import LONG, Town, build

MARK = ".sample-month"
"""Tells that a folder was written here, and may be written anew."""


def main(arguments: list[str]) -> int:
    """Play the month up to now and print what it came to. 1 if the books do not add up, 2 for a folder in use."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("folder", type=Path, help="It is written anew.")
    parser.add_argument("--seed", type=int, default=1, help="Other numbers: managers decide otherwise.")
    parser.add_argument("--days", type=int, default=DAYS, help="Only so many days.")
    given = parser.parse_args(arguments)
    folder: Path = given.folder.absolute()
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        sys.stderr.write(f"{folder} is not empty, and no sample month; name another folder.\n")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    return asyncio.run(_play(folder, given.seed, min(given.days, DAYS)))


async def _play(folder: Path, seed: int, days: int) -> int:
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    build(folder, hour)
    town = Town(folder, hour, load_reader)
    until = LONG if days == DAYS else timedelta(days=days)
    steps = [step for step in script() if step.after <= until]
    async with town.open():
        month = Month(town, seed)
        await month.play(steps, until)
        if days == DAYS:
            town.clock.move_to(now)
            await town.pass_time()
            await town.think()
        ended = town.clock.now()
    books = Books(town.settings, steps)
    for line in books.figures(ended):
        sys.stdout.write(f"{line.what:<58} {line.figure}\n")
    for why, number in sorted(month.refused.items()):
        sys.stdout.write(f"{'refused: ' + why:<58} {number}\n")
    faults = [*month.traces, *books.faults()]
    sys.stdout.write("\nThe books add up.\n" if not faults else "\n" + "\n".join(faults) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
