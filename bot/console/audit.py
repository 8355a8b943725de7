"""The audit page: what happened, by whom and when, in words, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.problems import note
from bot.console.figures import REASONS
from bot.console.live import card_of
from bot.console.render import platform_name
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.console.track import CAUSES
from bot.domain import clean
from bot.errors import StoreError
from bot.events import Event, Happened
from bot.insights.digest_text import STATES
from bot.insights.wordings import ENDS
from bot.store import Connection, cards, events
from bot.store import figures as rows
from bot.store.events import Filter
from responders.said import doing

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
"""Events on one page."""
LONGEST: Final = 100
"""Characters of a filter that count."""
CHUNK: Final = 500
"""Events that are read at once for a CSV file."""
NOBODY: Final = "-"
"""Stands in an address for what nobody of the team did. No manager has this key."""
INCOMPLETE: Final = "The file ends here, because the database failed; load it again."
_YEARS: Final = range(2000, 3000)
_LARGEST: Final = 2**63 - 1


class Kind(StrEnum):
    """What can be asked for."""

    DECISIONS = "decisions"
    REPLIES = "replies"
    POSTS = "posts"
    DRAFTS = "drafts"
    FANS = "fans"
    TEAM = "team"
    PROGRAM = "program"


KINDS: Final = {
    Kind.DECISIONS: "Decisions",
    Kind.REPLIES: "Replies",
    Kind.POSTS: "Posts",
    Kind.DRAFTS: "Drafts",
    Kind.FANS: "Wishes of fans",
    Kind.TEAM: "Team",
    Kind.PROGRAM: "Program",
}
_H, _K = Happened, Kind
_TOLD: Final[Mapping[Happened, tuple[Kind, str]]] = {
    _H.POST_RECEIVED: (_K.POSTS, "A post came in"),
    _H.POST_EDITED: (_K.POSTS, "The fan edited the post"),
    _H.POST_DELETED: (_K.POSTS, "The fan deleted the post"),
    _H.POST_JUDGED: (_K.POSTS, "Read the post"),
    _H.POST_REOPENED: (_K.POSTS, "The post is read again"),
    _H.DRAFT_WAITING: (_K.DRAFTS, "A draft waits"),
    _H.DRAFT_OPENED: (_K.DECISIONS, "Took the card"),
    _H.DRAFT_REWORDED: (_K.DECISIONS, "Chose another wording"),
    _H.DRAFT_FILLED: (_K.DECISIONS, "Filled in a blank"),
    _H.DRAFT_PROPOSED: (_K.DECISIONS, "Put other words on the card"),
    _H.DRAFT_APPROVED: (_K.DECISIONS, "Said yes to the reply"),
    _H.DRAFT_REJECTED: (_K.DECISIONS, "Skipped the draft"),
    _H.DRAFT_SNOOZED: (_K.DECISIONS, "Snoozed the draft"),
    _H.DRAFT_WOKEN: (_K.DRAFTS, "The draft is back from its snooze"),
    _H.DRAFT_UNDONE: (_K.DECISIONS, "Took the decision back"),
    _H.DRAFT_HANDED_OVER: (_K.DECISIONS, "Handed the card over"),
    _H.DRAFT_RELABELLED: (_K.DECISIONS, "Corrected how the post was read"),
    _H.DRAFT_SUPERSEDED: (_K.DRAFTS, "The draft was replaced"),
    _H.DRAFT_WITHDRAWN: (_K.DRAFTS, "The draft was withdrawn"),
    _H.DRAFT_EXPIRED: (_K.DRAFTS, "The draft expired"),
    _H.DRAFT_OUTDATED: (_K.DRAFTS, "A fact in the draft has changed"),
    _H.REPLY_HELD: (_K.REPLIES, "{reply} waits until it can no longer be undone"),
    _H.REPLY_SENDING: (_K.REPLIES, "{reply} is in flight"),
    _H.REPLY_SENT: (_K.REPLIES, "The reply was sent"),
    _H.REPLY_DELAYED: (_K.REPLIES, "{reply} did not get through; it is tried again"),
    _H.REPLY_FAILED: (_K.REPLIES, "{reply} failed"),
    _H.REPLY_UNCERTAIN: (_K.REPLIES, "Nobody knows whether {reply} arrived"),
    _H.REPLY_RECALLED: (_K.REPLIES, "{reply} was taken back"),
    _H.REPLY_SETTLED: (_K.REPLIES, "Looked whether {reply} arrived"),
    _H.REPLY_RETRIED: (_K.REPLIES, "{reply} is tried again"),
    _H.REPLY_CORRECTED: (_K.REPLIES, "The reply was corrected"),
    _H.REPLY_REMOVED: (_K.REPLIES, "The reply was removed"),
    _H.NOTE_WRITTEN: (_K.TEAM, "Wrote a note on the post"),
    _H.NOTE_REMOVED: (_K.TEAM, "Removed a note from the post"),
    _H.SESSION_ENDED: (_K.TEAM, "Ended a session"),
    _H.QUEUE_REMINDED: (_K.PROGRAM, "Reminded the team of what waits"),
    _H.CRISIS_CALLED: (_K.PROGRAM, "Called for help with somebody in danger"),
    _H.FAN_FORGOTTEN: (_K.FANS, "A fan was forgotten"),
    _H.FAN_OPTED_OUT: (_K.FANS, "A fan wants no replies"),
    _H.FAN_OPTED_IN: (_K.FANS, "A fan wants replies again"),
    _H.CONSENT_PROPOSED: (_K.FANS, "Put a question to a fan on the desk"),
    _H.CONSENT_ASKED: (_K.FANS, "A fan was asked"),
    _H.CONSENT_GIVEN: (_K.FANS, "A fan said yes"),
    _H.CONSENT_REFUSED: (_K.FANS, "A fan said no"),
    _H.CONSENT_WITHDRAWN: (_K.FANS, "A fan took a yes back"),
    _H.CONSENT_OVER: (_K.FANS, "A yes ran out, or a question was never answered"),
    _H.MEMORY_CHANGED: (_K.FANS, "A fan changed what we remember"),
    _H.ACCOUNTS_LINKED: (_K.FANS, "A fan linked two accounts"),
    _H.HOLD_BEGAN: (_K.TEAM, "Put everything on hold"),
    _H.HOLD_LIFTED: (_K.TEAM, "Lifted the hold"),
    _H.SURGE_BEGAN: (_K.PROGRAM, "Many more complaints than usual"),
    _H.SURGE_ENDED: (_K.PROGRAM, "As many complaints as usual again"),
    _H.UNANSWERED_LISTED: (_K.PROGRAM, "Listed the posts that nobody has answered"),
    _H.TOPIC_CHANGED: (_K.TEAM, "Changed a topic"),
    _H.DIGEST_SENT: (_K.PROGRAM, "Sent a team what fans say"),
    _H.TEXTS_DROPPED: (_K.PROGRAM, "Dropped words that are no longer needed"),
    _H.ASSISTANT_ON: (_K.PROGRAM, "Switched the language model on"),
    _H.ASSISTANT_OFF: (_K.PROGRAM, "Switched the language model off"),
    _H.ASSISTANT_ASKED: (_K.PROGRAM, "Asked the language model about a post"),
    _H.ASSISTANT_ANSWERED: (_K.PROGRAM, "What became of what the language model said"),
    _H.ASSISTANT_DECLINED: (_K.FANS, "A fan wants no language model to see their posts"),
    _H.ASSISTANT_ALLOWED: (_K.FANS, "A fan allows the language model again"),
    _H.ASSISTANT_TAKEN_OFF: (_K.DRAFTS, "Took the language model's words off the card"),
    _H.UPDATE_SET_ASIDE: (_K.PROGRAM, "Set aside an update that could not be handled"),
    _H.UPDATE_IGNORED: (_K.PROGRAM, "Ignored an update that could not be read"),
    _H.TEMPLATES_KEPT_IN_USE: (_K.PROGRAM, "The template files had faults; the last good ones stayed in use"),
    _H.TEMPLATES_MENDED: (_K.PROGRAM, "The template files are in order again"),
    _H.PATCH_TAKEN: (_K.TEAM, "Took a patch into the files"),
    _H.PATCH_DROPPED: (_K.TEAM, "Dropped a patch"),
}


Data = Mapping[str, object]
NameOf = Callable[[str], str]


def told(event: Event, name_of: NameOf) -> str:
    """What happened, in words; never a fan's. `name_of` gives the name for a manager's key."""
    reply = {"correct": "the correction", "remove": "the removal"}.get(str(event.data.get("kind")), "the reply")
    words = _TOLD[event.name][1].format(reply=reply)
    detail = _DETAILS.get(event.name)
    # A row may be older than what is stored today, so a detail may lack what it is made of.
    more = detail(event.data, name_of) if detail else ""
    return f"{words[:1].upper()}{words[1:]}{f': {more}' if more else ''}"


def _judged(data: Data, _: NameOf) -> str:
    action, reason = data.get("action"), REASONS.get(str(data.get("reason")), "")
    outcome = {"draft": "a draft", "handoff": "for a person", "silent": "left alone"}.get(str(action), "")
    because = reason if action == "silent" else ""
    return ", ".join(filter(None, (_reading(data, "intent"), outcome, because)))


def _relabelled(data: Data, _: NameOf) -> str:
    before = _reading(data, "read_as")
    return _reading(data, "intent") + (f", not {before}" if before else "")


def _reading(data: Data, name: str) -> str:
    return doing(str(data[name])) if data.get(name) else ""


def _cause(data: Data, _: NameOf) -> str:
    return CAUSES.get(str(data.get("cause")), "")


def _facts(data: Data, _: NameOf) -> str:
    facts = data.get("facts")
    return ", ".join(map(str, facts)) if isinstance(facts, list) else ""


def _ended(data: Data, name_of: NameOf) -> str:
    return ", ".join(filter(None, (_person(data, "of", name_of), str(data.get("device") or ""))))


def _person(data: Data, name: str, name_of: NameOf) -> str:
    return name_of(str(data[name])) if data.get(name) else ""


def _platform(data: Data, _: NameOf) -> str:
    return platform_name(str(data.get("platform") or ""))


def _wording(data: Data, _: NameOf) -> str:
    return "/".join(str(data[part]) for part in ("template", "variant") if part in data)


def _model(data: Data, _: NameOf) -> str:
    sent = f"{data['characters']} characters" if "characters" in data else ""
    at = f"{data['model']} at {data['host']}" if "model" in data and "host" in data else ""
    return ", ".join(filter(None, (at, sent)))


def _posts(number: object) -> str:
    return "1 post" if number == 1 else f"{number} posts"


_CHANGES: Final[Mapping[str, str]] = {
    "named": "its name",
    "assigned": "its team",
    "merged": "merged with another one",
    "moved": "a post was moved",
    **{str(state): words for state, words in STATES.items()},
}
"""What was changed in a topic."""

_DETAILS: Final[Mapping[Happened, Callable[[Data, NameOf], str]]] = {
    _H.POST_JUDGED: _judged,
    _H.DRAFT_WAITING: lambda data, name_of: f"for {name}" if (name := _person(data, "to", name_of)) else "",
    _H.DRAFT_RELABELLED: _relabelled,
    _H.DRAFT_APPROVED: lambda data, _: "in their own words" if data.get("action") == "edit" else "",
    _H.DRAFT_SUPERSEDED: _cause,
    _H.DRAFT_WITHDRAWN: _cause,
    _H.DRAFT_EXPIRED: _cause,
    _H.DRAFT_OUTDATED: _facts,
    _H.REPLY_RECALLED: _cause,
    _H.REPLY_FAILED: lambda data, _: "its words are not the approved ones" if data.get("why") == "seal" else "",
    _H.REPLY_SETTLED: lambda data, _: "it did" if data.get("arrived") else "it did not",
    _H.SESSION_ENDED: _ended,
    _H.QUEUE_REMINDED: lambda data, _: f"{data['waiting']} waiting" if "waiting" in data else "",
    _H.CRISIS_CALLED: lambda data, name_of: _person(data, "on_call", name_of),
    _H.TOPIC_CHANGED: lambda data, _: _CHANGES.get(str(data.get("change")), ""),
    _H.DIGEST_SENT: lambda data, _: str(data.get("team") or ""),
    _H.TEXTS_DROPPED: lambda data, _: f"those of {_posts(data['posts'])}" if "posts" in data else "",
    _H.ASSISTANT_ON: _model,
    _H.ASSISTANT_ASKED: _model,
    _H.ASSISTANT_ANSWERED: lambda data, _: ENDS.get(str(data.get("outcome")), ""),
    _H.UPDATE_SET_ASIDE: _platform,
    _H.UPDATE_IGNORED: _platform,
    _H.PATCH_TAKEN: _wording,
    _H.PATCH_DROPPED: _wording,
}
"""What the data of an event adds to its words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the address of the page asks for. Empty values leave nothing out."""

    by: str = ""
    kind: str = ""
    day: str = ""
    draft: str = ""

    def query(self, path: str = "/team/audit", **changes: str) -> str:
        """The address of the page, or of the file, with other values."""
        own = {"by": self.by, "kind": self.kind, "day": self.day, "draft": self.draft} | changes
        asked = urlencode({name: value for name, value in own.items() if value})
        return f"{path}?{asked}" if asked else path


def _shown(by: str = "", kind: str = "", day: str = "", draft: str = "") -> Shown:
    """Whatever an address says there is a page for it: what has no meaning is left out."""
    return Shown(
        by=clean(by)[:LONGEST],
        kind=kind if kind in set(Kind) else "",
        day=_day(day),
        draft=clean(draft).strip()[:LONGEST],
    )


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return day.isoformat() if day.year in _YEARS else ""


def _before(before: str = "") -> int | None:
    return min(int(before), _LARGEST) if before.isascii() and before.isdigit() and len(before) < LONGEST else None


Asked = Annotated[Shown, Depends(_shown)]
Before = Annotated[int | None, Depends(_before)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One event on the page."""

    event: Event
    day: date
    time: str
    """Of day, as the day in the community's zone."""
    who: str
    """Empty: nobody of the team."""
    words: str
    place: str
    """Where the post stands; empty without one."""
    card: str | None
    """The address of the card of its post, or of the post among those left alone."""


@router.get("/team/audit")
async def audit(request: Request, session: SignedIn, deps: Wired, shown: Asked, before: Before) -> Response:
    """A page of events, newest first."""
    only = _filter(shown, deps)

    def query(connection: Connection) -> tuple[list[Event], dict[str, rows.Travel], Mapping[str, str]]:
        found = events.chosen(connection, only, PAGE + 1, before)
        ids = {event.post_id for event in found if event.post_id}
        travels = {travel.post.id: travel for travel in rows.travels(connection, 0, ids)}
        return found, travels, cards.role_holder_names(connection)

    found, travels, role_holders = await deps.store.read(query)
    people = [*deps.settings.managers, *role_holders]
    if shown.by not in ("", NOBODY, *people):
        people.append(shown.by)  # somebody who was a manager
    lines = [_line(event, travels.get(event.post_id or ""), deps) for event in found[:PAGE]]
    older = shown.query(before=str(found[PAGE - 1].seq)) if len(found) > PAGE else None
    return page(
        request,
        session,
        deps,
        "audit.html",
        shown=shown,
        lines=lines,
        older=older,
        newest=shown.query() if before else None,
        kinds=KINDS,
        people={key: deps.desk.name_of(key) for key in people},
        nobody=NOBODY,
        zone=deps.settings.community.timezone,
        csv=shown.query("/team/audit.csv"),
    )


@router.get("/team/audit.csv")
async def as_csv(_session: SignedIn, deps: Wired, shown: Asked) -> Response:
    """All events that the page would show, as a file."""
    only = _filter(shown, deps)
    first = await deps.store.read(lambda c: events.chosen(c, only, CHUNK))
    return StreamingResponse(
        _written(first, only, deps),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="greenroom-audit.csv"'},
    )


async def _written(found: list[Event], only: Filter, deps: Deps) -> AsyncIterator[str]:
    yield _csv([("time", "key", "name", "what", "event", "post", "draft", "delivery")])
    try:
        while found:
            yield _csv([_row(event, deps) for event in found])
            older = partial(events.chosen, only=only, limit=CHUNK, before=found[-1].seq)
            found = await deps.store.read(older)
    except StoreError as error:
        note(error)
        yield _csv([("", "", "", INCOMPLETE)])  # the answer has begun, and nobody may take it for the whole file


def _row(event: Event, deps: Deps) -> tuple[str, ...]:
    local = deps.settings.community.local(event.at).isoformat(timespec="seconds")
    name = deps.desk.name_of(event.by) if event.by else ""
    ids = (event.post_id or "", event.draft_id or "", event.delivery_id or "")
    return (local, event.by or "", name, told(event, deps.desk.name_of), event.name, *ids)


def _csv(lines: Collection[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(tuple(map(cell, line)) for line in lines)
    return file.getvalue()


def cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _filter(shown: Shown, deps: Deps) -> Filter:
    since = until = None
    if shown.day:
        day, zone = date.fromisoformat(shown.day), deps.settings.community.timezone
        since = datetime.combine(day, datetime.min.time(), zone)
        until = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
    names = [name for name, (kind, _) in _TOLD.items() if kind == shown.kind] if shown.kind else None
    by = None if not shown.by else "" if shown.by == NOBODY else shown.by
    return Filter(names=names, by=by, since=since, until=until, draft_id=shown.draft or None)


def _line(event: Event, travel: rows.Travel | None, deps: Deps) -> Line:
    post = travel.post.post if travel else None
    local = deps.settings.community.local(event.at)
    return Line(
        event=event,
        day=local.date(),
        time=f"{local:%H:%M:%S}",
        who=deps.desk.name_of(event.by) if event.by else "",
        words=told(event, deps.desk.name_of),
        place=f"{post.place.name or post.channel} · {platform_name(post.platform)}" if post else "",
        card=card_of(travel) if travel else None,
    )
