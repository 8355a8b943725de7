"""When the database fails, every address says so in one sentence, and `/readyz` knows it."""

import asyncio
import contextlib

import httpx
import pytest

from tests.integration.program import database
from tests.integration.web.conftest import PRAISE
from tests.integration.web.trouble import ADDRESSES, take_tables_away

POST = {"channel": "c", "author": {"id": "f", "name": "Robin"}, "text": PRAISE}
BODIES = {
    ("POST", "/api/posts"): POST,
    ("PATCH", "/api/posts/x"): {"text": PRAISE},
    ("POST", "/api/drafts/x/decisions"): {"revision": 1, "by": "mara", "action": "approve"},
    ("POST", "/api/drafts/x/remarks"): {"text": PRAISE},
    ("POST", "/api/posts/x/skip"): {"by": "mara"},
    ("POST", "/api/posts/x/ask"): {"kind": "stage", "by": "mara"},
    ("POST", "/api/hold"): {"reason": "a storm", "by": "mara"},
}
QUERIES = {("DELETE", "/api/hold"): {"by": "mara"}}
UNASKED = {("GET", "/"), ("GET", "/api/openapi.json")}
"""Addresses that need nothing of the database but the session."""


def told(answer):
    """The error of an answer, after a check that a person can read it."""
    content = answer.json()
    assert set(content) == {"error", "message"}
    assert content["message"].endswith(".")
    assert "greenroom.db" in content["message"]
    return answer.status_code, content["error"]


async def test_every_route_says_503_in_the_databases_sentence(light, tmp_path, subtests, capfd):
    async with light(only=("web",)) as greenroom:
        take_tables_away(tmp_path)
        capfd.readouterr()
        for method, path in ADDRESSES:
            if path.startswith("/api/") and (method, path) not in UNASKED:
                with subtests.test(method=method, path=path):
                    asked = {"json": BODIES.get((method, path)), "params": QUERIES.get((method, path))}
                    answer = await greenroom.http.request(method, path, **asked)
                    assert told(answer) == (503, "unavailable")
        assert "greenroom_database_up 0.0" in (await greenroom.http.get("/metrics")).text
        ready = await greenroom.http.get("/readyz")
        assert (ready.status_code, ready.json()["store"]) == (503, False)
        said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "the_database_failed" in said


async def test_pages_say_so_on_a_page(light, tmp_path, subtests):
    async with light(only=("web",)) as greenroom, greenroom.browser() as browser:
        take_tables_away(tmp_path)
        for path in ("/", "/inbox", "/lobby", "/templates/misread"):
            with subtests.test(path=path):
                answer = await browser.get(path)
                assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
                assert "greenroom.db: " in answer.text


@contextlib.contextmanager
def refusing(folder, *tables):
    """As on a full disk: reading works, writing does not."""
    with database(folder) as found:
        for table in tables:
            raised = "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            found.execute(f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} {raised}")
    yield
    with database(folder) as found:
        for table in tables:
            found.execute(f"DROP TRIGGER no_{table}")


async def test_a_database_that_takes_nothing_is_told_and_is_not_ready(light, tmp_path):
    async with light() as greenroom:
        draft = await greenroom.draft()
        assert (await greenroom.http.get("/readyz")).status_code == 200
        with refusing(tmp_path, "posts", "decisions", "leases"):
            for answer in (
                await greenroom.http.post("/api/posts", json=POST),
                await greenroom.decide(draft, "approve"),
            ):
                assert told(answer) == (503, "unavailable")
                assert "disk is full" in answer.json()["message"]
            ready = await greenroom.http.get("/readyz")
            assert (ready.status_code, ready.json()["store"]) == (503, False)
            assert "disk is full" in ready.json()["store_error"]
            assert (await greenroom.http.get("/api/drafts")).json()["items"], "reading goes on"
        assert (await greenroom.http.get("/readyz")).status_code == 200
        assert (await greenroom.decide(draft, "approve")).status_code == 200


@pytest.mark.timeout(120)
async def test_a_locked_database_is_told_and_is_not_ready(light, tmp_path):
    async with light() as greenroom:
        with database(tmp_path) as other:
            other.execute("BEGIN EXCLUSIVE")
            ready = await greenroom.http.get("/readyz", timeout=60)
            assert (ready.status_code, ready.json()["store"]) == (503, False)
            other.rollback()
        async with asyncio.timeout(60):
            while (await greenroom.http.get("/readyz", timeout=60)).status_code != 200:
                await asyncio.sleep(0.05)
        assert (await greenroom.http.post("/api/posts", json=POST)).status_code == 202


async def test_a_stream_that_loses_the_database_ends(light, tmp_path, capfd):
    async with light() as greenroom, greenroom.http.stream("GET", "/api/events") as stream, asyncio.timeout(60):
        take_tables_away(tmp_path)
        greenroom.app.store.notify(frozenset())
        capfd.readouterr()
        with contextlib.suppress(httpx.RemoteProtocolError):
            assert "".join([chunk async for chunk in stream.aiter_text()]).count("event:") == 0
        assert "the_database_failed" in "".join(capfd.readouterr())
