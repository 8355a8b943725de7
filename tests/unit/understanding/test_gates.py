"""The gates fire where they must and leave game talk alone: by lists, whatever else fails, and by chances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import responders.understanding
from bot.reader import by_words
from responders.library.model import Library
from responders.types import Alarm, Attachment, Context, Post, Understanding
from responders.understanding.facts import Conversation
from responders.understanding.gates import GATES, Gate, Gates, Parts
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.normalise import ENCODED, compile_phrases
from tests.fakes.reader import FROM, FakeReads, Says

DATA = Path(responders.understanding.__file__).parent / "data"
LISTS = yaml.safe_load((DATA / "gates.yaml").read_text(encoding="utf-8"))
TALK = yaml.safe_load((DATA / "conversation.yaml").read_text(encoding="utf-8"))
KILL = "i want to kill myself"
SPOKEN_OF = {
    "crisis": KILL,
    "legal": "my lawyer will write to you",
    "toxic": "what an idiot",
    "spam": "free nitro for all",
}
LONG = (
    "The new map is really gorgeous, we walked around it all evening.",
    "My brother found the lamp behind the mill, of all places!",
    "Thanks for all the work that went into it.",
)
"""A post of several sentences. One more would be read by itself."""
Weigh = Callable[..., Understanding]


def cases(key: str) -> list[tuple[str, str]]:
    return [(gate, text) for gate in GATES for text in LISTS[gate][key]]


@pytest.mark.parametrize(("gate", "text"), cases("must_fire"))
def test_fires(gate: str, text: str) -> None:
    assert Gate(LISTS[gate]).fires(text)


@pytest.fixture(scope="module")
def alone(a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Weigh:
    """The lists, where nothing else was read."""
    gates = Gates(LISTS)
    return lambda text, language="en": gates.analyze(a_post(text), a_context(), Understanding(language=language))


@pytest.fixture(scope="module")
def weigh(a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Weigh:
    """The lists beside chances."""
    gates = Gates(LISTS, FROM)

    def with_chances(text: str, post: dict[str, Any] | None = None, **chances: float) -> Understanding:
        read = Understanding(intents=tuple(chances.items()))
        return gates.analyze(a_post(text, **(post or {})), a_context(), read)

    return with_chances


@pytest.mark.parametrize(("gate", "text"), [case for case in cases("must_fire") if case[0] != "minor"])
def test_a_list_is_enough_where_nothing_else_could_be_read(alone: Weigh, gate: str, text: str) -> None:
    read = alone(text, "de")  # insults count in the post's language and in English
    assert gate in read.risk
    assert [alarm.gate for alarm in read.alarms] == list(read.risk)


@pytest.mark.parametrize("text", LISTS["minor"]["must_fire"])
def test_an_age_alone_is_no_alarm(alone: Weigh, text: str) -> None:
    assert alone(text).risk == ()


@pytest.mark.parametrize(("gate", "text"), cases("must_stay_silent"))
def test_harmless_text_passes_every_gate(alone: Weigh, gate: str, text: str) -> None:
    assert alone(text) == Understanding()


@pytest.mark.parametrize(
    "text",
    [
        "I  WANT   TO\nKILL MYSELF",
        "i want to k\u200bill my\u00adself",
        "i want to killlll myself",
        "i want to k\u0456ll myself",
        "love the fog. also i want to kill myself",
        "\u202ei want to kill myself\u202c",
        "x " * 3000 + "i want to kill myself",
    ],
)
def test_disguises_do_not_help(alone: Weigh, text: str) -> None:
    assert Gate(LISTS["crisis"]).fires(text)
    assert alone(text).risk == ("crisis",)


@pytest.mark.parametrize("gate", SPOKEN_OF)
def test_a_phrase_and_a_chance_add_up(weigh: Weigh, gate: str) -> None:
    text = SPOKEN_OF[gate]
    by_chance = weigh("the ferry is late", **{gate: 0.2})
    by_both = weigh(text, **{gate: 0.2})
    assert by_chance.risk == ()
    assert by_both.risk == (gate,)
    assert by_both.alarms[0].chance > 0.2
    assert weigh(text, **{gate: 0.001}).risk == (), "a list knows words, the reader what is done with them"
    assert weigh("the ferry is late", **{gate: 0.31}).risk == (gate,)


@given(st.sampled_from(GATES), st.floats(0, 1), st.floats(0, 1))
def test_more_chance_or_a_phrase_never_make_a_gate_less_sure(weigh: Weigh, gate: str, one: float, other: float) -> None:
    def chance(text: str, given_chance: float) -> float:
        alarms = {a.gate: a.chance for a in weigh(text, **{gate: given_chance}).alarms}
        return alarms.get(gate, 0.0)

    less, more = sorted((one, other))
    text = SPOKEN_OF.get(gate, "i am 11")
    assert chance("the ferry is late", less) <= chance("the ferry is late", more)
    assert chance("the ferry is late", less) <= chance(text, less) <= chance(text, more) <= 1


@pytest.mark.parametrize(
    "chances", [{"crisis": 0.0}, {"crisis": 1.0}, dict.fromkeys(GATES, 1.0), dict.fromkeys(GATES, 0.0)]
)
def test_the_ends_of_the_scale(weigh: Weigh, chances: dict[str, float]) -> None:
    risk = weigh("the ferry is late", **chances).risk
    assert risk == tuple(gate for gate in GATES if chances.get(gate) == 1.0)


def test_who_may_be_in_danger_is_noted_before_anybody_is_called(weigh: Weigh) -> None:
    read = weigh("some nights are long", crisis=0.15)
    assert read.risk == ()
    assert read.alarms == (Alarm(gate="crisis", chance=0.15, part="some nights are long"),)
    assert weigh("some nights are long", crisis=0.05).alarms == ()
    assert weigh("some nights are long", toxic=0.25).alarms == (), "of the other gates only what holds a post is noted"


def test_the_alarm_names_the_sentence_that_has_the_phrase(weigh: Weigh) -> None:
    text = f"{' '.join(LONG)} My lawyer will write to you about it!"
    assert weigh(text, legal=0.3).alarms[0].part == "My lawyer will write to you about it!"
    assert len(weigh("so " * 900, legal=0.9).alarms[0].part) <= 200


def test_spam_is_told_by_where_it_leads_too(weigh: Weigh) -> None:
    plain, cued = weigh("have a look", spam=0.15), weigh("dm me, limited, free bonus: https://bit.ly/x", spam=0.15)
    assert (plain.risk, cued.risk) == ((), ("spam",))


def test_what_is_attached_is_looked_at(weigh: Weigh) -> None:
    link = Attachment(kind="link", url="https://x.example", title="Free nitro for everyone")
    assert weigh("look", {"attachments": (link,)}, spam=0.1).risk == ("spam",)


@pytest.mark.parametrize(("language", "risk"), [("de", ("toxic",)), ("en", ()), ("it", ())])
def test_insults_of_other_languages_are_words_of_ours(alone: Weigh, language: str, risk: tuple[str, ...]) -> None:
    assert alone("pack", language).risk == risk
    assert alone("idiots", language).risk == ("toxic",)


@pytest.mark.parametrize(
    ("text", "chance", "held"),
    [
        ("i am 9 and i love the boats", 0.4, False),
        ("i am 9 and i love the boats", 0.75, False),
        ("i am 9 and i love the boats", 0.85, True),
        ("i am 9 and my school is in mill lane", 0.4, True),
        ("i am 9, call 555-0123-44", 0.4, True),
        ("bin 9 und allein zuhause", 0.4, True),
        ("my school has a boat club", 0.1, False),
    ],
)
def test_a_child_is_kept_safe_that_gives_something_away(weigh: Weigh, text: str, chance: float, *, held: bool) -> None:
    read = weigh(text, praise=1 - chance, minor=chance)
    assert ("minor" in read.risk) == held
    if not held and chance > 0.3:
        assert read.intents == (("praise", 1.0),), "the chance goes to what else it may be"


def test_what_could_not_be_read_hides_no_cry_for_help(
    a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    """A phrase is enough when the part that might have seen the rest failed."""
    gates = Gates(LISTS, FROM)
    for read in (
        Understanding(unread=("what it is about",)),
        Understanding(unread=("its sentences one by one",), intents=(("crisis", 0.0),)),
        Understanding(unread=("what it is about",), alarms=(Alarm(gate="crisis", chance=0.001, part="so"),)),
        Understanding(unread=("its language",), intents=(("crisis", 0.0001),)),
    ):
        assert gates.analyze(a_post(KILL), a_context(), read).risk == ("crisis",)
        assert gates.analyze(a_post("love it"), a_context(), read).risk == ()


def parts(
    text: str, known: dict[str, str | Says], a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> Any:
    reads = FakeReads(known)
    read = Parts(reads).analyze(a_post(text), a_context(), Understanding())
    return reads.texts, read


def test_a_crisis_may_be_one_sentence_of_praise(a_post: Callable[..., Post], a_context: Callable[..., Context]) -> None:
    text = " ".join([*LONG[:2], "I do not see a tomorrow for me!", *LONG[2:]])
    seen, read = parts(text, {"tomorrow": "crisis", "map": "praise"}, a_post, a_context)
    assert seen == [*LONG[:2], "I do not see a tomorrow for me!", *LONG[2:]]
    (alarm,) = read.alarms
    assert (alarm.gate, alarm.part) == ("crisis", "I do not see a tomorrow for me!")
    weighed = Gates(LISTS, FROM).analyze(a_post(text), a_context(), replace(read, intents=(("crisis", 0.01),)))
    assert weighed.risk == ("crisis",)
    assert weighed.alarms[0].part == "I do not see a tomorrow for me!"


@pytest.mark.parametrize(
    "text", ["", "love it", "one sentence is the post itself", "wow. ok. nice.", "👍", "...", "\ud800"]
)
def test_what_has_no_parts_is_not_read_again(
    a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    assert parts(text, {}, a_post, a_context) == ([], Understanding())


@pytest.mark.parametrize(
    "text",
    [
        "lamp " * 1600,
        "lamp! " * 1300,
        "the lamp is out. " * 400,
        "a" * 8000,
        "ü" * 8000,
        "no. " * 1900,
        "a b c d " * 900,
    ],
    ids=range(7),
)
def test_all_of_a_long_post_is_read_piece_by_piece(
    a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    seen, _ = parts(text, {}, a_post, a_context)
    assert 1 <= len(seen) <= 20
    hidden = text[:4000] + " i do not see a tomorrow. " + text[4000:7900]
    _, read = parts(hidden, {"tomorrow": "crisis"}, a_post, a_context)
    assert read.alarms[0].chance > 0.8


@given(st.text(max_size=1200) | st.text(st.sampled_from("ab .!?\n…"), max_size=3000))
def test_pieces_can_be_read_whole(a_post: Callable[..., Post], a_context: Callable[..., Context], text: str) -> None:
    seen, _ = parts(text, {}, a_post, a_context)
    assert len(seen) <= 20
    assert all(len(piece) <= ENCODED for piece in seen)


@pytest.fixture(scope="module")
def by_words_alone(small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Weigh:
    """The gates as they are without the model."""
    reads = by_words(small_library.word_lists)
    steps = (IntentAnalyzer(small_library, reads), Parts(reads), Gates(LISTS, reads.thresholds))

    def run(text: str) -> Understanding:
        read = Understanding()
        for step in steps:
            read = step.analyze(a_post(text), a_context(), read)
        return read

    return run


@pytest.mark.parametrize(
    "text",
    [
        "i'm so tired of existing",
        "would anyone even care if i stopped being here",
        "my family would be happier if i was never born",
        "no quiero seguir en este mundo",
        "je ne veux plus vivre, personne ne me remarque",
        "não aguento mais viver, só queria sumir",
        "ich will nicht mehr leben, alles ist leer",
    ],
)
def test_without_the_model_a_quiet_crisis_is_at_least_never_drafted(by_words_alone: Weigh, text: str) -> None:
    read = by_words_alone(text)
    assert "crisis" in read.risk or read.alarms


@pytest.mark.parametrize(
    "text", ["the new map is gorgeous", "where do i buy the soundtrack", "thanks for the quick fix", "good night all"]
)
def test_without_the_model_plain_posts_pass(by_words_alone: Weigh, text: str) -> None:
    assert by_words_alone(text).alarms == ()


def test_words_of_two_sentences_make_no_phrase() -> None:
    assert not Gate(LISTS["crisis"]).fires("what a kill. myself i prefer fishing")


def test_the_most_urgent_gate_comes_first(alone: Weigh) -> None:
    read = alone("you idiots, i will call my lawyer. we know where you live")
    assert read.risk == ("crisis", "legal", "toxic")
    assert all(alarm.chance >= 0.6 for alarm in read.alarms)


@pytest.mark.parametrize("text", TALK["solved_alone"]["must_fire"])
def test_settled(text: str) -> None:
    assert Conversation(TALK).only_solved(text)


@pytest.mark.parametrize("text", TALK["solved_alone"]["must_stay_silent"])
def test_not_settled(text: str) -> None:
    assert not Conversation(TALK).only_solved(text)


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("crash*", "it crashes", True),
        ("crash*", "a car crash", True),
        ("crash*", "the backcrash", False),
        ("a * b", "a one two three b", True),
        ("a * b", "a one two three four b", False),
        ("a * b", "a b", True),
        ("(see you|cya) there", "see you there", True),
        ("im ten .", "im ten", True),
        ("im ten .", "im ten, hi", True),
        ("im ten .", "im ten hours in", False),
        ("10/10", "a 10/10 from me", True),
        ("a.b", "axb", False),
    ],
)
def test_phrase_language(phrase: str, text: str, found: bool) -> None:
    assert bool(compile_phrases([phrase]).search(text)) is found


def test_an_empty_list_matches_nothing() -> None:
    assert not compile_phrases([]).search("anything")
