"""The safety gates: phrase lists, looked at before any intent. A hit is never answered from a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from responders.types import Context, Post, Understanding
from responders.understanding.normalise import compile_phrases, reading

GATES = ("crisis", "legal", "minor", "toxic", "spam")
"""The most urgent first (design section 8)."""


def phrases_of(lists: Mapping[str, Any]) -> tuple[str, ...]:
    """The phrases of a list in all its languages: a fan may write in any of them, whatever the channel's is."""
    return tuple(phrase for phrases in lists.get("phrases", {}).values() for phrase in phrases)


class Gate:
    """One list: fires on a phrase that is left once the harmless uses are struck out."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take one section of gates.yaml."""
        self._phrases = compile_phrases(phrases_of(lists))
        self._unless = compile_phrases(lists.get("unless", ()))

    def fires(self, text: str) -> bool:
        """True when the text, as people wrote it, has one of the phrases. Stretched letters hide nothing."""
        once, twice = reading(text, stretched=1), reading(text)
        return self._fires(twice) or (once != twice and self._fires(once))

    def _fires(self, read: str) -> bool:
        return bool(self._phrases.search(read)) and bool(self._phrases.search(self._unless.sub(" ; ", read)))


class Gates:
    """Fills `risk`."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take gates.yaml as the library read it."""
        self._gates = {name: Gate(lists[name]) for name in GATES}
        self._aimed = compile_phrases(lists["toxic"]["aimed"])

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add the names of all gates that fire, the most urgent first."""
        text = ". ".join((post.text, *(a.title for a in post.attachments if a.title)))
        return replace(so_far, risk=tuple(name for name in GATES if self._gates[name].fires(text)))

    def aimed(self, post: Post, context: Context) -> bool:
        """True when hard words are meant for staff or for a member who is named or answered."""
        return context.addressed or context.replies_to != "nobody" or bool(self._aimed.search(reading(post.text)))
