"""The responder that speaks with the operators' templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from responders.library.model import Library
from responders.library.offers import offers, situation, sources
from responders.types import Candidate, Context, Post, Understanding


class TemplatedResponder:
    """Offers each variant that fits the post's intent, the community's language and the conditions of its file.

    `Candidate.fit` counts the conditions that hold and the details said back, less the words still to be typed.
    """

    name = "templated"

    def __init__(self, library: Library) -> None:
        """`library`: valid as a whole, as `responders.library.load` returns it."""
        self._library = library

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        """Every candidate that can be rendered, in the order of the files. Known FAQ answers stand alone: beside an
        answer, a reply that has none would be untrue."""
        if understanding.intent is None:
            return ()
        holds = situation(post, context, understanding)
        known = sources(self._library.facts, context, understanding)
        answers: list[Candidate] = []
        others: list[Candidate] = []
        for template in self._library.offering(understanding.intent, context.locale):
            found = answers if template.asks else others
            found += (replace(c, responder=self.name) for c in offers(template, post.text, holds, known))
        return tuple(answers or others)
