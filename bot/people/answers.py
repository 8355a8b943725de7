"""An answer to a fan's command."""

from __future__ import annotations

from dataclasses import dataclass

from bot.consent import Button


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer that only the fan sees."""

    text: str
    """At most 2,000 characters."""
    file: str | None = None
    """The content of a JSON file that comes with it."""
    report: str | None = None
    """Words to show to `report_to`. They are stored nowhere, so the fan must be told if nobody could be shown them."""
    report_to: str = ""
    """The key of the manager who reads reports."""
    buttons: tuple[Button, ...] = ()
    """What the fan can press under it; a press comes back to `Fans.press`."""


def cut(text: str, length: int) -> str:
    """At most so many characters of a text, with an ellipsis where something is missing."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
