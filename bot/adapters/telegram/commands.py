"""What fans and managers type: /who, /privacy, /mydata and its like; /queue, /draft, /console and /hold.

A command stands alone, names us (`/stop@our_bot`), or takes words. Other messages that begin with one are posts:
`/stop changing the controls`, `/help my save is gone`.

Everybody in a group reads an answer. So an answer about one fan goes to the private chat, and managers get theirs where
no fan reads it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
import telegram
from telegram import BotCommand, BotCommandScopeChat, BotCommandScopeDefault, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ChatType, MessageEntityType
from telegram.error import TelegramError
from telegram.helpers import create_deep_linked_url

from bot.adapters.chat.commands import HOLDS, LINK, NOTHING, OPENS, WHO_WAITS, Asked, Queue
from bot.adapters.chat.layout import SHOWN_NAME
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.words import what
from bot.adapters.telegram.api import NAME, words
from bot.adapters.telegram.board import Board
from bot.adapters.telegram.dialogs import manager, say, tell_fan
from bot.adapters.telegram.gateway import Client
from bot.adapters.telegram.posts import entities, text_of
from bot.adapters.telegram.render import MOST_TEXT, Rendered, Text, cut, disarmed, plain
from bot.desk.view import CardView
from bot.domain import Refused
from bot.people.fans import NO_AI, OFF
from bot.store import Connection, fans, posts

log = structlog.get_logger()

MANAGERS = {
    "queue": "What is waiting for a yes",
    "unanswered": WHO_WAITS,
    "draft": "Draft a reply to a post: /draft and its link",
    "console": OPENS,
    "hold": HOLDS,
}
"""Command -> what it does."""
MEMORY = frozenset({"remember", "callme", "link"})
"""Commands about what is remembered; they may have words after them."""
PRIVATELY = frozenset({"mydata", "forget", "console", *MEMORY})
"""Commands that are answered only in the private chat."""
FOR_ALL = frozenset({"who", "privacy"})
"""Commands that are answered also to whoever writes in the name of a group or channel."""
PAUSE = timedelta(seconds=5)
"""A command that is repeated sooner gets no answer."""
NOT_ALONE = (
    "Nothing was done. If you mean it, write only /stop; to tell the team something, write /report and your words."
)
IN_PRIVATE = "That is for your eyes only; press the button."
WHICH = (
    "Which post? Hold it (or right-click), choose Copy Link, and send /draft and the link here. Only in supergroups do "
    "posts have links."
)
NOT_SEEN = (
    "This post is not known here: the bot was not there when it was written, or privacy mode hid it. Reply to it in "
    "the group with /draft, which everybody there can see, or answer it yourself."
)
_LINK = re.compile(
    r"(?:https?://)?t\.me/(?:c/(?P<id>\d+)|(?P<name>[A-Za-z]\w{3,31}))/(?:(?P<topic>\d+)/)?(?P<post>\d+)"
    r"(?:\?(?:\w++&)*comment=(?P<comment>\d+))?"
)


class Commands:
    """For all clients: each message brings its own bot."""

    def __init__(self, parts: Parts, board: Board) -> None:
        """`board` shows the cards."""
        self._parts = parts
        self._board = board
        self._asked_for = Asked(parts, board)
        self._for_fans = parts.fans.commands
        self._ours = frozenset({*self._for_fans, *MANAGERS, "start", "help"})
        self._recent: dict[tuple[int, str], datetime] = {}
        """(author, command) -> when they typed it."""

    async def register(self, client: Client) -> None:
        """Tell Telegram of the commands when they changed. It shows them to whoever types a slash."""
        where = client.directory.cards

        async def tell() -> None:
            await client.bot.set_my_commands(_listed(self._for_fans), scope=BotCommandScopeDefault())
            if where is not None:
                await client.bot.set_my_commands(_listed(MANAGERS), scope=BotCommandScopeChat(where))

        try:
            await self._asked_for.tell_once([client.me.id, where, dict(self._for_fans), MANAGERS], tell)
        except TelegramError as error:
            log.warning("telegram_commands_not_known", why=words(error, client.bot))

    def is_command(self, message: telegram.Message) -> bool:
        """True for a command, which is no post."""
        typed = read(message)
        if typed is None:
            return False
        if typed.name not in self._ours:
            return bool(typed.to) and typed.is_alone
        if typed.is_alone or self._among_us(message):  # this is no place for posts
            return True
        if typed.to:
            return _is_us(typed, message)
        if typed.name == NO_AI:
            return typed.rest.strip().casefold() == OFF
        return typed.name in {"report", *MEMORY} or (typed.name == "draft" and _LINK.search(typed.rest) is not None)

    async def command(self, message: telegram.Message) -> bool:
        """True for a command, which is no post. Only our own commands are answered."""
        typed = read(message)
        if typed is None or not self.is_command(message):
            return False
        name, rest = typed.name, typed.rest
        if name not in self._ours or (typed.to and not _is_us(typed, message)):
            return True
        # Our own links come as /start and what they are about; /hold lift follows /hold and a reason, /noai off /noai.
        if not self._too_soon(message, f"{name} {rest}" if name in {"start", "hold", NO_AI} else name):
            try:
                if name == "stop" and not (typed.is_alone or typed.to):  # nobody may give it by mistake
                    await say(self._board, message, NOT_ALONE)
                else:
                    await self._answered(message, name, rest)
            except self._board.trouble as error:  # they have blocked the bot, or it may not write there
                log.warning("telegram_command_not_answered", command=name, why=words(error, message.get_bot()))
        return True

    def _too_soon(self, message: telegram.Message, what: str) -> bool:
        now = self._parts.clock.now()
        self._recent = {key: at for key, at in self._recent.items() if now < at + PAUSE}
        key = (_author(message).id, what)
        if key in self._recent:
            return True
        self._recent[key] = now
        return False

    async def _answered(self, message: telegram.Message, name: str, rest: str) -> None:
        try:
            await self._answer(message, name, rest)
        except Refused as refused:
            await self._tell(message, refused.message)

    async def _answer(self, message: telegram.Message, name: str, rest: str) -> None:
        if name == "queue":
            await self._list(message, self._asked_for.queue)
        elif name == "unanswered":
            await self._list(message, self._asked_for.unanswered)
        elif name == "draft":
            await self._draft(message, rest)
        elif name == "console":
            await self._console(message)
        elif name == "hold":
            await self._hold(message, rest)
        elif name == "start":
            await self._start(message, rest)
        elif name in self._for_fans:
            await self._fan(message, name, rest)
        elif message.chat.type == ChatType.PRIVATE:
            await self._help(message)

    # Fans.

    async def _fan(self, message: telegram.Message, name: str, rest: str) -> None:
        user, private = message.from_user, message.chat.type == ChatType.PRIVATE
        if user is None or (message.sender_chat and name not in FOR_ALL):
            return
        if name in PRIVATELY and not private:
            await self._say_in_private(message, name)
            return
        answer = await self._asked_for.fan(name, str(user.id), rest, partial(self._report, message, user))
        await tell_fan(self._board, message, answer)

    async def _say_in_private(self, message: telegram.Message, name: str) -> None:
        """A button that leads to the private chat, where the command is answered."""
        link = create_deep_linked_url(message.get_bot().username, name)
        button = InlineKeyboardMarkup([[InlineKeyboardButton("Open the private chat", url=link)]])
        await say(self._board, message, Rendered(text=IN_PRIVATE, entities=(), keyboard=button))

    async def _start(self, message: telegram.Message, payload: str) -> None:
        """Somebody opened the private chat, perhaps by our button in a group, or wants replies again."""
        private, user = message.chat.type == ChatType.PRIVATE, message.from_user
        if private and payload in PRIVATELY:
            if payload == "console":
                await self._console(message)
            else:
                await self._fan(message, payload, "")
        elif user and not message.sender_chat and await self._wants_no_replies(user):
            await self._fan(message, "start", "")
        elif private:
            await self._help(message)

    async def _wants_no_replies(self, user: telegram.User) -> bool:
        fan = await self._parts.store.read(lambda c: fans.get(c, NAME, str(user.id)))
        return fan.opted_out_at is not None

    async def _help(self, message: telegram.Message) -> None:
        who = (await self._parts.fans.answer("who", NAME, str(_author(message).id))).text
        does = "\n".join(f"/{name} - {one}" for name, one in self._for_fans.items())
        await say(self._board, message, f"{who}\n\n{does}")

    def _report(self, message: telegram.Message, user: telegram.User, words: str, to: str) -> str:
        name = _name(user.full_name) + (f" (t.me/{user.username})" if user.username else "")
        place = f" in {_name(message.chat.title)}" if message.chat.title else ""
        head = f"Report for {self._parts.desk.name_of(to)} from {name}{place}:"
        return cut(f"{head}\n{disarmed(words)}", MOST_TEXT)

    # Managers.

    async def _list(self, message: telegram.Message, ask: Callable[[], Awaitable[Queue]]) -> None:
        if self._is_manager(message):
            await self._tell(message, await self._listed(await ask()))

    def _is_manager(self, message: telegram.Message) -> bool:
        """Raises Refused for somebody who may not decide, unless fans would read it."""
        user, settings = message.from_user, self._parts.settings
        if user is None or not (self._among_us(message) or settings.manager_of(NAME, str(user.id))):
            return False
        manager(settings, user)
        return True

    def _among_us(self, message: telegram.Message) -> bool:
        return message.chat.type == ChatType.PRIVATE or self._board.is_here(message.chat.id)

    async def _tell(self, message: telegram.Message, answer: str | Rendered) -> None:
        """Answer a manager. Where fans would read it, the answer goes to the private chat."""
        if self._among_us(message):
            await say(self._board, message, answer)
            return
        bot, user = message.get_bot(), message.from_user
        rendered = answer if isinstance(answer, Rendered) else Text().add(answer).rendered()
        if user:
            await self._board.request(
                user.id, lambda: bot.send_message(user.id, rendered.text, entities=rendered.entities)
            )

    async def _console(self, message: telegram.Message) -> None:
        """A sign-in link, in the private chat only: also where the cards are, others would read it."""
        if not self._is_manager(message):
            return
        if message.chat.type != ChatType.PRIVATE:
            await self._say_in_private(message, "console")
        elif message.from_user:
            link = self._asked_for.console(manager(self._parts.settings, message.from_user))
            await say(self._board, message, f"{LINK}\n{link}")

    async def _hold(self, message: telegram.Message, rest: str) -> None:
        if self._is_manager(message) and message.from_user:
            by = manager(self._parts.settings, message.from_user)
            await self._tell(message, await self._asked_for.hold(by, rest))

    async def _listed(self, queue: Queue) -> Rendered:
        text = Text().add(queue.heading, telegram.MessageEntity.BOLD if queue.waiting else None)
        for card in queue.shown:
            await self._line(text, card)
        return (text.add(f"\n{queue.rest}") if queue.rest else text).rendered()

    async def _line(self, text: Text, card: CardView) -> None:
        who = _name(card.post.post.author.name) or "a fan"
        text.add(f"\n• {who}: {what(card)}")
        if link := await self._board.link(card.draft.id):
            text.add(" · ").add("card", telegram.MessageEntity.TEXT_LINK, url=link)

    async def _draft(self, message: telegram.Message, rest: str) -> None:
        """A card for a post that a manager points at: by its link, or by replying to it where it stands."""
        if not self._is_manager(message):
            return
        if self._among_us(message):
            post_id = await self._linked(message.get_bot(), rest)
        else:
            ingest, about = self._board.client and self._board.client.ingest, message.reply_to_message
            post_id = await ingest.asked(about) if ingest and about else None
            # Fans need not read the command: it goes, where the bot may delete.
            await self._board.delete(f"{message.chat.id}/{message.message_id}")
        card = await self._asked_for.card_for(post_id)
        text = Text().add("Its card is here now.")
        if link := await self._board.link(card.draft.id):
            text = Text().add("Its ").add("card", telegram.MessageEntity.TEXT_LINK, url=link).add(" is here.")
        await self._tell(message, text.rendered())

    async def _linked(self, bot: telegram.Bot, rest: str) -> str | None:
        """Our id of the post that a link leads to. Raises Refused."""
        link = _LINK.search(rest)
        if link is None:
            raise Refused("bad_action", WHICH)
        named, comment = f"-100{link['id']}" if link["id"] else f"@{link['name']}", link["comment"]
        try:
            chat: int | str | None = named
            if comment or not link["id"]:
                there = await bot.get_chat(named)
                chat = there.linked_chat_id if comment else there.id  # comments are in the group of the channel
        except TelegramError:
            raise Refused("not_found", NOTHING) from None
        channels = [f"{chat}/{link['topic']}", str(chat)] if link["topic"] else [str(chat)]
        own = comment or link["post"]

        def find(connection: Connection) -> str | None:
            found = (posts.by_external(connection, NAME, channel, own) for channel in channels)
            return next((post.id for post in found if post), None)

        post_id = await self._parts.store.read(find)
        if post_id is None:
            raise Refused("not_found", NOT_SEEN)
        return post_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A message that begins with a command."""

    name: str
    to: str
    """The bot it is for; empty: any."""
    rest: str
    """What follows."""

    @property
    def is_alone(self) -> bool:
        """True when no word follows."""
        return not any(sign.isalnum() for sign in self.rest)


def read(message: telegram.Message) -> Typed | None:
    """The command that a message, or the caption of what it shows, begins with."""
    words = text_of(message)
    begins = (said for e, said in entities(message) if e.type == MessageEntityType.BOT_COMMAND and e.offset == 0)
    said = next(begins, None)
    if said is None or not words.startswith(said):
        return None
    name, _, to = said.removeprefix("/").partition("@")
    return Typed(name=name.casefold(), to=to, rest=words[len(said) :].strip())


def _name(name: str) -> str:
    return plain(cut(name, SHOWN_NAME))


def _is_us(typed: Typed, message: telegram.Message) -> bool:
    return typed.to.casefold() == (message.get_bot().username or "").casefold()


def _author(message: telegram.Message) -> telegram.User | telegram.Chat:
    return message.sender_chat or message.from_user or message.chat


def _listed(commands: Mapping[str, str]) -> list[BotCommand]:
    return [BotCommand(name, does) for name, does in commands.items()]
