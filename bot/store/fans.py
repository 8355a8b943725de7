"""What is kept about a fan: whether they opted out or in. Everything else hangs on their posts, and goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, text, update

from bot.events import Happened
from bot.store import deliveries, events, posts
from bot.store.posts import insert_ignore
from bot.store.tables import decisions, drafts, fans, requests
from bot.store.tables import deliveries as deliveries_table
from bot.store.tables import posts as posts_table
from responders.types import ReasonCode

FORGOTTEN = ""
"""Stands where a platform's id of an erased fan stood; no fan has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fan:
    """A fan's own choices."""

    opted_out_at: datetime | None = None
    opted_in_at: datetime | None = None


_GET = select(fans).where(fans.c.platform == bindparam("of_platform"), fans.c.fan_id == bindparam("of_fan"))


def get(connection: Connection, platform: str, fan_id: str) -> Fan:
    """A fan's choices; an unknown fan has made none."""
    row = connection.execute(_GET, {"of_platform": platform, "of_fan": fan_id}).first()
    return Fan(opted_out_at=row.opted_out_at, opted_in_at=row.opted_in_at) if row else Fan()


def choose(connection: Connection, platform: str, fan_id: str, *, out: bool, at: datetime) -> None:
    """Opt a fan out of replies, or back in."""
    connection.execute(insert_ignore(connection, fans), {"platform": platform, "fan_id": fan_id})
    values = {"opted_out_at": at, "opted_in_at": None} if out else {"opted_out_at": None}
    connection.execute(update(fans).where(fans.c.platform == platform, fans.c.fan_id == fan_id).values(values))
    events.append(connection, Happened.FAN_OPTED_OUT if out else Happened.FAN_OPTED_IN, at)


def export(connection: Connection, platform: str, fan_id: str) -> dict[str, Any]:
    """Everything stored about a fan, JSON-ready: for them to read."""
    fan = get(connection, platform, fan_id)
    theirs = posts.of_fan(connection, platform, fan_id)
    replies = deliveries.sent_in_posts(connection, [p.id for p in theirs])
    return {
        "platform": platform,
        "fan_id": fan_id,
        "opted_out_at": fan.opted_out_at.isoformat() if fan.opted_out_at else None,
        "opted_in_at": fan.opted_in_at.isoformat() if fan.opted_in_at else None,
        "posts": [
            {
                "post_id": p.id,
                "channel": p.post.channel,
                "name": p.post.author.name,
                "text": p.post.text,
                "quote": p.post.quote,
                "at": p.post.at.isoformat(),
                "deleted": p.deleted,
                "action": p.action,
                "intent": p.intent,
                "reason": p.reason,
                "understanding": p.understanding,
            }
            for p in theirs
        ],
        "replies": [
            {"post_id": r.post_id, "text": r.text, "sent_at": r.sent_at.isoformat() if r.sent_at else None}
            for r in replies
        ],
    }


def erase(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """Forget a fan: their words, names and ids, our drafts and our copies of replies to them.

    An opt-out stays (it is the fan's wish that we leave them alone), and so do the ids of messages, without which
    a back-fill would bring the post in again.
    """
    theirs = select(posts_table.c.id).where(posts_table.c.platform == platform, posts_table.c.author_id == fan_id)
    ids = list(connection.execute(theirs).scalars())
    drop_words(connection, ids, ReasonCode.OPTED_OUT, "The fan asked to be forgotten.", anonymous=True)
    still_out = fans.c.opted_out_at.is_not(None)
    fan = (fans.c.platform == platform, fans.c.fan_id == fan_id)
    connection.execute(delete(fans).where(*fan, ~still_out))
    connection.execute(update(fans).where(*fan).values(call_name=None, opted_in_at=None))
    events.append(connection, Happened.FAN_FORGOTTEN, at)


def drop_words(
    connection: Connection, post_ids: list[str], why: ReasonCode, sentence: str, *, anonymous: bool = False
) -> None:
    """Drop the text of posts, of their drafts and of what was sent, together; hashes and ids stay.

    A post that nobody has answered for ends silent for the reason given. With `anonymous` the author's id and the
    opener words of our replies go too.
    """
    who: Mapping[str, Any] = {"author_id": FORGOTTEN} if anonymous else {}
    unjudged = {"action": "silent", "reason_code": str(why)}
    drafts_of = select(drafts.c.id).where(drafts.c.post_id.in_(post_ids))
    no_draft_words: Mapping[str, Any] = {
        **dict.fromkeys(("text", "recipe", "typed", "alternatives", "checks", "missing", "facts", "all_facts")),
        **({"opener": None, "text_hash": None, "fan_id": FORGOTTEN} if anonymous else {}),
    }
    no_words = {"text": None, "draft_text": None, "note": None}
    here = posts_table.c.id.in_(post_ids)
    connection.execute(update(posts_table).where(here, posts_table.c.action.is_(None)).values(unjudged))
    connection.execute(update(posts_table).where(here).values({**posts.NO_WORDS, "reason": sentence, **who}))
    connection.execute(update(decisions).where(decisions.c.draft_id.in_(drafts_of)).values(no_words))
    connection.execute(update(drafts).where(drafts.c.post_id.in_(post_ids)).values(no_draft_words))
    connection.execute(update(deliveries_table).where(deliveries_table.c.post_id.in_(post_ids)).values(text=None))
    # An answer that was kept shows a card, and a card shows the thread around its post.
    threads = select(posts_table.c.thread).where(here)
    shown = select(posts_table.c.id).where(posts_table.c.thread.in_(threads))
    connection.execute(delete(requests).where(requests.c.post_id.in_(shown)))


def words_due(connection: Connection, before: datetime, undone_before: datetime, limit: int) -> list[str]:
    """Posts whose words are no longer needed: older than `before` with nobody waiting, closed crisis and minor cases.

    Crisis and minor posts are kept while their hand-off is open (a person must read them) and go when it is closed.
    What was rejected after `undone_before` can still be taken back and is kept.
    """
    waiting = select(drafts.c.post_id).where(
        drafts.c.state.in_(("waiting", "snoozed"))
        | ((drafts.c.state == "rejected") & (drafts.c.decided_at > undone_before))
        | drafts.c.id.in_(
            select(deliveries_table.c.draft_id).where(deliveries_table.c.state.in_(("held", "sending", "uncertain")))
        )
    )
    kept = (text("posts.kept"), posts_table.c.id.not_in(waiting))
    old = select(posts_table.c.id).where(*kept, posts_table.c.received_at < before).limit(limit)
    found = list(connection.execute(old).scalars())
    gates = select(posts_table.c.id, posts_table.c.understanding).where(
        *kept, posts_table.c.reason_code == "gate", posts_table.c.action == "handoff"
    )
    for post_id, read in connection.execute(gates):
        if {"crisis", "minor"} & set((read or {}).get("risk", ())):
            found.append(post_id)
    return found
