"""What must hold whatever the language model does, each law by itself. tests/integration/machine mixes them all."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.assistant.helper import Helper
from bot.assistant.port import Assistant
from bot.domain import DraftState, Note
from bot.people.fans import FORGET
from bot.queue import assisted, forgetting
from bot.store import assistant, events, fans, notes, people, tables
from responders.library.model import Fact
from responders.pipeline import build
from tests.fakes.assistant import MODEL, Turn, says
from tests.fakes.reader import Says
from tests.fakes.reads import Torn
from tests.integration.conftest import DARK, UNCLEAR
from tests.model import reader

pytestmark = pytest.mark.whole

PRAISE = "the fog in the last level is lovely"
CRISIS = "I want to kill myself"
WORDS = "Thank you so much."


@pytest.fixture(autouse=True)
def _says_thanks(fake):
    fake.rule = lambda _: says(WORDS)


async def look(house, draft_id):
    now = house.clock.now()
    return await house.store.read(lambda c: assisted.look(c, draft_id, house.settings, now))


async def claim(house, question):
    now = house.clock.now()
    return await house.store.write(lambda c: assisted.claim(c, question, house.settings, 100, now))


async def command(house, name, fan="robin", words=""):
    return (await house.fans.answer(name, "stage", fan, words)).text


async def presses(house, value):
    return (await house.fans.press("stage", "robin", value)).text


# What comes onto the card


async def test_its_words_are_one_more_alternative_and_take_nothing_away(helped):
    house = helped.house
    first = await house.draft(PRAISE)
    await helped.ended()
    card = await house.again(first)
    assert (card["revision"], card["text"]) == (first["revision"], first["text"])
    *others, last = card["alternatives"]
    assert others == first["alternatives"]
    assert (last["text"], last["by_model"], last["template"], last["variant"]) == (
        *(WORDS, True, "assistant"),
        "small-model",
    )
    assert not any(other["by_model"] for other in (card, *others))
    await house.press(first, "approve")  # as it was seen before the model answered
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).text == first["text"]


async def test_they_leave_by_a_yes_to_exactly_those_words_alone(helped):
    house = helped.house
    card = await helped.card(PRAISE)
    laid = await house.press(card, "reword", alternative=3)
    assert (laid["text"], laid["by_model"], laid["revision"]) == (WORDS, True, card["revision"] + 1)
    assert (await house.refused(card, "approve")).code == "stale_revision"
    await house.send()
    assert house.stage.sent == []
    await house.press(laid, "approve")
    await house.send()
    assert [delivery.text for delivery in house.stage.sent] == [WORDS]


async def test_a_yes_that_is_taken_back_leaves_the_same_words(helped):
    house = helped.house
    card = await helped.card(PRAISE)
    laid = await house.press(card, "reword", alternative=3)
    sent = await house.press(laid, "approve")
    back = await house.press(sent, "undo")
    assert (back["text"], back["by_model"], back["state"]) == (WORDS, True, "waiting")


async def test_on_a_hand_off_they_are_a_ready_reply_with_a_number_of_its_own(open_helped, torn):
    async with open_helped(pipeline=torn) as helped:
        house = helped.house
        first = await house.draft(UNCLEAR)
        await helped.ended()
        card = await house.again(first)
        number = len(first["alternatives"]) + 1
        assert card["revision"] == first["revision"]
        assert card["alternatives"][number - 1]["text"] == WORDS
        await house.press(card, "approve", alternative=number)
        await house.send()
        assert [delivery.text for delivery in house.stage.sent] == [WORDS]


async def test_words_that_a_manager_changes_are_the_managers(helped):
    house = helped.house
    laid = await house.press(await helped.card(PRAISE), "reword", alternative=3)
    mine = await house.press(laid, "propose", text="Lovely of you.")
    assert (mine["own_words"], mine["by_model"]) == (True, False)


@pytest.mark.parametrize(
    "reply", ["@everyone thank you!", "We will fix it by Friday.", "Look at https://evil.example", "I am a human."]
)
async def test_what_a_check_stops_never_gets_there_and_is_counted_without_its_words(helped, reply):
    helped.fake.rule = lambda _: says(reply)
    card = await helped.card(PRAISE)
    (row,) = await helped.rows()
    assert row["outcome"] == "blocked"
    assert row["checks"]
    assert not any(other["by_model"] for other in card["alternatives"])
    assert reply not in json.dumps(row, default=str)


@pytest.mark.parametrize("said", ["", "{", "[]", '{"reply": 7}', "Sure, here you are: thank you."])
async def test_nonsense_changes_nothing(helped, said):
    helped.fake.rule = lambda _: said
    card = await helped.card(PRAISE)
    assert [row["outcome"] for row in await helped.rows()] == ["nonsense"]
    assert not any(other["by_model"] for other in card["alternatives"])


async def test_nothing_to_say_changes_nothing(helped):
    helped.fake.rule = lambda _: says(None)
    card = await helped.card(PRAISE)
    assert [row["outcome"] for row in await helped.rows()] == ["nothing"]
    assert len(card["alternatives"]) == 2


async def test_words_that_are_on_the_card_already_are_not_put_there_again(helped):
    helped.fake.rule = lambda _: says("Which part of it stays with you most?")
    card = await helped.card(PRAISE)
    assert not any(other["by_model"] for other in card["alternatives"])


# Whom and what it never sees


async def test_a_post_at_a_gate_or_near_one_is_never_seen(open_helped, torn):
    async with open_helped(pipeline=torn) as helped:
        for text in (CRISIS, DARK):
            await helped.house.draft(text, fan="sam", channel="pier")
        await helped.card(PRAISE)
        seen = "".join(asked.words for asked in helped.fake.seen)
        assert helped.fake.calls == 1
        assert CRISIS not in seen
        assert DARK not in seen


async def test_a_post_that_may_mean_more_than_it_says_is_never_seen(open_helped, pipeline):
    """No alarm was raised, but nothing would be offered for one press either."""
    grave = "the fog is all I see"
    says_ = Says(intents={"praise": 0.9, "crisis": 0.03}, situations=(("praise_for_looks", "praise", 0.8),))
    torn = build(pipeline.library, reads=Torn(reader().model(None)[0], {grave: says_}))
    async with open_helped(pipeline=torn) as helped:
        card = await helped.card(grave)
        assert (card["alarms"], card["kind"]) == ([], "handoff")
        assert [row["outcome"] for row in await helped.rows()] == ["left_out"]
        assert helped.fake.calls == 0


async def test_whoever_said_stop_or_noai_is_never_seen_and_off_undoes_it(helped):
    house = helped.house
    await command(house, "noai", "sam")
    await house.draft("love the harbor", fan="sam", channel="pier")
    await command(house, "stop", "kim")
    await house.post("best game this year", fan="kim", channel="quay")
    await helped.card(PRAISE)
    assert helped.fake.calls == 1
    await command(house, "noai", "sam", "off")
    await helped.ended(2)
    assert "love the harbor" in helped.fake.seen[1].words


async def test_a_no_counts_on_linked_accounts_too(helped):
    house = helped.house

    def link(connection):
        person = people.remember(connection, "stage", "sam", house.clock.now())
        people.attach(connection, "web", "sam-web", person)
        fans.decline_assistant(connection, "web", "sam-web", house.clock.now())

    await house.store.write(link)
    await house.draft("love the harbor", fan="sam", channel="pier")
    await helped.card(PRAISE)
    assert helped.fake.calls == 1
    await command(house, "noai", "sam", "off")
    await helped.ended(2)


async def test_others_in_the_thread_who_said_no_or_are_in_danger_are_left_out(helped):
    house = helped.house
    await command(house, "noai", "sam")
    await house.post("is the map any good?", fan="tom-fan", external_id="p-root")
    for fan, text in (("sam", "zqsam likes no models"), ("lee", CRISIS), ("ada", "the green one by the pier")):
        await house.post(text, fan=fan, name=fan.title(), reply_to="p-root")
    await helped.card(PRAISE, reply_to="p-root", mentions_us=True)
    words = next(asked.words for asked in helped.fake.seen if PRAISE in asked.words)
    assert "the green one by the pier" in words
    assert "zqsam" not in words
    assert CRISIS not in "".join(asked.words for asked in helped.fake.seen)


async def test_words_that_a_post_quotes_are_given_only_if_their_author_allows_it(open_helped):
    async with open_helped(start=False) as helped:
        house = helped.house
        await house.post("is the map any good?", fan="sam", external_id="p-root")
        quoting = {"reply_to": "p-root", "mentions_us": True, "quote": "any good"}
        card = await house.draft(PRAISE, **quoting)
        assert (await look(house, card["draft_id"])).seen[0].quote == "any good"
        await command(house, "noai", "sam")
        assert (await look(house, card["draft_id"])).seen[0].quote == ""
        unknown = await house.draft("love the harbor", **{**quoting, "reply_to": "from-before-us"})
        assert (await look(house, unknown["draft_id"])).seen[0].quote == ""


@pytest.mark.parametrize("change", ["noai", "stop", "forget", "edit", "delete", "hold", "open", "reword", "reject"])
async def test_what_happens_between_the_look_and_the_question_stops_the_question(open_helped, change):
    async with open_helped(start=False) as helped:
        house = helped.house
        card = await house.draft(PRAISE)
        question = await look(house, card["draft_id"])
        assert question
        await happen(house, card, change)
        assert not await claim(house, question)
        assert await helped.rows() == []


async def happen(house, card, change):
    post_id = card["post"]["post_id"]
    match change:
        case "noai" | "stop":
            await command(house, change)
        case "forget":
            await forgetting.forget(house.store, "stage", "robin", house.clock.now())
        case "edit":
            await house.intake.edit(post_id, "the fog in the first level is lovely")
        case "delete":
            await house.intake.delete(post_id)
        case "hold":
            await house.desk.hold("mara", "A wrong price is out")
        case _:
            await house.press(card, change)


async def test_a_no_of_somebody_in_the_thread_stops_the_question_too(open_helped):
    async with open_helped(start=False) as helped:
        house = helped.house
        await house.post("is the map any good?", fan="sam", external_id="p-root")
        card = await house.draft(PRAISE, reply_to="p-root", mentions_us=True)
        question = await look(house, card["draft_id"])
        assert "is the map any good?" in str(question.seen[1].before)
        await command(house, "noai", "sam")
        assert not await claim(house, question)
        again = await look(house, card["draft_id"])
        assert "is the map any good?" not in str(again.seen[1].before)
        assert await claim(house, again)


async def test_posts_from_before_it_was_switched_on_are_never_seen(open_helped):
    async with open_helped(start=False) as helped:
        house = helped.house
        await helped.switch(None)
        await house.post("is the map any good?", fan="sam", external_id="p-root")
        waits = await house.draft("love the harbor", channel="pier")
        house.clock.move(seconds=1)
        await helped.switch(MODEL)
        card = await house.draft(PRAISE, reply_to="p-root", mentions_us=True)
        assert await look(house, waits["draft_id"]) is None
        assert "is the map any good?" not in str((await look(house, card["draft_id"])).seen)
        helped.start()
        await helped.ended()
        assert [row["draft_id"] for row in await helped.rows()] == [card["draft_id"]]


@pytest.mark.parametrize(
    ("model", "host", "asked"),
    [(MODEL, "127.0.0.1", True), (MODEL, "other.example", False), ("other", "127.0.0.1", False)],
)
async def test_a_restart_asks_about_what_waits_but_another_model_does_not(open_helped, model, host, asked):
    async with open_helped(start=False) as helped:
        house = helped.house
        card = await house.draft(PRAISE)
        house.clock.move(seconds=1)
        await helped.switch(model, host)
        assert (await look(house, card["draft_id"]) is not None) is asked


async def test_that_it_is_on_outlives_the_trail(open_helped):
    async with open_helped(start=False) as helped:
        house = helped.house
        house.clock.move(days=800)
        await house.store.write(lambda c: events.drop_before(c, house.clock.now()))
        card = await house.draft(PRAISE)
        assert await look(house, card["draft_id"])


@pytest.mark.parametrize(
    "change", ["open", "reword", "propose", "fill", "undo", "woken", "note", "relabel", "handover"]
)
async def test_a_post_that_a_manager_has_touched_is_never_seen(open_helped, change):
    async with open_helped(start=False) as helped:
        house = helped.house
        card = await house.draft("how do I save please" if change == "fill" else PRAISE)
        post_id = card["post"]["post_id"]
        match change:
            case "undo":
                await house.press(await house.press(card, "approve"), "undo")
            case "woken":
                await house.press(card, "snooze", minutes=1)
                house.clock.move(minutes=2)
                await house.rounds.once()
            case "note":
                note = Note(id="n1", by="tom", at=house.clock.now(), text="I know them")
                assert await house.store.write(lambda c: notes.add(c, note, post_id))
            case "fill":
                await house.press(card, "fill", slots={"tip": "Touch the lamp."})
            case _:
                more = {"propose": {"text": "Our own words."}, "relabel": {"intent": "complaint"}}.get(change, {})
                await house.press(card, change, **more)
        await house.quiet()
        assert (change in ("relabel", "handover")) == ((await house.again(card))["state"] == "superseded")
        helper = helped.make()
        assert await helper.begin() == 0
        ids = await house.store.read(lambda c: list(c.execute(select(tables.drafts.c.id)).scalars()))
        assert [await look(house, draft_id) for draft_id in ids] == [None] * len(ids)


# What happens while it is asked


@pytest.mark.parametrize("change", ["noai", "stop", "forget", "edit", "delete", "hold", "reword", "reject", "approve"])
async def test_an_answer_to_what_is_no_longer_so_is_dropped(helped, change):
    house, turn = helped.house, helped.fake.next(Turn(hold=True))
    card = await house.draft(PRAISE)
    await turn.reached.wait()
    if change == "hold":
        await house.desk.hold("mara", "A wrong price is out")
    else:
        await happen(house, card, change)
    turn.go.set()
    rows = await helped.ended()
    assert rows[0]["outcome"] == "void"
    after = await house.again(card)
    assert not any(other["by_model"] for other in (after, *after["alternatives"]))


async def test_a_card_that_somebody_opened_meanwhile_still_takes_one_more_wording(helped):
    house, turn = helped.house, helped.fake.next(Turn(hold=True))
    card = await house.draft(PRAISE)
    await turn.reached.wait()
    await house.press(card, "open")
    turn.go.set()
    await helped.ended()
    assert (await house.again(card))["alternatives"][-1]["text"] == WORDS


async def test_an_expired_draft_takes_nothing(helped):
    house, turn = helped.house, helped.fake.next(Turn(hold=True))
    card = await house.draft(PRAISE)
    await turn.reached.wait()
    house.clock.move(hours=25)
    await house.rounds.once()
    turn.go.set()
    assert [row["outcome"] for row in await helped.ended()] == ["void"]
    assert (await house.again(card))["state"] == DraftState.EXPIRED


async def test_two_processes_ask_once(open_helped):
    async with open_helped(start=False) as helped:
        card = await helped.house.draft(PRAISE)
        one, other = helped.make(), helped.make()
        asked = await asyncio.gather(one.ask(card["draft_id"]), other.ask(card["draft_id"]))
        assert sorted(asked) == [False, True]
        assert helped.fake.calls == 1


async def test_after_a_stop_in_the_middle_a_card_is_not_asked_about_again_and_is_as_it_was(open_helped, fake):
    async with open_helped() as helped:
        house, turn = helped.house, fake.next(Turn(hold=True))
        card = await house.draft(PRAISE)
        await turn.reached.wait()
        await helped.stop()  # ends at once, though the server never answers
        assert await house.again(card) == card
        helped.start()
        await helped.card("love the harbor", channel="pier")
        assert fake.calls == 2
        assert [row["outcome"] for row in await helped.rows()] == [None, "answered"]


async def test_a_model_that_takes_too_long_is_left(open_helped, fake):
    async with open_helped("timeout: 1s") as helped:
        fake.next(Turn(hold=True))
        card = await helped.card(PRAISE)
        assert [row["outcome"] for row in await helped.rows()] == ["late"]
        assert len(card["alternatives"]) == 2


class Broken(Assistant):
    """One of somebody else's, with a fault."""

    name = "broken"

    def __init__(self, section, key):
        pass

    async def ask(self, brief):
        raise ZeroDivisionError

    async def aclose(self):
        pass


class Endless(Broken):
    """One that keeps no time."""

    async def ask(self, brief):
        await asyncio.Event().wait()


async def test_an_assistant_that_keeps_no_time_is_left_when_it_is_over(open_helped):
    async with open_helped("timeout: 1s", start=False) as helped:
        house, section = helped.house, helped.house.settings.assistant
        helper = Helper(
            *(house.store, house.settings, house.clock, lambda: house.pipeline, Endless(section, None)),
            section=section,
            text_limit=lambda _: 2000,
        )
        assert await helper.ask((await house.draft(PRAISE))["draft_id"])
        assert [row["outcome"] for row in await helped.rows()] == ["late"]


async def test_a_fault_of_an_assistant_costs_a_wording_and_nothing_else(open_helped):
    async with open_helped(start=False) as helped:
        house, section = helped.house, helped.house.settings.assistant
        helper = Helper(
            *(house.store, house.settings, house.clock, lambda: house.pipeline, Broken(section, None)),
            section=section,
            text_limit=lambda _: 2000,
        )
        card = await house.draft(PRAISE)
        assert await helper.ask(card["draft_id"])
        assert [row["outcome"] for row in await helped.rows()] == ["down"]
        assert await house.again(card) == card
        assert "ZeroDivisionError" in helper.circuit.why


# A no that comes later


def by_model(card):
    return [words["by_model"] for words in (card, *card["alternatives"])].count(True)


async def test_a_later_no_takes_its_words_off_the_card(helped):
    house = helped.house
    card = await helped.card(PRAISE)
    other = await helped.card("love the harbor", fan="sam", channel="pier")
    await command(house, "noai")
    after = await house.again(card)
    assert (by_model(card), by_model(after), by_model(await house.again(other))) == (1, 0, 1)
    assert (after["text"], after["state"]) == (card["text"], "waiting")
    assert after["alternatives"] == card["alternatives"][:-1]
    assert (await house.refused(card, "approve")).code == "stale_revision"
    (taken_off,) = await house.events("assistant_taken_off")
    assert (taken_off.draft_id, taken_off.by, taken_off.data) == (card["draft_id"], None, {})
    await command(house, "noai")
    assert await house.again(card) == after


async def test_where_its_words_lie_on_the_card_the_next_wording_takes_their_place(helped):
    house = helped.house
    card = await helped.card(PRAISE)
    laid = await house.press(card, "reword", alternative=3)
    assert (laid["text"], laid["by_model"]) == (WORDS, True)
    await command(house, "noai")
    after = await house.again(card)
    assert (after["text"], by_model(after), after["kind"]) == (laid["alternatives"][0]["text"], 0, "draft")
    assert len(after["alternatives"]) == len(card["alternatives"]) - 1
    await house.press(after, "approve")


async def test_where_its_words_lie_on_a_hand_off_it_is_a_choice_again(open_helped, torn):
    async with open_helped(pipeline=torn) as helped:
        house = helped.house
        card = await helped.card(UNCLEAR)
        laid = await house.press(card, "reword", alternative=len(card["alternatives"]))
        assert (laid["kind"], laid["by_model"]) == ("draft", True)
        await command(house, "noai")
        after = await house.again(card)
        assert (after["kind"], after["text"], after["template"]) == ("handoff", None, None)
        assert after["alternatives"] == card["alternatives"][:-1]
        await house.press(after, "approve", alternative=1)


@pytest.mark.parametrize("back", ["undo", "hold"])
async def test_what_was_approved_goes_out_and_what_waits_again_is_without_its_words(helped, back):
    house = helped.house
    laid = await house.press(await helped.card(PRAISE), "reword", alternative=3)
    done = await house.press(laid, "approve")
    await command(house, "noai")
    assert (await house.again(done))["text"] == WORDS
    if back == "undo":
        await house.press(done, "undo")
    else:
        await house.desk.hold("mara", "A wrong price is out")
    after = await house.again(done)
    assert (after["state"], by_model(after)) == ("waiting", 0)
    assert after["text"] != WORDS


async def test_a_manager_who_wrote_over_its_words_keeps_theirs_and_a_snoozed_card_loses_them_too(helped):
    house = helped.house
    own = await house.press(await helped.card(PRAISE), "propose", text=f"{WORDS} Truly.")
    snoozed = await house.press(await helped.card("love the harbor", channel="pier"), "snooze")
    await command(house, "noai")
    assert (await house.again(own))["text"] == f"{WORDS} Truly."
    after = await house.again(snoozed)
    assert (after["state"], by_model(after)) == ("snoozed", 0)


async def test_a_no_on_one_account_and_a_link_later_clear_the_cards_of_the_other(helped):
    house = helped.house
    card = await helped.card(PRAISE)
    await house.store.write(lambda c: fans.decline_assistant(c, "web", "robin-web", house.clock.now()))
    for platform, fan_id in (("stage", "robin"), ("web", "robin-web")):
        await house.store.write(lambda c, p=platform, f=fan_id: people.remember(c, p, f, house.clock.now()))
    code = (await command(house, "link")).split()[3].rstrip(".")
    assert "linked" in (await house.fans.answer("link", "web", "robin-web", code)).text
    assert by_model(await house.again(card)) == 0


# How often it is asked


async def test_the_days_questions_are_counted_by_utc(open_helped, fake):
    async with open_helped("per_day: 2") as helped:
        house = helped.house
        for channel in "abc":
            await helped.card(PRAISE, channel=channel, fan=f"fan-{channel}")
        assert [row["outcome"] for row in await helped.rows()] == ["answered", "answered", "over_budget"]
        assert fake.calls == 2
        house.clock.move(hours=12)
        await helped.card(PRAISE, channel="d", fan="fan-d")
        assert fake.calls == 3


async def test_a_model_that_fails_is_left_alone_for_a_while_then_one_question_tries_it(open_helped, fake):
    fake.next(Turn(status=500, times=3))
    async with open_helped(start=False) as helped:
        house, helper = helped.house, helped.make()
        for channel in "abcde":
            card = await house.draft(PRAISE, channel=channel, fan=f"fan-{channel}")
            if channel in "abc":
                await helper.ask(card["draft_id"])
        assert "500" in helper.rests
        assert await helper.begin() == 0
        house.clock.move(seconds=31)
        assert helper.rests is None
        assert await helper.begin() == 1
        assert await helper.begin() == 0, "one question tries it"
        await helped.ended(4)
        assert [row["outcome"] for row in await helped.rows()] == ["down", "down", "down", "answered"]
        assert not helper.circuit.trying


async def test_the_most_urgent_come_first_then_the_newest(open_helped):
    async with open_helped(start=False) as helped:
        house = helped.house
        old = await house.draft(PRAISE, channel="a")
        new = await house.draft("love the harbor", channel="b")
        urgent = await house.draft("it crashes on start", channel="c")
        newest = await house.draft("the art is stunning", channel="d")
        since = house.clock.now().replace(year=2000)
        found = await house.store.read(lambda c: assistant.candidates(c, since, 10))
        assert found == [card["draft_id"] for card in (urgent, newest, new, old)]
        assert await house.store.read(lambda c: assistant.candidates(c, since, 1, found[:1])) == found[1:2]


# Reading


async def test_where_two_readers_agree_an_unsure_post_gets_a_draft(open_helped, torn, fake):
    fake.rule = lambda _: says(None, intent="praise", situation="praise_for_looks")
    async with open_helped(pipeline=torn) as helped:
        house = helped.house
        first = await house.draft(UNCLEAR)
        await helped.ended()
        card = await house.again(first)
        assert (first["kind"], card["kind"], card["revision"]) == ("handoff", "draft", first["revision"] + 1)
        assert "A language model reads it the same way." in card["why"]
        assert (card["by_model"], card["template"]) == (False, "en/praise/praise_for_looks")
        assert (await house.refused(first, "approve", alternative=1)).code == "stale_revision"
        (answered,) = await house.events("assistant_answered")
        assert answered.data["read_again"] is True
        await house.press(card, "approve")
        await house.send()
        assert [delivery.text for delivery in house.stage.sent] == [card["text"]]


async def test_where_it_picks_another_likely_reading_a_person_gets_the_choice(open_helped, torn, fake):
    fake.rule = lambda _: says(WORDS, intent="complaint")
    async with open_helped(pipeline=torn) as helped:
        house = helped.house
        first = await house.draft(UNCLEAR)
        await helped.ended()
        card = await house.again(first)
        assert (card["kind"], card["text"], card["intent"]) == ("handoff", None, "complaint")
        assert {other["template"] for other in card["alternatives"][:-1]} == {"en/complaint/signed"}
        assert card["alternatives"][-1]["text"] == WORDS
        assert "a language model takes it for a complaint" in card["why"]


@pytest.mark.parametrize("intent", ["crisis", "offtopic", "spam", "no_such_thing"])
async def test_a_reading_that_our_reader_does_not_share_changes_nothing(open_helped, torn, fake, intent):
    fake.rule = lambda _: json.dumps({"intent": intent, "situation": None, "reply": None, "facts": []})
    async with open_helped(pipeline=torn) as helped:
        first = await helped.house.draft(UNCLEAR)
        await helped.ended()
        assert await helped.house.again(first) == first


async def test_a_sure_post_is_not_read_by_it(helped, fake):
    fake.rule = lambda _: says(None, intent="complaint")
    card = await helped.card(PRAISE)
    assert (card["intent"], card["kind"]) == ("praise", "draft")


async def test_a_card_that_somebody_opened_is_never_read_anew(open_helped, torn, fake):
    fake.rule = lambda _: says(None, intent="praise", situation="praise_for_looks")
    turn = fake.next(Turn(hold=True))
    async with open_helped(pipeline=torn) as helped:
        house = helped.house
        first = await house.draft(UNCLEAR)
        await turn.reached.wait()
        await house.press(first, "open")
        turn.go.set()
        await helped.ended()
        card = await house.again(first)
        assert (card["kind"], card["revision"]) == ("handoff", first["revision"])


@pytest.mark.parametrize(("uses", "read", "worded"), [("[reading]", True, False), ("[wording]", False, True)])
async def test_each_use_can_be_switched_off(open_helped, torn, fake, uses, read, worded):
    fake.rule = lambda _: says(WORDS, intent="praise", situation="praise_for_looks")
    async with open_helped(f"uses: {uses}", pipeline=torn) as helped:
        card = await helped.card(UNCLEAR)
        assert (card["kind"] == "draft") is read
        assert any(other["by_model"] for other in card["alternatives"]) is worded


# Facts, retention, the trail


async def test_a_fact_that_it_used_is_kept_with_its_words_and_voids_them_when_it_changes(open_helped, pipeline, fake):
    def with_fact(words):
        facts = {"pier": Fact(name="pier", value=words)}
        return build(replace(pipeline.library, facts=facts), reads=reader().model(None)[0])

    fake.rule = lambda _: says("Thank you. The pier is open from nine to five.", facts=("pier",))
    async with open_helped(pipeline=with_fact("The pier is open from nine to five.")) as helped:
        house = helped.house
        card = await helped.card("the pier and the fog on the map are gorgeous")
        assert [row["outcome"] for row in await helped.rows()] == ["answered"]
        house.pipeline = with_fact("The pier is open from ten to six.")
        await house.rounds.once()
        assert (await house.again(card))["cause"] == "fact_changed"


async def test_a_fact_that_changes_while_it_is_asked_drops_the_answer(open_helped, pipeline, fake):
    def with_fact(words):
        return build(
            replace(pipeline.library, facts={"pier": Fact(name="pier", value=words)}), reads=reader().model(None)[0]
        )

    turn = fake.next(Turn(hold=True, says=says("Thank you. The pier is open at night.", facts=("pier",))))
    async with open_helped(pipeline=with_fact("The pier is open at night.")) as helped:
        house = helped.house
        card = await house.draft("the pier and the fog on the map are gorgeous")
        await turn.reached.wait()
        house.pipeline = with_fact("The pier is closed.")
        turn.go.set()
        assert [row["outcome"] for row in await helped.ended()] == ["void"]
        assert await house.again(card) == card


async def test_its_words_are_kept_shown_and_erased_like_those_of_any_draft(helped):
    house = helped.house
    await helped.card(PRAISE)
    export = await house.store.export("stage", "robin")
    assert WORDS in json.dumps(export)
    (call,) = export["assistant_calls"]
    assert (call["model"], call["host"], call["outcome"]) == ("small-model", "127.0.0.1", "answered")
    await forgetting.forget(house.store, "stage", "robin", house.clock.now())
    assert WORDS not in str(house.database.rows("SELECT * FROM drafts"))
    house.clock.move(days=366)
    await house.store.write(lambda c: fans.drop_rows(c, house.clock.now()))
    assert await helped.rows() == []


async def says_no(house, platform="stage", fan_id="robin"):
    return (await house.store.read(lambda c: fans.get(c, platform, fan_id))).no_assistant


async def test_a_no_is_shown_and_survives_start(helped):
    house = helped.house
    assert "/noai off" in await command(house, "noai")
    assert (await house.store.export("stage", "robin"))["assistant_declined_at"]
    await command(house, "stop")
    await command(house, "start")
    assert await says_no(house)


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_no_outlives_a_forget_as_a_mark_that_names_nobody(helped, stopped):
    house = helped.house
    await helped.card(PRAISE)
    if stopped:
        await command(house, "stop")
    await command(house, "noai")
    assert "/noai stays" in await presses(house, FORGET)
    assert await says_no(house)
    if not stopped:
        assert "robin" not in json.dumps(house.database.rows("SELECT * FROM fans"), default=str)
        assert "robin" not in json.dumps(house.database.rows("SELECT * FROM cursors"), default=str)
        card = await house.draft("love the harbor", channel="pier")
        await helped.card(PRAISE, fan="sam")
        assert not any("love the harbor" in asked.words for asked in helped.fake.seen)
        assert by_model(await house.again(card)) == 0
    assert json.loads((await house.fans.answer("mydata", "stage", "robin")).file)["no_assistant_after_forgetting"]
    await presses(house, FORGET)
    assert await says_no(house)
    assert "again" in await command(house, "noai", words="off")
    assert not await says_no(house)
    assert "may help" in await command(house, "noai", words="off")
    assert "/noai" not in (await presses(house, FORGET))


async def test_a_no_outlives_a_forget_on_each_linked_account(helped):
    house = helped.house

    def link(connection):
        person = people.remember(connection, "stage", "robin", house.clock.now())
        people.attach(connection, "web", "robin-web", person)
        people.attach(connection, "web", "robin-two", person)

    await house.store.write(link)
    await command(house, "noai")
    await presses(house, FORGET)
    assert [await says_no(house, *account) for account in (("stage", "robin"), ("web", "robin-web"))] == [True, True]
    await house.store.write(link)
    await command(house, "noai", words="off")
    assert not await says_no(house, "web", "robin-two")


async def test_a_no_that_is_said_while_all_is_forgotten_outlives_it(helped):
    house = helped.house
    await house.store.write(lambda c: fans.begin_forgetting(c, "stage", "robin", house.clock.now()))
    await command(house, "noai")
    await forgetting.finish(house.store, house.clock.now())
    assert await says_no(house)
    assert not await says_no(house, "stage", "sam")


async def test_a_no_outlives_the_memory_of_a_fan(helped):
    house = helped.house
    await house.store.write(lambda c: people.remember(c, "stage", "robin", house.clock.now()))
    await command(house, "noai")
    person = await house.store.read(lambda c: people.of(c, "stage", "robin"))
    await house.store.write(lambda c: people.forget(c, person.id))
    assert (await house.store.read(lambda c: fans.get(c, "stage", "robin"))).no_assistant


async def test_the_trail_says_what_was_sent_where_without_a_word(helped):
    await helped.card(PRAISE)
    asked, answered = await helped.house.events("assistant_asked", "assistant_answered")
    size = sum(len(message["content"]) for message in helped.fake.seen[0].body["messages"])
    assert asked.data == {"model": "small-model", "host": "127.0.0.1", "characters": size}
    assert answered.data["outcome"] == "answered"
    assert PRAISE not in str((asked, answered))
    assert WORDS not in str((asked, answered))


async def test_who_what_and_bot_tell_of_it_only_while_it_is_on(helped, house):
    assert "language model" in await command(helped.house, "who")
    privacy = await command(helped.house, "privacy")
    assert "a model on our own server" in privacy
    assert len(privacy) < 2000
    for name in ("who", "privacy"):
        assert "language model" not in await command(house, name)
    with pytest.raises(KeyError):
        await command(house, "noai")
