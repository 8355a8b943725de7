"""The custom ids of buttons. Everything a press needs is in one, so that cards outlive restarts. Pure."""

from __future__ import annotations

import re

from bot.adapters.chat.verbs import VERBS, Pressed

MORE = "queue:more"
"""The digest's button."""
_ID = re.compile(
    r"card:(?P<draft>[0-9a-f]{16}):(?P<revision>[1-9][0-9]{0,8}):"
    rf"(?:(?P<numbered>send|reword):(?P<choice>[1-9])|(?P<verb>{'|'.join(VERBS)}))"
)


def custom_id(pressed: Pressed) -> str:
    """What a card's button carries."""
    choice = f":{pressed.choice}" if pressed.choice else ""
    return f"card:{pressed.draft_id}:{pressed.revision}:{pressed.verb}{choice}"


def read(custom_id: str) -> Pressed | None:
    """What a custom id says; None for one that is not a card's."""
    found = _ID.fullmatch(custom_id)
    return found and Pressed(
        draft_id=found["draft"],
        revision=int(found["revision"]),
        verb=found["numbered"] or found["verb"],
        choice=found["choice"] or "",
    )
