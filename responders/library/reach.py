"""What can never be said, and where nothing can: warnings L20 to L23.

L20: a form or a language is missing; L21: never offered; L22: two answers to one question; L23: an intent without
examples or words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import permutations

from jinja2 import nodes

from responders.library import syntax
from responders.library.faq import likeness
from responders.library.faults import Fault
from responders.library.model import Library, Template, Variant
from responders.library.vocabulary import HISTORY, NO, POST_DETAIL, WHEN_FIELDS

_MANY = frozenset({"details", "channel"})
"""Fields of which several values can hold at once."""


def reach_faults(library: Library, locales: Collection[str]) -> Iterator[Fault]:
    """Warnings; `locales` are the languages of the community."""
    for template in library.templates:
        for variant in template.variants:
            if why := _never(template, variant):
                yield _warn(template.path, variant.line, "L21", f"variant {variant.name} is never offered: {why}")
            yield from _plural_forms(template, variant)
    yield from _same_question(library)
    yield from _nothing(library, locales)
    yield from _twins(library, locales)


def _never(template: Template, variant: Variant) -> str | None:
    """Why no post meets its conditions; None when one can."""
    unless = {field: {*template.unless.get(field, ()), *variant.unless.get(field, ())} for field in WHEN_FIELDS}
    left: dict[str, set[str]] = {}
    for field, values in (*template.when.items(), *variant.when.items()):
        asked = set(values) - unless[field]
        left[field] = asked & left.get(field, asked) if field not in _MANY else asked
        if not left[field]:
            return (
                f"what its when: asks of {field} is ruled out by the file's when: or by an unless:; change one of them"
            )
    for field, named in unless.items():
        if named and named == set(WHEN_FIELDS[field]) and field not in _MANY:
            return f"its unless: names everything that {field} can be; take one out"
    if left.get("is_reply") == {NO} and "nobody" not in left.get("replies_to", {"nobody"}):
        return "a post that is no reply replies to nobody; change is_reply or replies_to"
    if left.get("fan_history") == {"some"}:
        return "nothing is remembered of fans yet; take fan_history out"
    return _no_words(template, variant, unless["details"])


def _no_words(template: Template, variant: Variant, ruled_out: set[str]) -> str | None:
    for name in variant.needs:
        slot = template.slots[name]
        if slot.required and slot.source.removeprefix(f"{POST_DETAIL}.") in ruled_out:
            return f"it needs the slot {name}, and an unless: rules such details out; change one of them"
        if slot.required and slot.source.startswith(HISTORY):
            return f"it needs the slot {name}, and nothing is remembered of fans yet; make it optional"
    return None


def _plural_forms(template: Template, variant: Variant) -> Iterator[Fault]:
    if syntax.PLURAL not in variant.source:
        return
    wanted = syntax.plural_forms(template.locale)
    for call in syntax.parse(variant.source).find_all(nodes.Call):
        if lacking := sorted(wanted - {keyword.key for keyword in call.kwargs}):
            message = f"plural(...) lacks {', '.join(lacking)}, which the language {template.locale} has; add it"
            line = variant.source_line + call.lineno - 1
            yield _warn(template.path, line, "L20", f"variant {variant.name}: {message}")


def _same_question(library: Library) -> Iterator[Fault]:
    """An ask that another answer takes at least as well: which of the two is said would be a matter of luck."""
    answers = [template for template in library.templates if template.asks]
    for own, other in permutations(answers, 2):
        if own.locale != other.locale:
            continue
        for ask in own.asks:
            if likeness(ask, other.asks) >= likeness(ask, own.asks):
                message = f"its question {ask!r} is answered by {other.path} as well; keep it in one of them"
                yield _warn(own.path, None, "L22", message)
                break


def _nothing(library: Library, locales: Collection[str]) -> Iterator[Fault]:
    for intent in library.intents.values():
        file = f"intents/{intent.name}.yaml"
        for locale in sorted(locales):
            if not intent.examples.get(locale):
                message = f"there are no examples in the language {locale}; write some under examples: {locale}:"
                yield _warn(file, None, "L23", message)
            if intent.action == "draft" and not library.offering(intent.name, locale):
                message = f"nothing answers it in the language {locale}; write {locale}/{intent.name}/NAME.md"
                yield _warn(file, None, "L23", message)


def _twins(library: Library, locales: Collection[str]) -> Iterator[Fault]:
    """Templates that the community's other languages lack. An intent that has none at all is told by L23."""
    for intent in library.intents:
        ids = {locale: {t.id for t in library.offering(intent, locale)} for locale in sorted(locales)}
        for locale, own in ids.items():
            lacking = sorted(set().union(*ids.values()) - own)
            if own and lacking:
                message = f"other languages of the community say more: {', '.join(lacking)}; write their twins here"
                yield _warn(f"{locale}/{intent}", None, "L20", message)


def _warn(file: str, line: int | None, code: str, message: str) -> Fault:
    return Fault(file=file, line=line, message=message, code=code, warning=True)
