"""What a language model is given, and what may be taken from its answer. No I/O: `bot.assistant` asks.

It is never trusted: its answer is read strictly, each sentence must stand in what it was given, and a person decides.
"""

from __future__ import annotations

from responders.assistant.answer import Nonsense, Suggestion, read_answer
from responders.assistant.brief import Brief, Given, Use, brief, given
from responders.assistant.grounding import grounded, rests_on
from responders.assistant.offer import candidate
from responders.assistant.second import read_again
from responders.types import ASSISTANT

__all__ = [
    "ASSISTANT",
    "Brief",
    "Given",
    "Nonsense",
    "Suggestion",
    "Use",
    "brief",
    "candidate",
    "given",
    "grounded",
    "read_again",
    "read_answer",
    "rests_on",
]
