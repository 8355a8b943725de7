"""Each code of the linter, with a file that has the fault and one that has not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pytest

from responders.library.faults import Fault
from responders.library.lint import lint
from responders.library.load import load
from responders.library.pitfalls import emoji_faults
from responders.library.vocabulary import PARTICULAR
from responders.pipeline import build

TODAY = date(2026, 3, 1)
CHANNELS = frozenset({"art", "wool"})
OTHERS = {
    f"intents/{name}.yaml": f"meaning: m\naction: draft\nexamples: {{en: [a {name}], de: [b {name}], pl: [c {name}]}}"
    for name in ("praise", "complaint", "question", "farewell", "are_you_a_bot")
}
GOOD = """---
slots:
  detail: {from: post.detail, required: true}
  name: {from: fan.call_name}
examples:
  - {given: {post: hello, slots: {detail: moths, name: Ida}}, expect: {contains: [moths]}}
---
## variant: start
What did you start with for {{ detail }}?
## variant: hard
Which part of {{ detail }} was the stubborn one{% if name %}, {{ name }}{% endif %}?
## variant: idea
Where does the idea of {{ detail }} come from?
"""
PLAIN = """---
examples:
  - {given: {post: hello}, expect: {max_words: 90}}
---
## variant: start
What did you start with?
## variant: hard
Which part was the stubborn one?
## variant: idea
Where does the idea come from?
"""
SAME_OPENERS = PLAIN.replace("Which part", "What did").replace("Where does", "What did")
Told = Callable[..., tuple[Fault, ...]]


@pytest.fixture
def told(shipped: Mapping[str, str], faults: Callable[[Mapping[str, str]], tuple[Fault, ...]]) -> Told:
    """Faults if there are any, else warnings, for a template (and other files)."""

    def tell(
        text: str, *, path: str = "en/praise/a.md", locales: tuple[str, ...] = ("en",), **more: str
    ) -> tuple[Fault, ...]:
        if path.split("/")[1] in PARTICULAR and "answers_to:" not in text:
            text = text.replace("---\n", "---\nanswers_to: [hello, hello there, oh hello]\n", 1)
        texts = {**OTHERS, "facts.yaml": "product: Lantern Harbor\nlink: https://a.example/b", path: text, **more}
        for name in {"praise", "complaint", "question", "farewell", "are_you_a_bot"} - {path.split("/")[1]}:
            texts[f"intents/{name}.yaml"] = texts[f"intents/{name}.yaml"].replace("draft", "silent")
        if found := faults(texts):
            return found
        library = load(texts, shipped)
        return lint(library, TODAY, locales, build(library).understand, channels=CHANNELS)

    return tell


def test_good_files_are_left_alone(told: Told) -> None:
    assert told(GOOD) == told(PLAIN) == ()


def said(line: str, **more: str) -> tuple[str, dict[str, str]]:
    """A file that says this in its first variant."""
    return PLAIN.replace("What did you start with?", line), more


CODES: list[tuple[str, str, int | None, str]] = [
    ("L01", GOOD.replace("---\nslots", "slots"), 1, "front matter is missing"),
    ("L01", GOOD.replace("slots:", "slotz:"), 2, "did you mean slots?"),
    ("L02", GOOD.replace("variant: hard", "variant: start"), 10, "another name"),
    ("L03", GOOD.replace("for {{ detail }}", "for {{ detial }}"), 9, "did you mean detail?"),
    ("L03", GOOD.replace("{% if name %}, {{ name }}{% endif %}", "").replace(", name: Ida", ""), 4, "no variant uses"),
    ("L04", GOOD.replace("{% if name %}, {{ name }}{% endif %}", ", {{ name }}"), 11, "name is optional"),
    ("L05", GOOD.replace("fan.call_name", "fan.email"), 4, "fan.email"),
    ("L06", GOOD.replace("{{ detail }}?", "{{ detail | upper }}?", 1), 9, "upper"),
    ("L07", GOOD.partition("## variant: idea")[0], 8, "3 variants or more"),
    ("L07", PLAIN.replace("\nW", "\nwhen: {sentiment: [neutral, positive]}\nW"), 5, "every variant has a when:"),
    ("L08", f"{SAME_OPENERS}## variant: more\nWhat did they all say to it?\n", 12, "begins with 'what did'"),
    ("L08", PLAIN.replace("Where does the idea come from?", "And which part was the stubborn one?"), 10, "% the same"),
    ("L09", GOOD.replace("contains: [moths]", "contains: [wasps]"), 6, "lacks 'wasps'"),
    ("L09", GOOD.replace(", name: Ida", ""), 11, "no example renders this branch"),
    ("L09", PLAIN.replace("\nWhere", "\nwhen: {sentiment: negative}\nWhere"), 9, "no example renders variant idea"),
    ("L10", said("So " + "very " * 60 + "long.")[0], 6, "62 words"),
    ("L10", said("What did { you } start with?")[0], 6, "a fan would read this {"),
    ("L10", said("It was undefined.")[0], 6, "reads like a slot that failed"),
    ("L11", said("That took 40 hours.")[0], 6, "40"),
    ("L11", said("It works like Foobar does.")[0], 6, "Foobar"),
    ("L11", said("It is on tideway.club for you.")[0], 6, "tideway.club"),
    ("L11", said("See tideway.example/boats for that.")[0], 6, "tideway.example/boats"),
    ("L11", said("See boats.tideway.zz/all for that.")[0], 6, "boats.tideway.zz/all"),
    ("L11", said("Ask in #boats about it.")[0], 6, "#boats"),
    ("L11", said("It is on https://b.example/c now.")[0], 6, "https://b.example/c"),
    ("L12", said("There is a discount on it.")[0], 6, "discount"),
    ("L12", said("Share it with your friends.")[0], 6, "hare"),
    ("L13", said("A fix will be out tomorrow.")[0], 6, "tomorrow"),
    ("L14", said("That made my day.")[0], 6, "made my day"),
    ("L15", said("We appreciate your feedback.")[0], 6, "appreciate"),
    ("L15", said("You did it!!")[0], 6, "full stop"),
    ("L17", GOOD.replace("fan.call_name", "fan.history.thing"), 11, "fan_history: known"),
    ("L19", said("Look at **this**.")[0], 6, "markup"),
    ("L19", said("Hello @everyone.")[0], 6, "crowd"),
    ("L19", GOOD.replace("for {{ detail }}", "for @{{ detail }}"), 9, "mention"),
    ("L21", PLAIN.replace("## variant: hard", "## variant: hard\nunless: {is_reply: [true, false]}"), 7, "everything"),
]


@pytest.mark.parametrize(("code", "text", "line", "words"), CODES, ids=[f"{c[0]} {c[3]}" for c in CODES])
def test_each_code_has_its_place_its_words_and_a_way_out(
    told: Told, code: str, text: str, line: int, words: str
) -> None:
    assert text not in (GOOD, PLAIN)
    found = told(text)
    assert [str(f) for f in found if (f.code, f.line) == (code, line) and words in f.message], [str(f) for f in found]


def test_an_id_is_found_in_its_place(told: Told) -> None:
    assert {f.code for f in told(GOOD, path="en/praise/A b.md")} == {"L02"}
    assert {f.code for f in told(GOOD, path="en/praise/deep/a.md")} == {"L02"}


COURTESY = [
    "Congratulations! So happy for you both.",
    "So glad it helped, thank you for telling us!",
    "What a lovely thing to read.",
    "Welcome! Good to have you here.",
]


@pytest.mark.parametrize("line", COURTESY)
def test_courtesy_is_no_fault(told: Told, line: str) -> None:
    assert told(said(line)[0]) == ()


CARE = [
    ("I'm sorry, that's rotten. What were you doing just before?", True),
    ("That's rotten. What were you doing just before, and what do you run it on?", True),
    ("Thank you for the order number.", True),
    ("I'm sorry, that clearly mattered to you.", True),
    ("I'm sorry, but what did you do?", False),
    ("I'm sorry, and haha, what a day. What were you doing?", False),
    ("I'm sorry! What were you doing just before?", False),
    ("I'm sorry \U0001f622", False),
    ("I'm sorry. You should have saved.", False),
    ("What were you doing just before?", True),
]


@pytest.mark.parametrize(("line", "fine"), CARE)
def test_complaints_are_answered_with_care(told: Told, line: str, fine: bool) -> None:
    text = f"---\nexamples: [{{given: {{post: hello}}, expect: {{max_words: 30}}}}]\n---\n## variant: a\n{line}\n"
    codes = {f.code for f in told(text, path="en/complaint/a.md")} - {"L07"}
    assert codes <= {"L15", "L16"}
    assert bool(codes) != fine


@pytest.mark.parametrize("intent", ["complaint", "farewell"])
def test_where_an_exclamation_mark_belongs(told: Told, intent: str) -> None:
    text = "---\nexamples: [{given: {post: hello}, expect: {max_words: 30}}]\n---\n## variant: a\nGood to hear it!\n"
    codes = {f.code for f in told(text, path=f"en/{intent}/a.md")} - {"L07"}
    assert codes == (set() if intent == "farewell" else {"L15"})


def test_there_is_none_where_a_person_is_to_answer(told: Told) -> None:
    text = "---\nhandoff: Call Ida first.\nanswers_to: [my cat has died]\nexamples: [{given: {post: my cat has died}, "
    text += "expect: {max_words: 30}}]\n---\n## variant: a\nThinking of you!\n"
    found = [f for f in told(text, path="en/farewell/cat.md") if f.code == "L15"]
    assert [f.line for f in found] == [7]
    assert not [f for f in told(text.replace("you!", "you."), path="en/farewell/cat.md") if f.code == "L15"]


def test_a_link_from_the_facts_may_stand_anywhere(told: Told) -> None:
    text = "---\nslots: {link: {from: facts.link, required: true}}\nexamples: [{given: {post: hello}, "
    text += "expect: {max_words: 30}}]\n---\n## variant: a\nI'm sorry. It is all at {{ link }} now.\n"
    for intent in ("complaint", "praise"):
        assert {f.code for f in told(text, path=f"en/{intent}/a.md")} <= {"L07"}
    hard = text.replace("{{ link }}", "https://b.example/c").replace("{link: {from: facts.link, required: true}}", "{}")
    assert "L11" in {f.code for f in told(hard, path="en/praise/a.md")}


def test_the_true_answer_says_who_writes(told: Told) -> None:
    text = PLAIN.replace("What did you start with?", "I'm a bot; a person reads each reply.")
    assert not told(text, path="en/are_you_a_bot/a.md")
    assert {f.code for f in told(text)} == {"L14"}


def test_what_a_slot_brings_is_not_the_operators_doing(told: Told) -> None:
    facts = "sale: 'our big discount: https://a.example!! 40'"
    text = GOOD.replace("fan.call_name", "facts.sale").replace("name: Ida", "name: x")
    assert told(text, **{"facts.yaml": facts}) == ()


@pytest.mark.parametrize(
    ("file", "variant", "never"),
    [
        ("when: {sentiment: positive}", "when: {sentiment: negative}", True),
        ("when: {sentiment: [positive, mixed]}", "when: {sentiment: [negative, mixed]}", False),
        ("when: {sentiment: positive}", "unless: {sentiment: positive}", True),
        ("when: {details: work}", "when: {details: thing}", False),
        ("when: {details: work}", "unless: {details: [work, thing]}", True),
        ("when: {details: [work, thing]}", "unless: {details: work}", False),
        ("unless: {details: [work, thing, number, version, title, feature, place_in_product]}", "", False),
        ("when: {is_reply: false}", "when: {replies_to: [us, staff]}", True),
        ("when: {is_reply: false}", "when: {replies_to: [us, nobody]}", False),
        ("unless: {time: [morning, day]}", "unless: {time: [evening, night]}", True),
        ("unless: {time: [morning, day]}", "unless: {time: evening}", False),
        ("when: {channel: art}", "when: {channel: wool}", False),
        ("when: {language: de}", "unless: {language: de}", True),
        ("slots: {w: {from: post.detail.work, required: true}}", "unless: {details: work}\n{{ w }}", True),
        ("slots: {w: {from: post.detail.work}}", "unless: {details: work}\nx {% if w %}{{ w }}{% endif %}", False),
        ("slots: {w: {from: fan.history.thing, required: true}}", "when: {fan_history: none}\n{{ w }}", True),
    ],
)
def test_conditions_that_can_never_hold(told: Told, file: str, variant: str, never: bool) -> None:
    for expected in ("{offered: false}", "{max_words: 9}"):  # one of the two is right, whichever way the rule is
        example = f'examples: [{{given: {{post: "?!"}}, expect: {expected}}}]'
        found = told(f"---\n{file}\n{example}\n---\n## variant: a\n{variant}\nWords.\n", path="en/farewell/a.md")
        if not any("the example fails" in fault.message for fault in found):
            break
    assert {f.code for f in found} <= {"L09", "L17", "L21"}
    assert ("L21" in {f.code for f in found}) == never, [str(f) for f in found]


def faq(*asks: str) -> str:
    given = f'[{{given: {{post: "{asks[0]}"}}, expect: {{max_words: 9}}}}]'
    head = f"---\nanswers_to: [{', '.join(asks)}]\nsource: the manual\nexamples: {given}\n---\n"
    return head + "## variant: a\nOver there.\n## variant: b\nIn the box.\n## variant: c\nUnder the lid.\n"


def test_two_answers_to_one_question(told: Told) -> None:
    first = faq("where is the red lamp", "which place has the lamp", "how do I find the lamp")
    second = faq("where is the spare key", "where is the red lamp", "which door needs the key")
    other = faq("how many people can play", "what is the player limit", "can four people play")
    more = {"en/question/b.md": second.replace("Over there", "Up there").replace("In the", "On the")}
    path = "en/question/a.md"
    found = told(first, path=path, **more)
    assert ["en/question/b.md answers the same post" in f.message for f in found] == [True]
    found = told(
        first.replace('given: {post: "where is the red', 'given: {post: "how do I find the'), path=path, **more
    )
    (same,) = (f for f in found if f.code == "L22")
    assert same.file == "en/question/a.md"
    assert "'where is the red lamp' is also in en/question/b.md" in same.message
    apart = told(first, path="en/question/a.md", **{"en/question/b.md": other})
    assert "L22" not in {f.code for f in apart}


def test_one_phrasing_of_a_question_is_enough_to_go_live(told: Told) -> None:
    said = [str(f) for f in told(faq("where is the red lamp"), path="en/question/a.md") if "found" in f.message]
    more = "it is found better from 3 posts or more under answers_to:; add some as fans write them"
    assert said == [f"en/question/a.md:6: L07 {more}"]


@pytest.mark.parametrize("sign", ["\U0001f389", "\u2764\ufe0f", "\U0001f44d\U0001f3fd", ":)", ":tada:", "(so good.)"])
def test_a_sentence_begins_behind_an_emoji(told: Told, sign: str) -> None:
    for before in ("", "So good to read "):
        text = said(f"{before}{sign} Which part was it?")[0]
        assert {fault.code for fault in told(text, path="en/farewell/a.md")} <= {"L15"}


def test_a_name_is_no_beginning(told: Told) -> None:
    assert "L11" in {fault.code for fault in told(said("So good to read of Foobar \U0001f389 here.")[0])}


@pytest.mark.parametrize(
    "words", ["That was great.it shows.", "A lamp and/or a net.", "You came #1 of all", "So v.good"]
)
def test_what_is_no_link(told: Told, words: str) -> None:
    assert not [fault for fault in told(said(words)[0]) if "link" in fault.message]


def test_a_copy_of_a_file_is_told_once(told: Told) -> None:
    first = faq("where is the red lamp", "which place has the lamp", "how do I find the lamp")
    twice = first.replace("]\n---", ', {given: {post: "which place has the lamp"}, expect: {max_words: 9}}]\n---', 1)
    (found,) = told(twice, path="en/question/a.md", **{"en/question/b.md": twice})
    assert "en/question/b.md answers the same post" in found.message
    plain = "---\nanswers_to: [what a lamp, so bright, love it]\n---\n" + PLAIN.split("---\n", 2)[2]
    (same,) = told(plain, **{"en/praise/b.md": plain})
    assert str(same).startswith("en/praise/a.md:2: L22 all its posts are also in en/praise/b.md")
    (same,) = told(plain.replace("so bright", "so dark"), **{"en/praise/b.md": plain})
    assert "'what a lamp' and 1 more are also in en/praise/b.md" in same.message


def test_an_answer_without_its_source(told: Told) -> None:
    text = faq("where is the red lamp", "which place has the lamp", "how do I find the lamp")
    text = text.replace("source: the manual\n", "")
    (found,) = told(text, path="en/question/lamp.md")
    assert (found.code, found.line, found.warning) == ("L26", 2, True)
    assert "source: is missing" in found.message
    assert not told(text, path="en/question/asks_how_to.md")
    fact = text.replace("Over there.", "Over {{ link }}.").replace(
        "---\n", "---\nslots: {link: {from: facts.product, required: true}}\n", 1
    )
    for path in ("en/question/lamp.md", "en/question/asks_how_to.md"):
        (found,) = told(fact, path=path)
        assert (found.code, found.line, found.warning) == ("L25", 3, False)
        assert "source: is missing; without it this is no answer to a question" in found.message


def test_two_posts_that_became_one(told: Told) -> None:
    posts = 'answers_to:\n  - what a lamp\n    - so bright\n  - love it - really\n  - "all\n    - mine"\n'
    text = f"---\n{posts}---\n" + PLAIN.split("---\n", 2)[2]
    (found,) = told(text)
    assert (found.code, found.line) == ("L26", 3)
    assert "this looks like two posts" in found.message


def test_a_situation_that_the_reader_knows_needs_no_posts_to_be_found(told: Told) -> None:
    text = PLAIN.replace("examples:\n  - {given: {post: hello}, expect: {max_words: 90}}", "answers_to: [hello]")
    assert "L07" in {f.code for f in told(text, path="en/praise/own.md")}
    assert told(text, path="en/praise/emoji_love.md") == ()


def test_languages_of_the_community(told: Told) -> None:
    found = told(PLAIN, locales=("en", "de", "fr"))
    assert [(f.file, f.code) for f in found] == [("de", "L23"), ("fr", "L23")]
    assert all("nothing is written in this language" in f.message for f in found)
    german = PLAIN.replace("What did you start with?", "Womit ging es los?")
    german = german.replace("Which part was the stubborn one?", "Welcher Teil war der schwierigste?")
    german = german.replace("Where does the idea come from?", "Woher kam die Idee dazu?")
    (twin,) = told(PLAIN, locales=("en", "de"), **{"de/praise/b.md": german, "en/praise/b.md": PLAIN_TOO})
    assert str(twin) == "en/praise/a.md: L20 it has no twin in de; write de/praise/a.md"
    (silent,) = told(PLAIN, locales=("en", "de"), **{"de/farewell/a.md": german})
    assert str(silent) == f"{PRAISE}: L23 nothing answers it in the language de; write de/praise/NAME.md"
    assert not told(PLAIN, **{"de/praise/a.md": german})


PRAISE = "intents/praise.yaml"


@pytest.mark.parametrize(("count", "told_so"), [(1, True), (2, True), (3, False)])
def test_an_intent_of_few_examples(told: Told, count: int, told_so: bool) -> None:
    examples = ", ".join(f"example {number}" for number in range(count))
    found = told(PLAIN, **{PRAISE: f"meaning: m\naction: draft\nexamples: {{en: [{examples}]}}"})
    assert [(f.file, f.code) for f in found] == [(PRAISE, "L23")] * told_so
    assert not told_so or f"from 3 examples or more, not {count}" in found[0].message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("when: {channel: art}", None),
        ('when: {channel: "#Wool"}', None),
        ("when: {channel: wol}", "did you mean wool?"),
        ("unless: {channel: [art, memes]}", "no channel memes"),
    ],
)
def test_channels_that_are_not_listed(told: Told, shipped: Mapping[str, str], line: str, words: str | None) -> None:
    text = PLAIN.replace("## variant: hard\n", f"## variant: hard\n{line}\n").replace(
        "post: hello", "post: hello, channel: art"
    )
    more = text.replace("expect:", "expect:", 1)
    found = [f for f in told(more) if f.code == "L21"]
    assert [(f.file, f.line) for f in found] == ([("en/praise/a.md", 7)] if words else [])
    assert not words or words in found[0].message
    library = load({**OTHERS, "en/praise/a.md": more}, shipped)
    assert "L21" not in {f.code for f in lint(library, TODAY, ["en"], build(library).understand)}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("emoji_lov", "emoji_love"),
        ("emoji-love", "emoji_love"),
        ("emoji_love", None),
        ("quilts", None),
        ("lost_progres", None),  # another intent's
    ],
)
def test_a_name_that_is_nearly_known(told: Told, name: str, meant: str | None) -> None:
    text = PLAIN.replace("examples:\n  - {given: {post: hello}, expect: {max_words: 90}}", "answers_to: [a, b, c]")
    found = [f for f in told(text, path=f"en/praise/{name}.md") if f.code == "L26"]
    assert len(found) == bool(meant)
    assert not meant or f"call the file {meant}.md" in found[0].message


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("You did it \U0001f389", "\U0001f389"),
        ("Lovely \u2764\ufe0f to read.", "\u2764"),
        ("Lovely :heart: to read.", ":heart:"),
        ("Lovely \U0001f44d\U0001f3fd to read.", "\U0001f44d"),
        ("Lovely to read :)", None),
        ("At 12:30:45 it is.", None),
        ("It is 20\u00b0 outside, and that is a word\u2122.", None),
    ],
)
def test_an_emoji_is_warned_of(shipped: Mapping[str, str], line: str, sign: str | None) -> None:
    library = load({**OTHERS, "en/farewell/a.md": said(line)[0]}, {"a.yaml": ""})
    found = list(emoji_faults(library))
    assert [(f.code, f.line, f.warning) for f in found] == ([("L15", 6, True)] if sign else [])
    assert not sign or sign in found[0].message


PLAIN_TOO = """---
examples: [{given: {post: hello}, expect: {max_words: 9}}]
---
## variant: a
Go on.
## variant: b
Tell that one from its beginning.
## variant: c
Nothing plain about it.
"""


def test_plural_forms_of_the_language(told: Told) -> None:
    front = "slots: {n: {from: post.detail.number, required: true}}\nexamples:"
    text = PLAIN.replace("examples:", front).replace("{post: hello}", "{post: hello, slots: {n: '3'}}")
    one = text.replace("start with?", 'start with {{ n }} {{ plural(n, one="a", other="b") }}?')
    assert told(one) == ()
    (lacking,) = (f for f in told(one, path="pl/farewell/a.md") if f.code == "L20")
    assert "lacks few, many" in lacking.message
    assert lacking.line == 7


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2026-02-28", "was valid until 2026-02-28, and without it en/praise/a.md cannot be said"),
        ("2026-03-01", "is valid only until"),
        ("2026-03-15", "is valid only until"),
        ("2026-03-16", None),
    ],
)
def test_facts_that_run_out(told: Told, until: str, words: str | None) -> None:
    text = GOOD.replace("post.detail,", "facts.fair,")
    found = told(text, **{"facts.yaml": f"a: b\nfair: {{value: the fair, until: {until}}}"})
    assert [(f.file, f.line, f.code) for f in found] == ([("facts.yaml", 2, "L24")] if words else [])
    assert not words or words in found[0].message


def test_warnings_do_not_keep_a_set_from_going_live(shipped: Mapping[str, str]) -> None:
    thin = PLAIN.partition("## variant: hard")[0]
    library = load({**OTHERS, "en/praise/a.md": thin}, shipped)
    found = lint(library, TODAY, ["en"], build(library).understand)
    assert {"L07", "L23"} <= {fault.code for fault in found}
    assert all(fault.warning for fault in found)
    assert [(f.file, f.line or 0) for f in found] == sorted((f.file, f.line or 0) for f in found)
