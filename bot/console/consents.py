"""The log of what fans were asked and what they said, with the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.problems import note
from bot.consent import Consent, Kind, State
from bot.console.audit import INCOMPLETE, cell
from bot.console.render import platform_name
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.console.stage import KINDS, SCOPES, who
from bot.domain import clean
from bot.errors import StoreError
from bot.store import Connection, consents, posts

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
"""Consents on one page."""
CHUNK: Final = 500
"""Consents that are read at once for a CSV file."""
LONGEST: Final = 200
"""Characters of a filter that count."""
STATES: Final = {
    State.ASKED: "asked",
    State.YES: "said yes",
    State.NO: "said no",
    State.WITHDRAWN: "took it back",
    State.OVER: "over",
}
_HEAD: Final = (
    *("platform", "fan", "name", "kind", "state", "wording", "scope", "until", "credit", "incentive"),
    *("asked by", "made", "asked", "answered", "ended", "id", "post"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the address of the page asks for. Empty values leave nothing out."""

    kind: str = ""
    state: str = ""
    fan: str = ""
    """The id of a fan on a platform: `platform:id`."""

    def query(self, path: str = "/stage/consents", **changes: str) -> str:
        """The address of the page, or of the file, with other values."""
        own = {"kind": self.kind, "state": self.state, "fan": self.fan} | changes
        asked = urlencode({name: value for name, value in own.items() if value})
        return f"{path}?{asked}" if asked else path

    def only(self) -> consents.Filter:
        """The same for the store."""
        platform, _, fan_id = self.fan.partition(":")
        return consents.Filter(
            kind=Kind(self.kind) if self.kind else None,
            state=State(self.state) if self.state else None,
            fan=(platform, fan_id) if self.fan else None,
        )


def _asked(kind: str = "", state: str = "", fan: str = "") -> Asked:
    """Whatever an address says there is a page for it: what has no meaning is left out."""
    return Asked(
        kind=kind if kind in set(Kind) else "",
        state=state if state in set(State) else "",
        fan=clean(fan).strip()[:LONGEST],
    )


Chosen = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One consent on the page."""

    consent: Consent
    who: str
    platform: str
    ended_at: datetime | None
    """When it ended, or ends by itself."""


@router.get("/stage/consents")
async def log(request: Request, session: SignedIn, deps: Wired, asked: Chosen, after: str = "") -> Response:
    """A page, newest first."""
    found = await deps.store.read(lambda c: _lines(c, asked, PAGE + 1, clean(after)))
    older = asked.query(after=found[PAGE - 1].consent.id) if len(found) > PAGE else None
    return page(
        request,
        session,
        deps,
        "stage_consents.html",
        lines=found[:PAGE],
        asked=asked,
        older=older,
        newest=asked.query() if after else None,
        kinds=KINDS,
        states=STATES,
        scopes=SCOPES,
        csv=asked.query("/stage/consents.csv"),
        zone=deps.settings.community.timezone,
    )


@router.get("/stage/consents.csv")
async def as_csv(_session: SignedIn, deps: Wired, asked: Chosen) -> Response:
    """All that the page would show, as a file."""
    first = await deps.store.read(lambda c: _lines(c, asked, CHUNK))
    return StreamingResponse(
        _written(first, asked, deps),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="greenroom-consents.csv"'},
    )


async def _written(found: Sequence[Line], asked: Asked, deps: Deps) -> AsyncIterator[str]:
    yield _csv([_HEAD])
    try:
        while found:
            yield _csv([_row(line, deps) for line in found])
            last = found[-1].consent.id
            found = await deps.store.read(lambda c: _lines(c, asked, CHUNK, last))  # noqa: B023 - awaited here
    except StoreError as error:
        note(error)
        yield _csv([(INCOMPLETE,)])  # the answer has begun, and nobody may take it for the whole file


def _lines(connection: Connection, asked: Asked, limit: int, after: str = "") -> list[Line]:
    found = consents.log(connection, limit, asked.only(), after)
    about = {post.id: post for post in posts.some(connection, list({one.post_id for one in found if one.post_id}))}
    return [
        Line(
            consent=one,
            who=who(about.get(one.post_id or ""), one.credit),
            platform=platform_name(one.platform),
            ended_at=one.ended_at or one.until,
        )
        for one in found
    ]


def _row(line: Line, deps: Deps) -> tuple[str, ...]:
    def at(moment: datetime | None) -> str:
        return deps.settings.community.local(moment).isoformat(timespec="seconds") if moment else ""

    one = line.consent
    return (
        *(one.platform, one.fan_id, line.who, one.kind, one.state, one.wording),
        *(one.scope or "", at(one.until), one.credit or "", one.incentive or "", one.asked_by or ""),
        *(at(one.created_at), at(one.asked_at), at(one.answered_at), at(one.ended_at), one.id, one.post_id or ""),
    )


def _csv(lines: Sequence[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(tuple(map(cell, line)) for line in lines)
    return file.getvalue()
