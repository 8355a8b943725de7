"""The managers' cards on Discord, a `bot.ports.Surface`: the loop with this platform's board, buttons and commands."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.adapters.chat.commands import Asked
from bot.adapters.chat.loop import CardLoop
from bot.adapters.chat.parts import Parts
from bot.adapters.discord import commands
from bot.adapters.discord.board import Board
from bot.adapters.discord.gateway import Client
from bot.adapters.discord.presses import Presses


class Cards(CardLoop[discord.ui.LayoutView]):
    """One for the process. `setup` is called with each fresh client of the platform, `run` once."""

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        self._channel = Board(parts)
        super().__init__(parts, self._channel)
        self._presses = Presses(parts, self._channel, self.more)
        self._tree: app_commands.CommandTree[Any] | None = None

    async def setup(self, client: Client) -> None:
        """Prepare a fresh client after its login, before it connects to the gateway."""
        self._channel.client = client
        client.event(self._presses.on_interaction)
        self._tree = commands.register(client, self._parts, self._channel, self._presses)

    async def tell_commands(self, client: Client) -> None:
        """Tell Discord of the commands once the client listens, until Discord has taken them: posts come first."""
        await client.wait_until_ready()
        if self._tree:
            await commands.tell_discord(self._tree, Asked(self._parts, self._channel))
