"""Warnings L07 and L08: whether there is enough to say, in words that differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio

from responders.library.faults import Fault
from responders.library.model import Library, Template, Variant
from responders.library.syntax import cap
from responders.library.trial import FILLER, trials
from responders.library.vocabulary import FREQUENT
from responders.selection import opener
from responders.selection.choose import ALIKE

FEWEST_VARIANTS = FEWEST_POSTS = 3
_MEASURED = 4
"""Likeness is measured from this many words on."""
_SAME_OPENERS = 3
"""How many wordings of a file may begin alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    template: Template
    variant: Variant
    text: str


def variety_faults(library: Library) -> Iterator[Fault]:
    """Files with too few variants or posts, and wordings of one file that are too alike. Wordings of two files go to
    different posts."""
    listed = library.word_lists.get("situations", {})
    known = {name for names in listed.values() for name in names}
    for template in library.templates:
        yield from (_warn(template.path, _first_line(template), "L07", told) for told in _too_few(template, known))
        wordings = [_Said(template=template, variant=v, text=_fullest(template, v)) for v in template.variants]
        yield from _too_alike([wording for wording in wordings if wording.text])


def _first_line(template: Template) -> int:
    return template.variants[0].line if template.variants else template.answers_to_line or 1


def _too_few(template: Template, known: Collection[str]) -> Iterator[str]:
    """`known`: the situations that the reader knows without examples."""
    if template.id not in known and 0 < len(template.answers_to) < FEWEST_POSTS:
        yield f"it is found better from {FEWEST_POSTS} posts or more under answers_to:; add some as fans write them"
    count = len(template.variants)
    if not count or template.intent not in FREQUENT or template.is_faq or template.handoff:
        return
    if count < FEWEST_VARIANTS:
        yield f"{template.intent} comes up often and wants {FEWEST_VARIANTS} variants or more, not {count}; add some"
    if all(variant.when for variant in template.variants):
        yield "every variant has a when:; write one without, for all other posts"


def _too_alike(wordings: list[_Said]) -> Iterator[Fault]:
    openers: dict[str, list[str]] = {}
    for number, said in enumerate(wordings):
        twin = next((other for other in wordings[:number] if _alike(said, other) > ALIKE), None)
        before = openers.setdefault(_opener(said), [])
        if twin:
            what = f"is {_alike(said, twin):.0f} % the same as variant {twin.variant.name}; say it in another way"
        elif _opener(said) and len(before) >= _SAME_OPENERS:
            what = f"begins with {_opener(said)!r} as variants {' and '.join(before[:2])} do; begin in another way"
        else:
            what = ""
        before.append(said.variant.name)
        if what:
            message = f"variant {said.variant.name} {what}"
            yield _warn(said.template.path, said.variant.source_line, "L08", message)


def _alike(first: _Said, second: _Said) -> float:
    """Likeness in percent; 0 for wordings of a few words, and for two that are never offered to the same post."""
    few = min(len(first.text.split()), len(second.text.split())) < _MEASURED
    return 0.0 if few or _apart(first.variant, second.variant) else ratio(_fixed(first), _fixed(second))


def _apart(first: Variant, second: Variant) -> bool:
    """Whether one of them needs what the other rules out."""
    return any(
        set(one.when[field]) <= set(other.unless.get(field, ()))
        for one, other in ((first, second), (second, first))
        for field in one.when
    )


def _fullest(template: Template, variant: Variant) -> str:
    """The wording with a plain word in each slot; empty when it cannot be rendered so."""
    return next((trial.text for trial in trials(template, variant, {})), "")


def _fixed(said: _Said) -> str:
    return said.text.replace(FILLER, "_").replace(cap(FILLER), "_")


def _opener(said: _Said) -> str:
    """Its first two words; empty when one comes from a slot."""
    words = opener(said.text)
    return "" if FILLER in words else words


def _warn(file: str, line: int, code: str, message: str) -> Fault:
    return Fault(file=file, line=line, message=message, code=code, warning=True)
