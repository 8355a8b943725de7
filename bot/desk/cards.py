"""The neutral card: one draft as every surface and the API show it. JSON-ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain import Alternative, Delivery, DeliveryState, Draft, DraftState, StoredPost
from bot.queue import context
from bot.store import Connection, deliveries, posts
from responders.types import CheckResult, Level, MissingSlot, Turn

WRITING_FOR = timedelta(minutes=2)
"""How long "NAME is writing" stands after an `open`."""


def card(connection: Connection, draft: Draft, now: datetime, undo_seconds: float) -> dict[str, Any]:
    """The whole draft with its post, its thread and what became of it."""
    return cards_of(connection, [draft], now, undo_seconds)[0]


def cards_of(
    connection: Connection, drafts: Sequence[Draft], now: datetime, undo_seconds: float
) -> list[dict[str, Any]]:
    """The same for many, in as many statements as for one."""
    of = {post.id: post for post in posts.some(connection, list({draft.post_id for draft in drafts}))}
    sent = deliveries.of_drafts(connection, [draft.id for draft in drafts])
    threads = context.threads(connection, list(of.values()))
    return [
        _card(
            draft,
            of[draft.post_id],
            thread=threads.get(draft.post_id, ()),
            sent=sent[draft.id],
            now=now,
            undo_seconds=undo_seconds,
        )
        for draft in drafts
    ]


def _card(
    draft: Draft,
    post: StoredPost,
    *,
    thread: Sequence[Turn],
    sent: Sequence[Delivery],
    now: datetime,
    undo_seconds: float,
) -> dict[str, Any]:
    read: Mapping[str, Any] = post.understanding or {}  # it goes with the post's words
    return {
        "draft_id": draft.id,
        "revision": draft.revision,
        "state": str(draft.state),
        "kind": draft.kind,
        "text": draft.text,
        "template": draft.template,
        "variant": draft.variant,
        "intent": draft.intent,
        "alternatives": [_alternative(a) for a in draft.alternatives],
        "post": _post(post),
        "thread": [_turn(turn) for turn in thread],
        "why": draft.why,
        "reason": str(draft.reason_code),
        "risk": list(draft.risk),
        "alarms": list(read.get("alarms", ())),
        "unread": list(read.get("unread", ())),
        "checks": checks_json(draft.checks),
        "missing_slots": _missing(draft.missing),
        "own_words": draft.own_words or bool(draft.typed),
        "waiting_since": draft.waiting_since.isoformat(),
        "priority": draft.priority,
        "snoozed_until": _iso(draft.snoozed_until) if draft.state == DraftState.SNOOZED else None,
        "writing": draft.opened_by if _is_writing(draft, now) else None,
        "opened_by": draft.opened_by,
        "assigned_to": draft.assigned_to,
        "cause": draft.cause,
        "decided_by": draft.decided_by,
        "at": _iso(draft.decided_at),
        "undo_until": _iso(undo_until(draft, sent, now, undo_seconds)),
        "deliveries": [_delivery(delivery) for delivery in sent],
    }


def undo_until(draft: Draft, sent: Sequence[Delivery], now: datetime, undo_seconds: float) -> datetime | None:
    """Until when the last decision can be taken back; None when it cannot."""
    if draft.state == DraftState.APPROVED and sent and sent[0].state == DeliveryState.HELD:
        return sent[0].due_at
    if draft.state == DraftState.REJECTED and draft.decided_at:
        end = draft.decided_at + timedelta(seconds=undo_seconds)
        return end if now < end else None
    return None


def checks_json(results: Sequence[CheckResult]) -> list[dict[str, str]]:
    """Check results as the contract writes them."""
    return [{"id": c.id, "level": str(c.level), "note": c.note} for c in results]


def remarks(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Those that are worth a look and stop nothing."""
    return tuple(c for c in results if c.level is Level.WARN)


def _alternative(other: Alternative) -> dict[str, Any]:
    return {
        "text": other.text,
        "template": other.template,
        "variant": other.variant,
        "reading": other.reading,
        "checks": checks_json(other.checks),
        "missing_slots": _missing(other.missing),
    }


def _post(post: StoredPost) -> dict[str, Any]:
    inner = post.post
    return {
        "post_id": post.id,
        "id": inner.external_id,
        "platform": inner.platform,
        "channel": inner.channel,
        "place": {"name": inner.place.name or inner.channel, "topic": inner.place.topic},
        "author": {"id": inner.author.id, "name": inner.author.name},
        "quote": inner.quote,
        "text": inner.text,
        "attachments": [{"kind": a.kind, "url": a.url, "title": a.title} for a in inner.attachments],
        "at": inner.at.isoformat(),
        "deleted": post.deleted,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {"who": turn.role, "name": turn.name, "text": turn.text, "at": turn.at.isoformat()}


def _missing(slots: Sequence[MissingSlot]) -> list[dict[str, str]]:
    return [{"name": m.name, "ask": m.ask} for m in slots]


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "reply_id": delivery.reply_id,
        "kind": delivery.kind,
        "state": str(delivery.state),
        "text": delivery.text,
        "sent_at": _iso(delivery.sent_at),
        "error": delivery.error,
    }


def _is_writing(draft: Draft, now: datetime) -> bool:
    return draft.live and draft.opened_at is not None and now < draft.opened_at + WRITING_FOR


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
