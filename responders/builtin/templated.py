"""The responder that speaks with the operators' templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from responders.library.model import Library
from responders.library.offers import offers, situation, sources
from responders.types import Candidate, Context, Post, Understanding
from responders.understanding.answers import NEAR, QUESTION, sure_answer


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
        answer, a reply that has none would be untrue. Where none is known for certain a person picks:
        the nearest come first, if any is near, one wording each, then replies that give no answer; none is `sure`."""
        if understanding.intent is None:
            return ()
        holds = situation(post, context, understanding)
        known = sources(self._library.facts, context, understanding)
        like = dict(understanding.faq)
        nearest = max(like.values(), default=0.0)
        sure = sure_answer(understanding.faq)
        answers: list[Candidate] = []
        near: list[Candidate] = []
        others: list[Candidate] = []
        for template in self._library.offering(understanding.intent, context.locale):
            certain = like[sure] if template.key == sure else 0.0
            found = answers if template.asks else others
            found += offers(template, post.text, holds, known, like=certain)
            if template.key in like and nearest >= NEAR:
                asked = (
                    replace(c, sure=False, why=template.asks[0])
                    for c in offers(template, post.text, holds, known, like=like[template.key])
                )
                near += sorted(asked, key=lambda c: -c.fit)[:1]
        if understanding.intent == QUESTION and like:
            others = [replace(c, sure=False, why="without an answer") for c in others]
        return tuple(replace(c, responder=self.name) for c in answers or (*near, *others))
