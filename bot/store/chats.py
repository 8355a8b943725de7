"""Whole chats: a group that got another id, and the posts of a chat.

A Telegram group that becomes a supergroup gets another id, and its messages are numbered from 1 again. The old messages
can no longer be answered or changed. Their posts and replies move to the new id, so that caps, freshness and threads
go on. The old chat id is put before their message ids, so that they do not collide with new messages.

A yes is sealed to text and target. The target is still the same message of the same person, under another name. So the
seals of delivery and decision are made again in the same transaction, but only if they matched before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, literal, or_, select, update

from bot.domain import Target, seal
from bot.store import cursors
from bot.store.tables import decisions, deliveries, drafts, parts, posts, tombstones

_MOVED = "{}:moved"
"""The cursors of this platform say which chat became which."""


def moved(connection: Connection, platform: str) -> dict[int, int]:
    """Old id of a chat -> its present id."""
    steps = {int(old): int(new) for old, new in cursors.load(connection, _MOVED.format(platform)).items()}
    return {old: _end(old, steps) for old in steps}


def _end(chat: int, steps: dict[int, int]) -> int:
    for _ in steps:
        chat = steps.get(chat, chat)
    return chat


def set_off(old: str, external_id: str) -> str:
    """The id of a message of a chat that moved. No platform has such ids."""
    return f"{old}/{external_id}"


def move(connection: Connection, platform: str, old: str, new: str, at: datetime) -> None:
    """Move a chat to another id. To do so again changes nothing."""
    cursors.save(connection, _MOVED.format(platform), {old: new}, at)
    own = ("external_id",)
    for table, ids in ((posts, (*own, "reply_to")), (parts, own), (tombstones, own), (drafts, ())):
        here = and_(table.c.platform == platform, table.c.channel == old)
        apart = {name: literal(f"{old}/") + table.c[name] for name in ids}  # NULL stays NULL
        connection.execute(update(table).where(here).values({"channel": new, **apart}))
    here = and_(deliveries.c.platform == platform, deliveries.c.channel == old)
    for row in connection.execute(select(deliveries).where(here)).all():
        before = Target(platform=platform, channel=old, reply_to=row.reply_to)
        reply_to = set_off(old, row.reply_to) if row.reply_to else ""
        after = Target(platform=platform, channel=new, reply_to=reply_to)
        values = {"channel": new, "reply_to": after.reply_to}
        if row.external_id:
            values["external_id"] = set_off(old, row.external_id)
        if row.seal == seal(row.text or "", before):
            values["seal"] = seal(row.text or "", after)
            yes = and_(decisions.c.id == row.decision_id, decisions.c.seal == row.seal)
            connection.execute(update(decisions).where(yes).values(seal=values["seal"]))
        connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(values))


def said_in(connection: Connection, platform: str, chat: str, limit: int) -> list[tuple[str, str]]:
    """(channel, external id) of the newest posts of a chat and its topics that are not deleted."""
    here = or_(posts.c.channel == chat, posts.c.channel.startswith(f"{chat}/", autoescape=True))
    query = select(posts.c.channel, posts.c.external_id).where(posts.c.platform == platform, here, ~posts.c.deleted)
    return [
        (row.channel, row.external_id) for row in connection.execute(query.order_by(posts.c.at.desc()).limit(limit))
    ]
