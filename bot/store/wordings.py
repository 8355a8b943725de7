"""What became of each wording, and where a channel stands. Each function is a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from bot.domain import DraftState
from bot.events import Happened
from bot.store.posts import from_row
from bot.store.tables import drafts, events, posts
from responders.types import Place, ReasonCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What became of the cards on which one wording lay."""

    template: str
    variant: str
    laid: int
    """Cards on which it lay."""
    picked: int
    """Cards on which a person put it in place of another wording, or chose it among several."""
    as_it_is: int
    """Yeses to its own words, also where a manager filled in what it asks for."""
    edited: int
    """Yeses to other words that a manager wrote over it."""
    skipped: int


def uses(connection: Connection, since: datetime) -> list[Use]:
    """What became of each wording on the cards made since a moment. Wordings that lay on none are left out."""
    reworded = exists().where(
        events.c.post_id == drafts.c.post_id,
        events.c.draft_id == drafts.c.id,
        events.c.name == Happened.DRAFT_REWORDED,
    )
    yes = drafts.c.state == DraftState.APPROVED
    counts = {
        "picked": or_(drafts.c.reason_code != ReasonCode.INTENT, reworded),
        "as_it_is": and_(yes, ~drafts.c.own_words),
        "edited": and_(yes, drafts.c.own_words),
        "skipped": drafts.c.state == DraftState.REJECTED,
    }
    query = (
        select(
            drafts.c.template,
            drafts.c.variant,
            func.count().label("laid"),
            *(func.count(case((which, 1))).label(name) for name, which in counts.items()),
        )
        .where(drafts.c.created_at >= since, drafts.c.template.is_not(None), drafts.c.variant.is_not(None))
        .group_by(drafts.c.template, drafts.c.variant)
    )
    return [Use(**row) for row in connection.execute(query).mappings()]


def place_of(connection: Connection, platform: str, channel: str) -> Place | None:
    """What is known of a channel, from its newest post; None without one."""
    here = and_(posts.c.platform == platform, posts.c.channel == channel)
    row = connection.execute(select(posts).where(here).order_by(posts.c.at.desc()).limit(1)).mappings().first()
    return from_row(row).post.place if row else None
