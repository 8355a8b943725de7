"""The bodies that the API takes. Strict: wrong types and unknown keys are refused."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.domain import Action, Command, clean
from responders.types import Attachment, AttachmentKind, Author, Post


def _cleaned(value: object) -> object:
    # Before pydantic looks: it refuses lone surrogates, which JSON can write and chat clients send.
    return clean(value) if isinstance(value, str) else value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("this time is out of range") from None


Text = Annotated[str, BeforeValidator(_cleaned)]
Id = Annotated[Text, Field(min_length=1, max_length=200)]
PostText = Annotated[Text, Field(max_length=8000)]
Moment = Annotated[datetime, AfterValidator(_in_utc), Field(strict=False)]


class Body(BaseModel):
    """A JSON object from outside."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AuthorIn(Body):
    """Who wrote a post. Nobody needs to be registered."""

    id: Id
    name: Id
    is_staff: bool = False
    is_bot: bool = False


class AttachmentIn(Body):
    """What came with a post."""

    kind: AttachmentKind
    url: Annotated[Text, Field(max_length=2000)] | None = None
    title: Annotated[Text, Field(max_length=500)] | None = None


class PostIn(Body):
    """A new post."""

    id: Id = Field(default_factory=lambda: uuid.uuid4().hex)
    channel: Id
    author: AuthorIn
    text: PostText
    reply_to: Id | None = None
    """External id of a post, or of one of our replies."""
    attachments: list[AttachmentIn] = Field(default=[], max_length=10)
    at: Moment | None = None

    def post(self, platform: str, now: datetime) -> Post:
        """As the intake takes it. A post without a time, or from the future, is from now."""
        return Post(
            platform=platform,
            channel=self.channel,
            external_id=self.id,
            author=Author(**self.author.model_dump()),
            text=self.text,
            at=min(self.at or now, now),
            reply_to=self.reply_to,
            attachments=tuple(Attachment(**a.model_dump()) for a in self.attachments),
        )


class EditIn(Body):
    """What a post says now."""

    text: PostText


class CardIn(Body):
    """Nothing to say: the address names the post."""


class SkipIn(Body):
    """A post that needs no answer."""

    by: Id | None = None
    """The manager's key in config.yaml; with a session it is the session's."""


Incentive = Annotated[Text, Field(max_length=200)]
"""What somebody got from us."""


class AskIn(Body):
    """A question to the author of a post."""

    kind: Literal["stage", "answer"]
    """Whether it may be shown on stage, or passed on to others as their answer."""
    incentive: Incentive | None = None
    """What they got from us for it. It is told wherever it is shown."""
    by: Id | None = None
    """The manager's key in config.yaml; with a session it is the session's."""


class DecisionIn(Body):
    """One press of a manager."""

    revision: int = Field(ge=1, lt=2**31)
    by: Id | None = None
    """The manager's key in config.yaml; with a session it is the session's."""
    action: Annotated[Action, Field(strict=False)]
    text: Text | None = None
    slots: dict[Id, Text] = Field(default={}, max_length=50)
    alternative: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Number of one of the card's `alternatives`, from 1: `reword` lays it on the card (the first where "
        "none is named), `approve` sends it from a hand-off that has no text of its own.",
    )
    reason: Annotated[Text, Field(max_length=500)] | None = None
    minutes: int | None = Field(default=None, ge=1, le=24 * 60)
    to: Id | None = None
    intent: Id | None = None
    arrived: bool | None = None
    confirm_warnings: bool = Field(
        default=False, description="Changes nothing any more: the `warnings` of the answer are remarks to read."
    )

    def command(self, draft_id: str, by: str) -> Command:
        """As the desk takes it."""
        return Command(draft_id=draft_id, by=by, **self.model_dump(exclude={"by", "confirm_warnings"}))


class WordsIn(Body):
    """Words that somebody is writing."""

    text: Text


class HoldIn(Body):
    """Why everything is put on hold. The desk says how long it may be."""

    reason: Annotated[Text, Field(max_length=2000)]
    by: Id | None = None
    """The manager's key in config.yaml; with a session it is the session's."""
