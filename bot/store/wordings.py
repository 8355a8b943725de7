"""What became of the wordings on cards, and where a channel stands. Each function is a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Case, Column, Connection, and_, case, func, or_, select

from bot.domain import LIVE, DraftState, Proposed, Purpose
from bot.events import Event, Happened
from bot.store import events
from bot.store.posts import from_row
from bot.store.tables import drafts, posts
from responders.types import Place

_AROUND = 20
"""Messages of a thread whose words are looked for in an edit."""


class Fate(StrEnum):
    """What became of a card."""

    AS_IT_IS = "as_it_is"
    """Yes to the wording's own words, also where a manager filled in what it asks for."""
    EDITED = "edited"
    """Yes to words that a manager wrote over it."""
    SKIPPED = "skipped"
    OPEN = "open"
    """It waits."""
    ENDED = "ended"
    """Nobody decided on its words: the post was answered, changed, given another reading or handed over, or it was
    too late."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cards:
    """Cards with a reply, of one span of time, that went the same way."""

    slot: int
    first: tuple[str, str] | None
    """Template and name of the wording that the program put on them; None where it put none."""
    last: tuple[str, str]
    """The wording that lay on them in the end. Words that a manager wrote count for the wording they were put over."""
    fate: Fate
    skip_reason: str | None
    number: int
    measured: int
    """Edited cards of which it is known how much was changed."""
    changed: float
    """The sum of their shares of changed words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The cards of a time, and what managers said of how their posts were read."""

    cards: Sequence[Cards]
    readings: Mapping[str, int]
    """How many cards were made of posts that were read so."""
    relabelled: Sequence[Event]
    """One for each post that was given another reading."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A reply that a manager wrote over a wording, while its words are kept. `around`: names and words of its thread,
    the fan's own among them."""

    draft_id: str
    template: str
    variant: str
    proposed: Proposed
    sent: str
    by: str | None
    post: str
    names: tuple[str, ...]
    around: tuple[str, ...]


def _slot(moment: Column[Any], cuts: Sequence[datetime]) -> Case[Any]:
    """The place of the last of `cuts` (oldest first) that is not after `moment`."""
    return case(*((moment >= cut, number) for number, cut in reversed(list(enumerate(cuts)))))


_YES = drafts.c.state == DraftState.APPROVED
_OVERWRITTEN = and_(drafts.c.own_words, or_(drafts.c.changed.is_(None), drafts.c.changed > 0))
_FATE = case(
    (and_(_YES, _OVERWRITTEN), Fate.EDITED),
    (_YES, Fate.AS_IT_IS),
    (drafts.c.state == DraftState.REJECTED, Fate.SKIPPED),
    (drafts.c.state.in_(LIVE), Fate.OPEN),
    else_=Fate.ENDED,
)


def cards(connection: Connection, cuts: Sequence[datetime]) -> list[Cards]:
    """What became of the replies on cards made since the first of `cuts`. Slot n begins with cut n and ends with the
    next one. Cards on which no wording lay are left out."""
    names = ("first_template", "first_variant", "template", "variant", "skip_reason")
    key = (_slot(drafts.c.created_at, cuts).label("slot"), *(drafts.c[name] for name in names), _FATE.label("fate"))
    changed = case((_FATE == Fate.EDITED, drafts.c.changed))
    query = (
        select(
            *key,
            func.count().label("number"),
            func.count(changed).label("measured"),
            func.coalesce(func.sum(changed), 0.0).label("changed"),
        )
        .where(
            drafts.c.created_at >= cuts[0],
            drafts.c.purpose == Purpose.REPLY,
            drafts.c.template.is_not(None),
            drafts.c.variant.is_not(None),
        )
        .group_by("slot", *(drafts.c[name] for name in names), "fate")
    )
    return [
        Cards(
            slot=row.slot,
            first=(row.first_template, row.first_variant) if row.first_template else None,
            last=(row.template, row.variant),
            fate=Fate(row.fate),
            skip_reason=row.skip_reason,
            number=row.number,
            measured=row.measured,
            changed=row.changed,
        )
        for row in connection.execute(query)
    ]


def counted(connection: Connection, cuts: Sequence[datetime]) -> Counted:
    """Everything since the first of `cuts`, see `cards`."""
    return Counted(
        cards=cards(connection, cuts),
        readings=_readings(connection, cuts[0]),
        relabelled=events.named(connection, Happened.DRAFT_RELABELLED, cuts[0]),
    )


def _readings(connection: Connection, since: datetime) -> dict[str, int]:
    """How many cards with a reply were made since a moment, by how the post was read."""
    query = (
        select(drafts.c.intent, func.count().label("number"))
        .where(drafts.c.created_at >= since, drafts.c.purpose == Purpose.REPLY, drafts.c.intent.is_not(None))
        .group_by(drafts.c.intent)
    )
    return {row.intent: row.number for row in connection.execute(query)}


def edits(connection: Connection, since: datetime) -> list[Edit]:
    """The edited replies on cards made since a moment, while their words are kept, the oldest first."""
    query = (
        select(drafts, posts.c.text.label("post_text"), posts.c.quote, posts.c.author_name, posts.c.thread)
        .join(posts, posts.c.id == drafts.c.post_id)
        .where(
            drafts.c.created_at >= since,
            drafts.c.purpose == Purpose.REPLY,
            _YES,
            _OVERWRITTEN,
            drafts.c.template.is_not(None),
            drafts.c.variant.is_not(None),
            drafts.c.text.is_not(None),
            drafts.c.proposed.is_not(None),
            drafts.c.risk.is_(None),
            posts.c.kept,
        )
        .order_by(drafts.c.created_at, drafts.c.id)
    )
    rows = connection.execute(query).mappings().all()
    threads = _threads(connection, {row["thread"] for row in rows})
    return [
        Edit(
            draft_id=row["id"],
            template=row["template"],
            variant=row["variant"],
            proposed=Proposed(**row["proposed"]),
            sent=row["text"],
            by=row["decided_by"],
            post=row["post_text"],
            names=tuple({row["author_name"], *(name for name, _ in threads.get(row["thread"], ()))}),
            around=tuple(
                filter(None, [row["post_text"], row["quote"], *(text for _, text in threads.get(row["thread"], ()))])
            ),
        )
        for row in rows
    ]


def _threads(connection: Connection, threads: set[str]) -> Mapping[str, list[tuple[str, str]]]:
    """Names and words of the newest messages of some threads, by thread."""
    number = func.row_number().over(partition_by=posts.c.thread, order_by=posts.c.at.desc()).label("number")
    here = select(posts.c.thread, posts.c.author_name, posts.c.text, number).where(posts.c.thread.in_(threads))
    newest = here.subquery()
    found: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(select(newest).where(newest.c.number <= _AROUND)):
        found.setdefault(row.thread, []).append((row.author_name, row.text))
    return found


def place_of(connection: Connection, platform: str, channel: str) -> Place | None:
    """What is known of a channel, from its newest post; None without one."""
    here = and_(posts.c.platform == platform, posts.c.channel == channel)
    row = connection.execute(select(posts).where(here).order_by(posts.c.at.desc()).limit(1)).mappings().first()
    return from_row(row).post.place if row else None
