"""Pages from Jinja files. Everything is escaped; a page never says what it was not given."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.adapters.chat.words import link_host
from bot.domain import Draft, DraftState, StoredPost
from responders.said import said


class Renderer:
    """The pages of one app."""

    def __init__(self, folder: Path, community: str, name_of: Callable[[str], str], zone: tzinfo = UTC) -> None:
        """`community` stands at the top of each page; `name_of` gives the name for a manager's key; times of day are
        shown in `zone`."""
        env = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters = {
            "address": card_address,
            "ago": ago,
            "clock": partial(clock, zone=zone),
            "host": link_host,
            "number": "{:,}".format,
            "sureness": sureness,
            "web_link": web_link,
            "words": said,
        }
        env.filters |= filters
        env.globals |= {"community": community, "name_of": name_of}
        self._env = env

    def page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """One page as an answer."""
        return HTMLResponse(self._env.get_template(name).render(**values), status)


_VIEWS = {DraftState.WAITING: "waiting", DraftState.SNOOZED: "snoozed"}


def card_address(draft: Draft, post: StoredPost) -> str:
    """Where a card stands in the inbox, among those of its fan."""
    fan = f"{post.post.platform}:{post.post.author.id}"
    return f"/inbox?{urlencode({'view': _VIEWS.get(draft.state, 'decided'), 'fan': fan})}#draft-{draft.id}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit: "just now", "5 min ago", "3 h ago", "2 days ago"."""
    seconds = int((now - moment).total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return "just now"
    for unit, length in ((" days", 2 * 86_400), (" h", 3600), (" min", 60)):
        if seconds >= length:
            return f"{seconds // (86_400 if unit == ' days' else length)}{unit} ago"
    return "just now"


def sureness(why: str) -> tuple[str, str]:
    """How sure the program is of what it says ("sure", "likely", "a guess", or empty), and the sentence without it."""
    found = _SURENESS.search(why)
    return (found[1], _SURENESS.sub("", why, count=1)) if found else ("", why)


_SURENESS = re.compile(r" \((sure|likely|a guess)\)")


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """The time of day in a time zone, with the date unless it is today there."""
    at = moment.astimezone(zone)
    today = at.date() == now.astimezone(zone).date()
    return at.strftime("%H:%M %Z" if today else "%Y-%m-%d %H:%M %Z")


def web_link(url: str | None) -> str | None:
    """The address if a browser may open it, else None: a fan may have sent `javascript:`."""
    return url if link_host(url) else None


def platform_name(name: str) -> str:
    """A platform's or a part's name as people write it."""
    return name[:1].upper() + name[1:]
