"""The pages of managers: the inbox, the lobby where anything can be tried as a fan, and what was misread."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.adapters.web.auth import Session
from bot.adapters.web.deps import Deps, Wired
from bot.console.misread import REMEMBERED, misread
from bot.console.signin import SignedIn
from bot.domain import LOBBY, Delivery, DeliveryState, DraftState, StoredPost
from bot.events import Happened

router = APIRouter(include_in_schema=False)

SHOWN = 50
"""Cards on one page; the rest moves up as these are done."""

DECIDED = 20


@router.get("/")
async def home(_session: SignedIn) -> Response:
    """To the inbox."""
    return RedirectResponse("/inbox", 303)


@router.get("/inbox")
async def inbox(request: Request, session: SignedIn, deps: Wired) -> Response:
    """Every draft that waits, and what was decided lately."""
    waiting, more = await deps.desk.drafts(state=DraftState.WAITING, limit=SHOWN, after=None)
    snoozed, _ = await deps.desk.drafts(state=DraftState.SNOOZED, limit=SHOWN, after=None)
    return _page(
        request,
        session,
        deps,
        "inbox.html",
        waiting=waiting,
        more=more is not None,
        snoozed=snoozed,
        decided=await deps.desk.decided(limit=DECIDED),
        intents=deps.intents(),
    )


@router.get("/lobby")
async def lobby(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The channel `lobby` as a fan sees it, with a note of how each post was judged."""
    said = await deps.store.channel_page(*LOBBY)
    return _page(request, session, deps, "lobby.html", messages=_messages(said), channel=LOBBY[1])


@router.get("/misread")
async def misread_posts(request: Request, session: SignedIn, deps: Wired) -> Response:
    """What managers corrected, so that the operator writes better examples."""
    relabelled = await deps.store.events_named(Happened.DRAFT_RELABELLED, since=deps.clock.now() - REMEMBERED)
    return _page(request, session, deps, "misread.html", misread=misread(relabelled), days=REMEMBERED.days)


def _messages(said: list[StoredPost | Delivery]) -> list[dict[str, Any]]:
    """Posts and the replies that arrived, in order, each with what it answers."""
    arrived = [s for s in said if isinstance(s, StoredPost) or s.state is DeliveryState.SENT]
    arrived.sort(key=lambda s: s.post.at if isinstance(s, StoredPost) else s.sent_at or s.created_at)
    messages = [_post(s) if isinstance(s, StoredPost) else _reply(s) for s in arrived]
    known = {m["id"]: m for m in messages}
    return [{**m, "answers": known.get(m["reply_to"])} for m in messages]


def _post(stored: StoredPost) -> dict[str, Any]:
    post = stored.post
    return {
        "post": stored,
        "id": post.external_id,
        "name": post.author.name,
        "text": post.text,
        "at": post.at,
        "reply_to": post.reply_to,
    }


def _reply(reply: Delivery) -> dict[str, Any]:
    return {
        "post": None,
        "id": reply.external_id,
        "name": "",
        "text": reply.text or "",
        "at": reply.sent_at or reply.created_at,
        "reply_to": reply.target.reply_to,
    }


def _page(request: Request, session: Session, deps: Deps, name: str, **values: Any) -> Response:
    page: Response = request.app.state.pages.page(
        name,
        here=name.removesuffix(".html"),
        events=tuple(Happened),
        csrf=deps.keys.csrf(session),
        me=session.manager,
        managers=deps.settings.managers,
        faults=deps.template_faults(),
        no_reader=deps.no_reader(),
        clock_in_doubt=deps.clock_in_doubt(),
        now=deps.clock.now(),
        **values,
    )
    return page
