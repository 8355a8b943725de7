"""Programs that tests start."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any


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
