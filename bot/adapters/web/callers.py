"""Who may use the API: a bearer token, or a session with Origin and CSRF token on everything that changes something."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Request

from bot.adapters.web.auth import Session, allowed_origins
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.problems import Problem, invalid, note
from bot.errors import StoreError
from bot.settings.model import WEB_TOKEN
from bot.settings.values import is_loopback
from bot.store import sessions
from bot.store.sessions import StoredSession

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"})
"""With all that begin with `x-forwarded-`: what proxies say of the caller behind them."""
SEEN_EVERY: Final = timedelta(minutes=5)
"""How exactly it is known when a session was used last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Somebody who may use the API. `session` is None for the bearer token, which speaks for any manager."""

    session: Session | None

    def name(self, by: str | None) -> str:
        """Whose decision it is: the session's manager, or `by` of the body. Raises Problem when nobody is named."""
        if self.session is not None:
            return self.session.manager
        if by is None:
            raise invalid("`by` is missing: name the manager who decides, by their key in config.yaml.")
        return by


async def session_of(request: Request, deps: Deps) -> Session | None:
    """The session of a request; None without one, when it was ended, and when its manager is no longer in config.yaml.

    Raises StoreError.
    """
    session = deps.keys.read_session(request.cookies.get(deps.keys.cookie, ""))
    found = await _stored(session, deps) if session else None
    if session is None or found is None:
        return None
    now = deps.clock.now()
    if now - found.seen_at >= SEEN_EVERY:
        try:
            await deps.store.write(lambda c: sessions.seen(c, session.sid, now))
        except StoreError as error:  # a page that only reads needs no database that can be written
            note(error)
    return session


async def stands(session: Session, deps: Deps) -> bool:
    """True until the session is ended. Raises StoreError."""
    return await _stored(session, deps) is not None


async def _stored(session: Session, deps: Deps) -> StoredSession | None:
    if session.manager not in deps.settings.managers:
        return None
    return await deps.store.read(lambda c: sessions.get(c, session.sid, session.manager))


def check_origin(request: Request, deps: Deps, session: Session) -> None:
    """Raise Problem unless the request comes from a page of ours that was made for this session."""
    web, key = deps.settings.web, deps.settings.key
    ours = allowed_origins(request.scope["server"][1], web.host, web.public_url, key)
    if request.headers.get("origin", "").lower() not in ours:
        raise Problem(403, "bad_origin", "This request does not come from our own pages; open the inbox and try there.")
    given = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), deps.keys.csrf(session).encode()):
        raise Problem(403, "bad_origin", "The page is out of date (its CSRF token does not fit); load it again.")


async def caller(request: Request, deps: Wired) -> Caller:
    """Who calls; for routes that anybody else must not reach. Raises Problem (401, 403) and StoreError."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() == "bearer" and deps.keys.is_token(token.strip()):
            return Caller(session=None)
        where = f"var/web_token or {deps.settings.variable(WEB_TOKEN)}"
        raise Problem(401, "unauthorized", f"The bearer token is wrong; it is in {where}.")
    session = await session_of(request, deps)
    if session is None:
        raise Problem(
            401, "unauthorized", "Send the header `Authorization: Bearer TOKEN`, or sign in with `greenroom link NAME`."
        )
    if request.method not in _SAFE:
        check_origin(request, deps, session)
    return Caller(session=session)


async def near(request: Request, deps: Wired) -> None:
    """From this machine no token is needed. A reverse proxy is on this machine too: what comes through one needs the
    token, and so does everything where `public_url` says that there is one, as not every proxy says whom it speaks for.
    """
    if not from_here(request) or deps.settings.web.public_url is not None:
        await caller(request, deps)


def from_here(request: Request) -> bool:
    """Whether the caller is a program on this machine that says of no other that it speaks for it."""
    forwarded = any(name in _FORWARDED or name.startswith("x-forwarded-") for name in request.headers)
    return not forwarded and request.client is not None and is_loopback(request.client.host)


Called = Annotated[Caller, Depends(caller)]
"""For routes that need to know who calls."""
