"""The audit page: all that happened, by whom, and the same as CSV."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from bot.console.audit import CHUNK, INCOMPLETE, PAGE
from bot.events import Happened
from bot.store import events
from tests.integration.web.conftest import CONFIG
from tests.integration.web.test_pages import MARKUP
from tests.integration.web.trouble import take_tables_away

TOKYO = CONFIG.replace("{{name: Lantern Harbor}}", "{{name: Lantern Harbor, timezone: Asia/Tokyo}}")


@pytest.fixture
async def house(light):
    """A running Greenroom without the model, and Mara's browser."""
    async with light() as greenroom, greenroom.browser() as mara:
        yield greenroom, mara


async def happened(greenroom, name, number=1, **more):
    """Events as the program appends them."""
    now = greenroom.app.clock.now()

    def operation(connection):
        for _ in range(number):
            events.append(connection, name, more.get("at", now), by=more.get("by"))

    await greenroom.app.store.write(operation)


async def lines(mara, address="/team/audit.csv"):
    """The rows of the file."""
    answer = await mara.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def numbers(html):
    return [int(number) for number in re.findall(r'id="event-(\d+)"', html)]


async def walked(mara, address="/team/audit"):
    """The numbers of all events, by following "Older"."""
    found = []
    while address:
        page = (await mara.get(address)).text
        found += numbers(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older and older[1].replace("&amp;", "&")
    return found


async def test_a_decision_is_there_with_who_what_and_its_card(house):
    greenroom, mara = house
    draft = await greenroom.draft()
    await greenroom.decide(draft, "approve", by="tom")
    page = (await mara.get(f"/team/audit?by=tom&draft={draft['draft_id']}")).text
    assert "Tom : Said yes to the reply" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    card = re.search(r'<a href="(/inbox\?[^"]+)">Card</a>', page)[1].replace("&amp;", "&")
    assert f'id="draft-{draft["draft_id"]}"' in (await mara.get(card.partition("#")[0])).text


async def test_pages_have_each_event_once(house):
    greenroom, mara = house
    await happened(greenroom, Happened.QUEUE_REMINDED, 2 * PAGE + 7)
    expected = [event.seq for event in await greenroom.app.store.events(after=0)]
    assert await walked(mara) == expected[::-1]
    assert len(expected) > 2 * PAGE


async def test_filters_by_person_kind_day_and_draft(house):
    greenroom, mara = house
    one, other = await greenroom.draft(), await greenroom.draft()
    await greenroom.decide(one, "approve", by="tom")
    await greenroom.decide(other, "reject", by="mara")
    by_tom = await lines(mara, "/team/audit.csv?by=tom")
    assert {(line["key"], line["draft"]) for line in by_tom} == {("tom", one["draft_id"])}
    by_nobody = await lines(mara, "/team/audit.csv?by=-")
    assert {line["key"] for line in by_nobody} == {""}
    decided = await lines(mara, "/team/audit.csv?kind=decisions")
    assert [line["event"] for line in decided] == ["draft_rejected", "draft_approved"]
    of_draft = await lines(mara, f"/team/audit.csv?draft={other['draft_id']}")
    assert {line["draft"] for line in of_draft} == {other["draft_id"]}
    assert await lines(mara, "/team/audit.csv?draft=unknown") == []
    all_of_them = await lines(mara)
    today = all_of_them[0]["time"][:10]
    assert await lines(mara, f"/team/audit.csv?day={today}") == all_of_them
    assert await lines(mara, "/team/audit.csv?day=2001-01-01") == []


async def test_who_is_no_manager_any_more_is_still_asked_for(house):
    greenroom, mara = house
    await happened(greenroom, Happened.QUEUE_REMINDED, by="kim")
    page = (await mara.get("/team/audit?by=kim")).text
    assert '<option value="kim" selected>kim</option>' in page
    assert len(numbers(page)) == 1


async def test_a_day_is_the_communitys(light):
    """At 20:00 UTC it is tomorrow in Tokyo."""
    async with light(config=TOKYO) as greenroom, greenroom.browser() as mara:
        await happened(greenroom, Happened.QUEUE_REMINDED, at=datetime(2026, 7, 1, 20, tzinfo=UTC))
        found = [await lines(mara, f"/team/audit.csv?kind=program&day=2026-07-0{day}") for day in (1, 2, 3)]
        assert [[line["time"] for line in day] for day in found] == [[], ["2026-07-02T05:00:00+09:00"], []]
        assert "Thursday, 02 July 2026" in (await mara.get("/team/audit?day=2026-07-02")).text


async def test_a_long_trail_is_one_whole_file(house):
    greenroom, mara = house
    await happened(greenroom, Happened.QUEUE_REMINDED, 2 * CHUNK + 3)
    assert len(await lines(mara, "/team/audit.csv?kind=program")) == 2 * CHUNK + 3


async def test_a_file_that_breaks_off_says_so(house, tmp_path):
    greenroom, mara = house
    await happened(greenroom, Happened.QUEUE_REMINDED, 20 * CHUNK)
    async with mara.stream("GET", "/team/audit.csv") as answer:
        parts = answer.aiter_text()
        said = await anext(parts)
        take_tables_away(tmp_path)
        said += "".join([part async for part in parts])
    assert list(csv.reader(io.StringIO(said)))[-1][3] == INCOMPLETE


async def test_the_name_of_a_manager_is_no_formula(light):
    config = CONFIG.replace("name: Tom", "name: \"=cmd|'/c calc'!A1\"")
    async with light(config=config) as greenroom, greenroom.browser() as mara:
        await happened(greenroom, Happened.QUEUE_REMINDED, by="tom")
        assert [line["name"] for line in await lines(mara, "/team/audit.csv?by=tom")] == ["'=cmd|'/c calc'!A1"]


async def test_no_word_of_a_fan_is_in_the_file(house):
    greenroom, mara = house
    author = {"id": "fan-Ottilie", "name": "Ottilie"}
    draft = await greenroom.draft("the new map is gorgeous, wombat", author=author, channel="wombats-place")
    await greenroom.decide(draft, "edit", text="Thank you, Ottilie! Which wombat did you meet?")
    file = (await mara.get("/team/audit.csv")).text
    assert draft["draft_id"] in file
    assert not re.search("wombat|ottilie", file, re.IGNORECASE)


ADDRESSES = [
    "?before=0",
    "?before=-1",
    "?before=" + "9" * 90,
    "?before=x",
    "?day=tomorrow",
    "?day=9999-12-31",
    "?kind=everything",
    "?by=%F0%9F%A6%8A%00x".replace("%00", ""),
    "?draft=" + "x" * 5000,
    "?draft=%EF%BF%BD%ED%A0%80",
]


async def test_every_address_has_a_page(house):
    _, mara = house
    for address in ADDRESSES:
        assert (await mara.get(f"/team/audit{address}")).status_code == 200, address
        assert (await mara.get(f"/team/audit.csv{address}")).status_code == 200, address


async def test_what_an_address_says_is_never_html(house):
    _, mara = house
    for name in ("by", "kind", "day", "draft", "before"):
        assert "<script>x()" not in (await mara.get("/team/audit", params={name: MARKUP})).text
