"""R1: length."""

from __future__ import annotations

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.words import passed

_FEWEST, _MOST = 4, 60
_SHORT_POST = 10
"""Words; below it a post may get two words back, or many."""
_LONGEST_RATIO = 3


class Length:
    """Warns of a reply over 60 words, over three times the post, or under 4 words to a post that is not short."""

    id = "length"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        reply, asked = len(wording.text.split()), len(post.text.split())
        if reply > _MOST:
            note = f"Long: {reply} words; people write up to {_MOST}."
        elif asked >= _SHORT_POST and reply > _LONGEST_RATIO * asked:
            note = f"Long for this post: {reply} words to {asked}."
        elif asked >= _SHORT_POST and reply < _FEWEST:
            note = f"Short for this post: {reply} words to {asked}."
        else:
            return passed(self.id)
        return CheckResult(id=self.id, level=Level.WARN, note=note)
