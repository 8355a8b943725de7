"""What every page of a manager has around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request, Response

from bot.adapters.web.auth import Session
from bot.adapters.web.deps import Deps
from bot.console.figures import length
from bot.console.render import platform_name
from bot.outbox import Resting


@dataclass(frozen=True, kw_only=True, slots=True)
class Silent:
    """A platform that does not answer, in words."""

    name: str
    what: str
    rest: str
    """How many replies wait, and when it is tried again."""


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
        silent=silent(deps),
        **values,
    )


def chats(deps: Deps) -> list[str]:
    """The chat platforms that are on, as people call them."""
    return [deps.settings.platforms.chats[name].title for name in deps.settings.switched_on]


def held(request: Request, deps: Deps) -> str | None:
    """The hold that lasts, in a line; None without one. It was read along with the session."""
    lasting = request.state.hold
    return deps.desk.told_of(lasting) if lasting else None


def silent(deps: Deps) -> list[Silent]:
    """The platforms that do not answer and are left alone for a while."""
    now = deps.clock.now()
    return [
        Silent(name=platform_name(one.platform), what="does not answer", rest="; ".join(_rest(one, now)))
        for one in deps.resting()
    ]


def _rest(one: Resting, now: datetime) -> Iterator[str]:
    if one.waiting:
        yield "1 reply waits" if one.waiting == 1 else f"{one.waiting} replies wait"
    left = timedelta(seconds=math.ceil((one.until - now).total_seconds()))
    yield f"next try in {length(left)}" if left else "it is being tried now"


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
