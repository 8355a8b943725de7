"""Reads the operators' other files: intents, facts, and the voice with its word lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, cast

from responders.library.entries import Entry, clean, read_yaml
from responders.library.faults import Fault
from responders.library.model import Fact, Intent
from responders.library.vocabulary import ACTIONS, LOCALE, NAME, did_you_mean
from responders.understanding.normalise import compile_phrases

_DEFAULT_PRIORITY = 10
_DATED = ("value", "until")
_ANY = ""
"""The key for words that are the same in all languages."""


def _top(path: str, text: str, faults: list[Fault]) -> Entry | None:
    cleaned = clean(path, text, faults)
    return read_yaml(path, cleaned, faults) if cleaned is not None else None


def read_intent(path: str, text: str, faults: list[Fault]) -> Intent | None:
    """One `intents/<name>.yaml`; None when it cannot be read."""
    name = path.rpartition("/")[2].removesuffix(".yaml")
    top = _top(path, text, faults)
    if not NAME.fullmatch(name):
        message = "name an intent with small letters and _ only"
        faults.append(Fault(file=path, line=None, message=message, code="L02"))
    if top is None:
        if not any(fault.file == path for fault in faults):
            message = "the file is empty; write meaning:, action: and examples:"
            faults.append(Fault(file=path, line=1, message=message, code="L01"))
        return None
    entries = top.mapping(("meaning", "action", "priority", "examples", "counter_examples", "cues"))
    for key in ("meaning", "action", "examples"):
        if key not in entries:
            top.fault(f"{key}: is missing; every intent has meaning:, action: and examples:")
    action = entries["action"].text() if "action" in entries else "silent"
    if action not in ACTIONS:
        hint = did_you_mean(action, ACTIONS)
        entries["action"].fault(f"action: is one of {', '.join(ACTIONS)}, not {action!r}{hint}")
    return Intent(
        name=name,
        meaning=entries["meaning"].text() if "meaning" in entries else "",
        action=cast(Literal["draft", "handoff", "silent"], action),
        priority=entries["priority"].number() if "priority" in entries else _DEFAULT_PRIORITY,
        examples=_by_locale(entries.get("examples")),
        counter_examples=_by_locale(entries.get("counter_examples")),
        cues=_by_locale(entries.get("cues"), _phrases),
    )


def _phrases(entry: Entry) -> tuple[str, ...]:
    """Words of a list that is matched in posts. A phrase that cannot be matched is a fault."""
    phrases = entry.texts()
    for phrase in phrases:
        try:
            compile_phrases((phrase,))
        except re.error:
            entry.fault(f"the phrase {phrase!r} cannot be matched; each ( needs its )")
    return phrases


def _by_locale(
    entry: Entry | None, read: Callable[[Entry], tuple[str, ...]] = Entry.texts
) -> dict[str, tuple[str, ...]]:
    return {locale: read(place) for locale, place in _locales(entry)}


def _locales(entry: Entry | None) -> Iterator[tuple[str, Entry]]:
    """What stands below each language. A key that is no language is a fault."""
    for locale, place in (entry.mapping() if entry else {}).items():
        if LOCALE.fullmatch(locale):
            yield locale, place
        else:
            place.fault(f"{locale!r} is not a language; write two letters, such as en, and its words below it")


def read_facts(path: str, text: str, faults: list[Fault]) -> dict[str, Fact]:
    """`facts.yaml`: `name: value`, or `name: {value: ..., until: YYYY-MM-DD}`. A value may differ by language."""
    facts: dict[str, Fact] = {}
    top = _top(path, text, faults)
    for name, place in (top.mapping() if top else {}).items():
        if not NAME.fullmatch(name):
            place.fault(f"{name!r} cannot be the name of a fact; use small letters, digits and _")
        parts = place.mapping(_DATED) if _is_dated(place) else {"value": place}
        said = _said(name, place, parts.get("value"))
        until = parts["until"].day() if "until" in parts else None
        facts[name] = Fact(name=name, value=said.pop(_ANY, ""), by_language=said, until=until, line=place.line)
    return facts


def _is_dated(place: Entry) -> bool:
    """True for `{value: ..., until: ...}`. Any other mapping gives the value by language."""
    return place.is_mapping and any(key.value in _DATED for key, _ in place.node.value)


def _said(name: str, place: Entry, value: Entry | None) -> dict[str, str]:
    """Language -> words, or `_ANY` -> words."""
    if value and value.is_mapping:
        said = {locale: words.text().strip() for locale, words in _locales(value)}
    else:
        said = {_ANY: value.text().strip() if value else ""}
    if not said or not all(said.values()):
        place.fault(f"the fact {name} has no value; write it, or remove the fact")
    return said


def read_shipped(shipped: Mapping[str, str], faults: list[Fault]) -> dict[str, dict[str, Any]]:
    """The word lists that come with Greenroom, by file name without its ending."""
    lists: dict[str, dict[str, Any]] = {}
    for path, text in shipped.items():
        stem = path.rpartition("/")[2].rpartition(".")[0]
        found, wrong = _list(path, text)
        lists[stem] = found
        faults += wrong
    return lists


@lru_cache(maxsize=64)
def _list(path: str, text: str) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """One word list and its faults. Remembered, because operators' edits do not change it."""
    faults: list[Fault] = []
    top = _top(path, text, faults)
    found = {key: entry.plain() for key, entry in top.mapping().items()} if top else {}
    return found, tuple(faults)


def read_voice(path: str, text: str, lists: dict[str, dict[str, Any]], faults: list[Fault]) -> dict[str, str]:
    """`voice.yaml`: returns the registers, and adds the operators' `words:` to `lists` in place."""
    top = _top(path, text, faults)
    entries = top.mapping(("registers", "words")) if top else {}
    registers = entries["registers"].mapping() if "registers" in entries else {}
    if registers and "default" not in registers:
        entries["registers"].fault("the register default is missing; all channels without a register use it")
    if "words" in entries:
        _add(entries["words"], lists, "the word lists")
    return {name: place.text() for name, place in registers.items()}


def _add(entry: Entry, lists: dict[str, Any], where: str) -> None:
    """Add the operators' words to shipped lists of the same shape. Nothing shipped can be taken away."""
    for key, place in entry.mapping().items():
        shipped = lists.get(key)
        if isinstance(shipped, dict):
            lists[key] = {**shipped}  # other sets have the same lists
            _add(place, lists[key], key)
        elif isinstance(shipped, list):
            lists[key] = [*shipped, *_phrases(place)]
        else:
            hint = did_you_mean(key, lists)
            place.fault(f"{where} cannot be given {key}{hint}; words can be added to: {', '.join(sorted(lists))}")
