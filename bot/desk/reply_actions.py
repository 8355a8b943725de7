"""What a manager does after a decision: take it back, or act on the reply that came of it."""

from __future__ import annotations

from dataclasses import replace

from bot.desk.press import Press, hold, record, refuse_on_hold
from bot.domain import UNSENT, Action, DeliveryState, Draft, DraftState, Refused, StoredPost, seal
from bot.events import Happened
from bot.queue import consents, declined, moves, voids
from bot.store import Connection, deliveries


def undo(connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    """Take the last decision back, whoever made it: a yes until its reply is being sent, a skip while it is recent.

    Of a change to a sent reply only the change is taken back.
    """
    newest = next(iter(deliveries.of_draft(connection, draft.id)), None)
    if draft.state is DraftState.REJECTED:
        _refuse_old_skip(connection, draft, press)
    elif newest and newest.state in _OPEN and newest.kind != "send":
        if not newest.can_be_undone:
            raise Refused("too_late", "The change is already on its way.", draft=draft)
        moves.recall_delivery(connection, newest, press.now, Action.UNDO, by=press.command.by)
        record(connection, draft, press)
        return draft
    elif not moves.recall(connection, draft, press.now, Action.UNDO, UNSENT, by=press.command.by):
        raise Refused("too_late", "It is already on its way; you can correct or remove the reply.", draft=draft)
    record(connection, draft, press)
    return declined.as_wished(connection, moves.taken_back(draft))


def _refuse_old_skip(connection: Connection, draft: Draft, press: Press) -> None:
    if draft.decided_at is None or press.now >= draft.decided_at + press.undo:
        raise Refused("too_late", "The time to take that back is over.", draft=draft)
    if voids.moved_on(connection, draft):
        raise Refused("too_late", "The post is no longer what it was when this was skipped.", draft=draft)


_OPEN = (DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
"""Nobody knows yet what becomes of it."""


def settle(connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    """A manager has looked whether an uncertain reply arrived, and says so."""
    newest = deliveries.of_draft(connection, draft.id)[0]
    if newest.state is not DeliveryState.UNCERTAIN:
        raise Refused("too_late", f"This reply is {newest.state}; there is nothing to settle.", draft=draft)
    if press.command.arrived is None:
        raise Refused("bad_action", "Say whether it arrived: arrived must be true or false.", draft=draft)
    record(connection, draft, press)
    if press.command.arrived:
        moves.arrived(connection, newest, press.now, None)
        consents.arrived(connection, newest, press.now)
    else:
        deliveries.move(connection, newest, DeliveryState.FAILED, error="A manager looked: it did not arrive.")
    moves.append_event(
        connection,
        Happened.REPLY_SETTLED,
        newest,
        press.now,
        by=press.command.by,
        arrived=press.command.arrived,
    )
    gone = voids.since(connection, newest, press.now) if newest.kind == "send" else None
    if gone and not press.command.arrived:
        voids.withdraw(connection, replace(newest, state=DeliveryState.FAILED), gone, press.now)
    return draft


def retry(connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    """Send a failed reply again."""
    newest = deliveries.of_draft(connection, draft.id)[0]
    if newest.state is not DeliveryState.FAILED:
        raise Refused("too_late", f"This reply is {newest.state}; only a failed one can be tried again.", draft=draft)
    if newest.text is None and newest.kind != "remove":
        raise Refused("too_late", "Its words are no longer kept.", draft=draft)
    if newest.kind != "remove":
        refuse_on_hold(connection, draft, press)
    # A yes of its own: who gave the first one may no longer be a manager.
    decision = record(connection, draft, press, newest.text, newest.seal)
    yes = {"decision_id": decision.id, "approved_by": decision.by}
    again = {"due_at": press.now, "error": None, "lease_until": None, "attempts": 0}
    deliveries.move(connection, newest, DeliveryState.HELD, **again, **yes)
    moves.append_event(connection, Happened.REPLY_RETRIED, newest, press.now, by=press.command.by)
    return draft


def change_reply(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    """`correct` and `remove`: change a reply that was sent, or take it off the platform."""
    sent = deliveries.of_draft(connection, draft.id)
    reply = next((d for d in sent if d.kind == "send" and d.state is DeliveryState.SENT), None)
    if reply is None:
        raise Refused("too_late", "Only a reply that was sent can be corrected or removed.", draft=draft)
    if sent[0].state in _OPEN:
        raise Refused("too_late", "A change of this reply is already on its way.", draft=draft)
    text = press.words.text if press.command.action is Action.CORRECT else None
    if text and not post.kept:
        raise Refused("too_late", "Its words are no longer kept; it can only be removed.", draft=draft)
    if text:
        refuse_on_hold(connection, draft, press)
    decision = record(connection, draft, press, text, seal(text or "", reply.target))
    hold(connection, post, press, decision, reply.target, change_of=reply)
    return draft
