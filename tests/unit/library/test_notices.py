"""Notices: operators' words for what is no reply, read and checked like templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.load import load
from responders.library.model import Library
from responders.library.notices import LONGEST, NOTICES, OPTIONAL, speak

ROOT = Path(__file__).parents[3]
INTENTS = {"intents/praise.yaml": "meaning: m\naction: draft\nexamples: {en: [a]}"}
TALK = """## variant: one
{{ first }}, this is {{ second }}. It is about {{ thing }}.
## variant: two
{{ second }} and {{ first }}: {{ thing }}.
## variant: three
About {{ thing }}: {{ first }}, {{ second }}.
"""
CREDIT = """## variant: one
Thank you{% if name %}, {{ name }}{% endif %}.
"""
FAULTS = [
    ("## variant: one", "words\n## variant: one", 1, "before any variant"),
    ("{{ name }}", "{{ nam }}", 2, "there is no slot {{ nam }} here (did you mean name?); known here: name"),
    ("{% if name %}, {{ name }}{% endif %}", " {{ name }}", 2, "name is optional and may be empty; put it between"),
    ("{% if name %}, {{ name }}{% endif %}", "", 2, "{{ name }} is left out"),
    ("Thank you", "Thank you, [NAME]", 2, "stands for words that are not there"),
    ("Thank you", "{% for x in name %}x{% endfor %}", 2, "loops are not allowed"),
    ("Thank you{% if name %}, {{ name }}{% endif %}.", "", 1, "no words"),
    ("## variant: one", "## variant: one\nwhen: {mood: glad}", 2, "take the condition out"),
    ("## variant: one", "---\nslots: {}\n---\n## variant: one", 1, "no front matter"),
    ("Thank you", "<<<<<<< HEAD\nThank you", 2, "left over from a merge"),
    ("Thank you", "https://example.org thank you", 2, "link"),
    ("Thank you", "Ja, das ist es, danke dir", 2, "this is German, and en/ is for English"),
]
"""A slip in `CREDIT`, the line that is named, and words of the message."""


@pytest.fixture
def talk() -> Library:
    return load({**INTENTS, "en/people/introduction.md": TALK}, {})


def variants(library: Library, used: list[str], language: str = "en") -> list[str]:
    slots = {"first": "Ada", "second": "Bo", "thing": "kites"}
    return [one.variant for one in speak(library, "introduction", language, slots, used)]


def test_it_is_filled_in(talk: Library) -> None:
    first = speak(talk, "introduction", "en", {"first": "Ada", "second": "Bo", "thing": "kites"}, ())[0]
    assert (first.text, first.template) == ("Ada, this is Bo. It is about kites.", "en/people/introduction")


def test_what_was_not_used_lately_comes_first(talk: Library) -> None:
    assert variants(talk, []) == ["one", "two", "three"]
    assert variants(talk, ["one"]) == ["two", "three", "one"]
    assert variants(talk, ["two", "one"]) == ["three", "one", "two"]
    assert variants(talk, ["one", "two", "one", "gone"]) == ["three", "two", "one"]


@given(used=st.lists(st.sampled_from(["one", "two", "three", "gone"])))
def test_the_first_is_the_one_that_was_used_longest_ago(used: list[str]) -> None:
    talk = load({**INTENTS, "en/people/introduction.md": TALK}, {})
    order = variants(talk, used)
    ages = [used.index(name) if name in used else len(used) for name in order]
    assert sorted(order) == ["one", "three", "two"]
    assert ages == sorted(ages, reverse=True)


def test_a_language_without_the_notice_gets_english(talk: Library) -> None:
    assert variants(talk, [], "de") == ["one", "two", "three"]
    one = TALK.partition("## variant: two")[0]
    german = load({**INTENTS, "en/people/introduction.md": TALK, "de/people/introduction.md": one}, {})
    assert [one.template for one in speak(german, "introduction", "de", {}, ())] == ["de/people/introduction"]


def test_a_library_without_the_notice_says_nothing(talk: Library) -> None:
    assert speak(talk, "credit_helper", "en", {}, ()) == []


@given(words=st.text(max_size=3 * LONGEST))
def test_any_words_leave_a_message_that_can_be_sent(words: str) -> None:
    talk = load({**INTENTS, "en/people/introduction.md": TALK}, {})
    slots = dict.fromkeys(("first", "second", "thing"), words)
    for one in speak(talk, "introduction", "en", slots, ()):
        assert 0 < len(one.text) <= 4096


def test_words_are_data(talk: Library) -> None:
    slots = {"first": "{{ second }}", "second": "{% if x %}", "thing": "x" * 5000}
    text = speak(talk, "introduction", "en", slots, ())[0].text
    assert text.startswith("{{ second }}, this is {% if x %}. It is about xxx")
    assert text.endswith("x….")


@pytest.mark.parametrize(("good", "slip", "line", "message"), FAULTS)
def test_slips(faults_of: Callable[..., str], good: str, slip: str, line: int, message: str) -> None:
    path = "en/people/credit_helper.md"
    told = faults_of(CREDIT.replace(good, slip), path)
    assert message in told
    assert f"{path}:{line}:" in told


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("en/people/credit_helpr.md", "nothing says credit_helpr (did you mean credit_helper?)"),
        ("english/people/credit_helper.md", "is not a language"),
        ("en/people/deep/credit_helper.md", "move it"),
        ("en/people/credit_helper.txt", "ends in .md"),
        ("intents/people.yaml", "give the intent another name"),
    ],
)
def test_misplaced(faults_of: Callable[..., str], path: str, message: str) -> None:
    assert message in faults_of(CREDIT, path)


def test_no_post_is_answered_with_a_notice(talk: Library) -> None:
    assert talk.templates == ()
    assert talk.by_key == {}


@pytest.fixture(scope="module")
def notices(shipped: Mapping[str, str]) -> Library:
    """Those that ship, under the shipped checks."""
    folder = ROOT / "templates"
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.glob("*/people/*.md")}
    return load({**INTENTS, **files}, shipped)


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "pt"])
def test_the_notices_that_ship_say_all_they_are_given(notices: Library, language: str, notice: str) -> None:
    words = {name: f"<{name}>" for name in NOTICES[notice]}
    full = speak(notices, notice, language, words, ())
    bare = speak(notices, notice, language, {n: said for n, said in words.items() if n not in OPTIONAL}, ())
    assert full
    for one in full:
        assert one.template == f"{language}/people/{notice}"
        assert all(said in one.text for said in words.values())
    for one in bare:
        assert not any(f"<{name}>" in one.text for name in OPTIONAL)
        assert "  " not in one.text
        assert " ." not in one.text
