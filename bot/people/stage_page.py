"""The stage as public pages: an index, a page for each month, and a feed. Only what fans let us show on a site."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import structlog
from babel.dates import format_date

from bot.consent import Scope
from bot.content import source
from bot.events import Happened
from bot.ports import Clock
from bot.public import publish
from bot.settings import Settings
from bot.store import Connection, Store, consents, posts
from responders.library.pages import render_page
from responders.library.render import RenderFailed

EVERY = 5.0
"""Seconds between two looks; an event brings the next one forward. What is taken back or runs out goes that soon."""
FOLDER = "stage"
PAGE, STYLE = "pages/stage.html", "pages/pages.css"
"""The operators' files below templates/. Where one is missing or cannot be used, ours is."""
FEED = "feed.xml"
IN_FEED = 50
_OURS = re.compile(r"\d{4}-\d{2}\.html|index\.html|feed\.xml|pages\.css")
_ON_SITES = (Scope.SITE, Scope.EVERYWHERE)
_CHANGES = (
    Happened.REPLY_SENT,
    Happened.REPLY_REMOVED,
    Happened.CONSENT_WITHDRAWN,
    Happened.CONSENT_OVER,
    Happened.POST_DELETED,
    Happened.FAN_FORGOTTEN,
)
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

log = structlog.get_logger()

LinkOf = Callable[[str, str, str], str | None]
"""The address of a message, by platform, channel and id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Something on stage, as the page shows it."""

    id: str
    text: str
    name: str
    """As the author wants it; empty: without a name."""
    incentive: str
    """What the author got from us for it; empty: nothing."""
    link: str | None
    """The author's own post. None for somebody who wants no name there, as it would tell the name."""
    since: datetime
    """When it came on stage, by the community's clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """A month in which something came on stage that is still there."""

    file: str
    name: str


def on_stage(connection: Connection, settings: Settings, link_of: LinkOf, now: datetime) -> list[Piece]:
    """What a site may show now, the newest first."""
    found = []
    for consent, since in consents.on_stage(connection):
        if not (consent.counts(now) and consent.scope in _ON_SITES and consent.work):
            continue
        post = posts.get(connection, consent.post_id) if consent.post_id and consent.credit else None
        link = (
            link_of(post.post.platform, post.post.channel, post.post.external_id) if post and not post.deleted else None
        )
        piece = Piece(
            id=consent.id,
            text=consent.work,
            name=consent.credit or "",
            incentive=consent.incentive or "",
            link=link,
            since=settings.community.local(since),
        )
        found.append(piece)
    return found[::-1]


def files(pieces: Sequence[Piece], settings: Settings, page: str, style: str) -> dict[str, str]:
    """The pages by file name. `page` and `style` are the sources. Raises RenderFailed."""
    by_month: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_month.setdefault(f"{piece.since:%Y-%m}.html", []).append(piece)
    locale = settings.community.locale
    months = [Month(file=file, name=_month(some[0].since.date(), locale)) for file, some in by_month.items()]
    feed = {FEED: _feed(pieces[:IN_FEED], settings)} if settings.pages.address else {}
    shared = {"community": settings.community.name, "months": months, "language": locale, "feed": FEED if feed else ""}
    newest = months[0] if months else None
    made = {month.file: render_page(page, **shared, month=month, pieces=by_month[month.file]) for month in months}
    index = render_page(page, **shared, month=newest, pieces=by_month[newest.file] if newest else [])
    return {**made, "index.html": index, "pages.css": style, **feed}


def _month(day: date, locale: str) -> str:
    return format_date(day, "LLLL y", locale=locale)


def _feed(pieces: Sequence[Piece], settings: Settings) -> str:
    """RSS 2.0."""
    community, site = settings.community.name, f"{settings.pages.address}/{FOLDER}/"
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    title = f"On stage at {community}"
    about = "What fans made and reached, shown with their yes."
    for name, text in (
        ("title", title),
        ("link", site),
        ("description", about),
        ("language", settings.community.locale),
    ):
        ET.SubElement(channel, name).text = _in_xml(text)
    for piece in pieces:
        item = ET.SubElement(channel, "item")
        told = f"{piece.text}\n\nThey got from us for it: {piece.incentive}" if piece.incentive else piece.text
        page = f"{site}{piece.since:%Y-%m}.html#{piece.id}"
        fields = (
            ("title", f"{piece.name}, {community}" if piece.name else community),
            ("link", page),
            ("description", told),
            ("pubDate", format_datetime(piece.since)),
        )
        for name, text in fields:
            ET.SubElement(item, name).text = _in_xml(text)
        ET.SubElement(item, "guid", isPermaLink="false").text = piece.id
    return ET.tostring(rss, encoding="unicode", xml_declaration=True)


def _in_xml(text: str) -> str:
    """Without the signs that XML cannot hold."""
    return _NOT_IN_XML.sub("", text)


class StagePages:
    """Keeps the files in line with what fans say yes to."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, link_of: LinkOf) -> None:
        """Writes nothing before `run` or `once`."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._link_of = link_of
        self._told: str | None = None
        """The last trouble that was logged."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.signal(*_CHANGES) as signal:
            while True:
                await self.once()
                await signal.wait(self._store.sweep(EVERY))

    async def once(self) -> None:
        """Write what has changed. Raises what the store raises; trouble with files is logged once."""
        now = self._clock.now()
        pieces = await self._store.read(lambda c: on_stage(c, self._settings, self._link_of, now))
        trouble = await asyncio.to_thread(self._write, pieces)
        if trouble and trouble != self._told:
            log.warning("stage_page", why=trouble)
        self._told = trouble

    def _write(self, pieces: Sequence[Piece]) -> str | None:
        """Why something is not as it should be, in a sentence."""
        folder = self._settings.public_pages / FOLDER
        if not pieces and not folder.is_dir():
            return None  # nothing was ever shown
        made, trouble = self._made(pieces)
        try:
            publish(folder, made, _OURS)
        except OSError as error:
            return f"{folder}: the stage page cannot be written here ({error.strerror}); check the permissions"
        return trouble

    def _made(self, pieces: Sequence[Piece]) -> tuple[Mapping[str, str], str | None]:
        """Made of the operators' files, else of ours: what is taken back must go, whatever is wrong in a template."""
        theirs, ours = self._settings.templates, source() / "templates"
        try:
            return files(pieces, self._settings, *(_read(theirs, ours, name) for name in (PAGE, STYLE))), None
        except RenderFailed as error:
            trouble = f"{theirs.name}/{PAGE}: {error} The page that came with Greenroom is used."
            return files(pieces, self._settings, *(_read(ours, ours, name) for name in (PAGE, STYLE))), trouble


def _read(theirs: Path, ours: Path, name: str) -> str:
    try:
        return (theirs / name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return (ours / name).read_text(encoding="utf-8")
