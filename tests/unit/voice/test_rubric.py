"""What a template's wording may and may not say, one table: a wording, and what the check says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from responders.types import CheckResult, Context, History, Level, Post, Wording
from responders.voice import STOPS, default_checks, examine

BLOCK, PASS = Level.BLOCK, Level.PASS
POST = "finished my lantern cosplay tonight, the paper moths took a week"
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


GLAD = (
    *("milestone", "introduction", "thanks", "praise", "recommendation", "ugc_shared", "greeting", "farewell"),
    *("helping", "wish", "question", "are_you_a_bot", "privacy_request", "an_intent_of_the_operators"),
)
HURT = ("complaint", "churn", "offtopic", "crisis", "legal", "minor", "toxic")


@pytest.mark.parametrize("intent", GLAD)
def test_elsewhere_one_exclamation_mark_is_fine(say: Say, intent: str) -> None:
    assert say("no-cheer", "Congratulations to you both! So happy for you.", intent=intent) is PASS
    assert say("no-cheer", "¡Enhorabuena a los dos! Qué alegría.", intent=intent) is PASS
    for text in ("Congratulations! So happy for you!", "Congratulations!!", "Wow\u203c", "¡Qué bien! ¡Enhorabuena!"):
        assert say("no-cheer", text, intent=intent) is BLOCK


@pytest.mark.parametrize("intent", HURT)
def test_where_somebody_is_hurt_there_is_none(say: Say, intent: str) -> None:
    for text in ("That would be handy!", "¡Qué pena!", "Oh non !", "That is handy\uff01"):
        assert say("no-cheer", text, intent=intent) is BLOCK
    assert say("no-cheer", "That would be handy, I can see why.", intent=intent) is PASS


TABLE: list[tuple[str, str, str, str, Level]] = [
    # check, intent, post, wording, verdict
    ("no-cheer", "praise", "love it", "The moths did it 🙂", PASS),
    ("no-cheer", "praise", "love it", "🎉🎉", PASS),
    ("no-cheer", "complaint", "broken again 😡", "Sorry 😢", BLOCK),
    ("no-cheer", "complaint", "broken again :(", "Sorry :(", BLOCK),
    ("no-cheer", "offtopic", "my cat died", "Thinking of you 🐾", BLOCK),
    ("no-cheer", "churn", "i quit", "Sorry <:lamp:12345>", BLOCK),
    ("no-cheer", "complaint", "broken", "It is 3:0 (or 1:1) by 8:30.", PASS),
    ("no-cheer", "complaint", "save wiped", "Sorry about the save, haha.", BLOCK),
    ("no-cheer", "complaint", "save wiped", "Sorry about the save ;)", BLOCK),
    ("no-cheer", "praise", "save wiped", "Haha, what a save.", PASS),
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
    ("no-invention", "praise", POST, "Moths: Paper ones. “Paper moths”, no less? Yes. OK, on OLED and PC.", PASS),
    ("no-invention", "praise", POST, "YouTube has moths.", BLOCK),
    ("no-invention", "praise", POST, "Was it on a monday?", BLOCK),
    ("no-invention", "praise", "every sunday with dad", "Every Sunday, at that distance.", PASS),
    ("no-invention", "praise", POST, "You may march on.", PASS),
    ("no-invention", "praise", POST, "The “great lamp” of old.", BLOCK),
    ("no-invention", "praise", "we lit the Great Lamp", "The “great lamp” of old.", PASS),
    ("no-invention", "praise", POST, "¡Qué bonito! Y ahora, ¿Cómo sigue?", PASS),
    ("no-invention", "are_you_a_bot", "bot?", "On Monday 12 people read it.", PASS),
    ("no-blame", "complaint", POST, "I'm sorry, but that's how it works.", BLOCK),
    ("no-blame", "complaint", POST, "Sorry about the lost week with the moths, but it happens.", BLOCK),
    ("no-blame", "complaint", POST, "Das tut mir sehr leid, aber so ist es.", BLOCK),
    ("no-blame", "complaint", POST, "Lo siento, pero así es.", BLOCK),
    ("no-blame", "complaint", POST, "I'm sorry. But for the fog, was it dry?", PASS),
    ("no-blame", "question", POST, "I can't say, sorry, but it's good to know what you hope for.", PASS),
    ("no-blame", "praise", POST, "Small, but it shines.", PASS),
]


@pytest.mark.parametrize(("check_id", "intent", "post", "text", "level"), TABLE)
def test_the_rubric(say: Say, check_id: str, intent: str, post: str, text: str, level: Level) -> None:
    assert say(check_id, text, post, intent=intent) is level


@pytest.mark.parametrize("check_id", sorted({row[0] for row in TABLE if row[4] is BLOCK} - STOPS))
def test_a_managers_own_words_are_never_stopped_by_taste(say: Say, check_id: str) -> None:
    for _, intent, post, text, level in (row for row in TABLE if row[0] == check_id):
        own = say(check_id, text, post, intent=intent, own_words=True)
        assert own is not BLOCK
        assert level is not PASS or own is PASS


MINE = [
    # Words of slots, of a fact, of the fan: not our tone, not our invention.
    ("no-invention", "So 12 Moths of Brighton it is.", "praise", ("12 Moths of Brighton",), PASS),
    ("no-invention", "So 12 Moths of Brighton it is.", "praise", ("Moths",), BLOCK),
    ("no-cheer", "Sorry about Go!Go!.", "complaint", ("Go!Go!",), PASS),
    ("no-link", "It is at https://lamp.example/a.", "praise", ("https://lamp.example/a",), PASS),
    ("no-stock-phrase", "Stay tuned. Keep up the fog.", "praise", ("Stay tuned", "Keep up the fog"), PASS),
]


@pytest.mark.parametrize(("check_id", "text", "intent", "quoted", "level"), MINE)
def test_what_was_laid_in(
    say: Say, check_id: str, text: str, intent: str, quoted: tuple[str, ...], level: Level
) -> None:
    assert say(check_id, text, intent=intent, quoted=quoted) is level


def test_a_sourced_answer_brings_its_facts(say: Say) -> None:
    text = "On Linux look in the home folder, since 1.4."
    assert say("no-invention", text, intent="question") is BLOCK
    assert say("no-invention", text, intent="question", answer=True) is PASS


@pytest.mark.parametrize(
    ("sources", "opt_in", "addressed", "level"),
    [
        (("post.detail", "fan.call_name"), False, False, PASS),
        (("fan.history.thing",), False, True, BLOCK),
        (("fan.history.thing",), True, False, BLOCK),
        (("fan.history",), False, True, BLOCK),
        (("post.detail", "fan.history.thing", "fan.history"), True, True, PASS),
    ],
)
def test_history_only_when_invited(
    say: Say, a_context: Callable[..., Context], sources: tuple[str, ...], opt_in: bool, addressed: bool, level: Level
) -> None:
    known = History(since=a_context().now) if opt_in else None
    context = a_context(history=known, addressed=addressed)
    assert say("no-uninvited-history", "That is the tenth.", context=context, sources=sources) is level


@pytest.mark.parametrize(
    ("text", "level"),
    [("Der Draht aus Brighton also.", PASS), ("Das waren 12 Motten.", BLOCK), ("Am Montag also.", BLOCK)],
)
def test_german_nouns_are_no_names(say: Say, a_context: Callable[..., Context], text: str, level: Level) -> None:
    assert say("no-invention", text, "die motten sind fertig", context=replace(a_context(), locale="de")) is level
