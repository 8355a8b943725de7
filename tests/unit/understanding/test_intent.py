"""Intents: what the model reads, moved by operators' examples and by whom a post answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.reader import by_words
from responders.library.model import Intent, Library
from responders.types import GATES, Context, Post, Turn, Understanding
from responders.understanding.features import Features
from responders.understanding.held_out import recalls, stolen
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.normalise import has_words, reading
from responders.understanding.trained import Reads
from tests.fakes.reader import FakeReads, Says
from tests.model import reader as trained
from tests.unit.conftest import NOW

HELD_OUT = yaml.safe_load((Path(__file__).parents[1] / "data" / "held_out.yaml").read_text(encoding="utf-8"))
CONTRACT = [
    ("ugc_shared", 0),
    ("ugc_shared", 1),
    ("ugc_shared", 2),
    ("ugc_shared", 3),
    ("complaint", 0),
    ("complaint", 1),
    ("complaint", 2),
    ("praise", 0),
    ("praise", 1),
    ("praise", 2),
    ("praise", 3),
    ("are_you_a_bot", 0),
    ("thanks", 0),
    ("question", 0),
]
Read = Callable[..., Understanding]


@pytest.fixture(scope="module")
def reader(a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Callable[[Library, Reads], Read]:
    """Reads posts with a library and with what was trained."""

    def made(library: Library, reads: Reads) -> Read:
        analyzer = IntentAnalyzer(library, reads)
        return lambda text, **kw: analyzer.analyze(a_post(text), a_context(**kw), Understanding())

    return made


@pytest.fixture(scope="module")
def read(small_library: Library, reader: Callable[[Library, Reads], Read]) -> Read:
    """With the shipped model."""
    return reader(small_library, trained().model(None)[0])


def of(name: str, *texts: str, **kw: Any) -> Intent:
    return Intent(name=name, meaning=name, action="draft", priority=10, examples={"en": texts}, **kw)


def also(library: Library, *intents: Intent) -> Library:
    return replace(library, intents={**library.intents, **{intent.name: intent for intent in intents}})


@pytest.mark.parametrize(("intent", "text"), [(intent, HELD_OUT[intent][i]) for intent, i in CONTRACT])
def test_clear_posts_are_read_with_confidence(read: Read, intent: str, text: str) -> None:
    understanding = read(text)
    assert understanding.intent == intent
    assert understanding.confidence >= 0.5


@pytest.mark.parametrize("with_model", [True, False], ids=["model", "words alone"])
def test_posts_held_out(small_library: Library, reader: Callable[[Library, Reads], Read], *, with_model: bool) -> None:
    reads = trained().model(None)[0] if with_model else by_words(small_library.word_lists)
    read, silent = reader(small_library, reads), {"offtopic", "crosstalk"}
    total = sum(map(len, HELD_OUT.values()))
    found = [(want, text, read(text)) for want, texts in HELD_OUT.items() for text in texts]
    wrong = [case for case in found if case[0] != ("silent" if case[2].intent in silent else case[2].intent)]
    believed = [case for case in wrong if case[2].confidence >= reads.thresholds["sure"]]
    assert len(wrong) <= total // 10, [(want, got.intent, text) for want, text, got in wrong]
    assert len(believed) <= total // 20, [(want, got.intent, text) for want, text, got in believed]


def test_all_intents_are_kept_and_add_up(read: Read) -> None:
    understanding = read("thanks! where is the save folder?")
    assert sum(share for _, share in understanding.intents) == pytest.approx(1, abs=0.01)
    assert {name for name, _ in understanding.intents[:2]} == {"thanks", "question"}
    assert list(understanding.intents) == sorted(understanding.intents, key=lambda r: -r[1])


@settings(deadline=None)
@given(
    st.text(max_size=100),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.text(max_size=20), max_size=3),
    st.sampled_from([None, "fan", "staff"]),
)
def test_chances_add_up_whatever_operators_write(
    small_library: Library,
    reader: Callable[[Library, Reads], Read],
    text: str,
    chances: list[float],
    examples: list[str],
    last: Any,
) -> None:
    names = ("praise", "crisis", "question")
    says = Says(intents={name: chance / (sum(chances) + 1) for name, chance in zip(names, chances, strict=True)})
    library = also(replace(small_library, intents={"praise": of("praise", *examples)}), of("ours", *examples[:1]))
    before = (Turn(role=last, name="Kim", text="so?", at=NOW, in_thread=False),) if last else ()
    got = reader(library, FakeReads({"": says}))(text, before=before)
    assert sum(share for _, share in got.intents) == pytest.approx(1, abs=0.01)
    assert all(0 <= share <= 1 for _, share in got.intents)
    assert len({name for name, _ in got.intents}) == len(got.intents)
    assert {name for name, _ in got.intents} >= {"praise", *GATES}
    assert (got.intent, got.confidence) == (got.intents[0][0], min(got.intents[0][1], 0.9999))


def test_nearest_is_an_example_of_the_intent(small_library: Library, reader: Callable[[Library, Reads], Read]) -> None:
    read = reader(small_library, FakeReads({"stunning": "praise", "quill": "thanks"}))
    assert read("the harbor looks stunning today").nearest == "the harbor looks stunning at night"
    assert read("a quill").nearest in small_library.intents["thanks"].examples["en"]
    nothing = reader(replace(small_library, intents={"praise": of("praise")}), FakeReads({"stunning": "praise"}))
    assert nothing("stunning").nearest is None


def test_what_the_reader_says_of_a_post_is_kept(
    small_library: Library, reader: Callable[[Library, Reads], Read]
) -> None:
    art = (("praise_for_looks", "praise", 0.6), ("it_broke", "complaint", 0.3), ("praise_general", "praise", 0.1))
    says = Says(intents={"praise": 0.9}, situations=art, mood="glad", tells={"version": 0.9, "since_when": 0.2})
    got = reader(small_library, FakeReads({"fog": says}))("that fog in 1.4")
    assert (got.mood, got.tells) == ("glad", {"version"})
    assert got.situations[0][0] == "praise_for_looks"
    assert {name for name, _ in got.situations} == {"praise_for_looks", "praise_general", "it_broke"}


def test_a_manager_names_the_intent(read: Read) -> None:
    understanding = read("love it", forced_intent="complaint")
    assert (understanding.intent, understanding.confidence) == ("complaint", 1.0)
    assert len({name for name, _ in understanding.intents}) == len(understanding.intents)
    assert read("love it", forced_intent="no_such_intent").intents[0] == ("no_such_intent", 1.0)


def test_what_a_manager_names_takes_no_danger_away(
    small_library: Library, reader: Callable[[Library, Reads], Read]
) -> None:
    read = reader(small_library, FakeReads({"tomorrow": Says(intents={"crisis": 0.6, "praise": 0.3})}))
    free, named = read("no tomorrow"), read("no tomorrow", forced_intent="praise")
    assert named.intents[:2] == (("praise", 1.0), ("crisis", dict(free.intents)["crisis"]))
    assert {share for name, share in named.intents if name not in {"praise", *GATES}} == {0.0}


@pytest.mark.parametrize("count", [0, 1])
def test_few_intents_are_no_accident(
    count: int, small_library: Library, reader: Callable[[Library, Reads], Read]
) -> None:
    intents = dict(list(small_library.intents.items())[:count])
    for reads in (FakeReads({}), by_words(small_library.word_lists)):
        got = reader(replace(small_library, intents=intents), reads)("hello")
        assert {name for name, _ in got.intents} == {*intents, *GATES}


@pytest.mark.parametrize("reads", ["model", "words"])
def test_few_examples_hold_their_own_among_many(
    small_library: Library, reader: Callable[[Library, Reads], Read], reads: str
) -> None:
    texts = (
        *("remind me to water the plants", "set a reminder for the dentist", "put a reminder on for rent"),
        *("could you remind me about the tax form", "i need a reminder every sunday"),
    )
    model = trained().model(None)[0] if reads == "model" else by_words(small_library.word_lists)
    read = reader(also(small_library, of("reminder", *texts)), model)
    theirs = ("please remind me to call mum", "a reminder for rent please")
    assert [read(text).intent for text in theirs] == ["reminder"] * len(theirs)
    taken = [text for texts in HELD_OUT.values() for text in texts if read(text).intent == "reminder"]
    assert len(taken) <= 2, taken


WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven"),
    *("inlet", "jetty", "kelp", "ledge", "maple", "nickel", "otter", "plume"),
)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_an_operators_own_example_is_read_as_its_intent(
    small_library: Library, reader: Callable[[Library, Reads], Read], data: st.DataObject
) -> None:
    """Whatever the model says of the words, for trained intents and the operator's own."""
    texts = data.draw(st.permutations(WORDS))
    pairs = [f"{one} {other}" for one, other in zip(texts[::2], texts[1::2], strict=True)]
    names = [data.draw(st.sampled_from(["praise", "question", "crosstalk", "ours", "also_ours"])) for _ in pairs]
    intents = {n: of(n, *(t for t, label in zip(pairs, names, strict=True) if label == n)) for n in {*names}}
    says = {word: data.draw(st.sampled_from(["praise", "question", "crosstalk", "offtopic"])) for word in WORDS[::3]}
    reads = FakeReads({word: Says(intents={name: 0.9}) for word, name in says.items()})
    read = reader(replace(small_library, intents=intents), reads)
    assert [read(text).intent for text in pairs] == names


def test_the_shipped_examples_are_read_as_their_intents(read: Read, small_library: Library) -> None:
    examples = [(i.name, text) for i in small_library.intents.values() for text in i.examples["en"]]
    wrong = [(name, text) for name, text in examples if read(text).intent != name]
    assert len(wrong) <= len(examples) // 50, wrong


@pytest.mark.parametrize("background", [True, False])
def test_an_operators_own_intent_takes_nothing_of_a_crisis(
    small_library: Library, reader: Callable[[Library, Reads], Read], *, background: bool
) -> None:
    reads = FakeReads({"tomorrow": Says(intents={"crisis": 0.9})})
    reads.background = reads.background if background else reads.background[:0]
    known = reader(replace(small_library, intents={}), reads)("there is no tomorrow")
    own = replace(small_library, intents={"ours": of("ours", "there is no tomorrow", "no tomorrow for us")})
    got = reader(own, reads)("there is no tomorrow")
    assert dict(got.intents)["crisis"] == pytest.approx(dict(known.intents)["crisis"], abs=1e-3)


def test_cue_words_speak_for_their_intent(small_library: Library, reader: Callable[[Library, Reads], Read]) -> None:
    library = replace(small_library, intents={"praise": of("praise"), "thanks": of("thanks", cues={"en": ("lamp*",)})})
    plain, cued = (dict(reader(library, FakeReads({}))(text).intents) for text in ("the oil is in", "the lamps are in"))
    assert plain["thanks"] == plain["praise"]
    assert cued["thanks"] > 2 * cued["praise"]


def said(role: Any, text: str = "which phone is it?", minutes: float = 1, *, thread: bool = False) -> tuple[Turn, ...]:
    return (Turn(role=role, name="Kim", text=text, at=NOW - timedelta(minutes=minutes), in_thread=thread),)


@pytest.mark.parametrize(
    ("around", "answers"),
    [
        ({}, False),
        ({"before": said("staff")}, True),
        ({"before": said("us", thread=True)}, True),
        ({"before": said("staff", minutes=60)}, False),
        ({"before": said("staff", text="")}, False),
        ({"before": said("fan")}, False),
        ({"before": (*said("staff", minutes=3), *said("fan"))}, False),
        ({"before": said("fan", thread=True), "replies_to": "fan"}, False),
        ({"before": said("us", minutes=900, thread=True), "replies_to": "us", "addressed": True}, True),
        ({"before": said("staff", minutes=900, thread=True), "replies_to": "staff"}, True),
        ({"before": said("staff"), "replies_to": "staff"}, False),  # nothing of what it answers is known
        ({"replies_to": "us", "addressed": True}, False),
    ],
)
def test_an_answer_is_one_only_after_the_team_spoke(
    small_library: Library, reader: Callable[[Library, Reads], Read], around: dict[str, Any], *, answers: bool
) -> None:
    reads = FakeReads({"pixel": "answer"})
    read = reader(also(small_library, of("answer", "windows 11")), reads)
    got = read("pixel 7", **around)
    assert (got.intent == "answer") == answers
    assert ("answer" in dict(got.intents)) == answers
    if answers:
        assert reads.texts[-1] == "pixel 7\nteam: which phone is it?"


ROLES = st.sampled_from(["author", "fan", "staff", "us"])
TURNS = st.builds(
    lambda role, text, minutes, thread: said(role, text, minutes, thread=thread)[0],
    ROLES,
    st.sampled_from(["", "so?", "team: hi", "fan: hi", "team:\nhi"]),
    st.floats(0, 90),
    st.booleans(),
)


@settings(deadline=None)
@given(st.lists(TURNS, max_size=3), st.sampled_from(["us", "fan", "staff", "nobody"]), st.booleans())
def test_nothing_answers_a_fan(
    small_library: Library, reader: Callable[[Library, Reads], Read], before: list[Turn], to: Any, addressed: bool
) -> None:
    read = reader(also(small_library, of("answer", "windows 11")), FakeReads({"pixel": "answer"}))
    got = read("pixel 7", before=tuple(before), replies_to=to, addressed=addressed)
    if got.intent == "answer":
        assert to != "fan"
        assert {turn.role for turn in before} & {"us", "staff"}


def test_help_goes_to_somebody(small_library: Library, reader: Callable[[Library, Reads], Read]) -> None:
    read = reader(also(small_library, of("helping")), FakeReads({}))
    to_nobody, named = (dict(read(text).intents)["helping"] for text in ("hold both keys", "@kim hold both keys"))
    answers = dict(read("hold both keys", replies_to="fan").intents)["helping"]
    assert to_nobody < named == answers


def test_each_example_is_read_as_if_it_were_not_known(small_library: Library) -> None:
    """Also the only example of an operator's own intent; without it nothing speaks for that intent."""
    one = of("ours", "the otter is on the ledge")
    library = replace(small_library, intents={"praise": of("praise", "love the fog", "so good"), "ours": one})
    read = IntentAnalyzer(library, FakeReads({"love": "praise"})).held_out()
    assert next((found.text, found.read) for found in read) == ("love the fog", "praise")
    (own,) = [found for found in read if found.intent == "ours"]
    assert own.read != "ours"
    assert {recall.intent: recall.examples for recall in recalls(read)} == {"praise": 2, "ours": 1}
    assert all(found.read != found.intent for found in stolen(read))


def test_the_same_in_every_process() -> None:
    bare = Features({"classes": {}, "sentiment": {"positive": (), "negative": (), "not": ()}})
    assert [int(i) for i in bare.vector("fog").nonzero()[0]] == [186, 337, 691, 772, 1799, 2140, 2671, 4932]


@given(st.text(max_size=300))
def test_reading_any_text_gives_text_that_reads_the_same(text: str) -> None:
    read = reading(text)
    assert read == " ".join(read.split())
    assert isinstance(has_words(text), bool)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("I’m sooooo happy", "im soo happy"),
        ("see https://x.example/a?b=c now", "see weblink now"),
        ("@Pete_1 fill the oil", "@someone fill the oil"),
        ("<@12345> hi <:lamp:99>", "@someone hi lamp"),
        ("l\u200bo\u200bve it", "love it"),
        ("l\u043eve it", "love it"),
        ("\u043b\u044e\u0431\u043b\u044e", "\u043b\u044e\u0431\u043b\u044e"),
        ("mail me: a.b@c.example", "mail me: emailaddress"),
    ],
)
def test_reading(text: str, want: str) -> None:
    assert reading(text) == want
