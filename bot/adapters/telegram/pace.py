"""How fast the bot may write: Telegram's limits for a chat, a group and the whole bot.

Telegram's FAQ for bots ("My bot is hitting limits"): about one message a second into a chat with short bursts, twenty a
minute into a group, thirty a second over all. Edits of cards count like messages. A chat that has to wait holds up no
other one. What follows a press is urgent, like a call for help.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import deque
from dataclasses import dataclass, field

from bot.ports import Clock

CHAT = (5, 5.0)
"""At most so many in so many seconds into one chat."""
GROUP = (20, 60.0)
OVERALL = (30, 1.0)
NO_CHAT = 0
"""Stands for the chat of requests that go into none. Only the limit of the whole bot counts for them."""
LOOK = 0.1
"""Seconds between two looks at the clock while somebody waits."""
FORGOTTEN = 600.0
"""Seconds after which an unused turn is dropped."""


@dataclass(kw_only=True, slots=True)
class _Chat:
    turns: deque[float] = field(default_factory=lambda: deque(maxlen=GROUP[0]))
    """The moments of the last turns, past and to come, in order."""
    held_until: float = 0.0
    """Telegram asked for a wait."""


class Pace:
    """One for a bot. Chats are Telegram's ids: those of groups and channels are negative."""

    def __init__(self, clock: Clock) -> None:
        """Nobody has written yet."""
        self._clock = clock
        self._chats: dict[int, _Chat] = {}
        self._all: list[float] = []
        self._booked: dict[str, float] = {}

    async def turn(self, chat_id: int, *, urgent: bool = False) -> None:
        """Wait until one more request may go into this chat: first come, first served. An urgent one waits only when
        Telegram asked for it, and the others wait longer.
        """
        moment = self._at_once(chat_id) if urgent else self._next(chat_id)
        while (rest := max(moment, self._held(chat_id)) - self._now()) > 0:  # noqa: ASYNC110 - a clock sets no event
            await asyncio.sleep(min(rest, LOOK))

    def rest(self, chat_id: int) -> float:
        """Seconds until a turn in this chat is free. Takes none."""
        return max(0.0, max(self._free_in(chat_id), self._held(chat_id)) - self._now())

    def book(self, chat_id: int, key: str) -> float:
        """Seconds until the turn of `key`; 0 means now. The turn is kept for it until then."""
        now = self._now()
        self._booked = {k: at for k, at in self._booked.items() if at > now - FORGOTTEN}
        moment = self._booked.setdefault(key, 0.0) or self._next(chat_id)
        rest = max(moment, self._held(chat_id)) - now
        if rest > 0:
            self._booked[key] = moment
            return rest
        del self._booked[key]
        return 0.0

    def hold(self, chat_id: int, seconds: float) -> None:
        """Telegram asks us to leave this chat alone for a while (429, `retry_after`)."""
        chat = self._of(chat_id)
        chat.held_until = max(chat.held_until, self._now() + seconds)

    def _held(self, chat_id: int) -> float:
        return self._of(chat_id).held_until

    def _of(self, chat_id: int) -> _Chat:
        return self._chats.setdefault(chat_id, _Chat())

    def _next(self, chat_id: int) -> float:
        """Take the first free moment."""
        moment = self._free(self._free_in(chat_id), self._now())
        self._of(chat_id).turns.append(moment)
        return moment

    def _at_once(self, chat_id: int) -> float:
        """Take a turn now."""
        now, turns = self._now(), self._of(chat_id).turns
        if len(turns) == turns.maxlen:
            turns.popleft()
        insort(turns, now)
        insort(self._all, now)
        return now

    def _free_in(self, chat_id: int) -> float:
        """The first moment that is free in this chat."""
        now, turns = self._now(), self._of(chat_id).turns
        moment = max(now, turns[-1] if turns else now)
        for count, seconds in _limits(chat_id):
            if len(turns) >= count:
                moment = max(moment, turns[-count] + seconds)
        return moment

    def _free(self, moment: float, now: float) -> float:
        """The first moment from this one on that leaves room for all chats together."""
        count, seconds = OVERALL
        self._all = [at for at in self._all if at > now - seconds]
        while len(near := [at for at in self._all if moment - seconds < at <= moment]) >= count:
            moment = near[0] + seconds
        insort(self._all, moment)
        return moment

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _limits(chat_id: int) -> tuple[tuple[int, float], ...]:
    if chat_id == NO_CHAT:
        return ()
    return (CHAT, GROUP) if chat_id < 0 else (CHAT,)
