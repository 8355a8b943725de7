"""The real process when something in it hangs: it says so, ends when told to, and does not stay frozen."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.integration.program import ROOT, Program, database

TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
CONFIG = """\
community: {name: Lantern Harbor}
web: {bind: "127.0.0.1:0"}
managers: {mara: {name: Mara Quint}}
on_call: mara
"""
PLUGIN = """\
import threading

class Stuck:
    name = "stuck"

    def __init__(self, library):
        pass

    def respond(self, post, context, understanding):
        threading.Event().wait()
"""


@pytest.fixture
async def stuck(tmp_path: Path) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
    """A Greenroom with a responder, installed beside it, that never answers."""
    (tmp_path / "stuck.py").write_text(PLUGIN, encoding="utf-8")
    about = tmp_path / "stuck-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[greenroom.responders]\nstuck = stuck:Stuck\n", encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    program = Program(tmp_path)
    try:
        base = await program.start(config, GREENROOM_WEB_TOKEN=TOKEN, PYTHONPATH=f"{ROOT}:{tmp_path}")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as http:
            yield program, http
    finally:
        await program.end()


@pytest.mark.kill
async def test_a_stuck_reader_is_seen_and_the_process_ends_when_told(
    stuck: tuple[Program, httpx.AsyncClient],
) -> None:
    program, http = stuck
    assert (await http.get("/readyz")).json()["reading"] is True
    body = {"channel": "c", "author": {"id": "robin", "name": "Robin"}, "text": "the new map is gorgeous"}
    assert (await http.post("/api/posts", json=body)).status_code == 202
    with database(program.folder) as found:  # time passes
        found.execute("UPDATE posts SET received_at = '2020-01-01 00:00:00.000000' WHERE action IS NULL")
    async with asyncio.timeout(60):
        while "posts_wait" not in program.log:
            await asyncio.sleep(0.05)
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()["reading"]) == (503, False)
    assert "The reader hangs" in ready.json()["reading_error"]
    numbers = (await http.get("/metrics")).text
    waits = re.search(r'^greenroom_queue_oldest_seconds{queue="unjudged"} (\S+)$', numbers, re.MULTILINE)
    assert waits
    assert float(waits[1]) > 30
    assert await program.end(signal.SIGTERM) == 0
    assert program.log.count("posts_wait") == 1


FROZEN = """
import asyncio, re
from bot import watchdog

watchdog.FROZEN, watchdog.BEAT = 1.0, 0.1

async def main():
    async with watchdog.watchdog():
        await asyncio.sleep(1.5)
        print("well until here", flush=True)
        await asyncio.to_thread(re.match, "(a+)+$", "a" * 64 + "b")  # holds the interpreter's lock for ages

asyncio.run(main())
"""
HANGS_AT_THE_END = """
import asyncio, threading
from bot import watchdog

watchdog.STOPPING = 1.0

async def main():
    async with watchdog.watchdog():
        print("well until here", flush=True)
    await asyncio.to_thread(threading.Event().wait)

asyncio.run(main())
"""
GOES_WELL = """
import asyncio
from bot import watchdog

watchdog.FROZEN, watchdog.BEAT, watchdog.STOPPING = 1.0, 0.1, 1.0

async def main():
    async with watchdog.watchdog():
        await asyncio.sleep(1.5)

asyncio.run(main())
"""


def ran(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program", [FROZEN, HANGS_AT_THE_END], ids=["frozen", "hangs at the end"])
def test_a_process_that_hangs_is_ended(program: str) -> None:
    done = ran(program)
    assert (done.returncode, done.stdout) == (1, "well until here\n")
    assert "Thread" in done.stderr, "where each thread stood"


def test_one_that_does_not_is_left_alone() -> None:
    done = ran(GOES_WELL)
    assert (done.returncode, done.stderr) == (0, "")
