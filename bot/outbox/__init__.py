"""The outbox: lease, check again, send, keep the receipt."""

from bot.outbox.outbox import Outbox

__all__ = ["Outbox"]
