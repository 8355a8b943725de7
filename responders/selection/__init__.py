"""Which candidate goes on the card, if any: freshness, limits, and an honest "nothing"."""

from responders.selection.choose import Choice, choose, fresh, opener

__all__ = ["Choice", "choose", "fresh", "opener"]
