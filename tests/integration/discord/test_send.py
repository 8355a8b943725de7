"""Replies on Discord: once each, to the right post, and never a guess about what became of them."""

from collections.abc import AsyncIterator

import pytest

from bot.adapters.discord.send import REMOVED_SINCE
from tests.fakes.discord import DELETE, EDIT, SEND, Fault
from tests.integration.discord.harbor import PRAISE, Harbor, running

LOOK = "GET /channels/{channel}/messages/{message}"
HISTORY = "GET /channels/{channel}/messages"


@pytest.fixture
async def harbor(tmp_path, empty_database, pipeline) -> AsyncIterator[Harbor]:
    async with running(tmp_path, empty_database, pipeline) as one:
        yield one


async def approved(harbor, channel=None, text=PRAISE):
    """A fan's message and its card, right after the yes."""
    message = harbor.fake.post(channel or harbor.general, harbor.robin, text)
    card = await harbor.draft(message)
    return message, await harbor.press(card, "approve")


async def test_a_reply_answers_the_post_pings_its_author_alone_and_has_its_nonce(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    card = await harbor.draft(message)
    kim = harbor.kim["user"]["id"]
    await harbor.press(card, "edit", text=f"Thank you! <@{kim}> found it.")
    delivery = await harbor.delivery(card, "sent")
    (reply,) = harbor.fake.replies_to(message)
    assert reply["content"] == delivery["text"]
    assert harbor.fake.pings(reply) == {harbor.robin["user"]["id"]}
    body = harbor.fake.requests(SEND)[-1].body
    assert (body["enforce_nonce"], len(body["nonce"]) <= 25) == (True, True)


async def test_correct_and_remove(harbor):
    message, card = await approved(harbor)
    await harbor.delivery(card, "sent")
    await harbor.press(card, "correct", text="Thank you, truly.")
    await harbor.delivery(card, "sent")
    assert [r["content"] for r in harbor.fake.replies_to(message)] == ["Thank you, truly."]
    await harbor.press(card, "remove")
    await harbor.delivery(card, "sent")
    assert harbor.fake.replies_to(message) == []


@pytest.mark.parametrize(
    ("status", "after", "minutes"),
    [
        (None, True, False),
        (None, True, True),
        (None, False, True),
        (500, True, False),
        (500, False, False),
        (503, True, False),
        (503, True, True),
        (503, False, True),
    ],
)
async def test_an_answer_that_is_lost_leaves_one_reply(harbor, status, after, minutes):
    fault = harbor.fake.fail_next(SEND, Fault(status=status, after=after))
    message, card = await approved(harbor)
    await fault.reached.wait()
    if minutes:
        await harbor.until(lambda: _happened(harbor, SEND))
        harbor.fake.forget_nonces()
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1


async def test_no_answer_at_all_and_no_history_is_a_persons_to_settle(harbor):
    harbor.fake.fail_next(SEND, Fault(status=503, times=20))
    harbor.fake.fail_next(HISTORY, Fault(status=403, code=50001, message="Missing Access"))
    message, card = await approved(harbor)
    delivery = await harbor.delivery(card, "uncertain")
    assert "cannot look whether it arrived" in delivery["error"]
    assert harbor.fake.replies_to(message) == []


async def test_an_outage_longer_than_some_tries_is_no_persons_job(harbor):
    """The last try before it arrives; then nothing answers, not even the question what became of it."""
    harbor.fake.fail_next(SEND, Fault(status=503, after=True))
    harbor.fake.fail_next(HISTORY, Fault(status=503, times=12))
    message, card = await approved(harbor)
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1
    assert len(harbor.fake.requests(SEND)) == 1


@pytest.mark.parametrize("when", ["before", "right before"])
async def test_a_post_that_is_gone_is_not_answered(harbor, when):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    card = await harbor.draft(message)
    harbor.platform._client.ingest = None  # the event is lost; what is left is the look at the moment of sending
    if when == "right before":
        harbor.fake.fail_next(LOOK, Fault(status=503))
    harbor.fake.delete(message)
    await harbor.press(card, "approve")
    await harbor.delivery(card, "recalled")
    assert (await harbor.stored(message)).deleted
    assert harbor.fake.replies_to(message) == []


@pytest.mark.parametrize(
    ("text", "ends"), [("how do I save the game?", "recalled"), (f"{PRAISE}  ", "sent")], ids=["words", "white space"]
)
async def test_a_post_that_was_edited_unseen_is_judged_anew(harbor, text, ends):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    card = await harbor.draft(message)
    harbor.platform._client.ingest = None
    harbor.fake.edit(message, text)
    await harbor.press(card, "approve")
    await harbor.delivery(card, ends)
    assert (await harbor.judged(message, text)).version == 2
    assert len(harbor.fake.replies_to(message)) == (ends == "sent")


def _nickname(harbor, message):
    """An event names a member as the server calls them; a message that is fetched does not."""


def _role(harbor, message):
    harbor.fake.world.rename_role(harbor.team, "Lighthouse team")


def _channel(harbor, message):
    harbor.fake.world.rename_channel(harbor.other, "lounge")


def _preview(harbor, message):
    harbor.fake.unfurl(message)


def _pin(harbor, message):
    harbor.fake.world.change_message(message, pinned=True)


def _signed_anew(harbor, message):
    files = [{**file, "url": f"{file['url']}?ex=1&hm=2"} for file in message["attachments"]]
    harbor.fake.world.change_message(message, attachments=files)


def _thread(harbor, message):
    harbor.fake.world.change_message(message, flags=1 << 5)
    harbor.fake.thread(harbor.general, "about the map", harbor.kim, on=message)


@pytest.mark.parametrize("happens", [_nickname, _role, _channel, _preview, _pin, _signed_anew, _thread])
async def test_what_is_no_edit_costs_no_yes(harbor, happens):
    harbor.fake.world.nickname(harbor.kim, "Lighthouse keeper")
    us, kim, team, other = (
        harbor.fake.world.bot["id"], harbor.kim["user"]["id"], harbor.team["id"], harbor.other["id"]
    )  # fmt: skip
    words = f"<@{us}> {PRAISE} <@{kim}> <@&{team}> <#{other}> <:moth:123456789012345678> <t:1772366400:R>"
    message = harbor.fake.post(harbor.general, harbor.robin, words, files=["moth.png"])
    card = await harbor.draft(message)
    happens(harbor, message)
    await harbor.press(card, "edit", text="Thank you!")
    await harbor.delivery(card, "sent")
    assert (await harbor.stored(message)).version == 1
    assert len(harbor.fake.replies_to(message)) == 1


async def test_a_forum_post_that_was_retitled_unseen_is_judged_anew(harbor):
    message = harbor.fake.forum_post(harbor.help, harbor.robin, "The map", PRAISE)
    card = await harbor.draft(message)
    harbor.platform._client.ingest = None
    thread = harbor.fake.world.channels[message["channel_id"]]
    thread["name"] = "The map, solved"
    harbor.fake.world.emit("THREAD_UPDATE", thread)
    await harbor.until(lambda: _known_as(harbor, thread))
    await harbor.press(card, "approve")
    await harbor.delivery(card, "recalled")
    assert (await harbor.judged(message, f"The map, solved\n{PRAISE}")).version == 2


async def _known_as(harbor, thread):
    return harbor.platform._client.get_channel(int(thread["id"])).name == thread["name"]


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        (50001, 403, "View Channel"),
        (50013, 403, "Send Messages"),
        (50083, 400, "archived"),
        (160005, 400, "unlock"),
        (40058, 403, "has not finished"),
        (200000, 400, "Blocked by the filter"),
    ],
)
async def test_a_refusal_says_what_to_do_and_retry_sends(harbor, code, status, says):
    harbor.fake.fail_next(SEND, Fault(status=status, code=code, message="Blocked by the filter"))
    message, card = await approved(harbor)
    assert says in (await harbor.delivery(card, "failed"))["error"]
    await harbor.press(card, "retry")
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1


async def test_a_reply_that_a_moderator_deleted_before_we_knew_it(harbor):
    harbor.fake.fail_next(SEND, Fault(status=404, code=10008, message="Unknown Message"))
    _, card = await approved(harbor)
    await harbor.delivery(card, "sent")
    page = await harbor.store.post_page(card["post"]["post_id"])
    assert page.reply.external_id == REMOVED_SINCE
    await harbor.press(card, "correct", text="Thank you, truly.")
    assert "deleted" in (await harbor.delivery(card, "failed"))["error"]
    await harbor.press(card, "remove")
    await harbor.delivery(card, "sent")


@pytest.mark.parametrize(("call", "action"), [(EDIT, "correct"), (DELETE, "remove")])
@pytest.mark.parametrize("after", [True, False])
async def test_a_change_whose_answer_is_lost(harbor, call, action, after):
    message, card = await approved(harbor)
    await harbor.delivery(card, "sent")
    harbor.fake.fail_next(call, Fault(status=None, after=after))
    more = {"text": "Thank you, truly."} if action == "correct" else {}
    await harbor.press(card, action, **more)
    await harbor.delivery(card, "sent")
    shown = [r["content"] for r in harbor.fake.replies_to(message)]
    assert shown == (["Thank you, truly."] if action == "correct" else [])


async def test_while_the_bot_is_away_replies_wait(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    card = await harbor.draft(message)
    await harbor.disconnect()
    await harbor.press(card, "approve")

    async def put_off():
        return (await harbor.again(card))["deliveries"][0]["error"]

    assert "not connected" in await harbor.until(put_off)
    harbor.connect()
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1


async def test_a_reply_in_a_forum_thread_stands_in_the_thread(harbor):
    message = harbor.fake.forum_post(harbor.help, harbor.robin, "The map", PRAISE)
    card = await harbor.draft(message)
    await harbor.press(card, "approve")
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1


async def _happened(harbor, call):
    return harbor.fake.requests(call)
