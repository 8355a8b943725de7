"""Drafts and the decisions about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    union,
    union_all,
    update,
)

from bot.domain import (
    LIVE,
    Action,
    Alternative,
    Decision,
    DeliveryState,
    Draft,
    DraftState,
    Proposed,
    Purpose,
    StoredPost,
    Target,
)
from bot.store.deliveries import OPEN
from bot.store.tables import decisions, deliveries, drafts, posts
from responders.types import CheckResult, Level, MissingSlot, PastReply, ReasonCode, Recipe

_JSON = {"recipe", "typed", "alternatives", "checks", "missing", "facts", "risk", "proposed"}
_MADE = {"id", "post_id", "state", "reason_code", "purpose", "target", *_JSON}
_PLAIN = [f.name for f in fields(Draft) if f.name not in _MADE]
"""Fields that are stored as they are."""

IN_USE = (*LIVE, DraftState.APPROVED)
"""States in which a draft can still be ended, and its wording counts for freshness."""

_ADD = insert(drafts)
_GET = select(drafts).where(drafts.c.id == bindparam("draft_id"))
_LATEST = (
    select(drafts)
    .where(drafts.c.post_id == bindparam("post_id"), drafts.c.purpose == Purpose.REPLY)
    .order_by(drafts.c.created_at.desc())
    .limit(1)
)
_SAVE = update(drafts).where(
    drafts.c.id == bindparam("old_id"),
    drafts.c.revision == bindparam("old_revision"),
    drafts.c.state == bindparam("old_state"),
)
_DECIDE = insert(decisions)
_HELD = (OPEN, deliveries.c.state == DeliveryState.HELD, deliveries.c.kind == "send")
_TO_LOOK_AFTER = union_all(
    select(drafts.c.id).where(drafts.c.state.in_(LIVE)), select(deliveries.c.draft_id).where(*_HELD)
).limit(1)


def add(connection: Connection, draft: Draft, post: StoredPost, *, opener: str | None) -> None:
    """Store a new draft. `opener`: how its text begins; None without a text."""
    place = {"platform": post.post.platform, "channel": post.post.channel, "fan_id": post.post.author.id}
    first = {"first_template": draft.template, "first_variant": draft.variant}
    connection.execute(_ADD, {"id": draft.id, "post_id": draft.post_id, **place, **first, **_values(draft, opener)})


def save(connection: Connection, old: Draft, new: Draft, *, opener: str | None) -> bool:
    """Replace `old` by `new`. False if somebody else was faster."""
    same = {"old_id": old.id, "old_revision": old.revision, "old_state": old.state}
    return connection.execute(_SAVE, {**same, **_values(new, opener)}).rowcount == 1


def lay_first(connection: Connection, draft: Draft) -> None:
    """Note that the program, not a person, put the wording on a card that had none."""
    first = {"first_template": draft.template, "first_variant": draft.variant}
    connection.execute(update(drafts).where(drafts.c.id == draft.id).values(first))


def get(connection: Connection, draft_id: str) -> Draft | None:
    """One draft, or None."""
    row = connection.execute(_GET, {"draft_id": draft_id}).mappings().first()
    return from_row(row) if row else None


def latest(connection: Connection, post_id: str) -> Draft | None:
    """The newest draft of a reply to a post, or None."""
    row = connection.execute(_LATEST, {"post_id": post_id}).mappings().first()
    return from_row(row) if row else None


def variants_used(connection: Connection, template: str, limit: int = 50) -> list[str]:
    """The wordings that drafts took last from a template of any language, newest first."""
    query = select(drafts.c.variant).where(drafts.c.template.like(f"%/{template}"), drafts.c.variant.is_not(None))
    return list(connection.execute(query.order_by(drafts.c.created_at.desc()).limit(limit)).scalars())


def has_credit(connection: Connection, thread: str, fan_id: str) -> bool:
    """True if a credit for a fan was ever offered in a thread."""
    in_thread = select(posts.c.id).where(posts.c.thread == thread)
    theirs = (drafts.c.purpose == Purpose.CREDIT, drafts.c.fan_id == fan_id, drafts.c.post_id.in_(in_thread))
    return connection.execute(select(drafts.c.id).where(*theirs).limit(1)).first() is not None


def of_posts(connection: Connection, post_ids: Iterable[str], states: Iterable[DraftState]) -> list[Draft]:
    """The drafts of these posts that are in one of these states."""
    query = select(drafts).where(drafts.c.post_id.in_(list(post_ids)), drafts.c.state.in_(list(states)))
    return _all(connection, query)


def no_replies(connection: Connection) -> list[Draft]:
    """What waits for a yes and is no reply: questions, credits, the stage, introductions; the oldest first."""
    waits = and_(drafts.c.state.in_(LIVE), drafts.c.purpose != Purpose.REPLY, drafts.c.purpose != Purpose.TOLD_BACK)
    return _all(connection, select(drafts).where(waits).order_by(drafts.c.waiting_since, drafts.c.id))


def open_for(connection: Connection, platform: str, fan_id: str) -> list[Draft]:
    """The drafts for a fan that can still be ended: those that wait, and approved ones that were not sent."""
    unsent = select(deliveries.c.draft_id).where(
        deliveries.c.state.in_((DeliveryState.HELD, DeliveryState.FAILED)), deliveries.c.kind == "send"
    )
    waits = or_(drafts.c.state.in_(LIVE), and_(drafts.c.state == DraftState.APPROVED, drafts.c.id.in_(unsent)))
    return _all(connection, select(drafts).where(drafts.c.platform == platform, drafts.c.fan_id == fan_id, waits))


def page(connection: Connection, state: str, limit: int, after: str | None) -> list[Draft]:
    """Drafts in a state, urgent first, then oldest, after the draft with the id `after`."""
    query = select(drafts).where(drafts.c.state == state)
    last = get(connection, after) if after else None
    if last:
        later = and_(
            drafts.c.priority == last.priority,
            or_(
                drafts.c.waiting_since > last.waiting_since,
                and_(drafts.c.waiting_since == last.waiting_since, drafts.c.id > last.id),
            ),
        )
        query = query.where(or_(drafts.c.priority < last.priority, later))
    return _all(connection, query.order_by(drafts.c.priority.desc(), drafts.c.waiting_since, drafts.c.id).limit(limit))


def decided_lately(connection: Connection, limit: int) -> list[Draft]:
    """Drafts that are no longer live, the newest decision first."""
    over = and_(drafts.c.decided_at.is_not(None), ~drafts.c.state.in_(LIVE))
    return _all(connection, select(drafts).where(over).order_by(drafts.c.decided_at.desc()).limit(limit))


def any_to_look_after(connection: Connection) -> bool:
    """Whether there is a draft that time can change: one that waits or sleeps, or an approved one that was not sent."""
    return connection.execute(_TO_LOOK_AFTER).first() is not None


def turning_points(connection: Connection) -> list[datetime]:
    """When the next snoozed draft wakes, and when the next one is too old."""
    woken = select(func.min(drafts.c.snoozed_until)).where(drafts.c.state == DraftState.SNOOZED)
    too_old = select(func.min(drafts.c.expires_at))
    moments = [woken, too_old.where(drafts.c.state == DraftState.WAITING)]
    if unsent := _unsent(connection):
        moments.append(too_old.where(drafts.c.id.in_(unsent), drafts.c.state == DraftState.APPROVED))
    return [moment for query in moments if (moment := connection.execute(query).scalar())]


def unreminded_since(connection: Connection) -> list[datetime]:
    """Since when the oldest draft that is not urgent has waited without a reminder; empty if there is none."""
    plain = and_(drafts.c.state == DraftState.WAITING, drafts.c.reminded_at.is_(None), drafts.c.risk.is_(None))
    since = connection.execute(select(func.min(drafts.c.waiting_since)).where(plain)).scalar()
    return [since] if since else []


def wake_due(connection: Connection, now: datetime) -> list[Draft]:
    """Snoozed drafts whose time is up."""
    return _all(connection, select(drafts).where(drafts.c.state == DraftState.SNOOZED, drafts.c.snoozed_until <= now))


def expiry_due(connection: Connection, now: datetime) -> list[Draft]:
    """Drafts that are too old: those that wait, and approved ones that were not sent yet."""
    due = drafts.c.expires_at <= now
    found = _all(connection, select(drafts).where(drafts.c.state == DraftState.WAITING, due))
    if unsent := _unsent(connection):
        query = select(drafts).where(drafts.c.id.in_(unsent), drafts.c.state == DraftState.APPROVED, due)
        found += _all(connection, query)
    return found


def taking_facts(connection: Connection) -> list[tuple[str, Mapping[str, str]]]:
    """Drafts with facts (id, facts): those that wait, and approved ones that were not sent yet."""
    taking = select(drafts.c.id, drafts.c.all_facts).where(drafts.c.all_facts.is_not(None))
    found = [*connection.execute(taking.where(drafts.c.state.in_(LIVE)))]
    if unsent := _unsent(connection):
        found += connection.execute(taking.where(drafts.c.id.in_(unsent), drafts.c.state == DraftState.APPROVED))
    return [(row.id, row.all_facts) for row in found]


def _unsent(connection: Connection) -> Sequence[str]:
    """The ids of drafts whose replies are held. By id, because there are many approved drafts."""
    return connection.execute(select(deliveries.c.draft_id).where(*_HELD)).scalars().all()


def waiting_since(connection: Connection, before: datetime) -> list[Draft]:
    """Drafts that have waited since before a moment, without a reminder."""
    old = and_(drafts.c.state == DraftState.WAITING, drafts.c.waiting_since <= before, drafts.c.reminded_at.is_(None))
    return _all(connection, select(drafts).where(old))


def urgent(connection: Connection) -> list[Draft]:
    """Waiting drafts of posts that hit a gate."""
    return _all(connection, select(drafts).where(drafts.c.state == DraftState.WAITING, drafts.c.risk.is_not(None)))


def counts(connection: Connection) -> dict[str, int]:
    """How many drafts are in each state."""
    rows = connection.execute(select(drafts.c.state, func.count().label("number")).group_by(drafts.c.state))
    return {row.state: row.number for row in rows}


def _used(place: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).where(
        drafts.c.platform == bindparam("platform"),
        place,
        drafts.c.created_at > bindparam("since"),
        drafts.c.state == DraftState.APPROVED,
        ~drafts.c.follow_up,
    )


_USED_IN_CHANNEL = _used(drafts.c.channel == bindparam("channel"))
_USED_FOR_FAN = _used(drafts.c.fan_id == bindparam("fan_id"))


def used(
    connection: Connection, platform: str, since: datetime, *, channel: str | None = None, fan_id: str | None = None
) -> int:
    """How many replies count against a cap: approved or sent, but no follow-ups."""
    query = _USED_FOR_FAN if channel is None else _USED_IN_CHANNEL
    values = {"platform": platform, "since": since, "channel": channel, "fan_id": fan_id}
    return int(connection.execute(query, values).scalar_one())


def _past(place: ColumnElement[bool]) -> Select[Any]:
    names = ("id", "text", "opener", "template", "variant", "created_at", "channel", "fan_id")
    return (
        select(*(drafts.c[name] for name in names))
        .where(
            drafts.c.platform == bindparam("platform"),
            place,
            drafts.c.state.in_(IN_USE),
            or_(drafts.c.opener.is_not(None), drafts.c.template.is_not(None)),
            drafts.c.post_id != bindparam("post_id"),
        )
        .order_by(drafts.c.created_at.desc())
        .limit(bindparam("number"))
    )


_PAST_REPLIES = union(
    *(
        select(_past(place).subquery())
        for place in (drafts.c.channel == bindparam("channel"), drafts.c.fan_id == bindparam("fan_id"))
    )
)


def past_replies(connection: Connection, post: StoredPost, limit: int) -> tuple[PastReply, ...]:
    """The newest wordings in the channel, and to this fan anywhere, newest first."""
    channel, fan = post.post.channel, post.post.author.id
    values = {"platform": post.post.platform, "post_id": post.id, "number": limit, "channel": channel, "fan_id": fan}
    found = [
        PastReply(
            text=row.text,
            opener=row.opener or "",
            template=row.template,
            variant=row.variant,
            at=row.created_at,
            same_channel=row.channel == channel,
            same_fan=row.fan_id == fan,
        )
        for row in connection.execute(_PAST_REPLIES, values)
    ]
    return tuple(sorted(found, key=lambda reply: reply.at, reverse=True))


def decide(connection: Connection, decision: Decision) -> None:
    """Store a decision."""
    connection.execute(_DECIDE, asdict(decision))


def decision(connection: Connection, decision_id: str) -> Decision | None:
    """One decision, or None."""
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).mappings().first()
    return Decision(**{**row, "action": Action(row["action"])}) if row else None


def _all(connection: Connection, query: Select[Any]) -> list[Draft]:
    return [from_row(row) for row in connection.execute(query).mappings()]


def _values(draft: Draft, opener: str | None) -> dict[str, Any]:
    return {
        **{name: getattr(draft, name) for name in _PLAIN},
        "state": draft.state,
        "reason_code": draft.reason_code,
        "purpose": draft.purpose,
        "target": asdict(draft.target) if draft.target else None,
        "opener": opener,
        "text_hash": hashlib.sha256(draft.text.encode()).hexdigest() if draft.text else None,
        "recipe": draft.recipe.as_dict() if draft.recipe else None,
        "typed": dict(draft.typed) or None,
        "alternatives": [_other(a) for a in draft.alternatives] or None,
        "checks": _checks(draft.checks),
        "missing": _missing(draft.missing),
        "facts": dict(draft.facts) or None,
        "all_facts": dict(draft.all_facts) or None,
        "risk": list(draft.risk) or None,
        "proposed": asdict(draft.proposed) if draft.proposed else None,
    }


def _checks(results: Sequence[CheckResult]) -> list[dict[str, str]] | None:
    return [{"id": c.id, "level": c.level, "note": c.note} for c in results] or None


def _missing(slots: Sequence[MissingSlot]) -> list[dict[str, str]] | None:
    return [{"name": m.name, "ask": m.ask} for m in slots] or None


def _other(alternative: Alternative) -> dict[str, Any]:
    return {
        "text": alternative.text,
        "template": alternative.template,
        "variant": alternative.variant,
        "reading": alternative.reading,
        "recipe": alternative.recipe.as_dict() if alternative.recipe else None,
        "missing": _missing(alternative.missing),
        "checks": _checks(alternative.checks),
        "facts": dict(alternative.facts),
    }


def _read_checks(data: Sequence[Mapping[str, str]] | None) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(id=c["id"], level=Level(c["level"]), note=c["note"]) for c in data or ())


def _read_missing(data: Sequence[Mapping[str, str]] | None) -> tuple[MissingSlot, ...]:
    return tuple(MissingSlot(**m) for m in data or ())


def from_row(row: RowMapping) -> Draft:
    """A row as a Draft."""
    return Draft(
        **{name: row[name] for name in _PLAIN},
        id=row["id"],
        post_id=row["post_id"],
        state=DraftState(row["state"]),
        reason_code=ReasonCode(row["reason_code"]),
        purpose=Purpose(row["purpose"]),
        target=Target(**row["target"]) if row["target"] else None,
        recipe=Recipe.from_dict(row["recipe"]) if row["recipe"] else None,
        typed=row["typed"] or {},
        alternatives=tuple(
            Alternative(
                text=a["text"],
                template=a["template"],
                variant=a["variant"],
                reading=a.get("reading", ""),  # older rows have neither readings nor facts
                recipe=Recipe.from_dict(a["recipe"]) if a["recipe"] else None,
                missing=_read_missing(a["missing"]),
                checks=_read_checks(a["checks"]),
                facts=a.get("facts", {}),
            )
            for a in row["alternatives"] or ()
        ),
        checks=_read_checks(row["checks"]),
        missing=_read_missing(row["missing"]),
        facts=row["facts"] or {},
        risk=tuple(row["risk"] or ()),
        proposed=Proposed(**row["proposed"]) if row["proposed"] else None,
    )
