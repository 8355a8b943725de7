"""The managers' cards on Telegram, a `bot.ports.Surface`: the loop with this platform's board, presses and commands."""

from __future__ import annotations

from bot.adapters.chat.loop import CardLoop
from bot.adapters.chat.parts import Parts
from bot.adapters.telegram.board import Board
from bot.adapters.telegram.commands import Commands
from bot.adapters.telegram.gateway import Client
from bot.adapters.telegram.presses import Presses
from bot.adapters.telegram.render import Rendered


class Cards(CardLoop[Rendered]):
    """One for the process. `setup` is called with each fresh client of the platform, `run` once."""

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        self.board = Board(parts)
        super().__init__(parts, self.board)
        self._presses = Presses(parts, self.board, self.more)
        self._commands = Commands(parts, self.board)

    async def setup(self, client: Client) -> None:
        """Prepare a fresh client after its login, before its first update."""
        self.board.client = client
        client.presses = self._presses
        client.commands = self._commands
        await self._commands.register(client)
