"""Facts, in all languages or by language: read, used, and missed where a template needs one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responders.library.data_files import read_facts
from responders.library.faults import Fault
from responders.library.lint import untranslated_facts
from responders.library.model import Fact, Library, Slot, Template, Variant
from responders.library.offers import sources
from responders.library.trial import longest, trials
from responders.types import Context, Post, Understanding
from responders.understanding.details import DetailsAnalyzer

HOURS = {"en": "9 to 5", "de": "9 bis 17 Uhr"}


def read(text: str) -> dict[str, Fact]:
    faults: list[Fault] = []
    facts = read_facts("facts.yaml", text, faults)
    assert faults == []
    return facts


def told(text: str) -> list[str]:
    faults: list[Fault] = []
    read_facts("facts.yaml", text, faults)
    return [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("text", "value", "by_language", "until"),
    [
        ("a: 9 to 5", "9 to 5", {}, None),
        ("a: {value: 9 to 5, until: 2027-01-01}", "9 to 5", {}, date(2027, 1, 1)),
        ("a: {en: 9 to 5, de: 9 bis 17 Uhr}", "", HOURS, None),
        ("a: {value: {en: 9 to 5, de: 9 bis 17 Uhr}, until: 2027-01-01}", "", HOURS, date(2027, 1, 1)),
        ("a: {value: {en: 9 to 5, de: 9 bis 17 Uhr}}", "", HOURS, None),
        ("a:\n  no: ni til fem\n  en: 9 to 5", "", {"no": "ni til fem", "en": "9 to 5"}, None),
    ],
)
def test_what_is_read(text: str, value: str, by_language: dict[str, str], until: date | None) -> None:
    fact = read(text)["a"]
    assert (fact.value, fact.by_language, fact.until) == (value, by_language, until)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: {}", 1, "the fact a has no value"),
        ("a: {en: }", 1, "the fact a has no value"),
        ("a: {en: x, de: ''}", 1, "the fact a has no value"),
        ("a: {value: {}}", 1, "the fact a has no value"),
        ("a: {value: {}, until: 2027-01-01}", 1, "the fact a has no value"),
        ("a:\n  en: x\n  english: y", 3, "'english' is not a language"),
        ("a:\n  en: x\n  en: y", 3, "twice"),
        ("a:\n  valeu: x\n  until: 2027-01-01", 2, "did you mean value?"),
        ("a:\n  value:\n    en: x\n    until: 2027-01-01", 4, "'until' is not a language"),
        ("a:\n  en: [x]", 2, "words belong here, not a list"),
        ("a:\n  en: {value: x}", 2, "words belong here"),
        ("a: [x]", 1, "words belong here, not a list"),
        ("a: {? [x] : y}", 1, "words belong here, not a list"),
    ],
)
def test_what_is_wrong(text: str, line: int, words: str) -> None:
    assert any(fault.startswith(f"facts.yaml:{line}: ") and words in fault for fault in told(text)), told(text)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["x", "''", "2027-01-01", "[]", "~", "en"]),
        lambda inner: st.dictionaries(
            st.sampled_from(["en", "de", "value", "until", "x1", "value ", "1"]), inner, max_size=3
        ).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"),
        max_leaves=6,
    )
)
def test_whatever_stands_there_is_read_or_told(value: str) -> None:
    faults: list[Fault] = []
    facts = read_facts("facts.yaml", f"a: {value}", faults)
    assert all(fault.line == 1 and fault.message for fault in faults)
    if not faults:
        assert facts["a"].values
        assert all(facts["a"].values)


def test_each_language_has_its_own_words_else_the_plain_ones_else_none(
    post: Callable[[str], Post], context: Context
) -> None:
    facts = read("own: {en: 9 to 5, de: 9 bis 17 Uhr}\nplain: Lantern\nold: {value: {en: x}, until: 2026-02-28}")
    for language, known in {
        "en": ("9 to 5", "Lantern"),
        "de": ("9 bis 17 Uhr", "Lantern"),
        "fr": (None, "Lantern"),
    }.items():
        found = sources(facts, post("x"), replace(context, locale=language), Understanding())
        assert (found.get("facts.own"), found.get("facts.plain"), found.get("facts.old")) == (*known, None)


def template(locale: str, *, required: bool = True) -> Template:
    slots = {"hours": Slot(name="hours", source="facts.hours", required=required)}
    variant = Variant(name="a", source="We are there {{ hours }}.", line=1, needs=("hours",))
    path = f"{locale}/praise/a.md"
    return Template(
        key=f"{locale}/praise/a",
        path=path,
        id="a",
        intent="praise",
        locale=locale,
        variants=(variant,),
        slots=slots,
        examples=(),
    )


@pytest.mark.parametrize(
    ("facts", "needing", "missing"),
    [
        ("hours: {en: x, de: y}", ("en", "de"), ()),
        ("hours: x", ("en", "de", "fr"), ()),
        ("hours: {en: x}", ("en", "de", "fr"), ("de", "fr")),
        ("hours: {value: {de: x}, until: 2027-01-01}", ("en",), ("en",)),
    ],
)
def test_l24_names_a_fact_that_lacks_a_language(facts: str, needing: tuple[str, ...], missing: tuple[str, ...]) -> None:
    library = Library(templates=tuple(map(template, needing)), intents={}, facts=read(facts))
    found = list(untranslated_facts(library))
    assert [(f.file, f.line, f.code, f.warning) for f in found] == [("facts.yaml", 1, "L24", True)] * len(missing)
    for fault, locale in zip(found, missing, strict=True):
        assert f"says nothing in {locale}, and {locale}/praise/a.md needs it" in fault.message
    optional = Library(templates=tuple(template(loc, required=False) for loc in needing), intents={}, facts=read(facts))
    assert list(untranslated_facts(optional)) == []


def test_wordings_are_tried_with_the_words_of_their_language() -> None:
    facts = read("hours: {en: 9 to 5, de: 9 bis 17 Uhr}")
    german = template("de")
    said = [trial.text for make in (trials, longest) for trial in make(german, german.variants[0], facts)]
    assert said == ["We are there 9 bis 17 Uhr."] * 2


def test_names_are_found_in_every_language(word_lists: Mapping[str, Mapping[str, object]]) -> None:
    facts = read("game: {en: Lantern Harbor, de: Laternen Hafen}")
    library = Library(templates=(), intents={}, facts=facts, word_lists=word_lists)
    found = {pattern.pattern for pattern in DetailsAnalyzer(library)._names}
    assert any("Laternen" in pattern for pattern in found)
    assert any("Lantern" in pattern for pattern in found)
