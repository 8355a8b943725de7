"""The stage page: questions to fans, what is shown with their yes, answers that are kept, and who may like to meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from bot.adapters.web.callers import Called
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.models import Body, Id
from bot.consent import Consent, Kind, Scope
from bot.console.render import platform_name
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.domain import Draft, StoredPost
from bot.people import introductions
from bot.store import Connection, consents, drafts, posts

router = APIRouter(include_in_schema=False)

SCOPES = {Scope.HERE: "in the community", Scope.SITE: "here and on our site", Scope.EVERYWHERE: "everywhere"}
KINDS = {
    Kind.STAGE: "the stage",
    Kind.ANSWER: "a kept answer",
    Kind.INTRODUCTION: "an introduction",
    Kind.MEMORY: "being remembered",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A message that is no reply, and waits for a yes of the team."""

    draft: Draft
    who: str
    fan: str
    """Platform and id, as the inbox filters by them."""
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A yes, or an open question, with whose it is."""

    consent: Consent
    who: str
    """As `who` says."""
    place: str
    link: str | None
    """The address of the post on its platform."""
    since: datetime | None = None
    """Since when it is on stage."""
    public: bool = False
    """Whether the public page shows it."""


class BothIn(Body):
    """Two people who are asked, by the posts under which the questions will stand."""

    first: Id
    second: Id


@router.get("/stage")
async def stage(request: Request, session: SignedIn, deps: Wired) -> Response:
    """What waits, and what is on stage."""
    now = deps.clock.now()

    def query(connection: Connection) -> tuple[list[Waiting], list[Shown], list[Shown]]:
        found = drafts.no_replies(connection)
        about = {post.id: post for post in posts.some(connection, list({draft.post_id for draft in found}))}
        waiting = [_waiting(draft, about[draft.post_id]) for draft in found if draft.post_id in about]
        asked = [consent for consent in consents.open_questions(connection) if consent.kind is not Kind.MEMORY]
        on_stage = [one for one in consents.on_stage(connection) if one[0].counts(now)]
        shown = _shown(connection, [consent for consent, _ in on_stage], deps, {c.id: at for c, at in on_stage})
        return waiting, _shown(connection, asked, deps), shown[::-1]

    waiting, asked, shown = await deps.store.read(query)
    return page(
        request,
        session,
        deps,
        "stage.html",
        waiting=waiting,
        asked=asked,
        shown=shown,
        folder=deps.settings.public_pages / "stage",
        kinds=KINDS,
        scopes=SCOPES,
    )


@router.get("/stage/answers")
async def answers(request: Request, session: SignedIn, deps: Wired) -> Response:
    """Answers of fans that may be passed on."""
    now = deps.clock.now()

    def query(connection: Connection) -> list[Shown]:
        given = [one for one in consents.given(connection, Kind.ANSWER) if one.counts(now) and one.work]
        return _shown(connection, given, deps)[::-1]

    return page(request, session, deps, "stage_answers.html", answers=await deps.store.read(query))


@router.get("/stage/introductions")
async def meet(request: Request, session: SignedIn, deps: Wired) -> Response:
    """People who want the same thing known."""
    now = deps.clock.now()
    pairs = await deps.store.read(lambda c: introductions.found(c, now))
    return page(request, session, deps, "stage_introductions.html", pairs=pairs, most=introductions.SHOWN)


@router.post("/stage/introductions", status_code=204)
async def ask_both(body: BothIn, who: Called, deps: Wired) -> None:
    """Put a question to each of two people on the desk."""
    await deps.asks.introduce(body.first, body.second, who.name(None))


def _waiting(draft: Draft, post: StoredPost) -> Waiting:
    author = post.post.author
    return Waiting(draft=draft, who=who(post), fan=f"{post.post.platform}:{author.id}", place=place(post))


def _shown(
    connection: Connection, found: list[Consent], deps: Deps, since: dict[str, datetime] | None = None
) -> list[Shown]:
    ids = list({consent.post_id for consent in found if consent.post_id})
    about = {post.id: post for post in posts.some(connection, ids)}
    return [_one(consent, about.get(consent.post_id or ""), deps, (since or {}).get(consent.id)) for consent in found]


def _one(consent: Consent, post: StoredPost | None, deps: Deps, since: datetime | None) -> Shown:
    there = post.post if post and not post.deleted else None
    return Shown(
        consent=consent,
        who=who(post, consent.credit),
        place=place(post) if post else platform_name(consent.platform),
        link=deps.message_link(there.platform, there.channel, there.external_id) if there else None,
        since=since,
        public=since is not None and bool(consent.work) and consent.scope in (Scope.SITE, Scope.EVERYWHERE),
    )


def who(post: StoredPost | None, credit: str | None = None) -> str:
    """A fan's name as the platform shows it; where that is not kept, the name that they chose, else "a fan"."""
    return (post.post.author.name if post else "") or credit or "a fan"


def place(post: StoredPost) -> str:
    """Where a post stands."""
    return f"{post.post.place.name or post.post.channel} · {platform_name(post.post.platform)}"
