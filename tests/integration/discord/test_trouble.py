"""Connections break, answers are lost, Discord says no: nothing is missed, nothing is said twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.adapters.chat import loop
from bot.adapters.discord import ingest, send
from tests.fakes.discord import CALLBACK, SEND, Fault
from tests.integration.conftest import LOVELY

from .conftest import House, said, verbs

ORIGINAL = "PATCH /webhooks/{application}/{token}/messages/@original"


@pytest.mark.parametrize("resumable", [True, False])
async def test_fifty_posts_are_missed(open_house: House, resumable: bool) -> None:
    open_house.fake.disconnect(resumable=resumable)
    await open_house.answers_for(open_house.fifty())
    assert open_house.fake.gateway.resumed == resumable


async def test_what_cannot_be_stored_at_once_is_read_back(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the database is slow: nothing is kept in memory for it."""
    monkeypatch.setattr(ingest, "MOST_AT_WORK", 0)
    with capture_logs() as told:
        await open_house.answers_for(open_house.fifty())
    assert [line["event"] for line in told if line["event"] == "discord_messages_wait"]


LOST = [
    ("500 without effect", Fault(500)),
    ("500 after the write", Fault(500, after=True)),
    ("503 after the write", Fault(503, after=True)),
    ("cut before the write", Fault(None)),
    ("cut after the write", Fault(None, after=True)),
    ("429", Fault(429, retry_after=0.3)),
]


@pytest.mark.parametrize(("name", "fault"), LOST, ids=[row[0] for row in LOST])
async def test_the_answer_to_a_send_is_lost(
    open_house: House, monkeypatch: pytest.MonkeyPatch, name: str, fault: Fault
) -> None:
    monkeypatch.setattr(send, "RETRY_DELAY", 0.1)
    house = open_house
    post, card = await house.ask(LOVELY)
    fault.channel = house.general["id"]
    house.fake.fail_next(SEND, fault)
    await house.approve(card)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    nonces = {one.body["nonce"] for one in house.fake.requests(SEND) if one.path["channel"] == house.general["id"]}
    assert len(nonces) == 1


async def test_nobody_can_tell_and_a_person_looks(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "RETRY_DELAY", 0.05)
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.fail_next(SEND, Fault(None, times=99, channel=house.general["id"]))
    house.fake.fail_next("GET /channels/{channel}/messages", Fault(403, times=99, channel=house.general["id"]))
    await house.approve(card)
    await house.until(lambda: "lost" in verbs(card))
    assert house.fake.replies_to(post) == []
    house.fake.http.faults.clear()
    await house.fake.press(card, verbs(card)["lost"], house.tom)
    await house.until(lambda: "retry" in verbs(card))
    await house.fake.press(card, verbs(card)["retry"], house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


REFUSALS = [
    ("SEND_MESSAGES", "Send Messages"),
    ("READ_MESSAGE_HISTORY", "Read Message History"),
]


@pytest.mark.parametrize(("permission", "fix"), REFUSALS)
async def test_discord_says_no_and_a_person_tries_again(open_house: House, permission: str, fix: str) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.world.deny(house.general, permission)
    await house.approve(card)
    await house.until(lambda: "retry" in verbs(card))
    assert fix in said(card)
    assert house.fake.replies_to(post) == []
    house.fake.world.deny(house.general)
    await house.fake.press(card, verbs(card)["retry"], house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


async def test_a_malformed_event_ends_the_client_and_not_the_bot(open_house: House) -> None:
    house = open_house
    house.fake.gateway.malformed("MESSAGE_CREATE", {"id": "1", "channel_id": house.general["id"]})
    missed = house.fake.post(house.general, house.robin, LOVELY)
    await house.until(lambda: house.fake.gateway.identified == 2)
    await house.until(lambda: (row := house.posted(missed)) and row[1])
    card = await house.card("fog in the harbor")
    await house.approve(card)
    await house.settled(missed)
    assert len(house.fake.replies_to(missed)) == 1


async def stopped(house: House, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why a part stopped, three times over; nothing was logged with a traceback."""
    with capture_logs() as logs:
        await house.launch()
        await house.until(lambda: [line["event"] for line in logs].count("part_stopped") >= 3)
    assert not [line for line in logs if line.get("exc_info")]
    assert not [record for record in caplog.records if record.exc_info]
    return [line["why"] for line in logs if line["event"] == "part_stopped"]


async def test_a_wrong_token_is_not_tried_again(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.token = "another.token"  # noqa: S105 - it opens nothing
    why = await stopped(house, caplog)
    assert [one.status for one in house.fake.http.seen] == [401]
    assert any("DISCORD_TOKEN" in one for one in why)


async def test_the_gateway_refuses_the_token(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.fake.gateway.token = "changed.meanwhile"  # noqa: S105 - it opens nothing
    assert await stopped(house, caplog)
    assert len(house.fake.requests("GET /users/@me")) == 1


async def test_without_the_message_content_intent_it_answers_who_speaks_to_it(house: House) -> None:
    house.fake.world.message_content = False
    with capture_logs() as logs:
        await house.start()
        await house.listening()
    assert "Message Content Intent" in str(logs)
    unseen = house.fake.post(house.general, house.robin, "nobody spoke to the bot")
    post, card = await house.ask(LOVELY)
    assert house.posted(unseen) is None
    await house.approve(card)
    await house.settled(post)


@pytest.mark.parametrize("forgotten", [False, True], ids=["resumed", "anew"])
async def test_the_gateway_closes_and_nothing_is_missed(open_house: House, forgotten: bool) -> None:
    """With the codes after which one connects again (topics/opcodes-and-status-codes, gateway)."""
    house, gateway = open_house, open_house.fake.gateway
    for code in (1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009):
        identified, resumed = gateway.identified, gateway.resumed
        before = house.fake.post(house.general, house.robin, f"the lamp q{code}q is lit")
        gateway.close(code, forget=forgotten)
        after = house.fake.post(house.general, house.robin, f"the boat q{code}q is in")
        both = (before, after)
        await house.until(lambda both=both: all((row := house.posted(post)) and row[1] for post in both))
        await house.until(house.app.platforms["discord"].is_ready)  # type: ignore[attr-defined] # it is Watched
        again = (gateway.identified - identified, gateway.resumed - resumed)
        assert again == ((1, 0) if forgotten else (0, 1)), code


@pytest.mark.parametrize(
    ("code", "says"),
    [(4004, "DISCORD_TOKEN"), (4010, "newest"), (4011, "sharding"), (4012, "newest"), (4013, "newest")],
)
async def test_the_gateway_closes_for_good(open_house: House, code: int, says: str) -> None:
    """A person has to do something first; the rest of the program goes on."""
    house = open_house
    with capture_logs() as logs:
        house.fake.gateway.close(code, forget=True)
        stops = await house.until(lambda: (found := [e for e in logs if e["event"] == "part_stopped"])[1:] and found)
    assert all(says in stop["why"] for stop in stops)
    assert house.fake.gateway.identified == 1
    assert house.app.platforms["discord"].is_ready() is False  # type: ignore[attr-defined] # it is Watched


async def test_the_message_content_intent_is_taken_away_in_the_middle(open_house: House) -> None:
    house = open_house
    house.fake.world.message_content = False
    house.fake.gateway.close(4014, forget=True)
    await house.until(lambda: house.fake.gateway.identified == 2)
    post, card = await house.ask(LOVELY)
    await house.approve(card)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


async def test_the_token_is_taken_back_in_the_middle(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.fail_next("GET /channels/{channel}/messages/{message}", Fault(401, message="401: Unauthorized"))
    await house.approve(card)
    await house.until(lambda: "retry" in verbs(card))
    assert "set a new one" in said(card)
    await house.fake.press(card, verbs(card)["retry"], house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


async def test_the_bot_may_not_write_where_the_cards_are(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with the fix; cards come, and change, once it may again."""
    monkeypatch.setattr(loop, "SWEEP", timedelta(seconds=0.2))
    house = open_house
    first, old = await house.ask(LOVELY)
    who = f"<@{house.fake.world.bot['id']}>"
    with capture_logs() as logs:
        house.fake.world.deny(house.room, "VIEW_CHANNEL")
        post = house.fake.post(house.general, house.fake.member("Kim"), f"{who} the boats q7q are lovely")
        told = await house.until(
            lambda: [e for e in logs if e["event"] == "card_not_shown" and e["surface"] == "discord"]
        )
    assert "give the bot View Channel" in told[0]["why"]
    await house.until(lambda: (row := house.posted(post)) and row[1])
    house.fake.delete(first)
    house.fake.world.deny(house.room)
    await house.card("q7q")
    await house.until(lambda: "deleted the post" in said(old))


async def test_the_cards_channel_is_deleted(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk and the console go on; a new channel of the same name gets the cards that still wait."""
    monkeypatch.setattr(loop, "SWEEP", timedelta(seconds=0.2))
    house = open_house
    await house.ask(LOVELY)
    house.fake.world.remove_channel(house.room)
    await house.until(lambda: not house.app.platforms["discord"].cards._channel.ready)  # type: ignore[attr-defined]
    house.room = house.fake.channel("mods-room")
    card = await house.card("fog in the harbor")
    await house.approve(card)
    await house.until(lambda: "Sent" in said(card))


async def test_a_press_that_cannot_be_answered_in_time_decides_nothing(open_house: House) -> None:
    """Discord says 10062; the manager reads that it failed, and presses again."""
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.answer_within = 0.0
    assert (await house.approve(card)).failed
    house.fake.answer_within = 3.0
    await house.until(lambda: [one for one in house.fake.requests(CALLBACK) if one.status == 404])
    assert house.rows("SELECT * FROM decisions") == []
    await house.approve(card)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


async def test_a_press_whose_token_is_over_still_decides_and_the_card_follows(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.fail_next(ORIGINAL, Fault(404, code=10015, message="Unknown Webhook", times=9))
    await house.approve(card)
    await house.settled(post)
    await house.until(lambda: "Sent" in said(card))


async def test_a_card_that_is_deleted_between_the_press_and_its_change(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    fault = house.fake.fail_next(ORIGINAL, Fault(0, hold=True))
    await house.approve(card)
    await fault.reached.wait()
    house.fake.delete(card)
    fault.go.set()
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
