"""One decision of one manager, inside one transaction: may it be, and what changes. Design section 6."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.desk.words import TYPING, Words
from bot.domain import (
    MOVES,
    NEW_REVISION,
    ON_SENT_REPLY,
    Action,
    Cause,
    Command,
    Decision,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Refused,
    StoredPost,
    seal,
)
from bot.events import Happened
from bot.store import Connection, changes, deliveries, drafts, events, moves, posts
from bot.store.ids import new_id
from responders.library.render import preview

LONGEST_SNOOZE = 24 * 60
"""Minutes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A command with everything around it."""

    command: Command
    words: Words
    now: datetime
    undo: timedelta
    manager: str
    """The presser's display name."""
    name_of: Callable[[str], str]


def decide(connection: Connection, press: Press) -> Draft:
    """Carry out a command and return the draft as it then is. Raises Refused before anything is written."""
    command = press.command
    draft = drafts.get(connection, command.draft_id)
    if draft is None:
        raise Refused("not_found", "There is no such draft.")
    if command.action in ON_SENT_REPLY:
        return _on_sent_reply(connection, draft, press)
    if command.action is Action.UNDO:
        return _undo(connection, draft, press)
    _refuse_if_over(draft, press)
    awake = moves.wake(draft, press.now) if draft.state is DraftState.SNOOZED else draft
    post = posts.get(connection, draft.post_id)
    assert post is not None  # noqa: S101 - a foreign key says so
    new = _HANDLERS[command.action](connection, awake, post, press)
    if command.action in NEW_REVISION:
        new = replace(new, revision=draft.revision + 1)
    if (awake.state, command.action) not in MOVES or MOVES[awake.state, command.action] != new.state:
        raise AssertionError(f"{awake.state} -> {new.state} by {command.action} is not in the table of moves")
    moves.save(connection, draft, new)
    if awake is not draft:
        events.append(connection, Happened.DRAFT_WOKEN, press.now, post_id=post.id, draft_id=draft.id)
    _tell(connection, _TOLD[command.action], new, press)
    return new


_TOLD = {
    Action.APPROVE: Happened.DRAFT_APPROVED,
    Action.EDIT: Happened.DRAFT_APPROVED,
    Action.REWORD: Happened.DRAFT_REWORDED,
    Action.FILL: Happened.DRAFT_FILLED,
    Action.PROPOSE: Happened.DRAFT_PROPOSED,
    Action.OPEN: Happened.DRAFT_OPENED,
    Action.REJECT: Happened.DRAFT_REJECTED,
    Action.SNOOZE: Happened.DRAFT_SNOOZED,
    Action.HANDOVER: Happened.DRAFT_HANDED_OVER,
    Action.RELABEL: Happened.DRAFT_RELABELLED,
}


def _tell(connection: Connection, name: Happened, draft: Draft, press: Press) -> None:
    events.append(
        connection,
        name,
        press.now,
        by=press.command.by,
        post_id=draft.post_id,
        draft_id=draft.id,
        action=str(press.command.action),
        revision=draft.revision,
    )


def _refuse_if_over(draft: Draft, press: Press) -> None:
    if not draft.live:
        raise over(draft, press.name_of)
    _refuse_if_stale(draft, press)


def _refuse_if_stale(draft: Draft, press: Press) -> None:
    """A yes is for what was seen, and the words that were looked at are for what stood there then."""
    seen = press.words.revision if press.command.action in TYPING else press.command.revision
    if {press.command.revision, seen} != {draft.revision}:
        raise Refused("stale_revision", "The text on this card has changed since; look at it again.", draft=draft)


def over(draft: Draft, name_of: Callable[[str], str]) -> Refused:
    """Why nothing more can be done with a draft that is no longer live, and who decided."""
    if draft.state in (DraftState.APPROVED, DraftState.REJECTED):
        who = name_of(draft.decided_by) if draft.decided_by else "Somebody"
        did = "approved" if draft.state is DraftState.APPROVED else "skipped"
        when = f" at {draft.decided_at:%H:%M} UTC" if draft.decided_at else ""
        return Refused("already_decided", f"{who} {did} this{when}.", draft=draft)
    causes = {
        Cause.POST_EDITED: "The fan has edited the post; a new draft follows.",
        Cause.POST_DELETED: "The fan has deleted the post.",
        Cause.ANSWERED: "A teammate has already answered.",
        Cause.RESOLVED: "The fan says it is solved.",
        Cause.FORGOTTEN: "The fan asked to be forgotten.",
        Cause.OPTED_OUT: "The fan wants no replies.",
        Cause.TOO_OLD: "It waited too long.",
        Action.HANDOVER: "It was handed over.",
        Action.RELABEL: "It was given another intent; a new draft follows.",
    }
    sentence = next((words for cause, words in causes.items() if cause == draft.cause), "It is over.")
    return Refused(str(draft.state), sentence, draft=draft)


def _record(connection: Connection, draft: Draft, press: Press, text: str | None, sealed: str | None) -> Decision:
    command = press.command
    decision = Decision(
        id=new_id(),
        draft_id=draft.id,
        revision=draft.revision,
        action=command.action,
        by=command.by,
        at=press.now,
        seal=sealed,
        text=text,
        draft_text=draft.text if text != draft.text else None,
        note=command.reason,
    )
    drafts.decide(connection, decision)
    return decision


def _send(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    """`approve` and `edit`: the yes, and the delivery it lets out, in one transaction."""
    text = press.words.text
    assert text is not None  # noqa: S101 - the words were looked at
    sealed = seal(text, post.target)
    decision = _record(connection, draft, press, text, sealed)
    _hold(connection, post, press, decision)
    edited = press.command.action is Action.EDIT
    return replace(
        draft,
        state=DraftState.APPROVED,
        text=text,
        own_words=draft.own_words or edited,
        recipe=None if edited else draft.recipe,
        typed={} if edited else press.words.typed,
        missing=(),
        checks=press.words.checks,
        decided_by=press.command.by,
        decided_at=press.now,
    )


def _hold(
    connection: Connection, post: StoredPost, press: Press, decision: Decision, *, change_of: Delivery | None = None
) -> None:
    """Let the yes out: a delivery that waits for the undo window to end. `change_of`: the sent reply it changes."""
    delivery_id = new_id()
    delivery = Delivery(
        id=delivery_id,
        reply_id=change_of.id if change_of else delivery_id,
        kind=_KINDS.get(decision.action, "send"),
        draft_id=decision.draft_id,
        post_id=post.id,
        post_version=post.version,
        decision_id=decision.id,
        target=post.target,
        text=decision.text,
        seal=seal(decision.text or "", post.target),
        state=DeliveryState.HELD,
        nonce=f"gr-{delivery_id}",
        due_at=press.now + press.undo,
        approved_by=decision.by,
        external_id=change_of.external_id if change_of else None,
        created_at=press.now,
    )
    deliveries.add(connection, delivery)
    moves.tell(connection, Happened.REPLY_HELD, delivery, press.now, by=decision.by)


_KINDS: Mapping[Action, Literal["correct", "remove"]] = {Action.CORRECT: "correct", Action.REMOVE: "remove"}


def _reword(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    others = draft.alternatives
    number = press.command.alternative or 1
    if not 1 <= number <= len(others):
        raise Refused("bad_action", f"There are {len(others)} other wordings; number {number} is not one.", draft=draft)
    chosen = others[number - 1]
    return replace(
        draft,
        text=chosen.text,
        template=chosen.template,
        variant=chosen.variant,
        recipe=chosen.recipe,
        missing=chosen.missing,
        checks=chosen.checks,
        typed={},
        own_words=False,
        alternatives=moves.turned(draft, number),
    )


def _fill(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    words = press.words
    return replace(draft, text=words.text, typed=words.typed, missing=words.missing, checks=words.checks)


def _propose(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    words = press.words
    return replace(
        draft, text=words.text, own_words=True, recipe=None, typed={}, missing=(), checks=words.checks, kind="draft"
    )


def _open(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    return replace(draft, opened_by=press.command.by, opened_at=press.now)


def _reject(connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    _record(connection, draft, press, None, None)
    return _decided(draft, press, DraftState.REJECTED)


def _snooze(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    minutes = press.command.minutes if press.command.minutes is not None else 60
    if not 1 <= minutes <= LONGEST_SNOOZE:
        raise Refused("bad_action", f"Snooze for 1 to {LONGEST_SNOOZE} minutes.", draft=draft)
    until = press.now + timedelta(minutes=minutes)
    return replace(draft, state=DraftState.SNOOZED, snoozed_at=press.now, snoozed_until=until)


def _handover(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    to = press.command.to
    _record(connection, draft, press, None, None)
    why = f"{press.manager} handed it over{f' to {press.name_of(to)}' if to else ''}. {draft.why}"
    moves.hand_off(connection, draft, post, press.now, by=press.command.by, to=to, why=why)
    return _decided(draft, press, DraftState.SUPERSEDED)


def _relabel(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    _record(connection, draft, press, None, None)
    posts.reopen(connection, post.id, press.now, forced_intent=press.command.intent)
    return _decided(draft, press, DraftState.SUPERSEDED)


def _decided(draft: Draft, press: Press, state: DraftState) -> Draft:
    return replace(
        draft, state=state, decided_by=press.command.by, decided_at=press.now, cause=str(press.command.action)
    )


_HANDLERS: dict[Action, Callable[[Connection, Draft, StoredPost, Press], Draft]] = {
    Action.APPROVE: _send,
    Action.EDIT: _send,
    Action.REWORD: _reword,
    Action.FILL: _fill,
    Action.PROPOSE: _propose,
    Action.OPEN: _open,
    Action.REJECT: _reject,
    Action.SNOOZE: _snooze,
    Action.HANDOVER: _handover,
    Action.RELABEL: _relabel,
}


def _undo(connection: Connection, draft: Draft, press: Press) -> Draft:
    """Take the last decision back: any manager, any revision, while the delivery is held or the rejection young."""
    change = _open_change(connection, draft)
    if draft.state is DraftState.APPROVED and change and change.kind != "send":
        return _undo_change(connection, draft, change, press)
    if draft.state is DraftState.APPROVED:
        if not moves.recall(connection, draft, press.now, Action.UNDO, by=press.command.by):
            raise Refused("too_late", "It is already on its way; you can correct or remove the reply.", draft=draft)
    elif draft.state is DraftState.REJECTED:
        if draft.decided_at is None or press.now >= draft.decided_at + press.undo:
            raise Refused("too_late", "The time to take that back is over.", draft=draft)
        if changes.moved_on(connection, draft):
            raise Refused("too_late", "The post is no longer what it was when this was skipped.", draft=draft)
    elif draft.live:
        raise Refused("too_late", "There is nothing to take back.", draft=draft)
    else:
        raise over(draft, press.name_of)
    text = preview(draft.recipe, draft.typed) if draft.recipe else draft.text
    new = replace(
        draft,
        state=DraftState.WAITING,
        revision=draft.revision + 1,
        text=text,
        decided_by=None,
        decided_at=None,
        cause=None,
    )
    _record(connection, draft, press, None, None)
    moves.save(connection, draft, new)
    _tell(connection, Happened.DRAFT_UNDONE, new, press)
    return new


def _undo_change(connection: Connection, draft: Draft, change: Delivery, press: Press) -> Draft:
    if change.state is not DeliveryState.HELD:
        raise Refused("too_late", "The change is already on its way.", draft=draft)
    moves.recall_delivery(connection, change, press.now, Action.UNDO, by=press.command.by)
    new = replace(draft, revision=draft.revision + 1)
    moves.save(connection, draft, new)
    _tell(connection, Happened.DRAFT_UNDONE, new, press)
    return new


def _open_change(connection: Connection, draft: Draft) -> Delivery | None:
    """The newest delivery, while it is on its way."""
    newest = next(iter(deliveries.of_draft(connection, draft.id)), None)
    under_way = (DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    return newest if newest and newest.state in under_way else None


def _on_sent_reply(connection: Connection, draft: Draft, press: Press) -> Draft:
    """`settle`, `retry`, `correct`, `remove`: what a person does about a reply after it was approved."""
    command = press.command
    if draft.live:
        raise Refused("bad_action", "Nothing was sent for this draft yet.", draft=draft)
    if draft.state is not DraftState.APPROVED:
        raise over(draft, press.name_of)
    _refuse_if_stale(draft, press)
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
    _record(connection, draft, press, None, None)
    if press.command.arrived:
        moves.arrived(connection, newest, press.now, None)
    else:
        deliveries.move(connection, newest, DeliveryState.FAILED, error="A manager looked: it did not arrive.")
    moves.tell(
        connection,
        Happened.REPLY_SETTLED,
        newest,
        press.now,
        by=press.command.by,
        arrived=press.command.arrived,
    )
    gone = changes.since(connection, newest, press.now) if newest.kind == "send" else None
    if gone and not press.command.arrived:
        changes.withdraw(connection, replace(newest, state=DeliveryState.FAILED), gone, press.now)


def _retry(connection: Connection, draft: Draft, newest: Delivery, press: Press) -> None:
    if newest.state is not DeliveryState.FAILED:
        raise Refused("too_late", f"This reply is {newest.state}; only a failed one can be tried again.", draft=draft)
    if newest.text is None and newest.kind != "remove":
        raise Refused("too_late", "Its words are no longer kept.", draft=draft)
    _record(connection, draft, press, newest.text, newest.seal)
    deliveries.move(connection, newest, DeliveryState.HELD, due_at=press.now, error=None, lease_until=None, attempts=0)
    moves.tell(connection, Happened.REPLY_RETRIED, newest, press.now, by=press.command.by)


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
    decision = _record(connection, draft, press, text, seal(text or "", post.target))
    _hold(connection, post, press, decision, change_of=reply)
