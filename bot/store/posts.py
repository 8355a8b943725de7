"""Posts: each is stored once, before the platform is told "received"."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, bindparam, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import StoredPost
from bot.events import Happened
from bot.store import events, tables
from bot.store.personal import Holds, emptied
from bot.store.tables import deliveries, parts, posts, tombstones, voices
from responders.types import Attachment, Author, Place, Post, Proposal, ReasonCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """The answer to an incoming post: our id for it, and whether it is new."""

    post_id: str
    new: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPost:
    """A post to be stored, with the id that it gets."""

    id: str
    post: Post
    received_at: datetime


def insert_ignore(connection: Connection, table: Any) -> Any:
    """INSERT ... ON CONFLICT DO NOTHING, in the dialect of the database."""
    return _insert_ignore(connection.dialect.name, table)


def add_unless_there(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row. False if there was one with its key. (A driver need not count what an INSERT did.)"""
    key = next(iter(table.primary_key.columns))
    return connection.execute(insert_ignore(connection, table).returning(key), row).first() is not None


@cache
def _insert_ignore(name: str, table: Any) -> Any:
    dialect = postgresql if name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def add_many(connection: Connection, new: Sequence[NewPost]) -> list[Received]:
    """Store posts. A known one (same platform, channel and external id) keeps its first row."""
    threads = _threads(connection, new)
    rows = [_row(n, threads[n.id]) for n in new]
    # Not with RETURNING: SQLAlchemy would write a statement with the values of all rows, which psycopg reads each time.
    connection.execute(insert_ignore(connection, posts), rows)
    added = set(connection.execute(select(posts.c.id).where(posts.c.id.in_([n.id for n in new]))).scalars())
    fresh = [n for n in new if n.id in added]
    if fresh:
        _mark_deleted(connection, fresh)
    for n in fresh:
        events.append(connection, Happened.POST_RECEIVED, n.received_at, post_id=n.id)
    return [
        Received(post_id=n.id, new=True) if n.id in added else Received(post_id=_known(connection, n.post), new=False)
        for n in new
    ]


def _row(new: NewPost, thread: str) -> dict[str, Any]:
    post = new.post
    return {
        "id": new.id,
        "platform": post.platform,
        "channel": post.channel,
        "external_id": post.external_id,
        "thread": thread,
        "reply_to": post.reply_to,
        "author_id": post.author.id,
        "author_name": post.author.name,
        "is_staff": post.author.is_staff,
        "is_bot": post.author.is_bot,
        "text": post.text,
        "mentions_us": post.mentions_us,
        "attachments": _attachments(post.attachments),
        "at": post.at,
        "received_at": new.received_at,
        "place": asdict(post.place) if post.place != Place() else None,
        "quote": post.quote or None,
    }


def _threads(connection: Connection, new: Sequence[NewPost]) -> dict[str, str]:
    """The thread of each post: that of the post it replies to, if we know that, else its own."""
    found: dict[str, str] = {}
    here: dict[tuple[str, str, str], str] = {}  # posts of one group may reply to each other
    for n in new:
        post = n.post
        root = replied_to(connection, post) if post.reply_to else None
        beside = here.get((post.platform, post.channel, post.reply_to or ""), n.id)
        found[n.id] = root[1] if root else beside
        here.setdefault((post.platform, post.channel, post.external_id), found[n.id])
    return found


def replied_to(connection: Connection, post: Post) -> tuple[StoredPost | None, str] | None:
    """What `post` replies to: (post, its thread), or (None, thread) for a reply of ours; None if unknown."""
    around = post.place.parent
    parent = by_external(connection, post.platform, post.channel, post.reply_to or "")
    if parent is None and around:
        parent = by_external(connection, post.platform, around, post.reply_to or "")
    if parent:
        return parent, parent.thread
    ours = connection.execute(
        select(posts.c.thread)
        .join(deliveries, deliveries.c.post_id == posts.c.id)
        .where(
            deliveries.c.platform == post.platform,
            deliveries.c.external_id == post.reply_to,
            deliveries.c.channel.in_([post.channel, *([around] if around else ())]),
        )
        .limit(1)
    ).scalar()
    return (None, ours) if ours else None


_DELETED_BEFORE = update(posts).where(
    posts.c.id.in_(bindparam("ids", expanding=True)),
    exists().where(
        tombstones.c.platform == posts.c.platform,
        tombstones.c.channel == posts.c.channel,
        tombstones.c.external_id == posts.c.external_id,
    ),
)


def _mark_deleted(connection: Connection, fresh: Sequence[NewPost]) -> None:
    """A deletion counts even if it came before its post."""
    connection.execute(_DELETED_BEFORE, {"ids": [n.id for n in fresh], **NO_WORDS, **NEVER_READ, "deleted": True})


def _known(connection: Connection, post: Post) -> str:
    key = (posts.c.platform == post.platform, posts.c.channel == post.channel, posts.c.external_id == post.external_id)
    return str(connection.execute(select(posts.c.id).where(*key)).scalar_one())


_GET = select(posts).where(posts.c.id == bindparam("post_id"))
_SOME = select(posts).where(posts.c.id.in_(bindparam("ids", expanding=True)))


def get(connection: Connection, post_id: str) -> StoredPost | None:
    """One post, or None."""
    row = connection.execute(_GET, {"post_id": post_id}).mappings().first()
    return from_row(row) if row else None


def some(connection: Connection, ids: Sequence[str]) -> list[StoredPost]:
    """The posts with these ids, as far as they exist."""
    return [from_row(row) for row in connection.execute(_SOME, {"ids": ids}).mappings()]


def by_external(connection: Connection, platform: str, channel: str, external_id: str) -> StoredPost | None:
    """The post of a message, which may be a part of it; None if we do not have it."""
    key = {"platform": platform, "channel": channel, "external_id": external_id}
    row = connection.execute(_BY_EXTERNAL, key).mappings().first()
    row = row or connection.execute(_BY_PART, key).mappings().first()
    return from_row(row) if row else None


_BY_EXTERNAL, _BY_PART = (
    query.where(*(table.c[name] == bindparam(name) for name in ("platform", "channel", "external_id")))
    for query, table in ((select(posts), posts), (select(posts).join(parts, parts.c.post_id == posts.c.id), parts))
)


def messages_of(connection: Connection, post: StoredPost) -> set[str]:
    """The platform's ids of the messages of a post: one, or those of an album, which always has attachments."""
    found = {post.post.external_id}
    if post.post.attachments:
        found |= set(connection.execute(_PARTS, {"post_id": post.id}).scalars())
    return found


_PARTS = select(parts.c.external_id).where(parts.c.post_id == bindparam("post_id"))

_UNJUDGED = and_(posts.c.action.is_(None), ~posts.c.deleted)


def unjudged(connection: Connection, limit: int) -> list[tuple[str, str, str]]:
    """Platform, channel and id of the oldest posts that are not judged yet, in order."""
    columns = (posts.c.platform, posts.c.channel, posts.c.id)
    query = select(*columns).where(_UNJUDGED).order_by(posts.c.received_at).limit(limit)
    return [(row.platform, row.channel, row.id) for row in connection.execute(query)]


def count_unjudged(connection: Connection) -> int:
    """How many posts are not judged yet."""
    return connection.execute(select(func.count()).select_from(posts).where(_UNJUDGED)).scalar_one()


def waiting_since(connection: Connection) -> datetime | None:
    """When the oldest unjudged post came, or was reopened; None if there is none."""
    happened = tables.events
    reopened = (
        select(func.max(happened.c.at))
        .where(happened.c.post_id == posts.c.id, happened.c.name == Happened.POST_REOPENED)
        .scalar_subquery()
    )
    since = func.min(func.coalesce(reopened, posts.c.received_at), type_=posts.c.received_at.type)
    return connection.execute(select(since).where(_UNJUDGED)).scalar()


def begin(connection: Connection, post_id: str, *, most: int, again: bool = False) -> bool:
    """Count a try to judge a post. False after `most` tries: the post may end the process each time.

    Storing a post counts as its first try. `again`: the process survived the last try, so this one is not counted.
    """
    tries = posts.c.tries if again else posts.c.tries + 1
    due = (posts.c.id == post_id, posts.c.action.is_(None), tries <= most)
    return connection.execute(update(posts).where(*due).values(tries=tries)).rowcount == 1


def in_channel(connection: Connection, platform: str, channel: str, limit: int) -> list[StoredPost]:
    """The newest posts of a channel, oldest first."""
    here = and_(posts.c.platform == platform, posts.c.channel == channel)
    query = select(posts).where(here).order_by(posts.c.at.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()][::-1]


def answered_by(connection: Connection, staff_post: StoredPost) -> list[StoredPost]:
    """The posts that a staff message answers: the one that it replies to, and the one that started its thread."""
    inner = staff_post.post
    known = replied_to(connection, inner) if inner.reply_to else None
    replied = known[0] if known else None
    root = get(connection, staff_post.thread) if staff_post.thread != staff_post.id else None
    found = {post.id: post for post in (replied, root) if post and not post.post.author.is_staff}
    return list(found.values())


def has_staff_answer(connection: Connection, post: StoredPost) -> bool:
    """True if a teammate answered by hand: by a native reply, or later in the thread that the post started."""
    inner = post.post
    staff = and_(
        posts.c.platform == inner.platform,
        posts.c.is_staff,
        ~posts.c.is_bot,
        ~posts.c.deleted,
        posts.c.id != post.id,
    )
    native = and_(staff, posts.c.channel == inner.channel, posts.c.reply_to.in_(messages_of(connection, post)))
    in_thread = and_(staff, posts.c.thread == post.id, posts.c.at >= inner.at)
    return any(connection.execute(select(exists().where(answer))).scalar() for answer in (in_thread, native))


def earlier_of_author(
    connection: Connection, post: StoredPost, since: datetime, intents: Collection[str]
) -> list[StoredPost]:
    """Posts of the same author in the same channel, with these intents, before a post and after `since`."""
    inner = post.post
    query = select(posts).where(
        posts.c.platform == inner.platform,
        posts.c.author_id == inner.author.id,
        posts.c.channel == inner.channel,
        posts.c.at <= inner.at,
        posts.c.at > since,
        posts.c.id != post.id,
        posts.c.intent.in_(intents),
    )
    return [from_row(row) for row in connection.execute(query).mappings()]


def answers(connection: Connection, post: StoredPost) -> list[StoredPost]:
    """What was written as an answer to a post, by anybody, and still stands; oldest first."""
    inner = post.post
    here = and_(posts.c.platform == inner.platform, posts.c.channel == inner.channel)
    to_it = and_(here, posts.c.reply_to.in_(messages_of(connection, post)), ~posts.c.deleted)
    return [from_row(row) for row in connection.execute(select(posts).where(to_it).order_by(posts.c.at)).mappings()]


def newest_of(connection: Connection, platform: str, fan_id: str, since: datetime) -> StoredPost | None:
    """The newest post of a fan after `since` whose words are kept, or None."""
    theirs = (posts.c.platform == platform, posts.c.author_id == fan_id, posts.c.at > since)
    stands = (~posts.c.deleted, posts.c.kept, posts.c.action.is_not(None))
    query = select(posts).where(*theirs, *stands).order_by(posts.c.at.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return from_row(row) if row else None


_JUDGE_AGAIN = update(posts).where(
    posts.c.id == bindparam("post_id"), posts.c.version == bindparam("post_version"), ~posts.c.deleted, posts.c.kept
)
_JUDGE = _JUDGE_AGAIN.where(posts.c.action.is_(None))


def judge(connection: Connection, post: StoredPost, proposal: Proposal, at: datetime, *, again: bool = False) -> bool:
    """Store the judgement of this version of a post. False if it was edited, deleted, dropped or judged meanwhile.

    `again` replaces an earlier judgement.
    """
    read = proposal.understanding
    values = {
        "action": str(proposal.outcome),
        "tries": 0,
        "intent": read.intent,
        "reason_code": str(proposal.reason.code),
        "reason": proposal.reason.sentence,
        "understanding": {
            "intents": [[name, round(p, 4)] for name, p in read.intents],
            "confidence": round(read.confidence, 4),
            "sentiment": read.sentiment,
            "language": read.language,
            "risk": list(read.risk),
            "alarms": [{"gate": a.gate, "chance": a.chance, "part": a.part} for a in read.alarms],
            "situations": [[name, chance] for name, chance in read.situations],
            "mood": read.mood,
            "tells": sorted(read.tells),
            "unread": list(read.unread),
            "details": {d.kind: d.text for d in reversed(read.details)},
            "nearest": read.nearest,
        },
    }
    current = {"post_id": post.id, "post_version": post.version}
    if connection.execute(_JUDGE_AGAIN if again else _JUDGE, {**current, **values}).rowcount != 1:
        return False
    events.append(
        connection,
        Happened.POST_JUDGED,
        at,
        post_id=post.id,
        action=str(proposal.outcome),
        intent=read.intent,
        reason=str(proposal.reason.code),
    )
    return True


def reopen(connection: Connection, post_id: str, at: datetime, *, forced_intent: str | None = None) -> None:
    """Let the post be judged again."""
    connection.execute(update(posts).where(posts.c.id == post_id).values(action=None, forced_intent=forced_intent))
    events.append(connection, Happened.POST_REOPENED, at, post_id=post_id)


def edit(connection: Connection, post: StoredPost, text: str) -> None:
    """Replace the fan's words by new ones."""
    new = {"text": text, "version": post.version + 1, "forced_intent": None, "understanding": None}
    connection.execute(update(posts).where(posts.c.id == post.id).values(new))
    connection.execute(voices.delete().where(voices.c.post_id == post.id))  # other words may be about something else


def note_edit(connection: Connection, post: StoredPost, edited_at: datetime) -> None:
    """Store the platform's time of the newest words."""
    connection.execute(update(posts).where(posts.c.id == post.id).values(edited_at=edited_at))


def attach(connection: Connection, post: StoredPost, more: Sequence[Attachment]) -> None:
    """Add attachments that came after the post."""
    if more:
        every = _attachments((*post.post.attachments, *more))
        connection.execute(update(posts).where(posts.c.id == post.id).values(attachments=every))


def _attachments(found: Sequence[Attachment]) -> list[dict[str, str | None]] | None:
    return [_attachment(one) for one in found] or None


def _attachment(one: Attachment) -> dict[str, str | None]:
    file = {"file": one.file} if one.file else {}
    return {"kind": one.kind, "url": one.url, "title": one.title, **file}


def delete(connection: Connection, platform: str, channel: str, external_id: str, at: datetime) -> None:
    """Mark a post as deleted, and leave a tombstone in case it is still to come."""
    connection.execute(
        insert_ignore(connection, tombstones),
        {"platform": platform, "channel": channel, "external_id": external_id, "at": at},
    )
    key = (posts.c.platform == platform, posts.c.channel == channel, posts.c.external_id == external_id)
    connection.execute(update(posts).where(*key).values(deleted=True))
    connection.execute(voices.delete().where(voices.c.post_id.in_(select(posts.c.id).where(*key))))


GONE = "The fan deleted it."
NEVER_READ: Mapping[str, Any] = {"action": "silent", "reason_code": str(ReasonCode.NOT_TEXT), "reason": GONE}

NO_WORDS: Mapping[str, Any] = {**emptied(posts, Holds.WORDS), "kept": False}
"""The columns of a post without words. Its author's id, place, times and outcome stay."""


def from_row(row: RowMapping) -> StoredPost:
    """A row as a StoredPost."""
    return StoredPost(
        id=row["id"],
        post=Post(
            platform=row["platform"],
            channel=row["channel"],
            external_id=row["external_id"],
            author=Author(id=row["author_id"], name=row["author_name"], is_staff=row["is_staff"], is_bot=row["is_bot"]),
            text=row["text"],
            at=row["at"],
            reply_to=row["reply_to"],
            attachments=tuple(Attachment(**a) for a in row["attachments"] or ()),
            mentions_us=row["mentions_us"],
            place=Place(**(row["place"] or {})),
            quote=row["quote"] or "",
        ),
        thread=row["thread"],
        version=row["version"],
        received_at=row["received_at"],
        deleted=row["deleted"],
        kept=row["kept"],
        action=row["action"],
        intent=row["intent"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        understanding=row["understanding"],
        forced_intent=row["forced_intent"],
        edited_at=row["edited_at"],
    )
