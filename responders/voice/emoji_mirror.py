"""R4: emoji are mirrored, never brought along."""

from __future__ import annotations

import re

import emoji

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import GRAVE, blocked, fixed_words, passed, warned

_TYPED = re.compile(r"(?<!\w)(?:[:;=][-']?[)(DPpOo3]|<3|[xX]D|\^\^)(?!\w)|<a?:\w+:\d+>")


def emoji_in(text: str) -> int:
    """How many emoji, emoticons and emoji of a server's own a text has."""
    typed = len(_TYPED.findall(text))
    return typed if text.isascii() else typed + emoji.emoji_count(text)


class EmojiMirror:
    """Blocks emoji where somebody complains; elsewhere warns of a second one, and of one when the post has none."""

    id = "emoji-mirror"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn; block for a complaint."""
        ours = emoji_in(fixed_words(wording))
        if not ours:
            return passed(self.id)
        if wording.intent in GRAVE:
            return blocked(self.id, "Has an emoji where somebody complains.")
        if ours > 1:
            return warned(self.id, f"Has {ours} emoji; one is enough.")
        return passed(self.id) if emoji_in(post.text) else warned(self.id, "Has an emoji, the post has none.")
