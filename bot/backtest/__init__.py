"""Replays exported chats through the replies, before going live or after an edit. Nothing is stored or sent."""

from bot.backtest.report import Report, summarise
from bot.backtest.run import Answer, Item, Options, judge

__all__ = ["Answer", "Item", "Options", "Report", "judge", "summarise"]
