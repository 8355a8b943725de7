"""Several communities of one process on one database of a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.databases import Database, Server
from tests.integration.communities.conftest import OWN, Folder, Run, Town, until


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Folder:
    """Its communities share a database."""
    return Folder(tmp_path / "communities", lambda _: database.url)


@pytest.mark.postgresql
async def test_they_share_a_database_and_see_nothing_of_each_other(
    folder: Folder, run: Run, databases: Server, database: Database
) -> None:
    assert isinstance(databases, Server)
    for key, managers in OWN.items():
        folder.add(key, managers=managers)
    async with run() as town:
        lamp, harbour = town.app("lamp").store, town.app("harbour").store
        assert lamp.database is harbour.database
        same = {"id": "m1", "channel": "general", "author": {"id": "robin", "name": "Robin"}}
        ids = {key: await town.post(key, f"the new map of the {key} is gorgeous", **same) for key in OWN}
        assert ids["lamp"] != ids["harbour"]
        for key, other in (("lamp", "harbour"), ("harbour", "lamp")):
            await town.judged(key, ids[key])
            await _sees_its_own(town, key, other, ids)
        async with town.script("lamp") as client:
            assert (await client.delete("/api/fans/web/robin")).status_code in {200, 202, 204}
        async with town.browser("harbour") as client:
            assert "the new map of the harbour" in (await client.get("/inbox")).text
    rows = database.rows("SELECT community FROM posts ORDER BY community")
    assert [row["community"] for row in rows] == ["harbour", "lamp"]


async def _sees_its_own(town: Town, key: str, other: str, ids: dict[str, str]) -> None:
    async with town.script(key) as client:
        assert (await client.get(f"/api/posts/{ids[other]}")).status_code == 404
        cards = (await client.get("/api/drafts")).json()["items"]
        assert len(cards) == 1
        assert f"of the {key}" in str(cards[0])
        assert f"of the {other}" not in str(cards[0])


@pytest.mark.postgresql
async def test_one_that_ends_leaves_the_database_to_the_others(folder: Folder, run: Run) -> None:
    for key in OWN:
        folder.add(key)
    async with run() as town:
        await town.app("lamp").store.close()
        assert (await town.judged("harbour", await town.post("harbour")))["action"] == "draft"
        async with town.at(f"127.0.0.1:{town.port}") as client:
            found = (await client.get("/readyz")).json()
        assert found["status"] == "partly ready"
        assert found["communities"]["harbour"]["status"] == "ready"


async def test_a_server_that_is_away_holds_up_no_other_and_is_tried_again(folder: Folder, run: Run) -> None:
    for key in ("torn", "also"):
        folder.add(key, store="postgresql://nobody@127.0.0.1:1/nowhere")
    folder.add("lamp", store="sqlite:///var/own.db")
    async with run() as town:
        assert town.many.running.keys() == {"lamp"}
        assert "127.0.0.1:1" in town.many.away["torn"]
        assert (await town.judged("lamp", await town.post("lamp")))["action"] == "draft"
        folder.add("torn", store="sqlite:///var/own.db")
        await until(lambda: "torn" in town.many.running)
        assert "also" in town.many.away
