"""The voice checks, by what they say of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from responders.types import Author, CheckResult, Context, Level, PastReply, Post, Wording
from responders.voice import default_checks, examine
from responders.voice.mass_ping import NoMassPing
from responders.voice.twin import NotATwin
from responders.voice.words import WordList, fixed_words

ROOT = Path(__file__).parents[3] / "responders"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = Context(now=NOW, community="Lantern Harbor")
FAN = Author(id="7", name="Ida")
POST = Post(platform="web", channel="general", external_id="1", author=FAN, text="the moths are done", at=NOW)
FILES = [ROOT / "understanding/data/gates.yaml", *sorted((ROOT / "voice/data").glob("*.yaml"))]
LISTS: Mapping[str, Any] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
CHECKS = default_checks(LISTS)
IDS = {
    ("promise", "future"): "no-promise",
    ("promise", "vague"): "no-promise",
    ("promo", "words"): "no-promo-word",
    ("borrowed_life", "identity"): "no-borrowed-life",
    ("borrowed_life", "life"): "no-borrowed-life",
    ("task", "orders"): "no-task",
    ("task", "asks"): "no-task",
    ("blame", "words"): "no-blame",
}
"""Lists whose every find blocks."""
WARN, BLOCK, PASS = Level.WARN, Level.BLOCK, Level.PASS


def verdict(check_id: str, wording: Wording, post: Post = POST, context: Context = CONTEXT) -> CheckResult:
    return next(result for result in examine(CHECKS, wording, post, context) if result.id == check_id)


def cases(kind: str) -> list[tuple[str, str, str]]:
    return [(file, section, case) for file, section in IDS for case in LISTS[file][section][kind]]


@pytest.mark.parametrize(("file", "section", "text"), cases("must_fire"))
def test_must_fire(file: str, section: str, text: str) -> None:
    result = verdict(IDS[file, section], Wording(text=text, intent="praise"))
    assert result.level is BLOCK
    assert result.note


@pytest.mark.parametrize(("file", "section", "text"), cases("must_stay_silent"))
def test_must_stay_silent(file: str, section: str, text: str) -> None:
    assert verdict(IDS[file, section], Wording(text=text, intent="praise")).level is PASS


OWN = [
    ("no-mass-ping", "look here @everyone", BLOCK),
    ("no-promo-word", "there is a discount on it", BLOCK),
    ("no-borrowed-life", "I'm a real person", BLOCK),
    ("no-borrowed-life", "I am not a bot", BLOCK),
    ("no-promise", "we will fix this tomorrow", BLOCK),
    ("no-promise", "we'll look into it", WARN),
    ("no-promise", "soon", WARN),
    ("no-borrowed-life", "it made my day", WARN),
]


@pytest.mark.parametrize(("check_id", "text", "level"), OWN)
def test_a_managers_own_words(check_id: str, text: str, level: Level) -> None:
    assert verdict(check_id, Wording(text=text)).level is BLOCK
    assert verdict(check_id, Wording(text=text, own_words=True)).level is level


def test_a_crisis_blocks_every_template_and_warns_a_person() -> None:
    post = replace(POST, text="nice game but i want to kill myself")
    assert verdict("crisis-stop", Wording(text="Which part?", intent="praise"), post).level is BLOCK
    assert verdict("crisis-stop", Wording(text="I'm here, Ida.", own_words=True), post).level is WARN
    assert verdict("crisis-stop", Wording(text="Which part?")).level is PASS


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("@everyone", BLOCK),
        ("hey @here.", BLOCK),
        ("@Everyone", BLOCK),
        ("<@&123> look", BLOCK),
        ("<!channel>", BLOCK),
        ("<!here|here>", BLOCK),
        ("\uff20everyone", BLOCK),
        ("<@123> yes", PASS),
        ("everyone is here", PASS),
        ("@heretic", PASS),
        ("<#123>", PASS),
    ],
)
def test_no_mass_ping(text: str, level: Level) -> None:
    quoted = Wording(text=text, quoted=(text,), intent="are_you_a_bot")
    for wording in (Wording(text=text), Wording(text=text, own_words=True), quoted):
        assert verdict("no-mass-ping", wording).level is level


QUOTED = [
    ("no-borrowed-life", "I felt every one of them. Which was first?", ("I felt every one of them.",), "x", PASS),
    ("no-borrowed-life", "I felt that. The moths.", ("the moths",), "x", BLOCK),
    ("no-borrowed-life", "I'm a human, like you.", ("I'm a human, like you.",), "x", BLOCK),
    ("no-promo-word", "The giveaway page. When did it break?", ("the giveaway page",), "the giveaway page broke", PASS),
    ("no-promo-word", "Look for the giveaway.", ("the giveaway",), "what is new", BLOCK),
    ("no-promise", "The coming soon page. When did it break?", ("the coming soon page",), "x", PASS),
    ("no-promise", "We will have it tomorrow.", ("We will have it tomorrow.",), "x", BLOCK),
    (
        "no-promise",
        "It will be done by friday, you say.",
        ("it will be done by friday",),
        "it will be done by friday",
        PASS,
    ),
]


@pytest.mark.parametrize(("check_id", "text", "quoted", "post", "level"), QUOTED)
def test_quoted_parts(check_id: str, text: str, quoted: tuple[str, ...], post: str, level: Level) -> None:
    assert verdict(check_id, Wording(text=text, quoted=quoted), replace(POST, text=post)).level is level


def test_a_quoted_letter_takes_no_letters_out_of_words() -> None:
    assert fixed_words(Wording(text="A day at sea, a", quoted=("a",))).split() == [";", "day", "at", "sea,", ";"]
    assert verdict("no-borrowed-life", Wording(text="I felt that.", quoted=("e", "t", "f"))).level is BLOCK


def test_the_true_answer_may_say_who_writes_but_own_words_may_not_claim_it() -> None:
    text = "Not a bot alone: software drafts, a human reads."
    assert verdict("no-borrowed-life", Wording(text=text, intent="are_you_a_bot")).level is PASS
    assert verdict("no-borrowed-life", Wording(text=text, intent="are_you_a_bot", own_words=True)).level is BLOCK


@pytest.mark.parametrize(
    ("reply", "post", "level"),
    [
        (3, 4, PASS),
        (3, 9, PASS),
        (27, 9, PASS),
        (60, 30, PASS),
        (61, 200, WARN),
        (31, 10, WARN),
        (30, 10, PASS),
        (3, 10, WARN),
        (4, 10, PASS),
        (0, 0, PASS),
    ],
)
def test_length(reply: int, post: int, level: Level) -> None:
    asked = replace(POST, text="word " * post)
    assert verdict("length", Wording(text="word " * reply), asked).level is level


def past(text: str | None, *, channel: bool = True, fan: bool = False) -> PastReply:
    return PastReply(text=text, opener="", template=None, variant=None, at=NOW, same_channel=channel, same_fan=fan)


TEXT = "The paper moths make it. How did you keep them from tearing?"
TWIN = "The paper owls make it! How did you keep those from tearing?"
ALIKE = "The paper boats hold up. How did you keep them that dry?"
OTHER = "Ten laps in the rain. What was the last one like?"


@pytest.mark.parametrize(
    ("replies", "intent", "level"),
    [
        ((), "praise", PASS),
        ((past(OTHER),), "praise", PASS),
        ((past(None),), "praise", PASS),
        ((past(TWIN),), "praise", BLOCK),
        ((past(TEXT.upper()),), "praise", BLOCK),
        ((past(ALIKE),), "praise", WARN),
        ((past(TWIN),), "question", BLOCK),
        ((past(TWIN),), "are_you_a_bot", WARN),
        ((past(TWIN),), "privacy_request", WARN),
        ((*[past(OTHER)] * 19, past(TWIN)), "praise", BLOCK),
        ((*[past(OTHER)] * 20, past(TWIN)), "praise", PASS),
        ((past(TWIN, channel=False),), "praise", PASS),
        ((past(TWIN, channel=False, fan=True),), "praise", BLOCK),
        ((*[past(OTHER, channel=False, fan=True)] * 5, past(TWIN, channel=False, fan=True)), "praise", PASS),
    ],
)
def test_not_a_twin(replies: tuple[PastReply, ...], intent: str, level: Level) -> None:
    context = replace(CONTEXT, past_replies=replies)
    assert verdict("not-a-twin", Wording(text=TEXT, intent=intent), context=context).level is level
    own = verdict("not-a-twin", Wording(text=TEXT, intent=intent, own_words=True), context=context).level
    assert own is (WARN if level is BLOCK else level)


def test_an_answer_may_repeat() -> None:
    context = replace(CONTEXT, past_replies=(past(TWIN),))
    assert verdict("not-a-twin", Wording(text=TEXT, intent="question", answer=True), context=context).level is WARN


def test_hidden_letters_hide_nothing() -> None:
    promo = WordList(LISTS["promo"]["words"])
    assert promo.find("A DIS\u200bCOUNT") == "discount"
    assert promo.find("**gift** and _sale_") == "sale"
    assert promo.find("") is None


@given(st.text(max_size=200), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=3), st.booleans())
def test_any_text_gets_a_verdict_of_every_check(text: str, post: str, quoted: list[str], own: bool) -> None:
    wording = Wording(text=text, quoted=tuple(quoted), own_words=own)
    results = examine(CHECKS, wording, replace(POST, text=post), replace(CONTEXT, past_replies=(past(post),)))
    assert [result.id for result in results] == [check.id for check in CHECKS]
    assert all(bool(result.note) == (result.level is not PASS) for result in results)


def test_ids_are_stable() -> None:
    assert [check.id for check in CHECKS] == [
        *("crisis-stop", "no-mass-ping", "addressed", "i-over-we", "no-uninvited-history", "length"),
        *("contractions", "exclaim", "emoji-mirror", "plain", "no-stock-phrase", "one-question", "open-door"),
        *("them-share", "brand-silent", "no-link", "no-promo-word", "no-task", "not-a-twin", "fresh-opener"),
        *("variety", "no-promise", "no-invention", "no-borrowed-life", "complaint-care", "no-blame"),
    ]
    assert (NoMassPing.id, NotATwin.id) == ("no-mass-ping", "not-a-twin")
