"""The `web` platform and the JSON API under /api. Our own database is the platform: the lobby and scripts post here."""

from bot.adapters.web.auth import Keys, signin_link
from bot.adapters.web.deps import Deps
from bot.adapters.web.doctor import checks
from bot.adapters.web.platform import WebPlatform

__all__ = ["Deps", "Keys", "WebPlatform", "checks", "signin_link"]
