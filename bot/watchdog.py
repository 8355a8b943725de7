"""Ends a process that hangs. A service manager starts it again, and it goes on where it stopped.

`faulthandler` has a thread that does not need the interpreter's lock. So it also ends a process in which C code never
gives that lock back. It prints the stack of each thread, without values.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
from collections.abc import AsyncIterator

from bot.stopping import GRACE

FROZEN = 60.0
"""Seconds for which the event loop may stand still before the process is ended."""
BEAT = 5.0
STOPPING = GRACE + 5.0
"""Seconds that a stop may take in all."""


@contextlib.asynccontextmanager
async def watchdog() -> AsyncIterator[None]:
    """Inside, a frozen event loop ends the process with status 1. Afterwards, a stop that hangs does."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()
        faulthandler.dump_traceback_later(STOPPING, exit=True)


async def _beat() -> None:
    while True:
        faulthandler.dump_traceback_later(FROZEN, exit=True)
        await asyncio.sleep(BEAT)
