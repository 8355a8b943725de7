"""What managers and fans press and submit on Discord, and what they are told."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import discord
import structlog

from bot.adapters.chat import asks
from bot.adapters.chat.asks import FanPressed
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import ASKS, OUT_OF_DATE, Pressed, manager
from bot.adapters.discord import buttons, forms
from bot.adapters.discord.board import Board
from bot.adapters.discord.gateway import TROUBLE
from bot.adapters.discord.posts import NAME
from bot.adapters.discord.render import fan_buttons, render_refused
from bot.domain import Command, Refused
from bot.people.fans import Answer

log = structlog.get_logger()

Interaction: TypeAlias = discord.Interaction[Any]

TAKEN = "Taken as you wrote it."
NOT_HERE = "The whole text is longer than a form takes here; please use the web console."

WRITING = frozenset({"edit", "fill"})
"""Forms that a manager writes in: the card tells the others so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Presser:
    """Somebody who may decide. `name` is set where a role says so."""

    key: str
    name: str | None = None


class Presses:
    """For all clients: each interaction brings its own."""

    def __init__(self, parts: Parts, board: Board, more: Callable[[], None]) -> None:
        """`board` shows the cards, `more` asks for more of them."""
        self._parts = parts
        self._board = board
        self._more = more

    def manager(self, interaction: Interaction) -> Presser:
        """Who presses, looked up at every press. Raises Refused for somebody who may not decide."""
        user, settings = interaction.user, self._parts.settings
        listed = settings.manager_of(NAME, str(user.id))
        if listed is None and interaction.client.directory.is_manager_by_role(user):
            return Presser(key=f"{NAME}:{user.id}", name=user.display_name)
        return Presser(key=manager(settings, NAME, user.id, user.name, user.display_name))

    async def answered(self, interaction: Interaction, work: Awaitable[object]) -> None:
        """See `bot.adapters.chat.board.Board.answered`."""
        await self._board.answered(work, partial(_tell, interaction))

    async def for_manager(self, interaction: Interaction, answer: Callable[[], Awaitable[str]]) -> None:
        """Answer a manager's command; only they see the answer."""

        async def work() -> None:
            self.manager(interaction)
            await interaction.response.defer(ephemeral=True)
            await interaction.followup.send(await answer(), ephemeral=True)

        await self.answered(interaction, work())

    async def on_interaction(self, interaction: Interaction) -> None:
        """Every button and form, also one of a message that was changed since. Commands go to their tree."""
        data: Any = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        if interaction.type is discord.InteractionType.modal_submit:
            await self.answered(interaction, self._submit(interaction, forms.read(custom_id)))
        elif interaction.type is discord.InteractionType.component:
            if by_fan := asks.read(custom_id):
                work = self._by_fan(interaction, by_fan)
                await self._board.answered(work, partial(_tell, interaction), stumbled=asks.STUMBLED)
            else:
                await self.answered(interaction, self._press(interaction, custom_id))

    async def _by_fan(self, interaction: Interaction, pressed: FanPressed) -> None:
        """A question to a fan, or an answer to their command. Only they see what comes of it."""
        await interaction.response.defer()
        who, parts = str(interaction.user.id), self._parts
        if pressed.about == asks.ME:
            answer = await parts.fans.press(NAME, who, pressed.value)
            await _lay(interaction, None)
            await tell_fan(interaction, answer)
            return
        done = await parts.asks.press(NAME, who, pressed.about, pressed.value)
        if done.buttons is not None:
            await _lay(interaction, fan_buttons(pressed.about, done.buttons))
        await _tell(interaction, done.text)

    async def _press(self, interaction: Interaction, custom_id: str) -> None:
        presser, pressed = self.manager(interaction), buttons.read(custom_id)
        if custom_id == buttons.MORE:
            await interaction.response.defer()
            self._more()
        elif pressed is None:
            raise Refused("bad_action", OUT_OF_DATE)
        elif pressed.verb in ASKS:
            await interaction.response.defer()
            await self._board.ask_author(pressed, presser.key, partial(_tell, interaction), name=presser.name)
        elif forms.is_form(pressed.verb):
            await self._open(interaction, pressed, presser)
        else:
            await interaction.response.defer()
            command = pressed.command(presser.key, {"choice": pressed.choice})
            await self._decide(interaction, command, presser)

    async def _open(self, interaction: Interaction, pressed: Pressed, presser: Presser) -> None:
        """A form must be the first response, within three seconds: what the desk has to say comes first."""
        card = await self._parts.desk.draft(pressed.draft_id)
        as_shown = card is not None and card.stands(pressed.revision)
        if pressed.verb != "correct" and (pressed.verb in WRITING or not as_shown):
            card = (await self._parts.desk.decide(pressed.opened(presser.key), name=presser.name)).card
        form = forms.form(pressed, card, self._known()) if card else None
        if form is None:
            raise Refused("bad_action", NOT_HERE if card and card.draft.text else OUT_OF_DATE)
        await interaction.response.send_modal(form)

    def _known(self) -> forms.Known:
        return forms.Known(managers=self._parts.settings.managers, intents=self._parts.desk.intents())

    async def _submit(self, interaction: Interaction, pressed: Pressed | None) -> None:
        presser = self.manager(interaction)
        if pressed is None:
            raise Refused("bad_action", OUT_OF_DATE)
        await interaction.response.defer()
        data: Any = interaction.data
        command = pressed.command(presser.key, forms.values(data["components"]))
        await self._decide(interaction, command, presser)

    async def _decide(self, interaction: Interaction, command: Command, presser: Presser) -> None:
        """The card shows what was decided. Only whoever pressed hears of a refusal, and of remarks on their words."""

        async def tell(remarks: str) -> None:
            if remarks:
                await _tell(interaction, f"{TAKEN} {remarks}" if _written(command) else remarks)

        async def put(view: discord.ui.LayoutView) -> object:
            return await interaction.edit_original_response(view=view)

        await self._board.decide(
            command,
            tell,
            name=presser.name,
            refused=lambda refused: _refused(interaction, refused, _written(command)),
            put=put,
        )


def _written(command: Command) -> str:
    """All that was typed into a form; empty for a press."""
    return command.text or "\n\n".join(command.slots.values())


async def tell_fan(interaction: Interaction, answer: Answer) -> None:
    """The answer to a fan's command or press, which only they see."""
    file = discord.File(io.BytesIO(answer.file.encode()), "mydata.json") if answer.file else discord.utils.MISSING
    view = fan_buttons(asks.ME, answer.buttons) or discord.utils.MISSING
    nobody = discord.AllowedMentions.none()
    await interaction.followup.send(answer.text, file=file, view=view, ephemeral=True, allowed_mentions=nobody)


async def _lay(interaction: Interaction, buttons: discord.ui.View | None) -> None:
    """Change the buttons of the message of a press. What was pressed counts whether Discord takes it or not."""
    try:
        await interaction.edit_original_response(view=buttons)
    except TROUBLE as error:
        log.info("discord_buttons_not_changed", why=str(error) or type(error).__name__)


async def _refused(interaction: Interaction, refused: Refused, text: str) -> None:
    """Say why, and give back what was written."""
    if not text or refused.code not in ("blocked", "stale_revision"):
        await _tell(interaction, refused.message)
        return
    await interaction.followup.send(view=render_refused(refused.message, text), ephemeral=True)


async def _tell(interaction: Interaction, words: str) -> None:
    """A sentence that only whoever pressed sees. When Discord does not take it, nothing else changes."""
    nobody = discord.AllowedMentions.none()
    try:
        if interaction.response.is_done():
            await interaction.followup.send(words, ephemeral=True, allowed_mentions=nobody)
        else:
            await interaction.response.send_message(words, ephemeral=True, allowed_mentions=nobody)
    except discord.HTTPException as error:
        log.warning("discord_not_told", why=str(error))
