"""Reads a model's answer, strictly."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from responders.library.model import Library


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
    try:
        found = json.loads(text)
        return Suggestion(reply=found.get("reply"))
    except (ValueError, RecursionError, AttributeError) as error:
        raise Nonsense("The answer is no JSON object.") from error
