"""What works: how much goes out as it is, what became of each wording, and the wordings that managers would rather
say. It counts wordings, never people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from bot.adapters.web.deps import Wired
from bot.console.chart import SHARE_LINES, shares
from bot.console.patches import patches
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.console.templates import address, titles_of
from bot.insights.coverage import mondays
from bot.insights.wordings import ENDS, FEW, Became, what_works
from bot.store import assistant, wordings
from bot.store.assistant import NOT_ASKED, End
from responders.library.model import Library

router = APIRouter(include_in_schema=False)

SPANS: Final = (4, 12, 52)
"""Weeks that can be chosen."""
SHOWN: Final = 12
"""Weeks that the drawing has room for."""


class Order(StrEnum):
    """How the wordings are sorted."""

    USED = "used"
    AS_IT_IS = "as_it_is"
    EDITED = "edited"
    REPLACED = "replaced"
    SKIPPED = "skipped"
    NAME = "name"


ORDERS: Final[dict[Order, str]] = {
    Order.USED: "On cards",
    Order.AS_IT_IS: "Sent as it is",
    Order.EDITED: "Edited",
    Order.REPLACED: "Another taken",
    Order.SKIPPED: "Skipped",
}
"""The columns with numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A wording in the table."""

    title: str
    address: str
    """Of its situation; empty if its file is gone."""
    one: Became


@router.get("/templates/works")
async def works(
    request: Request,
    session: SignedIn,
    deps: Wired,
    weeks: Annotated[int, Query(ge=1, le=52)] = SPANS[0],
    sort: Order = Order.USED,
) -> Response:
    """The page."""
    community, library = deps.settings.community, deps.pipeline().library
    begun = mondays(deps.clock.now(), community.timezone, weeks)
    counted, asked = await deps.store.read(lambda c: (wordings.counted(c, begun), assistant.used(c, begun[0])))
    told = what_works(counted, library, begun, community.timezone)
    titles = titles_of(library, community.locale)
    rows = [_row(one, library, titles) for one in told.wordings]
    by_week = list(zip(told.weeks, told.sent, strict=True))
    drawn = by_week[-SHOWN:]
    return page(
        request,
        session,
        deps,
        "templates_works.html",
        told=told,
        asked=asked,
        ends={ENDS[End(name)]: number for name, number in asked.ends.items() if name not in NOT_ASKED},
        weeks=weeks,
        spans=sorted({*SPANS, weeks}),
        sort=sort,
        orders=ORDERS,
        rows=sorted(rows, key=_by(sort)),
        by_week=by_week,
        drawn=list(zip(drawn, shares([sent.percent for _, sent in drawn]), strict=True)),
        lines=SHARE_LINES,
        unused=_unused(told.unused, library, titles),
        few=FEW,
        patched=[(one, _row(one.wording, library, titles)) for one in await patches(deps)],
    )


def _row(one: Became, library: Library, titles: dict[tuple[str, str], str]) -> Row:
    template = library.by_key.get(one.template)
    if one.by_model:
        return Row(title="Written by a language model", address="", one=one)
    if template is None:
        return Row(title=one.template, address="", one=one)
    name = template.intent, template.id
    return Row(title=titles[name], address=address(*name), one=one)


def _by(sort: Order) -> Callable[[Row], tuple[Any, ...]]:
    def key(row: Row) -> tuple[Any, ...]:
        name = (row.title.casefold(), row.one.template, row.one.variant)
        return name if sort is Order.NAME else (-getattr(row.one, sort), *name)

    return key


def _unused(
    unused: Sequence[tuple[str, str]], library: Library, titles: dict[tuple[str, str], str]
) -> list[tuple[str, str, int]]:
    """The situations with wordings that were never used: title, address, how many."""
    counts: dict[tuple[str, str], int] = {}
    for key, _ in unused:
        template = library.by_key[key]
        name = template.intent, template.id
        counts[name] = counts.get(name, 0) + 1
    return sorted(((titles[name], address(*name), n) for name, n in counts.items()), key=lambda one: one[0].casefold())
