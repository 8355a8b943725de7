"""The warnings of `greenroom templates check`: what could be better in a valid set of files.

`load` finds the faults, which keep a set from going live. Warnings do not: an operator who takes an untrue wording out
in a hurry must not be stopped because too little is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, timedelta

from responders.library.coverage import coverage_faults
from responders.library.examples import Understand
from responders.library.faults import Fault, place
from responders.library.model import Fact, Library, Template
from responders.library.pitfalls import emoji_faults
from responders.library.reach import reach_faults
from responders.library.variety import variety_faults
from responders.library.vocabulary import CREDIT, FACTS

SOON = timedelta(days=14)


def lint(
    library: Library,
    today: date,
    locales: Collection[str],
    understand: Understand,
    channels: Collection[str] | None = None,
    *,
    credits: Collection[str] | None = None,
) -> tuple[Fault, ...]:
    """All warnings, by file and line.

    `locales`: the community's languages. `understand`: what reads posts. `channels`: the names of the community's
    channels; None when not all are known. `credits`: the ids of fans' yeses to passing on their answers; None when they
    are not known.
    """
    found = [
        *variety_faults(library),
        *coverage_faults(library, understand),
        *_old_keys(library),
        *_glued_posts(library),
        *_without_source(library),
        *_unknown_credits(library, credits),
        *_unnamed(library),
        *emoji_faults(replace(library, templates=(*library.templates, *library.notices))),
        *reach_faults(library, locales, channels),
        *_past_facts(library, today + SOON, today),
        *untranslated_facts(library),
    ]
    return tuple(sorted(found, key=place))


def _old_keys(library: Library) -> Iterator[Fault]:
    """L26: an old key that is still read."""
    for template in library.templates:
        if template.asks_line:
            message = "asks: is called answers_to: now; rename it"
            yield Fault(file=template.path, line=template.asks_line, message=message, code="L26", warning=True)


def _glued_posts(library: Library) -> Iterator[Fault]:
    """L26: two posts that became one, because the second stands further right than the first."""
    for template in library.templates:
        if template.glued_line:
            message = "this looks like two posts; put each on a line of its own, with its - right below the one above"
            yield Fault(file=template.path, line=template.glued_line, message=message, code="L26", warning=True)


def _without_source(library: Library) -> Iterator[Fault]:
    """L26: what looks like the answer to one question, but is offered to others too."""
    known = library.word_lists.get("situations", {}).get("question", ())
    for template in library.templates:
        if template.intent != "question" or template.is_faq or template.is_general or template.id in known:
            continue
        if template.variants and not template.handoff:
            message = "source: is missing; without it this is no answer to a question; say where the answer comes from"
            line = template.answers_to_line or None
            yield Fault(file=template.path, line=line, message=message, code="L26", warning=True)


def _unknown_credits(library: Library, credits: Collection[str] | None) -> Iterator[Fault]:
    """L32: an answer without its author's yes."""
    for template in library.templates:
        if template.credit and credits is not None and template.credit not in credits:
            message = f"no yes of a fan has the number {template.credit}, so this is never offered; correct the number"
            message += ", or remove the file if the yes was taken back"
            yield Fault(file=template.path, line=template.credit_line, message=message, code="L32", warning=True)


def _unnamed(library: Library) -> Iterator[Fault]:
    """L32: a wording that passes on an answer and does not name its author, who may want that."""
    for template in library.templates:
        for variant in template.variants if template.credit else ():
            if f"{CREDIT}name" not in {template.slots[name].source for name in variant.needs}:
                message = f"variant {variant.name}: the author of the answer is not named; use a slot from credit.name"
                yield Fault(file=template.path, line=variant.line, message=message, code="L32", warning=True)


def lacking_facts(library: Library, day: date) -> Iterator[Fault]:
    """L24: facts without which some template of this library says nothing on that day."""
    needed = {name: fact for name, fact in library.facts.items() if _needing(library, fact)}
    yield from _past_facts(replace(library, facts=needed), day - timedelta(days=1), day)
    yield from untranslated_facts(library)


def _past_facts(library: Library, until: date, today: date) -> Iterator[Fault]:
    """L24: facts that end by `until`, and the templates that fall silent with them."""
    for fact in library.facts.values():
        if fact.until is None or fact.until > until:
            continue
        needed = _needing(library, fact)
        when = "was valid until" if fact.until < today else "is valid only until"
        silent = f", and without it {', '.join(template.path for template in needed)} cannot be said" if needed else ""
        message = f"the fact {fact.name} {when} {fact.until}{silent}; check whether it is still true"
        yield Fault(file="facts.yaml", line=fact.line or None, message=message, code="L24", warning=True)


def untranslated_facts(library: Library) -> Iterator[Fault]:
    """L24: facts that lack the language of a template that needs them."""
    for fact in library.facts.values():
        mute = [template for template in _needing(library, fact) if fact.said_in(template.locale) is None]
        for locale in sorted({template.locale for template in mute}):
            silent = ", ".join(template.path for template in mute if template.locale == locale)
            message = f"the fact {fact.name} says nothing in {locale}, and {silent} needs it; add {locale}: below it"
            yield Fault(file="facts.yaml", line=fact.line or None, message=message, code="L24", warning=True)


def _needing(library: Library, fact: Fact) -> list[Template]:
    """The templates that say nothing without it."""
    source = f"{FACTS}{fact.name}"
    return [t for t in library.templates if any(s.required and s.source == source for s in t.slots.values())]
