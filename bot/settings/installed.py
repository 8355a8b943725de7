"""The installed chat platforms and assistants: entry points, ours and others'."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Protocol

from bot.errors import GreenroomError
from bot.plugins import plugins
from bot.settings.assistant import AssistantSection
from bot.settings.model import ChatSection

GROUP = "greenroom.adapters"
ASSISTANTS = "greenroom.assistants"


class Installed(Protocol):
    """What the settings need of an adapter. `bot.adapters.chat.port.ChatAdapter` has the rest."""

    section: type[ChatSection]


def installed() -> list[Installed]:
    """All of them, sorted by name. Raises GreenroomError if one cannot be loaded."""
    return [_loaded(point) for point in plugins(GROUP)]


def assistant_section(kind: str) -> type[AssistantSection]:
    """The block of an installed assistant. Raises ValueError for an unknown one, GreenroomError for one that cannot be
    loaded."""
    points = {point.name: point for point in plugins(ASSISTANTS)}
    if kind not in points:
        raise ValueError(f"`kind: {kind[:80]}` is no assistant that is installed; write one of: {', '.join(points)}")
    try:
        section: type[AssistantSection] = points[kind].load().section
    except Exception as error:
        raise GreenroomError(f"the assistant {kind} ({points[kind].value}) cannot be loaded: {error!r}") from error
    return section


def _loaded(point: EntryPoint) -> Installed:
    try:
        found: Installed = point.load()()
        named = found.section.name
    except Exception as error:
        raise GreenroomError(f"the chat platform {point.name} ({point.value}) cannot be loaded: {error!r}") from error
    if named != point.name:
        raise GreenroomError(f"the chat platform {point.name} ({point.value}) calls itself {named}")
    return found
