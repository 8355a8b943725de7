"""The program as a process of its own: how fast it is there, what it weighs, what it does when nothing happens."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, figure
from bench.scenes import CONFIG, ROOT, fans_write, texts

from tests.processes import free_port

STARTS, IDLE_SECONDS, POSTS = 4, 10, 10_000
PATIENCE = 600
"""Seconds after which a process that does not come up, or does not get done, is given up."""
TICKS = os.sysconf("SC_CLK_TCK")


async def measure() -> list[Figure]:
    """Start, memory, idle CPU."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "templates", folder / "templates")
        cold, kept, light = [], [], []
        for n in range(STARTS):
            shutil.rmtree(folder / "var", ignore_errors=True)
            with running(folder, CONFIG) as (_process, _port, seconds):
                cold.append(seconds)
            with running(folder, CONFIG) as (process, _port, seconds):
                kept.append(seconds)
                light.append(_memory(process))
                if n == STARTS - 1:
                    idle = _idle(process)
        heavy = _after_posts(folder)
    return [
        figure("start: from exec to ready, on an empty folder", "s", cold, at_most=4),
        figure("start: from exec to ready, examples' numbers kept", "s", kept, at_most=2.5),
        figure("start: CPU while idle", "% of a core", [idle], at_most=2),
        figure("memory: after the start", "MiB", light, at_most=300),
        figure(f"memory: after {POSTS:,} posts", "MiB", [heavy], at_most=300),
    ]


@contextlib.contextmanager
def running(folder: Path, config: str) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """A Greenroom that is ready, its port, and the seconds it took from exec."""
    port = free_port()
    path = folder / "config.yaml"
    path.write_text(config.replace("127.0.0.1:0", f"127.0.0.1:{port}"), encoding="utf-8")
    begun = time.perf_counter()
    command = (sys.executable, "-m", "bot", "run", "--config", str(path))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while _get(port, "/readyz") is None:
                if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                    raise RuntimeError("greenroom run did not come up")
                time.sleep(0.005)
            yield process, port, time.perf_counter() - begun
        finally:
            process.terminate()


def _after_posts(folder: Path) -> float:
    lines = [
        json.dumps(
            {"id": p.external_id, "channel": p.channel, "author": {"id": p.author.id, "name": "Robin"}, "text": p.text}
        )
        for p in itertools.islice(fans_write(texts()), POSTS)
    ]
    (folder / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    replay = "platforms: {replay: {file: posts.jsonl, speed: 0}}\n"
    with running(folder, CONFIG + replay) as (process, _port, _seconds):
        last = 0.0
        for _ in range(PATIENCE):
            time.sleep(1)
            burned = _burned(process)
            if burned - last < 0.1:  # nothing left to do
                return _memory(process)
            last = burned
        raise RuntimeError("the posts were not done in time")


def _idle(process: subprocess.Popen[bytes]) -> float:
    time.sleep(1)
    before = _burned(process)
    time.sleep(IDLE_SECONDS)
    return (_burned(process) - before) / IDLE_SECONDS * 100


def _burned(process: subprocess.Popen[bytes]) -> float:
    """CPU seconds so far, user and system (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(process: subprocess.Popen[bytes]) -> float:
    """Resident MiB (proc(5))."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _get(port: int, path: str) -> bytes | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return None
