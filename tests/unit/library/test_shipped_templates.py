"""What ships can be said aloud, and there is enough of it (design section 8, voice.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from responders.library.lint import lint
from responders.library.model import Library, Template
from responders.library.trial import FILLER, trials
from responders.library.vocabulary import FREQUENT
from responders.selection import opener

TODAY = date(2026, 12, 1)
GERMAN = ("praise", "thanks", "question", "complaint", "ugc_shared", "greeting")
SPOKEN = [*((intent, "en") for intent in sorted(FREQUENT)), *((intent, "de") for intent in GERMAN)]


def wordings(library: Library, intent: str, locale: str) -> Iterator[str]:
    """Every way each wording of an intent comes out, with a plain word in its slots."""
    for template in library.offering(intent, locale):
        for variant in template.variants:
            yield from (trial.text for trial in trials(template, variant, library.facts))


def test_the_linter_has_nothing_to_say(library: Library) -> None:
    assert [str(fault) for fault in lint(library, TODAY, ["en"])] == []


@pytest.mark.parametrize(("intent", "locale"), SPOKEN)
def test_there_are_files_variants_and_openers_enough(library: Library, intent: str, locale: str) -> None:
    templates = library.offering(intent, locale)
    assert len(templates) >= 3
    assert all(len(template.variants) >= 3 for template in templates)
    openers = {opener(text) for text in wordings(library, intent, locale)}
    assert len({words for words in openers if FILLER not in words}) >= (15 if locale == "en" else 8)


@pytest.mark.parametrize(("intent", "locale"), SPOKEN)
def test_most_of_it_goes_out_in_one_tap(library: Library, intent: str, locale: str) -> None:
    templates = library.offering(intent, locale)
    one_tap = [v for t in templates for v in t.variants if not any(t.slots[n].ask for n in v.needs)]
    assert len(one_tap) >= 2 / 3 * sum(len(t.variants) for t in templates)
    always = [t for t in templates if not (t.when or t.unless or t.asks or any(s.required for s in t.slots.values()))]
    assert always, "every post of the intent finds some words"


@pytest.mark.parametrize("locale", ["en", "de"])
def test_it_is_written_cleanly(library: Library, locale: str) -> None:
    for intent in library.intents:
        for text in wordings(library, intent, locale):
            assert not re.search(r"!|\u2014|  |\s[,.?]|[.?],|[{}]", text), text
            assert text.count("?") <= 1, text
            assert len(text.split()) <= 45, text
            assert not text[0].islower() or text.startswith(FILLER), text


def test_there_is_one_true_answer_to_who_writes(library: Library) -> None:
    (template,) = library.offering("are_you_a_bot", "en")
    assert isinstance(template, Template)
    assert len(template.variants) == 1
    assert [slot.source for slot in template.slots.values()] == ["approver.first_name"]


def test_answers_have_their_sources(library: Library) -> None:
    answers = [template for template in library.templates if template.asks]
    assert len([answer for answer in answers if answer.locale == "en"]) >= 12
    assert all(answer.source and answer.intent == "question" for answer in answers)


def test_intents_have_enough_examples_of_their_own(library: Library) -> None:
    seen: dict[str, str] = {}
    for intent in library.intents.values():
        assert len(set(intent.examples["en"])) == len(intent.examples["en"]) >= 6, intent.name
        assert len(set(intent.examples["de"])) == len(intent.examples["de"]) >= 3, intent.name
        twice = {text: seen[text] for text in intent.examples["en"] if text in seen}
        assert not twice, intent.name
        seen |= dict.fromkeys(intent.examples["en"], intent.name)
