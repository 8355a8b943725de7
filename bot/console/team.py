"""The team page: the managers, where each may decide, who is here, and the sessions that are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from bot.adapters.web.auth import SESSION_SECONDS
from bot.adapters.web.callers import Called
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.problems import Problem, missing
from bot.console.presence import Presence
from bot.console.shell import chats, page
from bot.console.signin import SignedIn
from bot.events import Happened
from bot.store import Connection, cards, events, sessions
from bot.store.sessions import StoredSession

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A manager of config.yaml."""

    key: str
    name: str
    roles: tuple[str, ...]
    """What they are called for, in words."""
    decides: tuple[str, ...]
    """Where they may decide: the platforms that know them, and the console."""
    here: bool
    """Whether they have the inbox open."""
    seen_at: datetime | None
    """When a session of theirs was used last; None if they have none."""
    sessions: tuple[StoredSession, ...]


@router.get("/team")
async def team(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The page."""

    def query(connection: Connection) -> tuple[list[StoredSession], dict[str, str]]:
        return sessions.standing(connection, _begun(deps)), cards.role_holder_names(connection)

    standing, by_role = await deps.store.read(query)
    return page(
        request,
        session,
        deps,
        "team.html",
        members=_members(deps, standing, request.app.state.presence, session.manager),
        by_role=sorted(name for key, name in by_role.items() if deps.settings.may_decide(key)),
        this=sessions.id_of(session.sid),
        chats=chats(deps),
    )


@router.delete("/team/sessions/{session_id}", status_code=204)
async def end_session(session_id: str, deps: Wired, who: Called) -> None:
    """End a session. That of another manager is told in the audit trail."""
    if who.session is None:
        raise Problem(403, "session_needed", "Only a manager who is signed in can end a session.")
    me, now = who.session.manager, deps.clock.now()

    def operation(connection: Connection) -> bool:
        ended = sessions.end(connection, session_id)
        if ended and ended.manager != me:
            events.append(connection, Happened.SESSION_ENDED, now, by=me, of=ended.manager, device=ended.device)
        return ended is not None

    if not await deps.store.write(operation):
        raise missing("session", "the team page")


def _begun(deps: Deps) -> datetime:
    """A session from before this has expired."""
    return deps.clock.now() - timedelta(seconds=SESSION_SECONDS)


def _members(deps: Deps, standing: list[StoredSession], presence: Presence, me: str) -> list[Member]:
    settings = deps.settings
    chats = [section for name, section in settings.platforms.chats.items() if name in settings.switched_on]
    reports, present = settings.privacy.reports or settings.on_call, presence.here() | {me}
    members = []
    for key, manager in settings.managers.items():
        own = tuple(session for session in standing if session.manager == key)
        seen_at = max((session.seen_at for session in own), default=None)
        members.append(
            Member(
                key=key,
                name=manager.name,
                roles=(
                    *(["on call"] if key == settings.on_call else []),
                    *(["gets reports"] if key == reports else []),
                ),
                decides=(*(chat.title for chat in chats if manager.account(chat.name)), "the console"),
                here=key in present,
                seen_at=seen_at,
                sessions=own,
            )
        )
    return sorted(members, key=lambda member: (member.key != me, member.name.casefold()))
