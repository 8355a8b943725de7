"""Which yes of a fan a draft needs, and what happens when a yes ends. Plain functions of a connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.consent import Button, Consent, Honour, Kind, State, buttons
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
from bot.queue import memory, moves
from bot.store import Connection, consents, deliveries, drafts, events, fans, people, posts
from bot.store.ids import new_id
from responders.types import Credit

NEEDED = {Purpose.STAGE: 1, Purpose.INTRODUCTION: 2}
"""How many yeses a draft needs at least, by what it is for."""
ANSWERED_WITHIN = timedelta(days=30)
"""A question without an answer is over after that."""
SKIPPED_FOR = timedelta(hours=1)
"""A question that a manager skipped is over after that; until then the skip may be taken back."""
OF_WORK = frozenset({Kind.ANSWER, Kind.STAGE})
"""What a yes about a post's own words is for."""
TAKEN_DOWN = frozenset({Purpose.STAGE, Purpose.INTRODUCTION})
"""What is removed from the platform when a fan takes their yes back."""


def missing(connection: Connection, draft: Draft, now: datetime) -> bool:
    """True if a yes that the draft needs is not there, or counts no more."""
    needed = consents.needed_by(connection, draft.id)
    return len(needed) < NEEDED.get(draft.purpose, 0) or not all(consent.counts(now) for consent in needed)


def credits(connection: Connection, now: datetime) -> dict[str, Credit]:
    """Whose answers may be passed on now, by the id of the consent, and how each is named."""
    given = (consent for consent in consents.given(connection, Kind.ANSWER) if consent.counts(now))
    return {one.id: Credit(name=one.credit or "", link=one.link or "", incentive=one.incentive or "") for one in given}


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


def post_deleted(connection: Connection, post_id: str, at: datetime) -> None:
    """A fan deleted a post: with it they take back what it may be shown or passed on for."""
    for consent in consents.of_post(connection, post_id):
        if consent.kind in OF_WORK and consent.state in _DELETED:
            save(connection, consent, replace(consent, state=_DELETED[consent.state], ended_at=at, work=None), at)


_DELETED = {State.ASKED: State.OVER, State.YES: State.WITHDRAWN}


def _end(connection: Connection, consent: Consent, at: datetime) -> None:
    """A yes has ended: nothing that needs it goes out, and what shows the fan's work is taken down."""
    for draft_id in consents.drafts_needing(connection, consent.id):
        draft = drafts.get(connection, draft_id)
        if draft:
            end_draft(connection, draft, at)
    if consent.kind is Kind.STAGE and consent.post_id:
        people.drop_honour(connection, Honour.ON_STAGE, consent.post_id)
    if consent.kind is Kind.MEMORY:
        _forget(connection, consent, at)


def _forget(connection: Connection, consent: Consent, at: datetime) -> None:
    """The yes to being remembered has ended on one account: it ends on all that the fan linked, and our copies of what
    was said from it lose their words."""
    fans.drop_words_of(connection, consents.drafts_needing(connection, consent.id))
    for account in memory.end(connection, consent.platform, consent.fan_id, at):
        other = consents.memory_of(connection, *account)
        if other:
            save(connection, other, replace(other, state=State.WITHDRAWN, ended_at=at), at)


def memory_changed(connection: Connection, accounts: Iterable[tuple[str, str]], at: datetime) -> None:
    """A fan changed what we remember: what waits may say the old, so it ends. What is in flight and comes back is too
    old to be tried again."""
    for account in accounts:
        yes = consents.memory_of(connection, *account)
        for draft_id in consents.drafts_needing(connection, yes.id) if yes else ():
            draft = drafts.get(connection, draft_id)
            newest = next(iter(deliveries.of_draft(connection, draft_id)), None)
            if draft and newest and newest.state in _IN_FLIGHT:
                moves.save(connection, draft, replace(draft, expires_at=at))
            elif draft:
                end_draft(connection, draft, at)
    events.append(connection, Happened.MEMORY_CHANGED, at)


def end_draft(connection: Connection, draft: Draft, at: datetime) -> None:
    """A yes that the draft needs has ended. What is in flight is taken down when it has arrived, see `take_down`. A
    reply is drafted anew without it."""
    if moves.end(connection, draft, Cause.CONSENT_ENDED, at):
        if draft.purpose is Purpose.REPLY:
            judge_again(connection, draft.post_id, at)
        return
    if draft.state is DraftState.APPROVED and draft.purpose in TAKEN_DOWN:
        take_down(connection, draft, at)


def judge_again(connection: Connection, post_id: str, at: datetime) -> None:
    """Let a post be judged again, as the intent that a manager chose. The words of a post that is gone are not."""
    post = posts.get(connection, post_id)
    if post and post.kept and not post.deleted:
        posts.reopen(connection, post.id, at, forced_intent=post.forced_intent)


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


_IN_FLIGHT = (DeliveryState.SENDING, DeliveryState.UNCERTAIN)
_UNDER_WAY = (DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)


def arrived(connection: Connection, delivery: Delivery, at: datetime) -> None:
    """A message has reached its platform: a question counts as asked, what a fan took back meanwhile is removed, and a
    helper who asked to be remembered can see that they helped."""
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
    elif draft.purpose is Purpose.STAGE:
        _note_stage(connection, draft, at)
    if draft.purpose is Purpose.CREDIT:
        _note_help(connection, draft, at)


def _note_stage(connection: Connection, draft: Draft, at: datetime) -> None:
    for consent in consents.needed_by(connection, draft.id):
        person = people.of(connection, consent.platform, consent.fan_id)
        if person:
            people.honour(connection, person.id, Honour.ON_STAGE, draft.post_id, at)


def _note_help(connection: Connection, draft: Draft, at: datetime) -> None:
    post = posts.get(connection, draft.post_id)
    helper = people.of(connection, post.post.platform, post.post.author.id) if post else None
    if helper:
        people.honour(connection, helper.id, Honour.HELPED, draft.post_id, at)
