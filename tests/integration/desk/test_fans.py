"""Caps, opting out, reading and erasing what is stored."""

import pytest
from sqlalchemy import inspect
from sqlalchemy import text as sql

from bot.domain import DeliveryState
from bot.people.fans import NOT_STOPPED, STARTED, Fans

PRAISE = "the colours on the map are gorgeous"
QUESTION = "how do I save"


async def everything(house):
    """All rows of all tables as one text."""

    def read(connection):
        tables = inspect(connection).get_table_names()
        rows = (connection.execute(sql(f"SELECT * FROM {name}")) for name in tables)  # noqa: S608 - from the database
        return "\n".join(str(tuple(row)) for table in rows for row in table)

    return await house.store.read(read)


@pytest.mark.parametrize("cap", ["per_fan: 1/1d, per_channel: null", "per_fan: null, per_channel: 1/1d"])
async def test_a_cap_counts_no_reply_that_only_waits(open_house, cap):
    async with open_house(f"{cap}, expire_after: 1h") as house:
        await house.draft(PRAISE)
        assert (await house.draft("love the harbor"))["kind"] == "draft"


@pytest.mark.parametrize("text", [QUESTION, "are you a bot?", "what data do you store about me?", "the app crashes"])
async def test_a_cap_never_silences_who_asks_or_complains(open_house, text):
    async with open_house("per_fan: 1/1d, per_channel: 1/1d") as house:
        await house.sent()
        assert (await house.store.post_page(await house.post("love it"))).post.reason_code == "cap"
        page = await house.store.post_page(await house.post(text))
        assert page.post.action != "silent"
        assert page.post.reason_code != "cap"


async def test_a_cap_counts_what_was_sent_until_its_time_is_over(open_house):
    async with open_house("per_fan: 1/1d, per_channel: null") as house:
        await house.sent()
        assert (await house.store.post_page(await house.post("love it"))).post.reason_code == "cap"
        house.clock.move(days=1)
        assert (await house.draft("love it"))["kind"] == "draft"


async def test_follow_ups_and_the_lobby_are_exempt(open_house):
    async with open_house("per_fan: 1/1d, per_channel: 1/1d") as house:
        card = await house.sent()
        message = (await house.reply(card["post"]["post_id"])).external_id
        follow_up = await house.draft("the fog in the last level is lovely", reply_to=message)
        assert follow_up["kind"] == "draft"
        for n in range(3):
            lobby = await house.draft(PRAISE, fan=f"visitor{n}", channel="lobby", platform="web")
            assert lobby["kind"] == "draft"


async def test_opting_out_withdraws_and_silences(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    await house.fans.answer("stop", "stage", "robin")
    assert (await house.again(card))["state"] == "withdrawn"
    await house.send()
    assert house.stage.sent == []
    page = await house.store.post_page(await house.post("love it"))
    assert (page.post.action, page.post.reason_code) == ("silent", "opted_out")
    assert (await house.store.export("stage", "robin"))["opted_out_at"]


@pytest.mark.parametrize("waits", ["waiting", "held", "failed", "sent"])
async def test_opting_out_ends_what_did_not_go_out_and_nothing_else(house, waits):
    card = await house.draft(PRAISE)
    if waits != "waiting":
        await house.press(card, "approve")
    if waits in {"failed", "sent"}:
        house.stage.script.append({"failed": "refused", "sent": "sent"}[waits])
        await house.send()
    others = await house.draft(PRAISE, fan="kim", channel="pier")
    await house.fans.answer("stop", "stage", "robin")
    assert (await house.again(card))["state"] == ("approved" if waits == "sent" else "withdrawn")
    assert (await house.again(others))["state"] == "waiting"


async def test_start_brings_replies_back_and_leaves_nothing_behind(house):
    fans = Fans(house.store, house.settings, house.clock)
    assert (await fans.answer("start", "stage", "robin")).text == NOT_STOPPED
    assert "/start" in (await fans.answer("stop", "stage", "robin")).text
    assert (await fans.answer("mydata", "stage", "robin")).file
    assert (await house.store.post_page(await house.post("love it"))).post.reason_code == "opted_out"
    assert (await fans.answer("start", "stage", "robin")).text == STARTED
    assert (await house.draft("love the harbor"))["kind"] == "draft"
    await fans.answer("start", "stage", "kim")
    assert "kim" not in await everything(house), "who asks for nothing leaves nothing"
    assert (await fans.answer("mydata", "stage", "kim")).file is None


async def test_my_data_says_in_a_sentence_how_many_posts_are_stored(house):
    await house.fans.answer("stop", "stage", "robin")
    assert "None of your posts is stored." in (await house.fans.answer("mydata", "stage", "robin")).text
    await house.post("love it")
    assert "1 post of yours is stored." in (await house.fans.answer("mydata", "stage", "robin")).text
    await house.post("love it still")
    assert "2 posts of yours are stored." in (await house.fans.answer("mydata", "stage", "robin")).text


async def test_start_after_stop_leaves_no_row(house):
    fans = Fans(house.store, house.settings, house.clock)
    await fans.answer("stop", "stage", "zqid")
    await fans.answer("start", "stage", "zqid")
    assert "zqid" not in await everything(house)
    assert len(await house.events("fan_opted_in")) == 1


async def test_somebody_in_danger_is_seen_even_so(house):
    before = await house.draft("I want to kill myself")
    await house.fans.answer("stop", "stage", "robin")
    assert (await house.again(before))["state"] == "waiting"
    after = await house.draft("I want to kill myself, really")
    assert (after["kind"], after["state"]) == ("handoff", "waiting")


async def test_the_export_has_it_all(house):
    card = await house.sent(f"{PRAISE} zqfirst")
    await house.post("fog again on the way to work zqsecond")
    await house.post("love it", fan="kim")
    export = await house.store.export("stage", "robin")
    assert [p["text"] for p in export["posts"]] == [f"{PRAISE} zqfirst", "fog again on the way to work zqsecond"]
    assert [r["text"] for r in export["replies"]] == [card["text"]]
    assert (await house.store.export("stage", "nobody"))["posts"] == []


@pytest.mark.parametrize("when", ["waiting", "held", "sent", "uncertain", "failed", "silent", "rejected"])
async def test_a_forgotten_fan_is_nowhere(house, when):
    text = f"{'fog again on the way to work' if when == 'silent' else PRAISE} zqmarker"
    post_id = await house.post(text, fan="zqid", name="Zqname", key="first")
    card = None
    if when != "silent":
        card = await house.draft_of(post_id)
        if when == "rejected":
            await house.press(card, "reject", reason="zqmarker says so", key="second")
        elif when != "waiting":
            await house.press(card, "edit", text="Where, zqmarker?", key="third")
        if when in {"sent", "uncertain", "failed"}:
            house.stage.script.append({"sent": "sent", "uncertain": "unsure arrived", "failed": "refused"}[when])
            await house.send()
    await house.desk.forget("stage", "zqid")
    assert "zq" not in (await everything(house)).casefold()
    page = await house.store.post_page(post_id)
    assert (page.post.action, bool(page.post.reason)) == (page.post.action, True)
    assert page.post.action
    assert not await house.intake.edit(post_id, "zqmarker comes back")
    assert await house.asked(post_id) is None
    if card:
        for action in ("approve", "retry", "undo"):
            await house.refused(card, action)
    await house.send()
    assert len(house.stage.sent) == (when in {"sent", "uncertain"})


async def test_what_others_were_shown_of_a_forgotten_fan_goes_too(house):
    await house.post("the sound is broken since the update zqmarker", fan="zqid", name="Zqname", external_id="root")
    kim = await house.post("how do I save?", fan="kim", reply_to="root")
    card = await house.asked(kim)
    assert "zqmarker" in str(card["thread"])
    await house.press(card, "open", key="k")
    await house.desk.forget("stage", "zqid")
    assert "zq" not in (await everything(house)).casefold()


async def test_a_helper_who_is_forgotten_is_not_named(house):
    asked = house.clock.now()  # the answer is seen before the question
    await house.post("You save at the red lamp near the pier.", fan="zqid", name="Zqname", reply_to="q")
    page = await house.store.post_page(await house.post(QUESTION, fan="kim", external_id="q", at=asked))
    assert page.post.reason_code == "answered"
    await house.desk.forget("stage", "zqid")
    assert "zq" not in (await everything(house)).casefold()


async def test_an_opt_out_outlives_the_fan(house):
    await house.post(PRAISE)
    await house.fans.answer("stop", "stage", "robin")
    await house.desk.forget("stage", "robin")
    page = await house.store.post_page(await house.post("love it"))
    assert page.post.reason_code == "opted_out"


async def test_forgetting_during_a_send(house):
    card = await house.draft(f"{PRAISE} zqmarker", fan="zqid", name="Zqname")
    await house.press(card, "approve")

    async def forget(_):
        await house.desk.forget("stage", "zqid")

    house.stage.meanwhile = forget
    house.stage.script.append("later")
    await house.send()
    house.stage.meanwhile = None
    await house.send()
    assert house.stage.sent == []
    assert (await house.reply(card["post"]["post_id"])).state is DeliveryState.RECALLED
    assert "zq" not in (await everything(house)).casefold()
