"""Takes posts in: cleans and stores each once, runs the pipeline, hands the proposal to the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.backlog import Backlog, Place
from bot.desk import Desk
from bot.desk.view import CardView, Decided
from bot.domain import Draft, DraftState, Refused, StoredPost, clean
from bot.errors import StoreError
from bot.events import Happened
from bot.hops import Hop, begin, hop
from bot.people import credits
from bot.ports import Clock
from bot.queue import consents, context, facts, memory, moves, voids
from bot.settings import Settings
from bot.store import Connection, NewPost, Received, Store, drafts, fans, posts, requests
from bot.store.ids import new_id
from bot.worker import LONGEST, MOST, TookTooLong, Turns, Worker
from responders.pipeline import FAILED, Pipeline, urgency
from responders.types import Context, Outcome, Post, Proposal, Reason, ReasonCode, Understanding

log = structlog.get_logger()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SWEEP = 10.0
"""Seconds between looks at the unjudged posts in the store; a signal brings the next one forward."""
MOST_IN_MEMORY = 10_000
"""Ids of unjudged posts that are held at once. The others wait in the store."""
CROWDED = 2_000
"""When so many posts wait, whoever can come again later has to: some ten seconds of work on one core."""
COME_AGAIN = 5
"""Seconds after which they may."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a post that could not be judged is tried again. They double each time."""
LATE = timedelta(seconds=30)
"""If a post waits longer, the reader hangs or is far behind."""
_TOLD_EVERY = timedelta(hours=1)
_UNREAD = 80
"""Priority of a post that was not read: it may be anything."""

_MOST_TRIES = 3
"""After so many tries, each of which ended the process, a person reads the post."""
_MOST_FAILURES = 5
"""After so many failed tries a person reads the post."""

_Found = tuple[StoredPost, Context]
_Made = TypeVar("_Made")


@dataclass(kw_only=True, slots=True)
class _Trouble:
    """A post that could not be judged and is tried again."""

    pause: float
    """Seconds to wait after the next failure."""
    failures: int = 0
    """Tries that failed right after a write succeeded: the fault is in the post, not in the database."""
    waits: bool = True
    """True until its pause is over."""


class Intake:
    """The one way in. A channel has one pipeline run at a time, so that each run knows what the one before decided."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        desk: Desk,
        pipeline: Callable[[], Pipeline],
        *,
        turns: Turns | None = None,
    ) -> None:
        """`pipeline` gives the one in use. `turns`: shared with the other communities of the process."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._desk = desk
        self._pipeline = pipeline
        self._worker = Worker("pipeline", turns)
        self._backlog = Backlog(MOST_IN_MEMORY)
        self._at_work = 0
        """Posts that are being judged, one of each channel."""
        self._filling = False
        self._eased = asyncio.Event()
        """Set while not too many posts wait."""
        self._eased.set()
        self._trouble: dict[str, _Trouble] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._late = False
        self._told: dict[str, datetime] = {}
        """What failed while a post was read -> when it was logged last."""

    async def receive(self, post: Post, *, key: str | None = None, sent: str | None = None) -> Received:
        """Store a post; it is durable when this returns. A known post gets its first id again.

        With a `key` (Idempotency-Key) the first answer is given again. Raises Refused for a key of another post.
        `sent` is what the client sent, without our defaults (None: what the post says).
        """
        ended = begin()
        new = NewPost(id=new_id(), post=_cleaned(post), received_at=self._clock.now())
        if key is None:
            received = await self._store.add_post(new)
        else:
            first = await self._store.write(lambda c: requests.receive(c, new, key, sent))
            if first is None:
                sentence = "This Idempotency-Key was used for another post; use a new key for a new post."
                raise Refused("key_used", sentence)
            received = first
        ended(Hop.RECEIVE, post_id=received.post_id)
        place = (post.platform, post.channel)
        if received.post_id == new.id and self._backlog.add(place, new.id, self._held()):
            self._start(self._drain(place))
        self._notice()
        return received

    @property
    def crowded(self) -> bool:
        """Whether so many posts wait that whoever can come again later has to. The others are stored as always."""
        return self._backlog.behind or self._in_memory() >= CROWDED

    def _held(self) -> int:
        """Posts that were taken out of the backlog: those that are being judged, and those that are tried again."""
        return self._at_work + len(self._trouble)

    def _in_memory(self) -> int:
        return len(self._backlog) + self._held()

    async def room(self) -> None:
        """Wait until it is not crowded, for whoever reads posts that are kept elsewhere."""
        await self._eased.wait()

    async def edit(self, post_id: str, text: str) -> bool:
        """The fan edited the post. The last edit wins.

        False if the post is unknown or deleted, or its words were dropped.
        """
        return await self._edit(lambda c: posts.get(c, post_id), text, None)

    async def edited(
        self, platform: str, channel: str, external_id: str, text: str, *, at: datetime | None = None
    ) -> bool:
        """The platform says that a message has these words since `at`. The same words, and older ones, change nothing.

        False if we do not have the post, or its words were dropped.
        """
        return await self._edit(lambda c: posts.by_external(c, platform, channel, external_id), text, at)

    async def _edit(self, find: Callable[[Connection], StoredPost | None], text: str, at: datetime | None) -> bool:
        """Finds and changes the post in one transaction, so that no other edit comes in between."""
        now, cleaned = self._clock.now(), clean(text)

        def operation(connection: Connection) -> bool:
            post = find(connection)
            if post is None or post.deleted or not post.kept:
                return False
            voids.post_edited(connection, post, cleaned, now, edited_at=at)
            return True

        return await self._store.write(operation)

    async def delete(self, post_id: str) -> bool:
        """The fan deleted the post. False if it is unknown."""
        page = await self._store.post_page(post_id)
        if page is None:
            return False
        post = page.post.post
        await self.deleted(post.platform, post.channel, post.external_id)
        return True

    async def deleted(self, platform: str, channel: str, external_id: str) -> None:
        """The platform says that a message is gone. We may not have got it yet."""
        now = self._clock.now()
        await self._store.write(lambda c: voids.post_deleted(c, platform, channel, external_id, now))

    async def card_for(self, post_id: str) -> CardView | None:
        """A manager asks for a card for a post that was left alone: a draft if there is one, else a hand-off.

        None if the post is unknown or deleted, or its words were dropped. A draft that waits or was approved is given
        as it is, so that nobody is answered twice. Raises Refused for a fan who opted out.
        """
        draft = await self._asked(post_id, lambda _, laid: laid, drafts.IN_USE)
        return await self._desk.draft(draft.id) if draft else None

    async def needs_no_answer(self, post_id: str, by: str) -> Decided | None:
        """A manager says so: the draft that waits is skipped. Where there is none it is made first, in the same
        transaction, so that the skip is kept like any other and can be undone.

        None as in `card_for`. Raises Refused for anybody but managers, for a reply that was approved, and as `card_for`
        does.
        """
        self._desk.check(by)
        kept = (*drafts.IN_USE, DraftState.REJECTED)
        return await self._asked(post_id, lambda c, laid: self._desk.skip(c, laid, by), kept)

    async def _asked(
        self, post_id: str, then: Callable[[Connection, Draft], _Made | Refused], kept: Collection[DraftState]
    ) -> _Made | None:
        """Lay a draft for a manager and do something with it, in one transaction."""

        def operation(connection: Connection) -> _Made | Refused | None:
            laid = self._lay(connection, found, _at_least_handoff(proposal), kept)
            return then(connection, laid) if isinstance(laid, Draft) else laid

        while True:
            judged = await self._read(post_id, asked=True)
            if judged is None:
                return None
            found, proposal = judged
            made = await self._store.write(operation)
            if isinstance(made, Refused):
                raise made
            if made:
                return made

    def _around(self, connection: Connection, post_id: str, *, asked: bool = False) -> _Found | None:
        post = posts.get(connection, post_id)
        if post is None or post.deleted or not post.kept or (post.action is not None and not asked):
            return None
        return post, context.load(connection, post, self._settings, self._clock.now(), asked=asked)

    def _lay(
        self, connection: Connection, found: _Found, proposal: Proposal, kept: Collection[DraftState]
    ) -> Draft | Refused | None:
        """Store the draft that a manager asked for, or give the newest one if its state is one of `kept`; None if the
        post has changed and must be read again."""
        post, around = found
        newest = drafts.latest(connection, post.id)
        if newest and newest.state in kept:
            return newest
        if around.opted_out:
            return Refused("opted_out", "This fan asked not to be answered.")
        if _remembers_otherwise(connection, found, self._settings) or _credits_others(connection, found):
            return None
        if not posts.judge(connection, post, proposal, around.now, again=True):
            return None
        return moves.submit(connection, post, proposal, around, around.now + self._settings.replies.expire_after)

    async def run(self) -> None:
        """Judge posts from before the start, reopened ones, and any that were missed, until cancelled."""
        with self._store.signal(Happened.POST_REOPENED, elsewhere=[Happened.POST_RECEIVED]) as signal:
            while True:
                await self._fill()
                self._notice()
                await self._watch()
                await signal.wait(self._store.sweep(_SWEEP))

    async def waiting(self) -> timedelta:
        """How long the oldest unjudged post has waited; zero if there is none."""
        since = await self._store.read(posts.waiting_since)
        return max(timedelta(), self._clock.now() - since) if since else timedelta()

    async def late(self) -> str | None:
        """One sentence if posts wait too long to be read, or are not read, else None."""
        if self._worker.stuck:
            return f"{MOST} posts hang in the reader, so each new one goes to a person unread; restart Greenroom."
        waiting = await self.waiting()
        if waiting < LATE:
            return None
        return (
            f"A post has waited for {waiting.total_seconds():.0f} seconds to be read, and a crisis would wait as long. "
            "The reader hangs or is far behind; restart Greenroom if this does not pass."
        )

    async def _watch(self) -> None:
        """Log once when posts begin to wait too long, and once when that is over."""
        late = await self.late()
        if late and not self._late:
            log.error("posts_wait", why=late)
        elif self._late and not late:
            log.info("posts_no_longer_wait")
        self._late = late is not None

    async def idle(self) -> None:
        """Wait until all posts that came so far are judged."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Stop judging. The rest is judged after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fill(self) -> None:
        """Take in the oldest unjudged posts of the store."""
        left_out = self._backlog.left_out
        found = await self._store.read(partial(posts.unjudged, limit=MOST_IN_MEMORY))
        whole = len(found) < MOST_IN_MEMORY
        for platform, channel, post_id in found:
            if self._backlog.full(self._held()):
                whole = False
                break
            if post_id not in self._trouble or not self._trouble[post_id].waits:
                self._put((platform, channel), post_id)
        self._backlog.filled(left_out, whole=whole)

    async def _fill_soon(self) -> None:
        try:
            await self._fill()
        except StoreError as error:  # the next sweep does it
            log.warning("posts_not_found", why=str(error))
            return
        finally:
            self._filling = False
        self._notice()

    def _put(self, place: Place, post_id: str) -> None:
        if self._backlog.put(place, post_id):
            self._start(self._drain(place))

    def _notice(self) -> None:
        """Look at how many posts wait, after that has changed."""
        if self.crowded:
            self._eased.clear()
        else:
            self._eased.set()
        if self._backlog.behind and not self._filling and self._in_memory() < MOST_IN_MEMORY // 2:
            self._filling = True
            self._start(self._fill_soon())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, place: Place) -> None:
        """Judge what waits in a channel. What is dropped here is found again by the next sweep."""
        try:
            while not self._backlog.is_empty(place):
                if not await self._store.claim(_claim(place)):
                    return  # another process reads this channel, and hears of each post
                try:
                    await self._judge_next(place)
                finally:
                    await self._store.release(_claim(place))
        except StoreError as error:
            log.warning("channel_not_read", why=str(error))
        finally:
            self._backlog.end(place)
            self._notice()

    async def _judge_next(self, place: Place) -> None:
        while found := self._backlog.next(place):
            post_id, new = found
            self._at_work += 1
            try:
                await self._process(post_id, new=new)
            except Exception as error:  # the other posts go on; this one is tried again
                if isinstance(error, StoreError):
                    log.warning("post_not_judged", post_id=post_id, why=str(error))
                else:
                    log.exception("post_not_judged", post_id=post_id)
                self._backlog.take_out(place, post_id)  # a sweep may have found it meanwhile
                self._put_off(place, post_id)
            else:
                self._trouble.pop(post_id, None)
            finally:
                self._at_work -= 1
            self._notice()

    def _put_off(self, place: Place, post_id: str) -> None:
        trouble = self._trouble.setdefault(post_id, _Trouble(pause=_FIRST_PAUSE))
        pause, trouble.pause = trouble.pause, min(2 * trouble.pause, _LONGEST_PAUSE)
        trouble.waits = True

        async def again() -> None:
            await asyncio.sleep(pause)
            trouble.waits = False
            self._put(place, post_id)

        self._start(again())

    async def _process(self, post_id: str, *, new: bool) -> None:
        """Judge one post; again if it changed, or its fan opted out, meanwhile.

        Each try but the first of a new post is counted before it begins, so that a post that ends the process each time
        goes to a person, as does one that fails each time.
        """
        trouble = self._trouble.get(post_id)
        begin = partial(posts.begin, post_id=post_id, most=_MOST_TRIES, again=trouble is not None)
        begun = new or await self._store.write(begin)
        if trouble:
            trouble.failures += 1  # success removes the whole record
            begun = begun and trouble.failures < _MOST_FAILURES
        while judged := await (self._read(post_id) if begun else self._by_hand(post_id)):
            found, proposal = judged
            with hop(Hop.SUBMIT, post_id=post_id):
                if await self._store.write(partial(self._submit, found=found, proposal=proposal)):
                    return

    async def _read(self, post_id: str, *, asked: bool = False) -> tuple[_Found, Proposal] | None:
        """A post with its context, and the proposal for it; None if there is nothing to judge.

        Reading the context and running the pipeline are one job on one thread, so that the event loop stays free.
        """
        try:
            return await self._worker.run(partial(self._judge, post_id, asked=asked))
        except TookTooLong:
            log.warning("post_takes_too_long", post_id=post_id, seconds=LONGEST)
            return await self._by_hand(post_id, asked=asked)

    async def _by_hand(self, post_id: str, *, asked: bool = False) -> tuple[_Found, Proposal] | None:
        """`_read` without the pipeline, for a post that takes too long or ends the process each time."""
        found = await self._store.read(lambda c: self._around(c, post_id, asked=asked))
        return found and (found, _unread(found[0], Understanding()))

    def _judge(self, post_id: str, *, asked: bool = False) -> tuple[_Found, Proposal] | None:
        with hop(Hop.JUDGE, post_id=post_id):
            return self._judged(post_id, asked=asked)

    def _judged(self, post_id: str, *, asked: bool) -> tuple[_Found, Proposal] | None:
        with hop(Hop.CONTEXT, post_id=post_id):
            found = self._store.read_here(lambda c: self._around(c, post_id, asked=asked))
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

    def _submit(self, connection: Connection, found: _Found, proposal: Proposal) -> bool:
        """Store the judgement and its draft; False if the post must be read again."""
        post, around = found
        author = post.post.author.id
        if not around.opted_out and fans.get(connection, post.post.platform, author).opted_out_at:
            return False
        if _remembers_otherwise(connection, found, self._settings) or _credits_others(connection, found):
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


def _claim(place: Place) -> str:
    return "channel " + "\x00".join(place)


def _remembers_otherwise(connection: Connection, found: _Found, settings: Settings) -> bool:
    """True if the fan changed what we remember of them since the context was read."""
    post, around = found
    author = post.post.author.id
    return memory.history(connection, post.post.platform, author, settings.community.local) != around.history


def _credits_others(connection: Connection, found: _Found) -> bool:
    """True if a fan said yes to passing on an answer, or took that back, since the context was read."""
    _, around = found
    return consents.credits(connection, around.now) != around.credits


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


def _cleaned(post: Post) -> Post:
    return replace(
        post,
        channel=clean(post.channel),
        external_id=clean(post.external_id),
        author=replace(post.author, id=clean(post.author.id), name=clean(post.author.name)),
        text=clean(post.text),
        at=max(post.at, _EPOCH),  # queries look back some days, and the year 1 has none before it
        reply_to=clean(post.reply_to) if post.reply_to else None,
        attachments=tuple(
            replace(a, url=clean(a.url) if a.url else None, title=clean(a.title) if a.title else None)
            for a in post.attachments
        ),
        place=replace(post.place, name=clean(post.place.name), topic=clean(post.place.topic)),
        quote=clean(post.quote),
    )
