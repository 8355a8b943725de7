"""Posts that wait to be judged: their ids only, in order for each channel, and no more than a bound. The others are
found again in the store."""

from __future__ import annotations

from collections import OrderedDict

Place = tuple[str, str]
"""Platform and channel."""


class Backlog:
    """A queue for each channel in which posts wait, and one bound for all of these.

    Once a post was left out, all later ones are left out, too, until the store has been asked (`filled`). Otherwise
    a post would be judged before an older one of its channel.
    """

    def __init__(self, most: int) -> None:
        """Empty. `most`: ids that it holds."""
        self._most = most
        self._queues: dict[Place, OrderedDict[str, bool]] = {}
        self._waiting = 0
        self.left_out = 0
        """How many posts were left out so far."""
        self.behind = False
        """Posts wait of which only the store knows."""

    def __len__(self) -> int:
        """How many posts wait in it."""
        return self._waiting

    def full(self, held: int = 0) -> bool:
        """Whether it holds as much as it may; `held` ids are held elsewhere and count, too."""
        return self._waiting + held >= self._most

    def add(self, place: Place, post_id: str, held: int = 0) -> bool:
        """Add a post that has just come, or leave it out. True if somebody must begin with its channel. `held`: see
        `full`."""
        if self.behind or self.full(held):
            self.behind = True
            self.left_out += 1
            return False
        return self.put(place, post_id, new=True)

    def put(self, place: Place, post_id: str, *, new: bool = False) -> bool:
        """Add a post in any case. True if somebody must begin with its channel, which was idle."""
        idle = place not in self._queues
        queue = self._queues.setdefault(place, OrderedDict())
        if post_id not in queue:
            queue[post_id] = new
            self._waiting += 1
        return idle

    def filled(self, left_out: int, *, whole: bool) -> None:
        """It has the oldest posts of the store. `whole`: all of them, unless more were left out since there were
        `left_out`."""
        self.behind = not whole or left_out != self.left_out

    def next(self, place: Place) -> tuple[str, bool] | None:
        """Take the next post of a channel, and whether it is new; None while there is none."""
        if not self._queues[place]:
            return None
        self._waiting -= 1
        return self._queues[place].popitem(last=False)

    def take_out(self, place: Place, post_id: str) -> None:
        """Forget a post of a channel that is not idle."""
        if self._queues[place].pop(post_id, None) is not None:
            self._waiting -= 1

    def is_empty(self, place: Place) -> bool:
        """Whether nothing waits in a channel that is not idle."""
        return not self._queues[place]

    def end(self, place: Place) -> None:
        """Nobody works on a channel any more: it is idle, and what waits there is forgotten."""
        self._waiting -= len(self._queues.pop(place))
