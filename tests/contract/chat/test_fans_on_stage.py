"""What fans are asked and answer, what is shown of theirs, and the hold: the same on every platform."""

from __future__ import annotations

from bot.domain import Action, Command
from tests.contract.chat.stages import Card, Message, Stage
from tests.integration.made import MADE

ASKED = "May we show it to everybody?"
WHERE = ("Yes, here", "Yes, here and on your site", "Yes, wherever you like", "No, thanks")
UNTIL = ("For a month", "For a year", "Until I take it back", "No, thanks")


async def asked(stage: Stage) -> tuple[Message, Card]:
    """Robin made something, and is asked whether it may be shown."""
    post = stage.post(MADE)
    card = await stage.card(MADE)
    await stage.told(await stage.press(card, "Ask for the stage"), "on a card of its own")
    await stage.press(await stage.card("A question to Robin"), "Send")
    return post, await below(stage, post, *WHERE)


async def below(stage: Stage, post: Message, *labels: str) -> Card:
    """The question below a post, once just this can be pressed."""

    def found() -> Card | None:
        return next((one for one in stage.questions(post) if ASKED in one.text and {*one.buttons} == {*labels}), None)

    return await stage.until(found)  # type: ignore[no-any-return]


async def said_yes(stage: Stage) -> tuple[Message, Card]:
    """Robin said yes; the question, as it is then."""
    post, question = await asked(stage)
    await stage.told(await stage.press(question, "Yes, here", "robin"), "One more question")
    question = await below(stage, post, *UNTIL)
    await stage.press(question, "Until I take it back", "robin")
    question = await below(stage, post, "Yes, as Robin", "Yes, without my name", "No, thanks")
    await stage.told(await stage.press(question, "Yes, as Robin", "robin"), "Thank you")
    return post, await below(stage, post, "Take it back")


def consents(stage: Stage) -> list[object]:
    return stage.rows("SELECT state, scope, days, credit FROM consents")


async def test_only_the_author_can_answer_a_question(open_stage: Stage) -> None:
    stage = open_stage
    post, question = await asked(stage)
    await stage.told(await stage.press(question, "Yes, here", "kim"), "for somebody else")
    await stage.told(await stage.press(question, "No, thanks", "mara"), "for somebody else")
    assert consents(stage) == [("asked", None, None, None)]
    assert {*stage.questions(post)[0].buttons} == {*WHERE}
    await stage.told(await stage.press(question, "No, thanks", "robin"), "That is fine")
    await below(stage, post)
    assert [state for state, *_ in consents(stage)] == ["no"]
    assert stage.rows("SELECT 1 FROM drafts WHERE purpose = 'stage'") == []


async def test_a_yes_puts_a_post_for_the_stage_on_the_desk_and_a_manager_shows_it(open_stage: Stage) -> None:
    stage = open_stage
    await said_yes(stage)
    assert consents(stage) == [("yes", "here", 0, "Robin")]
    card = await stage.card("For the stage")
    assert stage.showcase() == []
    await stage.press(card, "Send")
    await stage.says(card, "Sent")
    (shown,) = stage.showcase()
    assert shown.splitlines()[0] == f"Made by Robin: {MADE}"


async def test_what_is_taken_back_leaves_the_stage(open_stage: Stage) -> None:
    stage = open_stage
    post, question = await said_yes(stage)
    card = await stage.card("For the stage")
    await stage.press(card, "Send")
    await stage.says(card, "Sent")
    await stage.told(await stage.press(question, "Take it back", "robin"), "taken back")
    await stage.until(lambda: not stage.showcase())
    await stage.says(card, "Removed")
    await below(stage, post)
    assert stage.rows("SELECT kind, state, approved_by FROM deliveries WHERE reply_to = '' ORDER BY created_at") == [
        ("send", "removed", "mara"),
        ("remove", "sent", "fan"),
    ]


async def test_what_is_taken_back_before_a_manager_looks_is_not_shown(open_stage: Stage) -> None:
    stage = open_stage
    _, question = await said_yes(stage)
    card = await stage.card("For the stage")
    await stage.press(question, "Take it back", "robin")
    await stage.says(card, "taken their yes back")
    await stage.told(await stage.press(card, "Send"), "taken their yes back")
    assert stage.showcase() == []


async def test_a_question_outlives_a_restart_and_a_correction(stage: Stage) -> None:
    await stage.start()
    post, question = await asked(stage)
    await stage.stop()
    await stage.start()
    await stage.told(await stage.press(question, "Yes, here", "robin"), "One more question")
    await stage.told(await stage.press(question, "Yes, here", "robin"), "One more question")  # as the fan saw it
    await below(stage, post, *UNTIL)
    ((draft_id, revision),) = stage.rows("SELECT id, revision FROM drafts WHERE purpose = 'ask'")
    new = Command(draft_id=draft_id, revision=revision, by="tom", action=Action.CORRECT, text=f"{ASKED} Please say.")
    await stage.app.desk.decide(new)
    await stage.until(lambda: stage.rows("SELECT 1 FROM deliveries WHERE kind = 'correct' AND state = 'sent'"))
    assert [one.text for one in stage.questions(post)] == [f"{ASKED} Please say."]
    await stage.press(await below(stage, post, *UNTIL), "For a year", "robin")
    await below(stage, post, "Yes, as Robin", "Yes, without my name", "No, thanks")


async def test_a_question_to_somebody_who_is_forgotten_loses_its_buttons_at_a_press(open_stage: Stage) -> None:
    stage = open_stage
    post, question = await asked(stage)
    await stage.press(await stage.answer("forget"), "Yes, erase everything", "robin")
    await stage.until(lambda: stage.rows("SELECT 1 FROM events WHERE name = 'fan_forgotten'"))
    await stage.told(await stage.press(question, "Yes, here", "robin"), "not open any more")
    await below(stage, post)
    assert consents(stage) == []


async def test_nobody_is_asked_twice(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(MADE)
    card = await stage.card(MADE)  # as tom and kim still see it when somebody else has asked
    await stage.told(await stage.press(card, "Ask for the stage"), "on a card of its own")
    await stage.press(await stage.card("A question to Robin"), "Send")
    await below(stage, post, *WHERE)
    await stage.told(await stage.press(card, "Ask for the stage", "tom"), "being asked already")
    await stage.told(await stage.press(card, "Ask for the stage", "kim"), "Only the managers")
    assert len(stage.rows("SELECT 1 FROM consents")) == 1


async def test_a_button_of_an_answer_is_the_fans_own(open_stage: Stage) -> None:
    stage = open_stage
    answer = await stage.answer("remember")
    assert stage.rows("SELECT 1 FROM people") == []
    yes = next(label for label in answer.buttons if label.startswith("Yes"))
    await stage.press(answer, yes, "robin")
    await stage.until(lambda: stage.rows("SELECT 1 FROM people"))
    assert stage.rows("SELECT kind, state, fan_id != '' FROM consents") == [("memory", "yes", 1)]


async def test_nothing_of_a_fan_is_erased_before_a_second_tap(open_stage: Stage) -> None:
    stage = open_stage
    stage.post(MADE)
    await stage.card(MADE)
    question = await stage.answer("forget")
    assert "Erase everything" in question.text
    assert "Messages in the channel itself stay" in question.text
    await stage.press(question, "No, keep it", "robin")
    question = await stage.answer("forget", "kim")
    await stage.press(question, "Yes, erase everything", "kim")
    await stage.until(lambda: stage.rows("SELECT 1 FROM events WHERE name = 'fan_forgotten'"))
    assert stage.rows("SELECT text FROM posts") == [(MADE,)], "Robin said no"


async def test_a_hold_takes_back_what_was_approved(stage: Stage) -> None:
    await stage.start(undo=600)
    post = stage.post(MADE)
    card = await stage.card(MADE)
    await stage.press(card, "Send")
    await stage.until(lambda: stage.rows("SELECT 1 FROM deliveries WHERE state = 'held'"))
    await stage.told(await stage.command("hold", "kim", "I say so"), "Only the managers")
    await stage.told(await stage.command("hold", "mara", "A wrong price is out"), "1 approved text waits")
    await stage.until(
        lambda: any("Mara Quint has put everything on hold: A wrong price" in c.text for c in stage.cards())
    )
    card = await stage.says(card, "Nothing is sent now: A wrong price is out")
    await stage.told(await stage.press(card, "Send", "tom"), "A wrong price is out")
    await stage.told(await stage.command("hold", "tom", "Another reason"), "On hold since")
    await stage.told(await stage.command("hold", "tom", "lift"), "The hold is over")
    await stage.until(lambda: any("Tom Weiss has lifted the hold" in one.text for one in stage.cards()))
    card = await stage.until(lambda: (now := stage.now(card)) and "Nothing is sent" not in now.text and now)
    assert stage.replies(post) == []
    assert stage.rows("SELECT state FROM deliveries") == [("recalled",)]
    assert stage.rows("SELECT state FROM drafts") == [("waiting",)]


async def test_a_reply_that_comes_back_during_a_hold_is_not_sent_again(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(MADE)
    card = await stage.card(MADE)
    stage.lose(arrived=False)
    await stage.press(card, "Send")
    await stage.command("hold", "mara", "A wrong price is out")
    card = await stage.says(card, "Nothing is sent now", "Did the reply arrive?")
    if "It is not there" in card.buttons:  # the platform cannot tell: a person looks
        await stage.press(card, "It is not there")
        card = await stage.until(lambda: (now := stage.now(card)) and "Try again" in now.buttons and now)
        await stage.told(await stage.press(card, "Try again"), "A wrong price is out")
    assert stage.replies(post) == []
    await stage.command("hold", "mara", "lift")
    if "Try again" not in card.buttons:
        card = await stage.until(lambda: (now := stage.now(card)) and "Nothing is sent" not in now.text and now)
    await stage.press(card, "Send" if "Send" in card.buttons else "Try again")
    await stage.says(card, "Sent")
    assert len(stage.replies(post)) == 1
