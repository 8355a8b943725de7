"""The board of what was heard: topics with their counts, what becomes of each, and who of the team looks after it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from bot.adapters.web.callers import Called
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.models import Body, Id, Text
from bot.adapters.web.problems import invalid
from bot.console.render import platform_name
from bot.console.shell import fragment, page
from bot.console.signin import SignedIn
from bot.domain import StoredPost
from bot.insights.digest_text import STATES
from bot.insights.digests import troubles
from bot.store import Connection, answers, topics
from bot.store.topics import Topic, TopicState
from responders.understanding.grouping import key_words

router = APIRouter(include_in_schema=False)

WEEKS: Final = 8
"""How far back the small drawing goes."""
EXAMPLES: Final = 3
MOST: Final = 60
"""Topics on a page; those that are heard more come first."""
_WIDTH, _HEIGHT = 10.0, 28.0
"""Of a bar of the drawing with the gap beside it, and of the highest one."""

State = Annotated[TopicState, Query()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A week of the drawing."""

    x: float
    height: float
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A post in a topic."""

    post_id: str
    text: str
    at: datetime
    place: str
    link: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A topic as the board shows it."""

    topic: Topic
    weeks: tuple[Bar, ...]
    this_week: int
    """Its posts of the last seven days."""
    examples: tuple[Example, ...]
    about: tuple[str, ...]
    """Words that its examples have in common, where nobody has named it."""
    waiting: int
    """Drafts that tell fans what became of it, and wait."""


class NameIn(Body):
    """A name for a topic."""

    name: Text


class TeamIn(Body):
    """The key of a team; None: nobody's."""

    team: Id | None


class MarkIn(Body):
    """What becomes of a topic, in words that fans read."""

    state: Text
    name: Text
    reason: Text


class MergeIn(Body):
    """The topic that it is merged into."""

    into: Id


class MoveIn(Body):
    """The topic that a post belongs to; None: a new one of its own."""

    topic_id: Id | None


@router.get("/heard")
async def heard(request: Request, session: SignedIn, deps: Wired, state: State = TopicState.OPEN) -> Response:
    """The page."""
    return page(request, session, deps, "heard.html", **await _board(deps, state))


@router.get("/heard/topics")
async def board(request: Request, session: SignedIn, deps: Wired, state: State = TopicState.OPEN) -> Response:
    """The part with the topics."""
    return fragment(request, session.manager, deps, "heard_topics.html", **await _board(deps, state))


@router.put("/heard/topics/{topic_id}/name", status_code=204)
async def name(topic_id: str, body: NameIn, deps: Wired, who: Called) -> None:
    """Name a topic."""
    await deps.board.name(topic_id, body.name, who.name(None))


@router.put("/heard/topics/{topic_id}/team", status_code=204)
async def assign(topic_id: str, body: TeamIn, deps: Wired, who: Called) -> None:
    """Pass a topic on to a team."""
    if body.team is not None and body.team not in deps.settings.teams:
        raise invalid("There is no such team in config.yaml.")
    await deps.board.assign(topic_id, body.team, who.name(None))


@router.put("/heard/topics/{topic_id}/mark")
async def mark(topic_id: str, body: MarkIn, deps: Wired, who: Called) -> dict[str, int]:
    """Mark a topic as done, planned or not planned. `drafts`: how many fans are to be told."""
    if body.state not in set(TopicState):
        raise invalid("`state` must be done, planned or not_planned.")
    drafts = await deps.board.mark(topic_id, TopicState(body.state), body.name, body.reason, who.name(None))
    return {"drafts": drafts}


@router.delete("/heard/topics/{topic_id}/mark")
async def unmark(topic_id: str, deps: Wired, who: Called) -> dict[str, int]:
    """Take a mark back. `drafts`: how many were withdrawn."""
    return {"drafts": await deps.board.unmark(topic_id, who.name(None))}


@router.post("/heard/topics/{topic_id}/merge", status_code=204)
async def merge(topic_id: str, body: MergeIn, deps: Wired, who: Called) -> None:
    """Merge a topic into another one."""
    await deps.board.merge(topic_id, body.into, who.name(None))


@router.put("/heard/posts/{post_id}/topic")
async def move(post_id: str, body: MoveIn, deps: Wired, who: Called) -> dict[str, str]:
    """Move a post to another topic."""
    return {"topic_id": await deps.board.move(post_id, body.topic_id, who.name(None))}


async def _board(deps: Deps, state: TopicState) -> dict[str, Any]:
    now = deps.clock.now()

    def query(connection: Connection) -> dict[str, Any]:
        every = topics.every(connection)
        chosen = [topic for topic in every if topic.state is state]
        moments: defaultdict[str, list[datetime]] = defaultdict(list)
        for topic_id, at in answers.topic_voices(connection, now - timedelta(weeks=WEEKS)):
            moments[topic_id].append(at)
        posts = {topic.id: topics.newest(connection, topic.id, EXAMPLES) for topic in chosen[:MOST]}
        waiting = topics.waiting(connection)
        return {
            "lines": [
                _line(topic, _weeks(moments[topic.id], now), posts, waiting.get(topic.id, 0), deps)
                for topic in chosen[:MOST]
            ],
            "left": len(chosen[MOST:]),
            "others": [(topic.id, _called(topic)) for topic in every],
            "counts": Counter(str(topic.state) for topic in every),
            "troubles": troubles(connection, deps.settings),
        }

    found = await deps.store.read(query)
    folder = deps.settings.public_pages / "heard"
    return {**found, "state": str(state), "states": _STATES, "teams": deps.settings.teams, "folder": folder}


_STATES: Final = {str(state): words.capitalize() for state, words in STATES.items()}


def _called(topic: Topic) -> str:
    """Several may be called the same until somebody names them."""
    return topic.name if topic.named_by else f"{topic.name}, {topic.count} post{'' if topic.count == 1 else 's'}"


def _line(
    topic: Topic, weeks: tuple[Bar, ...], posts: Mapping[str, Sequence[StoredPost]], waiting: int, deps: Deps
) -> Line:
    own = [post.post.text for post in posts[topic.id]]
    elsewhere = [post.post.text for other, some in posts.items() if other != topic.id for post in some]
    return Line(
        topic=topic,
        weeks=weeks,
        this_week=weeks[-1].count,
        examples=tuple(_example(post, deps) for post in posts[topic.id]),
        about=key_words(own, elsewhere) if len(own) > 1 and not topic.named_by else (),
        waiting=waiting,
    )


def _weeks(moments: Sequence[datetime], now: datetime) -> tuple[Bar, ...]:
    """How many posts each of the last weeks had, the oldest first."""
    counts = Counter(WEEKS - 1 - max(0, (now - at) // timedelta(weeks=1)) for at in moments)
    highest = max([1, *(counts[week] for week in range(WEEKS))])
    return tuple(
        Bar(x=week * _WIDTH, height=round(_HEIGHT * counts[week] / highest, 2), count=counts[week])
        for week in range(WEEKS)
    )


def _example(post: StoredPost, deps: Deps) -> Example:
    inner = post.post
    return Example(
        post_id=post.id,
        text=inner.text,
        at=inner.at,
        place=f"{inner.place.name or inner.channel} · {platform_name(inner.platform)}",
        link=deps.message_link(inner.platform, inner.channel, inner.external_id),
    )
