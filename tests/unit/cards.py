"""Neutral cards as the desk gives them, for tests of how a platform shows them."""

from __future__ import annotations

from typing import Any

DRAFT = "0123456789abcdef"


def card(platform: str, channel: str, place: str, **more: Any) -> dict[str, Any]:
    """A waiting draft; `more` takes the place of what it is made of, part by part within the post."""
    post = {
        "post_id": DRAFT,
        "id": "1",
        "platform": platform,
        "channel": channel,
        "place": {"name": place, "topic": ""},
        "author": {"id": "1", "name": "Robin"},
        "quote": "",
        "text": "love it",
        "attachments": [],
        "at": "2026-03-01T12:00:00+00:00",
        "deleted": False,
    }
    plain = {
        "draft_id": DRAFT,
        "revision": 1,
        "state": "waiting",
        "kind": "draft",
        "text": "Which part?",
        "intent": "praise",
        "alternatives": [],
        "post": {**post, **more.pop("post", {})},
        "thread": [],
        "why": "Somebody likes something.",
        "risk": [],
        "alarms": [],
        "unread": [],
        "checks": [],
        "missing_slots": [],
        "own_words": False,
        "writing": None,
        "assigned_to": None,
        "snoozed_until": None,
        "cause": None,
        "decided_by": None,
        "at": None,
        "undo_until": None,
        "deliveries": [],
    }
    return {**plain, **more}


def alternative(text: str = "What a view.", **more: Any) -> dict[str, Any]:
    """One of a card's alternatives."""
    return {"text": text, "reading": "as praise", "checks": [], "missing_slots": [], **more}


def delivery(state: str, kind: str = "send", **more: Any) -> dict[str, Any]:
    """One of a card's deliveries."""
    return {"kind": kind, "state": state, "text": "Which part?", "error": None, **more}
