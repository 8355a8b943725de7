"""The Bot API as we use it: where it is, which updates we ask for, and what its errors say without our secret."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import Any

import telegram
from telegram.error import InvalidToken, RetryAfter
from telegram.request import HTTPXRequest

from bot.settings import Settings

NAME = "telegram"
"""The `platform` of its posts, and the surface of its cards."""
API = "https://api.telegram.org"
UPDATES = ["message", "edited_message", "channel_post", "callback_query", "my_chat_member"]
"""What we ask for; Telegram remembers it, so it is said each time."""
POLL = 25
"""Seconds that Telegram keeps a question for updates open."""
ANSWER = 20.0
"""Seconds for an answer to anything else: what takes longer may have been done, and nobody knows (see `replies`)."""

_TOKEN = re.compile(r"\d{1,20}:[\w-]{1,200}", re.ASCII)


class Bot(telegram.Bot):
    """The library's, with updates as they came: one that it cannot read must not hold up the others."""

    async def raw_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """The next updates, oldest first; Telegram forgets those before `offset`. Raises TelegramError."""
        data = {"timeout": POLL, "offset": offset, "allowed_updates": UPDATES}
        found: list[dict[str, Any]] = await self._post("getUpdates", data, read_timeout=POLL + 10)
        return found


def make_bot(settings: Settings) -> Bot:
    """The bot of these settings, not yet connected. A stand-in on this machine is used where config.yaml names one.

    Raises InvalidToken.
    """
    os.environ["PTB_TIMEDELTA"] = "true"  # spans of time have a type of their own; the library asks here each time
    base = (settings.platforms.telegram.api_base or API).rstrip("/")
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    if not _TOKEN.fullmatch(token):
        raise InvalidToken("it is not of the form that @BotFather gives")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=HTTPXRequest(connection_pool_size=64, read_timeout=ANSWER, connect_timeout=10, pool_timeout=5),
        get_updates_request=HTTPXRequest(connection_pool_size=1, connect_timeout=10),
    )


def words(error: BaseException, bot: telegram.Bot) -> str:
    """What an error says, in one line without the token: the library names it in some, and so do addresses."""
    text = str(error).replace(bot.token, "TOKEN") or type(error).__name__
    return text.splitlines()[0][:200]


def pause(error: RetryAfter) -> float:
    """Seconds that Telegram asks us to wait."""
    asked = error.retry_after
    return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
