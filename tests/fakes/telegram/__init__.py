"""Telegram for tests: see server.py."""

from tests.fakes.telegram.http import Fault
from tests.fakes.telegram.methods import Press, buttons
from tests.fakes.telegram.server import ANSWER, DELETE, EDIT, POLL, SEND, TOKEN, FakeTelegram

__all__ = ["ANSWER", "DELETE", "EDIT", "POLL", "SEND", "TOKEN", "FakeTelegram", "Fault", "Press", "buttons"]
