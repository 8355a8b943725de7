"""Which words are no longer needed, when words were last dropped, and whether the clock can be trusted.

A machine's clock can be wrong: a jump to 2099 would drop nearly every word. So after a jump nothing is dropped until a
person confirms the clock with `greenroom clock`.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import private
from bot.store import Connection, cursors, fans

SENSITIVE = frozenset({"crisis", "minor"})
"""Posts that hit these gates lose their words as soon as nobody needs them, however new they are."""
_FILE = "clock_confirmed"
_FORGOTTEN, _REWRITTEN = "forgotten", "rewritten"
REWRITE_EVERY = timedelta(days=1)
_STANDS = timedelta(days=1)
"""How long a confirmation counts: an old one must not confirm a later jump."""


def words_due(connection: Connection, before: datetime, undone_before: datetime) -> list[str]:
    """Some posts whose words nobody needs any more: older than `before`, or closed crisis and minor cases.

    Crisis and minor posts are kept while their hand-off is open: a person must read them.
    """
    old, gated = fans.nobody_waits_for(connection, before, undone_before, fans.AT_ONCE)
    return [*old, *(post_id for post_id, gates in gated if not SENSITIVE.isdisjoint(gates))]


def tidied(connection: Connection) -> datetime | None:
    """When words were last dropped by a trusted clock."""
    found = cursors.load(connection, cursors.RETENTION).get("tidied")
    return datetime.fromisoformat(found) if found else None


def done(connection: Connection, now: datetime) -> None:
    """Note that words were dropped."""
    cursors.forget(connection, cursors.RETENTION, cursors.STOPPED)
    first = {} if _REWRITTEN in cursors.load(connection, cursors.RETENTION) else {_REWRITTEN: now.isoformat()}
    cursors.save(connection, cursors.RETENTION, {"tidied": now.isoformat(), **first}, now)


def forgotten(connection: Connection, now: datetime) -> None:
    """Note that somebody was forgotten, so that the file is rewritten, see `rewrite_due`."""
    cursors.save(connection, cursors.RETENTION, {_FORGOTTEN: now.isoformat()}, now)


def rewrite_due(connection: Connection, now: datetime) -> bool:
    """Whether the database should rewrite its file: once a day, and soon after somebody was forgotten.

    SQLite overwrites what is erased, but a page that it rebuilt earlier may still hold a copy.
    """
    notes = cursors.load(connection, cursors.RETENTION)
    last = notes.get(_REWRITTEN)
    return _FORGOTTEN in notes or (last is not None and now - datetime.fromisoformat(last) >= REWRITE_EVERY)


def rewritten(connection: Connection, now: datetime) -> None:
    """Note that the file was rewritten."""
    cursors.forget(connection, cursors.RETENTION, _FORGOTTEN)
    cursors.save(connection, cursors.RETENTION, {_REWRITTEN: now.isoformat()}, now)


def stop(connection: Connection, why: str, now: datetime) -> None:
    """Note that nothing is dropped until the clock is confirmed. `doctor` shows `why`."""
    cursors.save(connection, cursors.RETENTION, {cursors.STOPPED: why}, now)


def in_words(before: datetime, now: datetime) -> str:
    """Why nothing is dropped, and what to do."""
    return (
        f"The clock says {now:%Y-%m-%d %H:%M} UTC, long after {before:%Y-%m-%d %H:%M}, when old words were last "
        "dropped. If that is right, run `greenroom clock`; if not, set the clock. Until then nothing is dropped."
    )


def confirm(var: Path, now: datetime) -> None:
    """Note that a person confirms the clock. Raises OSError."""
    var.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    with open(var / _FILE, "w", encoding="ascii", opener=private.opener) as file:
        file.write(now.isoformat())


def confirmed(var: Path, now: datetime) -> bool:
    """Whether a person confirmed the clock lately. A confirmation counts once."""
    try:
        said = datetime.fromisoformat((var / _FILE).read_text(encoding="ascii").strip()).astimezone(UTC)
    except (OSError, ValueError):
        return False
    with contextlib.suppress(OSError):
        (var / _FILE).unlink()
    return abs(now - said) < _STANDS
