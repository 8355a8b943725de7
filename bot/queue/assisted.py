"""When a language model may be asked about a card, and what of its answer comes onto it. Functions of a connection.

The card is there before it is asked, and nothing waits for it. Each call is claimed by a row, so a card is asked about
once. Everything that forbids the question is looked at again before the answer is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import MOVES, Cause, Draft, DraftState, Purpose, StoredPost
from bot.events import Happened
from bot.queue import context, moves
from bot.queue.facts import Facts, outdated
from bot.settings import AssistantSection, Settings
from bot.store import Connection, assistant, drafts, events, fans, holds, posts
from bot.store.assistant import NOT_FOR_IT, End
from responders.types import Candidate, Context, Post, Proposal, ReasonCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A card that the model may be asked about."""

    draft: Draft
    post: StoredPost
    context: Context
    """For the rules and the checks."""
    seen: tuple[Post, Context]
    """What the model may see of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the model said, once it is read and checked."""

    wording: Candidate | None = None
    reading: Proposal | None = None
    """The proposal for the post with the model as a second reader; None where that changes nothing."""
    facts: Facts = field(default_factory=dict)
    """The operators' facts in use."""


def look(connection: Connection, draft_id: str, settings: Settings, now: datetime) -> Question | None:
    """The card as it is now; None where the model must not be asked about it, or was already."""
    draft = drafts.get(connection, draft_id)
    post = posts.get(connection, draft.post_id) if draft else None
    if draft is None or post is None or assistant.claimed(connection, draft_id) or not _open(connection, draft, post):
        return None
    since = assistant.on_since(connection)
    if since is None or post.received_at < since or assistant.touched(connection, post.id):
        return None
    if draft.state is not DraftState.WAITING or draft.reason_code is ReasonCode.BY_HAND:
        return None
    around = context.load(connection, post, settings, now)
    return Question(draft=draft, post=post, context=around, seen=context.for_assistant(connection, post, around))


def _open(connection: Connection, draft: Draft, post: StoredPost) -> bool:
    """Whether a card may have anything to do with the model: a live reply to a fan who has not said no, away from every
    gate, while nothing is on hold."""
    if not draft.live or draft.purpose is not Purpose.REPLY or draft.risk or draft.reason_code in NOT_FOR_IT:
        return False
    if post.deleted or not post.kept or not assistant.harmless(post.understanding):
        return False
    fan = fans.get(connection, post.post.platform, post.post.author.id)
    if fan.opted_out_at or fan.being_forgotten or fan.no_assistant:
        return False
    return holds.current(connection) is None


def claim(connection: Connection, question: Question, settings: Settings, characters: int, now: datetime) -> bool:
    """Take a card for a question, right before it is asked. False if it has changed since it was looked at, if another
    process was faster, or if the day's questions are used up."""
    section = settings.assistant
    again = look(connection, question.draft.id, settings, now)
    if section is None or again is None or _different(again, question):
        return False
    if assistant.asked_since(connection, assistant.midnight(now)) >= section.per_day:
        _note(connection, question, section, now, outcome=End.OVER_BUDGET)
        return False
    if not _note(connection, question, section, now, characters=characters):
        return False
    events.append(
        connection,
        Happened.ASSISTANT_ASKED,
        now,
        post_id=question.post.id,
        draft_id=question.draft.id,
        model=section.model,
        host=section.host,
        characters=characters,
    )
    return True


def leave_out(connection: Connection, question: Question, section: AssistantSection, now: datetime) -> None:
    """Note that the model is never asked about a card."""
    _note(connection, question, section, now, outcome=End.LEFT_OUT)


def _note(connection: Connection, question: Question, section: AssistantSection, now: datetime, **more: Any) -> bool:
    values = {"model": section.model, "host": section.host, "characters": 0, **more}
    return assistant.claim(connection, question.draft.id, now, **values)


def _different(now: Question, before: Question) -> bool:
    """Whether something that the model was to see, or the card itself, has changed."""
    same = (now.draft.revision, now.post.version) == (before.draft.revision, before.post.version)
    return not same or (now.seen[0], now.seen[1].before) != (before.seen[0], before.seen[1].before)


def take(
    connection: Connection, question: Question, answer: Answer, settings: Settings, now: datetime
) -> tuple[End, bool]:
    """Put what the model said onto the card. Returns what became of it, and whether the post is read in another way
    now.

    A wording becomes the last of the others, and takes nothing away: a press on what somebody saw still counts. Another
    reading makes a new revision, and never comes to a card that somebody has opened.
    """
    draft, post = drafts.get(connection, question.draft.id), posts.get(connection, question.post.id)
    if draft is None or post is None or not _open(connection, draft, post):
        return End.VOID, False
    if draft.revision != question.draft.revision or post.version != question.post.version:
        return End.VOID, False
    read = _read_again(draft, question, answer.reading, settings, now)
    new = read or draft
    said = {new.text, *(other.text for other in new.alternatives)}
    if answer.wording and answer.wording.text not in said:
        added = moves.alternative(answer.wording)
        new = replace(new, alternatives=(*new.alternatives, replace(added, reading="")))
    if new is draft:
        return End.NOTHING, False
    if outdated(new, answer.facts, settings.community.local(now).date()):
        return End.VOID, False
    if read and answer.reading and not posts.judge(connection, post, answer.reading, now, again=True):
        return End.VOID, False
    moves.save(connection, draft, new)
    if read:
        drafts.lay_first(connection, new)
    return End.ANSWERED, read is not None


def _read_again(
    draft: Draft, question: Question, proposal: Proposal | None, settings: Settings, now: datetime
) -> Draft | None:
    """The draft with another reading; None where there is none, or where it may not come any more."""
    post = question.post
    untouched = draft.kind == "handoff" and draft.text is None and draft.opened_by is None and not draft.assigned_to
    target = MOVES.get((draft.state, Cause.ASSISTANT))
    if proposal is None or target is None or not untouched:
        return None
    since = draft.created_at if post.post.platform == "replay" else min(post.edited_at or post.written_at, now)
    expires_at = since + settings.replies.expire_after
    if expires_at <= now:
        return None
    new = moves.read_again(draft, post, proposal, question.context, expires_at)
    offered = [(other.text, other.reading) for other in new.alternatives]
    same = new.text is None and offered == [(other.text, other.reading) for other in draft.alternatives]
    return None if same else new


def finish(
    connection: Connection, question: Question, end: End, now: datetime, *, read: bool = False, **values: Any
) -> None:
    """Note what became of a question. `values`: what it took, and which checks stopped the answer."""
    assistant.end(connection, question.draft.id, end, **values)
    events.append(
        connection,
        Happened.ASSISTANT_ANSWERED,
        now,
        post_id=question.post.id,
        draft_id=question.draft.id,
        outcome=str(end),
        read_again=read,
        took_ms=values.get("took_ms"),
    )


SINCE = timedelta(hours=1)
"""A card that has waited for longer is not asked about: it was looked at, or the model was away for too long."""
