"""uvicorn inside our own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from bot.errors import Busy

_GRACE_SECONDS = 3
"""How long requests under way may take to end when the server stops."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to bot/app.py, which stops everything in order."""
        yield


class WebServer:
    """Serves one app on one address."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Port 0 takes any free port; `port` is the real one after `start`."""
        self.host = host
        self.port = port
        self._app = app
        self._serving: asyncio.Task[None] | None = None
        config = uvicorn.Config(
            app,
            access_log=False,
            date_header=False,
            lifespan="off",
            log_config=None,
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
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="web server")

    async def stop(self) -> None:
        """End streams at once, let other requests finish, stop listening."""
        self._app.state.closing.set()
        self._server.should_exit = True
        if self._serving:
            await self._serving
