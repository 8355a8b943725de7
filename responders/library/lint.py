"""What could be better in a set of files that holds together: the warnings of `greenroom templates check`.

Faults, which keep a set from going live, are found by `load`. These do not: an operator who takes an untrue wording
out of a file in a hurry must not be kept from it because the rest is too little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from responders.library.coverage import coverage_faults
from responders.library.faults import Fault, place
from responders.library.model import Library
from responders.library.reach import reach_faults
from responders.library.variety import variety_faults
from responders.library.vocabulary import FACTS

SOON = timedelta(days=14)


def lint(library: Library, today: date, locales: Collection[str]) -> tuple[Fault, ...]:
    """All warnings, in the order of file and line. `locales`: the languages of the community."""
    found = [
        *variety_faults(library),
        *coverage_faults(library),
        *reach_faults(library, locales),
        *_past_facts(library, today),
    ]
    return tuple(sorted(found, key=place))


def _past_facts(library: Library, today: date) -> Iterator[Fault]:
    """L24: facts that may not be said any more, or not much longer, and what falls silent with them."""
    for fact in library.facts.values():
        if fact.until is None or fact.until > today + SOON:
            continue
        needed = [
            template.path
            for template in library.templates
            if any(slot.required and slot.source == f"{FACTS}{fact.name}" for slot in template.slots.values())
        ]
        when = "was valid until" if fact.until < today else "is valid only until"
        silent = f", and without it {', '.join(needed)} cannot be said" if needed else ""
        message = f"the fact {fact.name} {when} {fact.until}{silent}; look whether it is still true"
        yield Fault(file="facts.yaml", line=fact.line or None, message=message, code="L24", warning=True)
