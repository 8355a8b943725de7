"""The live page: what works, what the day brought, and each post on its way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bot.adapters.web.callers import stands
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.problems import note
from bot.adapters.web.streams import Newest, StreamStart
from bot.console import chart, figures
from bot.console.assistant import helped
from bot.console.figures import Count, Figures, Span
from bot.console.render import card_address, platform_name
from bot.console.shell import fragment, page, silent
from bot.console.signin import SignedIn
from bot.console.surge import Surge, surges
from bot.console.track import NAMES, track
from bot.errors import StoreError
from bot.insights import coverage
from bot.settings.values import in_words
from bot.store import Connection, Signal, answers
from bot.store import figures as rows
from bot.store.answers import Covered
from bot.store.assistant import Used, midnight, used
from bot.store.figures import Travel

router = APIRouter(include_in_schema=False)

POSTS: Final = 30
"""Posts that are followed at the same time."""
CUT: Final = 80
"""Characters of a post that are shown."""
AT_MOST_EVERY: Final = 1.0
"""Seconds between two words of the stream: what happens meanwhile is told together."""
WEEKS: Final = 4
"""Weeks of answers that are told."""
_LABELLED_HOURS: Final = 6
"""Below the chart of a day each sixth hour has its name."""

Shown = Annotated[str, Query(max_length=POSTS * 17, pattern=r"^([0-9a-f]{16}(,|$))*$")]
Spanned = Annotated[Span, Query()]


@router.get("/live")
async def live(request: Request, session: SignedIn, deps: Wired, *, seen: Newest, span: Spanned = "today") -> Response:
    """The page. `span` is that of its tables."""
    values = await _figures(deps, span) | await _posts(deps, ())
    return page(request, session, deps, "live.html", seen=seen, **values)


@router.get("/live/figures")
async def numbers(request: Request, session: SignedIn, deps: Wired, span: Spanned = "today") -> Response:
    """The part with the numbers."""
    return fragment(request, session.manager, deps, "live_figures.html", **await _figures(deps, span))


@router.get("/live/posts")
async def posts(request: Request, session: SignedIn, deps: Wired, shown: Shown = "") -> Response:
    """The posts on their way: those that came last, and those with the ids in `shown`."""
    return fragment(
        request, session.manager, deps, "live_posts.html", **await _posts(deps, tuple(filter(None, shown.split(","))))
    )


@router.get("/live/stream", response_class=EventSourceResponse)
async def stream(
    request: Request, session: SignedIn, deps: Wired, after: StreamStart
) -> AsyncIterator[ServerSentEvent]:
    """Says `changed` when something happened, at most once a second; ends when the server stops, and with the session.

    It says only that, so that its load does not grow with what happens: the page asks for what it shows.
    """
    closing: asyncio.Event = request.app.state.closing
    try:
        with deps.store.signal() as signal:
            newest = await deps.store.last_event()
            while newest > after or await _rings(signal, closing):
                if not await stands(session, deps):
                    return
                after = newest = await deps.store.last_event()
                yield ServerSentEvent(id=str(newest), event="changed", data={})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), AT_MOST_EVERY)
    except StoreError as error:
        note(error)  # the answer has begun: it ends here, and the browser comes again


async def _rings(signal: Signal, closing: asyncio.Event) -> bool:
    """Wait for something to happen; False when the server stops."""
    tasks = {asyncio.create_task(signal.wait()), asyncio.create_task(closing.wait())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return not closing.is_set()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _figures(deps: Deps, span: Span) -> dict[str, Any]:
    now, zone = deps.clock.now(), deps.settings.community.timezone
    when = figures.calendar(now, zone)
    overdue = now - deps.settings.replies.answer_within
    weeks = coverage.mondays(now, zone, WEEKS)

    def query(connection: Connection) -> tuple[Figures, figures.Waiting, Sequence[Covered], list[Surge], Used]:
        counted = _count(connection, when, span, now, deps.desk.name_of)
        covered = answers.coverage(connection, coverage.cuts(weeks, overdue))
        model = used(connection, midnight(now)) if deps.settings.assistant else Used()
        return *counted, covered, surges(connection, now), model

    counted, waiting, covered, lasting, model = await deps.store.read(query)
    named = _hour(zone)
    names = [named(moment) for moment in when.hours]
    return {
        "span": span,
        "surges": lasting,
        "counted": counted,
        "waiting": waiting,
        "states": _states(deps, await deps.intake.late()),
        "template_faults": deps.template_faults(),
        "charts": {
            "day": ("The last 24 hours", chart.chart(_slots(when.hours, counted.hours, _hour(zone)))),
            "week": ("The last 7 days", chart.chart(_slots(when.days, counted.days, _day(zone)))),
        },
        "moods": [
            (mood, list(zip(names, mood.hours, chart.moods([_shares(hour) for hour in mood.hours]), strict=True)))
            for mood in counted.moods
        ],
        "coverage": coverage.coverage(covered, weeks, overdue, zone),
        "reading": coverage.named,
        "answer_within": in_words(deps.settings.replies.answer_within),
        "model": helped(model, deps.settings.assistant, deps.assistant_rests()) if deps.settings.assistant else None,
        "length": figures.length,
    }


def _shares(hour: figures.MoodHour) -> tuple[int, int, int]:
    return hour.posts, hour.praise, hour.complaints


def _count(
    connection: Connection, when: figures.Calendar, span: Span, now: datetime, name_of: Callable[[str], str]
) -> tuple[Figures, figures.Waiting]:
    arrived, sent = rows.arrived(connection, when.cuts), rows.sent(connection, when.cuts)
    settled = rows.settled(connection, when.days[0])
    examples = {(one.platform, one.channel): one.post_id for one in settled}
    examples |= {(one.platform, one.channel): one.example for one in arrived if one.example}
    names = rows.channel_names(connection, examples.values())
    several = len({*(one.platform for one in arrived), *(one.platform for one in settled)}) > 1

    def channel_name(platform: str, channel: str) -> str:
        name = names.get((platform, channel), channel)
        return f"{name} · {platform_name(platform)}" if several else name

    counted = figures.figures(when, span, arrived, sent, settled, channel_name=channel_name, name_of=name_of)
    bands, kinds = rows.waiting(connection, now, figures.AGES), rows.waiting_kinds(connection)
    waiting = figures.waiting(bands, rows.snoozed(connection), kinds)
    return counted, waiting


def _slots(
    begun: tuple[datetime, ...], counts: tuple[Mapping[Count, int], ...], named: Callable[[datetime], tuple[str, str]]
) -> list[chart.Slot]:
    slots = []
    for moment, count in zip(begun, counts, strict=True):
        name, label = named(moment)
        slot = chart.Slot(
            name=name,
            label=label,
            came_in=count[Count.CAME_IN],
            sent=count[Count.SENT],
            left_alone=count[Count.LEFT_ALONE],
        )
        slots.append(slot)
    return slots


def _hour(zone: Any) -> Callable[[datetime], tuple[str, str]]:
    def named(moment: datetime) -> tuple[str, str]:
        local = moment.astimezone(zone)
        return f"{local:%a %H:%M}", f"{local:%H}" if local.hour % _LABELLED_HOURS == 0 else ""

    return named


def _day(zone: Any) -> Callable[[datetime], tuple[str, str]]:
    def named(moment: datetime) -> tuple[str, str]:
        local = moment.astimezone(zone)
        return f"{local:%a %d %b}", f"{local:%a}"

    return named


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """How a part of the program does, in words."""

    name: str
    words: str
    good: bool


_PARTS = {
    "templates": "Template files",
    "intake": "Reading of posts",
    "rounds": "Reminders",
    "insights": "Watch for surges",
    "outbox": "Sending",
    "topics": "Topics",
    "assistant": "Language model",
    "digests": "Digests for teams",
    "heard page": "Public page of what was heard",
    "web": "Lobby",
}


def _states(deps: Deps, late: str | None) -> list[State]:
    states = []
    for part, ready in deps.ready().items():
        good = ready is not False
        chat = part not in _PARTS and not part.endswith(" cards")
        words = ("connected", "not connected") if chat else ("at work", "stopped; it starts again by itself")
        states.append(State(name=_PARTS.get(part) or platform_name(part), words=words[not good], good=good))
    faults = len(deps.template_faults())
    more = {
        "Template files": f"{faults} fault{'s' if faults > 1 else ''}; the last good ones are in use" if faults else "",
        "Reading of posts": late or "",
        **{one.name: f"{one.what}; {one.rest}" for one in silent(deps)},
    }
    states = [
        State(name=state.name, words=more[state.name], good=False) if more.get(state.name) else state
        for state in states
    ]
    reads_less = deps.no_reader()
    reader = State(name="Reader", words=str(reads_less) if reads_less else "at work", good=not reads_less)
    return [*states, reader]


async def _posts(deps: Deps, shown: tuple[str, ...]) -> dict[str, Any]:
    now, community = deps.clock.now(), deps.settings.community
    found = await deps.store.read(lambda c: rows.travels(c, POSTS, shown))

    def clock(moment: datetime) -> str:
        local = community.local(moment)
        return f"{local:%H:%M:%S}" if local.date() == community.local(now).date() else f"{local:%a %H:%M}"

    travels = [(one.post, track(one, now, deps.desk.name_of), card_of(one)) for one in found]
    return {"travels": travels, "hops": NAMES, "clock_of": clock, "length": figures.length, "cut": CUT}


def card_of(travel: Travel) -> str | None:
    """The address of the card of a post in the inbox, or of the post among those left alone; None without either."""
    post, draft = travel.post, travel.draft
    author = post.post.author
    if draft:
        return card_address(draft, post)
    fan = f"{post.post.platform}:{author.id}"
    left_alone = post.action == "silent" and post.kept and not (post.deleted or author.is_staff or author.is_bot)
    return f"/inbox?{urlencode({'view': 'left', 'fan': fan})}#post-{post.id}" if left_alone else None
