"""A person's kind replies pass; what a brand would say instead does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice import default_checks, examine

KIND: list[tuple[str, str]] = [
    ("complaint", "Losing that much progress is awful, I'm sorry. Which platform are you on?"),
    ("complaint", "Sorry about that. Does it happen every time, or only in one spot? And what are you running it on?"),
    ("complaint", "That's frustrating, sorry. Do you get an error message, or does it just send you back?"),
    ("complaint", "I get why that stings. I can't change it from here, but I'm glad you said it straight."),
    ("complaint", "If you send us your order number in a private message, somebody can look it up."),
    ("complaint", "I'm sorry, that one clearly mattered to you. What did you use it for most?"),
    ("complaint", "Thanks for the order number, that helps somebody find it."),
    ("thanks", "Thank you for telling us this. I'm really glad it was there when you needed it."),
    ("thanks", "Glad it's working again. Thanks for coming back to say so!"),
    ("thanks", "You're very welcome."),
    ("offtopic", "I'm so sorry about your cat. Thinking of you today."),
    ("milestone", "Congratulations to you both! So happy for you."),
    ("milestone", "First one ever, congratulations! How did it feel?"),
    ("recommendation", "That might be the nicest compliment there is. Hope they enjoy it as much as you do."),
    ("ugc_shared", "This is lovely. How long did you work on it?"),
    ("ugc_shared", "What a lovely shot! Thank you for sharing it."),
    ("introduction", "Welcome! No such thing as a silly question here, so ask away."),
    ("greeting", "Morning! Hope your day starts well."),
    ("farewell", "See you soon, sleep well!"),
    ("wish", "That would be handy, I can see why. How would you use it day to day?"),
    ("question", "I don't have a date I could give you, sorry. Which platform are you waiting for?"),
    ("helping", "Thanks for helping out, that's exactly it."),
    ("praise", "Aww, thank you so much!"),
    ("churn", "I'm sorry it came to this. I understand that you want your money back."),
]
FAULTY: list[tuple[str, str, set[str]]] = [
    ("ugc_shared", "We love our creative community. Tag us to get featured!", {"no-stock-phrase", "no-task"}),
    ("praise", "We're thrilled you love it. Stay tuned for more!", {"no-stock-phrase", "no-promise"}),
    ("complaint", "We apologize for the inconvenience.", {"no-stock-phrase"}),
    ("complaint", "Thanks for the honest feedback!", {"no-stock-phrase", "no-cheer"}),
    ("complaint", "Sorry, but you should have backed up your save.", {"no-blame"}),
    ("complaint", "Oops, gremlins again.", {"no-cheer"}),
    ("praise", "I love this song too.", {"no-borrowed-life"}),
    ("praise", "I cried at the end.", {"no-borrowed-life"}),
    ("praise", "I played it all night.", {"no-borrowed-life"}),
    ("praise", "That one is my favourite too.", {"no-borrowed-life"}),
    ("thanks", "I read every word of it.", {"no-borrowed-life"}),
    ("wish", "We'll pass it on to the team.", {"no-promise"}),
    ("milestone", "Keep up the great work!", {"no-stock-phrase"}),
    ("recommendation", "Refer more friends for rewards!", {"no-task"}),
    ("introduction", "Welcome. Check out our socials and follow us!", {"no-task"}),
    ("question", "Feel free to reach out. It is fixed by Friday.", {"no-stock-phrase", "no-promise"}),
    ("question", "Please visit our help center for assistance.", {"no-stock-phrase"}),
    ("praise", "Out now, with 500 new tracks.", {"no-invention"}),
    ("praise", "Hey @everyone, look at this.", {"no-mass-ping"}),
    ("praise", "I'm Luna, your friendly assistant.", {"no-stock-phrase"}),
]

Faults = Callable[[str, str], set[str]]


@pytest.fixture(scope="module")
def faults(word_lists: dict[str, Any], a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Faults:
    checks = default_checks(word_lists)

    def look(intent: str, text: str) -> set[str]:
        found: tuple[CheckResult, ...] = examine(checks, Wording(text=text, intent=intent), a_post("x"), a_context())
        return {r.id for r in found if r.level is not Level.PASS}

    return look


@pytest.mark.parametrize(("intent", "text"), KIND)
def test_what_a_kind_person_says(faults: Faults, intent: str, text: str) -> None:
    assert faults(intent, text) == set()


@pytest.mark.parametrize(("intent", "text", "ids"), FAULTY)
def test_what_a_brand_says(faults: Faults, intent: str, text: str, ids: set[str]) -> None:
    assert ids <= faults(intent, text)
