"""Many communities in one process: what each weighs while nothing happens, and how long a post of one takes.

The web platform alone, without chat bots. Each community has the shipped templates, or the same with facts of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure
from bench.scenes import ROOT, texts
from bench.start import _burned, _memory

from bot.communities import LOOKS
from tests.databases import Server, server
from tests.processes import free_port

CONFIG = """\
community: {{name: Community {n}, key: c{n}}}
store: {store}
web: {{bind: "127.0.0.1:{port}"}}
managers: {{manager: {{name: Manager}}}}
on_call: manager
replies: {{undo_seconds: 3600, per_fan: null, per_channel: null}}
"""
SETTLE, IDLE_SECONDS, POSTS = 30, 30, 200
"""Seconds until what a start leaves to do is done, seconds that are looked at at least, and posts."""
TOLD = "prints a link to sign in"
"""What the program says when all run."""
PATIENCE = 1800
"""Seconds in which all must run."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """So many communities, and where their rows and files are."""

    number: int
    on_server: bool
    own_files: bool = False

    @property
    def name(self) -> str:
        """For the table."""
        where = "one PostgreSQL" if self.on_server else "SQLite"
        return f"{self.number:,} on {where}{', own files' if self.own_files else ''}"


ARMS = (
    Arm(number=1, on_server=False),
    Arm(number=100, on_server=False),
    Arm(number=1, on_server=True),
    Arm(number=100, on_server=True),
    Arm(number=100, on_server=True, own_files=True),
    Arm(number=1000, on_server=True),
)


async def measure() -> list[Figure]:
    """All arms, in a run of their own each."""
    return await asyncio.to_thread(_measure)


def _measure() -> list[Figure]:
    figures: list[Figure] = []
    alone: dict[bool, dict[str, float]] = {}
    with server(uuid.uuid4().hex) as address:
        databases = Server(address)
        for arm in _wanted():
            with tempfile.TemporaryDirectory() as name, databases_of(databases, arm, Path(name)) as url:
                found = _one(arm, Path(name), url)
            sys.stderr.write(f"communities: {arm.name}: {json.dumps(found)}\n")
            base = alone.setdefault(arm.on_server, found)
            figures += _figures(arm, found, base)
    return figures


def _wanted() -> list[Arm]:
    """All, or those whose numbers `GREENROOM_BENCH_COMMUNITIES` names."""
    named = os.environ.get("GREENROOM_BENCH_COMMUNITIES")
    return [arm for arm in ARMS if not named or str(arm.number) in named.split(",")]


@contextlib.contextmanager
def databases_of(databases: Server, arm: Arm, folder: Path) -> Iterator[str]:
    """The `store` of an arm."""
    if not arm.on_server:
        yield "sqlite:///var/greenroom.db"
        return
    made = databases.new(folder / "unused")
    try:
        yield made.url
    finally:
        made.close()


def _figures(arm: Arm, found: dict[str, float], base: dict[str, float]) -> list[Figure]:
    name, more = f"communities: {arm.name}", arm.number - 1
    figures = [
        figure(f"{name}: memory", "MiB", [found["rss"]]),
        figure(f"{name}: CPU while idle", "% of a core", [found["idle"]]),
        figure(f"{name}: post to draft, p50", "ms", [found["p50"]]),
        figure(f"{name}: post to draft, p99", "ms", [found["p99"]]),
        figure(f"{name}: all run", "s", [found["start"]]),
    ]
    if more:
        figures += [
            figure(
                f"{name}: memory of one more",
                "MiB",
                [(found["rss"] - base["rss"]) / more],
                at_most=8 if arm.own_files else 2,
            ),
            figure(
                f"{name}: CPU of one more while idle",
                "% of a core",
                [(found["idle"] - base["idle"]) / more],
                at_most=0.05,
            ),
            figure(f"{name}: post to draft, p50 / alone", "x", [found["p50"] / base["p50"]], at_most=1.5),
        ]
    return figures


def _one(arm: Arm, folder: Path, url: str) -> dict[str, float]:
    port = free_port()
    shared = folder / "shared"
    shutil.copytree(ROOT / "templates", shared)
    town = folder / "communities"
    for n in range(arm.number):
        here = town / f"c{n}"
        here.mkdir(parents=True)
        (here / "config.yaml").write_text(CONFIG.format(n=n, port=port, store=url), encoding="utf-8")
        if arm.own_files:
            shutil.copytree(shared, here / "templates")
            with (here / "templates" / "facts.yaml").open("a", encoding="utf-8") as facts:
                facts.write(f"\nnumber_of_this_community: Community {n}\n")
        else:
            (here / "templates").symlink_to(shared, target_is_directory=True)
    with _running(town) as (process, log):
        begun = time.perf_counter()
        while TOLD not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                raise RuntimeError(f"not all communities came up:\n{log.read_text(encoding='utf-8')[-3000:]}")
            time.sleep(0.5)
        started = time.perf_counter() - begun
        if "is not running" in log.read_text(encoding="utf-8"):
            raise RuntimeError(log.read_text(encoding="utf-8")[-3000:])
        time.sleep(SETTLE)
        before, seconds = _burned(process), max(IDLE_SECONDS, arm.number / LOOKS)  # each has its turn to look
        time.sleep(seconds)
        idle = (_burned(process) - before) / seconds * 100
        memory = _memory(process)
        waits = sorted(_wait(port, arm.number // 2, (town / f"c{arm.number // 2}" / "var"), n) for n in range(POSTS))
    cuts = statistics.quantiles(waits, n=100)
    return {"start": started, "rss": memory, "idle": idle, "p50": cuts[49], "p99": cuts[98]}


@contextlib.contextmanager
def _running(town: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = town.parent / "log"
    command = (sys.executable, "-m", "bot", "run", "--communities", str(town))
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:
        try:
            yield process, log
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()


def _wait(port: int, n: int, var: Path, number: int) -> float:
    """Milliseconds from sending a post of one community until it is judged."""
    host, token = f"c{n}.localhost:{port}", (var / "web_token").read_text(encoding="ascii").strip()
    words = texts()
    body = {"channel": f"channel-{number % 20}", "author": {"id": f"fan-{number}", "name": "Robin"}}
    begun = time.perf_counter()
    answer = _ask(port, host, "/api/posts", token, body | {"text": words[number % len(words)]})
    post = json.loads(answer or "{}")["post_id"]
    while json.loads(_ask(port, host, f"/api/posts/{post}", token) or "{}").get("action") is None:
        if time.perf_counter() - begun > PATIENCE:
            raise RuntimeError("the post was not judged in time")
        time.sleep(0.001)
    return (time.perf_counter() - begun) * 1e3


def _ask(port: int, host: str, path: str, token: str = "", body: dict[str, Any] | None = None) -> str | None:
    headers = {"Host": host, "Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return None
