"""Names as words: what an intent, a situation or a gate is called where a person reads it."""

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
"""Intents that are called so where one is meant; the others go by their names."""


ALSO = {"question": "asks a question", "complaint": "complains", "wish": "wishes for something"}
"""Intent -> what a post does that does it in passing."""


def said(name: str) -> str:
    """A name in plain words: "ugc_shared" is "something they made", "lost_progress" is "lost progress"."""
    return _WORDS.get(name) or name.replace("_", " ").replace("-", " ")


def doing(intent: str) -> str:
    """What a post does, as the object of a sentence: "a complaint", "praise"."""
    return _ONE.get(intent) or said(intent)
