"""Cards, posts, replies and events as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bot.desk.view import CardView, Decided
from bot.domain import Alternative, Delivery, DeliveryState, Draft, Note
from bot.events import Event
from bot.store import PostPage
from bot.store.holds import Hold
from responders.types import CheckResult


def card(view: CardView) -> dict[str, Any]:
    """A draft with its post, its thread and what became of it."""
    draft = view.draft
    return {
        "draft_id": draft.id,
        "revision": draft.revision,
        "state": draft.state,
        "kind": draft.kind,
        "purpose": draft.purpose,
        "intent": draft.intent,
        **_wording(draft),
        "alternatives": [{**_wording(other), "reading": other.reading} for other in draft.alternatives],
        "post": _card_post(view),
        "thread": [{"who": t.role, "name": t.name, "text": t.text, "at": _iso(t.at)} for t in view.thread],
        "why": draft.why,
        "reason": draft.reason_code,
        "risk": list(draft.risk),
        "alarms": [{"gate": a.gate, "chance": a.chance, "part": a.part} for a in view.alarms],
        "unread": list(view.unread),
        "own_words": draft.typed_by_hand,
        "waiting_since": _iso(draft.waiting_since),
        "priority": draft.priority,
        "snoozed_until": _iso(view.snoozed_until),
        "writing": view.writing,
        "opened_by": draft.opened_by,
        "assigned_to": draft.assigned_to,
        "cause": draft.cause,
        "decided_by": draft.decided_by,
        "at": _iso(draft.decided_at),
        "undo_until": _iso(view.undo_until),
        "deliveries": [_delivery(delivery) for delivery in view.deliveries],
        "notes": [_note(note) for note in view.notes],
        "remembered": view.remembered,
        "hold": view.hold,
    }


def decided(done: Decided) -> dict[str, Any]:
    """The draft as a press left it."""
    return {**card(done.card), "decided_by": done.by, "at": _iso(done.at), "warnings": checks(done.warnings)}


def checks(results: Iterable[CheckResult]) -> list[dict[str, str]]:
    """What the voice checks say."""
    return [{"id": c.id, "level": c.level, "note": c.note} for c in results]


def _wording(wording: Draft | Alternative) -> dict[str, Any]:
    return {
        "text": wording.text,
        "template": wording.template,
        "variant": wording.variant,
        "by_model": wording.by_model,
        "checks": checks(wording.checks),
        "missing_slots": [{"name": m.name, "ask": m.ask} for m in wording.missing],
    }


def _card_post(view: CardView) -> dict[str, Any]:
    inner = view.post.post
    return {
        "post_id": view.post.id,
        "id": inner.external_id,
        "platform": inner.platform,
        "channel": inner.channel,
        "place": {"name": view.place, "topic": inner.place.topic},
        "author": {"id": inner.author.id, "name": inner.author.name},
        "quote": inner.quote,
        "text": inner.text,
        "attachments": [{"kind": a.kind, "url": a.url, "title": a.title} for a in inner.attachments],
        "at": _iso(inner.at),
        "deleted": view.post.deleted,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"id": note.id, "by": note.by, "at": _iso(note.at), "text": note.text, "names": list(note.names)}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "reply_id": delivery.reply_id,
        "kind": delivery.kind,
        "state": delivery.state,
        "text": delivery.text,
        "sent_at": _iso(delivery.sent_at),
        "error": delivery.error,
    }


def post(page: PostPage) -> dict[str, Any]:
    """A post, what became of it, and its reply."""
    stored, draft, reply = page.post, page.draft, page.reply
    author = stored.post.author
    return {
        "post_id": stored.id,
        "id": stored.post.external_id,
        "channel": stored.post.channel,
        "author": {"id": author.id, "name": author.name, "is_staff": author.is_staff, "is_bot": author.is_bot},
        "text": stored.post.text,
        "at": _iso(stored.post.at),
        "action": stored.action,
        "intent": stored.intent,
        "reason": stored.reason,
        "understanding": stored.understanding,
        "draft": {"draft_id": draft.id, "state": draft.state, "revision": draft.revision} if draft else None,
        "reply": {
            "reply_id": reply.reply_id,
            "text": reply.text,
            "state": reply.state,
            "undo_until": _iso(reply.due_at) if reply.state is DeliveryState.HELD else None,
            "sent_at": _iso(reply.sent_at),
            "approved_by": reply.approved_by,
        }
        if reply
        else None,
        "deleted": stored.deleted,
    }


def reply(delivery: Delivery) -> dict[str, Any]:
    """A reply in a list. `id` is the platform's id of it, None until it is sent."""
    return {
        "reply_id": delivery.reply_id,
        "id": delivery.external_id,
        "post_id": delivery.post_id,
        "channel": delivery.target.channel,
        "text": delivery.text,
        "state": delivery.state,
        "sent_at": _iso(delivery.sent_at),
        "approved_by": delivery.approved_by,
    }


def event(fact: Event) -> dict[str, Any]:
    """A fact of the trail; it holds no word of a fan."""
    return {
        **fact.data,
        "seq": fact.seq,
        "at": _iso(fact.at),
        "by": fact.by,
        "post_id": fact.post_id,
        "draft_id": fact.draft_id,
        "delivery_id": fact.delivery_id,
    }


def hold(lasting: Hold, told: str) -> dict[str, Any]:
    """A hold that lasts; `told` says it in a line."""
    return {"on_hold": True, "by": lasting.by, "at": _iso(lasting.at), "reason": lasting.reason, "told": told}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
