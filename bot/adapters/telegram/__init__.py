"""Telegram: posts in groups and topics, replies to them, and cards for managers.

The SDK costs a third of a second and up to 30 MiB: it is loaded where the platform is switched on, and not before.
"""

# ruff: noqa: PLC0415 - as above

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bot.adapters.chat.port import ChatAdapter, ChatPlatform
from bot.adapters.telegram.section import Telegram
from bot.ports import Check
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.adapters.chat.parts import Parts


class TelegramAdapter(ChatAdapter):
    """Found by the entry point."""

    section: ClassVar = Telegram

    def platform(self, parts: Parts) -> ChatPlatform:
        """See the base class."""
        from bot.adapters.telegram.platform import TelegramPlatform

        return TelegramPlatform(parts)

    def checks(self, settings: Settings) -> list[Check]:
        """See the base class."""
        from bot.adapters.telegram import doctor

        return doctor.checks(settings)

    async def check_online(self, settings: Settings) -> list[Check]:
        """See the base class."""
        from bot.adapters.telegram import doctor

        return await doctor.check_online(settings)
