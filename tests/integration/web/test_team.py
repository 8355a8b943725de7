"""The team page, and ending sessions."""

import re
from datetime import timedelta

import httpx
import pytest

from bot.adapters.web.auth import signin_link
from bot.adapters.web.callers import SEEN_EVERY
from bot.store import sessions
from tests.integration.web.conftest import CONFIG
from tests.integration.web.trouble import take_tables_away

FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"


async def stored(greenroom):
    """The sessions that stand, by manager."""
    begun = greenroom.app.clock.now() - timedelta(days=1)
    found = await greenroom.app.store.read(lambda c: sessions.standing(c, begun))
    return {session.manager: session for session in found}


async def trail(greenroom):
    return [(e.name, e.by, dict(e.data)) for e in await greenroom.app.store.events(after=0)]


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
async def house(light):
    """A running Greenroom without the model, and a browser each of Mara and Tom."""
    async with light() as greenroom, greenroom.browser("mara") as mara, greenroom.browser("tom") as tom:
        yield greenroom, mara, tom


async def test_the_page_names_everybody_and_their_sessions(house):
    _, mara, _ = house
    page = (await mara.get("/team")).text
    assert page.index("Mara Quint</h2>") < page.index("Tom</h2>"), "oneself first"
    assert re.search(r"Mara Quint you on call gets reports here now Decides on the console", words(page))
    assert re.search(r"Tom seen just now Decides on the console", words(page))
    assert page.count("data-end=") == 2
    assert page.count("this one</span>") == 1


async def test_a_device_is_stored_in_words_only(light, tmp_path):
    async with light() as greenroom, httpx.AsyncClient(base_url=greenroom.base, timeout=60) as client:
        link = signin_link(greenroom.keys, greenroom.base, "mara")
        await client.post(link, headers={"User-Agent": FIREFOX + " secret-of-the-browser"})
        assert "Firefox on Android" in (await client.get("/team")).text
    kept = b"".join(path.read_bytes() for path in (tmp_path / "var").glob("greenroom.db*"))
    assert b"Firefox on Android" in kept
    assert b"secret-of-the-browser" not in kept


async def test_a_session_that_somebody_else_ended_is_over_and_in_the_trail(house):
    greenroom, mara, tom = house
    gone = (await stored(greenroom))["tom"].id
    assert (await mara.delete(f"/team/sessions/{gone}")).status_code == 204
    assert (await tom.get("/inbox")).status_code == 401
    assert (await mara.delete(f"/team/sessions/{gone}")).status_code == 404
    ended = [(by, data) for name, by, data in await trail(greenroom) if name == "session_ended"]
    assert ended == [("mara", {"of": "tom", "device": "Unknown browser"})]
    assert "Ended a session: Tom, Unknown browser" in words((await mara.get("/team/audit")).text)


async def test_ending_ones_own_is_nobodys_business(house):
    greenroom, mara, _ = house
    own = (await stored(greenroom))["mara"].id
    assert (await mara.delete(f"/team/sessions/{own}")).status_code == 204
    assert (await mara.get("/team")).status_code == 401
    assert "session_ended" not in [name for name, _, _ in await trail(greenroom)]


async def test_nobody_ends_a_session_from_elsewhere(house):
    greenroom, mara, tom = house
    address = f"/team/sessions/{(await stored(greenroom))['tom'].id}"
    for change in ({"Origin": "https://evil.example"}, {"X-CSRF-Token": "no"}):
        assert (await mara.delete(address, headers=change)).status_code == 403
    assert (await greenroom.http.delete(address)).status_code == 403, "the token is nobody"
    async with httpx.AsyncClient(base_url=greenroom.base, timeout=60) as nobody:
        assert (await nobody.delete(address)).status_code == 401
    assert (await tom.get("/team")).status_code == 200


async def test_when_a_session_was_used_is_written_now_and_then(house):
    greenroom, mara, _ = house
    sid = greenroom.keys.read_session(mara.cookies[greenroom.keys.cookie]).sid
    now = greenroom.app.clock.now()
    for age, written in ((SEEN_EVERY - timedelta(minutes=1), False), (SEEN_EVERY + timedelta(minutes=1), True)):
        then = now - age
        await greenroom.app.store.write(lambda c, then=then: sessions.seen(c, sid, then))
        await mara.get("/inbox")
        assert ((await stored(greenroom))["mara"].seen_at > then) is written


async def test_a_session_from_before_devices_were_stored_has_its_line(house):
    greenroom, mara, _ = house

    def as_it_was(connection):
        connection.exec_driver_sql("UPDATE sessions SET device = NULL, seen_at = NULL WHERE manager = 'tom'")

    await greenroom.app.store.write(as_it_was)
    assert "Unknown device" in (await mara.get("/team")).text


async def test_who_decides_by_a_role_is_named(light):
    """While there is such a role, and as text: they choose their names."""
    roles = CONFIG + "platforms: {{discord: {{enabled: false, manager_roles: [Keepers]}}}}\n"
    held = "INSERT INTO role_holders (key, name) VALUES ('discord:7', '<b>Kim</b>')"
    async with light(config=roles) as greenroom, greenroom.browser() as mara:
        await greenroom.app.store.write(lambda c: c.exec_driver_sql(held) and None)
        assert "&lt;b&gt;Kim&lt;/b&gt;" in (await mara.get("/team")).text
    async with light() as greenroom, greenroom.browser() as mara:
        assert "Kim" not in (await mara.get("/team")).text


async def test_presence_is_over_when_one_signs_out(house):
    _, mara, tom = house
    await tom.post("/inbox/presence", json={"draft_id": None})
    assert words((await mara.get("/team")).text).count("here now") == 2
    await tom.post("/signout")
    assert words((await mara.get("/team")).text).count("here now") == 1
    assert "Tom not signed in here" in words((await mara.get("/team")).text)


async def test_a_database_that_fails_is_told(house, tmp_path):
    _, mara, _ = house
    take_tables_away(tmp_path)
    for path in ("/team", "/team/audit", "/team/audit.csv"):
        assert (await mara.get(path)).status_code == 503, path


async def test_the_door_and_the_team_page_send_nobody_to_a_chat_that_is_not_on(house):
    greenroom, mara, _ = house
    async with httpx.AsyncClient(base_url=greenroom.base) as anybody:
        door = words((await anybody.get("/signin?token=used")).text)
    for page in (door, words((await mara.get("/team")).text)):
        assert "greenroom link NAME" in page
        assert "/console" not in page
