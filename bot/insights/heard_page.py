"""“You said, we did” as a public page: what became of topics, in managers' words alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.content import source
from bot.events import Happened
from bot.public import publish
from bot.settings import Settings
from bot.store import Connection, Store, topics
from bot.store.topics import TopicState
from responders.library.pages import render_page
from responders.library.render import RenderFailed

EVERY = 60.0
"""Seconds between two looks; an event brings the next one forward."""
FOLDER = "heard"
PAGE, STYLE = "pages/heard.html", "pages/pages.css"
"""The operators' files below templates/. Where one is missing or cannot be used, ours is."""
_OURS = re.compile(r"index\.html|pages\.css")

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What became of a topic."""

    name: str
    state: str
    """`done`, `planned` or `not_planned`."""
    reason: str


def answered(connection: Connection) -> list[Answered]:
    """The topics that managers have named and marked, the newest mark first."""
    marked = [t for t in topics.every(connection) if t.named_by and t.decided_at and t.state is not TopicState.OPEN]
    marked.sort(key=lambda topic: (topic.decided_at, topic.id), reverse=True)
    return [Answered(name=topic.name, state=str(topic.state), reason=topic.reason or "") for topic in marked]


class HeardPage:
    """Keeps the page in line with the board."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Writes nothing before `run` or `once`."""
        self._store = store
        self._settings = settings
        self._told: str | None = None
        """The last trouble that was logged."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.signal(Happened.TOPIC_CHANGED) as signal:
            while True:
                await self.once()
                await signal.wait(self._store.sweep(EVERY))

    async def once(self) -> None:
        """Write what has changed. Raises what the store raises; trouble with files is logged once."""
        found = await self._store.read(answered)
        trouble = await asyncio.to_thread(self._write, found)
        if trouble and trouble != self._told:
            log.warning("heard_page", why=trouble)
        self._told = trouble

    def _write(self, found: Sequence[Answered]) -> str | None:
        """Why something is not as it should be, in a sentence."""
        folder = self._settings.public_pages / FOLDER
        if not found and not folder.is_dir():
            return None  # nothing was ever told
        made, trouble = self._made(found)
        try:
            publish(folder, made, _OURS)
        except OSError as error:
            return f"{folder}: the page of what was heard cannot be written here ({error.strerror})"
        return trouble

    def _made(self, found: Sequence[Answered]) -> tuple[Mapping[str, str], str | None]:
        """Made of the operators' files, else of ours."""
        theirs, ours = self._settings.templates, source() / "templates"
        community = self._settings.community
        values = {"community": community.name, "language": community.locale, "topics": found}

        def files(*folders: Path) -> Mapping[str, str]:
            page, style = (_first(name, folders) for name in (PAGE, STYLE))
            return {"index.html": render_page(page, **values), "pages.css": style}

        try:
            return files(theirs, ours), None
        except RenderFailed as error:
            return files(ours), f"{theirs.name}/{PAGE}: {error} The page that came with Greenroom is used."


def _first(name: str, folders: Sequence[Path]) -> str:
    """The file in the first of these folders that has it."""
    for folder in folders[:-1]:
        with suppress(OSError, ValueError):
            return (folder / name).read_text(encoding="utf-8")
    return (folders[-1] / name).read_text(encoding="utf-8")
