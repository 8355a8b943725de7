"""Pauses of the real program that a test need not sit through. What it waits for is untouched; it only looks again
sooner."""

from __future__ import annotations

from typing import Any

import pytest


def shortened(patch: pytest.MonkeyPatch) -> None:
    """In this process: the outbox looks more often, and discord.py connects again at once."""
    patch.setattr("bot.outbox.outbox.POLL", 0.25)
    patch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.05)
    patch.setattr("discord.Client.before_identify_hook", _at_once)  # Discord wants five seconds, our fake none


async def _at_once(*_: Any, **__: Any) -> None:
    pass
