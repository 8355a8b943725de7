"""S1: care for complaints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import GRAVE, ContentWords, WordList, blocked, fixed_words, passed

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SMILE = re.compile(r"(?<!\w)[:;=][-']?[)DPp](?!\w)")


class ComplaintCare:
    """Blocks an answer to a complaint that does not begin with an acknowledgement (sorry, their problem in their own
    words), or that jokes. Decided by intent, never by polarity."""

    id = "complaint-care"

    def __init__(self, lists: Mapping[str, Any], stop_words: Mapping[str, Any]) -> None:
        """Take complaint_care.yaml and stop_words.yaml."""
        self._acknowledgement = WordList(lists["acknowledgement"])
        self._humour = WordList(lists["humour"])
        self._content = ContentWords(stop_words["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block."""
        if wording.intent not in GRAVE:
            return passed(self.id)
        fixed = fixed_words(wording)
        smile = _SMILE.search(fixed)
        if joke := self._humour.find(fixed) or (smile and smile.group()):
            return blocked(self.id, f'Jokes where somebody complains ("{joke}").')
        first = _SENTENCE.split(wording.text.strip())[0]
        if self._acknowledgement.find(first) or self._content.echo(first, wording, post):
            return passed(self.id)
        return blocked(self.id, "Does not begin with what went wrong for them, or with being sorry.")
