"""What Telegram's errors say of us: never the token, one line, and how long to wait."""

from datetime import timedelta

import pytest
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError

from bot import settings
from bot.adapters.telegram.api import make_bot, pause, words

TOKEN = "700000001:a-secret-of-the-tests"  # noqa: S105 - it opens nothing
CONFIG = """\
community: {name: Lantern Harbor}
managers: {mara: {name: Mara}}
on_call: mara
privacy: {policy: Ask us.}
"""


@pytest.fixture
def bot(write_config):
    return make_bot(settings.load(write_config(CONFIG), {"TELEGRAM_TOKEN": TOKEN}))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (InvalidToken(f"The token `{TOKEN}` was rejected by the server."), "The token `TOKEN` was rejected"),
        (NetworkError(f"POST https://api.telegram.org/bot{TOKEN}/getMe\nand more"), "bot TOKEN/getMe"),
        (TimeoutError(), "TimeoutError"),
        (TelegramError("x" * 999), "x" * 200),
    ],
)
def test_an_error_in_one_line_without_the_token(bot, error, says):
    found = words(error, bot)
    assert TOKEN not in found
    assert len(found) <= 200
    assert "\n" not in found
    assert says.replace(" TOKEN", "TOKEN") in found or says in found


@pytest.mark.parametrize("asked", [7, timedelta(seconds=7)])
def test_a_wait_in_seconds(bot, asked):
    assert pause(RetryAfter(asked)) == 7.0
