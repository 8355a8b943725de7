"""Names in plain words: what people read instead of the name of an intent, a situation or a gate."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "answer": "an answer to us",
    "are_you_a_bot": "asking whether this is a bot",
    "churn": "leaving for good",
    "crisis": "somebody in danger",
    "crosstalk": "talk among fans",
    "helping": "helping another fan",
    "legal": "legal steps",
    "minor": "signs of a child",
    "offtopic": "something that is not about us",
    "privacy_request": "asking about their data",
    "toxic": "hard words at people",
    "ugc_shared": "something they made",
}

_ONE = {
    "complaint": "a complaint",
    "farewell": "a goodbye",
    "greeting": "a greeting",
    "introduction": "somebody new",
    "milestone": "a milestone",
    "question": "a question",
    "recommendation": "a recommendation",
    "wish": "a wish",
}
"""Intents with another name where one is meant. The others keep their name."""


ALSO = {"question": "asks a question", "complaint": "complains", "wish": "wishes for something"}
"""Intent -> how to say that a post also does it."""


def said(name: str) -> str:
    """A name in plain words: "ugc_shared" is "something they made", "lost_progress" is "lost progress"."""
    return _WORDS.get(name) or name.replace("_", " ").replace("-", " ")


def in_quotes(name: str) -> str:
    """The name of a situation or of an operator's template, marked as a name: "“lost progress”"."""
    return f"“{said(name)}”"


def doing(intent: str) -> str:
    """What a post is, as the object of a sentence: "a complaint", "praise"."""
    return _ONE.get(intent) or said(intent)
