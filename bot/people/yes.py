"""What a fan's yes leads to. Whatever it is waits at the desk for a manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.consent import Consent, Kind
from bot.people import introductions, stage
from bot.settings import Settings
from bot.store import Connection
from responders.library.model import Library

Follow = Callable[[Connection, Consent, Library, Settings, datetime], None]

_FOLLOWS: Mapping[Kind, Follow] = {Kind.STAGE: stage.offer, Kind.INTRODUCTION: introductions.offer}


def follow(connection: Connection, consent: Consent, library: Library, settings: Settings, at: datetime) -> None:
    """Do what follows from a yes, in its transaction. A kept answer is read by operators; nothing more follows."""
    act = _FOLLOWS.get(consent.kind)
    if act:
        act(connection, consent, library, settings, at)
