"""The port of a chat platform: what the rest of the product asks of it. Loads no SDK.

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
    """A running chat platform: it takes in posts, sends replies and shows cards."""

    @property
    def cards(self) -> Surface:
        """Runs beside the platform, also while there is no connection."""
        ...


class ChatAdapter(ABC):
    """An installed chat platform, switched on or not. Each start loads its module, but not its SDK."""

    section: ClassVar[type[ChatSection]]
    """Its block of config.yaml, with its name, its token's variable and the form of an account."""

    @abstractmethod
    def platform(self, parts: Parts) -> ChatPlatform:
        """The platform, not yet connected. Called only when it is switched on."""

    @abstractmethod
    def checks(self, settings: Settings) -> list[Check]:
        """What `greenroom doctor` can say without asking the platform."""

    @abstractmethod
    async def check_online(self, settings: Settings) -> list[Check]:
        """What the platform says, for `--online`. Changes nothing there."""


def adapters() -> Mapping[str, ChatAdapter]:
    """Those that are installed, by name. Raises GreenroomError."""
    found: dict[str, ChatAdapter] = {}
    for one in installed():
        if not isinstance(one, ChatAdapter):
            raise GreenroomError(f"the chat platform {one.section.name} is no `bot.adapters.chat.port.ChatAdapter`")
        found[one.section.name] = one
    return found
