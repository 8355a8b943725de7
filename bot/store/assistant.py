"""What a language model was asked about. A row for each card, claimed before it is asked; never a word of a fan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select, update

from bot.domain import DraftState, Purpose
from bot.events import Happened
from bot.store import events as trail
from bot.store.fans import get as choices_of
from bot.store.posts import add_unless_there
from bot.store.tables import assistant_calls as calls
from bot.store.tables import drafts, events, fans, posts
from responders.types import ReasonCode


class End(StrEnum):
    """What became of a question to the model."""

    ANSWERED = "answered"
    """What it said is on the card."""
    BLOCKED = "blocked"
    """A check stopped what it said."""
    NOTHING = "nothing"
    """It had nothing to say."""
    NONSENSE = "nonsense"
    VOID = "void"
    """The card had moved on."""
    LATE = "late"
    DOWN = "down"
    BUSY = "busy"
    REFUSED = "refused"
    OVER_BUDGET = "over_budget"
    """It was not asked: the day's questions were used up."""
    LEFT_OUT = "left_out"
    """It was not asked: the post is none for it."""


NOT_ASKED = (End.OVER_BUDGET, End.LEFT_OUT)
NOT_FOR_IT = frozenset(
    {
        ReasonCode.GATE,
        ReasonCode.OPTED_OUT,
        ReasonCode.CAP,
        ReasonCode.NOT_TEXT,
        ReasonCode.STAFF_OR_BOT,
        ReasonCode.TOO_OLD,
    }
)
"""Reasons of cards that it is never asked about. Nor is it where an operator's note says that a person answers."""


_SHORTEST = 100
"""Milliseconds that are told as a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """The questions of some time."""

    asked: int = 0
    ends: Mapping[str, int] = field(default_factory=dict)
    """How many ended how. A question that is still open has no end."""
    blocked_by: Mapping[str, int] = field(default_factory=dict)
    """Check -> how many answers it stopped."""
    took_ms: int | None = None
    """The mean time of an answer."""
    tokens: int = 0

    @property
    def took(self) -> str:
        """The mean time of an answer: "1.2 seconds", "under 0.1 seconds"; empty without one."""
        if self.took_ms is None:
            return ""
        return f"{self.took_ms / 1000:.1f} seconds" if self.took_ms >= _SHORTEST else "under 0.1 seconds"


_LINKED = fans.alias("linked")
_SAID_NO = exists().where(
    fans.c.platform == drafts.c.platform,
    fans.c.fan_id == drafts.c.fan_id,
    or_(
        *(fans.c[name].is_not(None) for name in ("opted_out_at", "forgetting_since", "assistant_declined_at")),
        exists().where(_LINKED.c.person_id == fans.c.person_id, _LINKED.c.assistant_declined_at.is_not(None)),
    ),
)


_SWITCHES = (Happened.ASSISTANT_ON, Happened.ASSISTANT_OFF)


def switch(connection: Connection, model: Mapping[str, str] | None, at: datetime) -> None:
    """Note which model is in use from now on, by its name and host; None for no model. A restart changes nothing."""
    last = trail.newest(connection, *_SWITCHES)
    if model is None and (last is None or last.name is Happened.ASSISTANT_OFF):
        return
    if model is None:
        trail.append(connection, Happened.ASSISTANT_OFF, at)
    elif last is None or last.name is Happened.ASSISTANT_OFF or last.data != model:
        trail.append(connection, Happened.ASSISTANT_ON, at, **model)


def on_since(connection: Connection) -> datetime | None:
    """Since when this model is in use. It sees no post from before. None while there is no model."""
    last = trail.newest(connection, *_SWITCHES)
    return last.at if last and last.name is Happened.ASSISTANT_ON else None


def touched(connection: Connection, post_id: str) -> bool:
    """Whether a manager has done anything about a post or its cards."""
    return bool(connection.execute(select(_TOUCHED.where(events.c.post_id == post_id))).scalar())


_TOUCHED = exists().where(events.c.by.is_not(None))


def candidates(connection: Connection, since: datetime, limit: int, but: Collection[str] = ()) -> list[str]:
    """Drafts of replies that it may be asked about, the most urgent first, then the newest. The claim looks again."""
    on = on_since(connection)
    if on is None:
        return []
    waits = and_(
        drafts.c.state == DraftState.WAITING,
        drafts.c.purpose == Purpose.REPLY,
        drafts.c.risk.is_(None),
        drafts.c.reason_code.not_in((*NOT_FOR_IT, ReasonCode.BY_HAND)),
        drafts.c.created_at >= since,
        drafts.c.id.not_in(list(but)),
    )
    query = (
        select(drafts.c.id)
        .join(posts, posts.c.id == drafts.c.post_id)
        .where(waits, posts.c.kept, ~posts.c.deleted, posts.c.received_at >= on)
        .where(~exists().where(calls.c.draft_id == drafts.c.id), ~_SAID_NO)
        .where(~_TOUCHED.where(events.c.post_id == drafts.c.post_id))
        .order_by(drafts.c.priority.desc(), drafts.c.created_at.desc(), drafts.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def claim(connection: Connection, draft_id: str, at: datetime, **values: Any) -> bool:
    """Note that a card is asked about, or never will be. False if that is noted already."""
    row = {"draft_id": draft_id, "at": at, **values}
    return add_unless_there(connection, calls, row)


def claimed(connection: Connection, draft_id: str) -> bool:
    """Whether a card was asked about already, or never will be."""
    return connection.execute(select(calls.c.draft_id).where(calls.c.draft_id == draft_id)).first() is not None


def end(connection: Connection, draft_id: str, outcome: End, **values: Any) -> None:
    """Note what became of a question."""
    connection.execute(update(calls).where(calls.c.draft_id == draft_id).values(outcome=outcome, **values))


def midnight(now: datetime) -> datetime:
    """When the day of the questions began: by UTC, wherever the processes are."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def asked_since(connection: Connection, since: datetime) -> int:
    """How many questions were asked since a moment."""
    was_asked = calls.c.outcome.is_(None) | calls.c.outcome.not_in(NOT_ASKED)
    return connection.execute(
        select(func.count()).select_from(calls).where(calls.c.at >= since, was_asked)
    ).scalar_one()


def used(connection: Connection, since: datetime) -> Used:
    """What became of the questions since a moment."""
    numbers = select(
        calls.c.outcome,
        func.count().label("number"),
        func.avg(calls.c.took_ms).label("took"),
        func.sum(func.coalesce(calls.c.tokens_in, 0) + func.coalesce(calls.c.tokens_out, 0)).label("tokens"),
    )
    rows = connection.execute(numbers.where(calls.c.at >= since).group_by(calls.c.outcome)).all()
    blocked = select(calls.c.checks).where(calls.c.at >= since, calls.c.checks.is_not(None))
    stopped = Counter(name for names in connection.execute(blocked).scalars() for name in names or ())
    said = [row for row in rows if row.outcome in (End.ANSWERED, End.BLOCKED, End.NOTHING, End.VOID) and row.took]
    answers = sum(row.number for row in said)
    return Used(
        asked=sum(row.number for row in rows if row.outcome not in NOT_ASKED),
        ends={row.outcome: row.number for row in rows if row.outcome},
        blocked_by=dict(stopped),
        took_ms=round(sum(float(row.took) * row.number for row in said) / answers) if answers else None,
        tokens=sum(int(row.tokens or 0) for row in rows),
    )


def may_be_given(connection: Connection, post_ids: Sequence[str]) -> set[str]:
    """Those of these posts that a model may see: it was on when they came in, they were read, they hit no gate, and
    their author has not said no."""
    on = on_since(connection)
    if on is None:
        return set()
    query = select(posts.c.id, posts.c.understanding, posts.c.platform, posts.c.author_id).where(
        posts.c.id.in_(post_ids), posts.c.kept, ~posts.c.deleted, posts.c.action.is_not(None), posts.c.received_at >= on
    )
    found = connection.execute(query).all()
    refuse = {
        author
        for author in {(row.platform, row.author_id) for row in found}
        if (fan := choices_of(connection, *author)).no_assistant or fan.opted_out_at or fan.being_forgotten
    }
    return {row.id for row in found if (row.platform, row.author_id) not in refuse and harmless(row.understanding)}


def harmless(understanding: Mapping[str, Any] | None) -> bool:
    """Whether a post was read in full and raised no gate."""
    read = understanding or {}
    return bool(read) and not (read.get("risk") or read.get("alarms") or read.get("unread"))
