"""What is stored about whole chats: a group that got another id, and everything that was said in one.

A Telegram group that becomes a supergroup has another id, and its messages are counted anew from 1: the old ones can
be neither answered nor changed any more. Its posts and replies move to the new id, so that caps, freshness and threads
go on, and the ids of its messages are set off by the old one, so that none is taken for a new message of that number.

A yes is sealed to the text and to the target. The target moves with its chat: it is the same message of the same person
under another name. So a seal is made anew with its delivery and its decision, in one transaction, and only where it
held before; one that did not hold still does not.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, literal, or_, select, update

from bot.domain import Target, seal
from bot.store import cursors
from bot.store.tables import decisions, deliveries, drafts, parts, posts, tombstones

_MOVED = "{}:moved"
"""Where a chat went lies among the cursors, under this platform."""


def moved(connection: Connection, platform: str) -> dict[int, int]:
    """Old id of a chat -> its id now."""
    steps = {int(old): int(new) for old, new in cursors.load(connection, _MOVED.format(platform)).items()}
    return {old: _end(old, steps) for old in steps}


def _end(chat: int, steps: dict[int, int]) -> int:
    for _ in steps:
        chat = steps.get(chat, chat)
    return chat


def set_off(old: str, external_id: str) -> str:
    """The id of a message of a chat that moved: no platform has such a one."""
    return f"{old}/{external_id}"


def move(connection: Connection, platform: str, old: str, new: str, at: datetime) -> None:
    """A chat has another id from now on. A second time changes nothing."""
    cursors.save(connection, _MOVED.format(platform), {old: new}, at)
    own = ("external_id",)
    for table, ids in ((posts, (*own, "reply_to")), (parts, own), (tombstones, own), (drafts, ())):
        here = and_(table.c.platform == platform, table.c.channel == old)
        apart = {name: literal(f"{old}/") + table.c[name] for name in ids}  # NULL stays NULL
        connection.execute(update(table).where(here).values({"channel": new, **apart}))
    here = and_(deliveries.c.platform == platform, deliveries.c.channel == old)
    for row in connection.execute(select(deliveries).where(here)).all():
        before = Target(platform=platform, channel=old, reply_to=row.reply_to)
        after = Target(platform=platform, channel=new, reply_to=set_off(old, row.reply_to))
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
