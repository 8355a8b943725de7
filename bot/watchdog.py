"""Ends a process that hangs: whoever looks after it starts it again, and what was begun is picked up then.

`faulthandler` waits on a thread that needs nothing of the interpreter. So it also ends a process in which one long step
in C holds the interpreter's lock, and no line of Python runs any more. It writes where each thread stood, no values.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
from collections.abc import AsyncIterator

from bot.stopping import GRACE

FROZEN = 60.0
"""Seconds without a beat of the event loop after which the process is ended."""
BEAT = 5.0
STOPPING = GRACE + 5.0
"""Seconds that the whole stop may take."""


@contextlib.asynccontextmanager
async def watchdog() -> AsyncIterator[None]:
    """While inside, a frozen event loop ends the process, with status 1; from then on, a stop that hangs does."""
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
