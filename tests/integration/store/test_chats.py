"""What is stored about whole chats, raw updates, and leases."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.domain import DeliveryState, Target, seal
from bot.store import Store, chats, cursors, deliveries, inbox, leases

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD, NEW = "harbor", "-1005"


def move(house, old=OLD, new=NEW):
    return house.store.write(partial(chats.move, platform="stage", old=old, new=new, at=house.clock.now()))


async def test_what_was_said_moves_with_its_chat_and_ids_never_meet(house):
    sent = await house.sent(external_id="7")
    await move(house)
    moved = await house.again(sent)
    assert (moved["post"]["channel"], moved["post"]["id"]) == (NEW, f"{OLD}/7")
    delivery = await house.store.read(lambda c: deliveries.of_draft(c, sent["draft_id"])[0])
    assert (delivery.target.reply_to, delivery.external_id) == (f"{OLD}/7", f"{OLD}/m1")
    again = await house.post("the new map is gorgeous", channel=NEW, external_id="7")  # another message, same number
    assert again != sent["post"]["post_id"]


async def test_a_thread_goes_on_in_a_chat_that_moved(house):
    first = await house.post("how do I save", external_id="1")
    answer = await house.post("never mind", external_id="2", reply_to="1")
    await move(house)
    page = await house.store.post_page(answer)
    assert (page.post.thread, page.post.post.reply_to) == (first, f"{OLD}/1")


async def test_a_yes_goes_with_its_target_under_the_new_name(house):
    card = await house.draft("the new map is gorgeous", external_id="7")
    await house.press(card, "approve")
    await move(house)
    await house.send()
    (sent,) = house.stage.sent
    target = Target(platform="stage", channel=NEW, reply_to=f"{OLD}/7")
    assert (sent.target, sent.seal) == (target, seal(sent.text, target))


async def test_what_answers_nothing_answers_nothing_there_either(house):
    card = await house.draft("the new map is gorgeous", external_id="7")
    await house.press(card, "approve")
    await house.store.write(lambda c: c.exec_driver_sql("UPDATE deliveries SET reply_to = ''"))
    await move(house)
    found = await house.store.read(lambda c: deliveries.of_draft(c, card["draft_id"])[0])
    assert (found.target.channel, found.target.reply_to) == (NEW, "")


@pytest.mark.parametrize("column", ["text", "reply_to"])
async def test_a_yes_that_did_not_hold_holds_no_more_afterwards(house, column):
    card = await house.draft("the new map is gorgeous", external_id="7")
    await house.press(card, "approve")

    def forge(connection):
        connection.exec_driver_sql(f"UPDATE deliveries SET {column} = 'something else'")  # noqa: S608 - one of ours

    await house.store.write(forge)
    await move(house)
    await house.send()
    assert house.stage.sent == []
    found = await house.store.read(lambda c: deliveries.of_draft(c, card["draft_id"])[0])
    assert found.state is DeliveryState.FAILED


async def test_caps_go_on(open_house):
    async with open_house("per_channel: 1/1d, per_fan: null") as house:
        await house.sent("the new map is gorgeous")
        await move(house)
        page = await house.store.post_page(await house.post("the art is stunning", fan="kim", channel=NEW))
        assert (page.draft, page.post.reason_code) == (None, "cap")


async def test_a_second_notice_changes_nothing_and_steps_are_followed(house):
    post = await house.post("love it", external_id="7")
    for _ in range(2):
        await move(house)
    assert (await house.store.post_page(post)).post.post.external_id == f"{OLD}/7"


async def test_steps_are_followed(store):
    for old, new in ((-1, -2), (-2, -3), (-7, -8)):
        await store.write(partial(chats.move, platform="stage", old=str(old), new=str(new), at=NOW))
    assert await store.read(lambda c: chats.moved(c, "stage")) == {-1: -3, -2: -3, -7: -8}
    assert await store.read(lambda c: chats.moved(c, "other")) == {}


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(f"sqlite:///{tmp_path}/greenroom.db")
    yield opened
    await opened.close()


def keep(updates, at=NOW):
    return partial(inbox.keep, platform="telegram:1", updates=updates, place="updates", next_="8", at=at)


async def test_updates_wait_in_order_until_they_are_handled(store):
    await store.write(keep({"99": "a", "100": "b"}))
    await store.write(keep({"100": "again", "7": "c"}, NOW + timedelta(seconds=1)))  # Telegram counts anew
    assert await store.read(lambda c: inbox.pending(c, "telegram:1")) == [("99", "a"), ("100", "b"), ("7", "c")]
    assert await store.read(lambda c: inbox.pending(c, "telegram:2")) == []
    await store.write(lambda c: inbox.done(c, "telegram:1", ["99", "7"]))
    assert await store.read(lambda c: inbox.pending(c, "telegram:1")) == [("100", "b")]


async def test_the_position_is_forgotten_after_a_week(store):
    await store.write(keep({}))
    for since, found in ((NOW - timedelta(days=6), 8), (NOW, None)):
        assert await store.read(lambda c, since=since: cursors.fresh(c, "telegram:1", "updates", since)) == found


async def test_what_is_set_aside_is_counted_and_erased_with_its_fan(store):
    raw = '{"update_id":%d,"message":{"from":{"id":%d,"first_name":"Robin"}}}'
    await store.write(keep({"1": raw % (1, 55), "2": raw % (2, 555), "3": raw % (3, 5)}))
    await store.write(lambda c: inbox.dead_letter(c, "telegram:1", ["1", "2"], "KeyError: " + "x" * 999, NOW))
    assert await store.read(inbox.count) == {"pending": 1, "set_aside": 2, "ignored": 0}
    assert [one.update_id for one in await store.read(inbox.dead_letters)] == ["1", "2"]
    await store.write(lambda c: inbox.forget(c, "discord", "55"))
    assert await store.read(inbox.count) == {"pending": 1, "set_aside": 2, "ignored": 0}
    await store.write(lambda c: inbox.forget(c, "telegram", "55"))
    (left,) = await store.read(inbox.dead_letters)
    assert (left.update_id, len(left.why)) == ("2", inbox.LONGEST_WHY)
    await store.write(lambda c: inbox.drop_before(c, NOW + timedelta(seconds=1)))
    assert await store.read(inbox.count) == {"pending": 1, "set_aside": 0, "ignored": 0}


def take(holder, at):
    return lambda c: leases.take(c, "telegram:1", holder, NOW + timedelta(seconds=at), NOW + timedelta(seconds=at + 30))


async def test_one_holder_at_a_time(store):
    asked = [("a", 0), ("b", 1), ("a", 20), ("b", 49), ("b", 50), ("a", 51)]
    answers = [await store.write(take(holder, at)) for holder, at in asked]
    assert answers == [None, "a", None, "a", None, "b"]
    await store.write(lambda c: leases.let_go(c, "telegram:1", "a"))
    assert await store.write(take("a", 52)) == "b"
    await store.write(lambda c: leases.let_go(c, "telegram:1", "b"))
    assert await store.write(take("a", 53)) is None


async def test_who_held_something_when_the_file_was_closed_is_gone(tmp_path):
    for holder in ("first", "second"):
        store = await Store.open(f"sqlite:///{tmp_path}/greenroom.db")
        assert await store.write(take(holder, 0)) is None
        await store.close()
