"""The public page shows what a fan let us show on a site, while they let us, and under the name that they want."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import settings
from bot.consent import Kind
from bot.people.stage_page import FOLDER, Piece, StagePages, files
from bot.queue import forgetting
from bot.settings import Pages
from tests.integration.people.conftest import ROOT, Community

WORK = "made a lantern cosplay out of paper moths"
SHIPPED = [(ROOT / "templates/pages" / name).read_text("utf-8") for name in ("stage.html", "pages.css")]


class Site:
    """The pages of a community, and what stands in them."""

    def __init__(self, community: Community, address: str | None = "https://example.org/fans") -> None:
        self.house = community.house
        settings = self.house.settings
        self.settings = settings.model_copy(update={"pages": Pages(address=address)})
        self.folder = self.settings.public_pages / FOLDER
        self.pages = StagePages(self.house.store, self.settings, self.house.clock, self._link)

    @staticmethod
    def _link(platform: str, channel: str, message: str) -> str:
        return f"https://chat.example/{channel}/{message}"

    async def read(self, name: str = "index.html") -> str:
        """A page as it is now; empty if there is none."""
        await self.pages.once()
        path = self.folder / name
        return path.read_text("utf-8") if path.exists() else ""

    async def everything(self) -> str:
        await self.pages.once()
        return "".join(path.read_text("utf-8") for path in self.folder.iterdir())


@pytest.fixture
def site(community: Community) -> Site:
    return Site(community)


async def shown(
    community: Community, *values: str, fan: str = "ines", text: str = WORK, incentive: str | None = None
) -> dict[str, Any]:
    """A fan said yes to the stage, and a manager to the post there; its card."""
    post = await community.house.post(text, fan=fan, name=fan.title())
    await community.house.asks.propose(Kind.STAGE, post, "mara", incentive=incentive)
    (question,) = await community.waiting("ask")
    await community.send(question)
    for value in values or ("scope:site", "days:0", "as:shown"):
        await community.say(fan, value)
    (card,) = await community.waiting("stage")
    await community.send(card)
    return card


async def test_it_shows_what_was_sent_with_the_name_and_a_link(community, site):
    await community.house.post(WORK)
    assert await site.read() == ""
    assert not site.folder.exists(), "nothing was ever shown"
    await shown(community)
    page = await site.read()
    assert WORK in page
    assert "Ines" in page
    assert "https://chat.example/harbor/" in page
    assert page == await site.read("2026-03.html")
    item = first_item(await site.read("feed.xml"))
    assert WORK in (item.findtext("description") or "")
    assert (item.findtext("link") or "").startswith("https://example.org/fans/stage/2026-03.html#")


async def test_only_after_a_managers_yes(community, site):
    post = await community.house.post(WORK, fan="ines")
    await community.house.asks.propose(Kind.STAGE, post, "mara")
    (question,) = await community.waiting("ask")
    await community.send(question)
    for value in ("scope:everywhere", "days:0", "as:shown"):
        await community.say("ines", value)
    assert await site.read() == ""
    (card,) = await community.waiting("stage")
    await community.house.press(card, "approve")
    assert await site.read() == "", "approved, and not sent yet"
    await community.house.send()
    assert WORK in await site.read()


async def test_a_yes_for_the_channel_alone_is_none_for_the_site(community, site):
    await shown(community, "scope:here", "days:0", "as:shown")
    assert await site.read() == ""


async def test_without_a_name_nothing_there_tells_it(community, site):
    await shown(community, "scope:everywhere", "days:0", "as:")
    everything = await site.everything()
    assert WORK in everything
    assert "Ines" not in everything
    assert "chat.example" not in everything, "the post would tell the name"


async def test_an_incentive_is_told(community, site):
    await shown(community, incentive="a free copy")
    assert "a free copy" in await site.read()
    assert "a free copy" in await site.read("feed.xml")


@pytest.mark.parametrize("how", ["withdraw", "forget", "run out", "removed", "deleted"])
async def test_it_leaves_every_file(community, site, how):
    house = community.house
    values = ("scope:site", "days:30" if how == "run out" else "days:0", "as:shown")
    card = await shown(community, *values)
    assert WORK in await site.everything()
    if how == "withdraw":
        await community.say("ines", "withdraw")
    elif how == "forget":
        await forgetting.forget(house.store, "stage", "ines", house.clock.now())
    elif how == "run out":
        house.clock.move(days=31)
    elif how == "removed":
        await house.press(await house.again(card), "remove")
        await house.send()
    else:
        await house.intake.deleted("stage", "harbor", card["post"]["id"])
        await house.send()
    everything = await site.everything()
    assert WORK not in everything
    assert "Ines" not in everything
    assert not (site.folder / "2026-03.html").exists()
    assert "Nothing is on stage" in await site.read()


async def test_it_is_rewritten_by_itself_when_a_fan_takes_it_back(community, site):
    await shown(community)
    index = site.folder / "index.html"
    running = asyncio.create_task(site.pages.run())
    try:
        async with asyncio.timeout(60):
            while not (index.exists() and WORK in index.read_text()):
                await asyncio.sleep(0.01)
            await community.say("ines", "withdraw")
            while WORK in index.read_text():
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_month_is_that_of_the_communitys_clock_and_older_ones_stay_on_their_page(community, site):
    await shown(community)
    community.house.clock.move(days=40)
    await shown(community, fan="bram", text="made a kite")
    index, march = await site.read(), await site.read("2026-03.html")
    assert "made a kite" in index
    assert WORK not in index
    assert 'href="2026-03.html"' in index
    assert WORK in march
    assert "April 2026" in march


async def test_an_operators_page_is_used_and_a_broken_one_is_not_in_the_way(community, site):
    await shown(community)
    own = community.house.settings.templates / "pages/stage.html"
    own.parent.mkdir(parents=True)
    own.write_text("<p>{% for piece in pieces %}{{ piece.text }}{% endfor %}</p>", "utf-8")
    assert await site.read() == f"<p>{WORK}</p>"
    for broken in ("{{ nothing }}", "{% for %}", "{{ pieces.__class__.__mro__ }}", "{{ 1 // 0 }}"):
        own.write_text(broken, "utf-8")
        assert WORK in await site.read()
    await community.say("ines", "withdraw")
    assert WORK not in await site.everything(), "a broken page does not keep what was taken back"


async def test_the_files_are_for_all_to_read_and_others_are_left_alone(community, site):
    await shown(community)
    site.folder.mkdir(parents=True)
    kept = site.folder / "notes.html"
    kept.write_text("of the operator")
    before = os.umask(0o077)
    try:
        await site.pages.once()
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in site.folder.iterdir() if path != kept} == {0o644}
    assert kept.read_text() == "of the operator"
    first = {path.name: path.stat().st_mtime_ns for path in site.folder.iterdir()}
    await site.pages.once()
    assert {path.name: path.stat().st_mtime_ns for path in site.folder.iterdir()} == first, "nothing has changed"


async def test_without_an_address_there_is_no_feed(community):
    site = Site(community, address=None)
    await shown(community)
    page = await site.read()
    assert "feed" not in page
    assert await site.read("feed.xml") == ""


async def test_a_folder_that_cannot_be_written_ends_nothing(community, site):
    await shown(community)
    site.folder.parent.mkdir(parents=True, exist_ok=True)
    site.folder.write_text("a file in the way")
    await site.pages.once()
    site.folder.unlink()
    assert WORK in await site.read()


def first_item(feed: str) -> ET.Element:
    found = ET.fromstring(feed).find("channel/item")  # noqa: S314 - our own feed
    assert found is not None
    return found


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def tags(page: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = Tags()
    parser.feed(page)
    return parser.found


def piece(text: str, name: str, incentive: str) -> Piece:
    since = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=1)
    return Piece(id="0" * 16, text=text, name=name, incentive=incentive, link="https://x.example", since=since)


@given(
    st.tuples(*[st.text(min_size=1) | st.sampled_from(["<script>x</script>", '"><img onerror=x>', "{{ 7 * 7 }}"])] * 3)
)
def test_no_word_of_a_fan_becomes_html_and_the_feed_is_always_xml(shipped_settings, words):
    plain = files([piece("a", "b", "c")], shipped_settings, *SHIPPED)
    made = files([piece(*words)], shipped_settings, *SHIPPED)
    assert tags(made["index.html"]) == tags(plain["index.html"])
    assert made["index.html"].count("49") == "".join(words).count("49"), "a fan's braces stay braces"
    assert first_item(made["feed.xml"]) is not None


@pytest.fixture(scope="module")
def shipped_settings(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = Path(tmp_path_factory.mktemp("config"))
    text = (ROOT / "config.yaml").read_text("utf-8").replace("address: null}", "address: https://example.org/fans/}")
    (folder / "config.yaml").write_text(text, "utf-8")
    return settings.load(folder / "config.yaml", {})
