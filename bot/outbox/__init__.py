"""The outbox: leases a delivery, checks it again, sends it, keeps the receipt."""

from bot.outbox.outbox import Outbox, Resting

__all__ = ["Outbox", "Resting"]
