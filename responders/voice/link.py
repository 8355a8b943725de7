"""No link that the operator did not put there."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.understanding.normalise import EMAIL, HANDLE, LINK
from responders.voice.words import fault, fixed_words, passed

_BARE = re.compile(
    r"\b[\w-]{1,63}\.(?:com|org|net|io|gg|de|eu|app|dev|tv|me|store|shop|game|games)\b(?!\w)", re.IGNORECASE
)
_MAYBE = re.compile(r"[@<]|://|\w\.\w")
"""Without one of these there is no link, and the slower patterns need not look."""
_MENTION_OF_CHANNEL = re.compile(r"<#\d+>")


class NoLink:
    """Links, addresses, invites and handles in a template's fixed words. One from facts.yaml (by a slot) can be mended
    and ends with its day; one that the fan wrote may be said back."""

    id = "no-link"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block; a manager types a link on purpose."""
        text = fixed_words(wording)
        if wording.own_words or not _MAYBE.search(text):
            return passed(self.id)
        for pattern in (LINK, EMAIL, _BARE, HANDLE):
            for found in pattern.finditer(text):
                if found.group() not in post.text and not _MENTION_OF_CHANNEL.fullmatch(found.group()):
                    return fault(self.id, f"Has a link or handle of its own ({found.group()}).")
        return passed(self.id)
