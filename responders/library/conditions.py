"""Reads `when` and `unless`; only the fields and values of `vocabulary` are allowed."""

from __future__ import annotations

from responders.library.entries import Entry
from responders.library.model import Conditions
from responders.library.vocabulary import LOCALE, WHEN_FIELDS, YES_NO, did_you_mean


def read_conditions(entry: Entry | None) -> Conditions:
    """All fields of a `when` or `unless`; nothing for None."""
    return {name: read_values(name, place) for name, place in (entry.mapping(WHEN_FIELDS) if entry else {}).items()}


def read_values(name: str, place: Entry) -> tuple[str, ...]:
    """The values of one field: a single one or a list."""
    values = tuple(_plain(name, value) for value in place.texts())
    known = WHEN_FIELDS[name]
    for value in values:
        if known and value not in known:
            place.fault(f"{name} is never {value}{did_you_mean(value, known)}; it can be: {', '.join(known)}")
        elif name == "language" and not LOCALE.fullmatch(value):
            place.fault(f"{value!r} is not a language; write two letters, such as en")
    if not values:
        place.fault(f"{name} has no value; write one, or remove the line")
    return values


def _plain(name: str, value: str) -> str:
    value = value.casefold()
    if WHEN_FIELDS[name] == YES_NO:
        return {"yes": "true", "no": "false"}.get(value, value)
    return value.removeprefix("#") if name == "channel" else value
