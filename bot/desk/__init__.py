"""The desk: submit, decide, snooze, expire, withdraw; who may; the neutral card."""

from bot.desk.desk import Desk

__all__ = ["Desk"]
