"""Who may come in: tokens, sessions, hosts, origins."""

import asyncio
import itertools
import re

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from bot.adapters.web.auth import Keys, signin_link
from bot.console import WebServer
from bot.errors import Busy


async def test_without_the_token_nothing_is_told(greenroom):
    addresses = (("GET", "/api/drafts"), ("POST", "/api/posts"), ("GET", "/api/openapi.json"))
    headers = ("", "Bearer", "Bearer wrong", "Basic abc", "Bearer \xfc")
    for (method, path), header in itertools.product(addresses, headers):
        answer = await greenroom.http.request(method, path, headers={"Authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


async def test_a_foreign_host_is_refused(greenroom):
    hosts = ("evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", "")
    for host, path in itertools.product(hosts, ("/api/drafts", "/inbox", "/static/api.js")):
        answer = await greenroom.http.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


async def test_loopback_names_and_the_public_name_are_ours(start):
    async with start(public_url="https://desk.example.org") as greenroom:
        port = httpx.URL(greenroom.base).port
        for host in (f"localhost:{port}", f"[::1]:{port}", "desk.example.org"):
            assert (await greenroom.http.get("/api/drafts", headers={"Host": host})).status_code == 200


async def test_a_session_changes_nothing_without_origin_and_csrf_token(greenroom):
    draft = await greenroom.draft()
    body = {"revision": draft["revision"], "action": "approve"}
    path = f"/api/drafts/{draft['draft_id']}/decisions"
    origins = [{"Origin": value} for value in ("https://evil.example", "null", "")]
    tokens = [{"X-CSRF-Token": value} for value in ("", "0" * 64, "\xfc")]
    async with greenroom.browser() as browser:
        for change in origins + tokens:
            headers = {name: value.encode("latin-1") for name, value in change.items()}
            refused = await browser.post(path, json=body, headers=headers)
            assert (refused.status_code, refused.json()["error"]) == (403, "bad_origin")
        assert (await browser.post(path, json=body)).json()["decided_by"] == "mara"


async def test_a_session_speaks_for_its_manager_only(greenroom):
    draft = await greenroom.draft()
    async with greenroom.browser("tom") as browser:
        body = {"revision": draft["revision"], "action": "approve", "by": "mara"}
        answer = await browser.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body)
        assert answer.json()["decided_by"] == "tom"


async def test_a_sign_in_link_asks_first_and_works_once(greenroom):
    link = signin_link(greenroom.keys, greenroom.base, "mara")
    async with (
        httpx.AsyncClient(timeout=60) as preview,
        httpx.AsyncClient(timeout=60) as phone,
        httpx.AsyncClient(timeout=60) as thief,
    ):
        for _ in range(2):
            asked = await preview.get(link)
            assert (asked.status_code, asked.cookies.jar._cookies) == (200, {})
        assert (await phone.get(f"{greenroom.base}/")).status_code == 401
        answer = await phone.post(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "secure" not in cookie
        assert (await phone.get(f"{greenroom.base}/inbox")).status_code == 200
        assert (await thief.post(link)).status_code == 401


async def test_behind_https_the_cookie_is_secure(start):
    async with start(public_url="https://desk.example.org") as greenroom, httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(signin_link(greenroom.keys, greenroom.base, "mara"))
        assert "secure" in answer.headers["set-cookie"].lower()


async def test_forged_links_and_unknown_managers_are_refused(greenroom, tmp_path):
    other = Keys(tmp_path / "elsewhere", {})
    async with httpx.AsyncClient(timeout=60) as client:
        for link in (
            signin_link(other, greenroom.base, "mara"),
            signin_link(greenroom.keys, greenroom.base, "somebody-removed"),
            f"{greenroom.base}/signin",
            f"{greenroom.base}/signin?token=x",
        ):
            assert (await client.get(link)).status_code == 401
            assert (await client.post(link)).status_code == 401
        good = signin_link(greenroom.keys, greenroom.base, "mara")
        assert (await client.post(good, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 401
        assert (await client.post(good)).status_code == 303


async def test_signing_out_ends_the_session(greenroom):
    async with greenroom.browser() as browser:
        assert (await browser.post("/signout")).status_code == 204
        assert (await browser.get("/inbox")).status_code == 401


async def test_pages_forbid_what_they_do_not_need(greenroom):
    async with greenroom.browser() as browser:
        for path in ("/inbox", "/lobby", "/live", "/team", "/team/audit"):
            page = await browser.get(path)
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert page.headers["x-frame-options"] == "DENY"
            assert page.headers["x-content-type-options"] == "nosniff"
            assert page.headers["referrer-policy"] == "no-referrer"
            assert "require-trusted-types-for 'script'" in page.headers["content-security-policy"]
            assert page.headers["cross-origin-opener-policy"] == "same-origin"
            assert not re.search(r"<style|\son\w+=|style=|<script(?! type=.module. src=./static/)", page.text)
            assert not re.search(r"(src|href)=.(https?:)?//", page.text)


def test_secrets_are_kept_for_their_owner(tmp_path):
    first, second = Keys(tmp_path / "var", {}), Keys(tmp_path / "var", {})
    assert first.token == second.token
    assert second.read_session(first.new_session("mara")).manager == "mara"
    assert {oct(path.stat().st_mode)[-3:] for path in (tmp_path / "var").iterdir()} == {"600"}
    assert len(list((tmp_path / "var").iterdir())) == 2
    assert Keys(tmp_path / "var", {"GREENROOM_WEB_TOKEN": "mine"}).is_token("mine")


def test_a_link_is_no_session_and_a_session_no_link(tmp_path):
    keys = Keys(tmp_path, {})
    assert keys.read_session(keys.link_token("mara")) is None
    assert keys.read_link(keys.new_session("mara")) is None
    strange = URLSafeTimedSerializer((tmp_path / "web_secret").read_text().strip(), salt="session").dumps(["mara"])
    assert keys.read_session(strange) is None


async def test_a_port_in_use_is_told_in_one_sentence(greenroom):
    port = httpx.URL(greenroom.base).port
    with pytest.raises(Busy, match=rf"127\.0\.0\.1:{port} .*web\.bind"):
        await WebServer(None, "127.0.0.1", port).start()


async def test_a_session_that_presses_like_a_machine_is_told_when_to_go_on(light):
    """The bearer token may go on meanwhile."""
    async with light() as greenroom, greenroom.browser() as mara, asyncio.timeout(60):
        draft = await greenroom.draft()
        path, body = f"/api/drafts/{draft['draft_id']}/decisions", {"revision": draft["revision"] + 1, "action": "open"}
        answers = []
        while not (refused := next((answer for answer in answers if answer.status_code == 429), None)):
            answers += await asyncio.gather(*(mara.post(path, json=body) for _ in range(50)))
        assert refused.json()["error"] == "too_many"
        assert refused.headers["retry-after"] == str(refused.json()["retry_after"]) == "1"
        assert refused.json()["message"].endswith("try again in a second.")
        assert {answer.json()["error"] for answer in answers} == {"stale_revision", "too_many"}
        assert (await mara.get("/inbox")).status_code == 200
        assert (await greenroom.decide(draft, "approve")).status_code == 200
