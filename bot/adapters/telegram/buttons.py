"""The data of buttons. Everything a press needs is in it, so that cards outlive restarts. Pure."""

from __future__ import annotations

import hashlib
import re

from bot.adapters.chat import verbs
from bot.adapters.chat.verbs import Pressed

MENUS = ("skip", "snooze", "handover", "relabel", "remove")
"""Verbs that open a menu. With a choice they say what was picked in it."""
VERBS = (*verbs.VERBS, "back")
"""What can be pressed. `back` leaves a menu."""
MORE = "more"
"""Data of the digest's button."""
LONGEST = 64
"""Bytes of a button's data, the Bot API's limit (InlineKeyboardButton.callback_data)."""

_DATA = re.compile(
    rf"(?P<verb>{'|'.join(VERBS)}):(?P<draft>[0-9a-f]{{16}}):(?P<revision>[1-9][0-9]{{0,8}})(?::(?P<choice>[0-9a-z]{{1,16}}))?"
)


def data(verb: str, draft_id: str, revision: int, choice: str = "") -> str:
    """The data of a button of a card. Raises ValueError for what `parse` would not take back."""
    made = f"{verb}:{draft_id}:{revision}" + (f":{choice}" if choice else "")
    if parse(made) is None:
        raise ValueError(f"this cannot be a button's data: {made}")
    return made


def parse(data: str) -> Pressed | None:
    """What a button's data says; None for one that is not a card's."""
    found = _DATA.fullmatch(data)
    if found is None:
        return None
    return Pressed(
        draft_id=found["draft"],
        revision=int(found["revision"]),
        verb=found["verb"],
        choice=found["choice"] or "",
    )


def mark(words: str) -> str:
    """A short hash that stands for any words: names are too long for a button."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]
