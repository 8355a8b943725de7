"""A model as a second reader of posts that our own reader is not sure of."""

from __future__ import annotations

from dataclasses import replace

from responders.assistant.answer import Suggestion
from responders.pipeline import Pipeline
from responders.said import doing
from responders.selection.verdict import READINGS, Case, dangerous
from responders.types import Context, Outcome, Post, Proposal, Reason, ReasonCode, SecondReading


def read_again(
    pipeline: Pipeline, post: Post, context: Context, first: Proposal, suggestion: Suggestion
) -> Proposal | None:
    """The proposal for a post if a model's reading is taken in; None where it changes nothing.

    It counts only for a post that our reader is not sure of, and only if it is among our reader's own likeliest. If it
    is the likeliest, two readers agree, and the post may get a draft; else its replies are a choice for a person. The
    rules, and the gates before all, look at the post again, and win.
    """
    reading = _plausible(first, suggestion)
    if reading is None:
        return None
    second = pipeline.run(post, replace(context, second_reading=reading))
    read = second.understanding
    if read.intent != reading.intent or dangerous(Case(post=post, context=context, understanding=read)):
        return None
    offered = (*([second.candidate] if second.candidate else []), *second.alternatives)
    if second.outcome is Outcome.SILENT or not offered:
        return None
    if second.outcome is Outcome.DRAFT and reading.intent == first.understanding.intent:
        sentence = f"{second.reason.sentence} A language model reads it the same way."
        return replace(second, reason=replace(second.reason, sentence=sentence))
    sentence = f"Not sure what this is; a language model takes it for {doing(reading.intent)}: pick what fits."
    return replace(
        second,
        outcome=Outcome.HANDOFF,
        reason=Reason(code=ReasonCode.LOW_CONFIDENCE, sentence=sentence),
        candidate=None,
        alternatives=tuple(replace(candidate, sure=False) for candidate in offered),
    )


def _plausible(first: Proposal, suggestion: Suggestion) -> SecondReading | None:
    """The model's reading, if our own reader thinks it likely."""
    read = first.understanding
    unsure = first.outcome is Outcome.HANDOFF and first.reason.code is ReasonCode.LOW_CONFIDENCE
    likely = {name for name, _ in read.intents[:READINGS]}
    if not unsure or suggestion.intent is None or suggestion.intent not in likely:
        return None
    if suggestion.situation and suggestion.situation not in {name for name, _ in read.situations[:READINGS]}:
        return None
    return SecondReading(intent=suggestion.intent, situation=suggestion.situation)
