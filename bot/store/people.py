"""Fans who asked to be remembered: their name, what they want known, their accounts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from bot.consent import Honour, Person
from bot.store.ids import new_id
from bot.store.posts import insert_ignore
from bot.store.tables import fans, honours, link_codes, people, things


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """Something of a person that helped somebody or was on stage."""

    kind: Honour
    post_id: str | None
    at: datetime


def of(connection: Connection, platform: str, fan_id: str) -> Person | None:
    """The person behind an account; None if they did not ask to be remembered."""
    here = (fans.c.platform == platform, fans.c.fan_id == fan_id)
    person_id = connection.execute(select(fans.c.person_id).where(*here)).scalar()
    return get(connection, person_id) if person_id else None


def get(connection: Connection, person_id: str) -> Person | None:
    """One person, or None."""
    row = connection.execute(select(people).where(people.c.id == person_id)).first()
    if row is None:
        return None
    said = select(things.c.text).where(things.c.person_id == person_id).order_by(things.c.at, things.c.id)
    accounts = select(fans.c.platform, fans.c.fan_id).where(fans.c.person_id == person_id)
    return Person(
        id=row.id,
        since=row.since,
        call_name=row.call_name,
        things=tuple(connection.execute(said).scalars()),
        accounts=tuple((a.platform, a.fan_id) for a in connection.execute(accounts.order_by(fans.c.platform))),
    )


def everybody(connection: Connection) -> list[Person]:
    """All of them, in no order that says anything."""
    found = (get(connection, person_id) for person_id in connection.execute(select(people.c.id)).scalars().all())
    return [person for person in found if person]


def remember(connection: Connection, platform: str, fan_id: str, at: datetime) -> str:
    """Begin to remember a fan. Returns the person's id; the old one if they are remembered already."""
    known = of(connection, platform, fan_id)
    if known:
        return known.id
    person_id = new_id()
    connection.execute(insert(people), {"id": person_id, "since": at})
    attach(connection, platform, fan_id, person_id)
    return person_id


def attach(connection: Connection, platform: str, fan_id: str, person_id: str) -> None:
    """An account belongs to a person."""
    connection.execute(insert_ignore(connection, fans), {"platform": platform, "fan_id": fan_id})
    here = (fans.c.platform == platform, fans.c.fan_id == fan_id)
    connection.execute(update(fans).where(*here).values(person_id=person_id))


def call(connection: Connection, person_id: str, name: str | None) -> None:
    """How the person wants to be called."""
    connection.execute(update(people).where(people.c.id == person_id).values(call_name=name))


def add_thing(connection: Connection, person_id: str, text: str, at: datetime, most: int) -> bool:
    """Something the person wants known. False if they have said as many things already."""
    here = things.c.person_id == person_id
    if connection.execute(select(func.count()).select_from(things).where(here)).scalar_one() >= most:
        return False
    connection.execute(insert(things), {"id": new_id(), "person_id": person_id, "text": text, "at": at})
    return True


def things_of(connection: Connection, person_id: str) -> dict[str, str]:
    """What the person wants known: our id of it -> their words, in their order."""
    query = select(things.c.id, things.c.text).where(things.c.person_id == person_id)
    return {row.id: row.text for row in connection.execute(query.order_by(things.c.at, things.c.id))}


def drop_thing(connection: Connection, person_id: str, thing_id: str) -> bool:
    """Forget a thing. False if the person has none with this id."""
    theirs = (things.c.person_id == person_id, things.c.id == thing_id)
    return connection.execute(delete(things).where(*theirs)).rowcount == 1


def honour(connection: Connection, person_id: str, kind: str, post_id: str | None, at: datetime) -> None:
    """Note what of theirs was on stage or helped somebody, for them to see. A post is noted once."""
    same = (honours.c.person_id == person_id, honours.c.kind == kind, honours.c.post_id == post_id)
    if post_id and connection.execute(select(honours.c.id).where(*same)).first():
        return
    row = {"id": new_id(), "person_id": person_id, "kind": kind, "post_id": post_id, "at": at}
    connection.execute(insert(honours), row)


def drop_honour(connection: Connection, kind: str, post_id: str) -> None:
    """Take back what was noted of a post."""
    connection.execute(delete(honours).where(honours.c.kind == kind, honours.c.post_id == post_id))


def honours_of(connection: Connection, person_id: str) -> list[Noted]:
    """What was noted of the person, oldest first."""
    query = select(honours).where(honours.c.person_id == person_id).order_by(honours.c.at)
    return [Noted(kind=Honour(row.kind), post_id=row.post_id, at=row.at) for row in connection.execute(query)]


def merge(connection: Connection, person_id: str, other_id: str, most: int) -> list[str]:
    """Two people are one: `person_id` gets the accounts, honours and things of the other, and the name where it has
    none. It keeps at most `most` things; returns those that found no room."""
    kept, other = get(connection, person_id), get(connection, other_id)
    if kept is None or other is None or kept.id == other.id:
        return []
    room, known = most - len(kept.things), {thing.casefold() for thing in kept.things}
    left_out: list[str] = []
    for thing_id, text in things_of(connection, other_id).items():
        if text.casefold() in known or room <= 0:
            left_out += [] if text.casefold() in known else [text]
            drop_thing(connection, other_id, thing_id)
        else:
            room -= 1
    for table in (things, honours, fans):
        connection.execute(update(table).where(table.c.person_id == other_id).values(person_id=person_id))
    values = {"since": min(kept.since, other.since), "call_name": kept.call_name or other.call_name}
    connection.execute(update(people).where(people.c.id == person_id).values(values))
    forget(connection, other_id)
    return left_out


def remembered(connection: Connection, accounts: Collection[tuple[str, str]]) -> dict[tuple[str, str], Person]:
    """The people behind those of these accounts that asked to be remembered."""
    mine = tuple_(fans.c.platform, fans.c.fan_id).in_(list(accounts))
    query = select(fans.c.platform, fans.c.fan_id, fans.c.person_id).where(mine, fans.c.person_id.is_not(None))
    found = {(row.platform, row.fan_id): get(connection, row.person_id) for row in connection.execute(query).all()}
    return {account: person for account, person in found.items() if person}


def forget(connection: Connection, person_id: str) -> list[tuple[str, str]]:
    """Delete a person and all that was remembered. Returns the accounts that were theirs."""
    theirs = select(fans.c.platform, fans.c.fan_id).where(fans.c.person_id == person_id)
    accounts = [(row.platform, row.fan_id) for row in connection.execute(theirs)]
    connection.execute(update(fans).where(fans.c.person_id == person_id).values(person_id=None))
    for table in (things, honours, link_codes):
        connection.execute(delete(table).where(table.c.person_id == person_id))
    connection.execute(delete(people).where(people.c.id == person_id))
    kept = ("opted_out_at", "forgetting_since", "person_id", "assistant_declined_at")
    nothing = [fans.c[name].is_(None) for name in kept]
    for platform, fan_id in accounts:
        connection.execute(delete(fans).where(fans.c.platform == platform, fans.c.fan_id == fan_id, *nothing))
    return accounts


def offer_link(connection: Connection, person_id: str, code_hash: str, until: datetime) -> None:
    """A code with which the person links another account. It takes the place of an older one."""
    connection.execute(delete(link_codes).where(link_codes.c.person_id == person_id))
    connection.execute(insert(link_codes), {"code_hash": code_hash, "person_id": person_id, "until": until})


def take_link(connection: Connection, code_hash: str, now: datetime) -> str | None:
    """Use up a code; the person's id, or None for one that is unknown or too old."""
    query = select(link_codes.c.person_id, link_codes.c.until).where(link_codes.c.code_hash == code_hash)
    row = connection.execute(query).first()
    connection.execute(delete(link_codes).where((link_codes.c.code_hash == code_hash) | (link_codes.c.until <= now)))
    return row.person_id if row and now < row.until else None


def drop_links(connection: Connection, now: datetime) -> None:
    """Delete the codes whose time is up."""
    connection.execute(delete(link_codes).where(link_codes.c.until <= now))
