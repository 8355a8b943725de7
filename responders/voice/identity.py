"""Honest identity: no reply claims to be human, or not to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fault, passed


class HonestIdentity:
    """Blocks a claim about who or what is writing, whoever makes it. Software drafts and a person approves, so
    neither claim is the whole truth. The operators' answer to "are you a bot?" says exactly that and is exempt."""

    id = "honest-identity"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take identity.yaml."""
        self._claims = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block such a claim."""
        if wording.intent == "are_you_a_bot" and not wording.own_words:
            return passed(self.id)
        if found := self._claims.find(wording.text):
            note = f"Says who or what is writing (“{found}”). The truth: software drafts, a person reads and approves."
            return fault(self.id, note)
        return passed(self.id)
