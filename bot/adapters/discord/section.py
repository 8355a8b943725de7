"""Discord's block of config.yaml."""

from __future__ import annotations

import re
from typing import ClassVar

from bot.settings import ChatSection
from bot.settings.model import Local
from bot.settings.section import Section
from bot.settings.values import Reference


class Staff(Section):
    """Who counts as staff beside the managers."""

    roles: tuple[Reference, ...] = ()


class Discord(ChatSection):
    """`platforms.discord`."""

    name: ClassVar = "discord"
    title: ClassVar = "Discord"
    token: ClassVar = "DISCORD_TOKEN"  # noqa: S105 - its name
    listens_by_name: ClassVar = True

    manager_roles: tuple[Reference, ...] = ()
    staff: Staff = Staff()
    proxy_webhooks: tuple[Reference, ...] = ()
    gateway_url: Local | None = None

    def may_decide(self, account: str) -> bool:
        """True for anybody while `manager_roles` names one: whether they hold it, only Discord knows."""
        return bool(self.manager_roles) and re.fullmatch(r"\d{1,20}", account) is not None
