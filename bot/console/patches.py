"""Patches in the console: what managers would rather say, taken into the operator's file or dropped."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from bot.adapters.web.callers import Called, Caller
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.models import Body
from bot.adapters.web.problems import Problem
from bot.console.shell import fragment
from bot.errors import NotDone
from bot.events import Happened
from bot.insights.coverage import mondays
from bot.insights.patches import Patch, Patched
from bot.insights.taking import settle, take, waiting
from bot.store import Connection, events

router = APIRouter(include_in_schema=False)

WEEKS: Final = 4
"""In which edits are looked for."""
LONGEST: Final = 2_000
"""Characters of a wording."""


async def patches(deps: Deps) -> list[Patched]:
    """Those that wait."""
    since = mondays(deps.clock.now(), deps.settings.community.timezone, WEEKS)[0]
    library = deps.pipeline().library
    return await deps.store.read(lambda c: waiting(c, library, deps.settings, since))


class TakeIn(Body):
    """The words of a patch as a person leaves them."""

    text: Annotated[str, Field(max_length=LONGEST)]


Id = Annotated[str, Path(pattern="^[0-9a-f]{6}$")]


@router.post("/templates/patches/{patch_id}/take")
async def taken(request: Request, patch_id: Id, body: TakeIn, deps: Wired, who: Called) -> Response:
    """Write a patch into its file, and say where it stands."""
    by = _by_whom(who)
    lock: asyncio.Lock = request.app.state.taking
    async with lock:
        patch = await _waiting(deps, patch_id)
        try:
            done = await asyncio.to_thread(take, patch, deps.settings, deps.tried, body.text)
        except NotDone as refusal:
            raise Problem(409, "refused", str(refusal)) from None
        await _note(deps, Happened.PATCH_TAKEN, by, patch)
    return fragment(request, by, deps, "templates_taken.html", done=done, patch=patch)


@router.post("/templates/patches/{patch_id}/drop", status_code=204)
async def dropped(patch_id: Id, deps: Wired, who: Called) -> None:
    """Offer a patch no more."""
    by = _by_whom(who)
    patch = await _waiting(deps, patch_id)
    try:
        await asyncio.to_thread(settle, deps.settings.var, patch.covers)
    except NotDone as refusal:
        raise Problem(409, "refused", str(refusal)) from None
    await _note(deps, Happened.PATCH_DROPPED, by, patch)


def _by_whom(who: Caller) -> str:
    if who.session is None:
        raise Problem(403, "session_needed", "Only a manager who is signed in can take a patch here.")
    return who.session.manager


async def _waiting(deps: Deps, patch_id: str) -> Patch:
    for one in await patches(deps):
        for patch in one.patches:
            if patch.id == patch_id:
                return patch
    raise Problem(404, "not_found", "This patch waits no more; load the page again.")


async def _note(deps: Deps, name: Happened, by: str, patch: Patch) -> None:
    now = deps.clock.now()

    def operation(connection: Connection) -> None:
        events.append(connection, name, now, by=by, template=patch.template, variant=patch.variant)

    await deps.store.write(operation)
