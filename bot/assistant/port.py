"""The port of an assistant: a language model that answers a brief.

Another one is a package with an entry point in the group `greenroom.assistants` that names a subclass of `Assistant`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint
from typing import ClassVar

from bot.errors import GreenroomError
from bot.plugins import plugins
from bot.settings.assistant import AssistantSection
from responders.assistant import Brief

GROUP = "greenroom.assistants"


class AssistantFault(StrEnum):
    """Why there is no answer."""

    LATE = "late"
    DOWN = "down"
    """It cannot be reached, or failed."""
    BUSY = "busy"
    """It asked us to wait."""
    REFUSED = "refused"
    """It does not accept our key, our model or this post."""
    NONSENSE = "nonsense"
    """Its answer is not in the form of its own protocol, or was cut off."""


class Unanswered(Exception):
    """The assistant has no answer. Its text is one sentence for a person, without words of a fan, of the model or of
    the key."""

    def __init__(self, reason: AssistantFault, sentence: str, *, retry: bool) -> None:
        """`retry`: the same question may be answered later."""
        self.reason = reason
        self.retry = retry
        super().__init__(sentence)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a model answered, not yet read. The tokens are None where the server does not count."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None


class Assistant(ABC):
    """A language model, ready to be asked. Made once, used by one event loop, closed with the app."""

    name: ClassVar[str]
    """The name of its entry point."""
    section: ClassVar[type[AssistantSection]] = AssistantSection
    """Its block of config.yaml."""

    @abstractmethod
    def __init__(self, section: AssistantSection, key: str | None) -> None:
        """`key`: the words of the environment variable `section.key_env`; None where there is none."""

    @abstractmethod
    async def ask(self, brief: Brief) -> Reply:
        """Ask once, within `section.timeout`. Raises `Unanswered`, and nothing else but a cancellation."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connections. An `ask` in progress ends."""


def assistants() -> Mapping[str, type[Assistant]]:
    """Those that are installed, by name. Raises GreenroomError if one cannot be loaded."""
    return {point.name: _loaded(point) for point in plugins(GROUP)}


def _loaded(point: EntryPoint) -> type[Assistant]:
    try:
        found = point.load()
    except Exception as error:
        raise GreenroomError(f"the assistant {point.name} ({point.value}) cannot be loaded: {error!r}") from error
    if not (isinstance(found, type) and issubclass(found, Assistant)):
        raise GreenroomError(f"the assistant {point.name} ({point.value}) is no `bot.assistant.port.Assistant`")
    if found.name != point.name:
        raise GreenroomError(f"the assistant {point.name} ({point.value}) calls itself {found.name}")
    return found
