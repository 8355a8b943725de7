"""What the checks share: phrase lists, and which words of a text are whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from responders.types import CheckResult, Level, Post, Wording
from responders.understanding.normalise import compile_phrases, reading

_CONTRACTED = re.compile(r"(?<=\w)['\u2019](?:(ll)|re)\b", re.IGNORECASE)
_MARKDOWN = re.compile(r"(?<!\w)[*_~|`]+|[*_~|`]+(?!\w)")


class WordList:
    """One section of a list: `phrases` by language, and `unless` phrases that are struck out first."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        """The way phrases are written is told in `responders.understanding.normalise.compile_phrases`."""
        self._phrases = compile_phrases(phrase for phrases in section["phrases"].values() for phrase in phrases)
        self._unless = compile_phrases(section.get("unless", ()))

    def find(self, text: str) -> str | None:
        """The first phrase found, as it is read; None if there is none."""
        # Markdown inside a phrase hides nothing; "we'll" must not be read as "well", nor "we're" as "were".
        plain = reading(_CONTRACTED.sub(lambda m: " will" if m[1] else " are", _MARKDOWN.sub("", text)))
        found = self._phrases.search(self._unless.sub(" ; ", plain))
        return found.group().strip() if found else None


def fixed_words(wording: Wording) -> str:
    """The text without what was laid into it: slot values and what the approver typed."""
    return _without(wording.text, wording.quoted)


def our_words(wording: Wording, post: Post) -> str:
    """The text without the words that are the fan's own."""
    theirs = post.text.casefold()
    return _without(wording.text, [part for part in wording.quoted if part.casefold() in theirs])


def _without(text: str, parts: Iterable[str]) -> str:
    for part in sorted(parts, key=len, reverse=True):
        if part.strip():
            # Whole words only, so that a detail "a" takes no letters out of other words.
            text = re.sub(rf"(?<!\w){re.escape(part.strip())}(?!\w)", " ; ", text, flags=re.IGNORECASE)
    return text


def passed(check_id: str) -> CheckResult:
    """Nothing to say."""
    return CheckResult(id=check_id, level=Level.PASS)
