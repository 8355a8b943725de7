"""Photos on Telegram are shown on cards. Their addresses hold the token, so only the server ever has one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from bot import settings
from bot.adapters.web.auth import signin_link
from bot.app import App, build
from bot.console.media import LARGEST, NoPicture, fetch
from bot.domain import StoredPost
from bot.ports import Linked
from tests.fakes.telegram import Fault

from .house import PRAISE, House

Json = dict[str, Any]
GET_FILE = "getFile"
NOT_THERE = "The picture cannot be had from its platform here; open the post there."
NOT_SHOWN = "This is not a picture that can be shown here; open it on its platform."


@contextlib.asynccontextmanager
async def browser_at(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser, signed in."""
    async with httpx.AsyncClient(base_url=app.base_url, timeout=30) as found:
        assert (await found.post(signin_link(app.keys, app.base_url, "mara"))).status_code == 303
        yield found


@pytest.fixture
async def browser(open_house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_at(open_house.app) as found:
        yield found


def bytes_of(house: House, message: Json, side: int = 1280) -> bytes:
    """What is in one size of a photo."""
    (name,) = (size["file_id"] for size in message["photo"] if size["width"] == side)
    return house.fake.world.files[name]


def fill(house: House, message: Json, content: bytes) -> None:
    """Every size of a photo has this content."""
    for size in message["photo"]:
        house.fake.world.files[size["file_id"]] = content


async def with_photo(house: House, words: str = PRAISE) -> tuple[Json, StoredPost]:
    """A fan's post with a photo, and what is stored of it."""
    message = house.fake.post(house.harbor, house.robin, words, photo=True)
    return message, await house.judged(message)


async def address_of(house: House, post: StoredPost) -> str | None:
    platform = house.app.platforms["telegram"]
    assert isinstance(platform, Linked)
    return await platform.picture_address(post.post.attachments[0])


async def refused(browser: httpx.AsyncClient, post: StoredPost) -> str:
    answer = await browser.get(f"/media/{post.id}/1")
    assert answer.status_code == 404
    assert answer.text.endswith(".")
    return answer.text


async def test_the_card_shows_the_size_that_fits(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    draft = await house.draft(message)
    card = (await browser.get("/inbox/cards", params={"ids": draft["draft_id"]})).text
    assert f'<img src="/media/{post.id}/1"' in card
    shown = await browser.get(f"/media/{post.id}/1")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.content == bytes_of(house, message)
    assert len(house.fake.requests(GET_FILE)) == 1


async def test_each_part_of_an_album_has_its_picture(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    album = house.fake.album(house.harbor, house.robin, [PRAISE, "", "and the moth"])
    post = await house.judged(album[0])
    await house.until(lambda: house.rows("SELECT 1 FROM posts WHERE json_array_length(attachments) = 3"))
    for number, message in enumerate(album, start=1):
        assert (await browser.get(f"/media/{post.id}/{number}")).content == bytes_of(house, message)
    assert (await browser.get(f"/media/{post.id}/4")).status_code == 404


async def test_nobody_reads_the_id_of_a_file(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    draft, room_card = await house.draft(message), await house.card(PRAISE)
    file = post.post.attachments[0].file
    assert file
    stored = await house.app.store.export("telegram", str(house.robin["id"]))
    assert stored["posts"][0]["attachments"] == [{"kind": "image", "url": None, "title": None}]
    token = {"Authorization": f"Bearer {house.app.keys.token}"}
    pages = ["/inbox", "/live", f"/inbox/cards?ids={draft['draft_id']}", f"/inbox/cards/{draft['draft_id']}/around"]
    programs = [f"/api/posts/{post.id}", f"/api/drafts/{draft['draft_id']}", "/api/drafts"]
    shown = [(await browser.get(path)).text for path in pages]
    shown += [(await browser.get(path, headers=token)).text for path in programs]
    for text in (json.dumps(stored), json.dumps(room_card), repr(post), *shown):
        assert file not in text


async def test_a_picture_goes_with_its_words(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    _, post = await with_photo(house)
    await house.app.desk.forget("telegram", str(house.robin["id"]))
    assert await refused(browser, post) == "The post is gone, and its picture with it."
    assert house.rows("SELECT attachments FROM posts WHERE attachments IS NOT NULL") == []
    assert house.fake.requests(GET_FILE) == []


async def test_a_post_from_before_stays_as_it_is(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    draft = await house.draft(message)
    house.rows("UPDATE posts SET attachments = json_remove(attachments, '$[0].file')")
    assert await refused(browser, post) == "The post has no such picture."
    card = (await browser.get("/inbox/cards", params={"ids": draft["draft_id"]})).text
    assert "/media/" not in card
    assert "image" in card


async def test_a_deleted_file_is_a_sentence(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    house.fake.lose(message)
    assert await refused(browser, post) == NOT_THERE


async def test_a_path_that_is_over_is_asked_for_anew(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    address = await address_of(house, post)
    assert address
    house.fake.expire_paths()
    with pytest.raises(NoPicture, match=r"^The picture is no longer there\.$"):
        await fetch(address)
    assert (await browser.get(f"/media/{post.id}/1")).content == bytes_of(house, message)


async def test_a_huge_file_is_refused_by_us_and_a_huger_one_by_telegram(
    open_house: House, browser: httpx.AsyncClient
) -> None:
    house = open_house
    message, post = await with_photo(house)
    jpeg = b"\xff\xd8\xff"
    fill(house, message, jpeg.ljust(LARGEST, b"x"))
    assert len((await browser.get(f"/media/{post.id}/1")).content) == LARGEST
    fill(house, message, jpeg.ljust(LARGEST + 1, b"x"))
    assert await refused(browser, post) == "The picture is larger than 8 MiB; open it on its platform."
    fill(house, message, jpeg.ljust(20 * 1024 * 1024 + 1, b"x"))
    assert await refused(browser, post) == NOT_THERE


async def test_what_is_no_picture_is_refused(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    fill(house, message, b"<script>alert(1)</script>")
    for kind in ("application/octet-stream", "text/html", "image/svg+xml"):
        house.fake.http.file_type = kind
        assert await refused(browser, post) == NOT_SHOWN
    house.fake.http.file_type = "image/jpeg"
    assert (await browser.get(f"/media/{post.id}/1")).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "fault",
    [Fault(500), Fault(None), Fault(403), Fault(404), Fault(401), Fault(200, page="<p>no"), Fault(502, page="<p>no")],
    ids=lambda fault: f"{fault.status}-{fault.page}",
)
async def test_when_telegram_does_not_say_it_is_a_sentence(
    open_house: House, browser: httpx.AsyncClient, fault: Fault
) -> None:
    house = open_house
    message, post = await with_photo(house)
    house.fake.fail_next(GET_FILE, fault)
    assert await refused(browser, post) == NOT_THERE
    assert (await browser.get(f"/media/{post.id}/1")).content == bytes_of(house, message)


async def test_a_local_server_that_names_a_path_on_its_disk_gives_no_address(open_house: House) -> None:
    """Nor does a path that leads out of the files."""
    house = open_house
    _, post = await with_photo(house)
    ours = house.fake.methods.handlers[GET_FILE]
    for path in ("/etc/passwd", __file__):
        house.fake.methods.handlers[GET_FILE] = lambda asked, path=path: {**ours(asked), "file_path": path}
        address = await address_of(house, post)
        assert address is None or address.startswith(f"{house.fake.api_base}/file/bot")
    house.fake.methods.handlers[GET_FILE] = lambda asked: {**ours(asked), "file_path": __file__}
    assert await address_of(house, post) is None
    house.fake.methods.handlers[GET_FILE] = lambda asked: {k: v for k, v in ours(asked).items() if k != "file_path"}
    assert await address_of(house, post) is None


async def test_telegram_asks_for_a_wait_and_gets_it(open_house: House, browser: httpx.AsyncClient) -> None:
    house = open_house
    message, post = await with_photo(house)
    card = await house.card(PRAISE)
    house.fake.fail_next(GET_FILE, Fault(429, retry_after=600))
    assert await refused(browser, post) == NOT_THERE
    asked = asyncio.create_task(browser.get(f"/media/{post.id}/1"))
    await house.approve(card)
    await house.settled(message)
    assert [one.status for one in house.fake.requests(GET_FILE)] == [429], "a reply does not wait for a picture"
    house.clock.move(seconds=600)
    assert (await asked).content == bytes_of(house, message)
    assert [one.status for one in house.fake.requests(GET_FILE)] == [429, 200]


@pytest.mark.parametrize("token", [True, False])
async def test_a_process_that_only_serves_pages_needs_the_token(house: House, token: bool) -> None:
    await house.start()
    message, post = await with_photo(house)
    await house.stop()
    environ: Mapping[str, str] = house.environ if token else {}
    async with build(settings.load(house.configured(), environ), only=("web",), clock=house.clock, environ={}) as app:
        polls = house.fake.world.updates.polls
        async with browser_at(app) as browser:
            if token:
                assert (await browser.get(f"/media/{post.id}/1")).content == bytes_of(house, message)
                house.fake.lose(message)
            assert await refused(browser, post) == NOT_THERE
        assert house.fake.world.updates.polls == polls, "it does not connect for that"
    assert len(house.fake.requests(GET_FILE)) == 2 * token


@pytest.mark.parametrize("token", ["no token at all", "700000001:another"])
async def test_a_wrong_token_is_a_sentence_too(house: House, token: str) -> None:
    await house.start()
    _, post = await with_photo(house)
    await house.stop()
    found = settings.load(house.configured(), {"TELEGRAM_TOKEN": token})
    async with build(found, only=("web",), clock=house.clock, environ={}) as app, browser_at(app) as browser:
        assert await refused(browser, post) == NOT_THERE
