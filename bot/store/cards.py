"""Where each card is, and what it shows, for each surface."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, text, update

from bot.domain import Draft, DraftState
from bot.store import cursors
from bot.store.drafts import from_row
from bot.store.posts import insert_ignore
from bot.store.tables import cards, drafts, role_holders

NOTES = "surface:{}"
"""The cursors of this platform are the notes of a surface: how far it has read the events, where its digest is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One card on one surface."""

    draft_id: str
    message_id: str
    revision: int
    state: str
    """The state of the draft when it was shown."""
    face: str
    """A fingerprint of all that it shows; empty if it must be shown again in any case."""
    settled: bool
    """True once it changes no more by itself."""


def get(connection: Connection, surface: str, draft_id: str) -> Shown | None:
    """The card of a draft, or None."""
    row = connection.execute(select(cards).where(_key(surface, draft_id))).first()
    if row is None:
        return None
    return Shown(
        draft_id=row.draft_id,
        message_id=row.message_id,
        revision=row.shown_revision,
        state=row.shown_state,
        face=row.face,
        settled=row.settled,
    )


def at(connection: Connection, surface: str, message_id: str) -> Shown | None:
    """The card of a message, or None."""
    query = select(cards.c.draft_id).where(cards.c.surface == surface, cards.c.message_id == message_id)
    draft_id = connection.execute(query).scalar()
    return get(connection, surface, draft_id) if draft_id else None


def keep(connection: Connection, surface: str, shown: Shown) -> None:
    """Store what a card shows now."""
    values = {
        "message_id": shown.message_id,
        "shown_revision": shown.revision,
        "shown_state": shown.state,
        "face": shown.face,
        "settled": shown.settled,
    }
    key = {"draft_id": shown.draft_id, "surface": surface}
    connection.execute(insert_ignore(connection, cards), {**key, **values})
    connection.execute(update(cards).where(_key(surface, shown.draft_id)).values(values))


def drop(connection: Connection, surface: str, draft_id: str) -> None:
    """Drop a card that is no longer there."""
    connection.execute(delete(cards).where(_key(surface, draft_id)))


def drop_all(connection: Connection, surface: str) -> None:
    """Drop all cards of a surface that can no longer be reached."""
    connection.execute(delete(cards).where(cards.c.surface == surface))


def unsettled(connection: Connection, surface: str) -> list[str]:
    """The ids of the drafts whose cards may still change."""
    query = select(cards.c.draft_id).where(cards.c.surface == surface, text("NOT settled"))
    return list(connection.execute(query).scalars())


def cardless(connection: Connection, surface: str, limit: int, beside: Collection[str]) -> list[Draft]:
    """Waiting drafts without a card, urgent first, then oldest. Those in `beside` are left out."""
    query = (
        select(drafts)
        .outerjoin(cards, and_(cards.c.draft_id == drafts.c.id, cards.c.surface == surface))
        .where(drafts.c.state == DraftState.WAITING, cards.c.draft_id.is_(None), drafts.c.id.not_in(list(beside)))
        .order_by(drafts.c.priority.desc(), drafts.c.waiting_since, drafts.c.id)
        .limit(limit)
    )
    return [from_row(row) for row in connection.execute(query).mappings()]


def count_open(connection: Connection, surface: str) -> int:
    """How many cards show a draft that waits."""
    query = (
        select(func.count())
        .select_from(cards.join(drafts, cards.c.draft_id == drafts.c.id))
        .where(cards.c.surface == surface, drafts.c.state == DraftState.WAITING, text("NOT settled"))
    )
    return connection.execute(query).scalar_one()


def notes(connection: Connection, surface: str) -> dict[str, str]:
    """The notes of a surface."""
    return cursors.load(connection, NOTES.format(surface))


def note(connection: Connection, surface: str, at: datetime, **values: str) -> None:
    """Store notes of a surface."""
    cursors.save(connection, NOTES.format(surface), values, at)


def forget_notes(connection: Connection, surface: str, prefix: str, before: datetime | None = None) -> None:
    """Drop notes with this prefix; with `before`, only those stored earlier."""
    cursors.forget(connection, NOTES.format(surface), prefix, before)


def role_holder_names(connection: Connection) -> dict[str, str]:
    """Key -> display name of managers by role."""
    return {row.key: row.name for row in connection.execute(select(role_holders))}


def name_role_holder(connection: Connection, key: str, name: str) -> None:
    """Store the display name of a manager by role."""
    connection.execute(insert_ignore(connection, role_holders), {"key": key, "name": name})
    connection.execute(update(role_holders).where(role_holders.c.key == key).values(name=name))


def _key(surface: str, draft_id: str) -> ColumnElement[bool]:
    return and_(cards.c.surface == surface, cards.c.draft_id == draft_id)
