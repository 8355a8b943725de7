"""The way to a server, which can be closed: no connection can be made then, and those that there are end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Gate:
    """Passes on what comes to `port` of this machine."""

    def __init__(self, to: int) -> None:
        self.port = 0
        self._to = to
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def standing(self) -> AsyncIterator[Gate]:
        """Open, until the block ends or it is closed."""
        await self.open()
        try:
            yield self
        finally:
            await self.close()

    async def open(self) -> None:
        """At the same port as before."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Whoever comes now is refused."""
        if self._server:
            self._server.close()
        for one in self._passing:
            one.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._passing.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, back))
                group.create_task(_copy(there, writer))
        except (ExceptionGroup, asyncio.CancelledError):
            pass
        finally:
            self._passing.discard(task)
            for one in (writer, back):
                if one.transport:
                    one.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while words := await reader.read(1 << 16):
        writer.write(words)
        await writer.drain()
    writer.close()
