"""Programs that tests start."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The ports that Linux gives to outgoing connections: the first and the last."""

_BEFORE = Path(__file__).parents[1] / ".pytest_cache/began"
"""What a start with the shipped templates left for the next one. The product itself sees what of it still holds."""
VECTORS = "example_vectors.npz"
_KEPT = (VECTORS, "templates_kept.json")


def begin_as_before(var: Path, names: Iterable[str] = _KEPT) -> None:
    """Let the next start in this folder, if it is the first, be as fast as a later one. `names`: the files that it
    finds."""
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        if not (var / name).exists():
            with suppress(FileNotFoundError):
                shutil.copy(_BEFORE / name, var / name)


def keep_what_began(var: Path) -> None:
    """Once a start in this folder, with the shipped templates, is done: keep for others what took it long."""
    _BEFORE.mkdir(parents=True, exist_ok=True)
    for name in _KEPT:
        new = _BEFORE / f"{name}.{secrets.token_hex(4)}"
        shutil.copy(var / name, new)
        new.replace(_BEFORE / name)  # another worker reads or writes it


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, for a program that starts later: below those that the kernel gives to
    outgoing connections, one of which may take it until then."""
    first = int(_GIVEN.read_text("ascii").split()[0]) if _GIVEN.exists() else 32_768
    while True:
        port = 1_024 + secrets.randbelow(max(first - 1_024, 1_024))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process, with the options of `Popen`. It outlives its block by a minute at most, and not at all if that fails.

    `Popen` alone would wait for ever for a process that was not told to end.
    """
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
            process.wait(60)
        finally:
            process.kill()


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C, again after ten seconds if nothing came of it. Returns what was still printed."""
    for _ in range(6):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=10)[0]
    raise AssertionError("Ctrl-C does not end it")
