"""Telegram's block of config.yaml."""

from __future__ import annotations

from typing import ClassVar

from bot.settings import ChatSection
from bot.settings.model import PlatformId
from bot.settings.section import Section


class Staff(Section):
    """Who counts as staff beside the managers."""

    users: tuple[PlatformId, ...] = ()


class Telegram(ChatSection):
    """`platforms.telegram`."""

    name: ClassVar = "telegram"
    title: ClassVar = "Telegram"
    token: ClassVar = "TELEGRAM_TOKEN"  # noqa: S105 - its name

    staff: Staff = Staff()
