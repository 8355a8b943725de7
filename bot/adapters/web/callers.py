"""Who may use the API: a bearer token, or a session with Origin and CSRF token on everything that changes something."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from bot.adapters.web.auth import Session, allowed_hosts
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.problems import Problem, invalid

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Somebody who may use the API. `manager` is None for the bearer token, which speaks for any manager."""

    manager: str | None

    def name(self, by: str | None) -> str:
        """Whose decision it is: the session's manager, or `by` of the body. Raises Problem when nobody is named."""
        if self.manager is not None:
            return self.manager
        if by is None:
            raise invalid("`by` is missing: name the manager who decides, by their key in config.yaml.")
        return by


def session_of(request: Request, deps: Deps) -> Session | None:
    """The session of a request; None without one, and when its manager is no longer in config.yaml."""
    session = deps.keys.read_session(request.cookies.get(deps.keys.cookie, ""))
    return session if session and session.manager in deps.settings.managers else None


def check_origin(request: Request, deps: Deps, session: Session) -> None:
    """Raise Problem unless the request comes from a page of ours that was made for this session."""
    web = deps.settings.web
    origin = urlsplit(request.headers.get("origin", ""))
    if origin.netloc.lower() not in allowed_hosts(request.scope["server"][1], web.host, web.public_url):
        raise Problem(403, "bad_origin", "This request does not come from our own pages; open the inbox and try there.")
    given = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), deps.keys.csrf(session).encode()):
        raise Problem(403, "bad_origin", "The page is out of date (its CSRF token does not fit); load it again.")


def caller(request: Request, deps: Wired) -> Caller:
    """Who calls; for routes that anybody else must not reach. Raises Problem (401, 403)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() == "bearer" and deps.keys.is_token(token.strip()):
            return Caller(manager=None)
        raise Problem(401, "unauthorized", "The bearer token is wrong; it is in var/web_token or GREENROOM_WEB_TOKEN.")
    session = session_of(request, deps)
    if session is None:
        raise Problem(
            401, "unauthorized", "Send the header `Authorization: Bearer TOKEN`, or sign in with `greenroom link NAME`."
        )
    if request.method not in _SAFE:
        check_origin(request, deps, session)
    return Caller(manager=session.manager)


Called = Annotated[Caller, Depends(caller)]
"""For routes that need to know who calls."""
