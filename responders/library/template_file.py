"""Reads one template file: front matter, variants, and whether they hold together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Literal

from responders.library import syntax
from responders.library.conditions import read_conditions
from responders.library.document import Section, cut
from responders.library.entries import Entry, clean, read_yaml
from responders.library.examples import read_examples
from responders.library.faults import Fault
from responders.library.model import Fact, Intent, Limit, Slot, Template, Variant
from responders.library.render import RenderFailed, render
from responders.library.vocabulary import (
    ASK_APPROVER,
    ID,
    LOCALE,
    NAME,
    SIGNER,
    SOURCES,
    did_you_mean,
)
from responders.types import Recipe

_KEYS = ("when", "unless", "slots", "limits", "asks", "source", "examples")
_LIMITS: tuple[Literal["per_fan", "per_channel"], ...] = ("per_fan", "per_channel")
_LIMIT = re.compile(r"([1-9]\d{0,3})\s*/\s*([1-9]\d{0,3})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MOST_ASKS = 8


def read_template(
    path: str, text: str, intents: Mapping[str, Intent], facts: Mapping[str, Fact], faults: list[Fault]
) -> Template | None:
    """The template in `<locale>/<intent>/<id>.md`. None when it cannot be cut up; else check `faults`."""
    locale, intent, file_name = path.split("/")
    if problem := _place_problem(locale, intent, file_name.removesuffix(".md"), intents):
        faults.append(Fault(file=path, line=None, message=problem, code="L02"))
    cleaned = clean(path, text, faults)
    document = cut(path, cleaned, faults) if cleaned is not None else None
    if document is None:
        return None
    faults_before = len(faults)
    top = read_yaml(path, document.front, faults, offset=1)
    if top is None and len(faults) > faults_before:
        return None
    entries = top.mapping(_KEYS) if top else {}
    slots = _slots(entries.get("slots"), facts)
    variants = _variants(path, document.sections, slots, faults)
    _check_all_used(entries.get("slots"), slots, variants)
    if "examples" not in entries:
        message = "there are no examples; under examples: give at least one post and what to expect for it"
        faults.append(Fault(file=path, line=1, message=message, code="L09"))
    asks, source = _asks(entries, intent)
    return Template(
        key=path.removesuffix(".md"),
        path=path,
        id=file_name.removesuffix(".md"),
        intent=intent,
        locale=locale,
        variants=variants,
        slots=slots,
        examples=read_examples(entries.get("examples"), slots),
        when=read_conditions(entries.get("when")),
        unless=read_conditions(entries.get("unless")),
        limits=_limits(entries.get("limits")),
        asks=asks,
        source=source,
    )


def _place_problem(locale: str, intent: str, name: str, intents: Mapping[str, Intent]) -> str | None:
    if not LOCALE.fullmatch(locale):
        return f"{locale!r} is not a language; the first folder is two letters, such as en"
    if intent not in intents:
        hint = did_you_mean(intent, intents)
        return f"the intent {intent} is not known{hint}; add intents/{intent}.yaml or rename the folder"
    if intents[intent].action != "draft":
        return f"the intent {intent} is never answered by a template; move the file to another intent"
    if not ID.fullmatch(name):
        return f"the file name {name!r} can hold small letters, digits, - and _ only; rename it"
    return None


def _slots(entry: Entry | None, facts: Mapping[str, Fact]) -> dict[str, Slot]:
    slots: dict[str, Slot] = {}
    for name, place in (entry.mapping() if entry else {}).items():
        if not NAME.fullmatch(name) or name in syntax.RESERVED:
            place.fault(f"{name!r} cannot be the name of a slot; use small letters and _, such as detail")
            continue
        parts = place.mapping(("from", "required", "ask"))
        source = parts["from"].text() if "from" in parts else ""
        if problem := _source_problem(source, facts):
            parts.get("from", place).fault(f"the slot {name} {problem}", "L05")
        ask = parts["ask"].text().strip() if "ask" in parts else None
        if (source == ASK_APPROVER) != bool(ask):
            place.fault(f"the slot {name}: ask: (a question for the manager) and from: {ASK_APPROVER} go together")
        required = "required" in parts and parts["required"].flag()
        # A signature is always there by the time a reply goes out.
        slots[name] = Slot(name=name, source=source, required=required or source == SIGNER, ask=ask)
    return slots


def _source_problem(source: str, facts: Mapping[str, Fact]) -> str | None:
    if not source:
        return f"has no from:; say where its words come from: {', '.join(SOURCES)}, facts.NAME"
    kind, _, name = source.rpartition(".")
    if kind == "facts":
        if name not in facts:
            return f"takes the fact {name}, which is not in facts.yaml{did_you_mean(name, facts)}; add it there"
    elif source not in SOURCES and not (kind == "fan.history" and NAME.fullmatch(name)):
        return (
            f"takes its words from {source}{did_you_mean(source, SOURCES)}; allowed: {', '.join(SOURCES)}, facts.NAME"
        )
    return None


def _variants(
    path: str, sections: tuple[Section, ...], slots: Mapping[str, Slot], faults: list[Fault]
) -> tuple[Variant, ...]:
    if not sections:
        message = "there is no variant; below the front matter write ## variant: NAME and the wording under it"
        faults.append(Fault(file=path, line=None, message=message, code="L01"))
    variants: dict[str, Variant] = {}
    for section in sections:
        code = "L01"
        if not ID.fullmatch(section.name):
            message = f"a variant cannot be called {section.name!r}; use small letters, digits and hyphens"
        elif section.name in variants:
            message = f"two variants are called {section.name}; give this one another name"
            code = "L02"
        elif not section.source.strip():
            message = f"the variant {section.name} has no words; write them below its heading or remove it"
        else:
            variants[section.name] = _variant(path, section, slots, faults)
            continue
        faults.append(Fault(file=path, line=section.line, message=message, code=code))
    return tuple(variants.values())


def _variant(path: str, section: Section, slots: Mapping[str, Slot], faults: list[Fault]) -> Variant:
    conditions = read_yaml(path, section.conditions, faults, offset=section.line)
    parts = conditions.mapping(("when", "unless")) if conditions else {}
    return Variant(
        name=section.name,
        source=section.source,
        line=section.line,
        source_line=section.source_line,
        when=read_conditions(parts.get("when")),
        unless=read_conditions(parts.get("unless")),
        needs=_check_wording(path, section, slots, faults),
    )


def _check_wording(path: str, section: Section, slots: Mapping[str, Slot], faults: list[Fault]) -> tuple[str, ...]:
    """The slots it names, once its syntax, its slots and one rendering are found to be in order."""

    def fault(line: int, message: str, code: str) -> None:
        faults.append(Fault(file=path, line=section.source_line + line - 1, message=message, code=code))

    try:
        tree = syntax.parse(section.source)
    except syntax.Refused as refused:
        fault(refused.line, refused.message, "L06")
        return ()
    found = {name.name: name.lineno for name in reversed(list(syntax.names(tree)))}
    undeclared = [name for name in found if name not in slots]
    for name in undeclared:
        hint = did_you_mean(name, slots)
        todo = f"declare it under slots: or correct the spelling{hint}"
        fault(found[name], f"the slot {{{{ {name} }}}} is not declared in the front matter; {todo}", "L03")
    for name in sorted(syntax.unguarded(tree) - set(undeclared)):
        if not slots[name].required:
            guard = f"{{% if {name} %}} ... {{% endif %}}"
            fault(
                found[name],
                f"the slot {name} is optional and may be empty; put it between {guard}, or require it",
                "L04",
            )
    if not undeclared:
        try:
            render(Recipe(source=section.source, slots=dict.fromkeys(found, "1")))
        except RenderFailed as failed:
            fault(1, f"with all slots filled: {failed}", "L10")
    return tuple(name for name in slots if name in found)


def _check_all_used(entry: Entry | None, slots: Mapping[str, Slot], variants: Collection[Variant]) -> None:
    used = {name for variant in variants for name in variant.needs}
    for name, place in (entry.mapping() if entry else {}).items():
        if name in slots and name not in used:
            place.fault(f"the slot {name} is declared and no variant uses it; use it or remove it", "L03")


def _limits(entry: Entry | None) -> dict[Literal["per_fan", "per_channel"], Limit]:
    limits: dict[Literal["per_fan", "per_channel"], Limit] = {}
    entries = entry.mapping(_LIMITS) if entry else {}
    for name in _LIMITS:
        if name not in entries:
            continue
        written = entries[name].text()
        if match := _LIMIT.fullmatch(written.strip()):
            limits[name] = Limit(count=int(match[1]), per=timedelta(**{_UNITS[match[3]]: int(match[2])}))
        else:
            entries[name].fault(f"{written!r} is not a limit; write it as 1/7d (m, h, d or w)")
    return limits


def _asks(entries: Mapping[str, Entry], intent: str) -> tuple[tuple[str, ...], str | None]:
    """An FAQ answer's phrasings and where its facts come from."""
    asks = entries["asks"].texts() if "asks" in entries else ()
    source = entries["source"].text().strip() if "source" in entries else None
    place = entries.get("asks") or entries.get("source")
    if place and not (asks and source):
        place.fault("an FAQ answer has both: asks: (how fans put the question) and source: (where the answer is from)")
    elif place and len(asks) > _MOST_ASKS:
        place.fault(f"asks: takes up to {_MOST_ASKS} ways to put the question, not {len(asks)}")
    elif place and intent != "question":
        place.fault("only templates of the intent question answer one; move the file, or remove asks: and source:")
    return asks, source
