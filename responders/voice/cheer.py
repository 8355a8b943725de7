"""No cheer where somebody is hurt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import emoji

from responders.types import GATES, CheckResult, Context, Post, Wording
from responders.voice.words import GRAVE, WordList, fault, ours, passed

HURT = GRAVE | {"offtopic", *GATES}
"""Intents that are answered without jokes, emoji and "!". Off topic, only sad news has a template."""
_RUN = re.compile(r"[!\uff01\u203c]+")
_EXCLAIMS = re.compile(r"[!\uff01\u203c\u00a1]")
_TYPED = re.compile(r"(?<!\w)(?:[:;=][-']?[)(DPpOo3]|<3|[xX]D|\^\^)(?!\w)|<a?:\w+:\d+>")


def emoji_in(text: str) -> bool:
    """True when a text has an emoji, an emoticon or a server's own emoji."""
    return bool(_TYPED.search(text)) or (not text.isascii() and emoji.emoji_count(text) > 0)


class NoCheer:
    """Blocks jokes, emoji and "!" where somebody complains, leaves or mourns, and more than one "!" anywhere. A
    manager's own words get a remark only where somebody complains or leaves."""

    id = "no-cheer"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take cheer.yaml."""
        self._jokes = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block misplaced cheer."""
        text = ours(wording, post)
        note = self._where_hurt(text) if wording.intent in (GRAVE if wording.own_words else HURT) else ""
        if not note and not wording.own_words:
            note = _exclaims(text)
        return fault(self.id, note) if note else passed(self.id)

    def _where_hurt(self, text: str) -> str:
        if joke := self._jokes.find(text):
            return f"Jokes where somebody is hurt (“{joke}”)."
        if emoji_in(text):
            return "Has an emoji where somebody is hurt."
        return "Has an exclamation mark where somebody is hurt." if _EXCLAIMS.search(text) else ""


def _exclaims(text: str) -> str:
    runs = _RUN.findall(text)
    many = len(runs) > 1 or any(run not in {"!", "\uff01"} for run in runs)
    return "Has more than one exclamation mark; one is enough." if many else ""
