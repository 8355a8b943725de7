"""The script of the month: what fans, managers, operators and the team do, and when."""

from __future__ import annotations

from datetime import time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter

from bot.adapters.web.models import Body, Id, PostText
from bot.consent import Kind
from bot.store.topics import TopicState
from responders.library.entries import read_yaml
from responders.library.faults import Fault

DAYS = 30
FILE = Path(__file__).with_name("month.yaml")
ANSWERS = Path(__file__).with_name("answers")
"""Templates that operators write in the course of the month."""


class Timed(Body):
    """Something happens. `at` is a time of the community's clock."""

    day: int = Field(ge=1, le=DAYS)
    at: time = Field(strict=False)

    @property
    def after(self) -> timedelta:
        """The time since the month began, at midnight."""
        return timedelta(days=self.day - 1, hours=self.at.hour, minutes=self.at.minute)


class Says(Timed):
    """Somebody writes a post."""

    fan: Id
    text: PostText
    channel: Id = "general"
    id: Id | None = None
    answers: Id | None = None
    picture: Id | None = None
    staff: bool = False
    written: PostText | None = None
    """What a manager answers in their own words."""
    does: Literal["leave", "skip", "first", "second", "third"] | None = None
    """What becomes of it at the desk, if managers do not do what they usually do."""


class Remembers(Timed):
    """A fan says yes to being remembered."""

    remembers: Id
    name: str = ""
    things: tuple[str, ...] = Field(default=(), strict=False)


class Forgets(Timed):
    """A fan has everything erased."""

    forgets: Id


class AsksFor(Timed):
    """A manager puts a question to the author of a post on the desk."""

    ask: Kind = Field(strict=False)
    about: Id
    by: Id
    incentive: str | None = None


class Introduces(Timed):
    """A manager puts a question to each of two fans on the desk."""

    introduce: tuple[Id, Id] = Field(strict=False)
    by: Id


class Presses(Timed):
    """A fan presses buttons under a question that reached them."""

    presses: list[str]
    fan: Id
    to: Kind = Field(strict=False)


class Writes(Timed):
    """An operator puts a template into use, with the yes of a fan whose answer it passes on."""

    file: Id
    credit: Id


class Holds(Timed):
    """A manager keeps everything back."""

    hold: str
    by: Id


class Lifts(Timed):
    """A manager ends that."""

    lift: Literal[True]
    by: Id


class Topic(Timed):
    """A manager names the topic that a post is in, and passes it on."""

    topic: Id
    name: str
    team: Id
    by: Id


class Marks(Timed):
    """What became of the topic that a post is in."""

    mark: Id
    to: TopicState = Field(strict=False)
    reason: str
    by: Id


Step = Says | Remembers | Forgets | AsksFor | Introduces | Presses | Writes | Holds | Lifts | Topic | Marks


@cache
def script() -> tuple[Step, ...]:
    """All steps, in order. Raises ValueError for a file that cannot be used."""
    faults: list[Fault] = []
    entry = read_yaml(FILE.name, FILE.read_text("utf-8"), faults)
    if entry is None or faults:
        raise ValueError(f"{FILE.name}: {'; '.join(map(str, faults))}")
    steps = TypeAdapter(list[Step]).validate_python(entry.plain())
    if any(one.after > two.after for one, two in pairwise(steps)):
        raise ValueError(f"{FILE.name}: the steps do not stand in the order of their times")
    return tuple(steps)
