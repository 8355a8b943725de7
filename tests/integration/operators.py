"""Operators' files with a fact, for tests of what becomes of drafts when it changes."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from bot.content import Content
from responders.pipeline import Pipeline, build
from tests.integration.conftest import TEMPLATES
from tests.model import reader

OLD, NEW = "by the red lamp", "by the blue lamp"
HERE, MOVED = f"place: {OLD}\ndoor: the green one", f"place: {NEW}\ndoor: the green one"
GONE = "door: the green one"
DATED = f"place: {{value: {OLD}, until: 2026-03-01}}\ndoor: the green one"
"""A fact that holds only on the first day of the tests' clock."""

_FRONT = "---\nslots: {slots}\nexamples:\n  - {{given: {{post: love it}}, expect: {{max_words: 20}}}}\n---\n"
SAYS = _FRONT.format(slots="{place: {from: facts.place, required: true}}") + (
    "## variant: lamp\nGood of you to say. We meet {{ place }}. Which part is it for you?\n"
    "## variant: doors\nLovely words. Come and sit {{ place }}. What would you show a friend first?\n"
    "## variant: visit\nYour eye for it is good. Somebody is {{ place }}. How far in are you?\n"
)
"""Each wording uses the fact."""
MAY_SAY = _FRONT.format(slots="{place: {from: facts.place}}") + (
    "## variant: plain\nWhat a kind thing to say. Which part is it for you?\n"
    "## variant: lamp\n{% if place %}Good of you to say. We meet {{ place }}. How far in are you?{% endif %}\n"
)
"""One of two wordings uses it."""
ASKS = _FRONT.format(
    slots="{place: {from: facts.place, required: true}, wish: {from: ask_approver, ask: What else?, required: true}}"
) + ("## variant: a\nWe meet {{ place }}. {{ wish }}\n## variant: b\nCome and sit {{ place }}. {{ wish }}\n")
"""Both wordings use it, and need words from a manager."""
PLAIN = _FRONT.format(slots="{}") + "## variant: plain\nNobody has put it like that before.\n"
"""No wording uses it."""


def texts(facts: str, *praise: str) -> dict[str, str]:
    """A set of files with these facts and these templates for praise."""
    intents = {name: text for name, text in TEMPLATES.items() if name.startswith("intents/")}
    return {**intents, "facts.yaml": facts, **{f"en/praise/t{n}.md": text for n, text in enumerate(praise)}}


def write(folder: Path, files: dict[str, str]) -> None:
    """Put files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@cache
def operators(facts: str, *praise: str) -> Pipeline:
    """The pipeline of these facts and these templates for praise."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), texts(facts, *praise))
        library = Content(Path(folder)).load().library
    return build(library, reads=reader().model(None)[0])
