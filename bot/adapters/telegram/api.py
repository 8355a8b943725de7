"""The Bot API: where it is, which updates we ask for, and its errors without our token."""

from __future__ import annotations

import json
import os
import re
import ssl
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx
import telegram
from telegram.error import InvalidToken, NetworkError, RetryAfter
from telegram.request import HTTPXRequest

from bot.adapters.telegram.section import Telegram
from bot.settings import Settings

NAME = Telegram.name
"""The `platform` of its posts, and the surface of its cards."""
API = "https://api.telegram.org"
UPDATES = ["message", "edited_message", "channel_post", "callback_query", "my_chat_member"]
"""The kinds of updates we ask for."""
POLL = 25
"""Seconds that Telegram keeps a request for updates open."""
ANSWER = 20.0
"""Seconds for any other answer. After that nobody knows whether Telegram did it, see `send`."""
LATE = 10
"""Seconds that the answer to a request for updates may be late."""
WAIT = 10
"""Seconds until the next try when we are asked to wait and not told how long."""

_TOKEN = re.compile(r"\d{1,20}:[\w-]{1,200}", re.ASCII)


class NotTelegram(NetworkError):
    """What came is no answer of the Bot API: the page of a proxy, or an answer that was cut off in the middle."""

    def __init__(self, status: int) -> None:
        """`status` is that of HTTP."""
        super().__init__(f"what answers is not Telegram (HTTP status {status}); look at the network and its proxy")
        self.refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and (
            status != HTTPStatus.REQUEST_TIMEOUT
        )
        """A proxy refused the request, so it did not reach Telegram."""


class Request(HTTPXRequest):
    """The library's, but it does not take the page of a proxy for an answer of Telegram."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """See the base class. Raises NotTelegram, and RetryAfter where nobody takes requests right now."""
        status, payload = await super().do_request(*args, **kwargs)
        answer = _json(payload)
        is_telegram = isinstance(answer, dict) and ("result" if status < HTTPStatus.BAD_REQUEST else "ok") in answer
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) and not _wait(answer):
            raise RetryAfter(WAIT)
        if not is_telegram:
            raise NotTelegram(status)
        return status, payload


class Bot(telegram.Bot):
    """The library's, with raw updates: one that cannot be read must not hold up the others."""

    async def raw_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """The next updates, oldest first; Telegram forgets those before `offset`. Raises TelegramError."""
        data = {"timeout": POLL, "offset": offset, "allowed_updates": UPDATES}
        found: list[dict[str, Any]] = await self._post("getUpdates", data, read_timeout=POLL + LATE)
        return found


def make_bot(settings: Settings) -> Bot:
    """The bot of these settings, not yet connected. A stand-in on this machine is used where config.yaml names one.

    Raises InvalidToken.
    """
    os.environ["PTB_TIMEDELTA"] = "true"  # spans of time have a type of their own; the library asks here each time
    base = (settings.chat(Telegram).api_base or API).rstrip("/")
    trust = {"verify": _trusted()}
    token = settings.token(Telegram) or ""
    if not _TOKEN.fullmatch(token):
        raise InvalidToken("it is not of the form that @BotFather gives")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=Request(
            connection_pool_size=64, read_timeout=ANSWER, connect_timeout=10, pool_timeout=5, httpx_kwargs=trust
        ),
        get_updates_request=Request(connection_pool_size=1, connect_timeout=10, httpx_kwargs=trust),
    )


@cache
def _trusted() -> ssl.SSLContext:
    """The trusted certificates. They take a sixteenth of a second to load, so once for all connections."""
    return httpx.create_ssl_context()


def words(error: BaseException, bot: telegram.Bot) -> str:
    """An error in one line, without the token, which some of the library's errors and all addresses contain."""
    text = str(error).replace(bot.token, "TOKEN") or type(error).__name__
    return text.splitlines()[0][:200]


def pause(error: RetryAfter) -> float:
    """Seconds that Telegram asks us to wait."""
    asked = error.retry_after
    return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:  # not UTF-8, too
        return None


def _wait(answer: Any) -> bool:
    """Whether an answer says how long to wait, which the library reads."""
    parameters = answer.get("parameters") if isinstance(answer, dict) else None
    return isinstance(parameters, dict) and bool(parameters.get("retry_after"))
