"""Telegram: posts in groups and topics, replies to them, and cards for managers."""

from bot.adapters.chat.parts import Parts
from bot.adapters.telegram.doctor import check_online, checks
from bot.adapters.telegram.platform import TelegramPlatform

__all__ = ["Parts", "TelegramPlatform", "check_online", "checks"]
