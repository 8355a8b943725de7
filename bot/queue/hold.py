"""The crisis hold: one switch that keeps everything back. Plain functions of a connection."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain import Cause, Delivery, DraftState
from bot.events import Happened
from bot.queue import declined, moves
from bot.store import Connection, deliveries, drafts, events, holds, sessions

RESTORE = "restore"
"""Who holds everything back after a restore."""
RESTORED = "restored from a backup: replies sent after it wait again; look before you send, then lift the hold"


def begin(connection: Connection, by: str, reason: str, at: datetime) -> int | None:
    """Keep everything back. All that was approved and is not in flight waits for a yes again, in this transaction.

    Returns how many drafts wait again; None if a hold lasts already. Removals go on: they say nothing.
    """
    if not holds.begin(connection, by, reason, at):
        return None
    return sum(take_back(connection, delivery, at) for delivery in deliveries.held_back(connection))


def after_restore(connection: Connection, at: datetime) -> None:
    """Keep everything back, because a backup does not know what was sent after it. Nobody is signed in any more: it
    also does not know who signed out."""
    begin(connection, RESTORE, RESTORED, at)
    sessions.keep_only(connection, ())


def take_back(connection: Connection, delivery: Delivery, at: datetime) -> bool:
    """Recall one approved text; its draft waits again. Of a change to a sent reply only the change is recalled. True
    if a draft waits again."""
    if moves.recall_delivery(connection, delivery, at, Cause.ON_HOLD) is None or delivery.kind != "send":
        return False
    draft = drafts.get(connection, delivery.draft_id)
    if draft is None or draft.state is not DraftState.APPROVED:
        return False
    again = declined.as_wished(connection, moves.taken_back(draft))
    waiting = replace(again, waiting_since=draft.waiting_since)
    moves.save(connection, draft, waiting)
    events.append(
        connection, Happened.DRAFT_UNDONE, at, post_id=draft.post_id, draft_id=draft.id, cause=str(Cause.ON_HOLD)
    )
    return True
