"""What ships can be said aloud, finds its posts, and there is enough of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.content import Content
from bot.reader import load_reader
from responders.library.examples import run
from responders.library.found import astray
from responders.library.lint import lint
from responders.library.model import Library, Template, Variant
from responders.library.trial import trials
from responders.pipeline import Pipeline

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 12, 1)
LOCALES = ("en", "de", "es", "fr", "pt")
SITUATIONS = {"en": 200, "de": 90, "es": 50, "fr": 50, "pt": 50}
ONE_ANSWER = {"are_you_a_bot", "privacy_request"}


@pytest.fixture(scope="module")
def live() -> Pipeline:
    """As it runs: with the trained model and the detector of languages."""
    return Content(ROOT / "templates", reader=load_reader).load()


def situations(library: Library, locale: str) -> list[Template]:
    return [t for t in library.templates if t.locale == locale and t.answers_to and not t.is_faq]


def wordings(library: Library) -> Iterator[tuple[Template, Variant, str]]:
    """Every way each wording comes out, with a plain word in its slots."""
    for template in library.templates:
        for variant in template.variants:
            for trial in trials(template, variant, library.facts):
                yield template, variant, trial.text


def test_it_loads_as_it_runs_and_its_examples_hold(live: Pipeline) -> None:
    assert [str(fault) for fault in run(live.library, live.understand)] == []


def test_the_linter_has_nothing_to_say(live: Pipeline) -> None:
    assert [str(fault) for fault in lint(live.library, TODAY, ["en"], live.understand)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_post_under_answers_to_finds_its_reply(live: Pipeline, locale: str) -> None:
    own = [template for template in live.library.templates if template.locale == locale]
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert [str(fault) for fault in astray(live.library, live.run, own, {}, now)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_there_are_situations_enough(library: Library, locale: str) -> None:
    assert len({template.id for template in situations(library, locale)}) >= SITUATIONS[locale]


def test_other_languages_have_no_situations_of_their_own(library: Library) -> None:
    english = {template.id for template in situations(library, "en")}
    for locale in LOCALES:
        assert {template.id for template in situations(library, locale)} <= english


def test_each_has_wordings_enough_and_not_too_many(library: Library) -> None:
    spoken = [t for t in situations(library, "en") if t.intent not in ONE_ANSWER and not t.handoff]
    assert {t.path: len(t.variants) for t in spoken if not 4 <= len(t.variants) <= 8} == {}


def test_some_wording_fits_whatever_the_post_is_like(library: Library) -> None:
    spoken = [t for t in library.templates if t.variants and not t.handoff]
    always = {t.path for t in spoken if any(not (v.when or v.unless or v.asks_for) for v in t.variants)}
    assert [t.path for t in spoken if t.path not in always] == []


def test_most_wordings_ask_nothing_and_those_that_do_say_what_for(library: Library) -> None:
    asking = {(t.key, v.name): v for t, v, text in wordings(library) if "?" in text and t.answers_to and not t.is_faq}
    assert [name for name, variant in asking.items() if not variant.asks_for] == []
    for locale in LOCALES:
        all_of_them = sum(len(template.variants) for template in situations(library, locale))
        asked = sum(key.startswith(f"{locale}/") for key, _ in asking)
        assert asked < all_of_them / 3, locale


def test_it_goes_out_in_one_tap(library: Library) -> None:
    typed = [
        f"{t.path} {v.name}" for t in library.templates for v in t.variants if any(t.slots[n].ask for n in v.needs)
    ]
    assert typed == []


def test_it_is_written_cleanly(library: Library) -> None:
    for template, _, text in wordings(library):
        where = f"{template.path}: {text}"
        space = r"\s[,.]" if template.locale == "fr" else r"\s[,.?!]"  # French has a space before ? and !
        assert not re.search(rf"\u2014|  |{space}|[.?],|[{{}}]", text), where
        assert text.count("?") <= 1, where
        assert text.count("!") <= 1, where
        assert len(text.split()) <= 45, where
        assert not text[0].islower(), where


def test_answers_have_their_sources(library: Library) -> None:
    answers = [template for template in library.templates if template.is_faq]
    assert len([answer for answer in answers if answer.locale == "en"]) >= 12
    assert all(answer.source and answer.answers_to and answer.intent == "question" for answer in answers)


def test_intents_have_enough_examples_of_their_own(library: Library) -> None:
    for intent in library.intents.values():
        assert len(set(intent.examples["en"])) == len(intent.examples["en"]) >= 6, intent.name
        assert len(set(intent.examples["de"])) == len(intent.examples["de"]) >= 3, intent.name
