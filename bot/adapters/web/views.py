"""Posts, replies and events as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain import Delivery, DeliveryState
from bot.events import Event
from bot.store import PostPage


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


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
