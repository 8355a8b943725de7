"""The connection to Discord: which events it asks for, and who hears of them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from bot.adapters.discord.ingest import Ingest

log = structlog.get_logger()

PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)
"""What the bot needs in each channel of config.yaml."""

TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What can go wrong with a request; another try may go well."""

Setup = Callable[["Client"], Awaitable[None]]
"""Prepares a fresh client before it connects: commands, and `on_interaction`."""


class _OneLine(logging.Filter):
    """The library logs each broken connection with a traceback; one line says as much."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
        return True


_ONE_LINE = _OneLine()


def point_at(section: Discord) -> None:
    """Use the stand-in on this machine that config.yaml names, if any. It counts for the whole process."""
    if section.api_base:
        Route.BASE = section.api_base
    if section.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(section.gateway_url)


def intents(*, message_content: bool) -> discord.Intents:
    """The fewest intents that show posts and their changes. Buttons and commands need none."""
    return discord.Intents(guilds=True, guild_messages=True, message_content=message_content)


class Client(discord.Client):
    """Good for one connection. `failure` says why it had to be closed, if it had to."""

    def __init__(self, settings: Settings, *, message_content: bool, setup: Setup | None = None) -> None:
        """`setup` is called once, after the login and before the gateway."""
        point_at(settings.chat(Discord))
        logging.getLogger("discord.client").addFilter(_ONE_LINE)  # adding it again does nothing
        discord.http.Ratelimit = Bucket  # type: ignore[misc,assignment] # there is no setting for it
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # there is no voice here
        super().__init__(
            intents=intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.5,  # on_guild_available tells of a server that comes later
            max_ratelimit_timeout=30,  # the outbox keeps a longer wait, also over a restart
            http_trace=trace(),
        )
        self.settings = settings
        self.message_content = message_content
        self.directory = Directory()
        self.failure: BaseException | None = None
        self.connected = False
        """Whether the gateway's session is open right now."""
        self.ingest: Ingest | None = None
        self._setup = setup

    async def setup_hook(self) -> None:
        """The library calls it after the login."""
        if self._setup:
            await self._setup(self)

    async def channel(self, channel_id: int) -> Any:
        """A channel or thread. Asks Discord for one that is not known yet. Raises discord.HTTPException."""
        return self.get_channel(channel_id) or await self.fetch_channel(channel_id)

    def is_listening(self) -> bool:
        """True while it is connected, and hears every channel that config.yaml names under `listen`."""
        heard = all(map(_is_heard, map(self.get_channel, self.directory.listened)))
        return self.connected and not self.is_closed() and self.directory.complete and heard

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Start the handlers of an event. The library tells of the end of the connection while it closes: that handler
        would be left behind by a loop that ends, too."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def on_ready(self) -> None:
        """A new session. The library says so a moment after it has begun, also if it is over again by then."""
        self.connected = self.ws.open
        self.look_around()
        log.info("discord_connected", account=str(self.user), listening=len(self.directory.listened))
        self._began()

    async def on_resumed(self) -> None:
        """The session goes on; Discord has repeated what was missed, as far as it could."""
        self.connected = self.ws.open
        self._began()

    def _began(self) -> None:
        """Something may have been missed before, also where the end of a session was told of before its beginning."""
        if self.ingest:
            self.ingest.closed()
            self.ingest.opened()

    async def on_disconnect(self) -> None:
        """The library connects again by itself."""
        self.connected = False
        if self.ingest:
            self.ingest.closed()

    def look_around(self) -> None:
        """Find the channels and roles of config.yaml again, and log once what is missing."""
        before, self.directory = self.directory, look_up(self.settings, self.guilds)
        for fault in self.directory.faults:
            if fault not in before.faults:
                log.warning("discord_config", fault=fault)

    async def on_guild_available(self, *_: object) -> None:
        """A server, channel or role came, went, or has another name now."""
        self.look_around()
        if self.ingest and self.is_ready():
            self.ingest.opened()

    on_guild_join = on_guild_available
    on_guild_channel_create = on_guild_channel_update = on_guild_available
    on_guild_role_create = on_guild_role_update = on_guild_role_delete = on_guild_available

    async def on_guild_unavailable(self, _guild: discord.Guild) -> None:
        """Discord has an outage there: from now on something may be missed."""
        if self.ingest:
            self.ingest.closed()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server, and may not keep what was written there (Developer Terms 5)."""
        if self.ingest:
            self.ingest.closed()
        for channel in (*guild.channels, *guild.threads):
            if self.ingest and self.directory.listen_of(channel):
                await self.ingest.channel_deleted(channel.id)
        self.look_around()

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Gone with everything in it."""
        if self.ingest:
            await self.ingest.channel_deleted(channel.id)
        self.look_around()

    async def on_message(self, message: discord.Message) -> None:
        """A new message."""
        if self.ingest:
            await self.ingest.message(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Whether it was in the library's cache or not."""
        if self.ingest:
            await self.ingest.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Whether it was in the library's cache or not."""
        if self.ingest:
            await self.ingest.deleted(payload.channel_id, payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """A moderator cleaned up."""
        if self.ingest:
            await self.ingest.deleted(payload.channel_id, *payload.message_ids)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Gone with everything in it."""
        if self.ingest:
            await self.ingest.channel_deleted(payload.thread_id)

    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        """A thread was renamed, tagged, archived or opened again."""
        if self.ingest and before.name != after.name:
            await self.ingest.renamed(after)

    async def on_error(self, event: str, /, *_: Any, **__: Any) -> None:
        """A handler failed, so an event may be lost: connect again, and read on from the last cursor."""
        error = sys.exc_info()[1]
        log.exception("discord_event_failed", discord_event=event)
        if error and event != "on_interaction":
            await self.fail(error)

    async def fail(self, error: BaseException) -> None:
        """Close this client; the next one reads on from the stored cursors."""
        self.failure = self.failure or error
        await self.close()


def _is_heard(channel: Any) -> bool:
    return channel is not None and not channel.guild.unavailable
