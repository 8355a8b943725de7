"""Who a text speaks of, counted: for two checks and the channel's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.voice.words import WordList


class Pronouns:
    """Counts words for "you", "I" and "we", and the brand's names."""

    def __init__(self, pronouns: Mapping[str, Any], brand: Mapping[str, Any]) -> None:
        """Take pronouns.yaml and brand.yaml."""
        self._you, self._i, self._we = (WordList(pronouns[who]) for who in ("you", "i", "we"))
        self._brand = WordList(brand["names"])

    def i_and_we(self, text: str) -> tuple[int, int]:
        """How often the text says I, and how often we."""
        return len(self._i.all(text)), len(self._we.all(text))

    def brand(self, text: str, community: str) -> list[str]:
        """Each mention of the brand: what the list has, and the community by its name."""
        name = community.casefold()
        return self._brand.all(text) + [community] * (text.casefold().count(name) if name else 0)

    def them_share(self, text: str, community: str) -> float | None:
        """you / (you + we + brand), 0 to 1; None when the text speaks of nobody."""
        you = len(self._you.all(text))
        us = len(self._we.all(text)) + len(self.brand(text, community))
        return you / (you + us) if you or us else None
