"""No borrowed life: software has felt, seen and played nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fault, ours, passed


class NoBorrowedLife:
    """Blocks a template that claims to have lived something. Courtesy ("so glad", "I'm so sorry") is no such claim."""

    id = "no-borrowed-life"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take borrowed_life.yaml."""
        self._life = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block such a claim."""
        if found := self._life.find(ours(wording, post)):
            whose = "fine if it is true of you" if wording.own_words else "which software does not have"
            return fault(self.id, f"Claims an experience (“{found}”), {whose}.")
        return passed(self.id)
