"""Judges one post: reads it with its context, and stores what the pipeline proposes, if it is still as it was read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from bot.domain import Draft, DraftState, Refused, StoredPost
from bot.hops import Hop, hop
from bot.people import credits
from bot.ports import Clock
from bot.queue import consents, context, facts, memory, moves, voids
from bot.settings import Settings
from bot.store import Connection, Store, drafts, fans, posts
from bot.worker import LONGEST, TookTooLong, Turns, Worker
from responders.pipeline import FAILED, Pipeline, urgency
from responders.types import Context, Outcome, Proposal, Reason, ReasonCode, Understanding

log = structlog.get_logger()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOLD_EVERY = timedelta(hours=1)
_UNREAD = 80
"""Priority of a post that was not read: it may be anything."""

Found = tuple[StoredPost, Context]
"""A post as it was when it was read, and what was read along with it."""


class Judge:
    """What the intake asks about each post. Reads on a thread of its own."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, pipeline: Callable[[], Pipeline], turns: Turns | None
    ) -> None:
        """`pipeline` gives the one in use. `turns`: shared with the other communities of the process."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._pipeline = pipeline
        self._worker = Worker("pipeline", turns)
        self._told: dict[str, datetime] = {}
        """What failed while a post was read -> when it was logged last."""

    @property
    def stuck(self) -> bool:
        """Whether so many posts hang in the reader that each new one goes to a person unread."""
        return self._worker.stuck

    async def read(self, post_id: str, *, asked: bool = False) -> tuple[Found, Proposal] | None:
        """A post with its context, and the proposal for it; None if there is nothing to judge.

        Reading the context and running the pipeline are one job on one thread, so that the event loop stays free.
        """
        try:
            return await self._worker.run(partial(self._timed, post_id, asked=asked))
        except TookTooLong:
            log.warning("post_takes_too_long", post_id=post_id, seconds=LONGEST)
            return await self.by_hand(post_id, asked=asked)

    async def by_hand(self, post_id: str, *, asked: bool = False) -> tuple[Found, Proposal] | None:
        """`read` without the pipeline, for a post that takes too long or ends the process each time."""
        found = await self._store.read(lambda c: self.around(c, post_id, asked=asked))
        return found and (found, _unread(found[0], Understanding()))

    def around(self, connection: Connection, post_id: str, *, asked: bool = False) -> Found | None:
        """A post and what its judgement needs; None if there is nothing to judge."""
        post = posts.get(connection, post_id)
        if post is None or post.deleted or not post.kept or (post.action is not None and not asked):
            return None
        return post, context.load(connection, post, self._settings, self._clock.now(), asked=asked)

    def submit(self, connection: Connection, found: Found, proposal: Proposal) -> bool:
        """Store the judgement and its draft; False if the post must be read again."""
        post, around = found
        author = post.post.author.id
        if not around.opted_out and fans.get(connection, post.post.platform, author).opted_out_at:
            return False
        if self._is_outdated(connection, found):
            return False
        if not posts.judge(connection, post, proposal, around.now):
            return False
        moves.submit(
            connection,
            post,
            proposal,
            around,
            _since(post, around.now) + self._settings.replies.expire_after,
            placed=lambda new: facts.in_its_place(connection, new, self._pipeline().library.facts),
        )
        voids.settle(connection, post, proposal, around.now)
        credits.notice(connection, post, proposal.understanding, self._pipeline().library, around.now)
        return True

    def lay(
        self, connection: Connection, found: Found, proposal: Proposal, kept: Collection[DraftState]
    ) -> Draft | Refused | None:
        """Store the draft that a manager asked for, or give the newest one if its state is one of `kept`; None if the
        post has changed and must be read again."""
        post, around = found
        newest = drafts.latest(connection, post.id)
        if newest and newest.state in kept:
            return newest
        if around.opted_out:
            return Refused("opted_out", "This fan asked not to be answered.")
        if self._is_outdated(connection, found):
            return None
        proposal = _at_least_handoff(proposal)
        if not posts.judge(connection, post, proposal, around.now, again=True):
            return None
        return moves.submit(connection, post, proposal, around, around.now + self._settings.replies.expire_after)

    def _is_outdated(self, connection: Connection, found: Found) -> bool:
        """Whether the fan changed what we remember of them since the post was read, or a fan said yes to passing on an
        answer, or took that back."""
        post, around = found
        remembered = memory.history(connection, post.post.platform, post.post.author.id, self._settings.community.local)
        return remembered != around.history or consents.credits(connection, around.now) != around.credits

    def _timed(self, post_id: str, *, asked: bool = False) -> tuple[Found, Proposal] | None:
        with hop(Hop.JUDGE, post_id=post_id):
            return self._judged(post_id, asked=asked)

    def _judged(self, post_id: str, *, asked: bool) -> tuple[Found, Proposal] | None:
        with hop(Hop.CONTEXT, post_id=post_id):
            found = self._store.read_here(lambda c: self.around(c, post_id, asked=asked))
        if found is None:
            return None
        post, around = found
        pipeline = self._pipeline()
        try:
            proposal = pipeline.run(post.post, around)
        except Exception:
            log.exception("pipeline_failed", post_id=post.id)
            read = Understanding()
            with suppress(Exception):  # a gate counts whatever else fails
                read = pipeline.understand(post.post, around)
            return found, _unread(post, read)
        self._tell_unread(proposal)
        if proposal.outcome is Outcome.DRAFT and not around.asked and self._too_old(post, around.now):
            proposal = _too_late(proposal)
        if proposal.outcome is Outcome.SILENT and not asked and not around.opted_out and self._made_anew(post):
            judged = self._judged(post_id, asked=True)
            return judged and (judged[0], _at_least_handoff(judged[1]))
        return found, proposal

    def _made_anew(self, post: StoredPost) -> bool:
        """Its last draft ended because a fact changed. Somebody saw it wait, so the post must not end in silence."""
        return self._store.read_here(lambda c: facts.replaced(c, post.id)) is not None

    def _tell_unread(self, proposal: Proposal) -> None:
        """Log what fails, once an hour. Cards tell managers each time."""
        now = self._clock.now()
        for step in proposal.trace:
            what = step.note.partition(":")[0]
            if step.stage == FAILED and now - self._told.get(what, _EPOCH) >= _TOLD_EVERY:
                self._told[what] = now
                log.error("reader_part_failed", what=step.note.partition("(")[0])  # the rest may quote the post

    def _too_old(self, post: StoredPost, now: datetime) -> bool:
        """True after a long stop, if nobody could answer the post in time."""
        return now - _since(post, now) >= self._settings.replies.expire_after


def _since(post: StoredPost, now: datetime) -> datetime:
    """The start of `expire_after`: when the words were written, not when we got them.

    A post that a manager relabelled starts now, as does an edit without a time, and a post of a replay.
    """
    if post.forced_intent is not None or post.post.platform == "replay":
        return now
    if post.version > 1:
        return min(post.edited_at or now, now)
    return post.written_at


def _unread(post: StoredPost, read: Understanding) -> Proposal:
    """A hand-off with what could be read. Posts of staff and bots wait for no answer."""
    author = post.post.author
    if author.is_staff or author.is_bot:
        reason = Reason(code=ReasonCode.STAFF_OR_BOT, sentence="It could not be read; nobody waits for an answer.")
        return Proposal(outcome=Outcome.SILENT, reason=reason, understanding=read)
    sentence = "Greenroom could not read this post; please read it yourself."
    code = ReasonCode.GATE if read.risk else ReasonCode.LOW_CONFIDENCE
    return Proposal(
        outcome=Outcome.HANDOFF,
        reason=Reason(code=code, sentence=sentence),
        understanding=read,
        priority=max(_UNREAD, urgency(read.risk)),
    )


def _too_late(proposal: Proposal) -> Proposal:
    """Silence in place of a draft that comes too late. A hand-off never does."""
    sentence = "It was older than expire_after when it was read."
    reason = Reason(code=ReasonCode.TOO_OLD, sentence=sentence)
    return Proposal(outcome=Outcome.SILENT, reason=reason, understanding=proposal.understanding, trace=proposal.trace)


def _at_least_handoff(proposal: Proposal) -> Proposal:
    if proposal.outcome is not Outcome.SILENT:
        return proposal
    return replace(proposal, outcome=Outcome.HANDOFF)
