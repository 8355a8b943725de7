"""Updates from Telegram: stored before Telegram hears that they arrived, then handled, in order for each chat.

An update that cannot be read or handled becomes a dead letter in the inbox, and the others go on.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

import structlog
import telegram
from telegram.error import Conflict, NetworkError, RetryAfter

from bot.adapters.telegram.api import NAME, UPDATES, Bot, pause, words
from bot.errors import GreenroomError, StoreError
from bot.ports import Clock
from bot.stopping import first_of
from bot.store import Store, cursors, inbox

log = structlog.get_logger()

TRIES = 5
"""After so many failed requests in a row a fresh connection is made."""
MOST_AT_WORK = 1000
"""Updates that were taken in and are not handled yet. The others wait at Telegram."""
FORGETS = timedelta(days=6)
"""After a week without updates Telegram counts anew (Bot API, Update), so an older position means nothing."""
ALBUM = timedelta(seconds=1.5)
"""The parts of an album come one by one. It is complete when no other part comes for so long."""
LOOK = 0.1
"""Seconds between two looks at the clock."""
POSITION = "updates"
"""The cursor for the next update."""

TWO_POLLERS = (
    "Another program asks Telegram for this bot's updates: stop it (a second Greenroom, an older bot), or make a bot "
    "of its own for each with @BotFather; until then posts and presses may go astray"
)


Handle = Callable[..., Awaitable[None]]
"""Handles one `telegram.Update`, or those of one album."""
Beside = Callable[[telegram.Message], bool]
"""Whether the next messages of a chat need not wait for this one, because its answer may have to wait for the pace."""
Work = Coroutine[Any, Any, None]


@dataclass(kw_only=True, slots=True)
class _Album:
    due: datetime
    ids: list[str] = field(default_factory=list)
    parts: dict[int, telegram.Update] = field(default_factory=dict)
    """Message id -> the update with its newest words."""


class Updates:
    """One for a connection. `heard_at` is when Telegram last answered a request for updates."""

    def __init__(self, bot: Bot, store: Store, clock: Clock, handle: Handle, beside: Beside) -> None:
        """The bot is logged in."""
        self.heard_at = clock.now()
        self._bot = bot
        self._store = store
        self._clock = clock
        self._handle = handle
        self._beside = beside
        self._source = f"{NAME}:{bot.id}"
        """One bot, one queue."""
        self._lanes: dict[int, deque[Work]] = {}
        self._albums: dict[tuple[int, str], _Album] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work = 0
        """Updates that are not handled yet, those of incomplete albums and behind others of their chat included."""
        self._handled = asyncio.Event()
        self._failure = asyncio.Event()
        self._failed: Exception | None = None

    async def run(self) -> None:
        """Handle the stored updates, then new ones, until cancelled. Raises GreenroomError and InvalidToken."""
        try:
            await first_of(self._poll(), self._broken())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for work in chain.from_iterable(self._lanes.values()):
                work.close()

    async def _broken(self) -> None:
        await self._failure.wait()
        raise self._failed or GreenroomError("The connection to Telegram ended; it is opened again.")

    async def _poll(self) -> None:
        for update_id, raw in await self._store.read(lambda c: inbox.pending(c, self._source)):
            await self._dispatch(update_id, json.loads(raw))
        offset = await self._store.read(self._position)
        failures = 0
        while True:
            try:
                found = await self._bot.raw_updates(offset)
            except RetryAfter as error:
                log.warning("telegram_asks_to_wait", seconds=pause(error))
                await asyncio.sleep(pause(error))
                continue
            except Conflict as error:
                await self._conflict(error)
                continue
            except NetworkError as error:
                failures += 1
                log.warning("telegram_no_answer", why=words(error, self._bot), attempt=failures)
                if failures == TRIES:
                    raise GreenroomError(
                        f"Telegram does not answer: {words(error, self._bot)}; it is asked again."
                    ) from None
                await asyncio.sleep(0.5 * 2**failures)
                continue
            failures, self.heard_at = 0, self._clock.now()
            if found:
                offset = await self._take_in(found, offset)

    async def _room(self) -> None:
        """Wait until one more answer of Telegram can be taken in. So the inbox has a bound, too."""
        while self._at_work > MOST_AT_WORK:
            self._handled.clear()
            await self._handled.wait()

    def _position(self, connection: Any) -> int | None:
        return cursors.fresh(connection, self._source, POSITION, self._clock.now() - FORGETS)

    async def _conflict(self, error: Conflict) -> None:
        """Another program set a webhook, with which we get no updates, or asks for updates too."""
        if "webhook" not in str(error).casefold():
            raise GreenroomError(TWO_POLLERS) from None
        log.warning("telegram_webhook_removed", why="another program had Telegram send this bot's updates to it")
        await self._bot.delete_webhook()
        await asyncio.sleep(LOOK)

    async def _take_in(self, found: list[dict[str, Any]], offset: int | None) -> int | None:
        """Store all, then handle each. The next request tells Telegram that they arrived."""
        numbered = {str(raw["update_id"]): raw for raw in found if isinstance(raw.get("update_id"), int)}
        if not numbered:
            raise GreenroomError("Telegram's updates carry no numbers; what answers here is not Telegram's Bot API.")
        raws = {i: raw for i, raw in numbered.items() if not raw.keys().isdisjoint(UPDATES)}
        texts = {i: json.dumps(raw, separators=(",", ":")) for i, raw in raws.items()}
        offset, now = max(map(int, numbered)) + 1, self._clock.now()
        keep = partial(inbox.keep, platform=self._source, updates=texts, place=POSITION, next_=str(offset), at=now)
        await self._store.write(partial(keep, ignored=len(numbered) - len(raws)))
        for update_id, raw in raws.items():
            await self._dispatch(update_id, raw)
        await self._room()
        return offset

    async def _dispatch(self, update_id: str, raw: dict[str, Any]) -> None:
        self._at_work += 1
        try:
            update = telegram.Update.de_json(raw, self._bot)
            message = update.message or update.channel_post or update.edited_message
            if message is None:
                self._start(self._done([update_id], update))  # a press does not wait
            elif not update.edited_message and self._beside(message):
                self._queue(message.chat.id, self._without_waiting(update_id, update))
            elif not self._into_album(update_id, update, message):
                self._queue(message.chat.id, self._done([update_id], update))
        except Exception as error:
            log.warning("telegram_update_not_read", update_id=update_id, why=type(error).__name__)
            self._at_work -= 1
            await self._dead_letter([update_id], error)

    def _into_album(self, update_id: str, update: telegram.Update, message: telegram.Message) -> bool:
        """True when it is part of an album that is not complete, or a change of such a part."""
        key = (message.chat.id, message.media_group_id or "")
        album = self._albums.get(key)
        if not message.media_group_id or (update.edited_message and not album):
            return False
        due = self._clock.now() + ALBUM
        if album is None:
            album = self._albums[key] = _Album(due=due)
            self._queue(key[0], self._complete(key, album))  # later messages may reply to it
        album.due = due
        album.ids.append(update_id)
        before = album.parts.get(message.message_id)
        if before is None or _changed(before) <= _changed(update):
            album.parts[message.message_id] = telegram.Update(update.update_id, message=message)
        return True

    async def _complete(self, key: tuple[int, str], album: _Album) -> None:
        while (rest := (album.due - self._clock.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock sets no event
            await asyncio.sleep(min(rest, LOOK))
        del self._albums[key]
        await self._done(album.ids, *album.parts.values())

    def _queue(self, chat_id: int, work: Work) -> None:
        """One after the other in each chat. No chat waits for another one."""
        lane = self._lanes.get(chat_id)
        if lane is not None:
            lane.append(work)
            return
        self._lanes[chat_id] = deque([work])
        self._start(self._drain(chat_id))

    async def _drain(self, chat_id: int) -> None:
        lane = self._lanes[chat_id]
        while lane:
            await lane.popleft()
        del self._lanes[chat_id]

    async def _without_waiting(self, update_id: str, update: telegram.Update) -> None:
        """Begin in its turn, and let the next ones follow at once."""
        self._start(self._done([update_id], update))

    def _start(self, work: Work) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _done(self, ids: list[str], *updates: telegram.Update) -> None:
        """Handle, then drop it from the inbox. When the store fails, the next connection handles it again."""
        try:
            try:
                await self._handle(*updates)
            except StoreError:
                raise
            except Exception as error:
                log.exception("telegram_update_failed", update_ids=ids)
                await self._dead_letter(ids, error)
            else:
                await self._store.write(partial(inbox.done, platform=self._source, update_ids=ids))
        except Exception as error:
            self._failed = error
            self._failure.set()
        finally:
            self._at_work -= len(ids)
            self._handled.set()

    async def _dead_letter(self, ids: list[str], error: Exception) -> None:
        why, now = f"{type(error).__name__}: {words(error, self._bot)}", self._clock.now()
        await self._store.write(partial(inbox.dead_letter, platform=self._source, update_ids=ids, why=why, at=now))


def _changed(update: telegram.Update) -> datetime:
    """When the words of a message were written."""
    message = update.message or update.channel_post or update.edited_message
    if message is None:
        raise ValueError("an update without a message is no part of an album")
    return message.edit_date or message.date
