"""Moves of a draft without a manager, and steps that several moves share. Plain functions of a connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import (
    MOVES,
    UNSENT,
    Action,
    Alternative,
    Cause,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Purpose,
    Refused,
    StoredPost,
    Target,
)
from bot.events import Happened
from bot.store import Connection, consents, deliveries, drafts, events
from bot.store.ids import new_id
from responders.library.render import missing, preview
from responders.library.vocabulary import ASK_APPROVER, CALL_NAME, FACTS, HISTORY, SIGNER
from responders.selection import opener
from responders.types import Candidate, Context, Outcome, Proposal, ReasonCode

_ENDED: Mapping[DraftState, Happened] = {
    DraftState.WITHDRAWN: Happened.DRAFT_WITHDRAWN,
    DraftState.SUPERSEDED: Happened.DRAFT_SUPERSEDED,
    DraftState.EXPIRED: Happened.DRAFT_EXPIRED,
}


OFFERED = 5
"""The priority of a draft that nobody waits for."""


class Conflict(Exception):
    """Another process changed the row after we read it. The transaction is run again."""


def save(connection: Connection, old: Draft, new: Draft) -> Draft:
    """Write the next state of a draft. Raises Conflict if another process was faster."""
    if not drafts.save(connection, old, new, opener=_opener(new)):
        raise Conflict
    return new


def _opener(draft: Draft) -> str | None:
    return opener(draft.text) if draft.text else None


def submit(
    connection: Connection,
    post: StoredPost,
    proposal: Proposal,
    context: Context,
    expires_at: datetime,
    *,
    placed: Callable[[Draft], Draft] = lambda draft: draft,
) -> Draft | None:
    """Store the draft of a proposal; None if the post stays unanswered. It can be sent until `expires_at`. `placed`
    gives it the place of an older one."""
    if proposal.outcome is Outcome.SILENT:
        return None
    draft = placed(_draft(post, proposal, context, expires_at))
    drafts.add(connection, draft, post, opener=_opener(draft))
    if any(_remembers(candidate, context) for candidate in (proposal.candidate, *proposal.alternatives) if candidate):
        yes = consents.memory_of(connection, post.post.platform, post.post.author.id)
        consents.needs(connection, draft.id, [yes.id] if yes else ())
    offered = (proposal.candidate, *proposal.alternatives)
    consents.needs(connection, draft.id, sorted({one.credit for one in offered if one and one.credit}))
    _waiting(connection, draft, context.now)
    return draft


def _remembers(candidate: Candidate, context: Context) -> bool:
    """True if it says something that the fan asked us to remember, or is offered because of it."""
    named = context.history is not None and context.history.call_name is not None
    return any(source.startswith(HISTORY) or (named and source == CALL_NAME) for source in candidate.sources)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A message to be offered to the managers that is no reply."""

    purpose: Purpose
    wordings: Sequence[Alternative]
    """The first is the text, the others are other wordings of it."""
    why: str
    waits: timedelta
    """How long it may wait for a yes."""
    target: Target | None = None
    """Where it goes, if not to its post."""
    by: str | None = None
    """The manager who asked for it."""


def offer(connection: Connection, post: StoredPost, offered: Offer, at: datetime) -> Draft:
    """Store a draft that is no reply. It waits at the desk like any other."""
    first, *others = offered.wordings
    draft = Draft(
        id=new_id(),
        post_id=post.id,
        kind="draft",
        state=DraftState.WAITING,
        revision=1,
        priority=OFFERED,
        reason_code=ReasonCode.BY_HAND if offered.by else ReasonCode.INTENT,
        why=offered.why,
        intent=post.intent,
        created_at=at,
        waiting_since=at,
        expires_at=at + offered.waits,
        text=first.text,
        template=first.template,
        variant=first.variant,
        recipe=first.recipe,
        missing=first.missing,
        alternatives=tuple(others),
        purpose=offered.purpose,
        target=offered.target,
    )
    drafts.add(connection, draft, post, opener=_opener(draft))
    _waiting(connection, draft, at, by=offered.by, purpose=str(offered.purpose))
    return draft


def hand_off(
    connection: Connection, old: Draft, post: StoredPost, at: datetime, *, by: str, to: str | None, why: str
) -> None:
    """Store a hand-off in the place of `old`."""
    draft = Draft(
        id=new_id(),
        post_id=post.id,
        kind="handoff",
        state=DraftState.WAITING,
        revision=1,
        priority=old.priority,
        reason_code=old.reason_code,
        why=why,
        intent=old.intent,
        risk=old.risk,
        follow_up=old.follow_up,
        created_at=at,
        waiting_since=old.waiting_since,
        assigned_to=to,
    )
    drafts.add(connection, draft, post, opener=_opener(draft))
    _waiting(connection, draft, at, by=by, to=to)


def _waiting(connection: Connection, draft: Draft, at: datetime, *, by: str | None = None, **data: Any) -> None:
    events.append(
        connection,
        Happened.DRAFT_WAITING,
        at,
        by=by,
        post_id=draft.post_id,
        draft_id=draft.id,
        kind=draft.kind,
        intent=draft.intent,
        priority=draft.priority,
        **data,
    )


def _draft(post: StoredPost, proposal: Proposal, context: Context, expires_at: datetime) -> Draft:
    handoff = proposal.outcome is Outcome.HANDOFF
    best = None if handoff else proposal.candidate
    return Draft(
        id=new_id(),
        post_id=post.id,
        kind="handoff" if handoff else "draft",
        state=DraftState.WAITING,
        revision=1,
        priority=proposal.priority,
        reason_code=proposal.reason.code,
        why=proposal.reason.sentence,
        intent=proposal.understanding.intent,
        risk=proposal.understanding.risk,
        follow_up=context.replies_to == "us",
        created_at=context.now,
        waiting_since=context.now,
        expires_at=None if handoff else expires_at,
        text=best.text if best else None,
        template=best.template if best else None,
        variant=best.variant if best else None,
        recipe=best.recipe if best else None,
        missing=best.missing if best else (),
        checks=best.checks if best else (),
        facts=_facts(best) if best else {},
        alternatives=tuple(alternative(c) for c in proposal.alternatives),
    )


def read_again(draft: Draft, post: StoredPost, proposal: Proposal, context: Context, expires_at: datetime) -> Draft:
    """The draft as another reading of its post makes it. It keeps its place and its time."""
    new = _draft(post, proposal, context, expires_at)
    kept = ("id", "created_at", "waiting_since", "assigned_to", "reminded_at", "follow_up")
    return replace(new, **{name: getattr(draft, name) for name in kept}, revision=draft.revision + 1)


def alternative(candidate: Candidate) -> Alternative:
    """A candidate as another wording of a draft."""
    return Alternative(
        text=candidate.text,
        template=candidate.template,
        variant=candidate.variant,
        reading="" if candidate.sure else candidate.why,
        recipe=candidate.recipe,
        missing=candidate.missing,
        checks=candidate.checks,
        facts=_facts(candidate),
    )


def _facts(candidate: Candidate) -> dict[str, str]:
    """The facts in it: name -> what it says. Its slots are in the order of their sources; a manager's slots are not
    among them."""
    given = [source for source in candidate.sources if source not in {ASK_APPROVER, SIGNER}]
    words = candidate.recipe.slots.values() if candidate.recipe else ()
    said = zip(given, words, strict=False)
    return {source.removeprefix(FACTS): value for source, value in said if value and source.startswith(FACTS)}


def end(connection: Connection, draft: Draft, cause: Cause, at: datetime) -> bool:
    """Withdraw, supersede or expire a draft because of `cause`. False if it is too late, or not a legal move.

    An approved draft ends only while its delivery is held or has failed. The delivery is recalled, too.
    """
    if (draft.state, cause) not in MOVES:
        return False
    if draft.state is DraftState.APPROVED and not recall(connection, draft, at, cause, UNSENT):
        return False
    return close(connection, draft, cause, at)


def close(connection: Connection, draft: Draft, cause: Cause, at: datetime) -> bool:
    """`end` for a draft whose delivery was recalled already."""
    target = MOVES.get((draft.state, cause))
    if target is None:
        return False
    new = replace(draft, state=target, cause=str(cause), decided_at=draft.decided_at or at)
    save(connection, draft, new)
    events.append(connection, _ENDED[target], at, post_id=draft.post_id, draft_id=draft.id, cause=str(cause))
    return True


def end_all(connection: Connection, post_id: str, cause: Cause, at: datetime) -> None:
    """End every draft of a post that can still be ended. An answer makes only replies void."""
    for draft in drafts.of_posts(connection, [post_id], drafts.IN_USE):
        if draft.purpose is Purpose.REPLY or cause not in (Cause.ANSWERED, Cause.RESOLVED):
            end(connection, draft, cause, at)


def recall(
    connection: Connection,
    draft: Draft,
    at: datetime,
    cause: Cause | Action,
    states: Collection[DeliveryState] = (DeliveryState.HELD,),
    *,
    by: str | None = None,
) -> Delivery | None:
    """Recall the delivery of a draft if it is in one of `states`; None if not."""
    newest = next(iter(deliveries.of_draft(connection, draft.id)), None)
    if newest is None or newest.state not in states or newest.kind != "send":
        return None
    return recall_delivery(connection, newest, at, cause, by=by)


def recall_delivery(
    connection: Connection, delivery: Delivery, at: datetime, cause: Cause | Action, *, by: str | None = None
) -> Delivery | None:
    """Recall a delivery that the platform does not have; None if it has moved on."""
    done = deliveries.move(connection, delivery, DeliveryState.RECALLED)
    if done:
        append_event(connection, Happened.REPLY_RECALLED, delivery, at, by=by, cause=str(cause))
    return done


def append_event(
    connection: Connection, name: Happened, delivery: Delivery, at: datetime, *, by: str | None = None, **data: Any
) -> None:
    """Append an event of a delivery."""
    events.append(
        connection,
        name,
        at,
        by=by,
        post_id=delivery.post_id,
        draft_id=delivery.draft_id,
        delivery_id=delivery.id,
        kind=delivery.kind,
        **data,
    )


def arrived(connection: Connection, delivery: Delivery, at: datetime, external_id: str | None) -> None:
    """The platform has it: store the receipt, and update the reply that a change was for."""
    if (
        deliveries.move(
            connection, delivery, DeliveryState.SENT, sent_at=at, external_id=external_id, lease_until=None, error=None
        )
        is None
    ):
        raise Conflict
    change_reply(connection, delivery)


def change_reply(connection: Connection, delivery: Delivery) -> None:
    """The platform has a change: update the reply that it was for. Does nothing for a reply itself."""
    reply = deliveries.get(connection, delivery.reply_id) if delivery.kind != "send" else None
    if reply and delivery.kind == "correct":
        deliveries.show(connection, reply, text=delivery.text, seal=delivery.seal, decision_id=delivery.decision_id)
    elif reply:
        deliveries.move(connection, reply, DeliveryState.REMOVED)


def laid(draft: Draft, number: int) -> Draft:
    """The draft with its alternative `number` (from 1) as its text. Raises Refused if there is none."""
    others = draft.alternatives
    if not 1 <= number <= len(others):
        sentence = f"There is no other wording number {number} on this card; it has {len(others)}."
        raise Refused("bad_action", sentence, draft=draft)
    chosen = others[number - 1]
    return replace(
        draft,
        text=chosen.text,
        template=chosen.template,
        variant=chosen.variant,
        recipe=chosen.recipe,
        missing=chosen.missing,
        checks=chosen.checks,
        facts=chosen.facts,
        typed={},
        own_words=False,
        proposed=None,
        changed=None,
        kind="draft",
        alternatives=_turned(draft, number),
    )


def _turned(draft: Draft, number: int) -> tuple[Alternative, ...]:
    """The alternatives without number `number` (from 1), and with the text that it replaces at the end."""
    rest = tuple(a for i, a in enumerate(draft.alternatives, start=1) if i != number)
    if draft.own_words or draft.text is None or draft.template is None or draft.variant is None:
        return rest
    lay = Alternative(
        text=preview(draft.recipe) if draft.recipe else draft.text,  # `reword` drops what was typed
        template=draft.template,
        variant=draft.variant,
        recipe=draft.recipe,
        missing=missing(draft.recipe) if draft.recipe else (),
        checks=draft.checks,
        facts=draft.facts,
    )
    return (*rest, lay)


def taken_back(draft: Draft) -> Draft:
    """A decided draft that waits again. Its text is a preview, because another manager may decide now."""
    return replace(
        draft,
        state=DraftState.WAITING,
        revision=draft.revision + 1,
        text=preview(draft.recipe, draft.typed) if draft.recipe else draft.text,
        decided_by=None,
        decided_at=None,
        cause=None,
        skip_reason=None,
    )


def wake(draft: Draft, at: datetime) -> Draft:
    """A snoozed draft that waits again. It expires later by the time it was snoozed."""
    slept = at - draft.snoozed_at if draft.snoozed_at else timedelta()
    expires_at = draft.expires_at + slept if draft.expires_at else None
    return replace(draft, state=DraftState.WAITING, snoozed_at=None, snoozed_until=None, expires_at=expires_at)
