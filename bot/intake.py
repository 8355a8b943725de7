"""Post in: clean, store once, load the context, run the pipeline, hand the proposal to the desk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.desk import Desk
from bot.domain import Cause, Draft, DraftState, Refused, StoredPost, clean
from bot.events import Happened
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Connection, NewPost, Received, Store, changes, context, drafts, fans, moves, posts, requests
from bot.store.facts import in_its_place
from bot.store.ids import new_id
from responders.pipeline import Pipeline
from responders.types import Attachment, Context, Outcome, Post, Proposal, Reason, ReasonCode, Understanding

T = TypeVar("T")
log = structlog.get_logger()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Intake:
    """The one way in. One pipeline run at a time per channel, so that each sees what the one before it decided."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, desk: Desk, pipeline: Callable[[], Pipeline]
    ) -> None:
        """`pipeline` gives the current good one."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._desk = desk
        self._pipeline = pipeline
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="pipeline")
        self._queues: dict[tuple[str, str], OrderedDict[str, None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def receive(self, post: Post, *, key: str | None = None) -> Received:
        """Store a post; it is durable when this returns. A post that is already known gives its first id again.

        With a `key` (Idempotency-Key) the first answer is given again. Raises Refused if it came with another post.
        """
        new = NewPost(id=new_id(), post=_cleaned(post), received_at=self._clock.now())
        if key is None:
            received = await self._store.add_post(new)
        else:
            first = await self._store.write(lambda c: requests.receive(c, new, key))
            if first is None:
                sentence = "This Idempotency-Key was used for another post; use a new key for a new post."
                raise Refused("bad_action", sentence)
            received = first
        if received.post_id == new.id:
            self._schedule(post.platform, post.channel, new.id)
        return received

    async def edit(self, post_id: str, text: str) -> bool:
        """The fan edited the post. False for one that is unknown, deleted, or whose words are no longer kept."""
        now, cleaned = self._clock.now(), clean(text)

        def operation(connection: Connection) -> StoredPost | None:
            post = posts.get(connection, post_id)
            if post is None or post.deleted or not post.kept:
                return None
            changes.post_edited(connection, post, cleaned, now)
            return post

        return await self._store.write(operation) is not None

    async def edited(self, platform: str, channel: str, external_id: str, text: str) -> bool:
        """The platform says that a message reads like this now; the same words again change nothing.

        False for one that we do not have, or whose words are no longer kept.
        """
        post = await self._store.read(lambda c: posts.by_external(c, platform, channel, external_id))
        return post is not None and await self.edit(post.id, text)

    async def delete(self, post_id: str) -> bool:
        """The fan deleted the post. False for an unknown one."""
        page = await self._store.post_page(post_id)
        if page is None:
            return False
        post = page.post.post
        await self.deleted(post.platform, post.channel, post.external_id)
        return True

    async def deleted(self, platform: str, channel: str, external_id: str) -> None:
        """The platform says a message is gone, which we may not have seen yet."""
        now = self._clock.now()
        await self._store.write(lambda c: changes.post_deleted(c, platform, channel, external_id, now))

    async def card_for(self, post_id: str) -> dict[str, Any] | None:
        """A manager wants a card for a post that was left alone: a draft if there is one, else a hand-off.

        None for a post that is unknown, deleted, or whose words are no longer kept. A draft that already waits or was
        approved is given as it is: nobody is answered twice.
        """
        while True:
            judged = await self._on_worker(partial(self._judge, post_id, asked=True))
            if judged is None:
                return None
            found, proposal = judged
            draft = await self._store.write(partial(self._lay, found=found, proposal=_at_least_handoff(proposal)))
            if isinstance(draft, Refused):
                raise draft
            if draft:
                return await self._desk.draft(draft.id)

    def _around(
        self, connection: Connection, post_id: str, *, asked: bool = False
    ) -> tuple[StoredPost, Context] | None:
        post = posts.get(connection, post_id)
        if post is None or post.deleted or not post.kept or (post.action is not None and not asked):
            return None
        return post, context.load(connection, post, self._settings, self._clock.now(), asked=asked)

    def _lay(
        self, connection: Connection, found: tuple[StoredPost, Context], proposal: Proposal
    ) -> Draft | Refused | None:
        """Put an asked-for card on the desk; None when the post has changed since and must be read again."""
        post, around = found
        newest = drafts.latest(connection, post.id)
        if newest and (newest.live or newest.state is DraftState.APPROVED):
            return newest
        if around.opted_out:
            return Refused("opted_out", "This fan asked not to be answered.")
        if not posts.judge(connection, post, proposal, around.now, again=True):
            return None
        return moves.submit(connection, post, proposal, around, self._settings.replies.expire_after)

    async def run(self) -> None:
        """Judge what was left from before, then whatever is reopened, until cancelled."""
        with self._store.bell(Happened.POST_REOPENED) as bell:
            while True:
                for platform, channel, post_id in await self._store.read(posts.unjudged):
                    self._schedule(platform, channel, post_id)
                await bell.wait()

    async def idle(self) -> None:
        """Wait until everything that was taken in so far is judged."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Stop judging; what is left is judged after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._worker.shutdown()

    def _schedule(self, platform: str, channel: str, post_id: str) -> None:
        place = (platform, channel)
        queue = self._queues.get(place)
        if queue is not None:
            queue[post_id] = None
            return
        self._queues[place] = OrderedDict({post_id: None})
        task = asyncio.create_task(self._drain(place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, place: tuple[str, str]) -> None:
        queue = self._queues[place]
        try:
            while queue:
                post_id, _ = queue.popitem(last=False)
                try:
                    await self._process(post_id)
                except Exception:  # the others must go on; this one stays unjudged and is tried again after a start
                    log.exception("post_not_judged", post_id=post_id)
        finally:
            del self._queues[place]

    async def _process(self, post_id: str) -> None:
        """Judge one post; again if it, or the room there is for replies, changed meanwhile."""
        while judged := await self._on_worker(partial(self._judge, post_id)):
            found, proposal = judged
            if await self._store.write(partial(self._submit, found=found, proposal=proposal)):
                return

    async def _on_worker(self, work: Callable[[], T]) -> T:
        """Reading the context and running the pipeline are one job on one thread, so that the event loop stays free."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _judge(self, post_id: str, *, asked: bool = False) -> tuple[tuple[StoredPost, Context], Proposal] | None:
        """What should become of a post, and what that was read from; None when there is nothing to judge."""
        found = self._store.read_here(lambda c: self._around(c, post_id, asked=asked))
        if found is None:
            return None
        post, around = found
        try:
            proposal = self._pipeline().run(post.post, around)
        except Exception:
            log.exception("pipeline_failed", post_id=post.id)
            return found, _unread()
        if proposal.outcome is Outcome.DRAFT and not around.asked and self._too_old(post, around.now):
            proposal = _too_late(proposal)
        if proposal.outcome is Outcome.SILENT and not asked and not around.opted_out and self._made_anew(post):
            judged = self._judge(post_id, asked=True)
            return judged and (judged[0], _at_least_handoff(judged[1]))
        return found, proposal

    def _made_anew(self, post: StoredPost) -> bool:
        """A fact of its last draft has changed. What somebody saw waiting does not end in silence for that."""
        return self._store.read_here(lambda c: _outdated(c, post)) is not None

    def _too_old(self, post: StoredPost, now: datetime) -> bool:
        """Found after a long stop: nobody could answer it in time any more. What is judged anew came up just now."""
        fresh = post.version > 1 or post.forced_intent is not None or post.post.platform == "replay"
        return not fresh and now - post.received_at >= self._settings.replies.expire_after

    def _submit(self, connection: Connection, found: tuple[StoredPost, Context], proposal: Proposal) -> bool:
        """Write what became of the post; False when it must be looked at again."""
        post, around = found
        author = post.post.author.id
        if not around.opted_out and fans.get(connection, post.post.platform, author).opted_out_at:
            return False
        if not posts.judge(connection, post, proposal, around.now):
            return False
        old, known = _outdated(connection, post), self._pipeline().library.facts
        moves.submit(
            connection,
            post,
            proposal,
            around,
            self._settings.replies.expire_after,
            placed=lambda new: in_its_place(new, old, known) if old else new,
        )
        _withdraw_answered(connection, post, proposal, around)
        return True


def _outdated(connection: Connection, post: StoredPost) -> Draft | None:
    """The draft that is made anew because a fact of it has changed."""
    last = drafts.latest(connection, post.id)
    return last if last and last.cause == Cause.FACT_CHANGED else None


def _withdraw_answered(connection: Connection, post: StoredPost, proposal: Proposal, around: Context) -> None:
    """What this post settles: a teammate's answer, or the fan's own "never mind", withdraws the drafts it speaks of."""
    author = post.post.author
    if author.is_staff and not author.is_bot:
        for answered in posts.answered_by(connection, post):
            moves.end_all(connection, answered.id, Cause.ANSWERED, around.now)
    elif proposal.understanding.resolves:
        for earlier in posts.earlier_of_author(connection, post):
            moves.end_all(connection, earlier.id, Cause.RESOLVED, around.now)


def _unread() -> Proposal:
    sentence = "This post could not be read by the program; please read it yourself."
    return Proposal(
        outcome=Outcome.HANDOFF,
        reason=Reason(code=ReasonCode.LOW_CONFIDENCE, sentence=sentence),
        understanding=Understanding(),
    )


def _too_late(proposal: Proposal) -> Proposal:
    """A hand-off never expires, and silence is silence; only a draft can come too late."""
    sentence = "It had been waiting for longer than expire_after when it was read."
    reason = Reason(code=ReasonCode.TOO_OLD, sentence=sentence)
    return Proposal(outcome=Outcome.SILENT, reason=reason, understanding=proposal.understanding, trace=proposal.trace)


def _at_least_handoff(proposal: Proposal) -> Proposal:
    if proposal.outcome is not Outcome.SILENT:
        return proposal
    return replace(proposal, outcome=Outcome.HANDOFF)


def _cleaned(post: Post) -> Post:
    return replace(
        post,
        channel=clean(post.channel),
        external_id=clean(post.external_id),
        author=replace(post.author, id=clean(post.author.id), name=clean(post.author.name)),
        text=clean(post.text),
        at=max(post.at, _EPOCH),  # the year 1 has no day before, which the questions about "lately" ask for
        reply_to=clean(post.reply_to) if post.reply_to else None,
        attachments=tuple(
            Attachment(kind=a.kind, url=clean(a.url) if a.url else None, title=clean(a.title) if a.title else None)
            for a in post.attachments
        ),
        place=replace(post.place, name=clean(post.place.name), topic=clean(post.place.topic)),
        quote=clean(post.quote),
    )
