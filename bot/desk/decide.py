"""One decision of one manager, in one transaction: whether it is allowed, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.desk.press import Press, append_event, hold, over, record, refuse_if_stale, refuse_on_hold
from bot.desk.reply_actions import change_reply, retry, settle, undo
from bot.desk.words import for_yes
from bot.domain import (
    MOVES,
    NEW_REVISION,
    ON_SENT_REPLY,
    SKIP_REASONS,
    Action,
    Draft,
    DraftState,
    Purpose,
    Refused,
    StoredPost,
    seal,
)
from bot.events import Happened
from bot.queue import consents, moves
from bot.store import Connection, events, posts

LONGEST_SNOOZE = 24 * 60
"""Minutes."""


def decide(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    """Carry out a command on a draft as it is stored, and return it as it is then. Raises Refused before anything is
    written."""
    command = press.command
    _refuse_in_this_state(draft, press)
    if command.action is not Action.UNDO:
        refuse_if_stale(draft, press)
    old = moves.wake(draft, press.now) if draft.state is DraftState.SNOOZED else draft
    handler, event = _HANDLERS[command.action]
    new = handler(connection, old, post, press)
    if new is not old and MOVES.get((old.state, command.action)) is not new.state:
        raise AssertionError(f"{old.state} -> {new.state} by {command.action} is not in the table of moves")
    if event is None:
        return new
    if command.action in NEW_REVISION:
        new = replace(new, revision=draft.revision + 1)
    moves.save(connection, draft, new)
    if old is not draft:
        events.append(connection, Happened.DRAFT_WOKEN, press.now, post_id=post.id, draft_id=draft.id)
    corrected = _corrected(draft, post, press) if command.action is Action.RELABEL else {}
    append_event(connection, event, new, press, **corrected)
    return new


def _refuse_in_this_state(draft: Draft, press: Press) -> None:
    """Raises Refused where the action is not one for a draft in this state."""
    action = press.command.action
    if action is Action.UNDO:
        if draft.live:
            raise Refused("too_late", "There is nothing to take back.", draft=draft)
        possible = draft.state in (DraftState.APPROVED, DraftState.REJECTED)
    elif action in ON_SENT_REPLY:
        if draft.live:
            raise Refused("bad_action", "Nothing was sent for this draft yet.", draft=draft)
        possible = draft.state is DraftState.APPROVED
    else:
        possible = draft.live
    if not possible:
        raise over(draft, press)


def _send(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    """`approve` and `edit`: the yes and its delivery, in one transaction."""
    text = press.words.text
    assert text is not None  # noqa: S101 - the words were looked at
    draft = for_yes(draft, press.command)
    refuse_on_hold(connection, draft, press)
    if consents.missing(connection, draft, press.now):
        raise Refused("withdrawn", "The fan has not said yes to this, or has taken it back.", draft=draft)
    target = draft.target or post.target
    decision = record(connection, draft, press, text, seal(text, target))
    hold(connection, post, press, decision, target)
    edited = press.command.action is Action.EDIT
    return replace(
        draft,
        state=DraftState.APPROVED,
        text=text,
        own_words=draft.own_words or edited,
        proposed=press.words.proposed if edited else draft.proposed,
        changed=press.words.changed if edited else draft.changed,
        recipe=None if edited else draft.recipe,
        typed={} if edited else press.words.typed,
        missing=(),
        checks=press.words.checks,
        decided_by=press.command.by,
        decided_at=press.now,
    )


def _reword(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    number = press.command.alternative
    return moves.laid(draft, 1 if number is None else number)


def _fill(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    words = press.words
    opened_at = draft.opened_at if words.missing else _written(draft, press)
    return replace(
        draft, text=words.text, typed=words.typed, missing=words.missing, checks=words.checks, opened_at=opened_at
    )


def _propose(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    words = press.words
    return replace(
        draft,
        text=words.text,
        own_words=True,
        proposed=words.proposed,
        changed=words.changed,
        recipe=None,
        typed={},
        missing=(),
        checks=words.checks,
        kind="draft",
        opened_at=_written(draft, press),
    )


def _written(draft: Draft, press: Press) -> datetime | None:
    """Who puts words on the card has finished writing, so a colleague may send them."""
    return None if draft.opened_by == press.command.by else draft.opened_at


def _open(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    return replace(draft, opened_by=press.command.by, opened_at=press.now)


def _reject(connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    record(connection, draft, press)
    reason = press.command.reason
    skipped = _decided(draft, press, DraftState.REJECTED)
    return replace(skipped, skip_reason=reason if reason in SKIP_REASONS else None)


def _snooze(_connection: Connection, draft: Draft, _post: StoredPost, press: Press) -> Draft:
    minutes = press.command.minutes if press.command.minutes is not None else 60
    if not 1 <= minutes <= LONGEST_SNOOZE:
        raise Refused("bad_action", f"Snooze for 1 to {LONGEST_SNOOZE} minutes.", draft=draft)
    until = press.now + timedelta(minutes=minutes)
    return replace(draft, state=DraftState.SNOOZED, snoozed_at=press.now, snoozed_until=until)


def _handover(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    _refuse_unless_reply(draft)
    to = press.command.to
    record(connection, draft, press)
    why = f"{press.manager} handed it over{f' to {press.name_of(to)}' if to else ''}. {draft.why}"
    moves.hand_off(connection, draft, post, press.now, by=press.command.by, to=to, why=why)
    return _decided(draft, press, DraftState.SUPERSEDED)


def _refuse_unless_reply(draft: Draft) -> None:
    """What is no reply would become one. Raises Refused."""
    if draft.purpose is not Purpose.REPLY:
        raise Refused("bad_action", "This is no reply; send it, or skip it.", draft=draft)


def _relabel(connection: Connection, draft: Draft, post: StoredPost, press: Press) -> Draft:
    _refuse_unless_reply(draft)
    record(connection, draft, press)
    posts.reopen(connection, post.id, press.now, forced_intent=press.command.intent)
    return _decided(draft, press, DraftState.SUPERSEDED)


def _corrected(draft: Draft, post: StoredPost, press: Press) -> dict[str, object]:
    """How the program read the post, and the operator's example that it is like. None of it is the fan's words."""
    by_machine = post.forced_intent is None and not draft.risk  # at a gate the intent decided nothing
    like = (post.understanding or {}).get("nearest")
    return {"read_as": draft.intent if by_machine else None, "intent": press.command.intent, "like": like}


def _decided(draft: Draft, press: Press, state: DraftState) -> Draft:
    return replace(
        draft, state=state, decided_by=press.command.by, decided_at=press.now, cause=str(press.command.action)
    )


_Handler = Callable[[Connection, Draft, StoredPost, Press], Draft]

_HANDLERS: Mapping[Action, tuple[_Handler, Happened | None]] = {
    Action.APPROVE: (_send, Happened.DRAFT_APPROVED),
    Action.EDIT: (_send, Happened.DRAFT_APPROVED),
    Action.REWORD: (_reword, Happened.DRAFT_REWORDED),
    Action.FILL: (_fill, Happened.DRAFT_FILLED),
    Action.PROPOSE: (_propose, Happened.DRAFT_PROPOSED),
    Action.OPEN: (_open, Happened.DRAFT_OPENED),
    Action.REJECT: (_reject, Happened.DRAFT_REJECTED),
    Action.SNOOZE: (_snooze, Happened.DRAFT_SNOOZED),
    Action.HANDOVER: (_handover, Happened.DRAFT_HANDED_OVER),
    Action.RELABEL: (_relabel, Happened.DRAFT_RELABELLED),
    Action.UNDO: (undo, Happened.DRAFT_UNDONE),
    Action.SETTLE: (settle, None),
    Action.RETRY: (retry, None),
    Action.CORRECT: (change_reply, None),
    Action.REMOVE: (change_reply, None),
}
"""Each action with the event that tells of it; without one it changes a delivery and leaves the draft as it is."""
