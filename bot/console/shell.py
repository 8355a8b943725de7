"""What every page of a manager has around it."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from bot.adapters.web.auth import Session
from bot.adapters.web.deps import Deps
from bot.events import Happened


def page(request: Request, session: Session, deps: Deps, name: str, **values: Any) -> Response:
    """A page of `bot/console/pages` with the bar, who is signed in, and what is wrong just now."""
    made: Response = request.app.state.pages.page(
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
    return made
