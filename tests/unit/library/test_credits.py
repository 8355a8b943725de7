"""A template that passes on a fan's answer: offered only with their yes, and with what they got for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from responders.library.examples import run
from responders.library.faults import Fault
from responders.library.lint import lint
from responders.library.load import load
from responders.library.model import Library
from responders.library.offers import offers, situation, sources
from responders.types import Candidate, Context, Credit, Post, Understanding

ID = "0123456789012345"
TEMPLATE = (
    f"""---
credit: {ID}
slots:
  author: {{from: credit.name}}
  link: {{from: credit.link}}
  gift: {{from: credit.incentive}}
examples:
  - {{given: {{post: hello, slots: {{author: Ida, gift: a map}}}}, expect: {{contains: [Ida]}}}}
---
"""
    + """## variant: whole
Hold the key{% if author %}, says {{ author }}{% endif %}.{% if gift %} We gave {{ gift | lower }}.{% endif %}
{%- if link %} {{ link }}{% endif %}
## variant: quiet
Hold the key{% if author %}, as {{ author }} knows{% endif %}.
"""
)
INTENT = {"intents/praise.yaml": "meaning: m\naction: draft\nexamples: {en: [one]}"}


@pytest.fixture(scope="module")
def credited() -> Library:
    return load({**INTENT, "en/praise/a.md": TEMPLATE}, {})


def linted(library: Library, known: set[str] | None) -> list[Fault]:
    """The warnings about credits."""
    found = lint(library, date(2026, 1, 1), (), lambda _post, _context: Understanding(), credits=known)
    return [fault for fault in found if fault.code == "L32"]


def said(library: Library, post: Post, context: Context, **credits: Credit) -> list[Candidate]:
    template = library.templates[0]
    read = Understanding(intent="praise")
    known = sources(library.facts, post, context, read)
    return list(offers(template, situation(post, context, read), known, credits))


def texts(found: list[Candidate]) -> list[str]:
    return [candidate.text for candidate in found]


def test_it_names_the_author_and_carries_the_yes(
    credited: Library, post: Callable[[str], Post], context: Context
) -> None:
    found = said(credited, post("hello"), context, **{ID: Credit(name="Ida", link="https://example.org/1")})
    assert texts(found) == ["Hold the key, says Ida. https://example.org/1", "Hold the key, as Ida knows."]
    assert {candidate.credit for candidate in found} == {ID}


def test_without_the_yes_it_is_not_offered(credited: Library, post: Callable[[str], Post], context: Context) -> None:
    assert said(credited, post("hello"), context) == []
    assert said(credited, post("hello"), context, other=Credit(name="Ida")) == []


def test_what_the_author_got_is_said_or_nothing_is(
    credited: Library, post: Callable[[str], Post], context: Context
) -> None:
    found = said(credited, post("hello"), context, **{ID: Credit(name="Ida", incentive="A Map")})
    assert texts(found) == ["Hold the key, says Ida. We gave a map."]


def test_nobody_is_named_who_does_not_want_it(credited: Library, post: Callable[[str], Post], context: Context) -> None:
    assert "Hold the key." in texts(said(credited, post("hello"), context, **{ID: Credit()}))


def test_other_templates_need_no_yes(post: Callable[[str], Post], context: Context) -> None:
    plain = TEMPLATE.partition("---\n## variant")[0].split("slots:")[0].replace(f"credit: {ID}\n", "")
    text = f"{plain}examples:\n  - {{given: {{post: hello}}, expect: {{max_words: 9}}}}\n---\n## variant: a\nSo kind.\n"
    (one,) = said(load({**INTENT, "en/praise/a.md": text}, {}), post("hello"), context)
    assert one.credit is None


def test_its_examples_run_as_if_the_author_had_said_yes(credited: Library) -> None:
    assert [*run(credited, lambda _post, _context: Understanding(intent="praise"))] == []


@pytest.mark.parametrize(
    ("good", "slip", "line", "message"),
    [
        (f"credit: {ID}\n", "", 3, "credit.name is of the author of an answer; write credit:"),
        (f"credit: {ID}\n", "credit: ''\n", 2, "credit: is empty"),
        ("credit: ", "credits: ", 2, "did you mean credit?"),
        ("credit.name", "credit.nam", 4, "did you mean credit.name?"),
    ],
)
def test_slips(faults_of: Callable[..., str], good: str, slip: str, line: int, message: str) -> None:
    told = faults_of(TEMPLATE.replace(good, slip))
    assert message in told
    assert f"en/praise/a.md:{line}:" in told


def test_a_number_that_nobody_said_yes_under_is_told(credited: Library) -> None:
    (told,) = linted(credited, {"another"})
    assert (told.line, told.code, told.warning) == (2, "L32", True)
    assert ID in told.message
    assert linted(credited, {ID}) == []
    assert linted(credited, None) == [], "without a database nobody knows"


def test_a_wording_that_does_not_name_the_author_is_told() -> None:
    text = TEMPLATE + "## variant: mute\nHold the key.\n"
    (told,) = linted(load({**INTENT, "en/praise/a.md": text}, {}), None)
    assert "variant mute: the author of the answer is not named" in told.message
