"""The port of a chat platform: all that the rest of the product asks of one. Nothing here loads an SDK.

A platform is a package with an entry point in the group `greenroom.adapters`, which names a `ChatAdapter`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from bot.errors import GreenroomError
from bot.ports import Check, PlatformAdapter, Surface, Watched
from bot.settings import ChatSection, Settings
from bot.settings.installed import installed

if TYPE_CHECKING:
    from bot.adapters.chat.parts import Parts


class ChatPlatform(PlatformAdapter, Watched, Protocol):
    """A running chat platform: it takes posts in, sends replies, and has a place for cards."""

    @property
    def cards(self) -> Surface:
        """Runs beside the platform, also while there is no connection."""
        ...


class ChatAdapter(ABC):
    """A chat platform that is installed, switched on or not. Its module is loaded at each start, its SDK is not."""

    section: ClassVar[type[ChatSection]]
    """Its block of config.yaml: its name, the variable of its token, how a manager's account is written."""

    @abstractmethod
    def platform(self, parts: Parts) -> ChatPlatform:
        """The platform, not yet connected. Called only where it is switched on."""

    @abstractmethod
    def checks(self, settings: Settings) -> list[Check]:
        """What `greenroom doctor` can say without asking the platform."""

    @abstractmethod
    async def check_online(self, settings: Settings) -> list[Check]:
        """What the platform says to it, with `--online`. Changes nothing there."""


def adapters() -> Mapping[str, ChatAdapter]:
    """Those that are installed, by name. Raises GreenroomError."""
    found: dict[str, ChatAdapter] = {}
    for one in installed():
        if not isinstance(one, ChatAdapter):
            raise GreenroomError(f"the chat platform {one.section.name} is no `bot.adapters.chat.port.ChatAdapter`")
        found[one.section.name] = one
    return found
