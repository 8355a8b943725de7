"""The word lists: each has its own examples of what it must find and what it must leave alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from responders.understanding.normalise import compile_phrases
from responders.voice.words import WordList, read_words

DATA = Path(__file__).parents[3] / "responders/voice/data"
LISTS: dict[str, dict[str, Any]] = {p.stem: yaml.safe_load(p.read_text("utf-8")) for p in sorted(DATA.glob("*.yaml"))}
SECTIONS = [(file, name) for file, sections in LISTS.items() for name, part in sections.items() if "phrases" in part]
LANGUAGES = ["en", "de", "es", "fr", "pt"]
"""The languages of the templates."""
WITHOUT_CASES = {("promise", "time")}
"""Its partner in the pair has the cases."""
AT_THE_BEGINNING = {("task", "orders"), ("promo", "orders")}
PAIRED = {("promise", "future")}


def found(file: str, section: str, text: str) -> str | None:
    words = WordList(LISTS[file][section])
    return words.opening(text) if (file, section) in AT_THE_BEGINNING else words.find(text)


@pytest.mark.parametrize(("file", "section"), [section for section in SECTIONS if section not in PAIRED])
def test_each_list_finds_what_it_must_and_nothing_else(file: str, section: str) -> None:
    part = LISTS[file][section]
    assert [text for text in part.get("must_fire", ()) if not found(file, section, text)] == []
    assert [text for text in part.get("must_stay_silent", ()) if found(file, section, text)] == []


@pytest.mark.parametrize(("file", "section"), SECTIONS)
def test_each_list_is_in_every_language_and_brings_cases(file: str, section: str) -> None:
    part = LISTS[file][section]
    assert list(part["phrases"]) == LANGUAGES
    assert all(isinstance(phrase, str) for phrases in part["phrases"].values() for phrase in phrases)
    if (file, section) not in WITHOUT_CASES:
        assert part["must_fire"]
        assert part["must_stay_silent"]


@pytest.mark.parametrize(("file", "section"), SECTIONS)
def test_each_phrase_finds_itself(file: str, section: str) -> None:
    """A phrase that no text can match is a mistake, for example one with a sign that means nothing here."""
    words = WordList({"phrases": LISTS[file][section]["phrases"]})
    for phrase in (p for phrases in LISTS[file][section]["phrases"].values() for p in phrases):
        assert words.find(simplest(phrase)), phrase


WORDS = sorted(
    {w for f, s in SECTIONS for ps in LISTS[f][s]["phrases"].values() for p in ps for w in re.findall(r"\w+", p)}
)


@settings(max_examples=300)
@given(st.sampled_from(SECTIONS), st.lists(st.sampled_from([*WORDS, ",", ".", "?", "😍"]), max_size=12))
def test_the_short_way_finds_what_a_search_for_every_phrase_finds(section: tuple[str, str], words: list[str]) -> None:
    phrases = LISTS[section[0]][section[1]]["phrases"]
    text = " ".join(words)
    match = compile_phrases(p for ps in phrases.values() for p in ps).search(read_words(text).plain)
    assert WordList({"phrases": phrases}).find(text) == (match.group().strip() if match else None)


def simplest(phrase: str) -> str:
    """The phrase with the first alternative of each group, without signs."""
    text, depth, taken = "", 0, True
    for letter in phrase:
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth, taken = depth - 1, True
        elif letter == "|":
            taken = False
        elif (taken or not depth) and letter != "*":
            text += letter
    return text.replace(" .", ".")
