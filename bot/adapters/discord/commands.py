"""Slash commands for fans and managers, and the message command "Draft a reply"."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, Protocol

import discord
import structlog
from discord import app_commands

from bot.adapters.discord.buttons import Interaction
from bot.adapters.discord.client import Client
from bot.adapters.discord.faces import Card, cut
from bot.adapters.discord.parts import Parts
from bot.adapters.discord.posts import post_of
from bot.adapters.discord.presses import Presser
from bot.domain import Refused
from bot.fans import COMMANDS, LONGEST_REPORT, NOT_REPORTED
from bot.settings import Listen
from bot.store import cards

log = structlog.get_logger()

DRAFT = "Draft a reply"
LISTED = 10
"""Posts that /queue names."""
NOTHING = "There is nothing to answer in this message, or it is gone."


class Surface(Protocol):
    """What commands need of the cards."""

    name: str

    @property
    def channel(self) -> Any:
        """The managers' channel, or None."""
        ...

    def mention(self, key: str) -> str:
        """A manager's mention, or name."""
        ...

    def link_of(self, message_id: str) -> str:
        """Where a card stands."""
        ...

    async def show(self, draft_id: str) -> None:
        """Bring one card in line."""
        ...


class Managers(Protocol):
    """Who may decide."""

    async def manager(self, interaction: Interaction) -> Presser | None:
        """Who it is; None for somebody who may not, who has been told so."""
        ...


async def register(client: Client, parts: Parts, surface: Surface, managers: Managers) -> None:
    """Give a client its commands, and tell Discord of them where they have changed."""
    tree = app_commands.CommandTree(client)
    for name, does in COMMANDS.items():
        tree.add_command(_fan_command(name, does, parts, surface))
    tree.add_command(_queue(parts, surface, managers))
    tree.add_command(_draft(client, parts, surface, managers))
    await _sync(tree, parts, surface)


async def _sync(tree: app_commands.CommandTree[Any], parts: Parts, surface: Surface) -> None:
    """Discord keeps commands; telling it again and again would use up the day's allowance."""
    said = json.dumps(
        [str(tree.client.application_id), *(c.to_dict(tree) for c in tree.get_commands())], sort_keys=True
    )
    print_ = hashlib.sha256(said.encode()).hexdigest()
    notes = await parts.store.read(lambda c: cards.notes(c, surface.name))
    if notes.get("commands") == print_:
        return
    try:
        await tree.sync()
    except discord.DiscordException as error:
        log.warning(
            "discord_commands_not_known", why=str(error), fix="invite the bot with the scope applications.commands"
        )
        return
    now = parts.clock.now()
    await parts.store.write(lambda c: cards.note(c, surface.name, now, commands=print_))


def _fan_command(name: str, does: str, parts: Parts, surface: Surface) -> app_commands.Command[Any, ..., None]:
    async def plain(interaction: Interaction) -> None:
        await _answer(interaction, name, "", parts, surface)

    @app_commands.describe(words="What was not right")
    async def with_words(interaction: Interaction, words: app_commands.Range[str, 1, LONGEST_REPORT]) -> None:
        await _answer(interaction, name, words, parts, surface)

    callback: Any = with_words if name == "report" else plain
    command = app_commands.Command(name=name, description=does, callback=callback)
    return app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)(_on_servers(command))


def _on_servers(command: Any) -> Any:
    return app_commands.allowed_installs(guilds=True, users=False)(command)


async def _answer(interaction: Interaction, name: str, words: str, parts: Parts, surface: Surface) -> None:
    """For the fan's eyes only."""
    await interaction.response.defer(ephemeral=True)
    answer = await parts.fans.answer(name, surface.name, str(interaction.user.id), words)
    text = answer.text
    if answer.report and not await _reported(interaction, answer.report, answer.report_to, surface):
        text = NOT_REPORTED
    file = discord.File(io.BytesIO(answer.file.encode()), "mydata.json") if answer.file else discord.utils.MISSING
    await interaction.followup.send(text, file=file, ephemeral=True)


async def _reported(interaction: Interaction, words: str, to: str, surface: Surface) -> bool:
    """Lay a fan's report before the managers; False when that cannot be done."""
    if surface.channel is None:
        return False
    place = f" in <#{interaction.channel_id}>" if interaction.guild_id else ""
    quoted = "\n".join(f"> {line}" for line in discord.utils.escape_markdown(words).splitlines())
    head = f"**Report** for {surface.mention(to)} from {interaction.user.mention}{place}"
    try:
        await surface.channel.send(cut(f"{head}\n{quoted}", 2000), allowed_mentions=discord.AllowedMentions.none())
    except discord.DiscordException as error:
        log.warning("discord_report_not_shown", why=str(error))
        return False
    return True


def _for_managers(command: Any) -> Any:
    command = app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)(_on_servers(command))
    command.default_permissions = discord.Permissions(manage_messages=True)  # who sees it; who may is asked each time
    return command


def _queue(parts: Parts, surface: Surface, managers: Managers) -> Any:
    async def queue(interaction: Interaction) -> None:
        if not await managers.manager(interaction):
            return
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(await _listed(parts, surface), ephemeral=True)

    return _for_managers(app_commands.Command(name="queue", description="What is waiting for a yes", callback=queue))


async def _listed(parts: Parts, surface: Surface) -> str:
    waiting = (await parts.store.numbers())["drafts"].get("waiting", 0)
    if not waiting:
        return "Nothing is waiting."
    page, _ = await parts.desk.drafts(limit=LISTED)
    lines = [await _line(card, parts, surface) for card in page]
    more = [f"… and {waiting - len(page)} more"] if waiting > len(page) else []
    return cut("\n".join([f"**{waiting} waiting**", *lines, *more]), 2000)


async def _line(card: Card, parts: Parts, surface: Surface) -> str:
    draft_id = card["draft_id"]
    shown = await parts.store.read(lambda c: cards.get(c, surface.name, draft_id))
    who = cut(discord.utils.escape_markdown(card["post"]["author"]["name"]), 40) or "a fan"
    what = ", ".join(card["risk"]) or card["intent"] or "hand-off"
    link = f" · [card]({surface.link_of(shown.message_id)})" if shown and surface.channel else ""
    return f"- **{who}**: {what}{link}"


def _draft(client: Client, parts: Parts, surface: Surface, managers: Managers) -> Any:
    async def draft_a_reply(interaction: Interaction, message: discord.Message) -> None:
        if not await managers.manager(interaction):
            return
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(await _asked(client, message, parts, surface), ephemeral=True)

    return _for_managers(app_commands.ContextMenu(name=DRAFT, callback=draft_a_reply))


async def _asked(client: Client, message: discord.Message, parts: Parts, surface: Surface) -> str:
    """Put a card for any message on the desk, listened to or not."""
    if message.author.bot or message.author == client.user:
        return "This was not written by a person."
    listen = client.directory.listen_of(message.channel) or Listen(channel=str(message.channel.id))
    received = await parts.intake.receive(post_of(message, listen, client.directory))
    try:
        card = await parts.intake.card_for(received.post_id)
    except Refused as refused:
        return refused.message
    if card is None:
        return NOTHING
    draft_id = card["draft_id"]
    await surface.show(draft_id)
    shown = await parts.store.read(lambda c: cards.get(c, surface.name, draft_id))
    return f"Its card: {surface.link_of(shown.message_id)}" if shown else "It is on the desk; the console shows it."
