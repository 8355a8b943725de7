"""Telegram's part of `greenroom doctor`: what config.yaml says, and with --online what Telegram says to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import telegram
from telegram.constants import ChatAction, ChatMemberStatus, ChatType
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.adapters.chat.doctor import Findings
from bot.adapters.telegram.api import Bot, make_bot, words
from bot.adapters.telegram.directory import Directory, look_up
from bot.adapters.telegram.gateway import PRIVACY
from bot.adapters.telegram.section import Telegram
from bot.adapters.telegram.send import refused
from bot.ports import Check
from bot.settings import Settings

_FOUND = Findings(Telegram)
_fine, _note, _fault = _FOUND.fine, _FOUND.note, _FOUND.fault
STAGE = "the stage"
_AWAY = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}
_WRITE = "let its members send messages (group settings, Permissions), or make the bot an administrator"


def checks(settings: Settings) -> list[Check]:
    """What config.yaml lacks; Telegram is not asked."""
    return _FOUND.checks(
        settings,
        listen="add the bot to a group: the log then has the line to paste, platforms: {telegram: {listen: [ID]}}",
        cards="name a group, CHAT/TOPIC, or a manager's key: platforms: {telegram: {cards: ID}}",
        managers="give managers their `telegram: ID`; who presses a button without it finds the id in the log",
    )


async def check_online(settings: Settings) -> list[Check]:
    """Check token, privacy mode, webhook, and the membership and rights in each chat. Changes nothing.

    In a direct chat the manager sees for a moment that the bot "is typing".
    """
    if settings.token(Telegram) is None:
        return []
    try:
        bot = make_bot(settings)
    except InvalidToken:
        return [_fault("this is not a token of @BotFather", refused(settings))]
    try:
        await bot.initialize()
        directory = await look_up(settings, bot.get_chat, {})
        found = [*_account(bot), *[check async for check in _webhook(bot)]]
        found += [_fault(fault, "") for fault in directory.faults]
        return found + [check async for check in _chats(bot, directory)]
    except InvalidToken:
        return [_fault("Telegram refuses the token", refused(settings))]
    except TelegramError as error:
        return [_fault(f"Telegram does not answer: {words(error, bot)}", "try again; look at the network")]
    finally:
        await bot.shutdown()


def _account(bot: Bot) -> Iterator[Check]:
    me = bot.bot
    yield _fine(f"the token is that of @{me.username}")
    link = f"https://t.me/{me.username}?startgroup=greenroom"
    yield _note("to add it to a group; it needs no administrator's rights:", link)
    if me.can_read_all_group_messages:
        yield _fine("privacy mode is off: it reads everything in its groups")
    else:
        yield _note("privacy mode is on: it sees commands, mentions of it and replies to it", PRIVACY)
    if me.can_join_groups is False:
        yield _fault("the bot cannot be added to groups", "let @BotFather allow it: /setjoingroups, Enable")


async def _webhook(bot: Bot) -> AsyncIterator[Check]:
    if (await bot.get_webhook_info()).url:
        fix = "Greenroom takes it away when it starts; stop the other program, or make a bot of its own for it"
        yield _note("another program has this bot's updates sent to it (a webhook)", fix)


async def _chats(bot: Bot, directory: Directory) -> AsyncIterator[Check]:
    for chat_id in dict.fromkeys((*directory.listened, *filter(None, (directory.cards, directory.stage)))):
        for_cards, use = chat_id == directory.cards, _use(chat_id, directory)
        try:
            chat = await bot.get_chat(chat_id)
            if chat.type == ChatType.PRIVATE:
                # Telegram shows a bot whomever it has met in a group; only writing tells whether they pressed Start.
                await bot.send_chat_action(chat_id, ChatAction.TYPING)
                yield _fine(f"the direct chat with {chat.full_name} is ready for cards")
            elif chat.type == ChatType.CHANNEL and use == STAGE:
                yield _channel(chat, await bot.get_chat_member(chat_id, bot.id))
            elif chat.type == ChatType.CHANNEL:
                linked = f", with the id {chat.linked_chat_id}" if chat.linked_chat_id else ""
                yield _fault(f"{chat.title} ({chat_id}) is a channel", f"name the group linked to it{linked}")
            else:
                yield _group(bot, chat, await bot.get_chat_member(chat_id, bot.id), use, for_cards=for_cards)
        except ChatMigrated as error:
            yield _fault(f"the group {chat_id} became a supergroup", f"write {error.new_chat_id} in config.yaml")
        except (BadRequest, Forbidden):
            yield _unknown(bot, chat_id, directory)


def _use(chat_id: int, directory: Directory) -> str:
    if chat_id == directory.stage:
        return f"posts and {STAGE}" if chat_id in directory.listened else STAGE
    return "cards" if chat_id == directory.cards else "posts"


def _channel(chat: telegram.ChatFullInfo, member: telegram.ChatMember) -> Check:
    """A channel as the stage."""
    where = f"{chat.title} ({chat.id})"
    if isinstance(member, telegram.ChatMemberAdministrator) and member.can_post_messages:
        return _fine(f"{where} is ready for {STAGE}")
    return _fault(f"the bot may not post in {where}", "make it an administrator there who may post messages")


def _group(bot: Bot, chat: telegram.ChatFullInfo, member: telegram.ChatMember, use: str, *, for_cards: bool) -> Check:
    where = f"{chat.title} ({chat.id})"
    if member.status in _AWAY:
        return _fault(f"the bot is not in {where}", "add it to the group")
    restricted = isinstance(member, telegram.ChatMemberRestricted) and not member.can_send_messages
    closed = chat.permissions is not None and not chat.permissions.can_send_messages
    if restricted or (closed and member.status == ChatMemberStatus.MEMBER):
        return _fault(f"the bot may not write in {where}", _WRITE)
    if for_cards and chat.username:
        return _fault(f"anybody can read the cards in {where}", "take a private group for them")
    member_only = member.status == ChatMemberStatus.MEMBER
    blind = not bot.bot.can_read_all_group_messages and member_only and use not in ("cards", STAGE)
    return _fine(f"{where} is ready for {use}" + (" that speak to the bot (privacy mode)" if blind else ""))


def _unknown(bot: Bot, chat_id: int, directory: Directory) -> Check:
    key = directory.managers.get(chat_id)
    if key:
        return _fault(f"the bot cannot write to {key} yet", f"let them open t.me/{bot.username} and press Start")
    return _fault(f"Telegram does not show the bot the chat {chat_id}", "check the id, and add the bot to the group")
