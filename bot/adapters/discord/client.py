"""The one connection to Discord: which events it asks for, where it connects to, and who hears of what."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.adapters.discord.directory import Directory, look_up
from bot.adapters.discord.requests import Bucket, trace
from bot.adapters.discord.section import Discord
from bot.settings import Settings

log = structlog.get_logger()

PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)
"""All that the bot needs, in the channels it listens to and in that of the cards."""

TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What can go wrong with a request; another try may go well."""

Setup = Callable[["Client"], Awaitable[None]]
"""Prepares a fresh client before it connects: buttons, commands, `on_interaction` by `client.event`."""


class Listener(Protocol):
    """Hears what happens in channels."""

    def opened(self) -> None:
        """Connected, or connected again; or there is more to listen to."""
        ...

    def closed(self) -> None:
        """The connection was lost: from now on something may be missed."""
        ...

    async def message(self, message: discord.Message) -> None:
        """Somebody wrote."""
        ...

    async def edited(self, message: discord.Message) -> None:
        """A message reads like this now, which is perhaps nothing new."""
        ...

    async def deleted(self, channel_id: int, *message_ids: int) -> None:
        """Messages are gone."""
        ...

    async def channel_deleted(self, channel_id: int) -> None:
        """A channel or thread is gone with all that stood in it."""
        ...

    async def renamed(self, thread: discord.Thread) -> None:
        """A thread has another title."""
        ...


class _OneLine(logging.Filter):
    """The library tells of each broken connection with a traceback; one line says as much."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
        return True


_ONE_LINE = _OneLine()


def point_at(section: Discord) -> None:
    """Talk with a stand-in on this machine where config.yaml names one. For the whole process, before any login."""
    if section.api_base:
        Route.BASE = section.api_base
    if section.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(section.gateway_url)


def intents(*, message_content: bool) -> discord.Intents:
    """The least that lets posts and their changes be seen; buttons and commands need none."""
    return discord.Intents(guilds=True, guild_messages=True, message_content=message_content)


class Client(discord.Client):
    """Used for one connection; the next one gets a fresh one. `failure` is why it had to be closed, if it had to."""

    def __init__(self, settings: Settings, *, message_content: bool, setup: Setup | None = None) -> None:
        """`setup` is called once, after the login and before the gateway."""
        point_at(settings.chat(Discord))
        logging.getLogger("discord.client").addFilter(_ONE_LINE)  # a filter is added once, however often
        discord.http.Ratelimit = Bucket  # type: ignore[misc,assignment] # there is no setting for it
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here
        super().__init__(
            intents=intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.5,  # a server that comes later is heard of by on_guild_available
            max_ratelimit_timeout=30,  # a longer wait is the outbox's to keep, which survives a restart
            http_trace=trace(),
        )
        self.settings = settings
        self.message_content = message_content
        self.directory = Directory()
        self.failure: BaseException | None = None
        self.connected = False
        """Whether the gateway's session is open right now."""
        self.listener: Listener | None = None
        self._setup = setup

    async def setup_hook(self) -> None:
        """Called by the library between login and gateway."""
        if self._setup:
            await self._setup(self)

    async def channel(self, channel_id: int) -> Any:
        """A channel or thread, from Discord where the gateway has not shown it. Raises discord.HTTPException."""
        return self.get_channel(channel_id) or await self.fetch_channel(channel_id)

    def is_listening(self) -> bool:
        """True while it is connected, and hears every channel that config.yaml names under `listen`."""
        heard = all(map(_is_heard, map(self.get_channel, self.directory.listened)))
        return self.connected and self.directory.complete and heard

    async def on_ready(self) -> None:
        """A new session."""
        self.connected = True
        self.look_around()
        log.info("discord_connected", account=str(self.user), listening=len(self.directory.listened))
        if self.listener:
            self.listener.opened()

    async def on_resumed(self) -> None:
        """The session goes on; Discord has repeated what was missed, as far as it could."""
        self.connected = True
        if self.listener:
            self.listener.opened()

    async def on_disconnect(self) -> None:
        """The library connects again by itself."""
        self.connected = False
        if self.listener:
            self.listener.closed()

    def look_around(self) -> None:
        """Find the channels and roles of config.yaml anew, and say once what is not there."""
        before, self.directory = self.directory, look_up(self.settings, self.guilds)
        for fault in self.directory.faults:
            if fault not in before.faults:
                log.warning("discord_config", fault=fault)

    async def on_guild_available(self, *_: object) -> None:
        """A server, channel or role came, went, or has another name now."""
        self.look_around()
        if self.listener and self.is_ready():
            self.listener.opened()

    on_guild_join = on_guild_available
    on_guild_channel_create = on_guild_channel_update = on_guild_available
    on_guild_role_create = on_guild_role_update = on_guild_role_delete = on_guild_available

    async def on_guild_unavailable(self, _guild: discord.Guild) -> None:
        """Discord has an outage there: from now on something may be missed."""
        if self.listener:
            self.listener.closed()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was sent away: what was written there is not ours to keep (Developer Terms 5)."""
        if self.listener:
            self.listener.closed()
        for channel in (*guild.channels, *guild.threads):
            if self.listener and self.directory.listen_of(channel):
                await self.listener.channel_deleted(channel.id)
        self.look_around()

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Gone with everything in it."""
        if self.listener:
            await self.listener.channel_deleted(channel.id)
        self.look_around()

    async def on_message(self, message: discord.Message) -> None:
        """A new message."""
        if self.listener:
            await self.listener.message(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Whether it was in the library's cache or not."""
        if self.listener:
            await self.listener.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Whether it was in the library's cache or not."""
        if self.listener:
            await self.listener.deleted(payload.channel_id, payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """A moderator cleaned up."""
        if self.listener:
            await self.listener.deleted(payload.channel_id, *payload.message_ids)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Gone with everything in it."""
        if self.listener:
            await self.listener.channel_deleted(payload.thread_id)

    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        """A thread was renamed, tagged, archived or opened again."""
        if self.listener and before.name != after.name:
            await self.listener.renamed(after)

    async def on_error(self, event: str, /, *_: Any, **__: Any) -> None:
        """One of our handlers failed. What it was about may be lost: connect anew, and read on from the last cursor."""
        error = sys.exc_info()[1]
        log.exception("discord_event_failed", discord_event=event)
        if error and event != "on_interaction":
            await self.fail(error)

    async def fail(self, error: BaseException) -> None:
        """End this client; the next one begins where the store says."""
        self.failure = self.failure or error
        await self.close()


def _is_heard(channel: Any) -> bool:
    return channel is not None and not channel.guild.unavailable
