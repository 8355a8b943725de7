"""What fans ask us to remember: nothing before their yes, all of it shown, and all of it gone when they say so."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from bot.consent import Kind, State
from bot.people import memory
from bot.people.fans import FORGET
from bot.queue import forgetting
from bot.store import consents, people
from tests.integration.desk.test_fans import everything
from tests.integration.operators import PLAIN, operators

MOON = "the colours of the fog on Linux are lovely"
REMEMBERING = (
    "---\nslots: {t: {from: fan.history.thing}, n: {from: fan.call_name}}\n"
    "examples:\n  - {given: {post: love it}, expect: {offered: false}}\n---\n"
    "## variant: known\nwhen: {fan_history: known}\nYou again{% if n %}, {{ n }}{% endif %}"
    "{% if t %}: {{ t }}, you said{% endif %}.\n"
)
NAMING = (
    "---\nslots: {n: {from: fan.call_name, required: true}}\n"
    "examples:\n  - {given: {post: love it}, expect: {offered: false}}\n---\n"
    "## variant: named\nHow good to read this, {{ n }}.\n"
)


@pytest.fixture
async def house(build_house):
    built = build_house()
    built.pipeline = operators("", REMEMBERING, PLAIN)
    await built.open()
    yield built
    await built.close()


async def says(house, line, fan="robin", platform="stage"):
    """A fan writes a command."""
    command, _, words = line.removeprefix("/").partition(" ")
    return await house.fans.answer(command, platform, fan, words)


async def presses(house, value, fan="robin", platform="stage"):
    return await house.fans.press(platform, fan, value)


async def known(house, *things, fan="robin", platform="stage", called=None):
    """A fan who said yes, and told us something."""
    await says(house, "/remember", fan, platform)
    await presses(house, memory.YES, fan, platform)
    for thing in things:
        assert thing in (await says(house, f"/remember {thing}", fan, platform)).text
    if called:
        assert called in (await says(house, f"/callme {called}", fan, platform)).text


async def link(house, first=("stage", "robin"), second=("telegram", "77")):
    """A fan links two accounts; the second answer."""
    code = re.search(r"code is (\w+)", (await says(house, "/link", first[1], first[0])).text)[1]
    return await says(house, f"/link {code}", second[1], second[0])


async def yeses(house, fan="robin", platform="stage"):
    found = await house.store.read(lambda c: consents.of_fan(c, platform, fan))
    return [consent for consent in found if consent.state is State.YES]


async def person(house, fan="robin", platform="stage"):
    return await house.store.read(lambda c: people.of(c, platform, fan))


def values(answer):
    return [button.value for button in answer.buttons]


@pytest.mark.parametrize(
    "line", ["/remember", "/remember I zqplay on Linux", "/callme Zqname", "/link", "/link ZQZQZQZQ", "/mydata"]
)
async def test_nothing_is_kept_before_the_yes(house, line):
    before = await everything(house)
    answer = await says(house, line, fan="zqfan")
    if line != "/mydata":
        assert values(answer) == [memory.YES, memory.NO]
        assert answer.text.startswith(memory.WORDING)
    await presses(house, memory.NO, fan="zqfan")
    assert await everything(house) == before, "not even the no"
    assert await house.events() == []


async def test_the_yes_is_kept_with_what_was_asked_once(house):
    await says(house, "/remember")
    await asyncio.gather(*(presses(house, memory.YES) for _ in range(5)))
    (yes,) = await yeses(house)
    assert (yes.kind, yes.wording, yes.asked_by, yes.post_id) == (Kind.MEMORY, memory.WORDING, None, None)
    assert [e.data["kind"] for e in await house.events("consent_given")] == ["memory"]
    stored = await house.store.export("stage", "robin")
    assert stored["remembered"]["accounts"] == [{"platform": "stage", "fan_id": "robin"}]
    assert stored["consents"][0]["wording"] == memory.WORDING


async def test_five_things_and_each_goes_by_its_own_button(house):
    await known(house, *(f"thing {n}" for n in range(5)), called="Ida")
    full = await says(house, "/remember a sixth")
    assert full.text.startswith(memory.FULL)
    drops = [value for value in values(full) if value.startswith("drop:")]
    assert len(drops) == 5
    for _ in range(2):  # an old button, pressed again, takes nothing else away
        await presses(house, drops[1])
    assert (await person(house)).things == ("thing 0", "thing 2", "thing 3", "thing 4")
    await presses(house, "name")
    assert (await person(house)).call_name is None
    assert "sixth" in (await says(house, "/remember a sixth")).text
    assert (await presses(house, drops[0], fan="kim")).text == memory.OVER, "only the fan's own"
    assert len((await person(house)).things) == 5


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("x" * 101, memory.TOO_LONG),
        ("see https://scam.example", memory.NOT_KEPT),
        ("write @everybody", memory.NOT_KEPT),
        ("mail me: a@b.example", memory.NOT_KEPT),
        ("!!!", memory.NOT_KEPT),
        ("I want to kill myself", memory.NOT_KEPT),
        ("I am 11 years old", memory.TOO_YOUNG),
    ],
)
async def test_what_is_not_kept(house, words, answer):
    await known(house)
    before = await everything(house)
    assert (await says(house, f"/remember {words}")).text == answer
    assert await everything(house) == before


@pytest.mark.parametrize("name", ["Ida", "Captain Fog", "Жанна", "J. R. O'Neil", "Anne-Marie 3"])
async def test_a_name_that_can_be_said(house, name):
    await known(house, called=name)
    assert (await person(house)).call_name == name
    assert (await says(house, "/callme")).text == memory.NAME_GONE
    assert (await person(house)).call_name is None


@pytest.mark.parametrize(
    "name",
    ["@everyone", "everyone", "Admin", "evil.com", "<b>", "https://x.example", "x" * 41, "*Ida*", "99", "fuck you"],
)
async def test_a_name_that_cannot(house, name):
    await known(house)
    assert (await says(house, f"/callme {name}")).text == memory.NO_NAME
    assert (await person(house)).call_name is None


async def test_my_data_says_it_in_words_and_every_yes_can_be_taken_back(house):
    await known(house, "makes lanterns", called="Ida")
    post_id = await house.post(MOON)
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    await house.press(await house.again({"draft_id": draft.id}), "approve")
    await house.send()
    (_, asked) = await house.store.read(lambda c: consents.of_fan(c, "stage", "robin"))
    for value in ("scope:site", "days:30", "as:own"):
        await house.asks.press("stage", "robin", asked.id, value)
    answer = await says(house, "/mydata")
    for words in ("We call you Ida.", "makes lanterns", "to be remembered", "1 March 2026"):
        assert words in answer.text
    assert "Yes, 1 March 2026, on stage, harbor: that something of yours is shown, here and on our site" in answer.text
    assert "until 31 March 2026" in answer.text
    assert len(answer.text) <= 2000
    assert json.loads(answer.file)["remembered"]["things"][0]["text"] == "makes lanterns"
    backs = [value for value in values(answer) if value.startswith("back:")]
    assert len(backs) == len(await yeses(house)) == 2
    assert (await presses(house, backs[0], fan="kim")).text == memory.OVER
    for back in backs:
        await presses(house, back)
        await presses(house, back)
    assert await yeses(house) == []
    assert await person(house) is None
    assert "makes lanterns" not in await everything(house)
    after = await says(house, "/mydata")
    assert after.text.count("Taken back") == 2
    assert after.buttons == ()


async def test_two_accounts_of_one_fan(house):
    await known(house, "plays on Linux", "makes lanterns", called="Ida")
    await known(house, *(f"thing {n}" for n in range(5)), fan="77", platform="telegram", called="Zora")
    answer = await link(house)
    assert "There was no room for “thing 3”, “thing 4”, the name Zora." in answer.text
    one, other = await person(house), await person(house, "77", "telegram")
    assert one == other
    assert (one.call_name, one.things) == ("Ida", ("plays on Linux", "makes lanterns", "thing 0", "thing 1", "thing 2"))
    assert "thing 3" not in await everything(house), "what found no room is kept nowhere"
    assert (await link(house)).text == memory.SAME
    backs = [value for value in values(await says(house, "/mydata", "77", "telegram")) if value.startswith("back:")]
    assert len(backs) == 2
    await presses(house, backs[0], "77", "telegram")
    assert (await person(house), await person(house, "77", "telegram"), await yeses(house)) == (None, None, [])


async def test_a_code_works_once_within_ten_minutes_and_is_stored_as_a_hash(house):
    await known(house)
    await known(house, fan="77", platform="telegram")
    code = re.search(r"code is (\w{8})\.", (await says(house, "/link")).text)[1]
    assert code not in await everything(house)
    house.clock.move(minutes=10)
    assert (await says(house, f"/link {code}", "77", "telegram")).text == memory.NO_CODE
    assert (await says(house, "/link nonsense", "77", "telegram")).text == memory.NO_CODE
    code = re.search(r"code is (\w{8})\.", (await says(house, "/link")).text)[1]
    spelt = f"{code[:4].lower()}-{code[4:].lower()}"
    assert "linked" in (await says(house, f"/link {spelt}", "77", "telegram")).text
    await known(house, fan="kim")
    assert (await says(house, f"/link {code}", "kim")).text == memory.NO_CODE


async def test_a_code_needs_a_yes_on_both_sides(house):
    await known(house)
    answer = await link(house)
    assert answer.text.startswith(memory.WORDING)
    assert await person(house, "77", "telegram") is None


@pytest.mark.parametrize("after", [False, True])
async def test_nothing_is_remembered_of_a_child(house, after):
    if after:
        await known(house, "makes lanterns")
    post = await house.draft("I'm 11 and my school is in Brighton, write me at 0123 456789", mentions_us=True)
    assert "minor" in post["risk"]
    for line in ("/remember", "/remember makes kites", "/callme Ida", "/link"):
        answer = await says(house, line)
        assert (answer.text, answer.buttons) == (memory.TOO_YOUNG, ())
    assert (await presses(house, memory.YES)).text == memory.TOO_YOUNG
    assert (await house.desk.draft(post["draft_id"])).remembered == ""
    reply = await house.draft(MOON, mentions_us=True)
    assert "You again" not in str(reply)
    await known(house, fan="77", platform="telegram")
    if after:
        backs = [value for value in values(await says(house, "/mydata")) if value.startswith("back:")]
        await presses(house, backs[0])
        assert await person(house) is None, "it can be ended all the same"


async def test_memory_is_for_fans(house):
    await house.post("hello all", fan="tess", staff=True)
    assert (await says(house, "/remember", "tess")).text == memory.FOR_FANS
    assert (await presses(house, memory.YES, "tess")).text == memory.FOR_FANS
    assert await person(house, "tess") is None


async def test_a_reply_speaks_of_it_only_to_whom_it_is_about_and_who_speaks_to_us(house):
    await known(house, "I play on Linux", called="Ida")
    await house.desk.forget("stage", "kim")
    spoken_to = await house.draft(MOON, mentions_us=True)
    assert spoken_to["text"] == "You again, Ida: I play on Linux, you said."
    assert (await house.desk.draft(spoken_to["draft_id"])).remembered == (
        "Remembered since March 2026, as Ida: I play on Linux"
    )
    for more in ({"channel": "pier"}, {"fan": "kim", "mentions_us": True}):
        other = await house.draft(MOON, **more)
        assert "You again" not in str(other)
    assert (await house.desk.draft(other["draft_id"])).remembered == ""


@pytest.mark.parametrize("when", ["waiting", "held", "in flight"])
@pytest.mark.parametrize("what", ["back", "drop", "forget"])
async def test_what_is_taken_back_is_not_said_any_more(house, when, what):
    await known(house, "I play on Linux")
    post_id = await house.post(MOON, mentions_us=True)
    card = await house.draft_of(post_id)
    assert "Linux" in card["text"]
    button = next(
        value for value in values(await says(house, "/mydata")) if value.startswith(f"{what}:") or what == "forget"
    )

    async def end(_=None):
        house.stage.meanwhile = None
        await (presses(house, FORGET) if what == "forget" else presses(house, button))

    if when != "waiting":
        await house.press(card, "approve")
    if when == "in flight":
        house.stage.script.append("later")
        house.stage.meanwhile = end
        await house.send()
    else:
        await end()
    await house.quiet()
    await house.send()
    assert "Linux" not in "".join(delivery.text or "" for delivery in house.stage.sent)
    assert (await house.again(card))["state"] in {"withdrawn", "expired"}
    if what != "forget" and when != "in flight":
        assert "I play on" not in str(await house.draft_of(post_id)), "it is drafted anew without it"


async def test_the_name_that_a_fan_asked_for_goes_with_the_memory(build_house):
    house = build_house()
    house.pipeline = operators("", NAMING, PLAIN)
    await house.open()
    await known(house, called="Zora")
    card = await house.draft("love the harbor", name="Robin")
    assert "Zora" in json.dumps(card)
    await says(house, "/callme")
    assert (await house.again(card))["state"] == "withdrawn"
    await house.close()


async def test_a_question_that_is_put_while_a_fan_is_forgotten_goes_too(house):
    post_id = await house.post(f"{MOON} zqmarker", fan="zqid", name="Zqname")
    now = house.clock.now()
    await house.store.write(lambda c: forgetting._begin(c, "stage", "zqid", now))
    assert (await says(house, "/remember", "zqid")).text == memory.BEING_FORGOTTEN
    await house.asks.propose(Kind.STAGE, post_id, "mara")
    await forgetting.finish(house.store, now)
    assert "zq" not in (await everything(house)).casefold()


async def test_all_linked_accounts_are_forgotten_together(house):
    await known(house, "zqthing", fan="zqid", called="Zqname")
    await known(house, fan="zq77", platform="telegram")
    await link(house, ("stage", "zqid"), ("telegram", "zq77"))
    await house.post(MOON, fan="zqid", name="Zqname")
    await house.post(f"{MOON} zqmarker", fan="zq77", name="Zqother", platform="telegram")
    await presses(house, FORGET, "zq77", "telegram")
    assert "zq" not in (await everything(house)).casefold()


async def test_what_one_account_told_does_not_stay_in_replies_to_the_other(house):
    await known(house, "I play on Linux zqthing", fan="zqid")
    await known(house, fan="77", platform="telegram")
    await link(house, ("stage", "zqid"), ("telegram", "77"))
    card = await house.draft(MOON, fan="77", platform="telegram", mentions_us=True)
    assert "zqthing" in card["text"]
    back = next(value for value in values(await says(house, "/mydata", "77", "telegram")) if value.startswith("back:"))
    await presses(house, back, "77", "telegram")
    await presses(house, FORGET, "zqid")
    assert "zq" not in (await everything(house)).casefold()


@pytest.mark.parametrize("ends", ["/forget", "back"])
async def test_what_is_on_stage_is_taken_down_and_noted_no_more(house, ends):
    await known(house)
    post_id = await house.post(f"{MOON} zqmarker", name="Zqname")
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    await house.press(await house.again({"draft_id": draft.id}), "approve")
    await house.send()
    asked = await house.store.read(lambda c: consents.asked_by_draft(c, draft.id))
    for value in ("scope:here", "days:0", "as:shown"):
        await house.asks.press("stage", "robin", asked.id, value)
    (shown,) = await house.store.read(lambda c: consents.drafts_needing(c, asked.id))
    await house.press(await house.again({"draft_id": shown}), "approve")
    await house.send()
    on_stage = house.stage.sent[-1].nonce
    assert house.stage.nonces[on_stage] in house.stage.shown
    assert "was on stage here" in (await says(house, "/mydata")).text
    if ends == "back":
        await presses(house, f"back:{asked.id}")
        assert "was on stage" not in (await says(house, "/mydata")).text
    else:
        await presses(house, FORGET)
    await house.send()
    assert house.stage.nonces[on_stage] not in house.stage.shown
    assert ends == "back" or "zq" not in (await everything(house)).casefold()


async def test_old_codes_do_not_stay(house):
    await known(house)
    await says(house, "/link")
    house.clock.move(minutes=11)
    await house.rounds.once()
    assert await house.store.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM link_codes").scalar()) == 0
