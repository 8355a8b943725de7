"""Slash commands for fans and managers, and the message command "Draft a reply"."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.adapters.chat.commands import HOLDS, LINK, OPENS, WHO_WAITS, Asked, Queue
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.words import cut, one_line, what
from bot.adapters.discord.board import Board
from bot.adapters.discord.gateway import TROUBLE, Client
from bot.adapters.discord.presses import Interaction, Presses, tell_fan
from bot.adapters.discord.render import inert, quoted
from bot.desk.desk import LONGEST_REASON
from bot.desk.view import CardView
from bot.errors import GreenroomError
from bot.people.fans import LONGEST_REPORT, NO_AI, commands
from bot.settings import Settings

log = structlog.get_logger()

DRAFT = "Draft a reply"
UNKNOWN = "Discord did not say where this message stands; try again in a moment."
QUEUE = "queue"
CONSOLE = "console"
HOLD = "hold"
UNANSWERED = "unanswered"
OPTIONAL = {
    "remember": "Something that you want known here",
    "callme": "The name that you want to be called; without it, yours is forgotten",
    "link": "The code that you got on the other platform; without it, you get one",
    NO_AI: "off, to allow it again",
}
"""Commands that may have words after them -> what the words are."""
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds until Discord is told of them again. Each further try waits twice as long."""


def register(client: Client, parts: Parts, board: Board, presses: Presses) -> app_commands.CommandTree[Any]:
    """Give a client its commands. `tell_discord` makes them known to Discord."""
    tree = app_commands.CommandTree(client)
    for name, does in parts.fans.commands.items():
        tree.add_command(_fan_command(name, does, parts, board))
    tree.add_command(_queue(parts, board, presses))
    tree.add_command(_unanswered(parts, board, presses))
    tree.add_command(_console(parts, board, presses))
    tree.add_command(_hold(parts, board, presses))
    tree.add_command(_draft(client, parts, board, presses))
    return tree


def names(settings: Settings) -> set[str]:
    """All of them, as people see them."""
    return {*commands(settings), QUEUE, CONSOLE, HOLD, UNANSWERED, DRAFT}


async def tell_discord(tree: app_commands.CommandTree[Any], asked: Asked[discord.ui.LayoutView]) -> None:
    """Tell Discord of the commands until it has taken them, and only when they changed: it allows few changes a day."""
    pause = FIRST_PAUSE
    while True:
        try:
            await _sync(tree, asked)
        except (*TROUBLE, GreenroomError) as error:
            wait = max(pause, error.retry_after) if isinstance(error, discord.RateLimited) else pause
            fix = "it is tried again; invite the bot with the scope applications.commands"
            why = str(error) or type(error).__name__
            log.warning("discord_commands_not_known", why=why, fix=fix, again_in_seconds=round(wait))
            await asyncio.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return


async def _sync(tree: app_commands.CommandTree[Any], asked: Asked[discord.ui.LayoutView]) -> None:
    said = [str(tree.client.application_id), *(c.to_dict(tree) for c in tree.get_commands())]
    await asked.tell_once(said, tree.sync)


def _fan_command(name: str, does: str, parts: Parts, board: Board) -> app_commands.Command[Any, ..., None]:
    async def plain(interaction: Interaction) -> None:
        await _answer(interaction, name, "", parts, board)

    @app_commands.describe(words="What was not right")
    async def with_words(interaction: Interaction, words: app_commands.Range[str, 1, LONGEST_REPORT]) -> None:
        await _answer(interaction, name, words, parts, board)

    @app_commands.describe(words=OPTIONAL.get(name, ""))
    async def perhaps_with_words(interaction: Interaction, words: app_commands.Range[str, 1, 100] = "") -> None:
        await _answer(interaction, name, words, parts, board)

    callback: Any = with_words if name == "report" else perhaps_with_words if name in OPTIONAL else plain
    command: Any = app_commands.Command(name=name, description=does, callback=callback)
    return app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)(_on_servers(command))


def _on_servers(command: Any) -> Any:
    return app_commands.allowed_installs(guilds=True, users=False)(command)


async def _answer(interaction: Interaction, name: str, words: str, parts: Parts, board: Board) -> None:
    """Only the fan sees the answer."""
    await interaction.response.defer(ephemeral=True)
    report = partial(_report, interaction, board)
    answer = await Asked(parts, board).fan(name, str(interaction.user.id), words, report)
    await tell_fan(interaction, answer)


def _report(interaction: Interaction, board: Board, words: str, to: str) -> str:
    place = f" in <#{interaction.channel_id}>" if interaction.guild_id else ""
    head = f"**Report** for {board.mention(to)} from {interaction.user.mention}{place}"
    return cut(f"{head}\n{quoted(words)}", 2000)


def _for_managers(command: Any) -> Any:
    command = app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)(_on_servers(command))
    command.default_permissions = discord.Permissions(
        manage_messages=True
    )  # who sees the command; who may use it is checked each time
    return command


def _queue(parts: Parts, board: Board, presses: Presses) -> Any:
    async def queue(interaction: Interaction) -> None:
        await presses.for_manager(interaction, lambda: _listed(Asked(parts, board).queue(), board))

    return _for_managers(app_commands.Command(name=QUEUE, description="What is waiting for a yes", callback=queue))


def _unanswered(parts: Parts, board: Board, presses: Presses) -> Any:
    async def unanswered(interaction: Interaction) -> None:
        await presses.for_manager(interaction, lambda: _listed(Asked(parts, board).unanswered(), board))

    return _for_managers(app_commands.Command(name=UNANSWERED, description=WHO_WAITS, callback=unanswered))


def _console(parts: Parts, board: Board, presses: Presses) -> Any:
    async def console(interaction: Interaction) -> None:
        async def answer() -> str:
            link = Asked(parts, board).console(presses.manager(interaction).key)
            return f"{LINK}\n<{link}>"  # in brackets, so that Discord does not open it for a preview

        await presses.for_manager(interaction, answer)

    return _for_managers(app_commands.Command(name=CONSOLE, description=OPENS, callback=console))


def _hold(parts: Parts, board: Board, presses: Presses) -> Any:
    @app_commands.describe(reason="Why; or lift, to end it")
    async def hold(interaction: Interaction, reason: app_commands.Range[str, 1, LONGEST_REASON]) -> None:
        async def answer() -> str:
            presser = presses.manager(interaction)
            return await Asked(parts, board).hold(presser.key, reason, name=presser.name)

        await presses.for_manager(interaction, answer)

    return _for_managers(app_commands.Command(name=HOLD, description=HOLDS, callback=hold))


async def _listed(asked: Awaitable[Queue], board: Board) -> str:
    queue = await asked
    if not queue.waiting:
        return queue.heading
    lines = [await _line(card, board) for card in queue.shown]
    return cut("\n".join(filter(None, [f"**{queue.heading}**", *lines, queue.rest])), 2000)


async def _line(card: CardView, board: Board) -> str:
    link = await board.link(card.draft.id)
    who = inert(cut(one_line(card.post.post.author.name), 40)) or "a fan"
    return f"- **{who}**: {what(card)}" + (f" · [card]({link})" if link else "")


def _draft(client: Client, parts: Parts, board: Board, presses: Presses) -> Any:
    async def draft_a_reply(interaction: Interaction, message: discord.Message) -> None:
        await presses.for_manager(interaction, lambda: _asked(client, message, parts, board))

    return _for_managers(app_commands.ContextMenu(name=DRAFT, callback=draft_a_reply))


async def _asked(client: Client, message: discord.Message, parts: Parts, board: Board) -> str:
    """Put a card for a message on the desk, in any channel. Raises Refused."""
    ingest = client.ingest
    try:
        post_id = await ingest.asked(message) if ingest else None
    except TROUBLE:
        return UNKNOWN
    card = await Asked(parts, board).card_for(post_id)
    link = await board.link(card.draft.id)
    return f"Its card: {link}" if link else "It is on the desk; the console shows it."
