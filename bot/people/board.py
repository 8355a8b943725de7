"""The board of topics. Managers mark what was heard, and a draft for each fan who said it waits at the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain import Cause, Purpose, Refused, clean
from bot.events import Happened
from bot.people.wordings import say
from bot.ports import Clock
from bot.queue import moves
from bot.queue.moves import Offer
from bot.settings import Settings
from bot.store import Connection, Store, drafts, events, fans, posts, topics
from bot.store.ids import new_id
from bot.store.topics import Topic, TopicState
from responders.library.model import Library

T = TypeVar("T")
WAITS = timedelta(days=14)
"""How long a draft may wait for a manager."""
LONGEST_NAME, LONGEST_REASON = 80, 300
"""Characters."""
NOTICES = {
    TopicState.PLANNED: "told_back_planned",
    TopicState.DONE: "told_back_done",
    TopicState.NOT_PLANNED: "told_back_not_planned",
}
"""State -> the notice that tells fans of it."""
_WHY = {
    TopicState.PLANNED: "They raised “{}”, and it is planned now.",
    TopicState.DONE: "They raised “{}”, and it is done now.",
    TopicState.NOT_PLANNED: "They raised “{}”, and it is not planned.",
}


class Board:
    """What managers do with topics. Each step is one transaction, with its event."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, library: Callable[[], Library]) -> None:
        """`library` gives the operators' files in use."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._library = library

    async def name(self, topic_id: str, name: str, by: str) -> None:
        """Give a topic a name. Raises Refused."""
        name = _line(name, LONGEST_NAME, "the name")
        await self._change(topic_id, by, "named", name=name, named_by=by)

    async def assign(self, topic_id: str, team: str | None, by: str) -> None:
        """Pass a topic on to a team, by its key in config.yaml; None: to nobody. Raises Refused."""
        await self._change(topic_id, by, "assigned", team=team)

    async def mark(self, topic_id: str, state: TopicState, name: str, reason: str, by: str) -> int:
        """Mark a topic, with a name and a reason for fans to read. Returns for how many of them a draft waits now.

        Each fan is told once of a state, in the thread of their latest post. Marked again, it also tells those who
        came since. Raises Refused.
        """
        name, reason = _line(name, LONGEST_NAME, "the name"), _line(reason, LONGEST_REASON, "the reason")
        if state is TopicState.OPEN:
            raise Refused("bad_action", "Take the mark back to open a topic again.")
        now = self._clock.now()

        def operation(connection: Connection) -> int | Refused:
            topic = topics.get(connection, topic_id)
            if topic is None:
                return _gone()
            _withdraw(connection, topics.telling(connection, topic_id=topic_id), now)
            decided = {"state": state, "reason": reason, "decided_by": by, "decided_at": now}
            topics.change(connection, topic_id, name=name, named_by=by, **decided)
            events.append(connection, Happened.TOPIC_CHANGED, now, by=by, topic=topic_id, change=str(state))
            marked = replace(topic, state=state, name=name, reason=reason, decided_by=by)
            return self._tell(connection, marked, by, now)

        return _or_raise(await self._store.write(operation))

    async def unmark(self, topic_id: str, by: str) -> int:
        """Take a mark back: the topic is open, and the drafts that wait are withdrawn. Returns how many. What was sent
        stays. Raises Refused."""
        now = self._clock.now()

        def operation(connection: Connection) -> int | Refused:
            opened = {"state": TopicState.OPEN, "reason": None, "decided_by": None, "decided_at": None}
            if not topics.change(connection, topic_id, **opened):
                return _gone()
            events.append(connection, Happened.TOPIC_CHANGED, now, by=by, topic=topic_id, change=str(TopicState.OPEN))
            return _withdraw(connection, topics.telling(connection, topic_id=topic_id), now)

        return _or_raise(await self._store.write(operation))

    async def merge(self, topic_id: str, into: str, by: str) -> None:
        """All posts of a topic belong to another one from now on. Raises Refused."""
        now = self._clock.now()

        def operation(connection: Connection) -> Refused | None:
            gone, known = topics.get(connection, topic_id), topics.get(connection, into)
            if gone is None or known is None or topic_id == into:
                return _gone()
            if gone.named_by and not known.named_by:  # a manager's name is not lost
                topics.change(connection, into, name=gone.name, named_by=gone.named_by)
            _withdraw(connection, topics.telling(connection, topic_id=topic_id), now)
            topics.merge(connection, topic_id, into)
            events.append(connection, Happened.TOPIC_CHANGED, now, by=by, topic=into, change="merged")
            return None

        _or_raise(await self._store.write(operation))

    async def move(self, post_id: str, topic_id: str | None, by: str) -> str:
        """A post belongs to another topic; None: to a new one of its own. Returns the topic's id. Raises Refused."""
        now = self._clock.now()

        def operation(connection: Connection) -> str | Refused:
            if topics.topic_of(connection, post_id) is None:
                return Refused("not_found", "This post is in no topic any more.")
            target = topic_id or new_id()
            if topic_id is None:
                topics.add(connection, target, self._first_name(connection, post_id), None, now)
            elif topics.get(connection, topic_id) is None:
                return _gone()
            _withdraw(connection, topics.telling(connection, post_id=post_id), now)
            topics.move_voice(connection, post_id, target)
            topics.drop_empty(connection)
            events.append(connection, Happened.TOPIC_CHANGED, now, by=by, topic=target, change="moved")
            return target

        return _or_raise(await self._store.write(operation))

    def _first_name(self, connection: Connection, post_id: str) -> str:
        post = posts.get(connection, post_id)
        if post is None:
            return ""
        return topics.default_name(post.intent, self._settings.community.local(post.post.at))

    def _tell(self, connection: Connection, topic: Topic, by: str, at: datetime) -> int:
        """A draft for each fan who raised the topic, and has not been told of its state."""
        notice, why = NOTICES[topic.state], _WHY[topic.state].format(topic.name)
        told = topics.told(connection, topic.id, notice)
        slots = {"topic": topic.name, "reason": topic.reason or ""}
        count = 0
        for post in topics.latest_of_each_fan(connection, topic.id):
            fan = (post.post.platform, post.post.author.id)
            at_gate = (post.understanding or {}).get("risk")
            if fan in told or at_gate or fans.get(connection, *fan).opted_out_at:
                continue
            wordings = say(connection, self._library(), notice, post, slots, default=self._settings.community.locale)
            offer = Offer(purpose=Purpose.TOLD_BACK, wordings=wordings, why=why, waits=WAITS, by=by)
            moves.offer(connection, post, offer, at)
            count += 1
        return count

    async def _change(self, topic_id: str, by: str, change: str, **values: object) -> None:
        now = self._clock.now()

        def operation(connection: Connection) -> Refused | None:
            if not topics.change(connection, topic_id, **values):
                return _gone()
            events.append(connection, Happened.TOPIC_CHANGED, now, by=by, topic=topic_id, change=change)
            return None

        _or_raise(await self._store.write(operation))


def _withdraw(connection: Connection, draft_ids: Sequence[str], at: datetime) -> int:
    found = [draft for draft_id in draft_ids if (draft := drafts.get(connection, draft_id))]
    return sum(moves.end(connection, draft, Cause.MARK_UNDONE, at) for draft in found)


def _line(text: str, longest: int, what: str) -> str:
    """Words of a manager on one line."""
    line = " ".join(clean(text).split())
    if not line:
        raise Refused("bad_action", f"Write {what} first; fans will read it.")
    if len(line) > longest:
        raise Refused("bad_action", f"Make {what} shorter: {longest} characters at most.")
    return line


def _gone() -> Refused:
    return Refused("not_found", "This topic is gone; somebody may have merged it.")


def _or_raise(found: T | Refused) -> T:
    if isinstance(found, Refused):
        raise found
    return found
