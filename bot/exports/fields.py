"""Fields of a foreign file: whatever type they have, what comes out has ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.domain import clean
from bot.exports.findings import Findings, Note

LONGEST_NAME = 200
"""Characters of an id, a name or a title."""


def mapping(value: object) -> dict[str, Any]:
    """An object; an empty one instead of anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in an array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Words; none instead of anything else."""
    return clean(value) if isinstance(value, str) else ""


def name(value: object) -> str:
    """A name or title, cut where nobody reads on."""
    return text(value)[:LONGEST_NAME].strip()


def number(value: object) -> int | None:
    """A whole number of 64 bits."""
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def identity(value: object) -> str:
    """An id, which may be written as a number; empty when there is none."""
    if number(value) is not None:
        return str(value)
    own = text(value)
    return own if len(own) <= LONGEST_NAME else ""


def moment(value: object, found: Findings | None = None) -> datetime | None:
    """A time as ISO 8601 writes it, in UTC. Without an offset it is taken as UTC, and `found` counts it."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is None:
            return None
        if at.tzinfo is None:
            if found:
                found.note(Note.NO_ZONE)
            return at.replace(tzinfo=UTC)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
