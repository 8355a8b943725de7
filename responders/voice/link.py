"""No link that the operator did not put into facts.yaml."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.understanding.normalise import EMAIL, HANDLE, LINK
from responders.voice.words import fault, fixed_words, passed

_ENDINGS = (
    "com|org|net|info|biz|edu|gov|io|gg|ai|tv|me|cc|ly|eu|uk|ie|de|ch|fr|nl|es|pt|br|mx|ar|pl|se|dk|fi|cz|ca|au|nz|jp|kr"
    "|app|dev|site|online|website|web|page|blog|wiki|link|live|fm|media|news|video|stream|chat|social|community|club|team"
    "|store|shop|game|games|studio|art|design|music|band|film|world|space|zone|cloud|tech|xyz|example"
)
"""Endings of bare domains. Words such as it, is, in and to are left out: before them somebody only forgot a space."""
BARE = re.compile(rf"\b[\w-]{{1,63}}\.(?:{_ENDINGS})\b(?!\w)", re.IGNORECASE)
PATH = re.compile(r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,24}/[\w~-][^\s)]*", re.IGNORECASE)
CHANNEL = re.compile(r"(?<![\w&#/])#[^\W\d_][\w-]*")
_MAYBE = re.compile(r"[@<#]|://|\w\.\w")
"""A text without one of these has no link, and the slower patterns are not tried."""
_MENTION_OF_CHANNEL = re.compile(r"<#\d+>")


class NoLink:
    """Blocks links, addresses, handles and channels among a template's fixed words. A link from facts.yaml can be
    mended and ends with its day. A link that the fan wrote may be said back."""

    id = "no-link"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block a link, except in a manager's own words: they type it on purpose."""
        text = fixed_words(wording)
        if wording.own_words or not _MAYBE.search(text):
            return passed(self.id)
        for pattern in (LINK, EMAIL, PATH, BARE, HANDLE, CHANNEL):
            for found in pattern.finditer(text):
                if found.group() not in post.text and not _MENTION_OF_CHANNEL.fullmatch(found.group()):
                    return fault(self.id, f"Has a link or handle of its own ({found.group()}).")
        return passed(self.id)
