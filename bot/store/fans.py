"""What is stored about a fan. Most belongs to their posts; `personal` says what is shown and what is erased."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
    text,
    union_all,
    update,
)

from bot.events import Happened
from bot.store import events, inbox, marks, tables
from bot.store.personal import Holds, emptied, shown
from bot.store.posts import insert_ignore
from bot.store.tables import (
    assistant_calls,
    cards,
    consents,
    decisions,
    deliveries,
    drafts,
    fans,
    honours,
    mentions,
    notes,
    parts,
    people,
    posts,
    requests,
    role_holders,
    things,
    topics,
    uses,
    voices,
)
from responders.types import ReasonCode

AT_ONCE = 200
"""Posts that are emptied or deleted in one transaction. Others can write in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fan:
    """A fan's choices."""

    opted_out_at: datetime | None = None
    person_id: str | None = None
    """Of the person whom we remember; None if they did not ask for it."""
    being_forgotten: bool = False
    """True until everything about them is erased."""
    no_assistant: bool = False
    """They said that no language model may see what they write, on this account or on one that they linked."""


_GET = select(fans).where(fans.c.platform == bindparam("of_platform"), fans.c.fan_id == bindparam("of_fan"))
_LINKED = select(fans.c.platform, fans.c.fan_id, fans.c.assistant_declined_at).where(
    fans.c.person_id == bindparam("person")
)
_NOTHING = (
    fans.c.opted_out_at.is_(None),
    fans.c.person_id.is_(None),
    fans.c.forgetting_since.is_(None),
    fans.c.assistant_declined_at.is_(None),
)
"""A row that says nothing of its fan."""


def get(connection: Connection, platform: str, fan_id: str) -> Fan:
    """A fan's choices; an unknown fan has made none."""
    row = connection.execute(_GET, {"of_platform": platform, "of_fan": fan_id}).first()
    if row is None:
        return Fan(no_assistant=marks.since(connection, platform, fan_id) is not None)
    linked = connection.execute(_LINKED, {"person": row.person_id}).all() if row.person_id else [row]
    declined = any(
        account.assistant_declined_at or marks.since(connection, account.platform, account.fan_id) for account in linked
    )
    return Fan(
        opted_out_at=row.opted_out_at,
        person_id=row.person_id,
        being_forgotten=row.forgetting_since is not None,
        no_assistant=declined,
    )


def opt_out(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """Store that a fan wants no replies."""
    connection.execute(insert_ignore(connection, fans), {"platform": platform, "fan_id": fan_id})
    connection.execute(update(fans).where(*_key(platform, fan_id)).values(opted_out_at=at))
    events.append(connection, Happened.FAN_OPTED_OUT, at)


def opt_in(connection: Connection, platform: str, fan_id: str, at: datetime) -> bool:
    """Store that a fan wants replies again. False if they had not opted out."""
    out = (*_key(platform, fan_id), fans.c.opted_out_at.is_not(None))
    if not connection.execute(update(fans).where(*out).values(opted_out_at=None)).rowcount:
        return False
    connection.execute(delete(fans).where(*_key(platform, fan_id), *_NOTHING))
    events.append(connection, Happened.FAN_OPTED_IN, at)
    return True


def decline_assistant(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """Store that no language model may see what a fan writes."""
    connection.execute(insert_ignore(connection, fans), {"platform": platform, "fan_id": fan_id})
    connection.execute(update(fans).where(*_key(platform, fan_id)).values(assistant_declined_at=at))
    events.append(connection, Happened.ASSISTANT_DECLINED, at)


def allow_assistant(connection: Connection, platform: str, fan_id: str, at: datetime) -> bool:
    """Store that a language model may see what a fan writes, on all accounts that they linked. False if they had not
    said no."""
    person = get(connection, platform, fan_id).person_id
    theirs = fans.c.person_id == person if person else and_(*_key(platform, fan_id))
    linked = {
        (platform, fan_id),
        *((row.platform, row.fan_id) for row in connection.execute(select(fans).where(theirs))),
    }
    marked = [account for account in linked if marks.drop(connection, *account)]
    declined = and_(theirs, fans.c.assistant_declined_at.is_not(None))
    if not connection.execute(update(fans).where(declined).values(assistant_declined_at=None)).rowcount and not marked:
        return False
    connection.execute(delete(fans).where(*_key(platform, fan_id), *_NOTHING))
    events.append(connection, Happened.ASSISTANT_ALLOWED, at)
    return True


def export(connection: Connection, platform: str, fan_id: str) -> dict[str, Any]:
    """Everything stored about a fan, ready for JSON, for them to read."""
    fan = connection.execute(_GET, {"of_platform": platform, "of_fan": fan_id}).mappings().first()
    ids = list(connection.execute(_theirs(platform, fan_id).order_by(posts.c.at)).scalars())
    return {
        "platform": platform,
        "fan_id": fan_id,
        **{name: _plain(fan[name]) if fan else None for name in shown(fans)},
        "no_assistant_after_forgetting": _plain(marks.since(connection, platform, fan_id)),
        "remembered": _remembered(connection, fan["person_id"] if fan else None),
        "consents": _rows(connection, consents, (consents.c.platform == platform) & (consents.c.fan_id == fan_id)),
        "posts": _shown(connection, posts, posts.c.id.in_, ids, "post_id"),
        "parts": _shown(connection, parts, parts.c.post_id.in_, ids),
        "drafts": _shown(connection, drafts, drafts.c.post_id.in_, ids, "draft_id"),
        "decisions": _shown(connection, decisions, lambda some: decisions.c.draft_id.in_(_drafts_of(some)), ids),
        "replies": _shown(connection, deliveries, deliveries.c.post_id.in_, ids, "delivery_id"),
        "assistant_calls": _shown(
            connection, assistant_calls, lambda some: assistant_calls.c.draft_id.in_(_drafts_of(some)), ids
        ),
        "notes": _shown(connection, notes, notes.c.post_id.in_, ids),
        "voices": _heard(connection, ids),
        "events": _shown(connection, tables.events, tables.events.c.post_id.in_, ids),
        "updates": [
            {name: _plain(row[name]) for name in shown(tables.inbox)}
            for row in inbox.of_fan(connection, platform, fan_id)
        ],
    }


def _remembered(connection: Connection, person_id: str | None) -> dict[str, Any] | None:
    """What a fan asked us to remember, on all accounts that they linked."""
    person = connection.execute(select(people).where(people.c.id == person_id)).mappings().first()
    if person is None:
        return None
    accounts = select(fans.c.platform, fans.c.fan_id).where(fans.c.person_id == person_id)
    return {
        **{name: _plain(person[name]) for name in shown(people)},
        "accounts": [dict(row) for row in connection.execute(accounts.order_by(fans.c.platform)).mappings()],
        "things": _rows(connection, things, things.c.person_id == person_id),
        "honours": _rows(connection, honours, honours.c.person_id == person_id),
    }


def has_signs_of_minor(connection: Connection, accounts: Iterable[tuple[str, str]]) -> bool:
    """True if a post of these accounts that we still know of has signs of a child."""
    for platform, fan_id in accounts:
        at_gate = select(posts.c.understanding).where(
            posts.c.platform == platform, posts.c.author_id == fan_id, posts.c.reason_code == ReasonCode.GATE
        )
        gates = [(read or {}).get("risk", ()) for read in connection.execute(at_gate).scalars()]
        of_drafts = select(drafts.c.risk).where(drafts.c.platform == platform, drafts.c.fan_id == fan_id)
        gates += [risk or () for risk in connection.execute(of_drafts.where(drafts.c.risk.is_not(None))).scalars()]
        if any("minor" in hit for hit in gates):
            return True
    return False


def is_of_team(connection: Connection, platform: str, fan_id: str) -> bool:
    """True if a post of this account is a teammate's or a bot's, or if it decides as a manager by role."""
    theirs = _theirs(platform, fan_id).where(posts.c.is_staff | posts.c.is_bot).limit(1)
    by_role = select(role_holders.c.key).where(role_holders.c.key == f"{platform}:{fan_id}")
    return any(connection.execute(query).first() is not None for query in (theirs, by_role))


def _theirs(platform: str, fan_id: str) -> Any:
    return select(posts.c.id).where(posts.c.platform == platform, posts.c.author_id == fan_id)


def _drafts_of(post_ids: Sequence[str]) -> Select[tuple[str]]:
    return select(drafts.c.id).where(drafts.c.post_id.in_(post_ids))


def _shown(
    connection: Connection,
    table: Table,
    about: Callable[[Sequence[str]], ColumnElement[bool]],
    ids: Sequence[str],
    own_id: str = "",
) -> list[dict[str, Any]]:
    """What a fan sees of a table's rows about these posts, oldest first, without empty columns."""
    return [row for some in _groups(ids) for row in _rows(connection, table, about(some), own_id)]


def _rows(connection: Connection, table: Table, about: ColumnElement[bool], own_id: str = "") -> list[dict[str, Any]]:
    order = [table.c[name] for name in ("at", "created_at", "seq", "external_id") if name in table.c]
    rows = connection.execute(select(table).where(about).order_by(*order)).mappings()
    return [
        {own_id if name == "id" else name: _plain(row[name], name) for name in shown(table) if row[name] is not None}
        for row in rows
    ]


def _groups(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _heard(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The posts of a fan that stand in a topic, with what the team calls it."""
    query = select(voices.c.post_id, voices.c.at, topics.c.name.label("topic"))
    query = query.join(topics, topics.c.id == voices.c.topic_id).order_by(voices.c.at)
    rows = (row for some in _groups(ids) for row in connection.execute(query.where(voices.c.post_id.in_(some))))
    return [{name: _plain(value) for name, value in row._mapping.items()} for row in rows]


def _plain(value: Any, name: str = "") -> Any:
    if name == "attachments":  # that there was a picture; the platform's id of its file says nothing to a fan
        return [{key: part for key, part in one.items() if key != "file"} for one in value]
    return value.isoformat() if isinstance(value, date) else value


def begin_forgetting(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """Note that a fan is being forgotten. It takes many transactions and must go on after a crash."""
    connection.execute(insert_ignore(connection, fans), {"platform": platform, "fan_id": fan_id})
    connection.execute(update(fans).where(*_key(platform, fan_id)).values(forgetting_since=at))


def being_forgotten(connection: Connection) -> list[tuple[str, str]]:
    """Platform and id of fans who are not entirely forgotten yet."""
    query = select(fans.c.platform, fans.c.fan_id).where(fans.c.forgetting_since.is_not(None))
    return [(row.platform, row.fan_id) for row in connection.execute(query)]


def some_posts(connection: Connection, platform: str, fan_id: str) -> list[str]:
    """The ids of some of a fan's posts; none if all are anonymous."""
    return list(connection.execute(_theirs(platform, fan_id).limit(AT_ONCE)).scalars())


def end_forgetting(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """Erase the rest about a fan whose posts are anonymous: choices, a manager's name, dead letters.

    An opt-out stays, as the fan wishes, and of a no to the language model a mark. So do the ids of messages, without
    which a back-fill would bring the posts in again.
    """
    here = _key(platform, fan_id)
    if not connection.execute(select(fans.c.forgetting_since).where(*here)).scalar():
        return
    if get(connection, platform, fan_id).no_assistant:
        marks.keep(connection, platform, fan_id, at)
    _unname(connection, f"{platform}:{fan_id}")
    inbox.forget(connection, platform, fan_id)
    connection.execute(delete(fans).where(*here, fans.c.opted_out_at.is_(None)))
    ended = {"person_id": None, "forgetting_since": None, "assistant_declined_at": None}
    connection.execute(update(fans).where(*here).values(ended))
    events.append(connection, Happened.FAN_FORGOTTEN, at)


def _key(platform: str, fan_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return fans.c.platform == platform, fans.c.fan_id == fan_id


def _unname(connection: Connection, key: str) -> None:
    """Erase the name of a manager by role. The trail of who said yes keeps the key."""
    name = connection.execute(select(role_holders.c.name).where(role_holders.c.key == key)).scalar()
    if name is None:
        return
    theirs = select(drafts.c.post_id).where(drafts.c.decided_by == key)
    unnamed = func.replace(drafts.c.why, name, "A manager")
    connection.execute(update(drafts).where(drafts.c.post_id.in_(theirs)).values(why=unnamed))
    connection.execute(delete(role_holders).where(role_holders.c.key == key))


def drop_words(
    connection: Connection, post_ids: Sequence[str], why: ReasonCode, sentence: str, *, anonymous: bool = False
) -> None:
    """Drop the words of posts, drafts and replies together. Ids and seals stay.

    A post that was not judged ends as silent, for the given reason. With `anonymous` the author's id is erased, too.
    """
    kinds = (Holds.WORDS, Holds.WHO) if anonymous else (Holds.WORDS,)
    unjudged = {"action": "silent", "reason_code": str(why)}
    here = posts.c.id.in_(post_ids)
    drafts_of = _drafts_of(post_ids)
    connection.execute(update(posts).where(here, posts.c.action.is_(None)).values(unjudged))
    hanging: tuple[tuple[Table, ColumnElement[bool], Mapping[str, Any]], ...] = (
        (posts, here, {"reason": sentence, "kept": False}),
        (parts, parts.c.post_id.in_(post_ids), {}),
        (decisions, decisions.c.draft_id.in_(drafts_of), {}),
        (drafts, drafts.c.post_id.in_(post_ids), {"why": sentence}),
        (deliveries, deliveries.c.post_id.in_(post_ids), {}),
        (notes, notes.c.post_id.in_(post_ids), {}),
    )
    for table, where, said in hanging:
        connection.execute(update(table).where(where).values({**emptied(table, *kinds), **said}))
    if anonymous:
        connection.execute(delete(voices).where(voices.c.post_id.in_(post_ids)))
    # An answer that was kept shows a card, and a card shows the thread around its post.
    threads = select(posts.c.thread).where(here)
    around = select(posts.c.id).where(posts.c.thread.in_(threads))
    connection.execute(delete(requests).where(requests.c.post_id.in_(around)))


def drop_echoes(connection: Connection, post_ids: Sequence[str]) -> None:
    """Drop what others' posts repeat of these: words quoted, and the title of a thread that one of them began."""
    messages = connection.execute(
        select(posts.c.platform, posts.c.channel, posts.c.external_id)
        .where(posts.c.id.in_(post_ids))
        .union(select(parts.c.platform, parts.c.channel, parts.c.external_id).where(parts.c.post_id.in_(post_ids)))
    ).all()
    for platform, channel in {(message.platform, message.channel) for message in messages}:
        ids = [m.external_id for m in messages if (m.platform, m.channel) == (platform, channel)]
        of_platform = posts.c.platform == platform
        answers = and_(of_platform, posts.c.channel == channel, posts.c.reply_to.in_(ids))
        connection.execute(update(posts).where(answers, posts.c.quote.is_not(None)).values(quote=None))
        # On Discord a thread has the id of the message that began it. The title of a forum post is that fan's words.
        begun = and_(of_platform, posts.c.channel.in_(ids), posts.c.place.is_not(None))
        for row in connection.execute(select(posts.c.id, posts.c.place).where(begun)).all():
            untitled = {**row.place, "topic": ""}
            connection.execute(update(posts).where(posts.c.id == row.id).values(place=untitled))


def drop_words_of(connection: Connection, draft_ids: Sequence[str]) -> None:
    """Drop the words of some drafts and of what was sent for them, whoever's post they are about."""
    for table, where in (
        (drafts, drafts.c.id.in_(draft_ids)),
        (decisions, decisions.c.draft_id.in_(draft_ids)),
        (deliveries, deliveries.c.draft_id.in_(draft_ids)),
    ):
        connection.execute(update(table).where(where).values(emptied(table, Holds.WORDS)))


def drop_rows(connection: Connection, before: datetime) -> int:
    """Delete posts from before a moment, with everything that belongs to them. Returns how many, at most `AT_ONCE`.

    Only posts without words, without a draft that waits, without a reply whose outcome is open, and without a yes of
    their author: what it allows can be taken down as long as it counts.
    """
    open_ = select(deliveries.c.post_id).where(deliveries.c.state.in_(("held", "sending", "uncertain", "failed")))
    live = select(drafts.c.post_id).where(drafts.c.state.in_(("waiting", "snoozed")))
    old = and_(text("NOT posts.kept"), posts.c.received_at < before)
    shown = select(consents.c.post_id).where(consents.c.state == "yes", consents.c.post_id.is_not(None))
    due = select(posts.c.id).where(*(posts.c.id.not_in(some) for some in (open_, live, shown)), old)
    ids = list(connection.execute(due.order_by(posts.c.received_at).limit(AT_ONCE)).scalars())
    if not ids:
        return 0
    drafts_of = _drafts_of(ids)
    for table, where in (
        (uses, uses.c.draft_id.in_(drafts_of)),
        (voices, voices.c.post_id.in_(ids)),
        (cards, cards.c.draft_id.in_(drafts_of)),
        (assistant_calls, assistant_calls.c.draft_id.in_(drafts_of)),
        (deliveries, deliveries.c.post_id.in_(ids)),
        (decisions, decisions.c.draft_id.in_(drafts_of)),
        (drafts, drafts.c.post_id.in_(ids)),
        (requests, requests.c.post_id.in_(ids)),
        (parts, parts.c.post_id.in_(ids)),
        (mentions, mentions.c.note_id.in_(select(notes.c.id).where(notes.c.post_id.in_(ids)))),
        (notes, notes.c.post_id.in_(ids)),
        (posts, posts.c.id.in_(ids)),
    ):
        connection.execute(delete(table).where(where))
    return len(ids)


def drop_tombstones(connection: Connection, before: datetime) -> None:
    """Delete tombstones from before a moment: no back-fill goes so far back."""
    connection.execute(delete(tables.tombstones).where(tables.tombstones.c.at < before))


def nobody_waits_for(
    connection: Connection, before: datetime, undone_before: datetime, limit: int
) -> tuple[list[str], list[tuple[str, Collection[str]]]]:
    """Posts with words that nothing open needs: up to `limit` from before `before`, as many without words of their own
    but with an old draft that came later, and those of any age that were handed off at a gate, each with its gates.

    What its author said may be shown or passed on is kept as long as their yes counts.

    A draft that was rejected after `undone_before` can still be taken back, so it is open. A failed reply is open, too:
    it can be tried again until it is too late.
    """
    moments = {"before": before, "undone_before": undone_before}
    gates, *queries = _needless()
    hit = [(post_id, (read or {}).get("risk", ())) for post_id, read in connection.execute(gates, moments)]
    due = (post_id for query in queries for post_id in connection.execute(query, {**moments, "most": limit}).scalars())
    return list(dict.fromkeys(due)), hit


@cache  # to put them together takes longer than to ask
def _needless() -> tuple[Select[Any], Select[Any], Select[Any]]:
    """Posts that were handed off at a gate, old posts, and posts with an old draft that came later."""
    before = bindparam("before", type_=posts.c.received_at.type)
    on_its_way = select(deliveries.c.draft_id).where(deliveries.c.state.in_(("held", "sending", "uncertain")))
    later = deliveries.alias()
    tried_since = (later.c.draft_id == deliveries.c.draft_id) & (later.c.created_at > deliveries.c.created_at)
    failed = select(deliveries.c.draft_id).where(
        deliveries.c.state == "failed", ~select(later.c.id).where(tried_since).exists()
    )
    in_time = drafts.c.expires_at.is_(None) | (drafts.c.expires_at > before)
    open_drafts = (  # one query each, so that each uses its own index
        drafts.c.state.in_(("waiting", "snoozed")),
        (drafts.c.state == "rejected") & (drafts.c.decided_at > bindparam("undone_before", type_=before.type)),
        drafts.c.id.in_(on_its_way),
        drafts.c.id.in_(failed) & in_time,
    )
    waiting = union_all(*(select(drafts.c.post_id).where(one) for one in open_drafts))
    shown = select(consents.c.post_id).where(
        consents.c.state == "yes", consents.c.kind.in_(("stage", "answer")), consents.c.post_id.is_not(None)
    )
    kept = (text("posts.kept"), posts.c.id.not_in(waiting), posts.c.id.not_in(shown))
    beside = and_(
        text(f"drafts.{tables.BESIDE}"),
        drafts.c.created_at < before,
        *(drafts.c.post_id.not_in(some) for some in (waiting, shown)),
    )
    return (
        select(posts.c.id, posts.c.understanding).where(
            *kept, text("posts.reason_code = 'gate'"), posts.c.action == "handoff"
        ),
        select(posts.c.id).where(*kept, posts.c.received_at < before).limit(bindparam("most", type_=Integer())),
        select(drafts.c.post_id).where(beside).limit(bindparam("most", type_=Integer())),
    )
