"""One web server, and each community at a host of its own: nothing of one is found at another's."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from typing import Any

import httpx
import pytest

from bot import app, settings
from bot.adapters.web.auth import signin_link
from bot.cli.server import server_of
from bot.errors import NotDone
from tests.integration.communities.conftest import PRAISE, Folder, Run, Town


async def test_each_host_shows_its_own_community(town: Town) -> None:
    post = await town.post("lamp")
    await town.judged("lamp", post)
    async with town.browser("lamp") as lamp, town.browser("harbour") as harbour:
        assert "The lamp" in (await lamp.get("/inbox")).text
        assert PRAISE in (await lamp.get("/inbox")).text
        page = (await harbour.get("/inbox")).text
    assert "The harbour" in page
    assert PRAISE not in page
    assert "lamp" not in page
    async with town.script("harbour") as client:
        assert (await client.get(f"/api/posts/{post}")).status_code == 404
        assert (await client.get("/api/drafts")).json()["items"] == []


async def test_an_unknown_host_is_told_of_nobody(town: Town) -> None:
    nothing = {"error": "not_found", "message": "There is nothing at this host name."}
    for host in (f"nobody.localhost:{town.port}", "lamp.localhost", "example.org", "lamp.localhost:1", ""):
        async with town.at(host) as client:
            for path in ("/", "/inbox", "/api/drafts", "/readyz", "/metrics", "/healthz"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()) == (404, nothing), (host, path)


@pytest.mark.parametrize(
    ("at", "path", "status", "says"),
    [
        ("nobody.localhost", "/inbox", 404, "There is nothing at this host name."),
        ("torn.localhost", "/inbox", 503, "Greenroom does not run here at the moment"),
        ("127.0.0.1", "/", 404, "each community has one of its own"),
        ("lamp.localhost", "/nowhere", 404, "There is nothing at this address"),
    ],
)
async def test_a_person_reads_on_a_page_what_a_program_reads_as_json(
    folder: Folder, run: Run, at: str, path: str, status: int, says: str
) -> None:
    folder.add("lamp")
    folder.add("torn").write_text("nothing: of it\n", encoding="utf-8")
    async with run() as town, town.at(f"{at}:{town.port}") as client:
        page = await client.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert says in page.text
        assert '<meta name="viewport"' in page.text
        assert page.headers["cache-control"] == "no-store"
        for style in re.findall("<style>(.*?)</style>", page.text, re.DOTALL):
            told = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"style-src 'sha256-{told}'" in page.headers["content-security-policy"]
        for accept in ("application/json", "*/*", ""):
            answer = await client.get(path, headers={"Accept": accept})
            assert answer.status_code == status
            assert answer.json()["error"] in {"not_found", "unavailable"}
            assert answer.headers.get("retry-after") == page.headers.get("retry-after")


async def test_a_public_address_is_the_only_one(folder: Folder, run: Run) -> None:
    folder.add("lamp", url="https://desk.example.org")
    folder.add("harbour")
    async with run({"LAMP__GREENROOM_WEB_TOKEN": "a-token-of-lamp-alone"}) as town:
        async with town.at("desk.example.org") as client:
            link = signin_link(town.app("lamp").keys, "", "mara")
            answer = await client.post(link)
            assert answer.status_code == 303
            assert "secure" in answer.headers["set-cookie"].lower()
        async with town.at(town.host("lamp")) as client:
            assert (await client.get("/inbox")).status_code == 404
        async with town.at("desk.example.org", Authorization="Bearer a-token-of-lamp-alone") as client:
            assert (await client.get("/api/drafts")).status_code == 200
        async with town.at(town.host("harbour"), Authorization="Bearer a-token-of-lamp-alone") as client:
            assert (await client.get("/api/drafts")).status_code == 401


async def test_a_session_opens_nothing_in_another_community(town: Town) -> None:
    draft = await _waiting(town, "harbour")
    async with town.browser("lamp") as lamp:
        stolen = dict(lamp.cookies)
        assert stolen
        csrf, origin = lamp.headers["X-CSRF-Token"], lamp.headers["Origin"]
        assert (await lamp.get("/inbox")).status_code == 200
    for sent in (origin, f"http://{town.host('harbour')}"):
        headers = {"X-CSRF-Token": csrf, "Origin": sent}
        async with town.at(town.host("harbour"), **headers) as client:
            # Under the name of the other's cookie, too: its value is signed by another secret.
            client.cookies = httpx.Cookies(stolen | dict.fromkeys([town.app("harbour").keys.cookie], *stolen.values()))
            assert (await client.get("/inbox")).status_code == 401
            assert (await client.get("/api/drafts")).status_code == 401
            body = {"revision": draft["revision"], "action": "approve"}
            answer = await client.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body)
            assert answer.status_code == 401
    async with town.script("harbour") as client:
        assert (await client.get(f"/api/drafts/{draft['draft_id']}")).json()["state"] == "waiting"


async def test_a_page_of_another_community_changes_nothing(town: Town) -> None:
    draft = await _waiting(town, "harbour")
    body = {"revision": draft["revision"], "action": "approve"}
    async with town.browser("harbour") as client:
        foreign = f"http://{town.host('lamp')}", f"http://127.0.0.1:{town.port}"
        for origin in foreign:
            answer = await client.post(
                f"/api/drafts/{draft['draft_id']}/decisions", json=body, headers={"Origin": origin}
            )
            assert (answer.status_code, answer.json()["error"]) == (403, "bad_origin")
        assert (await client.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body)).status_code == 200


async def test_a_sign_in_link_and_a_token_are_good_for_one_community(town: Town) -> None:
    link, token = signin_link(town.app("lamp").keys, "", "mara"), town.app("lamp").keys.token
    async with town.at(town.host("harbour")) as client:
        for answer in (await client.get(link), await client.post(link)):
            assert answer.status_code == 401
            assert "not valid" in answer.text
        answer = await client.get("/api/drafts", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    async with town.at(town.host("lamp")) as client:
        assert (await client.post(link)).status_code == 303


async def test_a_manager_of_one_is_nobody_in_the_other(town: Town) -> None:
    draft = await _waiting(town, "harbour")
    link = signin_link(town.app("harbour").keys, "", "anna")  # forged with the right secret, for a stranger
    async with town.at(town.host("harbour")) as client:
        assert (await client.post(link)).status_code == 401
    async with town.script("harbour") as client:
        body = {"revision": draft["revision"], "by": "anna", "action": "approve"}
        answer = await client.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_a_manager")
        answer = await client.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body | {"by": "hugo"})
        assert answer.status_code == 200


async def test_the_machines_own_names_tell_of_the_process(town: Town) -> None:
    for name in ("127.0.0.1", "localhost"):
        async with town.at(f"{name}:{town.port}") as client:
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            found = (await client.get("/readyz")).json()
            assert found["status"] == "ready"
            assert found["communities"].keys() == {"lamp", "harbour"}
            assert found["communities"]["lamp"]["store"] is True
            for path in ("/inbox", "/api/drafts", "/signin", "/static/greenroom.css", "/"):
                assert (await client.get(path)).status_code == 404
            assert (await client.get("/readyz", headers={"X-Forwarded-For": "1.2.3.4"})).status_code == 401


async def test_a_communitys_own_host_tells_of_that_community_alone(town: Town) -> None:
    async with town.script("lamp") as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        found = (await client.get("/readyz")).json()
        assert found["status"] == "ready"
        assert "communities" not in found
        numbers = (await client.get("/metrics")).text
    assert "harbour" not in numbers
    assert "community=" not in numbers


async def test_behind_a_proxy_the_whole_is_told_to_the_token_of_the_process_alone(folder: Folder, run: Run) -> None:
    folder.add("lamp", url="https://desk.example.org")
    folder.add("harbour")
    environ = {"GREENROOM_WEB_TOKEN": "the-token-of-the-process", "LAMP__GREENROOM_WEB_TOKEN": "the-token-of-lamp"}
    async with run(environ) as town, town.at(f"127.0.0.1:{town.port}") as client:
        answers = {}
        for token in ("", "the-token-of-lamp", "the-token-of-the-process"):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answers[token] = [(await client.get(path, headers=headers)).status_code for path in ("/readyz", "/metrics")]
    assert answers == {"": [401, 401], "the-token-of-lamp": [401, 401], "the-token-of-the-process": [200, 200]}


async def _waiting(town: Town, key: str) -> dict[str, Any]:
    """A draft that waits for a manager."""
    judged = await town.judged(key, await town.post(key))
    async with town.script(key) as client:
        found: dict[str, Any] = (await client.get(f"/api/drafts/{judged['draft']['draft_id']}")).json()
    return found


async def test_a_community_with_a_key_that_runs_alone_is_at_its_own_host_too(folder: Folder) -> None:
    config = folder.add("lamp")
    environ = {"LAMP__GREENROOM_WEB_TOKEN": "the-token-of-lamp", "GREENROOM_WEB_TOKEN": "another"}
    async with app.build(settings.load(config, environ), environ=environ) as alone:
        port = alone.web.port
        assert alone.base_url == f"http://lamp.localhost:{port}"
        answers = {}
        for host in (f"lamp.localhost:{port}", f"127.0.0.1:{port}"):
            for token in ("the-token-of-lamp", "another"):
                headers = {"Host": host, "Authorization": f"Bearer {token}"}
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
                    answers[host.partition(":")[0], token] = (await client.get("/api/drafts")).status_code
    assert answers == {
        ("lamp.localhost", "the-token-of-lamp"): 200,
        ("lamp.localhost", "another"): 401,
        ("127.0.0.1", "the-token-of-lamp"): 400,
        ("127.0.0.1", "another"): 400,
    }


async def test_who_has_another_token_is_told_which_variable_counts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMP__GREENROOM_WEB_TOKEN", "another-one")
    settings = town.app("lamp").settings
    web = settings.web.model_copy(update={"bind": f"127.0.0.1:{town.port}"})
    with (
        server_of(settings.model_copy(update={"web": web})) as server,
        pytest.raises(NotDone, match=r"has another token; .* its LAMP__GREENROOM_WEB_TOKEN if it has one"),
    ):
        await asyncio.to_thread(server.ask, "GET", "/api/drafts")
