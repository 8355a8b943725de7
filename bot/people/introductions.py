"""Two fans with the same interest are made known to each other, if both say yes. Nobody learns of the other's no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, islice
from typing import NamedTuple

from bot.consent import Consent, Kind, Person, State
from bot.domain import Cause, Purpose, StoredPost
from bot.people.wordings import say
from bot.queue import moves
from bot.queue.moves import Offer
from bot.settings import Settings
from bot.store import Connection, consents, drafts, fans, people, posts
from responders.library.model import Library

LATELY = timedelta(days=14)
"""Both wrote on the same platform within this time: there they can be asked, and meet."""
ALIKE = 0.5
"""Two things are the same if more than this share of their letters is in words that both have."""
SHOWN = 50
"""Pairs that are looked for at a time."""
WAITS = timedelta(days=7)
"""How long an introduction may wait for a manager."""
_NAME = 40
"""Characters of a name."""
_WHY = "Both said yes. A press makes them known to each other."


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of two people: the post under which they can be asked, their name there, and what they want known."""

    post: StoredPost
    name: str
    thing: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two people who may like to meet."""

    first: Side
    second: Side


def alike(one: str, other: str) -> bool:
    """True if two things that people want known are the same. Letters are counted, as a long word says more."""
    first, second = _words(one), _words(other)
    longer = max(_letters(first), _letters(second))
    return bool(longer) and _letters(first & second) > ALIKE * longer


def _letters(words: set[str]) -> int:
    return sum(map(len, words))


def _words(text: str) -> set[str]:
    return set("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())


def found(connection: Connection, now: datetime) -> list[Pair]:
    """Whom managers may ask, at most `SHOWN` pairs, in no order that says anything about people.

    Whoever is being asked about an introduction now, or was asked and did not say yes, is left out.
    """
    pairs = (_pair(connection, same, now) for same in _with_the_same(people.everybody(connection)))
    return list(islice((pair for pair in pairs if pair), SHOWN))


class _Same(NamedTuple):
    """Two people, and the thing of each that is the same."""

    one: Person
    other: Person
    thing: str
    its: str


def _with_the_same(known: list[Person]) -> Iterator[_Same]:
    by_word: defaultdict[str, list[tuple[Person, str]]] = defaultdict(list)
    for person in known:
        for thing in person.things:
            for word in _words(thing):
                by_word[word].append((person, thing))
    told: set[frozenset[str]] = set()
    for same in by_word.values():
        for (one, thing), (other, its) in combinations(same, 2):
            both = frozenset((one.id, other.id))
            if len(both) > 1 and both not in told and alike(thing, its):
                told.add(both)
                yield _Same(one, other, thing, its)


def _pair(connection: Connection, same: _Same, now: datetime) -> Pair | None:
    if not _may_meet(connection, same.one, same.other):
        return None
    for platform in sorted({name for name, _ in same.one.accounts} & {name for name, _ in same.other.accounts}):
        first = _side(connection, same.one, platform, same.thing, now)
        second = _side(connection, same.other, platform, same.its, now)
        if first and second:
            return Pair(first=first, second=second)
    return None


def _may_meet(connection: Connection, one: Person, other: Person) -> bool:
    """False if one of the two wants no answers or no introduction, is being asked now, may be a child, or met the other
    before."""
    for person in (one, other):
        if fans.has_signs_of_minor(connection, person.accounts):
            return False
        for account in person.accounts:
            if fans.get(connection, *account).opted_out_at or any(
                consent.state is not State.YES for consent in _asked(connection, *account)
            ):
                return False
    partners = (
        consents.get(connection, consent.partner)
        for account in one.accounts
        for consent in _asked(connection, *account)
        if consent.partner
    )
    return not any(partner and (partner.platform, partner.fan_id) in other.accounts for partner in partners)


def _asked(connection: Connection, platform: str, fan_id: str) -> list[Consent]:
    return [consent for consent in consents.of_fan(connection, platform, fan_id) if consent.kind is Kind.INTRODUCTION]


def _side(connection: Connection, person: Person, platform: str, thing: str, now: datetime) -> Side | None:
    """A person with their newest post on a platform, if they wrote lately and no gate holds it."""
    own = (fan_id for name, fan_id in person.accounts if name == platform)
    written = [post for fan_id in own if (post := posts.newest_of(connection, platform, fan_id, now - LATELY))]
    newest = max(written, key=lambda post: post.post.at, default=None)
    if newest is None or (newest.understanding or {}).get("risk"):
        return None
    return Side(post=newest, name=_name(person, newest), thing=thing)


def _name(person: Person | None, post: StoredPost) -> str:
    """The name that somebody chose, else the one that the platform shows."""
    return " ".join(((person and person.call_name) or post.post.author.name).split())[:_NAME]


def offer(connection: Connection, consent: Consent, library: Library, settings: Settings, at: datetime) -> None:
    """Once both have said yes, one message that names them waits at the desk, as an answer to the one asked first."""
    partner = consents.get(connection, consent.partner) if consent.partner else None
    if partner is None or not partner.counts(at):
        return
    both = sorted((consent, partner), key=lambda one: (one.created_at, one.id))
    sides = [side for one in both if (side := _said_yes(connection, one, at))]
    if len(sides) < len(both):
        return  # one of them has nothing here any more that can be answered
    first, second = sides
    slots = {"first": first.name, "second": second.name, "thing": first.thing}
    wordings = say(connection, library, "introduction", first.post, slots)
    if not wordings:
        return
    message = Offer(purpose=Purpose.INTRODUCTION, wordings=wordings, why=_WHY, waits=WAITS)
    draft = moves.offer(connection, first.post, message, at)
    consents.needs(connection, draft.id, [one.id for one in both])


def _said_yes(connection: Connection, consent: Consent, at: datetime) -> Side | None:
    """Whoever said yes, with the post under which they were asked; if that is gone, with their newest one."""
    asked = posts.get(connection, consent.post_id) if consent.post_id else None
    newest = posts.newest_of(connection, consent.platform, consent.fan_id, at - LATELY)
    stands = (post for post in (asked, newest) if post and post.kept and not post.deleted)
    post = next(stands, None)
    if post is None:
        return None
    name = _name(people.of(connection, consent.platform, consent.fan_id), post)
    return Side(post=post, name=name, thing=consent.work or "") if name else None


def refused(connection: Connection, consent: Consent, at: datetime) -> None:
    """One said no: the other, if not asked yet, is not asked any more. Whoever was asked hears nothing of it."""
    partner = consents.get(connection, consent.partner) if consent.partner else None
    if partner is None or partner.asked_at or partner.draft_id is None:
        return
    question = drafts.get(connection, partner.draft_id)
    if question:
        moves.end(connection, question, Cause.CONSENT_ENDED, at)
