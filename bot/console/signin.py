"""Signing in by a link, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from bot.adapters.web.auth import SESSION_SECONDS
from bot.adapters.web.callers import check_origin, session_of
from bot.adapters.web.deps import Wired

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Query(max_length=1000)]


@router.get("/signin")
async def ask(request: Request, deps: Wired, token: Token = "") -> Response:
    """A page with one button: the preview of a link in a chat opens it, but does not press."""
    link = deps.keys.read_link(token)
    manager = deps.settings.managers.get(link.manager) if link else None
    if manager is None:
        return _refuse(request, "This sign-in link is not valid, or older than ten minutes.")
    page: Response = request.app.state.pages.page("signin.html", here="door", manager=manager.name, token=token)
    return page


@router.post("/signin")
async def sign_in(request: Request, deps: Wired, token: Token = "") -> Response:
    """Use the link up and start a session."""
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return _refuse(request, "This press came from another site.")
    link = deps.keys.read_link(token)
    if link is None or link.manager not in deps.settings.managers:
        return _refuse(request, "This sign-in link is not valid, or older than ten minutes.")
    if not await deps.store.first_use(f"signin:{link.sid}", deps.clock.now()):
        return _refuse(request, "This sign-in link was used before; each works once.")
    response = RedirectResponse("/inbox", 303)
    response.set_cookie(
        deps.keys.cookie,
        deps.keys.new_session(link.manager),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=(deps.settings.web.public_url or "").startswith("https:"),
    )
    return response


@router.post("/signout", status_code=204)
async def sign_out(request: Request, deps: Wired) -> Response:
    """End the session of this browser."""
    session = session_of(request, deps)
    if session:
        check_origin(request, deps, session)
    response = Response(status_code=204)
    response.delete_cookie(deps.keys.cookie, httponly=True, samesite="strict")
    return response


def _refuse(request: Request, why: str) -> Response:
    page: Response = request.app.state.pages.page("signed_out.html", 401, here="door", why=why)
    return page
