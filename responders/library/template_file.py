"""Reads one template file: front matter and variants, and whether they fit together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from responders.library import syntax
from responders.library.conditions import read_conditions
from responders.library.document import Section, cut
from responders.library.entries import Entry, clean, read_yaml
from responders.library.examples import read_examples
from responders.library.faults import Fault
from responders.library.model import Fact, Intent, Limit, Slot, Template, Variant
from responders.library.placing import FACTS as FACTS_FILE
from responders.library.render import RenderFailed, render
from responders.library.vocabulary import (
    ASK_APPROVER,
    ASKABLE,
    CREDIT,
    FACTS,
    ID,
    LOCALE,
    NAME,
    PARTICULAR,
    SIGNER,
    SOURCES,
    did_you_mean,
)
from responders.types import GATES, Recipe

_KEYS = ("answers_to", "source", "credit", "handoff", "when", "unless", "slots", "limits", "examples")
_OLD = "asks"
"""The old name of `answers_to`. It is still read."""
_LIMITS: tuple[Literal["per_fan", "per_channel"], ...] = ("per_fan", "per_channel")
_LIMIT = re.compile(r"([1-9]\d{0,3})\s*/\s*([1-9]\d{0,3})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MOST = 12
"""The most posts under `answers_to`."""


def read_template(
    path: str, text: str, intents: Mapping[str, Intent], facts: Mapping[str, Fact], faults: list[Fault]
) -> Template | None:
    """The template in `<locale>/<intent>/<id>.md`. None when it has no front matter; else look into `faults`."""
    locale, intent, file_name = path.split("/")
    if fault := _misplaced(path, intents):
        faults.append(fault)
    before = len(faults)
    cleaned = clean(path, text, faults)
    document = cut(path, cleaned, faults) if cleaned is not None else None
    if document is None:
        return None
    cut_well, before = len(faults) == before, len(faults)
    top = read_yaml(path, document.front, faults, offset=1)
    if top is None and len(faults) > before:
        return None
    entries = top.mapping((*_KEYS, _OLD)) if top else {}
    known = len(faults) == before  # a key that is misspelt is not missing as well
    slots = _slots(entries.get("slots"), facts)
    handoff = entries["handoff"].text().strip() if "handoff" in entries else None
    excused = _written(entries.get("slots")) if known else None
    variants = read_variants(path, document.sections, slots, excused, faults)
    answered = entries.get("answers_to") or entries.get(_OLD)
    a_person_answers = (handoff or answered) and "source" not in entries
    if not (variants or a_person_answers or document.sections) and cut_well:
        message = "there is no variant; below the front matter write ## variant: NAME and the wording under it"
        faults.append(Fault(file=path, line=None, message=message, code="L01"))
    if cut_well and len(faults) == before:
        _check_all_used(entries.get("slots"), slots, variants)
    answers_to, source = _answers(entries, answered, intent)
    states = next((slot for slot in slots.values() if slot.source.startswith(FACTS)), None)
    if known and intent == "question" and answers_to and "source" not in entries and states:
        message = (
            f"source: is missing; without it this is no answer to a question, and {states.source} is said to others"
        )
        faults.append(Fault(file=path, line=answered.line if answered else 1, message=message, code="L25"))
    if known and not answers_to and intent in PARTICULAR:
        message = "write answers_to: with posts that it answers; no reply fits every {0}"
        faults.append(Fault(file=path, line=1, message=message.format(intent.replace("_", " ")), code="L25"))
    elif known and not answers_to and "examples" not in entries:
        message = "there are no examples; under examples: give at least one post and what to expect for it"
        faults.append(Fault(file=path, line=1, message=message, code="L09"))
    return Template(
        key=path.removesuffix(".md"),
        path=path,
        id=file_name.removesuffix(".md"),
        intent=intent,
        locale=locale,
        variants=variants,
        slots=slots,
        examples=read_examples(entries.get("examples"), None if excused is None else {*slots, *excused}),
        when=read_conditions(entries.get("when")),
        unless=read_conditions(entries.get("unless")),
        limits=_limits(entries.get("limits")),
        answers_to=answers_to,
        answers_to_line=answered.line if answered else 0,
        source=source,
        credit=_credit(entries, slots) if known else None,
        credit_line=entries["credit"].line if "credit" in entries else 0,
        handoff=handoff or None,
        asks_line=entries[_OLD].line if _OLD in entries else 0,
        glued_line=_glued(answered),
    )


def _misplaced(path: str, intents: Mapping[str, Intent]) -> Fault | None:
    """What is wrong with the folders or the name. The fault is the same for all files of a folder."""
    locale, intent, name = path.removesuffix(".md").split("/")
    where, follows = path, ""
    if fault := no_language(locale):
        return fault
    if intent not in intents and intent.casefold() in intents:
        where, message = f"{locale}/{intent}", f"the intent is written {intent.casefold()}; rename the folder"
    elif intent not in intents:
        where, follows = f"{locale}/{intent}", f"intents/{intent}.yaml"
        hint = did_you_mean(intent, intents)
        message = f"the intent {intent} is not known{hint}; add intents/{intent}.yaml or rename the folder"
    elif intent in GATES:
        where, message = f"{locale}/{intent}", f"{intent} is never answered by a template; take the folder out"
    elif not ID.fullmatch(name):
        message = f"the file name {name!r} can hold small letters, digits, - and _ only; rename it"
    else:
        return None
    return Fault(file=where, line=None, message=message, code="L02", follows=follows)


def _credit(entries: Mapping[str, Entry], slots: Mapping[str, Slot]) -> str | None:
    """The number of the yes of the author whose answer it is."""
    takes = next((slot.source for slot in slots.values() if slot.source.startswith(CREDIT)), None)
    if "credit" not in entries:
        if takes:
            todo = "write credit: and the number of their yes"
            entries["slots"].fault(f"{takes} is of the author of an answer; {todo}", "L05")
        return None
    number = entries["credit"].text().strip()
    if not number:
        entries["credit"].fault("credit: is empty; write the number of the author's yes, or take it out")
    return number or None


def no_language(folder: str) -> Fault | None:
    """A fault where the folder of a language has another name."""
    if LOCALE.fullmatch(folder):
        return None
    message = f"{folder!r} is not a language; a language's folder has two letters, such as en"
    return Fault(file=folder, line=None, message=message, code="L02")


def _slots(entry: Entry | None, facts: Mapping[str, Fact]) -> dict[str, Slot]:
    slots: dict[str, Slot] = {}
    for name, place in (entry.mapping() if entry else {}).items():
        if not NAME.fullmatch(name) or name in syntax.RESERVED:
            place.fault(f"{name!r} cannot be the name of a slot; use small letters and _, such as detail")
            continue
        parts = place.mapping(("from", "required", "ask"))
        source = parts["from"].text() if "from" in parts else ""
        if problem := _source_problem(source, facts):
            of_facts = FACTS_FILE if source.startswith(FACTS) else ""
            parts.get("from", place).fault(f"the slot {name} {problem}", "L05", follows=of_facts)
        ask = parts["ask"].text().strip() if "ask" in parts else None
        if (source == ASK_APPROVER) != bool(ask):
            place.fault(f"the slot {name}: ask: (a question for the manager) and from: {ASK_APPROVER} go together")
        required = "required" in parts and parts["required"].flag()
        # By the time a reply goes out, its signature is known.
        slots[name] = Slot(name=name, source=source, required=required or source == SIGNER, ask=ask)
    return slots


def _source_problem(source: str, facts: Mapping[str, Fact]) -> str | None:
    if not source:
        return f"has no from:; say where its words come from: {', '.join(SOURCES)}, facts.NAME"
    kind, _, name = source.rpartition(".")
    if kind == "facts":
        if name not in facts:
            return f"takes the fact {name}, which is not in facts.yaml{did_you_mean(name, facts)}; add it there"
    elif source not in SOURCES:
        return (
            f"takes its words from {source}{did_you_mean(source, SOURCES)}; allowed: {', '.join(SOURCES)}, facts.NAME"
        )
    return None


def _written(entry: Entry | None) -> frozenset[str] | None:
    """The names under `slots:`, good or bad, as written and in small letters: these are not missing. None when they
    are not known."""
    if entry and not entry.is_mapping:
        return None
    return frozenset(word for name in (entry.mapping() if entry else ()) for word in (name, name.casefold()))


def read_variants(
    path: str,
    sections: Iterable[Section],
    slots: Mapping[str, Slot],
    excused: frozenset[str] | None,
    faults: list[Fault],
    *,
    given: bool = False,
) -> tuple[Variant, ...]:
    """The wordings of a file. `excused`: names whose fault is told elsewhere; None: all. `given`: the slots are not the
    operator's to declare."""
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
            variants[section.name] = _variant(path, section, slots, excused, faults, given=given)
            continue
        faults.append(Fault(file=path, line=section.line, message=message, code=code))
    return tuple(variants.values())


def _variant(
    path: str,
    section: Section,
    slots: Mapping[str, Slot],
    excused: frozenset[str] | None,
    faults: list[Fault],
    *,
    given: bool,
) -> Variant:
    conditions = read_yaml(path, section.conditions, faults, offset=section.line)
    parts = conditions.mapping(("when", "unless", "asks_for")) if conditions else {}
    return Variant(
        name=section.name,
        source=section.source,
        line=section.line,
        source_line=section.source_line,
        when=read_conditions(parts.get("when")),
        unless=read_conditions(parts.get("unless")),
        needs=_check_wording(path, section, slots, excused, faults, given=given),
        asks_for=_asks_for(parts.get("asks_for")),
    )


def _asks_for(entry: Entry | None) -> str | None:
    what = entry.text().strip() if entry else None
    if entry and what not in ASKABLE:
        hint = did_you_mean(what or "", ASKABLE)
        entry.fault(f"asks_for: is one of {', '.join(ASKABLE)}, not {what!r}{hint}")
    return what


def _check_wording(
    path: str,
    section: Section,
    slots: Mapping[str, Slot],
    excused: frozenset[str] | None,
    faults: list[Fault],
    *,
    given: bool,
) -> tuple[str, ...]:
    """The slots that a wording uses, once its syntax, its slots and one rendering are found to be right.

    Nothing is said of names that are `excused` (None: all): their fault is told where they are declared.
    """

    def fault(line: int, message: str, code: str) -> None:
        faults.append(Fault(file=path, line=section.source_line + line - 1, message=message, code=code))

    try:
        found, unguarded, problem = _looked_at(section.source)
    except syntax.Refused as refused:
        fault(refused.line, refused.message, "L06")
        return ()
    undeclared = [name for name in found if name not in slots]
    for name in (n for n in undeclared if excused is not None and n not in excused):
        hint = did_you_mean(name, slots)
        if given:
            message = f"there is no slot {{{{ {name} }}}} here{hint}; known here: {', '.join(slots) or 'none'}"
        else:
            todo = f"declare it under slots: or correct the spelling{hint}"
            message = f"the slot {{{{ {name} }}}} is not declared in the front matter; {todo}"
        fault(found[name], message, "L03")
    for name in sorted(unguarded - set(undeclared)):
        if not slots[name].required:
            guard = f"{{% if {name} %}} ... {{% endif %}}"
            way_out = f"put it between {guard}{'' if given else ', or require it'}"
            fault(found[name], f"the slot {name} is optional and may be empty; {way_out}", "L04")
    if problem and not undeclared:
        fault(1, f"with all slots filled: {problem}", "L10")
    return tuple(name for name in slots if name in found)


@lru_cache(maxsize=8192)  # an edit leaves most wordings as they are
def _looked_at(source: str) -> tuple[Mapping[str, int], frozenset[str], str]:
    """The names in a wording with the line of each, those among them that may be empty, and what fails when all have
    words (else nothing). Raises `syntax.Refused`."""
    tree = syntax.parse(source)
    found = {name.name: name.lineno for name in reversed(list(syntax.names(tree)))}
    try:
        render(Recipe(source=source, slots=dict.fromkeys(found, "1")))
    except RenderFailed as failed:
        return found, frozenset(syntax.unguarded(tree)), str(failed)
    return found, frozenset(syntax.unguarded(tree)), ""


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


def _glued(answered: Entry | None) -> int:
    """The line of a post that goes on over several lines and has the next post's dash in it; 0 where there is none."""
    posts = answered.sequence() if answered else []
    return next((post.line for post in posts if post.is_folded and " - " in str(post.node.value)), 0)


def _answers(entries: Mapping[str, Entry], answered: Entry | None, intent: str) -> tuple[tuple[str, ...], str | None]:
    """The posts that it answers, and the `source:` of an FAQ answer."""
    answers_to = answered.texts() if answered else ()
    source = entries["source"].text().strip() if "source" in entries else None
    if "source" in entries and not (answers_to and source):
        entries["source"].fault("an FAQ answer has both: answers_to: (the question in fans' words) and source:")
    elif answered and len(answers_to) > _MOST:
        answered.fault(f"answers_to: takes up to {_MOST} posts, not {len(answers_to)}")
    elif _OLD in entries and "answers_to" in entries:
        entries[_OLD].fault("asks: and answers_to: are the same thing; keep answers_to:")
    elif source and intent != "question":
        entries["source"].fault("only a template of the intent question has a source:; move the file or remove it")
    return answers_to, source
