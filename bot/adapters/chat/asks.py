"""Buttons for fans: what they carry, so that a press works after a restart. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

ME = "me"
"""Stands in place of a consent's id in the buttons of an answer to a command: they are about the fan."""
STUMBLED = "Something went wrong here; please press again in a moment."
"""For a fan whose press could not be handled."""
_DATA = re.compile(rf"ask:(?P<about>[0-9a-f]{{16}}|{ME}):(?P<value>[!-~]{{1,24}})")


@dataclass(frozen=True, kw_only=True, slots=True)
class FanPressed:
    """What a fan's button says."""

    about: str
    """The id of the consent that is asked for, or `ME`."""
    value: str
    """See `bot.consent.Button`."""


def data(about: str, value: str) -> str:
    """What a button carries: at most 45 characters. Raises ValueError for what `read` would not take back."""
    made = f"ask:{about}:{value}"
    if read(made) is None:
        raise ValueError(f"this cannot be a button of a fan: {made}")
    return made


def read(carried: str) -> FanPressed | None:
    """What a button says; None for one that is not a fan's."""
    found = _DATA.fullmatch(carried)
    return FanPressed(about=found["about"], value=found["value"]) if found else None
