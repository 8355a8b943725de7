"""Builds the cards of drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.desk.view import CardView
from bot.domain import Delivery, Draft, DraftState
from bot.queue import context, memory
from bot.settings import Settings
from bot.store import Connection, consents, deliveries, holds, notes, posts
from responders.types import Alarm

WRITING_FOR = timedelta(minutes=2)
"""How long a card says "NAME is writing" after an `open`."""


def cards_of(connection: Connection, drafts: Sequence[Draft], now: datetime, settings: Settings) -> list[CardView]:
    """The cards of many drafts, in as many statements as for one; a fan who is remembered takes some more."""
    of = {post.id: post for post in posts.some(connection, list({draft.post_id for draft in drafts}))}
    sent = deliveries.of_drafts(connection, [draft.id for draft in drafts])
    threads = context.threads(connection, list(of.values()))
    written = notes.of_posts(connection, list(of))
    asked = consents.asked_about(connection, of)
    held = holds.current(connection)
    authors = {(post.post.platform, post.post.author.id) for post in of.values()}
    remembered = memory.lines(connection, authors, settings.community.local)
    cards = []
    for draft in drafts:
        post = of[draft.post_id]
        read: Mapping[str, Any] = post.understanding or {}  # dropped with the post's words
        card = CardView(
            draft=draft,
            post=post,
            thread=tuple(threads.get(post.id, ())),
            deliveries=tuple(sent[draft.id]),
            alarms=tuple(Alarm(**alarm) for alarm in read.get("alarms", ())),
            unread=tuple(read.get("unread", ())),
            writing=draft.opened_by if _is_writing(draft, now) else None,
            undo_until=_undo_until(draft, sent[draft.id], now, settings.replies.undo_seconds),
            notes=written.get(post.id, ()),
            remembered=remembered.get((post.post.platform, post.post.author.id), ""),
            asked=post.id in asked,
            hold=held.reason if held and draft.live else None,
        )
        cards.append(card)
    return cards


def _undo_until(draft: Draft, sent: Sequence[Delivery], now: datetime, undo_seconds: float) -> datetime | None:
    if draft.state == DraftState.APPROVED and sent and sent[0].can_be_undone:
        return sent[0].due_at
    if draft.state == DraftState.REJECTED and draft.decided_at:
        end = draft.decided_at + timedelta(seconds=undo_seconds)
        return end if now < end else None
    return None


def _is_writing(draft: Draft, now: datetime) -> bool:
    return draft.live and draft.opened_at is not None and now < draft.opened_at + WRITING_FOR
