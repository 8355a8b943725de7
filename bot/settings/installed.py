"""The installed chat platforms and assistants: entry points, ours and others'."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import metadata
from typing import Protocol

from bot.errors import GreenroomError
from bot.settings.assistant import AssistantSection
from bot.settings.model import ChatSection

GROUP = "greenroom.adapters"
ASSISTANTS = "greenroom.assistants"


class Installed(Protocol):
    """What the settings need of an adapter. `bot.adapters.chat.port.ChatAdapter` has the rest."""

    section: type[ChatSection]


def installed() -> list[Installed]:
    """All of them, sorted by name. Raises GreenroomError if one cannot be loaded."""
    return [_loaded(point) for point in _points(tuple(sys.path), GROUP)]


def assistant_section(kind: str) -> type[AssistantSection]:
    """The block of an installed assistant. Raises ValueError for an unknown one, GreenroomError for one that cannot be
    loaded."""
    points = {point.name: point for point in _points(tuple(sys.path), ASSISTANTS)}
    if kind not in points:
        raise ValueError(f"`kind: {kind[:80]}` is no assistant that is installed; write one of: {', '.join(points)}")
    try:
        section: type[AssistantSection] = points[kind].load().section
    except Exception as error:
        raise GreenroomError(f"the assistant {kind} ({points[kind].value}) cannot be loaded: {error!r}") from error
    return section


@lru_cache(maxsize=2)
def _points(_path: tuple[str, ...], group: str) -> Sequence[metadata.EntryPoint]:
    """Remembered for a path, for all installed packages are looked through."""
    return sorted(metadata.entry_points(group=group), key=lambda p: p.name)


def _loaded(point: metadata.EntryPoint) -> Installed:
    try:
        found: Installed = point.load()()
        named = found.section.name
    except Exception as error:
        raise GreenroomError(f"the chat platform {point.name} ({point.value}) cannot be loaded: {error!r}") from error
    if named != point.name:
        raise GreenroomError(f"the chat platform {point.name} ({point.value}) calls itself {named}")
    return found
