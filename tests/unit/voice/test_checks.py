"""The voice checks: what each list finds, whose words are checked, and what stops a manager."""

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
from responders.voice import STOPS, default_checks, examine
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
    ("identity", "words"): "honest-identity",
    ("borrowed_life", "words"): "no-borrowed-life",
    ("promise", "future"): "no-promise",
    ("promise", "vague"): "no-promise",
    ("promo", "words"): "no-promo-word",
    ("promo", "orders"): "no-promo-word",
    ("task", "orders"): "no-task",
    ("task", "asks"): "no-task",
    ("stock_phrase", "words"): "no-stock-phrase",
    ("blame", "words"): "no-blame",
    ("cheer", "words"): "no-cheer",
}
WARN, BLOCK, PASS = Level.WARN, Level.BLOCK, Level.PASS


def verdict(check_id: str, wording: Wording, post: Post = POST, context: Context = CONTEXT) -> CheckResult:
    return next(result for result in examine(CHECKS, wording, post, context) if result.id == check_id)


def spoken(file: str, text: str) -> Wording:
    """Jokes are checked only where somebody is hurt."""
    return Wording(text=text, intent="complaint" if file == "cheer" else "praise")


@pytest.mark.parametrize(("file", "section"), IDS)
def test_each_check_blocks_what_its_list_finds_and_nothing_else(file: str, section: str) -> None:
    def told(text: str) -> CheckResult:
        return verdict(IDS[file, section], spoken(file, text))

    fired = [(text, told(text)) for text in LISTS[file][section]["must_fire"]]
    assert [text for text, result in fired if result.level is not BLOCK or not result.note.endswith(".")] == []
    assert [text for text in LISTS[file][section]["must_stay_silent"] if told(text).level is not PASS] == []


STOPPED = [
    ("no-mass-ping", "look here @everyone"),
    ("no-mass-ping", "<@&77> look"),
    ("honest-identity", "I'm a real person"),
    ("honest-identity", "I am not a bot"),
    ("honest-identity", "Ich bin kein Bot"),
]
REMARKED = [
    ("no-promise", "we will fix this tomorrow"),
    ("no-promise", "we'll look into it"),
    ("no-promo-word", "there is a discount on it"),
    ("no-borrowed-life", "it made my day"),
    ("no-stock-phrase", "sorry for the inconvenience"),
    ("no-task", "don't forget to tag us"),
    ("no-blame", "you should have read it"),
]
OWN_AFFAIR = [
    "Shops open at 10, see https://lamp.example/a or ask Tom.",
    "Wow!!! That's brilliant!!! 🎉🎉",
    "So happy for you, and so sorry about the rest. Thank you for telling us.",
    "What? When? Where?",
    "Ok.",
    "We made our game for our community, and we love that we did.",
]


@pytest.mark.parametrize(("check_id", "text"), STOPPED)
def test_what_stops_a_managers_own_words(check_id: str, text: str) -> None:
    assert verdict(check_id, Wording(text=text)).level is BLOCK
    assert verdict(check_id, Wording(text=text, own_words=True)).level is BLOCK


@pytest.mark.parametrize(("check_id", "text"), REMARKED)
def test_everything_else_is_a_remark_on_them(check_id: str, text: str) -> None:
    assert verdict(check_id, Wording(text=text)).level is BLOCK
    own = [r for r in examine(CHECKS, Wording(text=text, own_words=True), POST, CONTEXT) if r.level is not PASS]
    assert [(r.id, r.level) for r in own] == [(check_id, WARN)]
    assert own[0].note.endswith(".")


@pytest.mark.parametrize("text", OWN_AFFAIR)
@pytest.mark.parametrize("intent", ["praise", "question", "wish", None])
def test_what_is_a_managers_own_affair(text: str, intent: str | None) -> None:
    wording = Wording(text=text, intent=intent, own_words=True)
    assert [r for r in examine(CHECKS, wording, POST, CONTEXT) if r.level is not PASS] == []


def test_a_crisis_blocks_every_template_and_has_nothing_to_say_to_a_person() -> None:
    post = replace(POST, text="nice game but i want to kill myself")
    assert verdict("crisis-stop", Wording(text="Which part?", intent="praise"), post).level is BLOCK
    assert verdict("crisis-stop", Wording(text="I'm here, Ida.", own_words=True), post).level is PASS
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
    ("honest-identity", "I'm a human, like you.", ("I'm a human, like you.",), "x", BLOCK),
    ("no-promo-word", "The giveaway page. When did it break?", ("the giveaway page",), "the giveaway page broke", PASS),
    ("no-promo-word", "Look for the giveaway.", ("the moths",), "what is new", BLOCK),
    ("no-promise", "The coming soon page. When did it break?", ("the coming soon page",), "x", PASS),
    ("no-promise", "We will have it tomorrow.", ("the moths",), "x", BLOCK),
]


@pytest.mark.parametrize(("check_id", "text", "quoted", "post", "level"), QUOTED)
def test_quoted_parts(check_id: str, text: str, quoted: tuple[str, ...], post: str, level: Level) -> None:
    assert verdict(check_id, Wording(text=text, quoted=quoted), replace(POST, text=post)).level is level


FACTS = [
    ("question", "It comes out on 12 March.", ("12 March",)),
    ("praise", "The Summer Sale, of course.", ("Summer Sale",)),
    ("complaint", "I'm sorry. It is all at https://lamp.example/help.", ("https://lamp.example/help",)),
    ("wish", "Write to keeper@lamp.example.", ("keeper@lamp.example",)),
    ("milestone", "There are 4,000 of you now.", ("4,000",)),
]


@pytest.mark.parametrize(("intent", "text", "quoted"), FACTS)
def test_a_fact_may_be_said_in_any_intent(intent: str, text: str, quoted: tuple[str, ...]) -> None:
    """The operator put it there: a link, a name, a number, a date."""
    found = examine(CHECKS, Wording(text=text, intent=intent, quoted=quoted), POST, CONTEXT)
    assert [r for r in found if r.level is not PASS] == []
    bare = examine(CHECKS, Wording(text=text, intent=intent), POST, CONTEXT)
    assert [r for r in bare if r.level is BLOCK]


def test_what_a_manager_fills_in_is_looked_at_with_the_rest() -> None:
    wording = Wording(text="Good one. We fix it tomorrow.", quoted=("We fix it tomorrow.",), own_words=True)
    assert verdict("no-promise", wording).level is WARN
    theirs = replace(POST, text="you said: we fix it tomorrow.")
    assert verdict("no-promise", wording, theirs).level is PASS


def test_a_quoted_letter_takes_no_letters_out_of_words() -> None:
    assert fixed_words(Wording(text="A day at sea, a", quoted=("a",))).split() == [";", "day", "at", "sea,", ";"]
    assert verdict("no-borrowed-life", Wording(text="I felt that.", quoted=("e", "t", "f"))).level is BLOCK


def test_the_true_answer_may_say_who_writes_but_own_words_may_not_claim_it() -> None:
    text = "Not a bot alone: software drafts, a human reads."
    assert verdict("honest-identity", Wording(text=text, intent="are_you_a_bot")).level is PASS
    assert verdict("honest-identity", Wording(text=text, intent="are_you_a_bot", own_words=True)).level is BLOCK
    truth = "Software puts the drafts together, and somebody on the team reads and approves each one."
    assert verdict("honest-identity", Wording(text=truth, intent="are_you_a_bot", own_words=True)).level is PASS


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
        ((past(ALIKE),), "praise", PASS),
        ((past(TWIN),), "question", BLOCK),
        ((past(TWIN),), "are_you_a_bot", PASS),
        ((past(TWIN),), "privacy_request", PASS),
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
    assert verdict("not-a-twin", Wording(text=TEXT, intent="question", answer=True), context=context).level is PASS


def test_hidden_letters_hide_nothing() -> None:
    promo = WordList(LISTS["promo"]["words"])
    assert promo.find("A DIS\u200bCOUNT") == "discount"
    assert promo.find("**gift** and _giveaway_") == "giveaway"
    assert promo.find("") is None


@given(st.text(max_size=200), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=3), st.booleans())
def test_any_text_gets_a_verdict_of_every_check(text: str, post: str, quoted: list[str], own: bool) -> None:
    wording = Wording(text=text, quoted=tuple(quoted), own_words=own)
    results = examine(CHECKS, wording, replace(POST, text=post), replace(CONTEXT, past_replies=(past(post),)))
    assert [result.id for result in results] == [check.id for check in CHECKS]
    assert all(bool(result.note) == (result.level is not PASS) for result in results)
    assert not own or {r.id for r in results if r.level is BLOCK} <= STOPS


def test_no_note_names_a_check() -> None:
    """People read sentences; ids are for programs."""
    texts = [text for file, section in IDS for text in LISTS[file][section]["must_fire"]]
    for text in [*texts, "Hello @everyone.", "Great!!", "See https://lamp.example", "In 12 days."]:
        for result in examine(CHECKS, Wording(text=text, intent="complaint"), POST, CONTEXT):
            assert not any(check.id in result.note for check in CHECKS)


def test_ids_are_stable() -> None:
    assert [check.id for check in CHECKS] == [
        *("crisis-stop", "no-mass-ping", "honest-identity", "no-borrowed-life", "no-promise", "no-invention"),
        *("no-link", "no-promo-word", "no-task", "no-stock-phrase", "no-blame", "no-cheer", "not-a-twin"),
        "no-uninvited-history",
    ]
    assert (NoMassPing.id, NotATwin.id) == ("no-mass-ping", "not-a-twin")
