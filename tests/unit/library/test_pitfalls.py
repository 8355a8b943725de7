"""Texts that break no rule of the format and still must not go live, beside harmless ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.faults import Fault
from responders.library.unseen import garbled, unseen

INTENT = "meaning: m\naction: draft\nexamples: {{en: [{0} one, {0} two, {0} three]}}\n"
OTHERS = {f"intents/{name}.yaml": INTENT.format(name) for name in ("praise", "thanks", "wish")}
PATH = "en/praise/a.md"
Find = Callable[[Mapping[str, str]], tuple[Fault, ...]]
Said = Callable[..., list[str]]


def file(*wordings: str, posts: str = "[a post]", front: str = "") -> str:
    body = "".join(f"## variant: v{number}\n{wording}\n" for number, wording in enumerate(wordings))
    return f"---\nanswers_to: {posts}\n{front}---\n{body}"


@pytest.fixture
def said(faults: Find) -> Said:
    """What is said of these wordings, and of other files by path."""

    def say(*wordings: str, path: str = PATH, **others: str) -> list[str]:
        whole = {**OTHERS, path: file(*wordings), **others} if wordings else {**OTHERS, **others}
        return [*map(str, faults(whole))]

    return say


LEFT_OVER = ["[NAME]", "[your name]", "[link to the page]", "%name%", "%FIRST_NAME%", "%(name)s", "%s", "%1$s"]
LEFT_OVER += ["<NAME>", "<Your Name>", "<<NAME>>", "«First_Name»", "$name", "$USER", "*|FNAME|*", "@username", "@name"]
LEFT_OVER += ["XXX", "XXXX", "TODO", "TODO: words", "FIXME", "TBD", "???", "{{ '[NAME]' }}", "{name}", "${name}"]
LEFT_OVER += [
    "lorem ipsum dolor",
    "Dolor sit amet",
    "asdfasdf",
    "sample text",
    "insert your name here",
    "Your text here",
]
LEFT_OVER += ["Blindtext"]


@pytest.mark.parametrize("words", LEFT_OVER)
def test_words_that_stand_for_others(said: Said, words: str) -> None:
    (told,) = said("Good to hear.", f"So good to hear\nfrom you, {words}.")
    assert told.startswith(f"{PATH}:8: L"), told
    assert "variant v1" in told


FINE = [
    "I'm so glad <3 you came.",
    "A to-do list of one thing.",
    "That is 100% you.",
    "50 % of it is yours.",
    "US$ or not.",
]
FINE += [
    "Thank you xxx",
    "XXL sounds right.",
    "What?? Really??",
    "It's so kind (really) of you.",
    "Thanks a lot; so kind!",
]
FINE += ["Good day to you, and to her.", ">:( and still here", "That's 3 > 2, and 2 < 3.", "Do as you like & be well."]


@pytest.mark.parametrize("words", FINE)
def test_harmless_signs_in_a_wording(said: Said, words: str) -> None:
    assert [told for told in said("Good to hear.", words) if " L27 " in told] == []


def test_a_slot_is_no_placeholder(said: Said) -> None:
    text = file("Thank you{% if name %}, {{ name }}{% endif %}. {{ wish }}")
    slots = "slots:\n  name: {from: fan.call_name}\n  wish: {from: ask_approver, ask: 'What? [NAME]', required: true}\n"
    assert said(**{PATH: text.replace("---\nanswers", f"---\n{slots}answers", 1)}) == []


@pytest.mark.parametrize(
    "post", ["my TODO list app is done", "who is [DELETED]?", "lorem ipsum lol", "$DOGE xxx ???", "%s"]
)
def test_fans_write_what_they_like(said: Said, post: str) -> None:
    assert said(**{PATH: file("Good to hear.", posts=f'["{post}"]')}) == []


def test_todo_is_a_word_in_spanish(said: Said) -> None:
    assert said("Es TODO tuyo.", path="es/praise/a.md") == []
    assert "L27" in said("TODO: escribir", path="es/praise/a.md")[0]


@pytest.mark.parametrize("words", ["...", "!", "-", "?!"])
def test_a_wording_without_words(said: Said, words: str) -> None:
    assert "there are no words in it" in said("Good to hear.", words)[0]


@pytest.mark.parametrize(
    "mark",
    ["<<<<<<< HEAD", "=======", ">>>>>>> branch", "||||||| base", "@@ -1,3 +1,4 @@", "diff --git a/x b/x", "+++ b/x"],
)
@pytest.mark.parametrize("path", [PATH, "facts.yaml", "voice.yaml", "intents/wish.yaml"])
def test_what_a_merge_leaves_is_the_one_thing_told(said: Said, path: str, mark: str) -> None:
    whole = {PATH: file("Good to hear."), "facts.yaml": "a: b\n", "voice.yaml": "words: {}\n", **OTHERS}
    (told,) = said(**{path: f"{whole[path]}{mark}\n{whole[path]}"})
    line = whole[path].count("\n") + 1
    assert told.startswith(f"{path}:{line}: L27 {mark!r} was left over from a merge")


def test_lines_like_it_are_left_alone(said: Said) -> None:
    facts = "# =======\nrule: '======='\n"
    assert said(**{PATH: file("Good to hear. <<< and >>>"), "facts.yaml": facts}) == []


HIDDEN = [
    "\u200b",
    "\u00ad",
    "\u202e",
    "\u2066",
    "\u200e",
    "\u2060",
    "\ufeff",
    "\ue000",
    "\U000f0000",
    "\u3164",
    "\ufffd",
]
HIDDEN += ["\x85", "\u2028", "\u200d", "\U000e0041", "\u061c"]


@pytest.mark.parametrize("sign", HIDDEN, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_nobody_sees_is_told_wherever_it_stands(said: Said, sign: str) -> None:
    places = {
        PATH: (file("Good.", f"Good to{sign} hear."), 7),
        "en/praise/b.md": (file("Good.", posts=f"[a, one{sign}more]"), 2),
        "facts.yaml": (f"a: b\nhost: Lan{sign}tern\n", 2),
        "voice.yaml": (f"registers: {{default: pl{sign}ain}}\n", 1),
        "intents/wish.yaml": (OTHERS["intents/wish.yaml"].replace("wish two", f"wish{sign} two"), 3),
    }
    for path, (text, line) in places.items():
        (told,) = said(**{path: text})
        assert told.startswith(f"{path}:{line}: L29 "), told
        assert f"U+{ord(sign):04X}" in told


def test_many_of_them_are_one_message(said: Said) -> None:
    (told,) = said(*(f"Good\u200b to hear {number}." for number in "abcdefg"))
    assert told.startswith(f"{PATH}:5: L29 a space of no width (U+200B) stands behind 'Good'")
    assert told.endswith("(also on line 7, 9, 11 and more)")


@pytest.mark.parametrize("escape", ["\\u200b", "\\x00", "\\u202e", "\\xad"])
def test_what_hides_behind_a_backslash(said: Said, escape: str) -> None:
    (told,) = said(**{"facts.yaml": f'a: b\nhost: "Lan{escape}tern"\n'})
    assert told.startswith("facts.yaml:2: L29 ")
    (told,) = said(**{PATH: file("Good.", posts=f'[a, "b{escape}c"]')})
    assert told.startswith(f"{PATH}:2: L29 ")
    (told,) = said("Good.", f'Good {{{{ "{escape}" }}}} to hear.')
    assert told.startswith(f"{PATH}:7: L06 ")


def test_half_a_character_in_a_template(said: Said) -> None:
    (told,) = said("Good {{ '\\ud800' }} to hear.")
    assert "U+D800" in told


@pytest.mark.parametrize("text", ["gr\u00c3\u00bcn", "it\u00e2\u20ac\u2122s", "\u00f0\u0178\u02dc\u20ac"])
def test_garbled_letters(said: Said, text: str) -> None:
    (told,) = said(f"How {text} it looks.")
    assert told.startswith(f"{PATH}:5: L29 ")
    assert "garbled" in told


SEEN = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f3f3\ufe0f\u200d\U0001f308",
]
SEEN += [
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f go",
    "1\ufe0f\u20e3",
    "caf\u00e9 na\u00efve",
]
SEEN += [
    "l'\u00e9t\u00e9\u00a0! d\u00e9j\u00e0\u202f?",
    "AMANH\u00c3, IRM\u00c3. MA\u00c7\u00c3!",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
]
SEEN += [
    "\u05e9\u05dc\u05d5\u05dd \u200f(1)!",
    "\u0930\u094d\u200d\u0915",
    "\u2813\u2800\u2813",
    "\u845b\U000e0100",
    "a\tb\nc",
    "\u201eja\u201c \u2014 \u2026",
]


@pytest.mark.parametrize("text", SEEN)
def test_what_belongs_there(text: str) -> None:
    assert [*unseen(text), *garbled(text)] == []


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"])))
def test_plain_letters_hide_nothing(text: str) -> None:
    assert [*unseen(text), *garbled(text)] == []


@given(st.text())
def test_any_text_is_looked_through(text: str) -> None:
    assert all(0 <= at < len(text) and what for at, what in unseen(text))


GERMAN = "Das ist aber schön, und es freut uns sehr."
ENGLISH = "What a good thing to read here."


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        (GERMAN, PATH, "this is German, and en/ is for English"),
        (ENGLISH, "de/praise/a.md", "this is English, and de/ is for German"),
        (ENGLISH, PATH, None),
        (GERMAN, "de/praise/a.md", None),
        ("Das ist schön.", PATH, None),  # too short to say
        ("So good of all of us.", "de/praise/a.md", None),  # nothing for sure
        (GERMAN, "sv/praise/a.md", None),  # a language that is not told apart
        ("Das ist {{ 'what you' }}.", PATH, None),
    ],
)
def test_another_language_in_the_folder(said: Said, text: str, path: str, told: str | None) -> None:
    found = said(text, path=path)
    assert len(found) == bool(told)
    assert not told or (found[0].startswith(f"{path}:5: L28 variant v0: ") and told in found[0])


def test_what_a_slot_brings_is_in_any_language(said: Said) -> None:
    front = "slots: {where: {from: facts.where, required: true}}\n"
    text = file("So good of you. {{ where }}.", front=front)
    assert said(**{PATH: text, "facts.yaml": "where: Das ist es, und es ist das.\n"}) == []


def test_a_whole_folder_in_another_language_is_one_message(said: Said) -> None:
    (told,) = said(*(f"{GERMAN} {number}" for number in "abcdef"))
    assert told == "en: L28 6 of 6 wordings are German; translate them, or take the folder out"


def test_one_example_of_two_intents(said: Said) -> None:
    twice = OTHERS["intents/wish.yaml"].replace("wish two", "Thanks two!")
    (told,) = said(**{"intents/wish.yaml": twice})
    assert told.startswith("intents/wish.yaml:3: L30 'Thanks two!' is an example of thanks as well")
    counter = OTHERS["intents/wish.yaml"] + "counter_examples: {en: [thanks two, Wish two]}\n"
    (told,) = said(**{"intents/wish.yaml": counter})
    assert told.startswith("intents/wish.yaml:4: L30 'Wish two' is an example and a counter-example")
    hearts = {
        f"intents/{name}.yaml": OTHERS[f"intents/{name}.yaml"].replace(f"{name} two", "'\u2764'")
        for name in ("praise", "wish")
    }
    assert said(**hearts) == []


def test_an_example_that_another_intents_template_answers(said: Said) -> None:
    (told,) = said(**{PATH: file("Good to hear.", posts="\n  - a post\n  - Wish two!")})
    assert told.startswith(f"{PATH}:4: L30 'Wish two!' is an example in intents/wish.yaml")
    assert said(**{PATH: file("Good to hear.", posts="[Praise two]")}) == []


def test_a_known_situation_in_the_folder_of_another_intent(said: Said) -> None:
    (told,) = said("Good to hear.", path="en/praise/thanks_for_fix.md")
    assert told == (
        "en/praise/thanks_for_fix.md: L02 thanks_for_fix is known as a situation of thanks; move it to en/thanks/"
    )
    assert said("Good to hear.", path="en/thanks/thanks_for_fix.md") == []


def test_one_name_for_two_situations(said: Said) -> None:
    (told,) = said("Good to hear.", **{"en/thanks/a.md": file("Any time.", posts="[another]")})
    assert told == f"en/thanks/a.md: L02 {PATH} has this name for another intent; give one of the two another name"
    assert said("Good to hear.", **{"de/praise/a.md": file("Wie gut.", posts="[etwas]")}) == []
