"""Groups what fans complain about, wish for and ask in vain into topics, by meaning.

Vectors are kept in memory alone, and only of posts whose words are kept. After a start they are computed again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog

from bot.events import Happened
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Connection, Store, topics
from bot.store.ids import new_id
from bot.store.topics import Heard, Topic
from bot.worker import Worker
from responders.ports import Floats
from responders.said import said
from responders.understanding.grouping import JOINS, QUESTION_JOINS, Said, common, gathered
from responders.understanding.normalise import has_words

log = structlog.get_logger()

AT_ONCE = 64
"""Texts that are read in one go: the thread is free in between."""
PAUSE = 5.0
"""Seconds between two looks at least: many posts are grouped together."""
SWEEP = 60.0
"""Seconds until the next look if nothing happens."""
_CHANGES = (
    Happened.POST_JUDGED,
    Happened.POST_EDITED,
    Happened.POST_DELETED,
    Happened.FAN_FORGOTTEN,
    Happened.TEXTS_DROPPED,
    Happened.TOPIC_CHANGED,
)

Vectors = Callable[[Sequence[str]], Floats | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _New:
    """Posts that go into a topic; without `topic_id` they begin one."""

    posts: tuple[Heard, ...]
    situation: str | None
    topic_id: str | None


class Topics:
    """Looks at what came in, off the event loop."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, vectors: Vectors) -> None:
        """`vectors` gives a row for each text, or None while there is no model: then nothing is grouped."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._vectors = vectors
        self._worker = Worker("topics")
        self._read: dict[tuple[str, int], Said | None] = {}
        """Id and version of a post -> its vector; None for a post without words."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.signal(*_CHANGES) as signal:
            while True:
                await self.once()
                await asyncio.sleep(PAUSE)
                await signal.wait(self._store.sweep(SWEEP))

    async def once(self) -> None:
        """Put all posts into topics that belong there now, and take out those that do not any more."""
        found = await self._store.read(topics.heard)
        here = {(post.post_id, post.version) for post in found}
        self._read = {key: vector for key, vector in self._read.items() if key in here}
        if not await self._read_new([post for post in found if (post.post_id, post.version) not in self._read]):
            return
        known = await self._store.read(topics.every)
        plan = await self._worker.run(lambda: self._plan(found, known))
        left = [post.post_id for post in found if post.topic_id and not post.wanted]
        if plan or left or any(topic.count == 0 for topic in known):
            await self._store.write(lambda c: self._keep(c, plan, left))

    async def _read_new(self, new: Sequence[Heard]) -> bool:
        """Read what came in. False without a model."""
        for start in range(0, len(new), AT_ONCE):
            some = {post.post_id: post.version for post in new[start : start + AT_ONCE]}
            said_ = await self._store.read(lambda c, ids=tuple(some): topics.words(c, ids))  # type: ignore[misc] # mypy#12557
            with_words = {post_id: words for post_id, words in said_.items() if has_words(words.text)}
            texts = [words.text for words in with_words.values()]
            rows = await self._worker.run(lambda texts=texts: self._vectors(texts)) if texts else ()  # type: ignore[misc] # as above
            if rows is None:
                return False
            self._read |= {(post_id, version): None for post_id, version in some.items() if post_id in said_}
            for (post_id, words), row in zip(with_words.items(), rows, strict=True):
                self._read[post_id, some[post_id]] = Said(vector=row, situation=words.situation)
        return True

    def _plan(self, found: Sequence[Heard], known: Sequence[Topic]) -> list[_New]:
        """On the worker's thread."""
        members: defaultdict[str, list[Floats]] = defaultdict(list)
        open_: list[tuple[Heard, Said]] = []
        for post in found:
            read = self._read.get((post.post_id, post.version))
            if read is None:
                continue
            if post.topic_id:
                members[post.topic_id].append(read.vector)
            elif post.wanted:
                joins = QUESTION_JOINS if post.intent == "question" else JOINS
                open_.append((post, replace(read, joins=joins)))
        ids = sorted(members)
        places = gathered([read for _, read in open_], [np.stack(members[topic]) for topic in ids])
        come: defaultdict[int, list[tuple[Heard, Said]]] = defaultdict(list)
        for one, place in zip(open_, places, strict=True):
            if place is not None:
                come[place].append(one)
        silent = _by_situation([topic for topic in known if topic.id not in members])
        plan = []
        for place, some in come.items():
            situation = common([read.situation for _, read in some])
            topic_id = ids[place] if place < len(ids) else silent.get(situation)
            plan.append(_New(posts=tuple(post for post, _ in some), situation=situation, topic_id=topic_id))
        return plan

    def _keep(self, connection: Connection, plan: Sequence[_New], left: Sequence[str]) -> None:
        now = self._clock.now()
        topics.drop_voices(connection, left)
        for new in plan:
            topic_id = new.topic_id or new_id()
            if new.topic_id is None:
                topics.add(connection, topic_id, self._name(new), new.situation, now)
            for post in new.posts:
                topics.add_voice(connection, topic_id, post.post_id, post.version)
        topics.drop_empty(connection)

    def _name(self, new: _New) -> str:
        """What a topic is called until somebody names it: its situation, or "complaints of 12 November"."""
        if new.situation:
            return said(new.situation)
        first = self._settings.community.local(min(post.at for post in new.posts))
        return topics.default_name(common([post.intent for post in new.posts]), first)


def _by_situation(silent: Sequence[Topic]) -> Mapping[str | None, str]:
    """Situation -> the one topic of it, among those whose posts have no words any more: it goes on with new posts."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for topic in silent:
        if topic.situation:
            found[topic.situation].append(topic.id)
    return {situation: ids[0] for situation, ids in found.items() if len(ids) == 1}
