"""T2: the brand is silent."""

from __future__ import annotations

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.pronouns import Pronouns
from responders.voice.words import fixed_words, passed, warned


class BrandSilent:
    """Warns when a reply names the brand or a product and the post does not."""

    id = "brand-silent"

    def __init__(self, pronouns: Pronouns) -> None:
        """Take what counts the brand's names."""
        self._pronouns = pronouns

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        theirs = post.text.casefold()
        named = self._pronouns.brand(fixed_words(wording), context.community)
        unasked = next((name for name in named if name.casefold() not in theirs), None)
        return warned(self.id, f'Names the brand ("{unasked}"), the post does not.') if unasked else passed(self.id)
