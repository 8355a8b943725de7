"""Which yes of a fan a draft needs, and what happens when a yes ends. Plain functions of a connection."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.consent import Button, Consent, State, buttons
from bot.domain import (
    BY_FAN,
    Action,
    Cause,
    Decision,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Purpose,
    seal,
)
from bot.events import Happened
from bot.queue import moves
from bot.store import Connection, consents, deliveries, drafts, events, people, posts
from bot.store.ids import new_id

NEEDED = {Purpose.STAGE: 1, Purpose.INTRODUCTION: 2}
"""How many yeses a draft needs at least, by what it is for."""
ANSWERED_WITHIN = timedelta(days=30)
"""A question without an answer is over after that."""
SKIPPED_FOR = timedelta(hours=1)
"""A question that a manager skipped is over after that; until then the skip may be taken back."""
TAKEN_DOWN = frozenset({Purpose.STAGE, Purpose.INTRODUCTION})
"""What is removed from the platform when a fan takes their yes back."""


def missing(connection: Connection, draft: Draft, now: datetime) -> bool:
    """True if a yes that the draft needs is not there, or counts no more."""
    needed = consents.needed_by(connection, draft.id)
    return len(needed) < NEEDED.get(draft.purpose, 0) or not all(consent.counts(now) for consent in needed)


def names(connection: Connection, consent: Consent) -> dict[str, str]:
    """The names that a fan may want beside their work: the one they gave us, and the one that the platform shows."""
    person = people.of(connection, consent.platform, consent.fan_id)
    post = posts.get(connection, consent.post_id) if consent.post_id else None
    found = {"own": person.call_name if person else None, "shown": post.post.author.name if post else None}
    named = {key: " ".join(name.split())[:40] for key, name in found.items() if name and name.strip()}
    return named if len(set(named.values())) == len(named) else {"own": named["own"]}


def shown(connection: Connection, consent: Consent) -> tuple[Button, ...]:
    """What the fan can press now."""
    return buttons(consent, names(connection, consent))


def save(connection: Connection, old: Consent, new: Consent, at: datetime) -> Consent:
    """Store the next state of a consent, with its event and all that follows from it. Raises `moves.Conflict` if
    somebody else was faster."""
    if not consents.save(connection, old, new):
        raise moves.Conflict
    if new.state is not old.state:
        happened = _EVENTS[new.state]
        by = {"post_id": new.post_id, "draft_id": new.draft_id}
        events.append(connection, happened, at, **by, kind=str(new.kind), consent=new.id)
    if old.state is State.YES and new.state is not State.YES:
        _end(connection, new, at)
    return new


_EVENTS = {
    State.ASKED: Happened.CONSENT_ASKED,
    State.YES: Happened.CONSENT_GIVEN,
    State.NO: Happened.CONSENT_REFUSED,
    State.WITHDRAWN: Happened.CONSENT_WITHDRAWN,
    State.OVER: Happened.CONSENT_OVER,
}


def due(connection: Connection, at: datetime) -> list[Consent]:
    """What is over: yeses whose time is up, questions that nobody answered or that were never sent."""
    found = consents.run_out(connection, at - ANSWERED_WITHIN)
    unsent = consents.never_asked(connection, at - SKIPPED_FOR)
    return [*(consent for consent in found if consent.state is State.ASKED or not consent.counts(at)), *unsent]


def tidy(connection: Connection, at: datetime) -> None:
    """End what is over."""
    for consent in due(connection, at):
        save(connection, consent, replace(consent, state=State.OVER, ended_at=at, work=None), at)


def _end(connection: Connection, consent: Consent, at: datetime) -> None:
    """A yes has ended: nothing that needs it goes out, and what shows the fan's work is taken down."""
    for draft_id in consents.drafts_needing(connection, consent.id):
        draft = drafts.get(connection, draft_id)
        if draft:
            end_draft(connection, draft, at)


def end_draft(connection: Connection, draft: Draft, at: datetime) -> None:
    """A yes that the draft needs has ended. What is in flight is taken down when it has arrived, see `take_down`."""
    if moves.end(connection, draft, Cause.CONSENT_ENDED, at):
        return
    if draft.state is DraftState.APPROVED and draft.purpose in TAKEN_DOWN:
        take_down(connection, draft, at)


def take_down(connection: Connection, draft: Draft, at: datetime) -> None:
    """Remove what was sent for a draft. No manager has to agree: it is the fan's to take back."""
    of_draft = deliveries.of_draft(connection, draft.id)
    sent = next((d for d in of_draft if d.kind == "send" and d.state is DeliveryState.SENT), None)
    going = any(d.kind == "remove" and d.state in _UNDER_WAY for d in of_draft)
    if sent is None or going:
        return
    sealed = seal("", sent.target)
    decision = Decision(
        id=new_id(),
        draft_id=draft.id,
        revision=draft.revision,
        action=Action.REMOVE,
        by=BY_FAN,
        at=at,
        seal=sealed,
    )
    drafts.decide(connection, decision)
    delivery_id = new_id()
    removal = Delivery(
        id=delivery_id,
        reply_id=sent.id,
        kind="remove",
        draft_id=draft.id,
        post_id=draft.post_id,
        post_version=sent.post_version,
        decision_id=decision.id,
        target=sent.target,
        text=None,
        seal=sealed,
        state=DeliveryState.HELD,
        nonce=f"gr-{delivery_id}",
        due_at=at,
        approved_by=BY_FAN,
        external_id=sent.external_id,
        created_at=at,
    )
    deliveries.add(connection, removal)
    moves.append_event(connection, Happened.REPLY_HELD, removal, at)


_UNDER_WAY = (DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)


def arrived(connection: Connection, delivery: Delivery, at: datetime) -> None:
    """A message has reached its platform: a question counts as asked, and what a fan took back meanwhile is removed."""
    draft = drafts.get(connection, delivery.draft_id)
    if draft is None or delivery.kind != "send":
        return
    asked = consents.asked_by_draft(connection, draft.id) if draft.purpose is Purpose.ASK else None
    if asked and asked.asked_at is None:
        consents.save(connection, asked, replace(asked, asked_at=at, wording=delivery.text or asked.wording))
        about = {"post_id": asked.post_id, "draft_id": draft.id}
        events.append(connection, Happened.CONSENT_ASKED, at, **about, kind=str(asked.kind), consent=asked.id)
    if draft.purpose in TAKEN_DOWN and missing(connection, draft, at):
        take_down(connection, draft, at)
