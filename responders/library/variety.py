"""Whether a library has enough to say, and says it in different words: codes L07 and L08."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, groupby

from rapidfuzz.fuzz import ratio

from responders.library.faults import Fault
from responders.library.model import Library, Template, Variant
from responders.library.syntax import cap
from responders.library.trial import FILLER, trials
from responders.library.vocabulary import FREQUENT
from responders.selection import opener

FEWEST_VARIANTS = FEWEST_ASKS = 3
_MEASURED = 4
"""Words from which likeness says something."""
ALIKE = 65.0
"""Percent above which two wordings read as the same one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    template: Template
    variant: Variant
    text: str

    @property
    def name(self) -> str:
        return f"{self.template.path}, variant {self.variant.name}"


def variety_faults(library: Library) -> Iterator[Fault]:
    """Files with too few variants or phrasings, and wordings of one intent and language that are too alike."""
    yield from (_warn(t.path, t.variants[0].line, "L07", said) for t in library.templates for said in _too_few(t))
    ordered = sorted(library.templates, key=lambda t: (t.locale, t.intent, t.path))
    for _, group in groupby(ordered, key=lambda t: (t.locale, t.intent)):
        wordings = [
            _Said(template=t, variant=v, text=text) for t in group for v in t.variants if (text := _fullest(t, v))
        ]
        yield from _too_alike(wordings)


def _too_few(template: Template) -> Iterator[str]:
    if template.asks and len(template.asks) < FEWEST_ASKS:
        yield f"its question is found better from {FEWEST_ASKS} phrasings or more under asks:; add some of fans"
    if template.intent not in FREQUENT:
        return
    count = len(template.variants)
    if count < FEWEST_VARIANTS:
        yield f"{template.intent} comes up often and wants {FEWEST_VARIANTS} variants or more, not {count}; add some"
    if all(variant.when for variant in template.variants):
        yield "every variant has a when:; write one without, for the posts that none of them fits"


def _too_alike(wordings: list[_Said]) -> Iterator[Fault]:
    for first, second in combinations(wordings, 2):
        likeness = ratio(_fixed(first), _fixed(second)) if _comparable(first, second) else 0.0
        if likeness > ALIKE:
            what = f"is {likeness:.0f} % the same as {first.name}; say another thing"
        elif _opener(first) and _opener(first) == _opener(second):
            what = f"begins with {_opener(second)!r} as {first.name} does; begin in another way"
        else:
            continue
        message = f"variant {second.variant.name} {what}"
        yield _warn(second.template.path, second.variant.source_line, "L08", message)


def _fullest(template: Template, variant: Variant) -> str:
    """The wording with a plain word in all its slots; empty when it cannot be said so."""
    return next((trial.text for trial in trials(template, variant, {})), "")


def _fixed(said: _Said) -> str:
    return said.text.replace(FILLER, "_").replace(cap(FILLER), "_")


def _comparable(first: _Said, second: _Said) -> bool:
    """Not wordings of a few words, nor answers to two questions, which are never said to the same post."""
    answers = first.template is not second.template and bool(first.template.asks or second.template.asks)
    return not answers and min(len(first.text.split()), len(second.text.split())) >= _MEASURED


def _opener(said: _Said) -> str:
    """Its first two words; empty when one of them comes from a slot."""
    words = opener(said.text)
    return "" if FILLER in words else words


def _warn(file: str, line: int, code: str, message: str) -> Fault:
    return Fault(file=file, line=line, message=message, code=code, warning=True)
