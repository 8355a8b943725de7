"""A whole Greenroom on a free port, and clients that use HTTP only."""

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from jinja2 import Environment, FileSystemBytecodeCache

from bot import app, settings
from bot.adapters.web.auth import Keys, signin_link
from bot.reader import Reader
from tests import model
from tests.apps import build
from tests.integration.conftest import TEMPLATES

TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
CONFIG = """
community: {{name: Lantern Harbor}}
store: sqlite:///var/greenroom.db
web: {{bind: "127.0.0.1:0"{public_url}}}
managers: {{mara: {{name: Mara Quint}}, tom: {{name: Tom}}}}
on_call: mara
replies: {{undo_seconds: {undo_seconds}, per_fan: null, per_channel: null}}
"""
PRAISE = "the new map is gorgeous"


@dataclass(kw_only=True)
class Greenroom:
    """One running server as a script sees it."""

    base: str
    http: httpx.AsyncClient
    keys: Keys
    app: app.App
    _numbers: itertools.count = field(default_factory=itertools.count)  # type: ignore[type-arg]  # of int

    async def post(self, text: str = PRAISE, **more: Any) -> str:
        """Post as a new fan in a new channel, unless told otherwise; the post's id."""
        n = next(self._numbers)
        body = {"channel": f"channel-{n}", "author": {"id": f"fan-{n}", "name": "Robin"}, "text": text, **more}
        answer = await self.http.post("/api/posts", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["post_id"])

    async def until(self, path: str, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Read an address until its answer holds."""
        async with asyncio.timeout(60):
            while True:
                found: dict[str, Any] = (await self.http.get(path)).json()
                if holds(found):
                    return found
                await asyncio.sleep(0.02)

    async def draft(self, text: str = PRAISE, **more: Any) -> dict[str, Any]:
        """Post, and wait for the draft or hand-off."""
        post_id = await self.post(text, **more)
        judged = await self.until(f"/api/posts/{post_id}", lambda p: p["action"])
        assert judged["draft"], judged
        found: dict[str, Any] = (await self.http.get(f"/api/drafts/{judged['draft']['draft_id']}")).json()
        return found

    async def decide(self, draft: dict[str, Any], action: str, by: str = "mara", **more: Any) -> httpx.Response:
        """Press."""
        headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
        body = {"revision": draft["revision"], "by": by, "action": action, **more}
        return await self.http.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body, headers=headers)

    @contextlib.asynccontextmanager
    async def browser(self, manager: str = "mara") -> AsyncIterator[httpx.AsyncClient]:
        """A client with a session, and the headers that our pages send."""
        async with httpx.AsyncClient(base_url=self.base, timeout=60) as client:
            answer = await client.post(signin_link(self.keys, self.base, manager))
            assert answer.status_code == 303, answer.text
            page = (await client.get("/inbox")).text
            found = re.search(r'name="csrf" content="(\w+)"', page)
            assert found, page
            client.headers.update({"Origin": self.base, "X-CSRF-Token": found[1]})
            yield client


Start = Callable[..., AbstractAsyncContextManager[Greenroom]]


@pytest.fixture(scope="session", autouse=True)
def _pages_are_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Not by each Greenroom anew."""
    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.console.render.Environment", partial(Environment, bytecode_cache=compiled))
        yield


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a Greenroom; `undo_seconds` and `public_url` as in config.yaml, `reader` loads the model to read with.
    `texts`: the operators' files. `only`: the roles of the process. `config`: its text."""

    @contextlib.asynccontextmanager
    async def started(
        undo_seconds: float = 10,
        public_url: str | None = None,
        reader: Callable[[], Reader] | None = model.reader,
        texts: Mapping[str, str] = TEMPLATES,
        only: tuple[str, ...] = (),
        config: str = CONFIG,
    ) -> AsyncIterator[Greenroom]:
        for name, text in texts.items():
            path = tmp_path / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        url = f", public_url: {public_url}" if public_url else ""
        file = tmp_path / "config.yaml"
        file.write_text(config.format(undo_seconds=undo_seconds, public_url=url), "utf-8")
        environ = {"GREENROOM_WEB_TOKEN": TOKEN}
        parts = settings.load(file, environ)
        built = build(parts, environ=environ, reader=reader, only=only)
        async with built:
            base = f"http://127.0.0.1:{built.web.port}"
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as http:
                yield Greenroom(base=base, http=http, keys=Keys(parts.var, environ), app=built)

    return started


@pytest.fixture
def light(start: Start) -> Start:
    """Like `start`, without the model, for tests that are not about what is read."""
    return partial(start, reader=None)


@pytest.fixture
async def greenroom(start: Start) -> AsyncIterator[Greenroom]:
    """A running Greenroom with the usual ten seconds to undo."""
    async with start() as running:
        yield running
