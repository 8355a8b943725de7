"""What managers press and submit: who may, what it means for the desk, and an answer in every case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import OUT_OF_DATE, STUMBLED, Pressed, not_listed
from bot.adapters.discord import buttons, forms
from bot.adapters.discord.board import Board
from bot.adapters.discord.buttons import Interaction
from bot.adapters.discord.faces import typed
from bot.adapters.discord.posts import NAME
from bot.domain import Command, Refused

log = structlog.get_logger()

TAKEN = "Taken as you wrote it."
NOT_HERE = "The whole text is longer than a form takes here; please use the web console."

WRITING = frozenset({"edit", "fill"})
"""Forms that a manager writes in: the others are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Presser:
    """Somebody who may decide. `name` is set for those who may by their role."""

    key: str
    name: str | None = None


class Presses:
    """For all clients: each interaction brings its own."""

    def __init__(self, parts: Parts, board: Board, more: Callable[[], None]) -> None:
        """`board` shows the cards, `more` asks for more of them."""
        self._parts = parts
        self._board = board
        self._more = more

    async def manager(self, interaction: Interaction) -> Presser | None:
        """Who presses, looked up at every press; None for somebody who may not, who has been told so."""
        user = interaction.user
        if key := self._parts.settings.manager_of(NAME, str(user.id)):
            return Presser(key=key)
        if interaction.client.directory.is_manager_by_role(user):
            return Presser(key=f"discord:{user.id}", name=user.display_name)
        words = not_listed(self._parts.settings, NAME, user.id, user.name, user.display_name)
        await _tell(interaction, words)
        return None

    async def pressed(self, interaction: Interaction, pressed: Pressed) -> None:
        """A button of a card."""
        await self._answered(interaction, self._press(interaction, pressed))

    async def more(self, interaction: Interaction) -> None:
        """The digest's button."""

        async def show_more() -> None:
            if await self.manager(interaction):
                await interaction.response.defer()
                self._more()

        await self._answered(interaction, show_more())

    async def on_interaction(self, interaction: Interaction) -> None:
        """Every interaction: forms, and buttons that no pattern takes any more, or that the message has no longer: the
        library answers those with silence. Commands are the tree's.
        """
        data: Any = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        pressed = buttons.read(custom_id)
        if interaction.type is discord.InteractionType.modal_submit:
            form = forms.read(custom_id)
            work = self._submitted(interaction, form) if form else _tell(interaction, OUT_OF_DATE)
            await self._answered(interaction, work)
        elif interaction.type is not discord.InteractionType.component:
            return
        elif pressed is None and custom_id != buttons.MORE:
            await self._answered(interaction, _tell(interaction, OUT_OF_DATE))
        elif not _stands(interaction, custom_id):
            await (self.pressed(interaction, pressed) if pressed else self.more(interaction))

    async def _answered(self, interaction: Interaction, work: Awaitable[None]) -> None:
        try:
            await work
        except Refused as refused:
            await _tell(interaction, refused.message)
        except discord.NotFound as error:  # its three seconds, or its fifteen minutes, are over: nobody can be told
            log.warning("discord_press_too_late", why=str(error))
        except Exception:
            log.exception("discord_press_failed")
            await _tell(interaction, STUMBLED)

    async def _press(self, interaction: Interaction, pressed: Pressed) -> None:
        presser = await self.manager(interaction)
        if presser is None:
            return
        if forms.is_form(pressed.verb):
            await self._open(interaction, pressed, presser)
            return
        await interaction.response.defer()
        command = pressed.command(presser.key, {"choice": pressed.choice})
        await self._decide(interaction, command, presser)

    async def _open(self, interaction: Interaction, pressed: Pressed, presser: Presser) -> None:
        """A form must be the first response, so the desk is asked first and quickly."""
        card = await self._parts.desk.draft(pressed.draft_id)
        as_shown = card is not None and card.stands(pressed.revision)
        if pressed.verb != "correct" and (pressed.verb in WRITING or not as_shown):
            card = (await self._parts.desk.decide(pressed.opened(presser.key), name=presser.name)).card
        form = forms.form(pressed, card, self._known()) if card else None
        if form is None:
            await _tell(interaction, NOT_HERE if card and card.draft.text else OUT_OF_DATE)
            return
        await interaction.response.send_modal(form)

    def _known(self) -> forms.Known:
        return forms.Known(managers=self._parts.settings.managers, intents=self._parts.desk.intents())

    async def _submitted(self, interaction: Interaction, pressed: Pressed) -> None:
        presser = await self.manager(interaction)
        if presser is None:
            return
        await interaction.response.defer()
        data: Any = interaction.data
        command = pressed.command(presser.key, forms.values(data["components"]))
        await self._decide(interaction, command, presser)

    async def _decide(self, interaction: Interaction, command: Command, presser: Presser) -> None:
        """The desk's answer becomes the card; a refusal, and remarks on typed words, are told to the presser alone."""

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


def _stands(interaction: Interaction, custom_id: str) -> bool:
    """Whether the message that was pressed still has this button."""
    message = interaction.message
    items = discord.ui.LayoutView.from_message(message).walk_children() if message else ()
    return any(getattr(item, "custom_id", None) == custom_id for item in items)


def _written(command: Command) -> str:
    """What was typed into a form, all of it; empty for a press."""
    return command.text or "\n\n".join(command.slots.values())


async def _refused(interaction: Interaction, refused: Refused, text: str) -> None:
    """Why not, and what was written, so that it is never lost."""
    if not text or refused.code not in ("blocked", "stale_revision"):
        await _tell(interaction, refused.message)
        return
    await interaction.followup.send(view=typed(refused.message, text), ephemeral=True)


async def _tell(interaction: Interaction, words: str) -> None:
    """A sentence for the presser alone; whether it could be told changes nothing."""
    nobody = discord.AllowedMentions.none()
    try:
        if interaction.response.is_done():
            await interaction.followup.send(words, ephemeral=True, allowed_mentions=nobody)
        else:
            await interaction.response.send_message(words, ephemeral=True, allowed_mentions=nobody)
    except discord.HTTPException as error:
        log.warning("discord_not_told", why=str(error))
