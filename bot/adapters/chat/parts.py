"""What a chat platform needs from the rest of the product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.desk import Desk
from bot.intake import Intake
from bot.people.asks import Asks
from bot.people.fans import Fans
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """Wired by bot/app.py."""

    settings: Settings
    store: Store
    desk: Desk
    intake: Intake
    fans: Fans
    asks: Asks
    clock: Clock
    signin_link: Callable[[str], str | None]
    """A link to the console for a manager's key; None where `web.public_url` is not set."""
