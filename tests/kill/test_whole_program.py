"""The real process, killed at any moment and started again: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.program import Program, database

pytestmark = pytest.mark.kill
TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
KILLS = 8
CONFIG = """\
community: {name: Lantern Harbor}
web: {bind: "127.0.0.1:0"}
managers: {mara: {name: Mara Quint}}
on_call: mara
replies: {undo_seconds: 0, per_fan: null, per_channel: null}
"""


class Server:
    """The program, and a way to talk with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        self.program = Program(folder)
        self.http: httpx.AsyncClient

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            base = await self.program.start(self.folder / "config.yaml", GREENROOM_WEB_TOKEN=TOKEN)
            async with httpx.AsyncClient(
                base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
            ) as http:
                self.http = http
                yield
        finally:
            await self.program.end()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


class Crowd:
    """Fans who post and a manager who says yes, as fast as the server answers. Remembers what was acknowledged."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.numbers = itertools.count()
        self.posted: dict[str, str] = {}
        self.approved: dict[str, str] = {}
        """Our id of the post -> the text that was approved."""

    async def fans(self) -> None:
        for n in self.numbers:
            body = {
                "id": f"p{n}",
                "channel": f"channel-{n}",
                "author": {"id": f"fan-{n}", "name": "Robin"},
                "text": "the new map is gorgeous",
            }
            answer = await self.server.http.post("/api/posts", json=body)
            assert answer.status_code in (200, 202), answer.text
            self.posted[body["id"]] = answer.json()["post_id"]

    async def manager(self) -> None:
        while True:
            drafts = (await self.server.http.get("/api/drafts", params={"limit": 20})).json()["items"]
            for draft in drafts:
                await self.approve(draft)
            await asyncio.sleep(0.01)

    async def approve(self, draft: dict[str, Any]) -> None:
        body = {"revision": draft["revision"], "by": "mara", "action": "approve"}
        key = {"Idempotency-Key": draft["draft_id"]}
        answer = await self.server.http.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body, headers=key)
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200:
            self.approved[draft["post"]["post_id"]] = answer.json()["text"]

    async def work(self) -> None:
        """Until the server is gone."""
        work = [asyncio.create_task(w) for w in (self.fans(), self.fans(), self.manager())]
        await asyncio.wait(work, return_when=asyncio.FIRST_EXCEPTION)
        for task in work:
            task.cancel()
        ended = await asyncio.gather(*work, return_exceptions=True)
        gone = (httpx.TransportError, asyncio.CancelledError)
        assert [error for error in ended if not isinstance(error, gone)] == []


async def pages(server: Server, path: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = (
            await server.http.get(path, params=params | {"limit": 200} | ({"after": after} if after else {}))
        ).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


@pytest.mark.timeout(600)
async def test_killed_at_any_moment(server: Server) -> None:
    crowd, chance = Crowd(server), random.Random()  # noqa: S311 - any moment will do
    for _ in range(KILLS):
        async with server.running():
            working, before = asyncio.create_task(crowd.work()), len(crowd.approved)
            while len(crowd.approved) < before + 2 and not working.done():
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0, 1))
            await server.program.end(signal.SIGKILL)
            await working
    async with server.running():
        async with asyncio.timeout(60):
            while unfinished(server):
                await asyncio.sleep(0.1)
        replies = await pages(server, "/api/replies")
        drafts = {state: await pages(server, "/api/drafts", state=state) for state in ("waiting", "approved")}
    assert len(crowd.posted) > KILLS
    assert len(crowd.approved) > KILLS
    answered = [reply["post_id"] for reply in replies]
    assert len(answered) == len(set(answered)), "nothing twice"
    said = {reply["post_id"]: reply["text"] for reply in replies}
    assert {post_id: said.get(post_id) for post_id in crowd.approved} == crowd.approved, "nothing lost"
    assert {draft["post"]["post_id"] for draft in drafts["approved"]} == set(answered)
    with database(server.folder) as found:
        stored = {row[0]: row[1:] for row in found.execute("SELECT external_id, id, action, reason FROM posts")}
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for external_id, post_id in crowd.posted.items():
        assert stored[external_id][0] == post_id
        assert all(stored[external_id]), "every post ends with an action and a reason"


def unfinished(server: Server) -> bool:
    """Read in one moment: a delivery that was cut off goes from `sending` back to `held` before it goes out."""
    left = (
        "SELECT 1 FROM deliveries WHERE state IN ('held', 'sending', 'uncertain') "
        "UNION ALL SELECT 1 FROM posts WHERE action IS NULL"
    )
    with database(server.folder) as found:
        return bool(found.execute(left).fetchall())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_stops(server: Server, number: signal.Signals) -> None:
    crowd = Crowd(server)
    async with server.running():
        working = asyncio.create_task(crowd.work())
        await asyncio.sleep(0.5)
        request = server.http.build_request("GET", "/api/events")
        stream = await server.http.send(request, stream=True)
        async with asyncio.timeout(10):
            status = await server.program.end(number)
        await stream.aclose()
        await asyncio.gather(working, return_exceptions=True)
    told = server.program.log
    assert status == 0, told
    assert "Traceback" not in told
    assert "never retrieved" not in told
    with database(server.folder) as found:
        stored = {row[0] for row in found.execute("SELECT external_id FROM posts")}
    assert set(crowd.posted) <= stored


async def test_stopped_while_nothing_happens(server: Server) -> None:
    async with server.running():
        assert (await server.http.get("/readyz")).status_code == 200
        assert await server.program.end(signal.SIGTERM) == 0
