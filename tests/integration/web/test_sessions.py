"""A session ends when it should, and nothing is looked up for a client without one."""

import asyncio

import httpx

from bot.adapters.web.auth import signin_link
from tests.integration.web.conftest import CONFIG
from tests.integration.web.trouble import ADDRESSES, take_tables_away


def copy_of(browser, greenroom):
    """A thief's client: the same cookie, taken from the browser."""
    return httpx.AsyncClient(base_url=greenroom.base, cookies=browser.cookies, headers=browser.headers, timeout=60)


async def test_a_copied_cookie_is_worth_nothing_after_signing_out(light):
    async with light() as greenroom, greenroom.browser() as browser, copy_of(browser, greenroom) as thief:
        assert (await thief.get("/inbox")).status_code == 200
        assert (await browser.post("/signout")).status_code == 204
        for path in ("/inbox", "/lobby", "/templates/misread", "/", "/api/drafts", "/api/events"):
            assert (await thief.get(path)).status_code == 401, path
        assert (await thief.delete("/api/fans/web/f")).status_code == 401


async def test_signing_out_everywhere_ends_all_sessions_of_that_person(light):
    async with (
        light() as greenroom,
        greenroom.browser() as phone,
        greenroom.browser() as desk,
        greenroom.browser("tom") as tom,
    ):
        assert (await phone.post("/signout")).status_code == 204
        assert (await desk.get("/inbox")).status_code == 200, "one session, and no other"
        async with greenroom.browser() as third:
            assert (await desk.post("/signout", params={"everywhere": True})).status_code == 204
            assert (await third.get("/inbox")).status_code == 401
        assert (await tom.get("/inbox")).status_code == 200
        async with greenroom.browser() as again:
            assert (await again.get("/inbox")).status_code == 200


async def test_nobody_is_signed_out_by_another_site(light):
    async with light() as greenroom, greenroom.browser() as browser:
        for change in ({"Origin": "https://evil.example"}, {"Origin": "http://["}, {"X-CSRF-Token": "no"}):
            assert (await browser.post("/signout?everywhere=true", headers=change)).status_code == 403
        assert (await browser.get("/inbox")).status_code == 200


async def test_a_session_outlives_a_restart_but_not_its_manager(light):
    gone = CONFIG.replace(", tom: {{name: Tom}}", "")
    async with light() as greenroom, greenroom.browser("tom") as browser:
        cookie = dict(browser.cookies)

    async def inbox(config):
        async with light(config=config) as greenroom, httpx.AsyncClient(base_url=greenroom.base, timeout=60) as browser:
            browser.cookies.update(cookie)
            return (await browser.get("/inbox")).status_code

    assert [await inbox(config) for config in (CONFIG, gone, CONFIG)] == [200, 401, 401]


async def test_a_stream_ends_with_its_session(light):
    async with (
        light() as greenroom,
        greenroom.browser() as browser,
        copy_of(browser, greenroom) as thief,
        thief.stream("GET", "/api/events") as stream,
        asyncio.timeout(60),
    ):
        assert stream.status_code == 200
        assert (await browser.post("/signout")).status_code == 204
        await greenroom.post()
        told = "".join([chunk async for chunk in stream.aiter_text()])
    assert "event:" not in told


async def test_the_session_is_looked_at_first(light, tmp_path):
    """Ask every page and route without a session. The database answers nothing, so a route that asked it would say
    503."""
    async with light(only=("web",)) as greenroom, httpx.AsyncClient(base_url=greenroom.base, timeout=60) as nobody:
        nobody.cookies.set(greenroom.keys.cookie, "forged")
        take_tables_away(tmp_path)
        for method, path in ADDRESSES:
            assert (await nobody.request(method, path, json={})).status_code == 401, (method, path)


async def test_what_is_kept_of_a_session_opens_nothing(light, tmp_path):
    async with light() as greenroom, httpx.AsyncClient(base_url=greenroom.base, timeout=60) as client:
        answer = await client.post(signin_link(greenroom.keys, greenroom.base, "mara"))
        session = greenroom.keys.read_session(answer.cookies[greenroom.keys.cookie])
    stored = b"".join(path.read_bytes() for path in (tmp_path / "var").glob("greenroom.db*"))
    assert b"mara" in stored
    assert session.sid.encode() not in stored
