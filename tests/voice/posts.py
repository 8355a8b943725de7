"""The development posts, run through the real pipeline in order; each draft counts as sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import yaml

from bot.queue.context import call_name
from responders.pipeline import Pipeline
from responders.selection import opener
from responders.types import (
    Attachment,
    AttachmentKind,
    Author,
    Context,
    PastReply,
    Post,
    Proposal,
    RepliesTo,
    Turn,
)

POSTS = Path(__file__).parents[1] / "data" / "voice_posts.yaml"
BEGIN = datetime(2026, 5, 4, 6, 30, tzinfo=UTC)
PACE = timedelta(minutes=50)
"""The time between two posts of a channel. Sixty posts fill two days, nights included."""
NEAR, FRESH = 20, 50
"""How many turns before a post, and how many past replies, the store loads."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A post, its label, and what became of it."""

    channel: str
    want: str
    post: Post
    proposal: Proposal

    @property
    def text(self) -> str | None:
        """The draft's words, or None."""
        return self.proposal.candidate and self.proposal.candidate.text


def read_posts(path: Path = POSTS) -> dict[str, list[dict[str, Any]]]:
    """The posts by channel, as the file has them."""
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def tell(pipeline: Pipeline) -> list[Told]:
    """All posts, channel by channel."""
    return [told for channel, posts in read_posts().items() for told in Talk(pipeline, channel).run(posts)]


class Talk:
    """One channel while its posts come in: what was said so far, and our own replies, newest first."""

    def __init__(
        self, pipeline: Pipeline, channel: str, *, locale: str = "en", begin: datetime = BEGIN, pace: timedelta = PACE
    ) -> None:
        """Nothing has been said yet."""
        self._pipeline, self._channel, self._locale, self._pace = pipeline, channel, locale, pace
        self._now = begin
        self._turns: list[tuple[str, Turn]] = []
        self._replies: list[tuple[str, PastReply]] = []

    def run(self, posts: Sequence[dict[str, Any]]) -> Iterator[Told]:
        """What becomes of each post: `by` whom, `text`, `want`, and perhaps `to` and `with`."""
        for number, entry in enumerate(posts):
            fan = entry["by"]
            kind = entry.get("with")
            post = Post(
                platform="web",
                channel=self._channel,
                external_id=f"{self._channel}-{number}",
                author=Author(id=fan, name=fan),
                text=entry["text"],
                at=self._now,
                attachments=(Attachment(kind=cast("AttachmentKind", kind)),) if kind else (),
            )
            proposal = self._pipeline.run(post, self._context(fan, cast("RepliesTo", entry.get("to", "nobody"))))
            self._turns.append((fan, Turn(role="fan", name=fan, text=post.text, at=self._now, in_thread=False)))
            self._keep(fan, proposal)
            self._now += self._pace
            yield Told(channel=self._channel, want=entry["want"], post=post, proposal=proposal)

    def _context(self, fan: str, replies_to: RepliesTo) -> Context:
        turns = self._turns[-NEAR:]
        before = tuple(t if name != fan or t.role == "us" else _by_author(t) for name, t in turns)
        newest = self._replies[::-1]
        kept = {id(r) for _, r in newest[:FRESH]} | {id(r) for name, r in newest if name == fan}
        return Context(
            now=self._now,
            community="Lantern Harbor",
            locale=self._locale,
            channel_name=self._channel,
            replies_to=replies_to,
            addressed=replies_to == "us",
            before=before,
            past_replies=tuple(_to_fan(r, name == fan) for name, r in newest if id(r) in kept),
            call_name=call_name(fan),
        )

    def _keep(self, fan: str, proposal: Proposal) -> None:
        if not (said := proposal.candidate):
            return
        self._turns.append((fan, Turn(role="us", name="", text=said.text, at=self._now, in_thread=False)))
        reply = PastReply(
            text=said.text,
            opener=opener(said.text),
            template=said.template,
            variant=said.variant,
            at=self._now,
            same_channel=True,
            same_fan=False,
        )
        self._replies.append((fan, reply))


def _by_author(turn: Turn) -> Turn:
    return Turn(role="author", name=turn.name, text=turn.text, at=turn.at, in_thread=turn.in_thread)


def _to_fan(reply: PastReply, same_fan: bool) -> PastReply:
    return PastReply(
        text=reply.text,
        opener=reply.opener,
        template=reply.template,
        variant=reply.variant,
        at=reply.at,
        same_channel=reply.same_channel,
        same_fan=same_fan,
    )
