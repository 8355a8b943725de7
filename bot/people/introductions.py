"""Two fans with the same interest are made known to each other, if both say yes."""

from __future__ import annotations

from datetime import datetime

from bot.consent import Consent
from bot.settings import Settings
from bot.store import Connection
from responders.library.model import Library


def offer(connection: Connection, consent: Consent, library: Library, settings: Settings, at: datetime) -> None:
    """Once both have said yes, one message that names them waits at the desk."""
