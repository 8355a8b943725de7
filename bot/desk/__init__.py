"""The desk: submit, decide, snooze, expire, withdraw; who may; the card."""

from bot.desk.desk import Desk

__all__ = ["Desk"]
