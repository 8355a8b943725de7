"""Discord's events to the intake. What was missed is read back from stored cursors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import discord
import structlog

from bot.adapters.discord.gateway import TROUBLE, Client
from bot.adapters.discord.posts import NAME, by_a_person, is_retitled, mentions_us, post_of, readable, text_of
from bot.adapters.discord.section import Discord
from bot.errors import GreenroomError
from bot.intake import Intake
from bot.ports import Clock
from bot.settings import Listen
from bot.store import Store, cursors, posts
from responders.types import Post

log = structlog.get_logger()

LONGEST_GAP = timedelta(hours=24)
"""After a stop, nothing older is read back."""
MOST_AT_WORK = 1_000
"""New messages that are being stored at the same time. Discord keeps the others, and they are read back."""
MOST_IN_CHANNEL = 10_000
"""Posts of a deleted channel that are withdrawn at once. Retention takes the older ones."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds until another try to read. Each further try waits twice as long."""


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a channel and its threads are stored. Message ids grow with time, in all of Discord."""

    position: int | None = None
    """Everything up to here is stored; None before the channel was ever read."""
    seen: int = 0
    pending: set[int] = field(default_factory=set)
    """Received and not stored yet."""
    gap: bool = True
    """Something after `position` may have been missed."""
    read: dict[int, int] = field(default_factory=dict)
    """How far the channel and each of its threads are read, while there is a gap."""

    @property
    def reached(self) -> int | None:
        """Where `position` may move to."""
        if self.gap or self.position is None:
            return self.position
        return max(self.position, min(self.pending) - 1 if self.pending else self.seen)


class Ingest:
    """Hears the events of one client. When something cannot be stored, the next client reads it again."""

    def __init__(self, client: Client, store: Store, intake: Intake, clock: Clock) -> None:
        """Made with its client."""
        self._client = client
        self._store = store
        self._intake = intake
        self._clock = clock
        self._began = clock.now()
        self._proxies = frozenset(client.settings.chat(Discord).proxy_webhooks)
        self._progress: dict[int, Progress] = {}
        self._saved: dict[str, str] = {}
        self._losses = 0
        self._opened = asyncio.Event()
        self._saving = False
        self._at_work = 0
        self._skipping = False
        """Messages were left to be read back since a gap was closed last."""
        self._told: set[int] = set()
        self._unplaced: dict[int, discord.Message] = {}
        """Messages whose channel Discord did not tell."""

    async def run(self) -> None:
        """Read what was missed, each time something may have been, until cancelled.

        What cannot be read is logged and tried again. Everything else goes on meanwhile.
        """
        self._saved = await self._store.read(lambda c: cursors.load(c, NAME))
        pause = FIRST_PAUSE
        while True:
            await self._opened.wait()
            self._opened.clear()
            if await self._catch_up():
                pause = FIRST_PAUSE
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._opened.wait()
            self._opened.set()
            pause = min(2 * pause, LONGEST_PAUSE)

    def opened(self) -> None:
        """Read what was missed; the cursors stand still until that is done."""
        self._opened.set()

    def closed(self) -> None:
        """From now on something may be missed."""
        self._losses += 1
        for progress in self._progress.values():
            progress.gap = True

    async def _catch_up(self) -> bool:
        """Close the gaps, each channel on its own; False when one is left that another try may close."""
        await self._place()
        behind = [c for c in self._client.directory.listened if self._progress.setdefault(c, Progress()).gap]
        ended = await asyncio.gather(*(self._close_gap(c) for c in behind), return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        return all(ended) and not self._unplaced

    async def _place(self) -> None:
        for message in [*self._unplaced.values()]:
            with contextlib.suppress(*TROUBLE):
                await self._take(message)
                del self._unplaced[message.id]

    async def _close_gap(self, channel_id: int) -> bool:
        losses, progress = self._losses, self._progress[channel_id]
        channel: Any = self._client.get_channel(channel_id)
        if channel is None:  # gone, or its server is told of later: the gap stays, and is looked at then
            return True
        filled = await self._fill(channel, progress)
        if filled and losses == self._losses and not self._unplaced:
            progress.gap = self._skipping = False
            progress.read.clear()
        await self._save()
        return filled

    async def message(self, message: discord.Message) -> None:
        """Store what a person wrote in a channel we listen to. While too many are stored, it is read back later."""
        if self._at_work >= MOST_AT_WORK:
            self._skip()
            return
        self._at_work += 1
        try:
            await self._take(message)
        except TROUBLE as error:
            self._missed(message, error)
        finally:
            self._at_work -= 1
        await self._save()

    def _skip(self) -> None:
        if not self._skipping:
            log.warning("discord_messages_wait", why="the database is slow; they are read back from Discord")
        self._skipping = True
        self.closed()
        self.opened()

    async def edited(self, message: discord.Message) -> None:
        """Store the new words. When the first words are not stored yet, store the message with these."""
        if not by_a_person(message, self._proxies) or not readable(message):
            return
        try:
            channel = await self._known(message)
        except TROUBLE as error:
            self._missed(message, error)
            return
        if self._client.directory.listen_of(channel) is None:
            return
        reached = self._progress_of(channel).reached
        if reached is not None and message.id > reached:
            await self._take(message)
        await self._reworded(message)

    async def _reworded(self, message: discord.Message) -> None:
        """Store new words. A preview, a pin and a changed name in a mention are edits without new words."""
        channel, own = str(message.channel.id), str(message.id)
        known = await self._store.read(lambda c: posts.by_external(c, NAME, channel, own))
        edited = message.edited_at is not None and known is not None and message.edited_at != known.edited_at
        if edited or (known and is_retitled(message, known)):
            await self._intake.edited(NAME, channel, own, text_of(message), at=message.edited_at)

    def _missed(self, message: discord.Message, error: Exception) -> None:
        """Ask for it again. The cursors wait until then, so that a restart loses nothing."""
        log.warning("discord_message_not_placed", message_id=message.id, why=str(error) or type(error).__name__)
        if len(self._unplaced) < MOST_AT_WORK:  # of more, only Discord knows
            self._unplaced[message.id] = message
        self.closed()
        self.opened()

    async def asked(self, message: discord.Message) -> str | None:
        """The id of the post that a manager points at, in any channel; None when no person wrote it."""
        channel = await self._known(message)
        listen = self._client.directory.listen_of(channel) or Listen(channel=str(channel.id))
        post = await self._read(message, listen, _Members(self._client))
        return (await self._intake.receive(post)).post_id if post else None

    async def deleted(self, channel_id: int, *message_ids: int) -> None:
        """Messages are gone, perhaps before they were stored."""
        channel = self._client.get_channel(channel_id)
        if channel is not None and self._client.directory.listen_of(channel) is None:
            return
        for message_id in message_ids:
            await self._intake.deleted(NAME, str(channel_id), str(message_id))

    async def channel_deleted(self, channel_id: int) -> None:
        """A channel or thread is gone, with every post in it."""
        found = await self._store.read(lambda c: posts.in_channel(c, NAME, str(channel_id), MOST_IN_CHANNEL))
        for post in found:
            if not post.deleted:
                await self._intake.deleted(NAME, str(channel_id), post.post.external_id)

    async def renamed(self, thread: discord.Thread) -> None:
        """A thread has another title, which is part of a forum thread's first message."""
        if self._client.directory.listen_of(thread) is None:
            return
        try:
            await self.edited(await thread.fetch_message(thread.id))
        except (discord.NotFound, discord.Forbidden):  # a thread in a text channel: its first message stands elsewhere
            return
        except TROUBLE as error:
            log.warning("discord_title_not_read", thread_id=str(thread.id), why=str(error) or type(error).__name__)

    async def _take(self, message: discord.Message, names: _Members | None = None) -> None:
        channel = await self._known(message)
        listen = self._client.directory.listen_of(channel)
        if listen is None:
            self._tell_unlisted(message)
            return
        progress = self._progress_of(channel)
        progress.pending.add(message.id)
        progress.seen = max(progress.seen, message.id)
        post = await self._read(message, listen, names)
        if post:
            await self._intake.receive(post)
            if message.edited_at:
                await self._reworded(message)
        progress.pending.discard(message.id)

    async def _read(self, message: discord.Message, listen: Listen, members: _Members | None) -> Post | None:
        """The post in a message, if there is one. A message that cannot be read does not stop the others."""
        try:
            if not by_a_person(message, self._proxies):
                return None
            if members:
                message.author = await members.of(message)
            post = post_of(message, listen, self._client.directory)
        except TROUBLE:
            raise
        except Exception:
            log.exception("discord_message_not_read", message_id=message.id)
            return None
        return post if readable(message) or post.author.is_staff else None

    async def _known(self, message: discord.Message) -> Any:
        """The channel of a message. The library does not know a thread that was archived until now."""
        if message.guild and isinstance(message.channel, discord.PartialMessageable):
            try:
                message.channel = await self._client.fetch_channel(message.channel.id)  # type: ignore[assignment] # what it stands for
            except (discord.NotFound, discord.Forbidden):
                return message.channel
        return message.channel

    def _progress_of(self, channel: Any) -> Progress:
        listened = self._client.directory.listened
        key = channel.id if channel.id in listened else channel.parent_id
        return self._progress.setdefault(key, Progress())

    def _tell_unlisted(self, message: discord.Message) -> None:
        if not message.guild or message.author.bot or message.channel.id in self._told or not mentions_us(message):
            return
        self._told.add(message.channel.id)
        channel = message.channel
        place = getattr(channel, "parent_id", None) or channel.id
        log.warning(
            "discord_channel_not_listed",
            channel=getattr(getattr(channel, "parent", None) or channel, "name", ""),  # a fan named the thread
            channel_id=str(place),
            config_line=f"platforms: {{discord: {{listen: [{place}]}}}}",
        )

    async def _fill(self, channel: Any, progress: Progress) -> bool:
        """Read the channel and its threads from the cursor on. True when nothing is missing any more."""
        if progress.position is None and str(channel.id) in self._saved:
            progress.position = int(self._saved[str(channel.id)])
        if progress.position is None:  # the first time: what was said before we came is not ours to read
            places = [channel, *channel.threads] if hasattr(channel, "threads") else [channel]
            newest = max(max(c.id, c.last_message_id or 0) for c in places)
            progress.position = min(newest, discord.utils.time_snowflake(self._began))
            if progress.position == newest:
                return True
        oldest = discord.utils.time_snowflake(self._clock.now() - LONGEST_GAP)
        after = discord.Object(max(progress.position, oldest))
        members = _Members(self._client)
        whole = True
        for place in _open_places(channel, after):
            whole &= await self._tried(place, self._read_on(place, after, progress, members))
        return await self._tried(channel, self._read_archived(channel, after, progress, members)) and whole

    async def _read_archived(self, channel: Any, after: discord.Object, progress: Progress, members: _Members) -> bool:
        """Threads that were archived since the cursor; only Discord knows them."""
        whole = True
        async for thread in _archived(channel, after):
            whole &= await self._tried(thread, self._read_on(thread, after, progress, members))
        return whole

    async def _read_on(self, place: Any, after: discord.Object, progress: Progress, members: _Members) -> bool:
        start = discord.Object(max(after.id, progress.read.get(place.id, 0)))
        async for message in place.history(limit=None, after=start, oldest_first=True):
            message.channel = place
            await self._intake.room()  # what Discord keeps can wait there
            await self._take(message, members)
            progress.read[place.id] = message.id
        return True

    async def _tried(self, place: Any, reading: Coroutine[Any, Any, bool]) -> bool:
        """Read. False, with a line in the log, when Discord does not allow it or something cannot be read."""
        try:
            return await reading
        except discord.Forbidden as error:
            fix = "give the bot View Channel and Read Message History here"
            log.warning("discord_history_closed", channel_id=str(place.id), why=str(error), fix=fix)
        except TROUBLE as error:
            why = str(error) or type(error).__name__
            log.warning("discord_history_not_read", channel_id=str(place.id), why=why, fix="it is tried again")
        except GreenroomError:
            raise  # the client is closed, and the next one begins at the same cursor
        except Exception:  # a message that the library cannot read
            log.exception("discord_backfill_cut_off", channel_id=str(place.id))
        return False

    async def _save(self) -> None:
        """Store the cursors that moved. Those that move during the write go with the next one."""
        if self._saving:
            return
        self._saving = True
        try:
            while moved := self._moved():
                now = self._clock.now()
                await self._store.write(partial(cursors.save, platform=NAME, positions=moved, at=now))
                self._saved |= moved
        finally:
            self._saving = False

    def _moved(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for channel_id, progress in self._progress.items():
            progress.position = progress.reached
            if progress.position is not None and self._saved.get(str(channel_id)) != str(progress.position):
                found[str(channel_id)] = str(progress.position)
        return found


class _Members:
    """Authors with their roles. A message that is read back has none, so each author is asked for once."""

    def __init__(self, client: Client) -> None:
        self._wanted = client.directory.asks_for_roles
        self._found: dict[int, discord.User | discord.Member] = {}

    async def of(self, message: discord.Message) -> discord.User | discord.Member:
        author, guild = message.author, message.guild
        if isinstance(author, discord.Member) or guild is None or message.webhook_id or not self._wanted:
            return author
        if author.id not in self._found:
            try:
                self._found[author.id] = await guild.fetch_member(author.id)
            except discord.NotFound:  # left the server since
                self._found[author.id] = author
        return self._found[author.id]


def _open_places(channel: Any, after: discord.Object) -> Iterator[Any]:
    """The channel and its open threads, where something may have been written since."""
    if isinstance(channel, discord.abc.Messageable):
        yield channel
    for thread in getattr(channel, "threads", ()):
        if thread.last_message_id is None or thread.last_message_id > after.id:
            yield thread


async def _archived(channel: Any, after: discord.Object) -> AsyncIterator[Any]:
    """Its threads that were archived since."""
    if isinstance(channel, discord.TextChannel | discord.ForumChannel):
        async for thread in channel.archived_threads(limit=None):
            if thread.archive_timestamp < after.created_at:
                return
            yield thread
