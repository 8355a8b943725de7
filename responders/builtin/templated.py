"""The responder that uses the operators' templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from responders.library.model import Library, Template
from responders.library.offers import offers, situation, sources
from responders.types import Candidate, Context, Post, Understanding
from responders.understanding.answers import NEAR, QUESTION, sure_answer

SURE = 0.55
"""The chance of a situation from which its reply is a draft. Below it a person picks."""
_SURE_OF_INTENT, _SECOND = 0.95, 0.45
"""From this chance of its intent, a general reply is a draft. Below, the chance is multiplied by the factor, so that
the general reply still stands before an unlikely situation."""
_LEAST, _READINGS = 0.04, 3
"""The chance from which a reply is offered at all, and how many of the likeliest intents may offer their general
replies."""


class TemplatedResponder:
    """Offers the replies to the situations a post may be, in the fan's language, and the general replies of its
    intent.

    `Candidate.chance` is the chance of the situation; for a general reply it is at most `SURE`. `Candidate.fit` counts
    the conditions that hold and the details said back, less the words somebody must type.
    """

    name = "templated"

    def __init__(self, library: Library) -> None:
        """`library`: a valid one, as `responders.library.load` returns it."""
        self._library = library

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        """Every candidate that can be rendered. A known FAQ answer stands alone: a reply without it would be untrue.
        Where it is not certain what fits, no candidate is `sure`, and a person picks."""
        if understanding.intent is None:
            return
        holds = situation(post, context, understanding)
        known = sources(self._library.facts, post, context, understanding)
        certain = sure_answer(understanding.faq)
        asks = understanding.intent == QUESTION
        for template, chance in self._fitting(context.locale, understanding):
            if asks and certain and template.key != certain:
                continue
            for candidate in offers(template, holds, known, context.credits):
                # A question goes to a person unless its answer is known.
                sure = chance >= SURE and not template.handoff and (template.key == certain if asks else True)
                yield replace(candidate, responder=self.name, chance=chance, sure=sure)

    def _fitting(self, locale: str, read: Understanding) -> Iterator[tuple[Template, float]]:
        """The templates of a language that may fit, each with its chance. What is less likely than a situation that
        nobody wrote a reply for is left out: it would be the reply to something else."""
        if read.intent == QUESTION:
            templates = self._library.by_key
            if max((chance for _, chance in read.faq), default=0.0) >= NEAR:
                yield from ((templates[key], chance) for key, chance in read.faq if key in templates)
        unwritten = (chance for name, chance in read.situations if self._library.unwritten(name, locale))
        least = max((_LEAST, *unwritten))
        for name, chance in read.situations:
            if chance >= least:
                yield from ((template, chance) for template in self._library.for_situation(name, locale))
        for name, share in dict(read.intents[:_READINGS], **{str(read.intent): read.confidence}).items():
            chance = SURE if name == read.intent and share >= _SURE_OF_INTENT else _SECOND * share
            yield from ((t, chance) for t in self._library.offering(name, locale) if t.is_general and chance >= least)
