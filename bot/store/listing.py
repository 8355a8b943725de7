"""What the inbox lists: drafts and posts by view, filter and search, a page at a time, each with a fixed number of
statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, text, true, union

from bot.domain import LIVE, Draft, DraftState, StoredPost
from bot.store import answers, notes
from bot.store.drafts import from_row as draft_from_row
from bot.store.posts import from_row as post_from_row
from bot.store.tables import LEFT_ALONE, deliveries, drafts, posts

URGENT = 80
"""From this priority a card is urgent."""
_SEPARATOR = "~"
_LARGEST = 2**31 - 1
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Every post is younger. SQLite takes the index of what was left alone where its words and a bound are asked for."""


class View(StrEnum):
    """What the inbox can show, in the order of its tabs."""

    MINE = "mine"
    """Open cards that were handed to me or that I opened, and cards with a note that names me and that I have not seen
    yet."""
    URGENT = "urgent"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    DECIDED = "decided"
    UNANSWERED = "unanswered"
    """Posts that deserved an answer and have waited too long for it, see `answers`."""
    LEFT = "left"
    """Posts of fans that got nothing, while their words are kept."""
    ALL = "all"


_NEWEST_FIRST = {View.DECIDED: drafts.c.decided_at, View.ALL: drafts.c.created_at, View.LEFT: posts.c.at}
"""The other views of drafts begin with the most urgent, then the oldest; `unanswered` with who waits longest."""
POSTS = frozenset({View.UNANSWERED, View.LEFT})
"""The views of posts. The others are of drafts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """A view, as a manager sees it, and what narrows it down. An empty filter does not."""

    me: str
    """The key of the manager who looks."""
    overdue: datetime = _BEGINNING
    """What was written before that and has no answer has waited too long."""
    view: View = View.WAITING
    channel: str = ""
    """A channel's id: its posts, and those in its threads."""
    platform: str = ""
    reading: str = ""
    """The name of an intent."""
    language: str = ""
    """Two letters."""
    fan: str = ""
    """PLATFORM:ID."""
    q: str = ""
    """Part of a post, of its author's name or of our reply, in upper or lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel that has cards. For a thread it is the channel around it."""

    platform: str
    id: str
    name: str


def chosen_drafts(
    connection: Connection, selection: Selection, limit: int, after: str | None = None
) -> tuple[list[Draft], str | None]:
    """A page of a view of drafts, and the cursor of the next one. Raises ValueError on a bad cursor."""
    ids, following = _ids(connection, selection, limit, after)
    return by_ids(connection, ids), following


def chosen_posts(
    connection: Connection, selection: Selection, limit: int, after: str | None = None
) -> tuple[list[StoredPost], str | None]:
    """A page of a view of posts, and the cursor of the next one. Raises ValueError on a bad cursor."""
    ids, following = _ids(connection, selection, limit, after)
    found = {row["id"]: row for row in connection.execute(select(posts).where(posts.c.id.in_(ids))).mappings()}
    return [post_from_row(found[post_id]) for post_id in ids], following


def first_ids(connection: Connection, selection: Selection, limit: int) -> list[str]:
    """The first ids of a view, in its order: of drafts, or of posts in a view of posts."""
    return _ids(connection, selection, limit, None)[0]


def by_ids(connection: Connection, ids: Sequence[str]) -> list[Draft]:
    """The drafts with these ids that there are, in this order."""
    rows = connection.execute(select(drafts).where(drafts.c.id.in_(ids))).mappings()
    found = {row["id"]: draft_from_row(row) for row in rows}
    return [found[draft_id] for draft_id in ids if draft_id in found]


def counts(connection: Connection, selection: Selection) -> dict[View, int]:
    """How many each view has that pass the filters, in one statement that reads drafts once and posts once."""
    waits = drafts.c.state == DraftState.WAITING
    many = {
        View.URGENT: and_(waits, drafts.c.priority >= URGENT),
        View.WAITING: waits,
        View.SNOOZED: drafts.c.state == DraftState.SNOOZED,
        View.DECIDED: ~drafts.c.state.in_(LIVE),
        View.ALL: true(),
    }
    sums = [func.count(case((which, 1))).label(view) for view, which in many.items()]
    others = [
        _chosen(replace(selection, view=view), func.count()).correlate(None).scalar_subquery().label(view)
        for view in (View.MINE, *POSTS)
    ]
    row = connection.execute(_chosen(replace(selection, view=View.ALL), *sums, *others)).mappings().one()
    return {view: row[view] for view in View}


def channels(connection: Connection, limit: int) -> list[Channel]:
    """The channels that had a card last, by name."""
    newest = func.max(drafts.c.created_at)
    lately = (
        select(drafts.c.platform, drafts.c.channel)
        .group_by(drafts.c.platform, drafts.c.channel)
        .order_by(newest.desc())
        .limit(limit)
        .subquery()
    )
    here = and_(posts.c.platform == lately.c.platform, posts.c.channel == lately.c.channel)
    place = select(posts.c.place).where(here).order_by(posts.c.at.desc()).limit(1).scalar_subquery().label("place")
    found = {}
    for row in connection.execute(select(lately.c.platform, lately.c.channel, place)):
        known = row.place or {}
        channel = known.get("parent") or row.channel
        name = known.get("name") or channel
        found[row.platform, channel] = Channel(platform=row.platform, id=channel, name=name)
    return sorted(found.values(), key=lambda channel: (channel.name.casefold(), channel.platform))


def _ids(connection: Connection, selection: Selection, limit: int, after: str | None) -> tuple[list[str], str | None]:
    """The ids of a page, and the cursor of the next one. Only what the order needs is read, which is in an index: the
    rows of a long queue are not read for the few that are shown."""
    table = posts if selection.view in POSTS else drafts
    newest, longest = _NEWEST_FIRST.get(selection.view), selection.view is View.UNANSWERED
    columns: Sequence[ColumnElement[Any]] = (drafts.c.priority, drafts.c.waiting_since, drafts.c.id)
    order = [drafts.c.priority.desc(), drafts.c.waiting_since, drafts.c.id]
    if newest is not None:
        columns, order = (newest, table.c.id), [newest.desc(), table.c.id.desc()]
    elif longest:
        columns, order = (posts.c.at, posts.c.id), [posts.c.at, posts.c.id]
    query = _chosen(selection, *columns)
    if after is not None:
        query = query.where(_behind(columns, after, rising=longest))
    found = connection.execute(query.order_by(*order).limit(limit + 1)).all()
    return [row.id for row in found[:limit]], _cursor(found[limit - 1]) if len(found) > limit else None


def _chosen(selection: Selection, *columns: ColumnElement[Any]) -> Select[Any]:
    """These columns of what a view has. Posts are looked at only where a filter asks for them."""
    of_posts = selection.view in POSTS
    own = posts if of_posts else drafts
    query = select(*columns).select_from(own).where(_in_view(selection))
    if selection.platform:
        query = query.where(own.c.platform == selection.platform)
    if selection.reading:
        query = query.where(own.c.intent == selection.reading)
    if selection.fan:
        platform, _, fan_id = selection.fan.partition(":")
        query = query.where(own.c.platform == platform, (posts.c.author_id if of_posts else drafts.c.fan_id) == fan_id)
    if not (selection.channel or selection.language or selection.q):
        return query
    if not of_posts:
        query = query.join(posts, posts.c.id == drafts.c.post_id)
    if selection.channel:
        parent = posts.c.place["parent"].as_string()
        query = query.where(or_(posts.c.channel == selection.channel, parent == selection.channel))
    if selection.language:
        query = query.where(posts.c.understanding["language"].as_string() == selection.language)
    return query.where(_says(selection)) if selection.q else query


def _in_view(selection: Selection) -> ColumnElement[bool]:
    view, me = selection.view, selection.me
    if view is View.LEFT:
        return and_(text(LEFT_ALONE), posts.c.at > _BEGINNING)
    if view is View.UNANSWERED:
        return answers.is_unanswered(selection.overdue)
    if view is View.ALL:
        return true()
    if view is View.DECIDED:
        return and_(drafts.c.decided_at.is_not(None), ~drafts.c.state.in_(LIVE))
    if view is View.MINE:
        live = drafts.c.state.in_(LIVE)
        assigned = select(drafts.c.id).where(drafts.c.assigned_to == me, live)
        opened = select(drafts.c.id).where(drafts.c.opened_by == me, live)
        named = select(drafts.c.id).where(drafts.c.post_id.in_(notes.unseen_by(me)))
        return drafts.c.id.in_(union(assigned, opened, named))
    here = drafts.c.state == (DraftState.SNOOZED if view is View.SNOOZED else DraftState.WAITING)
    return and_(here, drafts.c.priority >= URGENT) if view is View.URGENT else here


def _says(selection: Selection) -> ColumnElement[bool]:
    def has(column: ColumnElement[Any]) -> ColumnElement[bool]:
        return column.icontains(selection.q, autoescape=True)

    of_fan = or_(has(posts.c.text), has(posts.c.author_name))
    if selection.view in POSTS:
        return of_fan
    replies = select(deliveries.c.id).where(deliveries.c.draft_id == drafts.c.id, has(deliveries.c.text))
    return or_(of_fan, has(drafts.c.text), replies.exists())


def _cursor(key: Sequence[Any]) -> str:
    """The values by which a page is ordered, so that a page has a next one even where its last card is gone or has
    moved."""
    return _SEPARATOR.join(part.isoformat() if isinstance(part, datetime) else str(part) for part in key)


def _behind(columns: Sequence[ColumnElement[Any]], after: str, *, rising: bool) -> ColumnElement[bool]:
    """What comes after a cursor: the largest first, but for the moment and id behind a priority, and where the order
    is `rising`."""
    *first, moment, last_id = _read(after, len(columns))
    when, own_id = columns[-2:]
    later = or_(when > moment, and_(when == moment, own_id > last_id))
    if first:
        return and_(columns[0] <= first[0], or_(columns[0] < first[0], and_(columns[0] == first[0], later)))
    if rising:
        return and_(when >= moment, later)
    return and_(when <= moment, or_(when < moment, and_(when == moment, own_id < last_id)))


def _read(cursor: str, number: int) -> tuple[Any, ...]:
    """The values of a cursor. Raises ValueError for one that was not made by `_cursor`."""
    parts = cursor.split(_SEPARATOR)
    try:
        *first, moment, last_id = parts
        priorities = [int(priority) for priority in first]
        at = datetime.fromisoformat(moment)
        if len(parts) == number and at.tzinfo and all(abs(priority) <= _LARGEST for priority in priorities):
            return (*priorities, at.astimezone(UTC), last_id)
    except (OverflowError, ValueError):
        pass
    raise ValueError("after: this cursor is not one of ours; leave it out to begin at the start")


def beginning(connection: Connection, prefix: str, limit: int) -> list[str]:
    """The ids of some drafts, in any state, that begin so. `prefix`: hex digits."""
    here = and_(drafts.c.id >= prefix, drafts.c.id < f"{prefix}g")
    return [*connection.execute(select(drafts.c.id).where(here).order_by(drafts.c.id).limit(limit)).scalars()]
