"""What fans said yes and no to, and which drafts need which yes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from bot.consent import Consent, Kind, Scope, State
from bot.domain import LIVE, DeliveryState, DraftState, Purpose
from bot.store.tables import consents, deliveries, drafts, uses

_MADE = {"kind", "state", "scope"}
_PLAIN = [field.name for field in fields(Consent) if field.name not in _MADE]


def add(connection: Connection, consent: Consent) -> None:
    """Store a question, before it is asked."""
    connection.execute(insert(consents), asdict(consent))


def save(connection: Connection, old: Consent, new: Consent) -> bool:
    """Replace `old` by `new`. False if somebody else was faster."""
    steps = (consents.c.scope.is_not_distinct_from(old.scope), consents.c.days.is_not_distinct_from(old.days))
    same = (consents.c.id == old.id, consents.c.state == old.state, *steps)
    values = {name: value for name, value in asdict(new).items() if name != "id"}
    return connection.execute(update(consents).where(*same).values(values)).rowcount == 1


def get(connection: Connection, consent_id: str) -> Consent | None:
    """One consent, or None."""
    return next(iter(_found(connection, consents.c.id == consent_id)), None)


def asked_by_draft(connection: Connection, draft_id: str) -> Consent | None:
    """The consent for which a draft asks, or None."""
    return next(iter(_found(connection, consents.c.draft_id == draft_id)), None)


def of_fan(connection: Connection, platform: str, fan_id: str) -> list[Consent]:
    """Everything a fan was asked, oldest first."""
    return _found(connection, consents.c.platform == platform, consents.c.fan_id == fan_id)


def of_post(connection: Connection, post_id: str, kind: Kind | None = None) -> list[Consent]:
    """What was asked about a post, oldest first."""
    return _found(connection, consents.c.post_id == post_id, *([consents.c.kind == kind] if kind else []))


def asked_about(connection: Connection, post_ids: Collection[str]) -> set[str]:
    """The posts of these whose authors were asked for the stage, or to keep their answer, whatever they said."""
    of_post = consents.c.kind.in_((Kind.STAGE, Kind.ANSWER))
    query = select(consents.c.post_id).where(consents.c.post_id.in_(list(post_ids)), of_post)
    return {post_id for post_id in connection.execute(query).scalars() if post_id}


def given(connection: Connection, kind: Kind) -> list[Consent]:
    """Every yes of a kind that was not taken back, oldest first. Whether its time is up is for `Consent.counts`."""
    return _found(connection, consents.c.state == State.YES, consents.c.kind == kind)


def memory_of(connection: Connection, platform: str, fan_id: str) -> Consent | None:
    """The yes to being remembered that counts for an account, or None."""
    asked = (consents.c.platform == platform, consents.c.fan_id == fan_id, consents.c.kind == Kind.MEMORY)
    return next(iter(_found(connection, *asked, consents.c.state == State.YES)), None)


def on_stage(connection: Connection) -> list[tuple[Consent, datetime]]:
    """Every yes for the stage of which something stands on a platform, with the time since when, oldest first. Whether
    its time is up is for `Consent.counts`."""
    since = func.min(deliveries.c.sent_at, type_=deliveries.c.sent_at.type).label("since")
    shown = and_(deliveries.c.kind == "send", deliveries.c.state == DeliveryState.SENT)
    query = (
        select(uses.c.consent_id, since)
        .join(drafts, and_(drafts.c.id == uses.c.draft_id, drafts.c.purpose == Purpose.STAGE))
        .join(deliveries, and_(deliveries.c.draft_id == drafts.c.id, shown))
        .group_by(uses.c.consent_id)
    )
    times = {row.consent_id: row.since for row in connection.execute(query)}
    found = [(consent, times[consent.id]) for consent in given(connection, Kind.STAGE) if consent.id in times]
    return sorted(found, key=lambda one: one[1])


def run_out(connection: Connection, asked_before: datetime) -> list[Consent]:
    """Every yes that may have run out by itself, and questions from before `asked_before` without an answer."""
    limited = (consents.c.state == State.YES) & (consents.c.days > 0)
    unanswered = (consents.c.state == State.ASKED) & (consents.c.created_at < asked_before)
    return _found(connection, or_(limited, unanswered))


def never_asked(connection: Connection, decided_before: datetime) -> list[Consent]:
    """Questions that never reached the fan, because their drafts ended before a moment."""
    over = and_(drafts.c.decided_at < decided_before, drafts.c.state.not_in((*LIVE, DraftState.APPROVED)))
    ended = select(drafts.c.id).where(drafts.c.purpose == Purpose.ASK, over)
    return _found(
        connection, consents.c.state == State.ASKED, consents.c.asked_at.is_(None), consents.c.draft_id.in_(ended)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which consents are asked for. None leaves nothing out."""

    kind: Kind | None = None
    state: State | None = None
    fan: tuple[str, str] | None = None
    """Platform and id."""


def log(connection: Connection, limit: int, only: Filter, after: str = "") -> list[Consent]:
    """Those asked for, newest first; the ones that follow the consent with the id `after`."""
    query = select(consents).order_by(consents.c.created_at.desc(), consents.c.id.desc()).limit(limit)
    if only.kind:
        query = query.where(consents.c.kind == only.kind)
    if only.state:
        query = query.where(consents.c.state == only.state)
    if only.fan:
        query = query.where(consents.c.platform == only.fan[0], consents.c.fan_id == only.fan[1])
    last = get(connection, after) if after else None
    if last:
        older, same = consents.c.created_at < last.created_at, consents.c.created_at == last.created_at
        query = query.where(or_(older, and_(same, consents.c.id < last.id)))
    return [from_row(row) for row in connection.execute(query).mappings()]


def open_questions(connection: Connection) -> list[Consent]:
    """What fans were asked and have not answered, the newest question last."""
    return _found(connection, consents.c.state == State.ASKED, consents.c.asked_at.is_not(None))


def needs(connection: Connection, draft_id: str, consent_ids: Collection[str]) -> None:
    """Note that a draft must not go out without these yeses."""
    for consent_id in consent_ids:
        connection.execute(insert(uses), {"draft_id": draft_id, "consent_id": consent_id})


def needed_by(connection: Connection, draft_id: str) -> list[Consent]:
    """The consents without which a draft must not go out."""
    return _found(connection, consents.c.id.in_(select(uses.c.consent_id).where(uses.c.draft_id == draft_id)))


def drafts_needing(connection: Connection, consent_id: str) -> list[str]:
    """The ids of the drafts that need a consent."""
    return list(connection.execute(select(uses.c.draft_id).where(uses.c.consent_id == consent_id)).scalars())


def forget(connection: Connection, platform: str, fan_id: str) -> None:
    """Delete everything a fan was asked."""
    theirs = (consents.c.platform == platform, consents.c.fan_id == fan_id)
    connection.execute(delete(uses).where(uses.c.consent_id.in_(select(consents.c.id).where(*theirs))))
    connection.execute(delete(consents).where(*theirs))


def _found(connection: Connection, *where: ColumnElement[bool]) -> list[Consent]:
    query = select(consents).where(*where).order_by(consents.c.created_at, consents.c.id)
    return [from_row(row) for row in connection.execute(query).mappings()]


def from_row(row: RowMapping) -> Consent:
    """A row as a Consent."""
    return Consent(
        **{name: row[name] for name in _PLAIN},
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        scope=Scope(row["scope"]) if row["scope"] else None,
    )
