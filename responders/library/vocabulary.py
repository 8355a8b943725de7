"""The closed vocabulary of the operators' files: what may stand where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from typing import get_args

from responders.types import Credit, Mood, Tell

FREQUENT = frozenset({"praise", "thanks", "question", "complaint", "ugc_shared", "wish", "milestone", "greeting"})
"""Intents so frequent that people notice repeats."""

DETAIL_KINDS = ("work", "thing", "number", "version", "title", "feature", "place_in_product")
MOODS: tuple[str, ...] = get_args(Mood)
TELLS: tuple[str, ...] = get_args(Tell)
MORE = "more"
"""What an open question asks for: more of the story. A short post has told none of it."""
ASKABLE = (*TELLS, MORE)
ALSO = ("question", "complaint", "wish")
"""What a friendly post can do besides."""
PARTICULAR = frozenset(
    {"complaint", "question", "wish", "churn", "recommendation", "ugc_shared", "helping", "answer", "offtopic"}
)
"""Intents that no general reply can honestly answer: a file needs `answers_to`."""
ACTIONS = ("draft", "handoff", "silent")
YES, NO = "true", "false"
YES_NO = (YES, NO)

NOT_KNOWN = "none"
KNOWN = ("known", "newly_known", "helped", "on_stage")
"""What can be so of a fan who asked to be remembered; `known` always is."""

SHORT, MIDDLE, LONG = LENGTHS = ("short", "middle", "long")

WHEN_FIELDS: dict[str, tuple[str, ...]] = {
    "sentiment": ("positive", "neutral", "negative", "mixed"),
    "language": (),
    "is_reply": YES_NO,
    "replies_to": ("us", "fan", "staff", "nobody"),
    "has_attachment": YES_NO,
    "thread_depth": ("first", "later"),
    "channel": (),
    "time": ("morning", "day", "evening", "night"),
    "fan_history": (NOT_KNOWN, *KNOWN),
    "details": DETAIL_KINDS,
    "mood": MOODS,
    "length": LENGTHS,
    "tells": TELLS,
    "second": ALSO,
    "register": (),
    "assistant": YES_NO,
}
"""Field of `when` or `unless` -> the values it may have. No values: any word."""

ASK_APPROVER = "ask_approver"
SIGNER = "approver.first_name"
POST_DETAIL = "post.detail"
FACTS = "facts."
HISTORY = "fan.history"
CALL_NAME = "fan.call_name"
HISTORY_SINCE, HISTORY_THING = f"{HISTORY}.since", f"{HISTORY}.thing"
CREDIT = "credit."
SOURCES = (
    POST_DETAIL,
    *(f"{POST_DETAIL}.{kind}" for kind in DETAIL_KINDS),
    CALL_NAME,
    HISTORY_SINCE,
    HISTORY_THING,
    "channel.name",
    *(f"{CREDIT}{part.name}" for part in fields(Credit)),
    ASK_APPROVER,
    SIGNER,
)
"""Where a slot's words may come from, besides `facts.NAME`."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""For slots, facts and intents."""
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
"""For templates and variants."""
LOCALE = re.compile(r"[a-z]{2}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint in parentheses with the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""
