"""The platforms that do not answer, as they stand at the top of every page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.adapters.web.deps import Wired
from bot.console.shell import fragment, silent
from bot.console.signin import SignedIn

router = APIRouter(include_in_schema=False)


@router.get("/resting")
async def resting(request: Request, session: SignedIn, deps: Wired) -> Response:
    """A line for each; nothing while all answer."""
    return fragment(request, session.manager, deps, "resting.html", silent=silent(deps))
