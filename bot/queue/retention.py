"""What is no longer needed, when it was last looked through, and whether the clock can be believed that it is time.

A machine's clock can be wrong: one that jumps to 2099 would drop nearly every word. Then nothing is dropped until a
person says which time is right, by `greenroom clock`.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import private
from bot.store import Connection, cursors, fans

SENSITIVE = frozenset({"crisis", "minor"})
"""Gates whose posts lose their words as soon as nobody needs them, whatever their age."""
_FILE = "clock_confirmed"
_STANDS = timedelta(days=1)
"""How long a confirmation counts: one that lies there from before another jump confirms nothing."""


def words_due(connection: Connection, before: datetime, undone_before: datetime) -> list[str]:
    """Some posts whose words nobody needs any more: older than `before`, or closed crisis and minor cases.

    Crisis and minor posts are kept while their hand-off is open: a person must read them.
    """
    old, gated = fans.nobody_waits_for(connection, before, undone_before, fans.AT_ONCE)
    return [*old, *(post_id for post_id, gates in gated if not SENSITIVE.isdisjoint(gates))]


def tidied(connection: Connection) -> datetime | None:
    """When it was last looked through by a clock that was believed."""
    found = cursors.load(connection, cursors.RETENTION).get("tidied")
    return datetime.fromisoformat(found) if found else None


def done(connection: Connection, now: datetime) -> None:
    """It was looked through."""
    cursors.forget(connection, cursors.RETENTION, cursors.STOPPED)
    cursors.save(connection, cursors.RETENTION, {"tidied": now.isoformat()}, now)


def stop(connection: Connection, why: str, now: datetime) -> None:
    """Nothing is dropped until the clock is confirmed; `why` is told by `doctor`."""
    cursors.save(connection, cursors.RETENTION, {cursors.STOPPED: why}, now)


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
