"""Which language a post is in."""

from __future__ import annotations

from dataclasses import replace

from responders.types import Context, Post, Understanding


class LanguageAnalyzer:
    """Fills `language` with the channel's locale."""

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Take the locale the operator gave the channel."""
        return replace(so_far, language=context.locale)
