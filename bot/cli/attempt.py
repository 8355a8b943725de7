"""`try`: what would become of one post. Nothing is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.common import Config, load_pipeline, load_settings
from bot.cli.understand import as_dict as understood
from bot.domain import clean
from bot.settings import Listen, Settings
from responders.library.model import Library
from responders.types import Author, Candidate, Context, Post, Proposal


def attempt(
    text: Annotated[str, typer.Argument(help="What a fan writes.")],
    channel: Annotated[str, typer.Option(help="Where; its language and manner are those of config.yaml.")] = "general",
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    config: Config = None,
) -> None:
    """Show what would become of a post and why; nothing is stored and nothing is sent."""
    settings = load_settings(config)
    pipeline = load_pipeline(settings)
    now = datetime.now(UTC)
    author = Author(id="fan", name="Fan")
    post = Post(platform="web", channel=channel, external_id="try", author=author, text=clean(text), at=now)
    proposal = pipeline.run(post, _context(settings, channel, now))
    if as_json:
        typer.echo(json.dumps(as_dict(proposal, pipeline.library), ensure_ascii=False, indent=2))
    else:
        typer.echo(_in_words(proposal))


def _context(settings: Settings, channel: str, now: datetime) -> Context:
    heard = (*settings.platforms.discord.listen, *settings.platforms.telegram.listen)
    own = next((item for item in heard if item.channel == channel), Listen(channel=channel))
    return Context(
        now=now,
        community=settings.community.name,
        locale=own.locale or settings.community.locale,
        one_language=own.locale is not None,
        register=own.register_,
        channel_name=channel,
    )


def as_dict(proposal: Proposal, library: Library) -> dict[str, Any]:
    """A proposal as scripts read it: the shape of `try --json`, stable."""
    return {
        "id": "try",
        **understood(proposal, library),
        "reply": _wording(proposal.candidate) if proposal.candidate else None,
        "alternatives": [_wording(candidate) for candidate in proposal.alternatives],
        "trace": [{"stage": step.stage, "note": step.note} for step in proposal.trace],
    }


def _wording(candidate: Candidate) -> dict[str, Any]:
    return {
        "text": candidate.text,
        "template": candidate.template,
        "variant": candidate.variant,
        "checks": [{"id": c.id, "level": c.level, "note": c.note} for c in candidate.checks],
    }


def _in_words(proposal: Proposal) -> str:
    lines = [f"{proposal.outcome}: {proposal.reason.sentence}"]
    if proposal.candidate:
        lines += ["", proposal.candidate.text]
        lines += [f"  ! {c.id}: {c.note}" for c in proposal.candidate.checks if c.note]
        lines += [f"  or: {other.text}" for other in proposal.alternatives]
    width = max((len(step.stage) for step in proposal.trace), default=0)
    return "\n".join([*lines, "", *(f"{step.stage:<{width}}  {step.note}" for step in proposal.trace)])
