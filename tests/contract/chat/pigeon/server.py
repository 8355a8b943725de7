"""Pigeon, the smallest chat that people and a bot can share: JSON lines over TCP. What people do is a method here."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

Json = dict[str, Any]
TOKEN = "a-pigeon-of-the-tests"  # noqa: S105 - it opens nothing


class Pigeon:
    """One community. What was written, changed or taken away is kept, and told to a bot that comes back."""

    def __init__(self) -> None:
        self.messages: dict[str, Json] = {}
        self.acts: dict[str, SimpleNamespace] = {}
        """What people asked of the bot; `text` and `buttons` are what they alone were told."""
        self.lose: str | None = None
        """The next reply of the bot is lost `before` it arrives, or its answer `after`."""
        self._log: list[Json] = []
        self._bots: set[asyncio.StreamWriter] = set()
        self._ids = map(str, itertools.count(1000))
        self.port, self.problems = 0, list[str]()
        self.listening = asyncio.Event()

    @asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.disconnect()

    def post(self, channel: str, by: str, text: str) -> Json:
        return self._keep("post", self._add(channel, by, text))

    def edit(self, message: Json, text: str) -> None:
        message["text"] = text
        self._keep("edit", message)

    def delete(self, message: Json) -> None:
        del self.messages[message["id"]]
        self._keep("delete", message)

    def act(self, event: str, by: str, **more: Any) -> SimpleNamespace:
        """A `press` (`button` as they saw it: the `message` may have others by now), or a `command` with `words`."""
        id_ = next(self._ids)
        act = self.acts[id_] = SimpleNamespace(text="", buttons=[])
        self._emit({"event": event, "id": id_, "by": by, **more})
        return act

    def disconnect(self) -> None:
        self.listening.clear()
        for bot in self._bots:
            bot.transport.abort()

    def _add(self, channel: str, by: str, text: str, **more: Any) -> Json:
        message = {"id": next(self._ids), "channel": channel, "by": by, "text": text, **more}
        self.messages[message["id"]] = message
        return message

    def _keep(self, event: str, message: Json) -> Json:
        self._log.append(said := {**message, "event": event, "number": len(self._log) + 1})
        self._emit(said)
        return message

    def _emit(self, event: Json) -> None:
        for bot in self._bots:
            bot.write(json.dumps(event).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                asked = json.loads(line)
                lost, self.lose = (self.lose, None) if asked.get("nonce") else (None, self.lose)
                answer = None if lost == "before" else self._answer(asked, writer)
                if lost:
                    break
                writer.write(json.dumps({"answer": asked["id"], "result": answer}).encode() + b"\n")
        self._bots.discard(writer)
        writer.transport.abort()

    def _answer(self, asked: Json, writer: asyncio.StreamWriter) -> Any:
        found = self.messages.get(asked.get("message", ""))
        match asked["call"]:
            case "listen" if asked["token"] == TOKEN:
                self._bots.add(writer)
                self.listening.set()
                return self._log[asked["after"] :]
            case "say":
                more = {key: asked.get(key) for key in ("to", "nonce", "buttons")}
                return self._add(asked["channel"], "bot", asked["text"], **more)["id"]
            case "change" if found:
                found |= {"text": asked["text"], "buttons": asked.get("buttons")}
            case "lay" if found:
                found["buttons"] = asked["buttons"]
            case "take away" if found:
                del self.messages[found["id"]]
            case "look":
                return found
            case "find":
                return next((one["id"] for one in self.messages.values() if one.get("nonce") == asked["wanted"]), None)
            case "tell":
                act = self.acts[asked["act"]]
                act.text, act.buttons = asked["text"], asked.get("buttons") or []
            case _:
                return False
        return True
