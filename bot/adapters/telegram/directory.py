"""The chats and people that config.yaml names."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import telegram
from telegram.constants import ChatType
from telegram.error import BadRequest, ChatMigrated, Forbidden

from bot.adapters.telegram.section import Telegram
from bot.settings import Listen, Settings

_ID = re.compile(r"-?\d{1,19}")
_CARDS = re.compile(r"(?P<chat>.+?)(?:/(?P<topic>\d{1,9}))?")
_USERNAME = re.compile(r"@?([A-Za-z]\w{3,31})", re.ASCII)

GENERAL_TOPIC = 1
"""The topic that every forum has. Telegram wants it left out where something is sent (tdlib/telegram-bot-api #447)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """What the names and ids of config.yaml mean on Telegram. `faults` are sentences for a person."""

    listened: Mapping[int, Listen] = field(default_factory=dict)
    cards: int | None = None
    """The chat of the cards: a group, or the direct chat with one manager."""
    cards_topic: int | None = None
    """The topic of it, never the general one."""
    stage: int | None = None
    """The chat where what fans make is shown."""
    stage_topic: int | None = None
    """The topic of it, never the general one."""
    managers: Mapping[int, str] = field(default_factory=dict)
    """Telegram's id of a person -> their key in config.yaml."""
    staff: frozenset[int] = frozenset()
    channels: frozenset[int] = frozenset()
    """The channels that listened groups are linked to. Whoever writes in their name is staff."""
    faults: tuple[str, ...] = ()

    def is_staff(self, user_id: int) -> bool:
        """Managers, and who is listed under `staff.users`."""
        return user_id in self.managers or user_id in self.staff

    def speaks_for_us(self, sender: int, chat: int) -> bool:
        """True for the group itself, which stands for an administrator without a name, and for the channel linked to
        it. Anybody may write in the name of a channel of their own; that makes nobody staff."""
        return sender == chat or sender in self.channels

    def moved(self, old: int, new: int) -> Self:
        """The same with the new id of a group that became a supergroup."""
        listened = {new if chat == old else chat: listen for chat, listen in self.listened.items()}
        cards = new if self.cards == old else self.cards
        return replace(self, listened=listened, cards=cards, stage=new if self.stage == old else self.stage)


Ask = Callable[[int | str], Awaitable[telegram.ChatFullInfo]]
"""Asks Telegram for a chat by its id or @username; raises telegram.error.TelegramError."""


async def look_up(settings: Settings, ask: Ask, moved: Mapping[int, int]) -> Directory:
    """Find everything that config.yaml names, and the channels that listened groups are linked to.

    `moved` tells which groups became supergroups under another id: config.yaml may still have the old one.
    """
    section, faults = settings.chat(Telegram), list[str]()
    managers = {int(own): key for key, m in settings.managers.items() if (own := m.account(Telegram.name))}
    listened: dict[int, Listen] = {}
    for listen in section.listen:
        chat = await _chat(listen.channel, "listen", ask, moved, faults)
        if chat is not None:
            listened[chat] = listen
    cards, topic = None, None
    if section.cards is not None:
        where, part = _topic(section.cards)
        manager = settings.managers.get(where)
        account = manager.account(Telegram.name) if manager else await _chat(where, "cards", ask, moved, faults)
        cards = int(account) if account else None
        topic = part
        if manager and account is None:
            faults.append(f"`cards` names {where}, whose `telegram: ID` is missing under `managers`")
    if cards in listened:
        faults.append("`cards` and `listen` name the same chat, so no cards are shown; managers need one of their own")
        cards, topic = None, None  # what waits for a yes is not for the eyes of fans
    stage, stage_topic = None, None
    if section.stage is not None:
        where, stage_topic = _topic(section.stage)
        stage = await _chat(where, "stage", ask, moved, faults)
        if stage is not None and stage == cards:
            faults.append("`cards` and `stage` name the same chat; fans must see the stage, and never the cards")
            stage = None
    return Directory(
        listened=listened,
        cards=cards,
        cards_topic=topic,
        stage=stage,
        stage_topic=stage_topic,
        managers=managers,
        staff=frozenset(section.staff.users),
        channels=frozenset([channel async for channel in _linked(listened, ask)]),
        faults=tuple(faults),
    )


def place_of(target: str, stage: str | None, directory: Directory) -> tuple[int, int | None] | None:
    """The chat and topic of a stage as a target names it; None where nobody knows. `stage` is that of config.yaml."""
    if target == stage:
        return (directory.stage, directory.stage_topic) if directory.stage is not None else None
    where, topic = _topic(target)
    return (int(where), topic) if _ID.fullmatch(where) else None


def _topic(reference: str) -> tuple[str, int | None]:
    """CHAT/TOPIC in its parts. The general topic is none."""
    named = _CARDS.fullmatch(reference)
    if named is None or named["topic"] is None:
        return reference, None
    topic = int(named["topic"])
    return named["chat"], None if topic == GENERAL_TOPIC else topic


async def _linked(listened: Iterable[int], ask: Ask) -> AsyncIterator[int]:
    """A group that cannot be asked for is no fault here; `doctor --online` says what is wrong."""
    for chat in listened:
        with contextlib.suppress(BadRequest, Forbidden, ChatMigrated):
            if channel := (await ask(chat)).linked_chat_id:
                yield channel


async def _chat(reference: str, key: str, ask: Ask, moved: Mapping[int, int], faults: list[str]) -> int | None:
    """The id of the chat that is meant; None, with a fault, when there is none."""
    if _ID.fullmatch(reference):
        return moved.get(int(reference), int(reference))
    username = _USERNAME.fullmatch(reference)
    if username is None:
        faults.append(f"`{key}`: “{reference}” is neither the id of a chat nor the @name of a public group")
        return None
    try:
        chat = await ask(f"@{username[1]}")
    except (BadRequest, Forbidden):
        faults.append(f"`{key}`: there is no public group @{username[1]}; add the bot to the group and give its id")
        return None
    if chat.type == ChatType.CHANNEL:
        faults.append(f"`{key}`: @{username[1]} is a channel; comments are read in the group that is linked to it")
        return None
    return chat.id
