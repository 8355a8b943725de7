"""Photos on Telegram. They have no public address: the bot asks for one, and it holds the token."""

from __future__ import annotations

import structlog
from telegram.error import RetryAfter, TelegramError

from bot.adapters.telegram.api import Bot, pause, words
from bot.adapters.telegram.pace import NO_CHAT, Pace

log = structlog.get_logger()


async def file_address(bot: Bot, pace: Pace, file_id: str) -> str | None:
    """Where a file can be read for about an hour, with the token in it: neither store, log nor show it.

    None when Telegram gives none: the file is gone or too large (over 20 MB), or nobody answers.
    """
    await pace.turn(NO_CHAT)
    try:
        found = (await bot.get_file(file_id)).file_path or ""
    except RetryAfter as error:
        pace.hold(NO_CHAT, pause(error))
        return None
    except TelegramError as error:
        log.info("telegram_picture_not_found", why=words(error, bot))
        return None
    return found if found.startswith(f"{bot.base_file_url}/") else None  # a local Bot API server names a path on disk
