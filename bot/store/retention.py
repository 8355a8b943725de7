"""When what is kept for a time was last looked through, and whether the clock can be believed that it is time.

A machine's clock can be wrong: one that jumps to 2099 would drop nearly every word. Then nothing is dropped until a
person says which time is right, by `greenroom clock`.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from bot import private
from bot.store import cursors

_NOTES = "retention"
"""The notes lie among the cursors, under this platform."""
_FILE = "clock_confirmed"
_STANDS = timedelta(days=1)
"""How long a confirmation counts: one that lies there from before another jump confirms nothing."""


def tidied(connection: Connection) -> datetime | None:
    """When it was last looked through by a clock that was believed."""
    found = cursors.load(connection, _NOTES).get("tidied")
    return datetime.fromisoformat(found) if found else None


def done(connection: Connection, now: datetime) -> None:
    """It was looked through."""
    cursors.forget(connection, _NOTES, "stopped")
    cursors.save(connection, _NOTES, {"tidied": now.isoformat()}, now)


def stop(connection: Connection, why: str, now: datetime) -> None:
    """Nothing is dropped until the clock is confirmed; `why` is told by `doctor`."""
    cursors.save(connection, _NOTES, {"stopped": why}, now)


def stopped(connection: Connection) -> str | None:
    """Why nothing is dropped, or None."""
    return cursors.load(connection, _NOTES).get("stopped")


def in_words(before: datetime, now: datetime) -> str:
    """Why nothing is dropped, as a sentence with what to do."""
    return (
        f"The clock says {now:%Y-%m-%d %H:%M} UTC, long after {before:%Y-%m-%d %H:%M}, when old words were last "
        "dropped. If that is right, run `greenroom clock`; if not, set the clock. Until then nothing is dropped."
    )


def confirm(var: Path, now: datetime) -> None:
    """A person says that this is the time. Raises OSError."""
    var.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    with open(var / _FILE, "w", encoding="ascii", opener=private.opener) as file:
        file.write(now.isoformat())


def confirmed(var: Path, now: datetime) -> bool:
    """Whether a person has said so lately. It counts once."""
    try:
        said = datetime.fromisoformat((var / _FILE).read_text(encoding="ascii").strip()).astimezone(UTC)
    except (OSError, ValueError):
        return False
    with contextlib.suppress(OSError):
        (var / _FILE).unlink()
    return abs(now - said) < _STANDS
