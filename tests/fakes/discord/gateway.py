"""The gateway: hello, identify, resume with replay, heartbeats, and all the ways in which it ends a connection."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.discord.state import DIRECT, Json, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 3, 6, 7, 9, 10, 11
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = (1 << 1) | (1 << 8)
"""Members and presences: never granted here."""
LARGEST_FRAME = 4096


class Session:
    """What one identify began: everything told to it, kept for a resume."""

    def __init__(self, name: str, intents: int) -> None:
        self.name = name
        self.intents = intents
        self.frames: list[Json] = []
        self.more = asyncio.Event()
        self.socket: web.WebSocketResponse | None = None

    def tell(self, event: str, data: Json) -> None:
        """The next dispatch."""
        self.frames.append({"op": DISPATCH, "t": event, "s": len(self.frames) + 1, "d": deepcopy(data)})
        self.more.set()


class Gateway:
    """Every session of the bot. `deaf` swallows heartbeats, so that a client must find out by itself; while it does not
    `greets`, a client that connects has to wait, and a session may begin before it `tells_of_the_server`."""

    def __init__(self, world: World, token: str, heartbeat: float) -> None:
        self.world = world
        world.emit = self.emit
        self.token = token
        self.heartbeat = heartbeat
        self.url = ""
        self.deaf = False
        self.tells_of_the_server = True
        self.greets = asyncio.Event()
        self.greets.set()
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self._numbers = itertools.count(1)
        self._closing: set[asyncio.Task[Any]] = set()

    def emit(self, event: str, data: Json) -> None:
        """Tell every session that asked for this kind of event."""
        for session in self.sessions.values():
            if (told := self._for(session, event, data)) is not None:
                session.tell(event, told)

    def _for(self, session: Session, event: str, data: Json) -> Json | None:
        if event == "INTERACTION_CREATE":
            return data
        if not event.startswith("MESSAGE_"):
            return data if session.intents & GUILDS else None
        direct = self.world.channels[data["channel_id"]]["type"] == DIRECT
        if not session.intents & (DIRECT_MESSAGES if direct else GUILD_MESSAGES):
            return None
        if direct or session.intents & MESSAGE_CONTENT or "content" not in data:
            return data
        return veiled(data, self.world.bot["id"])

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        await self.greets.wait()
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat * 1000)}})
        session: Session | None = None
        writer: asyncio.Task[None] | None = None
        try:
            async for frame in _frames(socket):
                if frame["op"] == HEARTBEAT:
                    if not self.deaf:
                        await socket.send_json({"op": ACK})
                elif session is None and frame["op"] in (IDENTIFY, RESUME):
                    begun = await self._begin(socket, frame)
                    if begun:
                        session, start = begun
                        session.socket = socket
                        writer = asyncio.create_task(_write(session, socket, start))
                elif frame["op"] != PRESENCE:
                    await socket.close(code=4003 if session is None else 4005)
        finally:
            if writer:
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
            if session and session.socket is socket:
                session.socket = None
                if socket.close_code in (1000, 1001):
                    self.sessions.pop(session.name, None)
        return socket

    async def _begin(self, socket: web.WebSocketResponse, frame: Json) -> tuple[Session, int] | None:
        if frame["d"]["token"] != self.token:
            await socket.close(code=4004, message=b"Authentication failed.")
            return None
        if frame["op"] == IDENTIFY:
            return await self._identify(socket, frame["d"])
        session = self.sessions.get(frame["d"]["session_id"])
        if session is None:
            await socket.send_json({"op": INVALID, "d": False})
            return None
        if frame["d"]["seq"] > len(session.frames):
            await socket.close(code=4007)
            return None
        self.resumed += 1
        for old in session.frames:
            if old["t"] == "RESUMED":
                old["t"] = "PAST"  # told to an earlier connection
        session.tell("RESUMED", {"_trace": []})
        return session, frame["d"]["seq"]

    async def _identify(self, socket: web.WebSocketResponse, data: Json) -> tuple[Session, int] | None:
        refused = PRIVILEGED | (0 if self.world.message_content else MESSAGE_CONTENT)
        if data["intents"] & refused:
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return None
        self.identified += 1
        session = Session(f"session-{next(self._numbers)}", data["intents"])
        world = self.world
        session.tell(
            "READY",
            {
                "v": 10,
                "user": world.bot,
                "guilds": [{"id": world.guild["id"], "unavailable": True}],
                "session_id": session.name,
                "resume_gateway_url": self.url,
                "application": {"id": world.application, "flags": (1 << 18) if world.message_content else 0},
            },
        )
        if self.tells_of_the_server:
            session.tell("GUILD_CREATE", world.guild_create())
        self.sessions[session.name] = session
        return session, 0

    def disconnect(self, *, resumable: bool = True) -> None:
        """Cut every connection. Not resumable: the sessions are over at once, and what happens now is missed."""
        self.close(4000, forget=not resumable)

    def close(self, code: int, *, forget: bool = False) -> None:
        """End every connection with one of the documented codes. `forget`: the sessions cannot be resumed."""
        for session in list(self.sessions.values()):
            if forget:
                del self.sessions[session.name]
            self._end(session, code)

    def reconnect(self) -> None:
        """Ask every client to connect again and resume."""
        self._say({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool) -> None:
        """Tell every client that its session is invalid."""
        self._say({"op": INVALID, "d": resumable})
        if not resumable:
            self.sessions.clear()

    def malformed(self, event: str, data: Any) -> None:
        """An event that nobody expects, to every session."""
        for session in self.sessions.values():
            session.tell(event, data)

    def _say(self, frame: Json) -> None:
        for session in self.sessions.values():
            if session.socket:
                self._later(session.socket.send_json(frame))

    def _end(self, session: Session, code: int) -> None:
        if session.socket:
            self._later(session.socket.close(code=code))
            session.socket = None  # whatever the client says to it, it did not end the session

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def stop(self) -> None:
        """End all connections."""
        for session in list(self.sessions.values()):
            self._end(session, WSCloseCode.GOING_AWAY)
        await asyncio.gather(*self._closing, return_exceptions=True)


async def _frames(socket: web.WebSocketResponse) -> AsyncIterator[Json]:
    """What the client says, as long as it says it as it should."""
    async for message in socket:
        if message.type is not WSMsgType.TEXT or len(message.data) > LARGEST_FRAME:
            await socket.close(code=4002)
            return
        yield json.loads(message.data)


async def _write(session: Session, socket: web.WebSocketResponse, start: int) -> None:
    at = start
    while not socket.closed:
        session.more.clear()
        while at < len(session.frames):
            await socket.send_json(session.frames[at])
            at += 1
        await session.more.wait()


def veiled(message: Json, bot_id: str) -> Json:
    """A message as somebody sees it who may not read what people write."""
    if message["author"]["id"] == bot_id or any(user["id"] == bot_id for user in message["mentions"]):
        return message
    hidden: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
    hidden |= {"message_snapshots": []} if "message_snapshots" in message else {}
    return {**{key: value for key, value in message.items() if key != "poll"}, **hidden}
