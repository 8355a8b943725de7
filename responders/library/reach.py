"""Warnings L20 to L23: wordings that can never be offered, and gaps.

L20: a plural form or a language is missing. L21: a variant is never offered. L22: two files answer one post. L23: an
intent has few examples or no replies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from jinja2 import nodes

from responders.library import syntax
from responders.library.faults import Fault
from responders.library.model import Library, Template, Variant
from responders.library.vocabulary import HISTORY, NO, NOT_KNOWN, POST_DETAIL, SHORT, WHEN_FIELDS, did_you_mean
from responders.understanding.normalise import bare

_MANY = frozenset({"details", "channel", "tells", "fan_history"})
"""Fields that can have several values at once."""
_FEWEST = 3
"""With this many examples an intent is read well."""
_ALIKE = 0.88


def reach_faults(
    library: Library, locales: Collection[str], channels: Collection[str] | None = None
) -> Iterator[Fault]:
    """All warnings. `locales`: the community's languages. `channels`: the names of its channels; None when not all
    are known."""
    for template in library.templates:
        for variant in template.variants:
            if why := _never(template, variant):
                yield _warn(template.path, variant.line, "L21", f"variant {variant.name} is never offered: {why}")
            yield from _plural_forms(template, variant)
        yield from _other_channels(template, channels)
    yield from _same_post(library)
    yield from _nearly_known(library)
    yield from _nothing(library, locales)
    yield from _twins(library, locales)


def _never(template: Template, variant: Variant) -> str | None:
    """Why no post meets its conditions; None when some can."""
    unless = {field: {*template.unless.get(field, ()), *variant.unless.get(field, ())} for field in WHEN_FIELDS}
    left: dict[str, set[str]] = {}
    for field, values in (*template.when.items(), *variant.when.items()):
        asked = set(values) - unless[field]
        left[field] = asked & left.get(field, asked) if field not in _MANY else asked
        if not left[field]:
            return f"its when: asks for a {field} that the file's when: or an unless: rules out; change one"
    for field, named in unless.items():
        if named and named == set(WHEN_FIELDS[field]) and field not in _MANY:
            return f"its unless: names everything that {field} can be; take one out"
    if left.get("is_reply") == {NO} and "nobody" not in left.get("replies_to", {"nobody"}):
        return "a post that is no reply replies to nobody; change is_reply or replies_to"
    return _told(variant, left) or _no_words(template, variant, unless["details"], left)


def _told(variant: Variant, left: Mapping[str, set[str]]) -> str | None:
    if variant.asks_for in left.get("tells", ()):
        return f"it asks for {variant.asks_for}, which the post tells by its when:; change one"
    if variant.asks_for and SHORT not in left.get("length", {SHORT}):
        return "it asks a question, and only short posts get one; change its length or take asks_for out"
    return None


def _no_words(template: Template, variant: Variant, ruled_out: set[str], left: Mapping[str, set[str]]) -> str | None:
    for name in variant.needs:
        slot = template.slots[name]
        if slot.required and slot.source.removeprefix(f"{POST_DETAIL}.") in ruled_out:
            return f"it needs the slot {name}, and an unless: rules such details out; change one"
        if slot.required and slot.source.startswith(HISTORY) and left.get("fan_history") == {NOT_KNOWN}:
            return f"it needs the slot {name}, and is only for fans whom we do not remember; change one"
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


def shared_posts(library: Library) -> dict[tuple[str, str], list[str]]:
    """(path, path of the file that takes them) -> posts that stand in two files. The last file takes them."""
    takes = {(t.locale, bare(text)): t for t in library.templates for text in t.answers_to}
    shared: dict[tuple[str, str], list[str]] = {}
    for template in library.templates:
        for text in template.answers_to:
            other = takes[template.locale, bare(text)]
            if other is not template:
                shared.setdefault((template.path, other.path), []).append(text)
    return shared


def _same_post(library: Library) -> Iterator[Fault]:
    """One warning for each pair of files."""
    by_path = {template.path: template for template in library.templates}
    for (path, other), texts in shared_posts(library).items():
        template = by_path[path]
        if len(texts) == 1:
            message = f"{texts[0]!r} is also in {other}, which answers it; keep it in one file"
        elif len(texts) == len(template.answers_to):
            message = f"all its posts are also in {other}, which answers them; keep one of the two files"
        else:
            some = f"{texts[0]!r} and {len(texts) - 1} more"
            message = f"{some} are also in {other}, which answers them; keep each in one file"
        fault = _warn(path, template.answers_to_line, "L22", message)
        yield replace(fault, follows=other)


def _other_channels(template: Template, channels: Collection[str] | None) -> Iterator[Fault]:
    if channels is None:
        return
    places: list[tuple[Template | Variant, int]] = [(template, 1), *((v, v.line) for v in template.variants)]
    for place, line in places:
        named = {*place.when.get("channel", ()), *place.unless.get("channel", ())}
        for name in sorted(named - {*channels}):
            hint = did_you_mean(name, channels)
            message = f"config.yaml lists no channel {name}{hint}; write one of: {', '.join(sorted(channels))}"
            yield _warn(template.path, line, "L21", message)


def _nearly_known(library: Library) -> Iterator[Fault]:
    """An own situation with nearly the name of a known one. The file's name decides which it is."""
    listed = library.word_lists.get("situations", {})
    for template in library.templates:
        known = [*listed.get(template.intent, ())]
        if template.is_general or template.is_faq or template.id in known:
            continue
        near = get_close_matches(template.id.replace("-", "_"), known, n=1, cutoff=_ALIKE)
        if near:
            message = f"if this is for the known situation {near[0]}, call the file {near[0]}.md"
            yield _warn(template.path, None, "L26", message)


def _nothing(library: Library, locales: Collection[str]) -> Iterator[Fault]:
    """Languages without any reply, intents without one in a language, and intents with too few examples."""
    spoken = {template.locale for template in library.templates}
    for locale in sorted({*locales} - spoken):
        message = f"nothing is written in this language; begin with {locale}/thanks/, or take it out of config.yaml"
        yield _warn(locale, None, "L23", message)
    for intent in library.intents.values():
        file = f"intents/{intent.name}.yaml"
        count = sum(len(texts) for texts in intent.examples.values())
        if count < _FEWEST:
            message = f"it is read better from {_FEWEST} examples or more, not {count}; add some as fans write them"
            yield _warn(file, None, "L23", message)
        for locale in sorted(spoken & {*locales}):
            if intent.action == "draft" and not library.offering(intent.name, locale):
                message = f"nothing answers it in the language {locale}; write {locale}/{intent.name}/NAME.md"
                yield _warn(file, None, "L23", message)


def _twins(library: Library, locales: Collection[str]) -> Iterator[Fault]:
    """Files without a twin in another language of the community. L23 tells of intents that have no reply there at
    all."""
    spoken = sorted({template.locale for template in library.templates} & {*locales})
    have = {(t.locale, t.intent, t.id) for t in library.templates}
    intents = {(locale, intent) for locale, intent, _ in have}
    first = {(t.intent, t.id): t for t in reversed(library.templates) if t.locale in spoken}
    for (intent, name), template in sorted(first.items(), key=lambda pair: pair[1].path):
        lacking = [o for o in spoken if (o, intent) in intents and (o, intent, name) not in have]
        if lacking:
            message = f"it has no twin in {', '.join(lacking)}; write {lacking[0]}/{intent}/{name}.md"
            yield _warn(template.path, None, "L20", message)


def _warn(file: str, line: int | None, code: str, message: str) -> Fault:
    return Fault(file=file, line=line, message=message, code=code, warning=True)
