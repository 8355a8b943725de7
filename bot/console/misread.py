"""What managers corrected, for the operator who writes the examples: "not this intent" leads to better reading."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from bot.adapters.web.deps import Wired
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.events import Happened
from bot.insights.misread import misread

router = APIRouter(include_in_schema=False)

REMEMBERED = timedelta(days=30)
"""What was corrected longer ago says little about the examples of today."""


@router.get("/templates/misread")
async def misread_posts(request: Request, session: SignedIn, deps: Wired) -> Response:
    """What managers corrected, so that the operator writes better examples."""
    relabelled = await deps.store.events_named(Happened.DRAFT_RELABELLED, since=deps.clock.now() - REMEMBERED)
    return page(
        request,
        session,
        deps,
        "templates_misread.html",
        misread=misread(relabelled),
        days=REMEMBERED.days,
        folder=deps.settings.templates.name,
    )
