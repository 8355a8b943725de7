"""A sample evening: invented fans write in the lobby, so that a newcomer sees a living queue within a minute."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog
from pydantic import TypeAdapter

from bot.adapters.web.models import AttachmentIn, AuthorIn, Body, Id, PostIn, PostText
from bot.adapters.web.platform import NAME
from bot.domain import LOBBY
from bot.errors import StoreError
from bot.intake import Intake
from bot.ports import Clock
from bot.stopping import finished
from responders.library.entries import read_yaml
from responders.library.faults import Fault

log = structlog.get_logger(__name__)

SECONDS = 60.0
"""How long an evening takes."""
FANS = "evening-"
"""How the ids of its fans begin."""
SAMPLES = {
    "cottage.svg": "A cottage in the fog",
    "lamp.svg": "A lamp at night",
    "coat.svg": "A coat with brass buttons",
    "gull.svg": "A gull with a sandwich",
}
"""Pictures that a fan of the lobby can post: files of pages/static/samples, each with its title."""
_FILE = Path(__file__).with_name("evening.yaml")


class Says(Body):
    """A fan writes. `id` names the post for what comes later in the evening."""

    fan: Id
    text: PostText
    channel: Id = LOBBY[0]
    id: Id | None = None
    answers: Id | None = None
    picture: Id | None = None


class Edits(Body):
    """A fan changes what they wrote."""

    edits: Id
    text: PostText


class Deletes(Body):
    """A fan deletes what they wrote."""

    deletes: Id


Step = Says | Edits | Deletes


@cache
def script() -> tuple[Step, ...]:
    """What happens in an evening, in order."""
    faults: list[Fault] = []
    entry = read_yaml(_FILE.name, _FILE.read_text("utf-8"), faults)
    if entry is None or faults:
        raise ValueError(f"{_FILE.name}: {'; '.join(map(str, faults))}")
    return tuple(TypeAdapter(list[Step]).validate_python(entry.plain()))


def picture(name: str) -> AttachmentIn:
    """A picture of `SAMPLES` as it goes with a post."""
    return AttachmentIn(kind="image", url=f"/static/samples/{name}", title=SAMPLES[name])


PICTURES = tuple(map(picture, SAMPLES))
"""The one kind of picture that pages show from the web platform: its address is ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the evening is, in steps. `why`: a sentence when it broke off."""

    playing: bool
    done: int
    total: int
    why: str | None = None


class Evening:
    """Plays the evening in the background, one at a time, through the intake like everything that fans write."""

    def __init__(self, intake: Intake, clock: Clock) -> None:
        """Nothing happens before `play`."""
        self._intake = intake
        self._clock = clock
        self._playing: asyncio.Task[None] | None = None
        self._done = 0
        self._why: str | None = None

    @property
    def progress(self) -> Progress:
        """How far it is."""
        playing = self._playing is not None and not self._playing.done()
        return Progress(playing=playing, done=self._done, total=len(script()), why=self._why)

    def play(self, seconds: float = SECONDS) -> bool:
        """Begin, spread over so many seconds. False while it plays already."""
        if self.progress.playing:
            return False
        self._done, self._why = 0, None
        self._playing = asyncio.create_task(self._play(seconds / len(script())), name="sample evening")
        return True

    async def stop(self) -> None:
        """End it. What was written stays."""
        if self._playing:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    async def _play(self, pause: float) -> None:
        written: dict[str, tuple[str, str]] = {}
        """Name in the script -> the platform's id and ours."""
        try:
            for step in script():
                await finished(self._take(step, written))
                await asyncio.sleep(pause)
        except StoreError as error:
            self._why = str(error)
            log.warning("sample_evening_broke_off", why=str(error))

    async def _take(self, step: Step, written: dict[str, tuple[str, str]]) -> None:
        if isinstance(step, Edits):
            await self._intake.edit(written[step.edits][1], step.text)
        elif isinstance(step, Deletes):
            await self._intake.delete(written[step.deletes][1])
        else:
            body = PostIn(
                channel=step.channel,
                author=AuthorIn(id=f"{FANS}{step.fan.casefold()}", name=step.fan),
                text=step.text,
                reply_to=written[step.answers][0] if step.answers else None,
                attachments=[picture(step.picture)] if step.picture else [],
            )
            received = await self._intake.receive(body.post(NAME, self._clock.now()))
            if step.id:
                written[step.id] = (body.id, received.post_id)
        self._done += 1
