"""Discord's part of `greenroom doctor`: what config.yaml says, and with --online what Discord says to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from bot.adapters.chat.doctor import Findings
from bot.adapters.discord import commands
from bot.adapters.discord.directory import Directory
from bot.adapters.discord.gateway import PERMISSIONS, TROUBLE, Client
from bot.adapters.discord.platform import BLIND, refused
from bot.adapters.discord.section import Discord
from bot.ports import Check
from bot.settings import Settings

_FOUND = Findings(Discord)
_fine, _note, _fault = _FOUND.fine, _FOUND.note, _FOUND.fault
PATIENCE = 30.0
"""Seconds for a connection and the list of servers."""
MANY_USERS = 8_000
"""From 10,000 people who can see the bot on, Discord reviews the message-content intent (review guide, 2026-06-10)."""


def checks(settings: Settings) -> list[Check]:
    """What config.yaml lacks; Discord is not asked."""
    section = settings.chat(Discord)
    webhook = next((name for name in section.proxy_webhooks if not name.isdecimal()), None)
    fix = "give the id of the webhook or of its application: anyone can give a webhook any name"
    return _FOUND.checks(
        settings,
        listen="name a channel: platforms: {discord: {listen: [general]}}",
        cards="name a channel: platforms: {discord: {cards: NAME}}",
        managers="give managers their `discord: ID` (Developer Mode, Copy User ID), or name a role in `manager_roles`",
        more=[_fault(f"`proxy_webhooks`: “{webhook}” is not an id", fix)] if webhook else (),
        roles=bool(section.manager_roles),
    )


async def check_online(settings: Settings) -> list[Check]:
    """Connect once and check token, intents, servers, channels and permissions; give the link to invite the bot."""
    if settings.token(Discord) is None:
        return []
    granted = True
    client = Client(settings, message_content=True)
    try:
        try:
            registered = await _visit(client)
        except discord.PrivilegedIntentsRequired:
            granted = False
            client = Client(settings, message_content=False)
            registered = await _visit(client)
    except discord.LoginFailure:
        return [_fault("Discord refuses the token", refused(settings))]
    except TROUBLE as error:
        return [_fault(f"Discord does not answer: {error or 'it took too long'}", "try again; see discordstatus.com")]
    return [*_account(client, granted=granted), *_servers(client), *_channels(client), *_commands(client, registered)]


async def _visit(client: Client) -> set[str]:
    """Connect until the servers are known, then close. Returns the names of the commands that Discord knows.

    Raises what the connection raises.
    """
    token, known = client.settings.token(Discord), asyncio.Event()

    async def on_ready() -> None:
        client.look_around()
        known.set()

    client.event(on_ready)
    async with client:
        running = asyncio.create_task(client.start(token or ""))
        ready = asyncio.create_task(known.wait())
        try:
            await asyncio.wait({running, ready}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            if not known.is_set():
                raise TimeoutError
            return {command.name for command in await app_commands.CommandTree(client).fetch_commands()}
        finally:
            running.cancel()
            ready.cancel()
            await asyncio.gather(running, ready, return_exceptions=True)


def _account(client: Client, *, granted: bool) -> Iterator[Check]:
    user, application = client.user, client.application
    if user is None or not user.bot:
        yield _fault("this is the token of a person's account", refused(client.settings))
        return
    yield _fine(f"the token is that of {user.name}")
    yield (_fine("the message-content intent is granted") if granted else _note("it sees only what mentions it", BLIND))
    link = discord.utils.oauth_url(user.id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))
    yield _note("to add it to a server, with no more rights than it needs:", link)
    if application and application.bot_public:
        fix = "switch off Public Bot (Developer Portal, Installation): others could add it to their servers"
        yield _note("anybody may add this bot to a server", fix)


def _servers(client: Client) -> Iterator[Check]:
    if not client.guilds:
        yield _fault("the bot is on no server", "open the link above and choose your server")
    people = sum(guild.member_count or 0 for guild in client.guilds)
    if people > MANY_USERS:
        fix = "apply for the message-content intent in time (Developer Portal, Bot)"
        yield _note(f"{people} people can see the bot; from 10,000 on Discord reviews the intent each year", fix)
    for fault in client.directory.faults:
        yield _fault(fault, "")


def _channels(client: Client) -> Iterator[Check]:
    directory: Directory = client.directory
    for channel_id in dict.fromkeys((*directory.listened, *filter(None, (directory.cards, directory.stage)))):
        channel: Any = client.get_channel(channel_id)
        missing = _missing(channel)
        if missing:
            yield _fault(f"in #{channel.name} the bot lacks: {', '.join(missing)}", "give its role these rights there")
        else:
            own = {directory.cards: "cards", directory.stage: "the stage"}
            both = "posts and the stage" if channel_id in directory.listened else "the stage"
            use = both if channel_id == directory.stage else own.get(channel_id, "posts")
            yield _fine(f"#{channel.name} ({channel.id}) is ready for {use}")


def _commands(client: Client, registered: set[str]) -> Iterator[Check]:
    missing = sorted(commands.names(client.settings) - registered)
    if missing:
        fix = "the running program tells it; if this stays, invite the bot with the link above and look into the log"
        yield _note(f"Discord does not know these commands yet: {', '.join(missing)}", fix)


def _missing(channel: Any) -> list[str]:
    """The rights that the bot lacks in a channel, by their names in Discord's settings."""
    has = channel.permissions_for(channel.guild.me)
    return [name.replace("_", " ").title() for name, needed in PERMISSIONS if needed and not getattr(has, name)]
