"""Updates drafts when a fact of the operators changes or runs out. Plain functions of a connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime

from bot.domain import Cause, Draft, DraftState, Purpose
from bot.events import Happened
from bot.queue import moves
from bot.store import Connection, drafts, events, posts
from responders.library.model import Fact

Facts = Mapping[str, Fact]
"""The facts in use, by name."""


def outdated(draft: Draft, facts: Facts, day: date) -> tuple[str, ...]:
    """The names of its facts that have changed, or may not be said on that day.

    Of an approved draft only the text counts; of one that waits also the alternatives.
    """
    taken = draft.facts if draft.state is DraftState.APPROVED else draft.all_facts
    return tuple(name for name, said in taken.items() if not _holds(facts.get(name), said, day))


def _holds(fact: Fact | None, said: str, day: date) -> bool:
    return fact is not None and fact.holds(day) and said in fact.values


def due(connection: Connection, facts: Facts, day: date) -> list[tuple[Draft, tuple[str, ...]]]:
    """Drafts that wait, or are approved and not in flight yet, with their facts that have changed."""
    taking = [
        draft_id
        for draft_id, taken in drafts.taking_facts(connection)
        if any(not _holds(facts.get(name), said, day) for name, said in taken.items())
    ]
    found = [draft for draft_id in taking if (draft := drafts.get(connection, draft_id))]
    return [(draft, names) for draft in found if (names := outdated(draft, facts, day))]


def follow(connection: Connection, draft: Draft, names: Collection[str], at: datetime) -> None:
    """Keep an old fact from going out: take back a yes whose reply is not in flight yet, and renew the draft."""
    if draft.state is not DraftState.APPROVED or moves.recall(connection, draft, at, Cause.FACT_CHANGED):
        renew(connection, draft, names, at)


def renew(connection: Connection, draft: Draft, names: Collection[str], at: datetime) -> None:
    """Draft again from the post. A manager's words stay, with a remark. The draft must have no reply in flight."""
    post = posts.get(connection, draft.post_id)
    if draft.typed_by_hand:
        _remark(connection, draft, names, at)
    elif post and post.kept and moves.close(connection, draft, Cause.FACT_CHANGED, at):
        posts.reopen(connection, post.id, at, forced_intent=post.forced_intent)


def _remark(connection: Connection, draft: Draft, names: Collection[str], at: datetime) -> None:
    waiting = moves.taken_back(draft) if draft.state is DraftState.APPROVED else draft
    new = replace(
        waiting,
        revision=draft.revision + 1,
        why=f"{changed(names)} since these words were written. {draft.why}",
        facts={name: said for name, said in draft.facts.items() if name not in names},
        alternatives=tuple(other for other in draft.alternatives if not other.facts.keys() & set(names)),
    )
    moves.save(connection, draft, new)
    events.append(
        connection,
        Happened.DRAFT_OUTDATED,
        at,
        post_id=draft.post_id,
        draft_id=draft.id,
        facts=sorted(names),
        revision=new.revision,
    )


def replaced(connection: Connection, post_id: str) -> Draft | None:
    """The last reply to a post if it ended because a fact changed, or because a fan took back a yes that it needs; else
    None."""
    last = drafts.latest(connection, post_id)
    ended = last is not None and last.cause in (Cause.FACT_CHANGED, Cause.CONSENT_ENDED)
    return last if last and ended and last.purpose is Purpose.REPLY else None


def in_its_place(connection: Connection, new: Draft, facts: Facts) -> Draft:
    """The new draft with the place of the one that it replaces: it has waited as long, and says why it is new."""
    old = replaced(connection, new.post_id)
    if old is None:
        return new
    what = "The yes was taken back and this is drafted anew" if old.decided_by else "Drafted anew"
    names = outdated(old, facts, new.created_at.date())
    why = changed(names).lower() if names else _NO_YES if old.cause == Cause.CONSENT_ENDED else ""
    return replace(
        new,
        why=f"{what}: {why}. {new.why}" if why else new.why,
        waiting_since=old.waiting_since,
        reminded_at=old.reminded_at,
        assigned_to=old.assigned_to,
        expires_at=(moves.wake(old, new.created_at).expires_at or new.expires_at) if new.expires_at else None,
    )


_NO_YES = "a fan took back the yes that it needs"


def changed(names: Collection[str]) -> str:
    """The beginning of a sentence: "The fact NAME has changed"."""
    listed = ", ".join(sorted(names))
    return f"The fact {listed} has changed" if len(names) == 1 else f"The facts {listed} have changed"
