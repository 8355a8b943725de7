"""Whether everything is kept back, as it stands at the top of every page. The API begins and lifts a hold."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.adapters.web.deps import Wired
from bot.console.shell import fragment, held
from bot.console.signin import SignedIn

router = APIRouter(include_in_schema=False)


@router.get("/hold")
async def hold(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The line for the top of a page; empty while nothing is kept back."""
    return fragment(request, session.manager, deps, "hold.html", held=held(request, deps))
