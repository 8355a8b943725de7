"""What a manager does about a decision that was made: take it back, or act on the reply that came of it."""

from __future__ import annotations

from dataclasses import replace

from bot.desk.press import Press, append_event, hold, over, record, refuse_if_stale
from bot.domain import UNSENT, Action, Delivery, DeliveryState, Draft, DraftState, Refused, seal
from bot.events import Happened
from bot.queue import moves, voids
from bot.store import Connection, deliveries, posts


def undo(connection: Connection, draft: Draft, press: Press) -> Draft:
    """Take the last decision back: any manager, any revision, while the delivery is held, or has failed, or the
    rejection is young."""
    change = _open_change(connection, draft)
    if draft.state is DraftState.APPROVED and change and change.kind != "send":
        return _undo_change(connection, draft, change, press)
    if draft.state is DraftState.APPROVED:
        if not moves.recall(connection, draft, press.now, Action.UNDO, UNSENT, by=press.command.by):
            raise Refused("too_late", "It is already on its way; you can correct or remove the reply.", draft=draft)
    elif draft.state is DraftState.REJECTED:
        if draft.decided_at is None or press.now >= draft.decided_at + press.undo:
            raise Refused("too_late", "The time to take that back is over.", draft=draft)
        if voids.moved_on(connection, draft):
            raise Refused("too_late", "The post is no longer what it was when this was skipped.", draft=draft)
    elif draft.live:
        raise Refused("too_late", "There is nothing to take back.", draft=draft)
    else:
        raise over(draft, press)
    new = moves.taken_back(draft)
    record(connection, draft, press)
    moves.save(connection, draft, new)
    append_event(connection, Happened.DRAFT_UNDONE, new, press)
    return new


def _undo_change(connection: Connection, draft: Draft, change: Delivery, press: Press) -> Draft:
    if not change.can_be_undone:
        raise Refused("too_late", "The change is already on its way.", draft=draft)
    moves.recall_delivery(connection, change, press.now, Action.UNDO, by=press.command.by)
    new = replace(draft, revision=draft.revision + 1)
    record(connection, draft, press)
    moves.save(connection, draft, new)
    append_event(connection, Happened.DRAFT_UNDONE, new, press)
    return new


def _open_change(connection: Connection, draft: Draft) -> Delivery | None:
    """The newest delivery, while it is on its way."""
    newest = next(iter(deliveries.of_draft(connection, draft.id)), None)
    under_way = (DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    return newest if newest and newest.state in under_way else None


def act_on_reply(connection: Connection, draft: Draft, press: Press) -> Draft:
    """`settle`, `retry`, `correct`, `remove`: what a person does about a reply after it was approved."""
    command = press.command
    if draft.live:
        raise Refused("bad_action", "Nothing was sent for this draft yet.", draft=draft)
    if draft.state is not DraftState.APPROVED:
        raise over(draft, press)
    refuse_if_stale(draft, press)
    sent = deliveries.of_draft(connection, draft.id)
    if command.action is Action.SETTLE:
        _settle(connection, draft, sent[0], press)
    elif command.action is Action.RETRY:
        _retry(connection, draft, sent[0], press)
    else:
        _change(connection, draft, sent, press)
    return draft


def _settle(connection: Connection, draft: Draft, newest: Delivery, press: Press) -> None:
    if newest.state is not DeliveryState.UNCERTAIN:
        raise Refused("too_late", f"This reply is {newest.state}; there is nothing to settle.", draft=draft)
    if press.command.arrived is None:
        raise Refused("bad_action", "Say whether it arrived: arrived must be true or false.", draft=draft)
    record(connection, draft, press)
    if press.command.arrived:
        moves.arrived(connection, newest, press.now, None)
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


def _retry(connection: Connection, draft: Draft, newest: Delivery, press: Press) -> None:
    if newest.state is not DeliveryState.FAILED:
        raise Refused("too_late", f"This reply is {newest.state}; only a failed one can be tried again.", draft=draft)
    if newest.text is None and newest.kind != "remove":
        raise Refused("too_late", "Its words are no longer kept.", draft=draft)
    # A yes of its own: whoever gave the first one may be no manager any more.
    decision = record(connection, draft, press, newest.text, newest.seal)
    yes = {"decision_id": decision.id, "approved_by": decision.by}
    again = {"due_at": press.now, "error": None, "lease_until": None, "attempts": 0}
    deliveries.move(connection, newest, DeliveryState.HELD, **again, **yes)
    moves.append_event(connection, Happened.REPLY_RETRIED, newest, press.now, by=press.command.by)


def _change(connection: Connection, draft: Draft, sent: list[Delivery], press: Press) -> None:
    reply = next((d for d in sent if d.kind == "send" and d.state is DeliveryState.SENT), None)
    if reply is None:
        raise Refused("too_late", "Only a reply that was sent can be corrected or removed.", draft=draft)
    if _open_change(connection, draft):
        raise Refused("too_late", "A change of this reply is already on its way.", draft=draft)
    post = posts.get(connection, draft.post_id)
    assert post is not None  # noqa: S101 - a foreign key says so
    text = press.words.text if press.command.action is Action.CORRECT else None
    if text and not post.kept:
        raise Refused("too_late", "Its words are no longer kept; it can only be removed.", draft=draft)
    decision = record(connection, draft, press, text, seal(text or "", post.target))
    hold(connection, post, press, decision, change_of=reply)
