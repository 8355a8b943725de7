"""What every page of a manager has around it."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from bot.adapters.web.auth import Session
from bot.adapters.web.deps import Deps


def page(request: Request, session: Session, deps: Deps, name: str, **values: Any) -> Response:
    """A page of `bot/console/pages` with the bar, who is signed in, and what is wrong just now. `templates_check.html`
    belongs to `templates` in the bar."""
    return fragment(
        request,
        session.manager,
        deps,
        name,
        here=name.removesuffix(".html").partition("_")[0],
        csrf=deps.keys.csrf(session),
        faults=deps.template_faults(),
        no_reader=deps.no_reader(),
        clock_in_doubt=deps.clock_in_doubt(),
        held=held(request, deps),
        **values,
    )


def held(request: Request, deps: Deps) -> str | None:
    """The hold that lasts, in a line; None without one. It was read along with the session."""
    lasting = request.state.hold
    return deps.desk.told_of(lasting) if lasting else None


def fragment(request: Request, me: str, deps: Deps, name: str, *, status: int = 200, **values: Any) -> Response:
    """A part of a page, as the manager `me` sees it."""
    made: Response = request.app.state.pages.page(
        name,
        status,
        me=me,
        managers=deps.settings.managers,
        text_limit=deps.desk.text_limit,
        now=deps.clock.now(),
        **values,
    )
    return made
