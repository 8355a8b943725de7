"""To which posts a wording is offered, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from bot.language import language_name
from bot.reading import SOUNDS, TELLS
from bot.settings.values import in_words as span_in_words
from responders.library.model import Conditions, Limit
from responders.library.vocabulary import MORE
from responders.said import ALSO, said

_ONE_BY_ONE: Mapping[tuple[str, str], str] = {
    ("is_reply", "true"): "answer a message",
    ("is_reply", "false"): "answer no message",
    ("replies_to", "us"): "answer us",
    ("replies_to", "fan"): "answer another fan",
    ("replies_to", "staff"): "answer the team",
    ("replies_to", "nobody"): "answer nobody",
    ("has_attachment", "true"): "bring a picture or a file",
    ("has_attachment", "false"): "bring no picture and no file",
    ("thread_depth", "first"): "begin a thread",
    ("thread_depth", "later"): "stand later in a thread",
    ("fan_history", "none"): "come from somebody whom we do not remember, or who does not speak to us",
    ("fan_history", "known"): "come from somebody who asked to be remembered, and speaks to us",
    ("fan_history", "newly_known"): "come from somebody who asked for it in the last 30 days, and speaks to us",
    ("fan_history", "helped"): "come from somebody whom we remember for their help, and who speaks to us",
    ("fan_history", "on_stage"): "come from somebody whom we remember from the stage, and who speaks to us",
    ("assistant", "true"): "come in while a language model may help with wordings",
    ("assistant", "false"): "come in while there is no language model",
    ("time", "morning"): "come in the morning",
    ("time", "day"): "come by day",
    ("time", "evening"): "come in the evening",
    ("time", "night"): "come at night",
    ("length", "short"): "are short",
    ("length", "middle"): "are neither short nor long",
    ("length", "long"): "are long",
}


def in_words(when: Conditions, unless: Conditions, asks_for: str | None = None) -> Iterator[str]:
    """A sentence for each condition: "Only for posts that sound angry."."""
    yield from (f"Only for posts that {_any(field, values)}." for field, values in when.items())
    yield from (f"Not for posts that {_any(field, values)}." for field, values in unless.items())
    if asks_for == MORE:
        yield "Asks for more, so it is only for short posts."
    elif asks_for:
        yield f"Asks for {TELLS.get(asks_for, said(asks_for))}, so it is only for short posts that do not tell it."


def limits_in_words(limits: Mapping[Literal["per_fan", "per_channel"], Limit]) -> Iterator[str]:
    """A sentence for each limit: "Once in 7 days for one fan."."""
    for name, limit in limits.items():
        times = "Once" if limit.count == 1 else f"{limit.count} times"
        yield f"{times} in {span_in_words(limit.per)} {'for one fan' if name == 'per_fan' else 'in one channel'}."


def _any(field: str, values: tuple[str, ...]) -> str:
    return " or ".join(_does(field, value) for value in values)


def _does(field: str, value: str) -> str:
    """What a post does for which a field has this value."""
    if words := _ONE_BY_ONE.get((field, value)):
        return words
    return _BY_FIELD[field](value) if field in _BY_FIELD else f"have {said(field)} {said(value)}"


_PLURAL = {
    "asks a question": "ask a question",
    "complains": "complain",
    "wishes for something": "wish for something",
}
"""How `said.ALSO` is said of several posts."""

_BY_FIELD: Mapping[str, Callable[[str], str]] = {
    "mood": lambda value: f"sound {SOUNDS.get(value, value)}",
    "sentiment": lambda value: f"are {value}",
    "tells": lambda value: f"tell {TELLS.get(value, said(value))}",
    "second": lambda value: f"also {_PLURAL.get(ALSO.get(value, ''), said(value))}",
    "details": lambda value: f"name a {said(value)}",
    "language": lambda value: f"are in {language_name(value)}",
    "register": lambda value: f"stand in a channel of the register “{value}”",
    "channel": lambda value: f"stand in #{value}",
}
