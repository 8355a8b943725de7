"""The community's timezone is used in reading, in what is told, and in what is shown."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.console.render import clock
from bot.queue import context
from bot.store import posts
from tests.integration.web.conftest import CONFIG

TOKYO = CONFIG.replace("{{name: Lantern Harbor}}", "{{name: Lantern Harbor, timezone: Asia/Tokyo}}")
EIGHT = datetime(2026, 7, 1, 20, tzinfo=UTC)


async def test_what_reads_posts_knows_the_hour_of_the_community(light):
    async with light(config=TOKYO) as greenroom:
        post_id, settings = await greenroom.post(), greenroom.app.settings
        around = await greenroom.app.store.read(lambda c: context.load(c, posts.get(c, post_id), settings, EIGHT))
    assert (around.now, around.now.hour, around.now.day) == (EIGHT, 5, 2)


async def test_times_that_a_manager_sees(light):
    async with light(config=TOKYO) as greenroom, greenroom.browser() as browser:
        snoozed, decided = await greenroom.draft(), await greenroom.draft()
        await greenroom.decide(decided, "approve")
        told = (await greenroom.decide(decided, "approve", by="tom")).json()
        at = datetime.fromisoformat(told["at"]) + timedelta(hours=9)
        assert told["message"] == f"Mara Quint approved this at {at:%H:%M} JST."
        await greenroom.decide(snoozed, "snooze", minutes=15)
        page = (await browser.get("/inbox?view=snoozed")).text
        assert re.search(r"until <[^>]+>(\d{4}-\d\d-\d\d )?\d\d:\d\d JST", page)


def test_today_is_the_communitys_today():
    late, tokyo = datetime(2026, 7, 1, 16, tzinfo=UTC), ZoneInfo("Asia/Tokyo")
    assert clock(late, late - timedelta(hours=2), tokyo) == "2026-07-02 01:00 JST"
    assert clock(late, late + timedelta(hours=2), tokyo) == "01:00 JST"
    assert clock(late, late + timedelta(hours=2), UTC) == "16:00 UTC"
