"""Posts from a file, for demonstrations and rehearsals: JSON lines, or a chat that was exported. Replies stay in the
store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import ValidationError
from pydantic_core import from_json

from bot import exports
from bot.adapters.web.models import PostIn
from bot.domain import Delivery, NotSent, SendResult, Sent, SourceGone
from bot.errors import FaultyFiles
from bot.exports.kind import HEAD, Kind, kind_of
from bot.ports import Check, Clock
from bot.settings import Settings
from bot.stopping import finished
from bot.store import Received
from bot.validation import wrong
from responders.library.faults import Fault
from responders.types import Post

NAME = "replay"

log = structlog.get_logger(__name__)


class ReplayPlatform:
    """Plays a file as if its posts were written now: an exported chat (see `bot.exports`), or JSON lines, each a body
    of `POST /api/posts`."""

    name = NAME
    text_limit = 4096

    def __init__(self, file: Path, speed: float, receive: Callable[[Post], Awaitable[Received]], clock: Clock) -> None:
        """`speed` divides the gaps between the posts' `at`; 0 leaves none. `receive` is the intake's."""
        self._file = file
        self._speed = speed
        self._receive = receive
        self._clock = clock

    async def run(self) -> None:
        """Play the file once, then wait. A bad line is logged and skipped. Raises FaultyFiles if there is no file."""
        before: datetime | None = None
        with closing(self._read()) as found:
            while (one := await finished(asyncio.to_thread(next, found, None))) is not None:
                if isinstance(one, Fault):
                    log.warning("replay_line_skipped", fault=str(one))
                    continue
                post, at = one
                if before and at and self._speed:
                    await asyncio.sleep(max(0.0, (at - before).total_seconds() / self._speed))
                received = await self._receive(replace(post, platform=NAME, at=self._clock.now()))
                before = at if received.new else None  # do not wait for posts of an earlier run
        log.info("replay_finished", file=self._file.name)
        await asyncio.Event().wait()

    def _read(self) -> Generator[tuple[Post, datetime | None] | Fault]:
        """The posts with the times at which they were written, and what is wrong with the file."""
        if _is_export(self._file):
            export = exports.read(self._file)
            for message in export:
                yield message.post, message.post.at
            yield from export.report.faults
            return
        with closing(_lines(self._file)) as lines:
            for number, line in lines:
                try:
                    body = _body(line, f"{self._file.name}:{number}")
                except ValueError as error:
                    yield _fault(self._file, number, error)
                else:
                    yield body.post(NAME, self._clock.now()), body.at

    async def source_gone(self, delivery: Delivery) -> SourceGone | None:
        """Never: the outbox has looked at the store, and nothing else knows of the post."""

    async def deliver(self, delivery: Delivery) -> SendResult:
        """Sent at once. The receipt is the reply's own id."""
        return Sent(external_id=delivery.reply_id)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """Not sent: after a crash it may go again, because nothing leaves the store."""
        return NotSent(reason="the process stopped before it was noted", retry_after=0)


def checks(settings: Settings) -> list[Check]:
    """Whether the file to play is there, for `doctor`."""
    file = settings.replay_file
    if file is None:
        return []
    there = file.is_file()
    fix = "" if there else "correct `platforms.replay.file`, a path that starts at config.yaml"
    return [Check(name=NAME, ok=there, result=f"{file.name} {'is' if there else 'is not'} there", fix=fix)]


def _is_export(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return kind_of(stream.read(HEAD)) in {Kind.DISCORD, Kind.TELEGRAM}
    except OSError:  # told where the lines are read
        return False


def _lines(file: Path) -> Generator[tuple[int, bytes], None, None]:
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        message = f"the posts to replay cannot be read: {error.strerror}; correct `platforms.replay.file`"
        raise FaultyFiles([Fault(file=str(file), line=None, message=message)]) from None


def _body(line: bytes, own_id: str) -> PostIn:
    data = from_json(line)
    return PostIn.model_validate({"id": own_id, **data} if isinstance(data, dict) else data)


def _fault(file: Path, number: int, error: ValueError) -> Fault:
    """The fault of a line, without its words, which are a fan's."""
    message = f"this is not JSON: {error}"
    if isinstance(error, ValidationError):
        message = "; ".join(
            wrong(".".join(str(part) for part in detail["loc"]) or "the line", detail) for detail in error.errors()
        )
    return Fault(file=file.name, line=number, message=message)
