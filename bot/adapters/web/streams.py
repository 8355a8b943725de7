"""Where a stream of server-sent events begins, so that between a page and its stream nothing is missed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Query

from bot.adapters.web.deps import Wired


async def newest_event(deps: Wired) -> int:
    """The number of the newest event. A page looks it up before what it shows, and its stream begins there."""
    return await deps.store.last_event()


Newest = Annotated[int, Depends(newest_event)]


async def start_of(
    newest: Newest,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> int:
    """A stream brings what happened after this event: the last one that the client had, else the one that it names as
    `after`, else the newest. Looked up before the answer starts, so that what happens from then on is in it."""
    known = after if last_event_id is None else last_event_id
    return newest if known is None else min(known, newest)


StreamStart = Annotated[int, Depends(start_of)]
