"""Takes posts in: cleans and stores each once, and has them judged, those of a channel one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
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
from bot.judging import Judge
from bot.ports import Clock
from bot.queue import voids
from bot.settings import Settings
from bot.store import Connection, NewPost, Received, Store, drafts, posts, requests
from bot.store.ids import new_id
from bot.worker import MOST, Turns
from responders.pipeline import Pipeline
from responders.types import Post

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

_MOST_TRIES = 3
"""After so many tries, each of which ended the process, a person reads the post."""
_MOST_FAILURES = 5
"""After so many failed tries a person reads the post."""

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
        self._judge = Judge(store, settings, clock, pipeline, turns)
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
            laid = self._judge.lay(connection, found, proposal, kept)
            return then(connection, laid) if isinstance(laid, Draft) else laid

        while True:
            judged = await self._judge.read(post_id, asked=True)
            if judged is None:
                return None
            found, proposal = judged
            made = await self._store.write(operation)
            if isinstance(made, Refused):
                raise made
            if made:
                return made

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
        if self._judge.stuck:
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
        while judged := await (self._judge.read(post_id) if begun else self._judge.by_hand(post_id)):
            found, proposal = judged
            with hop(Hop.SUBMIT, post_id=post_id):
                if await self._store.write(partial(self._judge.submit, found=found, proposal=proposal)):
                    return


def _claim(place: Place) -> str:
    return "channel " + "\x00".join(place)


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
