"""Reads a model's answer, strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

from responders.assistant.brief import MAX_REPLY, situations
from responders.library.model import Library
from responders.library.unseen import seen
from responders.types import GATES

_LONGEST = 16_384
"""Characters of a whole answer."""
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n```\Z", re.DOTALL | re.IGNORECASE)


class Nonsense(ValueError):
    """The answer is not what was asked for. The sentence says why, without the answer's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """What a model says of a post. Nothing of it counts before `grounded`, the checks and a person."""

    intent: str | None = None
    situation: str | None = None
    reply: str | None = None
    facts: tuple[str, ...] = ()
    """Names of the facts that it says it used."""


def read_answer(text: str, library: Library, facts: Collection[str] | None = None) -> Suggestion:
    """Read an answer. `facts`: the names that were given; None: all of the library.

    Raises `Nonsense`, and nothing else whatever the text.
    """
    found = _object(text)
    known = library.facts.keys() if facts is None else facts
    return Suggestion(
        intent=_named(found, "intent", library.intents.keys() - set(GATES)),
        situation=_named(found, "situation", situations(library)),
        reply=_reply(found),
        facts=_fact_names(found, known),
    )


def _object(text: str) -> dict[str, Any]:
    if len(text) > _LONGEST:
        raise Nonsense("The answer is too long.")
    text = text.strip().removeprefix("\ufeff")
    fenced = _FENCED.match(text)
    try:
        found = json.loads(fenced[1] if fenced else text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Nonsense("The answer is no JSON.") from None
    if not isinstance(found, dict):
        raise Nonsense("The answer is no JSON object.")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise Nonsense(f"`{key}` is no text.")
    return seen(value or "").strip()


def _named(found: dict[str, Any], key: str, known: Collection[str]) -> str | None:
    name = _text(found, key)
    if name and name not in known:
        raise Nonsense(f"`{key}` is none that there is.")
    return name or None


def _reply(found: dict[str, Any]) -> str | None:
    reply = _text(found, "reply")
    if len(reply) > MAX_REPLY:
        raise Nonsense(f"`reply` has {len(reply):,} characters; {MAX_REPLY:,} is the most.")
    return reply or None


def _fact_names(found: dict[str, Any], known: Collection[str]) -> tuple[str, ...]:
    names = found.get("facts")
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Nonsense("`facts` is no list of names.")
    if not set(names) <= set(known):
        raise Nonsense("`facts` names one that was not given.")
    return tuple(dict.fromkeys(names))
