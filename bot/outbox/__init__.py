"""The outbox: leases a delivery, checks it again, sends it, keeps the receipt."""

from bot.outbox.outbox import Outbox

__all__ = ["Outbox"]
