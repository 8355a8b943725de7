"""The inbox: cards by view, filter and search, and the stream that says which of them have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bot.adapters.web.callers import Called, stands
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.models import Body, Id
from bot.adapters.web.problems import invalid, missing, note
from bot.adapters.web.streams import Newest, StreamStart
from bot.console.presence import Doing, Presence
from bot.console.shell import fragment, page
from bot.console.signin import SignedIn
from bot.console.surge import surges
from bot.desk.view import Around, CardView, Listing
from bot.domain import Delivery, clean
from bot.errors import StoreError
from bot.events import Event, Happened
from bot.language import COMMON, language_name
from bot.store import Connection, listing, notes
from bot.store.listing import URGENT, Channel, Selection, View
from responders.said import said

router = APIRouter(include_in_schema=False)

PAGE: Final = 25
"""Cards on one page."""
IDS: Final = 200
"""Ids of a view that are told: those a person may reach by scrolling."""
CHANNELS: Final = 200
"""Channels to choose from: those that had a card last."""
MOST: Final = 50
"""Cards that are asked for, or told of, at once."""
LONGEST: Final = 200
"""Characters of a filter that count."""
COLLECT: Final = 0.3
"""Seconds after a word of the stream for which changes are collected."""
LOOK: Final = 5.0
"""Seconds between two looks whether somebody has left, or the session has ended."""
READ: Final = 500
"""Events that are read at once."""

_LABELS: Final = {
    View.MINE: "Mine",
    View.URGENT: "Urgent",
    View.WAITING: "Waiting",
    View.SNOOZED: "Snoozed",
    View.DECIDED: "Decided",
    View.UNANSWERED: "Unanswered",
    View.LEFT: "Left alone",
    View.ALL: "All",
}


_HOLDS: Final = frozenset({Happened.HOLD_BEGAN, Happened.HOLD_LIFTED})
_SURGES: Final = frozenset({Happened.SURGE_BEGAN, Happened.SURGE_ENDED})


class Choice(NamedTuple):
    """One value of a filter."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """One view of the inbox. `count`: what it has that passes the filters."""

    name: str
    label: str
    count: int
    address: str
    current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the filters offer."""

    channels: list[Choice]
    platforms: list[Choice]
    readings: list[Choice]
    languages: list[Choice]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown(Selection):
    """A selection as an address names it."""

    def query(self, **changes: str) -> str:
        """The address of the same page with other filters, another view or a cursor (`after`)."""
        told = (field.name for field in fields(Selection) if field.name not in {"me", "overdue"})
        own = {name: getattr(self, name) for name in told}
        return f"/inbox?{urlencode({name: value for name, value in (own | changes).items() if value})}"


def _shown(
    session: SignedIn,
    *,
    view: str = View.WAITING,
    channel: str = "",
    platform: str = "",
    reading: str = "",
    language: str = "",
    fan: str = "",
    q: str = "",
) -> Shown:
    """Whatever an address says there is an inbox for it: what is too long is cut, and an unknown view is the first."""

    def cut(value: str) -> str:
        return clean(value).strip()[:LONGEST]

    return Shown(
        me=session.manager,
        view=View(view) if view in set(View) else View.WAITING,
        channel=cut(channel),
        platform=cut(platform),
        reading=cut(reading),
        language=cut(language),
        fan=cut(fan),
        q=cut(q),
    )


def _selected(shown: Annotated[Shown, Depends(_shown)], deps: Wired) -> Shown:
    return replace(shown, overdue=deps.clock.now() - deps.settings.replies.answer_within)


Selected = Annotated[Shown, Depends(_selected)]
After = Annotated[str | None, Query()]


class PresenceIn(Body):
    """The card that a page shows now, and what is done there."""

    draft_id: Id | None
    doing: Doing = "looking"


@router.get("/")
async def home(_session: SignedIn) -> Response:
    """To the inbox."""
    return RedirectResponse("/inbox", 303)


@router.get("/inbox")
async def inbox(
    request: Request, session: SignedIn, deps: Wired, selection: Selected, *, seen: Newest, after: After = None
) -> Response:
    """A page of a view."""
    try:
        found = await deps.desk.listing(selection, limit=PAGE, after=after)
    except ValueError:
        return RedirectResponse(selection.query(), 303)
    now = deps.clock.now()
    counted, channels, lasting = await deps.store.read(
        lambda c: (listing.counts(c, selection), listing.channels(c, CHANNELS), surges(c, now))
    )
    return page(
        request,
        session,
        deps,
        "inbox.html",
        seen=seen,
        selection=selection,
        views=[
            Tab(
                name=view,
                label=_LABELS[view],
                count=counted[view],
                address=selection.query(view=view),
                current=view is selection.view,
            )
            for view in View
        ],
        choices=_choices(deps, channels),
        urgent=counted[View.URGENT],
        surges=lasting,
        **_cards(deps, selection, found),
    )


@router.get("/inbox/surge")
async def surge(request: Request, session: SignedIn, deps: Wired) -> Response:
    """What surges now, for the head of the inbox; empty while nothing does."""
    now = deps.clock.now()
    lasting = await deps.store.read(lambda c: surges(c, now))
    return fragment(request, session.manager, deps, "surge.html", surges=lasting)


@router.get("/inbox/more")
async def more(request: Request, deps: Wired, selection: Selected, after: After = None) -> Response:
    """The next page of a view, without what is around it."""
    try:
        found = await deps.desk.listing(selection, limit=PAGE, after=after)
    except ValueError:
        raise invalid("`after` must be the `next` of an earlier page; load the inbox again.") from None
    return fragment(request, selection.me, deps, "cards.html", **_cards(deps, selection, found))


@router.get("/inbox/cards")
async def cards(request: Request, session: SignedIn, deps: Wired, ids: str = "") -> Response:
    """These cards as they are now, in any state. What is no card is left out."""
    wanted = list(dict.fromkeys(filter(None, ids.split(","))))[:MOST]
    found = [deps.desk.signed(card, session.manager) for card in await deps.desk.cards(wanted)]
    return fragment(request, session.manager, deps, "cards.html", cards=found, next=None, intents=deps.intents())


@router.get("/inbox/state")
async def state(deps: Wired, selection: Selected) -> dict[str, Any]:
    """The first ids of a view in their order, and the counts: by these a page tells what is new."""

    def query(connection: Connection) -> tuple[list[str], dict[View, int]]:
        return listing.first_ids(connection, selection, IDS), listing.counts(connection, selection)

    ids, counted = await deps.store.read(query)
    return {"ids": ids, "counts": counted, "urgent": counted[View.URGENT]}


@router.get("/inbox/cards/{draft_id}/around")
async def around_card(draft_id: str, request: Request, session: SignedIn, deps: Wired) -> Response:
    """What stands around the post of a card."""
    card = await deps.desk.draft(draft_id)
    found = await deps.desk.around(card.post.id) if card else None
    return _around(request, session.manager, deps, found)


@router.get("/inbox/posts/{post_id}/around")
async def around_post(post_id: str, request: Request, session: SignedIn, deps: Wired) -> Response:
    """What stands around a post."""
    return _around(request, session.manager, deps, await deps.desk.around(post_id))


@router.post("/inbox/presence", status_code=204)
async def be_present(body: PresenceIn, request: Request, deps: Wired, who: Called) -> None:
    """A page says which card it shows. The notes on it that name this manager are seen by that."""
    me = who.name(None)
    assert who.session is not None  # noqa: S101 - else nobody is named
    presence: Presence = request.app.state.presence
    presence.say(who.session.sid, me, body.draft_id, body.doing)
    draft_id, now = body.draft_id, deps.clock.now()
    if draft_id is not None and await deps.store.read(lambda c: notes.has_unseen(c, me)):
        await deps.store.write(lambda c: notes.see(c, me, draft_id, now))


@router.get("/inbox/stream", response_class=EventSourceResponse)
async def stream(
    request: Request, session: SignedIn, deps: Wired, after: StreamStart
) -> AsyncIterator[ServerSentEvent]:
    """Which cards have changed, and who is on which; ends when the server stops, and with the session.

    The first change is told at once, what happens in the moment after it together. A client that reads slowly is told
    less often: never more than one event waits for it.
    """
    closing: asyncio.Event = request.app.state.closing
    presence: Presence = request.app.state.presence
    on_cards: dict[str, list[dict[str, str]]] = {}
    try:
        with deps.store.signal() as happened, presence.watch() as moved:
            while not closing.is_set() and await stands(session, deps):
                events = await deps.store.events(after=after, limit=READ)
                if events:
                    behind = len(events) == READ
                    after = await deps.store.last_event() if behind else events[-1].seq
                    yield ServerSentEvent(id=str(after), event="changed", data=changed(events, behind=behind))
                    if any(event.name in _HOLDS for event in events):
                        yield ServerSentEvent(event="hold", data={})
                    if any(event.name in _SURGES for event in events):
                        yield ServerSentEvent(event="surge", data={})
                moved.clear()
                now = {
                    draft_id: [{"name": deps.desk.name_of(one.manager), "doing": one.doing} for one in here]
                    for draft_id, here in presence.on_cards(but=session.manager).items()
                }
                if now != on_cards:
                    on_cards = now
                    yield ServerSentEvent(event="presence", data=now)
                await _first(closing.wait(), seconds=COLLECT)
                await _first(closing.wait(), happened.wait(), moved.wait(), seconds=LOOK)
    except StoreError as error:
        note(error)  # the answer has begun: it ends here, and the browser comes again


def changed(events: Iterable[Event], *, behind: bool = False) -> dict[str, Any]:
    """The drafts and posts that these events are about, at most `MOST` each; `more` where there are more, or `behind`
    is true. `urgent`: the drafts that are new and urgent."""
    drafts: dict[str, None] = {}
    posts: dict[str, None] = {}
    urgent: dict[str, None] = {}
    for event in events:
        if event.draft_id:
            drafts[event.draft_id] = None
        elif event.post_id:
            posts[event.post_id] = None
        if event.name is Happened.DRAFT_WAITING and event.draft_id and _priority(event) >= URGENT:
            urgent[event.draft_id] = None
    told = {"drafts": [*drafts], "posts": [*posts], "urgent": [*urgent]}
    more = behind or any(len(ids) > MOST for ids in told.values())
    return {name: ids[:MOST] for name, ids in told.items()} | ({"more": True} if more else {})


def _priority(event: Event) -> int:
    priority = event.data.get("priority")
    return priority if isinstance(priority, int) else 0


async def _first(*waits: Awaitable[Any], seconds: float) -> None:
    """Until one of these is over, or the time is."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cards(deps: Deps, selection: Shown, found: Listing) -> dict[str, Any]:
    """A page has one reader, so its texts are signed with their first name: what they read is what they send."""
    following = selection.query(after=found.next) if found.next else None
    shown = [deps.desk.signed(one, selection.me) if isinstance(one, CardView) else one for one in found.cards]
    return {"cards": shown, "next": following, "intents": deps.intents()}


def _around(request: Request, me: str, deps: Deps, found: Around | None) -> Response:
    if found is None:
        raise missing("post whose words are still kept", "the inbox")

    def link_of(reply: Delivery) -> str | None:
        return deps.message_link(reply.target.platform, reply.target.channel, reply.external_id or "")

    return fragment(request, me, deps, "around.html", around=found, link_of=link_of)


def _choices(deps: Deps, channels: Iterable[Channel]) -> Choices:
    found = list(channels)
    spoken = {*COMMON, deps.settings.community.locale}
    return Choices(
        channels=[Choice(channel.id, channel.name) for channel in found],
        platforms=[Choice(name, name.capitalize()) for name in sorted({channel.platform for channel in found})],
        readings=sorted((Choice(name, said(name)) for name in deps.intents()), key=lambda choice: choice.label),
        languages=sorted((Choice(code, language_name(code)) for code in spoken), key=lambda choice: choice.label),
    )
