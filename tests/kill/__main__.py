"""Kills the program again and again, at random moments and at named ones, and looks whether everything still adds up.

    python -m tests.kill --kills 200            # as `make test-kill`
    python -m tests.kill --minutes 30           # as `make soak MINUTES=30`
    python -m tests.kill --postgresql           # on a server, which is killed, too
    python -m tests.kill --postgresql --processes 3     # which take each other's place
    python -m tests.kill --seed 7 --kills 50    # one story again

Several houses with platforms of their own live beside one another. What people do and where the program is killed comes
from the seed; how far it has come by then, from the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests import databases
from tests.kill.house import ALONE, THREE, House
from tests.kill.ledger import Ledger
from tests.kill.script import MOMENTS, Script

BETWEEN = 50
"""Kills between two quiet moments, in which the books are looked through."""
CRASHES = 0.1
"""How often the server of the database dies in a life, and recovers meanwhile."""
LEFT = 5
"""Drafts left waiting when it gets quiet: few enough that each has a card on each surface."""
SHOWN = 150
"""Lines of the history that are printed when something is wrong."""


class Wrong(Exception):
    """What does not add up, a line each."""


async def story(house: House, seed: str, kills: int, until: float) -> Counter[str]:
    """One house until it was killed this often, or until a moment of the monotonic clock. Raises Wrong."""
    async with house.open():
        script, ledger = Script(house, seed), Ledger(house)
        try:
            await house.start()
            await script.listening()
            house.kill_all("before the story")
            await house.over()
            while script.counts["kills"] < kills and time.monotonic() < until:
                enough = min(script.counts["kills"] + BETWEEN, kills)
                while script.counts["kills"] < enough and time.monotonic() < until:
                    if house.server and script.chance.random() < CRASHES:
                        asyncio.get_running_loop().call_later(script.chance.uniform(0, 3), crash, house, script)
                    await script.life()
                    refuse(script.seen())
                await look(house, script, ledger)
                say(f"{seed}: {script.counts['kills']} kills, all adds up")
        except Exception as error:
            recent = "\n".join(house.history[-SHOWN:])
            told = str(error) if isinstance(error, Wrong | AssertionError) else traceback.format_exc()
            raise Wrong(f"{recent}\n\nseed {seed}, in {house.folder} (history, log, var):\n{told}") from None
    named = Counter({f"killed: {call} {when}": 1 for call, when in house.moments})
    return script.counts + script.model.counts + ledger.counts + named


def crash(house: House, script: Script) -> None:
    """Kill the server of the database, in the middle of whatever it does."""
    assert house.server
    house.note("the database's server is killed")
    with contextlib.suppress(psycopg.OperationalError):  # another house was first: it is starting again
        house.server.crash()
        script.counts["kills of the database"] += 1


def refuse(wrong: list[str]) -> None:
    """Raises Wrong if anything is wrong."""
    if wrong:
        raise Wrong("\n".join(wrong))


def say(words: str) -> None:
    """Print at once, without waiting for the end of the run."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


async def look(house: House, script: Script, ledger: Ledger) -> None:
    """A life that nobody disturbs: open matters are settled, then all must add up. Raises Wrong."""
    house.note("quiet")
    house.trap = None
    await house.start()
    await script.idle()
    await script.calm()
    await leave(house, script, LEFT)
    await ledger.quiet()
    refuse([*ledger.problems(), *script.seen()])
    house.kill_all("once it is quiet")
    await house.over()


async def leave(house: House, script: Script, number: int) -> None:
    """Managers decide most of what waits, and look after what is uncertain."""
    while True:
        await script.settle()
        listed = await house.call("GET", "/api/drafts", params={"limit": 200})
        unjudged = house.rows("SELECT 1 FROM posts WHERE action IS NULL") or house.telegram.world.updates.waiting
        if listed is None or listed.status_code != 200 or unjudged:
            await asyncio.sleep(0.1)
            continue
        waiting = listed.json()["items"]
        if len(waiting) <= number:
            return
        for draft in waiting[number:]:
            await script.decide(draft, script.chance.choice(("approve", "reject", "edit")))


async def stories(seed: str, houses: Sequence[House], kills: int, until: float) -> Counter[str]:
    """All houses side by side; returns their counts together. Raises Wrong."""
    each = -(-kills // len(houses))
    async with asyncio.TaskGroup() as group:
        told = [group.create_task(story(house, f"{seed}/{n}", each, until)) for n, house in enumerate(houses)]
    for house in houses:
        shutil.rmtree(house.folder)
    return sum((one.result() for one in told), Counter())


def built(server: databases.Server | None, processes: int) -> House:
    """A house in a folder of its own, on a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="greenroom-kill-"))
    return House(folder, server.empty() if server else None, layout=ALONE if processes == 1 else THREE)


def main() -> int:
    """0 when everything adds up."""
    asked = argparse.ArgumentParser(prog="python -m tests.kill")
    asked.add_argument("--kills", type=int, default=0, help="in all houses together")
    asked.add_argument("--minutes", type=float, default=0)
    asked.add_argument("--seed", default=None)
    asked.add_argument("--houses", type=int, default=2, help="how many at the same time")
    asked.add_argument("--postgresql", action="store_true", help="on a server of its own, which is killed, too")
    asked.add_argument("--processes", type=int, default=1, choices=(1, len(THREE)), help="on one database")
    given = asked.parse_args()
    if given.processes > 1 and not given.postgresql:
        asked.error("--processes needs --postgresql: a SQLite file is one process's alone")
    seed = given.seed or f"{random.SystemRandom().randrange(10**6)}"
    kills, minutes = given.kills or (sys.maxsize if given.minutes else 200), given.minutes or 10**6
    begun, failed = time.monotonic(), ""
    say(f"seed {seed}")
    try:
        with (
            databases.server(f"kill-{os.getpid()}", in_haste=False)
            if given.postgresql
            else contextlib.nullcontext() as address
        ):
            made = databases.Server(address) if address else None
            houses = [built(made, given.processes) for _ in range(given.houses)]
            totals = asyncio.run(stories(seed, houses, kills, begun + 60 * minutes))
    except* Wrong as wrong:
        totals, failed = Counter(), "\n".join(map(str, wrong.exceptions))
    reached = {name for name in totals if name.startswith("killed: ")}
    totals = Counter({n: c for n, c in totals.items() if n not in reached})
    totals[f"named moments of {len(MOMENTS)}"] = len(reached)
    for name, number in sorted(totals.items()):
        say(f"{number:7} {name}")
    if failed:
        say(failed)
    say(f"{time.monotonic() - begun:.0f} seconds, seed {seed}: {'it does NOT add up' if failed else 'all adds up'}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
