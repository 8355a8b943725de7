"""Answers are lost, updates are broken, Telegram asks to wait: nothing is missed, nothing is said twice."""

from __future__ import annotations

import httpx
import pytest
from structlog.testing import capture_logs

from bot.adapters.telegram import api
from bot.adapters.web.auth import Keys, signin_link
from tests.fakes.telegram import EDIT, POLL, SEND, TOKEN, Fault
from tests.integration.conftest import LOVELY, numbered
from tests.integration.program import database

from .house import PRAISE, House, Json, Killable, data_of

LOST = [
    ("500 without effect", Fault(500), False),
    ("502 after the write", Fault(502, after=True), True),
    ("cut before the write", Fault(None), False),
    ("cut after the write", Fault(None, after=True), True),
]


@pytest.mark.parametrize(("name", "fault", "arrived"), LOST, ids=[row[0] for row in LOST])
async def test_the_answer_to_a_send_is_lost_and_a_person_looks(
    open_house: House, name: str, fault: Fault, arrived: bool
) -> None:
    house = open_house
    post, card = await house.ask()
    fault.chat = house.harbor
    house.fake.fail_next(SEND, fault)
    await house.approve(card)
    await house.until(lambda: data_of(card, "arrived"))
    await house.settled(post, "uncertain")
    assert len(house.fake.replies_to(post)) == int(arrived)
    if arrived:
        await house.press(card, "arrived", house.tom)
    else:
        await house.press(card, "lost", house.tom)
        house.clock.move(seconds=10)  # not so fast, the pace of cards says
        await house.press(card, "retry", house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    await house.says(card, "Sent")


async def test_a_poison_update_in_the_middle_of_many(house: House) -> None:
    fans = [house.fake.user(f"Fan {n}") for n in range(30)]
    posts = [house.fake.post(house.harbor, fan, numbered(n)) for n, fan in enumerate(fans[:15])]
    poison = house.fake.poison()
    posts += [house.fake.post(house.harbor, fan, numbered(n)) for n, fan in enumerate(fans[15:], 15)]
    await house.start()
    await house.until(lambda: house.judged_posts() == len(posts) == 30)
    await house.until(lambda: house.fake.world.updates.confirmed > poison)
    await house.until(lambda: len(house.rows("SELECT 1 FROM inbox")) == 1)
    ((update_id, why),) = house.rows("SELECT update_id, set_aside FROM inbox")
    assert update_id == str(poison)
    assert "chat_instance" in why
    assert house.rows("SELECT count(*) FROM events WHERE name = 'update_set_aside'") == [(1,)]
    await house.restart()
    late = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.judged(late)
    assert len(house.rows("SELECT 1 FROM inbox")) == 1, "it is not tried again"


async def test_a_chat_that_must_wait_holds_up_no_other_one(open_house: House) -> None:
    house = open_house
    waiting = house.fake.post(house.harbor, house.robin, PRAISE)
    moving: list[Json] = [house.fake.post(house.forum, house.kim, numbered(n)) for n in range(3)]
    held = house.fake.fail_next(SEND, Fault(429, retry_after=40, chat=house.harbor))
    await house.decide(await house.draft(waiting), "approve")
    await held.reached.wait()
    for post in moving:
        await house.decide(await house.draft(post), "approve")
        await house.settled(post)
    assert house.fake.replies_to(waiting) == []
    house.clock.move(seconds=41)
    await house.settled(waiting)
    assert len(house.fake.replies_to(waiting)) == 1


PAGE = "<html><body><h1>a page of a proxy</h1></body></html>"
ODD = [
    Fault(200, page=PAGE),
    Fault(200, page='{"ok":true,"result":[{"update_id":8700'),
    Fault(200, page="[]"),
    Fault(401, page=PAGE),
    Fault(403, page=PAGE),
    Fault(404, page=PAGE),
    Fault(409, page=PAGE),
    Fault(429, page=PAGE),
    Fault(502, page=PAGE),
    Fault(503, page=PAGE),
    Fault(503, description="Service Unavailable"),
]


async def test_what_is_no_answer_of_telegram_is_asked_again(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above all the page with 404 or 401 of a proxy, which said that the token is wrong, for good."""
    monkeypatch.setattr(api, "WAIT", 1)
    house = open_house
    for fault in ODD:
        house.fake.fail_next(POLL, fault)
        house.fake.post(house.harbor, house.kim, "hello, all of you")  # ends the question that is open
        await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))
        assert house.app._deps().ready()["telegram"], fault


async def test_a_question_that_hangs_is_given_up_and_asked_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "POLL", 1)
    monkeypatch.setattr(api, "LATE", 1)
    await house.start()
    hanging = house.fake.fail_next(POLL, Fault(status=0, hold=True))
    await hanging.reached.wait()
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.judged(post)
    assert not hanging.go.is_set()


async def test_where_the_bot_may_not_write_cards_wait_and_posts_go_on(open_house: House) -> None:
    house = open_house
    house.fake.member(house.room, house.mara, "kicked")
    with capture_logs() as told:
        post = house.fake.post(house.harbor, house.robin, PRAISE)
        await house.draft(post)
        line = await house.until(lambda: next((one for one in told if "cards" in one.get("why", "")), None))
    assert "add the bot to the group" in line["why"]
    assert house.cards() == []
    house.fake.member(house.room, house.mara, "member")

    async def shown() -> Json | None:
        await house.moved(seconds=30)
        return next((one for one in house.cards() if PRAISE in one["text"]), None)

    await house.until(shown)


async def test_a_webhook_of_another_program_is_taken_away(house: House) -> None:
    house.fake.webhook("https://bot.example/hook")
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.start()
    await house.judged(post)
    assert len(house.fake.requests("deleteWebhook")) == 1


@pytest.mark.whole
async def test_the_token_stands_nowhere(running: Killable) -> None:
    """Whatever goes wrong, and whatever an operator may read of it."""
    house = running
    post, card = await house.ask(LOVELY)
    for call in (POLL, SEND, EDIT, POLL):
        house.fake.fail_next(call, Fault(None))
    await house.approve(card)
    await house.settled(post, "uncertain")
    house.fake.poison()
    await house.until(lambda: house.rows("SELECT 1 FROM inbox WHERE set_aside IS NOT NULL"))
    shown = await pictures(house)
    house.fake.http.token = "700000001:another"  # noqa: S105 - it opens nothing
    await house.until(lambda: "part_stopped" in house.log)
    shown += await pictures(house)
    secret = house.token.partition(":")[2]
    assert {answer.status_code for answer in shown} == {200, 404}
    for answer in shown:
        assert secret not in f"{answer.headers}"
        assert secret.encode() not in answer.content
    assert "telegram_picture_not_found" in house.log
    assert secret not in house.log
    with database(house.folder) as stored:
        assert secret not in "\n".join(stored.iterdump())


async def pictures(house: Killable) -> list[httpx.Response]:
    """What a manager's browser gets for a photo, whatever goes wrong on the way."""
    photo = house.fake.post(house.harbor, house.robin, photo=True) if house.fake.http.token == TOKEN else None
    ((post_id,),) = await house.until(lambda: house.rows("SELECT id FROM posts WHERE attachments IS NOT NULL"))
    keys = Keys(house.folder / "var", {})
    async with httpx.AsyncClient(base_url=house.base, timeout=30) as browser:
        await browser.post(signin_link(keys, house.base, "mara"))
        path = f"/media/{post_id}/1"
        found = [await browser.get(path)]
        for fault in (Fault(500), Fault(None), Fault(200, page="<p>")):
            house.fake.fail_next("getFile", fault)
            found.append(await browser.get(path))
        for kind in ("text/html", "application/octet-stream"):
            house.fake.http.file_type = kind
            found.append(await browser.get(path))
        if photo:
            house.fake.lose(photo)
            found.append(await browser.get(path))
    return found


async def test_an_answer_to_a_manager_that_telegram_does_not_take(open_house: House) -> None:
    """The words lie on the card, and their update is done."""
    house = open_house
    _, card = await house.ask()
    for fault in (Fault(500), Fault(None)):
        words = f"Which corner do you look at first? {fault.status}"
        refused = house.fake.fail_next(SEND, fault)
        house.fake.reply(card, house.mara, words)
        await house.says(card, words)
        await house.until(lambda: not house.rows("SELECT 1 FROM inbox WHERE set_aside IS NULL"))
        assert refused.reached.is_set()
        assert house.rows("SELECT set_aside FROM inbox") == []
