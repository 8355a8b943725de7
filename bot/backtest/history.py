"""What is known around a post of an export, as the database would know it when the post came in. Kept in memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bot.queue.context import FRESH, NEARBY, call_name
from bot.settings import Listen, Settings
from responders.selection import opener
from responders.types import Candidate, Context, PastReply, Post, RepliesTo, Turn

REMEMBERED = 20_000
"""Messages that a reply may point at, and fans whose last replies are compared, the newest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Message:
    author: str
    is_staff: bool
    thread: str
    reply_to: str | None
    channel: str
    turn: Turn


@dataclass(slots=True)
class _Channel:
    last: deque[_Message] = field(default_factory=lambda: deque(maxlen=NEARBY))
    threads: OrderedDict[str, deque[_Message]] = field(default_factory=OrderedDict)
    authors: set[str] = field(default_factory=set)
    replies: deque[tuple[str, PastReply]] = field(default_factory=lambda: deque(maxlen=FRESH))
    """Fan -> a reply that would have been sent here."""


class History:
    """The messages so far. Posts must come in the order in which they were written, channel by channel."""

    def __init__(self, settings: Settings, staff: Collection[str]) -> None:
        """`staff`: ids of accounts, or their names with an @."""
        self._settings = settings
        self._staff = frozenset(staff)
        self._channels: dict[str, _Channel] = {}
        self._messages: OrderedDict[tuple[str, str], _Message] = OrderedDict()
        self._fans: OrderedDict[str, deque[tuple[str, PastReply]]] = OrderedDict()
        self._listened = {str(item.channel): item for item in settings.platforms.listened}

    def is_staff(self, post: Post) -> bool:
        """Whether somebody of the team wrote it."""
        author = post.author
        return author.is_staff or author.id in self._staff or f"@{author.name}" in self._staff

    def context(self, post: Post, mentions: Collection[str], cap: str | None) -> Context:
        """The context of a post that comes in now."""
        here = self._channel(post)
        own = self._own(post)
        replies_to = self._replies_to(post)
        thread = self.thread(post)
        return Context(
            now=self._settings.community.local(post.at),
            community=self._settings.community.name,
            locale=post.place.locale or own.locale or self._settings.community.locale,
            one_language=(post.place.locale or own.locale) is not None,
            first_post=post.author.id not in here.authors,
            register=post.place.register or own.register_,
            channel_name=post.place.name or post.channel,
            replies_to=replies_to,
            addressed=post.mentions_us or replies_to == "staff" or not self._staff.isdisjoint(mentions),
            before=self._before(post, here, thread),
            past_replies=self._past(post, here),
            cap=cap,
            call_name=call_name(post.author.name),
        )

    def thread(self, post: Post) -> str:
        """The id of the message that began the thread of a post; its own if it began one."""
        parent = self._parent(post)
        return parent.thread if parent else post.external_id

    def add(self, post: Post) -> None:
        """A message is there now, of whomever."""
        if post.author.is_bot:
            return
        here, thread = self._channel(post), self.thread(post)
        staff = self.is_staff(post)
        role: Literal["staff", "fan"] = "staff" if staff else "fan"
        message = _Message(
            author=post.author.id,
            is_staff=staff,
            thread=thread,
            reply_to=post.reply_to,
            channel=post.channel,
            turn=Turn(role=role, name=post.author.name, text=post.text, at=post.at),
        )
        here.last.append(message)
        here.threads.setdefault(thread, deque(maxlen=NEARBY)).append(message)
        here.threads.move_to_end(thread)
        _keep_few(here.threads)
        here.authors.add(post.author.id)
        self._messages[post.channel, post.external_id] = message
        _keep_few(self._messages)

    def said(self, post: Post, candidate: Candidate) -> None:
        """Our reply to a post counts as sent, so that the next wordings differ from it."""
        reply = PastReply(
            text=candidate.text,
            opener=opener(candidate.text),
            template=candidate.template,
            variant=candidate.variant,
            at=post.at,
            same_channel=True,
            same_fan=True,
        )
        self._channel(post).replies.append((post.author.id, reply))
        self._fans.setdefault(post.author.id, deque(maxlen=FRESH)).append((post.channel, reply))
        self._fans.move_to_end(post.author.id)
        _keep_few(self._fans)

    def _channel(self, post: Post) -> _Channel:
        return self._channels.setdefault(f"{post.platform}/{post.channel}", _Channel())

    def _own(self, post: Post) -> Listen:
        names = (post.channel, post.place.name, post.place.parent or "")
        return next((self._listened[name] for name in names if name in self._listened), Listen(channel="-"))

    def _parent(self, post: Post) -> _Message | None:
        places = (post.channel, post.place.parent)
        known = (self._messages.get((place, post.reply_to)) for place in places if place and post.reply_to)
        return next(filter(None, known), None)

    def _replies_to(self, post: Post) -> RepliesTo:
        if post.reply_to is None:
            return "nobody"
        parent = self._parent(post)
        if parent is None:
            return "fan"  # a message outside the file
        if parent.author == post.author.id:
            return "nobody"
        return "staff" if parent.is_staff else "fan"

    def _before(self, post: Post, here: _Channel, thread: str) -> tuple[Turn, ...]:
        in_thread = [*here.threads.get(thread, ())]
        found: Mapping[int, _Message] = {id(message): message for message in (*in_thread, *here.last)}
        turns = [self._turn(message, post, thread) for message in found.values()]
        return tuple(sorted(turns, key=lambda turn: turn.at))

    def _turn(self, message: _Message, post: Post, thread: str) -> Turn:
        turn = message.turn
        own = message.author == post.author.id
        return Turn(
            role="author" if own else turn.role,
            name=turn.name,
            text=turn.text,
            at=turn.at,
            in_thread=message.thread == thread,
        )

    def _past(self, post: Post, here: _Channel) -> tuple[PastReply, ...]:
        fan = post.author.id
        in_channel = [_as(reply, same_channel=True, same_fan=who == fan) for who, reply in here.replies]
        to_fan = [
            _as(reply, same_channel=False, same_fan=True)
            for where, reply in self._fans.get(fan, ())
            if where != post.channel
        ]
        return tuple(sorted((*in_channel, *to_fan), key=lambda reply: reply.at, reverse=True))


def _as(reply: PastReply, *, same_channel: bool, same_fan: bool) -> PastReply:
    return PastReply(
        text=reply.text,
        opener=reply.opener,
        template=reply.template,
        variant=reply.variant,
        at=reply.at,
        same_channel=same_channel,
        same_fan=same_fan,
    )


def _keep_few(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


class Caps:
    """How many replies a fan and a channel got lately, as `replies.per_fan` and `replies.per_channel` count them."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is counted yet."""
        self._settings = settings.replies
        self._fans: dict[str, deque[datetime]] = {}
        self._channels: dict[str, deque[datetime]] = {}

    def used_up(self, post: Post) -> str | None:
        """The cap that is reached, in words; None if another reply may go."""
        for cap, of, key, words in (
            (self._settings.per_fan, self._fans, post.author.id, "one fan"),
            (self._settings.per_channel, self._channels, post.channel, "one channel"),
        ):
            if cap is None:
                continue
            lately = of.get(key, deque())
            while lately and lately[0] <= post.at - cap.per:
                lately.popleft()
            if len(lately) >= cap.count:
                return f"{cap.words} for {words}"
        return None

    def count(self, post: Post) -> None:
        """A reply to this post counts."""
        self._fans.setdefault(post.author.id, deque()).append(post.at)
        self._channels.setdefault(post.channel, deque()).append(post.at)
