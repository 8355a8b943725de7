"""The desk: who may decide what about a draft, and the cards."""

from bot.desk.desk import Desk

__all__ = ["Desk"]
