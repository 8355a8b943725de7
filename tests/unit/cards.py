"""Cards as the desk gives them, for tests of how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bot.desk.view import CardView
from bot.domain import Alternative, Delivery, DeliveryState, Draft, DraftState, StoredPost, Target
from responders.types import Alarm, Author, CheckResult, Level, Place, Post, ReasonCode, Turn

DRAFT = "0123456789abcdef"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 13, tzinfo=UTC)
TARGET = Target(platform="stage", channel="harbor", reply_to="1")
_BESIDE = frozenset({"thread", "deliveries", "alarms", "unread", "writing", "undo_until", "hold", "remembered"})


def card(platform: str, channel: str, place: str, **more: Any) -> CardView:
    """A waiting draft. `post`: what its post is made of instead; else `more` is of the draft, or stands beside it."""
    post: dict[str, Any] = {
        "platform": platform,
        "channel": channel,
        "external_id": "1",
        "author": Author(id="1", name="Robin"),
        "text": "love it",
        "at": NOON,
        "place": Place(name=place),
    }
    written = Post(**{**post, **more.get("post", {})})
    draft: Mapping[str, Any] = {
        "kind": "draft",
        "revision": 1,
        "text": "Which part?",
        "intent": "praise",
        "why": "Somebody likes something.",
        **{name: value for name, value in more.items() if name not in {"post", "state", *_BESIDE}},
    }
    return CardView(
        draft=Draft(
            id=DRAFT,
            post_id=DRAFT,
            state=DraftState(more.get("state", "waiting")),
            priority=10,
            reason_code=ReasonCode.INTENT,
            created_at=NOON,
            waiting_since=NOON,
            **draft,
        ),
        post=StoredPost(id=DRAFT, post=written, thread=DRAFT, version=1, received_at=NOON),
        **{name: value for name, value in more.items() if name in _BESIDE},
    )


def alternative(text: str = "What a view.", **more: Any) -> Alternative:
    """One of a draft's alternatives."""
    return Alternative(**{"text": text, "template": "t", "variant": "v", "reading": "as praise", **more})


def delivery(state: str, kind: Literal["send", "correct", "remove"] = "send", **more: Any) -> Delivery:
    """One of a draft's deliveries."""
    return Delivery(
        id=DRAFT,
        reply_id=DRAFT,
        kind=kind,
        draft_id=DRAFT,
        post_id=DRAFT,
        post_version=1,
        decision_id=DRAFT,
        seal="",
        state=DeliveryState(state),
        nonce="",
        due_at=LATER,
        created_at=NOON,
        **{"target": TARGET, "text": "Which part?", "approved_by": "mara", **more},
    )


def check(level: str, note: str = "") -> CheckResult:
    """What a voice check says."""
    return CheckResult(id="odd-check", level=Level(level), note=note)


def turn(role: Literal["fan", "us"], name: str, text: str) -> Turn:
    """Something that was said around the post."""
    return Turn(role=role, name=name, text=text, at=NOON)


def raised(part: str, *gates: str) -> Iterable[Alarm]:
    """What raised these gates."""
    return tuple(Alarm(gate=gate, chance=0.9, part=part) for gate in gates)
