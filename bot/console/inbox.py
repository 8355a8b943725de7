"""The inbox: every card that waits, and what was decided lately."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.adapters.web.deps import Wired
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.domain import DraftState

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
    return page(
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
