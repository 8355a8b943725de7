"""Discord: posts in channels and threads, replies to them, and cards for managers."""

from bot.adapters.chat.parts import Parts
from bot.adapters.discord.doctor import check_online, checks
from bot.adapters.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform", "Parts", "check_online", "checks"]
