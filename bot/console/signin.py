"""Signing in by a link, and out."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from bot.adapters.web.auth import SESSION_SECONDS, Session
from bot.adapters.web.callers import check_origin, session_of
from bot.adapters.web.deps import Wired
from bot.console.shell import chats
from bot.store import sessions

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Query(max_length=1000)]


class SignedOut(Exception):
    """A page for managers was asked for without a session."""


async def signed_in(request: Request, deps: Wired) -> Session:
    """Whose page it is; looked at before anything else, with the hold that every page tells of.

    Raises SignedOut and StoreError.
    """
    session = await session_of(request, deps)
    if session is None:
        raise SignedOut
    request.state.hold = await deps.desk.on_hold()
    return session


SignedIn = Annotated[Session, Depends(signed_in)]
"""For pages that only managers see."""


@router.get("/signin")
async def ask(request: Request, deps: Wired, token: Token = "") -> Response:
    """A page with one button: the preview of a link in a chat opens it, but does not press."""
    link = deps.keys.read_link(token)
    manager = deps.settings.managers.get(link.manager) if link else None
    if manager is None:
        return refuse(request, "This sign-in link is not valid, or older than ten minutes.")
    page: Response = request.app.state.pages.page("signin.html", here="door", manager=manager.name, token=token)
    return page


@router.post("/signin")
async def sign_in(request: Request, deps: Wired, token: Token = "") -> Response:
    """Use the link up and start a session."""
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return refuse(request, "This press came from another site.")
    link = deps.keys.read_link(token)
    if link is None or link.manager not in deps.settings.managers:
        return refuse(request, "This sign-in link is not valid, or older than ten minutes.")
    now = deps.clock.now()
    if not await deps.store.first_use(f"signin:{link.sid}", now):
        return refuse(request, "This sign-in link was used before; each works once.")
    sid, outdated = secrets.token_urlsafe(16), now - timedelta(seconds=SESSION_SECONDS)
    device = device_of(request.headers.get("user-agent", ""))
    await deps.store.write(lambda c: sessions.begin(c, sid, link.manager, device, now, drop_before=outdated))
    response = RedirectResponse("/inbox", 303)
    response.set_cookie(
        deps.keys.cookie,
        deps.keys.new_session(link.manager, sid),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=(deps.settings.web.public_url or "").startswith("https:"),
    )
    return response


@router.post("/signout", status_code=204)
async def sign_out(request: Request, deps: Wired, *, everywhere: bool = False) -> Response:
    """End the session of this browser, or all sessions of its manager. A copied cookie is worth nothing afterwards."""
    session = await session_of(request, deps)
    if session:
        check_origin(request, deps, session)
        if everywhere:
            await deps.store.write(lambda c: sessions.end_all(c, session.manager))
        else:
            await deps.store.write(lambda c: sessions.end(c, sessions.id_of(session.sid)))
        request.app.state.presence.leave(session.sid)
    response = Response(status_code=204)
    response.delete_cookie(deps.keys.cookie, httponly=True, samesite="strict")
    return response


_BROWSERS: Final = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""What a User-Agent holds -> the browser's name. Most browsers also claim to be those further down."""
_SYSTEMS: Final = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
"""The same for systems."""


def device_of(user_agent: str) -> str:
    """What a browser says it is, in words: "Firefox on Android". Nothing else of what it says is stored."""
    browser = next((name for part, name in _BROWSERS.items() if part in user_agent), "Unknown browser")
    system = next((name for part, name in _SYSTEMS.items() if part in user_agent), None)
    return f"{browser} on {system}" if system else browser


def refuse(request: Request, why: str) -> Response:
    """The page at the door."""
    on = chats(request.app.state.deps)
    page: Response = request.app.state.pages.page("signed_out.html", 401, here="door", why=why, chats=on)
    return page
