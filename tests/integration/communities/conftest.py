"""Several communities in one process, each in a folder of its own, with one web server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.adapters.web.auth import signin_link
from bot.app import App
from bot.communities import Communities
from bot.reader import Reader
from tests.integration.conftest import TEMPLATES

CONFIG = """\
community: {{name: The {key}, key: {key}}}
store: {store}
web: {{bind: "127.0.0.1:0"{url}}}
managers: {{{managers}}}
on_call: {on_call}
replies: {{undo_seconds: 0, per_fan: null, per_channel: null}}
"""
PRAISE = "the new map is gorgeous"
OWN = {"lamp": ("mara", "anna"), "harbour": ("mara", "hugo")}
"""The managers of two communities. Mara is in both."""


class Folder:
    """The folder of the communities, as their operator writes it."""

    def __init__(self, path: Path, store: Callable[[str], str]) -> None:
        self.path = path
        self._store = store

    def add(
        self, key: str, *, managers: tuple[str, ...] = ("mara",), url: str = "", store: str = "", **more: str
    ) -> Path:
        """Write a community, or write it anew; its config.yaml. `more`: other blocks of it."""
        here = self.path / key
        for name, text in TEMPLATES.items():
            file = here / "templates" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        config = here / "config.yaml"
        named = ", ".join(f"{manager}: {{name: {manager.title()}}}" for manager in managers)
        text = CONFIG.format(
            key=key,
            store=store or self._store(key),
            url=f", public_url: {url}" if url else "",
            managers=named,
            on_call=managers[0],
        )
        config.write_text(text + "".join(f"{name}: {block}\n" for name, block in more.items()), encoding="utf-8")
        return config


class Town:
    """Communities that run, as those see them who come over the network."""

    def __init__(self, many: Communities) -> None:
        self.many = many
        self._numbers = itertools.count()

    @property
    def port(self) -> int:
        """Of the one web server."""
        return self.many.web.port

    def app(self, key: str) -> App:
        """One that runs."""
        return self.many.running[key]

    @contextlib.asynccontextmanager
    async def at(self, host: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client that asks at a host."""
        base = f"http://127.0.0.1:{self.port}"
        async with httpx.AsyncClient(base_url=base, headers={"Host": host, **headers}, timeout=60) as client:
            yield client

    def host(self, key: str) -> str:
        """Where a community without a `public_url` is."""
        return f"{key}.localhost:{self.port}"

    def script(self, key: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """A script with the community's bearer token."""
        return self.at(self.host(key), Authorization=f"Bearer {self.app(key).keys.token}")

    @contextlib.asynccontextmanager
    async def browser(self, key: str, manager: str = "mara") -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which a manager signed in, with the headers that our pages send."""
        async with self.at(self.host(key)) as client:
            link = signin_link(self.app(key).keys, "", manager)
            answer = await client.post(link)
            assert answer.status_code == 303, answer.text
            client.cookies = httpx.Cookies(dict(answer.cookies))
            page = (await client.get("/inbox")).text
            found = re.search(r'name="csrf" content="(\w+)"', page)
            assert found, page
            client.headers.update({"Origin": f"http://{self.host(key)}", "X-CSRF-Token": found[1]})
            yield client

    async def post(self, key: str, text: str = PRAISE, **more: Any) -> str:
        """A post in a community; its id."""
        n = next(self._numbers)
        body = {"channel": f"channel-{n}", "author": {"id": f"fan-{n}", "name": "Robin"}, "text": text, **more}
        async with self.script(key) as client:
            answer = await client.post("/api/posts", json=body)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["post_id"])

    async def judged(self, key: str, post_id: str) -> dict[str, Any]:
        """A post, once it is judged."""
        async with self.script(key) as client, asyncio.timeout(60):
            while True:
                found: dict[str, Any] = (await client.get(f"/api/posts/{post_id}")).json()
                if found["action"]:
                    return found
                await asyncio.sleep(0.02)


Run = Callable[..., AbstractAsyncContextManager[Town]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Empty; each community keeps its rows in a file of its own."""
    return Folder(tmp_path / "communities", lambda _: "sqlite:///var/greenroom.db")


@pytest.fixture
def run(folder: Folder) -> Run:
    """Runs all communities of the folder; `environ` and `only` as an operator gives them."""

    @contextlib.asynccontextmanager
    async def running(
        environ: Mapping[str, str] | None = None,
        only: tuple[str, ...] = (),
        reader: Callable[[], Reader] | None = None,
    ) -> AsyncIterator[Town]:
        many = Communities(folder.path, environ=environ or {}, reader=reader, only=only, first_pause=0.02)
        async with many:
            async with asyncio.timeout(120):
                await many.settled()
            yield Town(many)

    return running


@pytest.fixture
async def town(folder: Folder, run: Run) -> AsyncIterator[Town]:
    """Two communities, lamp and harbour."""
    for key, managers in OWN.items():
        folder.add(key, managers=managers)
    async with run() as found:
        yield found


async def until(holds: Callable[[], Any]) -> None:
    """Wait for a state."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)
