"""The checks of voice.md section 3, one table each: a wording, and what the check says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from responders.types import CheckResult, Context, Level, PastReply, Post, Wording
from responders.voice import default_checks, examine

WARN, BLOCK, PASS = Level.WARN, Level.BLOCK, Level.PASS
POST = "finished my lantern cosplay tonight, the paper moths took a week"
NOW = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
Say = Callable[..., Level]


@pytest.fixture(scope="module")
def say(word_lists: dict[str, Any], a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Say:
    """What one check says of one wording."""
    checks = default_checks(word_lists)

    def verdict(check_id: str, text: str, post: str = POST, *, context: Context | None = None, **wording: Any) -> Level:
        said = Wording(**{"text": text, "intent": "praise", **wording})
        results: tuple[CheckResult, ...] = examine(checks, said, a_post(post), context or a_context())
        return next(result.level for result in results if result.id == check_id)

    return verdict


def past(text: str, opener: str = "", *, variant: str = "x", fan: bool = False) -> PastReply:
    return PastReply(
        text=text, opener=opener, template="en/praise/a", variant=variant, at=NOW, same_channel=not fan, same_fan=fan
    )


TABLE: list[tuple[str, str, str, str, Level]] = [
    # check, intent, post, wording, verdict
    ("addressed", "greeting", "morning all", "Good morning, community.", WARN),
    ("addressed", "greeting", "morning all", "Morning.", PASS),
    ("i-over-we", "praise", POST, "We saw it and we like what our team has.", WARN),
    ("i-over-we", "praise", POST, "We might, you might.", PASS),
    ("i-over-we", "praise", POST, "I think we all know what I mean, we do.", PASS),
    ("i-over-we", "praise", POST, "Wir sehen das, und unser Team auch.", WARN),
    ("exclaim", "praise", POST, "Paper moths!", PASS),
    ("exclaim", "praise", POST, "Paper moths!!", WARN),
    ("exclaim", "praise", POST, "Paper moths! A week!", WARN),
    ("exclaim", "praise", POST, "Paper moths\u203c", WARN),
    ("exclaim", "complaint", POST, "Sorry about the moths!", BLOCK),
    ("exclaim", "churn", POST, "Understood!", BLOCK),
    ("exclaim", "complaint", POST, "Sorry about the moths.", PASS),
    ("emoji-mirror", "praise", "love it 😍", "The moths did it 🙂", PASS),
    ("emoji-mirror", "praise", "love it :)", "The moths did it 🙂", PASS),
    ("emoji-mirror", "praise", "love it", "The moths did it 🙂", WARN),
    ("emoji-mirror", "praise", "love it", "The moths did it ;)", WARN),
    ("emoji-mirror", "praise", "love it", "The moths did it <:lamp:12345>", WARN),
    ("emoji-mirror", "praise", "love it 😍😍", "The moths did it 🙂🙂", WARN),
    ("emoji-mirror", "praise", "love it", "It is 3:0 (or 1:1) by 8:30.", PASS),
    ("emoji-mirror", "praise", "love it", "№ 5 © ok", WARN),
    ("emoji-mirror", "complaint", "broken again 😡", "Sorry 😢", BLOCK),
    ("emoji-mirror", "complaint", "broken again :(", "Sorry :(", BLOCK),
    ("plain", "praise", POST, "The moths make it. How did you keep them from tearing?", PASS),
    ("plain", "praise", POST, "Congratulations.", PASS),
    (
        "plain",
        "praise",
        POST,
        "Considerable administrative determination notwithstanding, establishing comprehensive organisational "
        "responsibilities necessitates extraordinary deliberation.",
        WARN,
    ),
    ("plain", "praise", POST, "and so it goes on " * 6, WARN),
    ("no-stock-phrase", "praise", POST, "Keep up the good work.", WARN),
    ("no-stock-phrase", "praise", POST, "Thank you for sharing. Keep up the good work.", BLOCK),
    ("no-stock-phrase", "praise", POST, "The moths \u2014 a week of them.", WARN),
    ("no-stock-phrase", "praise", POST, "The moths \u2014 patient, quiet and true.", BLOCK),
    ("no-stock-phrase", "praise", POST, "Patient, quiet, and true.", WARN),
    ("no-stock-phrase", "praise", POST, "Well, paper and wire.", PASS),
    ("no-stock-phrase", "praise", POST, "In the end, moths and lamps.", PASS),
    ("one-question", "praise", POST, "Which part? And how?", WARN),
    ("one-question", "praise", POST, "Which part??", PASS),
    ("one-question", "praise", POST, "The moths.", PASS),
    ("open-door", "complaint", POST, "Sorry about the moths.", WARN),
    ("open-door", "complaint", POST, "Sorry about the moths. Which patch was it?", PASS),
    ("open-door", "complaint", POST, "Sorry about the moths. If you can, tell me what came before.", PASS),
    ("open-door", "praise", POST, "The moths.", PASS),
    ("them-share", "praise", POST, "We like our moths.", WARN),
    ("them-share", "praise", POST, "Lantern Harbor has moths.", WARN),
    ("them-share", "praise", POST, "You and your moths, in our harbor.", PASS),
    ("them-share", "praise", POST, "Paper moths, then.", PASS),
    ("brand-silent", "praise", POST, "That is Lantern Harbor for you.", WARN),
    ("brand-silent", "praise", "lantern harbor is so good", "That is Lantern Harbor for you.", PASS),
    ("brand-silent", "praise", POST, "Our game does that.", WARN),
    ("no-link", "praise", POST, "See https://lamp.example/a", BLOCK),
    ("no-link", "praise", POST, "See [here](https://lamp.example/a)", BLOCK),
    ("no-link", "praise", POST, "See lamp-harbor.com", BLOCK),
    ("no-link", "praise", POST, "Join discord.gg/abc", BLOCK),
    ("no-link", "praise", POST, "Ask @keeper about it", BLOCK),
    ("no-link", "praise", POST, "Ask <@123456> about it", BLOCK),
    ("no-link", "praise", POST, "Write to keeper@lamp.example", BLOCK),
    ("no-link", "praise", POST, "Ask in <#123456>", PASS),
    ("no-link", "question", POST, "See https://lamp.example/a", BLOCK),
    ("no-link", "praise", "my clip: https://lamp.example/a", "So https://lamp.example/a it is.", PASS),
    ("no-link", "praise", "thanks @pete", "What @pete said.", PASS),
    ("no-link", "praise", POST, "Yes.No. At 3.5 it was a.m. still.", PASS),
    ("no-task", "praise", POST, "Now share it with everybody.", BLOCK),
    ("no-task", "praise", POST, "Nice moths; follow us!", BLOCK),
    ("no-invention", "praise", POST, "A week, 12 moths.", BLOCK),
    ("no-invention", "praise", "12 moths done", "12 moths. Which was first?", PASS),
    ("no-invention", "praise", "twelve moths done", "12 moths. Which was first?", PASS),
    ("no-invention", "praise", "third time now", "That is three times.", PASS),
    ("no-invention", "praise", POST, "That is three times.", BLOCK),
    ("no-invention", "praise", POST, "One or two, a first and a second.", PASS),
    ("no-invention", "praise", POST, "Much like Brighton that.", BLOCK),
    ("no-invention", "praise", "greetings from brighton", "Much like Brighton that.", PASS),
    ("no-invention", "praise", POST, "That is Brighton's light.", BLOCK),
    ("no-invention", "praise", POST, "That is Lantern Harbor's light, and I'd know. I'm sure.", PASS),
    (
        "no-invention",
        "praise",
        POST,
        "Moths: Paper ones. \u201cPaper moths\u201d, no less? Yes. OK, on OLED and PC.",
        PASS,
    ),
    ("no-invention", "praise", POST, "YouTube has moths.", BLOCK),
    ("no-invention", "praise", POST, "Was it on a monday?", BLOCK),
    ("no-invention", "praise", "every sunday with dad", "Every Sunday, at that distance.", PASS),
    ("no-invention", "praise", POST, "You may march on.", PASS),
    ("no-invention", "praise", POST, "The \u201cgreat lamp\u201d of old.", BLOCK),
    ("no-invention", "praise", "we lit the Great Lamp", "The \u201cgreat lamp\u201d of old.", PASS),
    ("no-invention", "are_you_a_bot", "bot?", "On Monday 12 people read it.", PASS),
    ("complaint-care", "complaint", "save wiped", "Which version are you on?", BLOCK),
    ("complaint-care", "complaint", "save wiped", "I'm sorry. Which version are you on?", PASS),
    ("complaint-care", "complaint", "save wiped", "Your save. Which version are you on?", PASS),
    ("complaint-care", "complaint", "save wiped", "Which version? Sorry, by the way.", BLOCK),
    ("complaint-care", "complaint", "save wiped", "Sorry about the save, haha.", BLOCK),
    ("complaint-care", "complaint", "save wiped", "Sorry about the save ;)", BLOCK),
    ("complaint-care", "churn", "i quit", "Which version are you on?", BLOCK),
    ("complaint-care", "praise", "save wiped", "Which version are you on?", PASS),
    ("complaint-care", "complaint", "wieder kaputt", "Das tut mir leid. Seit wann?", PASS),
    ("complaint-care", "complaint", "wieder kaputt", "Seit wann ist das so?", BLOCK),
    ("no-blame", "complaint", POST, "I'm sorry, but that's how it works.", BLOCK),
    ("no-blame", "complaint", POST, "Sorry about the lost week with the moths, but it happens.", BLOCK),
    ("no-blame", "complaint", POST, "Das tut mir sehr leid, aber so ist es.", BLOCK),
    ("no-blame", "complaint", POST, "I'm sorry. But for the fog, was it dry?", PASS),
    ("no-blame", "praise", POST, "Small, but it shines.", PASS),
]


@pytest.mark.parametrize(("check_id", "intent", "post", "text", "level"), TABLE)
def test_the_rubric(say: Say, check_id: str, intent: str, post: str, text: str, level: Level) -> None:
    assert say(check_id, text, post, intent=intent) is level


@pytest.mark.parametrize("check_id", sorted({row[0] for row in TABLE if row[4] is BLOCK}))
def test_a_managers_own_words_are_never_blocked_by_taste(say: Say, check_id: str) -> None:
    for _, intent, post, text, level in (row for row in TABLE if row[0] == check_id):
        own = say(check_id, text, post, intent=intent, own_words=True)
        assert own is not BLOCK
        assert level is not PASS or own is PASS


MINE = [
    # Words of slots, of a fact, of the fan: not our tone, not our invention.
    ("no-invention", "So 12 Moths of Brighton it is.", "praise", ("12 Moths of Brighton",), PASS),
    ("no-invention", "So 12 Moths of Brighton it is.", "praise", ("Moths",), BLOCK),
    ("exclaim", "Sorry about Go!Go!.", "complaint", ("Go!Go!",), PASS),
    ("one-question", "“Who? What?” it says. Which one?", "praise", ("“Who? What?”",), PASS),
    ("one-question", "[What is it? Really?] Does that fit?", "question", ("[What is it? Really?]",), PASS),
    ("no-link", "It is at https://lamp.example/a.", "question", ("https://lamp.example/a",), PASS),
    ("no-link", "It is at https://lamp.example/a.", "praise", ("https://lamp.example/a",), BLOCK),
    ("no-stock-phrase", "Stay tuned. Keep up the fog.", "praise", ("Stay tuned", "Keep up the fog"), PASS),
    ("brand-silent", "It is Lantern Harbor.", "praise", ("Lantern Harbor",), PASS),
    ("complaint-care", "With a week gone. Which one was it?", "complaint", ("a week",), PASS),
]


@pytest.mark.parametrize(("check_id", "text", "intent", "quoted", "level"), MINE)
def test_what_was_laid_in(
    say: Say, check_id: str, text: str, intent: str, quoted: tuple[str, ...], level: Level
) -> None:
    assert say(check_id, text, intent=intent, quoted=quoted) is level


def test_a_sourced_answer_brings_its_facts_and_may_repeat(say: Say, a_context: Callable[..., Context]) -> None:
    text = "On Linux look in the home folder, since 1.4."
    told = a_context(past_replies=(past("", variant="a", fan=True),))
    assert say("no-invention", text, intent="question") is BLOCK
    assert say("no-invention", text, intent="question", answer=True) is PASS
    wording = {"template": "en/praise/a", "variant": "a"}
    assert say("variety", text, context=told, **wording) is BLOCK
    assert say("variety", text, context=told, answer=True, **wording) is WARN
    assert say("variety", text, context=told, intent="are_you_a_bot", **wording) is WARN
    assert say("variety", text, context=told, template="en/praise/a", variant="b") is PASS
    assert say("variety", text, context=told, own_words=True) is PASS
    assert say("variety", text, context=a_context(past_replies=(past("", variant="a"),)), **wording) is PASS


@pytest.mark.parametrize(
    ("sources", "opt_in", "addressed", "level"),
    [
        (("post.detail", "fan.call_name"), False, False, PASS),
        (("fan.history.answers",), False, True, BLOCK),
        (("fan.history.answers",), True, False, BLOCK),
        (("post.detail", "fan.history.answers"), True, True, PASS),
    ],
)
def test_history_only_when_invited(
    say: Say, a_context: Callable[..., Context], sources: tuple[str, ...], opt_in: bool, addressed: bool, level: Level
) -> None:
    context = a_context(history_opt_in=opt_in, addressed=addressed)
    assert say("no-uninvited-history", "That is the tenth.", context=context, sources=sources) is level


@pytest.mark.parametrize(("back", "level"), [(0, WARN), (9, WARN), (10, PASS)])
def test_openers_are_fresh_within_ten(say: Say, a_context: Callable[..., Context], back: int, level: Level) -> None:
    replies = [past("other", f"other {n}") for n in range(12)]
    replies.insert(back, past("The moths.", "the moths"))
    assert say("fresh-opener", "The Moths, then.", context=a_context(past_replies=tuple(replies))) is level


@pytest.mark.parametrize(
    ("asked", "told", "text", "level"),
    [
        (10, 10, "Which one?", WARN),
        (10, 10, "That one.", PASS),
        (6, 13, "Which one?", PASS),
        (7, 12, "Which one?", PASS),
        (8, 11, "Which one?", WARN),
        (8, 0, "Which one?", PASS),
    ],
)
def test_not_every_reply_asks(
    say: Say, a_context: Callable[..., Context], asked: int, told: int, text: str, level: Level
) -> None:
    replies = (*[past("Which?")] * asked, *[past("That.")] * told)[:19]
    context = a_context(past_replies=replies)
    assert say("open-door", text, context=context) is level
    assert say("open-door", text, context=context, own_words=True) is PASS


STIFF, LOOSE = "it is a long way over hill and dale " * 3, "it's a long way over hill and dale " * 4


@pytest.mark.parametrize(
    ("stiff", "loose", "text", "level"),
    [
        (4, 0, STIFF, WARN),
        (4, 0, LOOSE, PASS),
        (3, 0, STIFF, PASS),
        (4, 7, STIFF, PASS),
        (4, 6, STIFF, WARN),
        (9, 0, "it is short", PASS),
    ],
)
def test_contractions(
    say: Say, a_context: Callable[..., Context], stiff: int, loose: int, text: str, level: Level
) -> None:
    replies = (*[past(STIFF)] * stiff, *[past(LOOSE)] * loose)
    assert say("contractions", text, context=a_context(past_replies=replies)) is level
    assert say("contractions", text, context=a_context(past_replies=replies, locale="de")) is PASS


@pytest.mark.parametrize(
    ("text", "level"),
    [("Der Draht aus Brighton also.", PASS), ("Das waren 12 Motten.", BLOCK), ("Am Montag also.", BLOCK)],
)
def test_german_nouns_are_no_names(say: Say, a_context: Callable[..., Context], text: str, level: Level) -> None:
    assert say("no-invention", text, "die motten sind fertig", context=replace(a_context(), locale="de")) is level
