"""uvicorn inside our own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, cast

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import Busy

_GRACE_SECONDS = 3
"""How long requests under way may take to end when the server stops."""
PATIENCE: Final = 10.0
"""Seconds within which a client must have sent the head of a request, and go on reading an answer."""
MOST_CONNECTIONS: Final = 500
"""At the same time; what comes beyond is closed at once, so that files are left for the rest of the program."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to bot/app.py, which stops everything in order."""
        yield


class _Protocol(H11Protocol):
    """One connection. uvicorn waits for the head of a request, and for a client that does not read, without end."""

    def __init__(self, *args: Any, patience: float, **more: Any) -> None:
        super().__init__(*args, **more)
        self._patience = patience
        self._head: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in filter(None, (self._head, self._reading)):
            timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading = self.loop.call_later(self._patience, self.transport.abort)

    def resume_writing(self) -> None:
        if self._reading:
            self._reading.cancel()
        super().resume_writing()

    def _expect_head(self) -> None:
        if self._head:
            self._head.cancel()
        self._head = self.loop.call_later(self._patience, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


async def end_streams(app: FastAPI) -> None:
    """End what a page of this app would wait for without end."""
    app.state.closing.set()
    await app.state.evening.stop()


class WebServer:
    """Serves one app on one address."""

    def __init__(self, app: ASGIApp, host: str, port: int, *, patience: float = PATIENCE) -> None:
        """Port 0 takes any free port; `port` is the real one after `start`. `patience`: see PATIENCE."""
        self.host = host
        self.port = port
        self._app = app
        self._serving: asyncio.Task[None] | None = None
        config = uvicorn.Config(
            app,
            access_log=False,
            date_header=False,
            http=cast(Any, partial(_Protocol, patience=patience)),
            lifespan="off",
            log_config=None,
            proxy_headers=False,  # what a client says of itself decides nothing here
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ws="none",
        )
        self._server = _Server(config)

    async def start(self) -> None:
        """Listen. Raises Busy when the address is taken or not ours."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            listener = socket.create_server((self.host, self.port), family=family, backlog=512)
        except OSError as error:
            why = (error.strerror or str(error)).partition(" (")[0]
            raise Busy(
                f"Greenroom cannot listen on {self.host}:{self.port} ({why}); stop what uses this port, "
                "or set another one as web.bind in config.yaml"
            ) from error
        # Connections inherit it. asyncio sets it only where the socket names its protocol, which this one does not, and
        # then each answer on a kept connection waits 40 ms for the client to confirm its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="web server")

    async def stop(self) -> None:
        """End streams at once, let other requests finish, stop listening."""
        if isinstance(self._app, FastAPI):
            await end_streams(self._app)
        self._server.should_exit = True
        if self._serving:
            await self._serving
