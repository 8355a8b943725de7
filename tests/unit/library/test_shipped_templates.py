"""The shipped templates can be said aloud, and their posts find them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from responders.library.examples import run
from responders.library.found import astray
from responders.library.lint import lint
from responders.library.model import Library, Template, Variant
from responders.library.trial import trials
from responders.pipeline import Pipeline
from tests.model import shipped

TODAY = date(2026, 12, 1)
LOCALES = ("en", "de", "es", "fr", "pt")


@pytest.fixture(scope="module")
def live() -> Pipeline:
    """As it runs: with the trained model and the detector of languages."""
    return shipped()


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


@pytest.mark.whole
@pytest.mark.parametrize("locale", LOCALES)
def test_every_post_under_answers_to_finds_its_reply(live: Pipeline, locale: str) -> None:
    own = [template for template in live.library.templates if template.locale == locale]
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert [str(fault) for fault in astray(live.library, live.run, own, {}, now)] == []


def test_other_languages_have_no_situations_of_their_own(library: Library) -> None:
    english = {template.id for template in situations(library, "en")}
    for locale in LOCALES:
        assert {template.id for template in situations(library, locale)} <= english


def test_some_wording_fits_whatever_the_post_is_like(library: Library) -> None:
    spoken = [t for t in library.templates if t.variants and not t.handoff]

    def fits(template: Template, *, assistant: bool) -> bool:
        """With a language model, or without one: that is no matter of the post."""
        model = ("true" if assistant else "false",)
        plain = [v for v in template.variants if {*v.when, *v.unless} <= {"assistant"} and not v.asks_for]
        return any(v.when.get("assistant", model) == model != v.unless.get("assistant") for v in plain)

    for assistant in (True, False):
        assert [t.path for t in spoken if not fits(t, assistant=assistant)] == []


def test_a_wording_that_asks_says_what_for(library: Library) -> None:
    asking = {(t.key, v.name): v for t, v, text in wordings(library) if "?" in text and t.answers_to and not t.is_faq}
    assert [name for name, variant in asking.items() if not variant.asks_for] == []


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
    assert answers
    assert all(answer.source and answer.answers_to and answer.intent == "question" for answer in answers)


def test_no_example_stands_twice(library: Library) -> None:
    for intent in library.intents.values():
        for texts in intent.examples.values():
            assert len(set(texts)) == len(texts), intent.name
