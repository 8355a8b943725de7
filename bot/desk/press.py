"""A press of a manager with its context, and the steps that handlers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.desk.words import TYPING, Words
from bot.domain import (
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
    Target,
    seal,
)
from bot.events import Happened
from bot.queue import moves
from bot.store import Connection, deliveries, drafts, events, holds
from bot.store.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A command with what its handler needs."""

    command: Command
    words: Words
    now: datetime
    undo: timedelta
    manager: str
    """The display name of who pressed."""
    name_of: Callable[[str], str]
    local: Callable[[datetime], datetime]
    """Gives a moment in the community's time zone."""


def refuse_if_stale(draft: Draft, press: Press) -> None:
    """Raises Refused for a press on an older text, and for words that were checked for another revision."""
    seen = press.words.revision if press.command.action in TYPING else press.command.revision
    if {press.command.revision, seen} != {draft.revision}:
        raise Refused("stale_revision", "The text on this card has changed since; look at it again.", draft=draft)


def refuse_on_hold(connection: Connection, draft: Draft, press: Press) -> None:
    """Raises Refused while everything is kept back."""
    lasting = holds.current(connection)
    if lasting:
        since = f"{press.local(lasting.at):%H:%M %Z}"
        sentence = f"{press.name_of(lasting.by)} has put everything on hold since {since}: {lasting.reason}"
        raise Refused("on_hold", sentence, draft=draft)


def over(draft: Draft, press: Press) -> Refused:
    """The refusal for a draft that is no longer live: why it is over, or who decided."""
    if draft.state in (DraftState.APPROVED, DraftState.REJECTED):
        who = press.name_of(draft.decided_by) if draft.decided_by else "Somebody"
        who = "You" if draft.decided_by == press.command.by else who  # in another tab, on another device
        did = "approved" if draft.state is DraftState.APPROVED else "skipped"
        when = f" at {press.local(draft.decided_at):%H:%M %Z}" if draft.decided_at else ""
        return Refused("already_decided", f"{who} {did} this{when}.", draft=draft)
    causes = {
        Cause.POST_EDITED: "The fan has edited the post; a new draft follows.",
        Cause.POST_DELETED: "The fan has deleted the post.",
        Cause.ANSWERED: "A teammate has already answered.",
        Cause.RESOLVED: "The fan says it is solved.",
        Cause.FORGOTTEN: "The fan asked to be forgotten.",
        Cause.OPTED_OUT: "The fan wants no replies.",
        Cause.TOO_OLD: "It waited too long.",
        Cause.FACT_CHANGED: "A fact in it has changed; a new draft follows.",
        Cause.CONSENT_ENDED: "The fan has taken their yes back.",
        Cause.MARK_UNDONE: "The topic is not marked like this any more.",
        Action.HANDOVER: "It was handed over.",
        Action.RELABEL: "It was given another intent; a new draft follows.",
    }
    sentence = next((words for cause, words in causes.items() if cause == draft.cause), "It is over.")
    return Refused(str(draft.state), sentence, draft=draft)


def record(
    connection: Connection, draft: Draft, press: Press, text: str | None = None, sealed: str | None = None
) -> Decision:
    """Store who decided what and when; for a yes also the text and its seal."""
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


def hold(
    connection: Connection,
    post: StoredPost,
    press: Press,
    decision: Decision,
    target: Target,
    *,
    change_of: Delivery | None = None,
) -> None:
    """Store the delivery of a yes; it waits until the undo window is over. `change_of`: the sent reply to change."""
    delivery_id = new_id()
    delivery = Delivery(
        id=delivery_id,
        reply_id=change_of.id if change_of else delivery_id,
        kind=_KINDS.get(decision.action, "send"),
        draft_id=decision.draft_id,
        post_id=post.id,
        post_version=post.version,
        decision_id=decision.id,
        target=target,
        text=decision.text,
        seal=seal(decision.text or "", target),
        state=DeliveryState.HELD,
        nonce=f"gr-{delivery_id}",
        due_at=press.now + press.undo,
        approved_by=decision.by,
        external_id=change_of.external_id if change_of else None,
        created_at=press.now,
    )
    deliveries.add(connection, delivery)
    moves.append_event(connection, Happened.REPLY_HELD, delivery, press.now, by=decision.by)


_KINDS: Mapping[Action, Literal["correct", "remove"]] = {Action.CORRECT: "correct", Action.REMOVE: "remove"}


def append_event(connection: Connection, name: Happened, draft: Draft, press: Press, **data: Any) -> None:
    """Append the event of a decision. `data` must hold no words of a fan."""
    events.append(
        connection,
        name,
        press.now,
        by=press.command.by,
        post_id=draft.post_id,
        draft_id=draft.id,
        action=str(press.command.action),
        revision=draft.revision,
        **data,
    )
