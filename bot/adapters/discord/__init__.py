"""Discord: posts in channels and threads, replies to them, and cards for managers."""

from bot.adapters.discord.doctor import check_online, checks
from bot.adapters.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform", "check_online", "checks"]
