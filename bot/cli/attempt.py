"""`try`: what would happen to one post. Nothing is stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.common import Config, load_settings
from bot.cli.live import load_pipeline
from bot.cli.understand import as_dict as understood
from bot.domain import clean
from bot.errors import GreenroomError
from bot.reading import in_words
from bot.settings import Listen, Settings
from responders.library.model import Library
from responders.types import Author, Candidate, Context, Outcome, Post, Proposal


def attempt(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="What fans write; else each line of the input.")
    ] = None,
    channel: Annotated[
        str, typer.Option(metavar="NAME", help="Its channel; config.yaml has its language and register.")
    ] = "general",
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: an object for each post.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Also what each stage saw.")] = False,
    config: Config = None,
) -> None:
    """Show what would happen to a post, and why. Nothing is stored or sent.

    \b
    Example: greenroom try "my save is gone"
    """
    posts = texts or _typed()
    settings = load_settings(config)
    pipeline = load_pipeline(settings)
    now = datetime.now(UTC)
    context = _context(settings, channel, now)
    for number, text in enumerate(posts):
        author = Author(id="fan", name="Fan")
        post = Post(platform="web", channel=channel, external_id="try", author=author, text=clean(text), at=now)
        proposal = pipeline.run(post, context)
        if as_json:
            typer.echo(json.dumps(as_dict(proposal, pipeline.library), ensure_ascii=False, indent=2))
            continue
        if len(posts) > 1:
            typer.echo(f"{NEXT if number else ''}> {text}")
        typer.echo(in_words(proposal.understanding, pipeline.library, context.locale))
        typer.echo("\n".join(_outcome(proposal)))
        if trace:
            typer.echo("\n".join(_steps(proposal)))


NEXT = "\n"
"""Stands between two posts."""


def _typed() -> list[str]:
    """The lines of the input. Raises GreenroomError if there are none, or if somebody would have to type blindly."""
    lines = [] if sys.stdin.isatty() else [line for line in sys.stdin.read().splitlines() if line.strip()]
    if not lines:
        raise GreenroomError('Write what a fan might post: greenroom try "my save is gone"')
    return lines


def _context(settings: Settings, channel: str, now: datetime) -> Context:
    own = next((item for item in settings.platforms.listened if item.channel == channel), Listen(channel=channel))
    return Context(
        now=settings.community.local(now),
        community=settings.community.name,
        locale=own.locale or settings.community.locale,
        one_language=own.locale is not None,
        register=own.register_,
        channel_name=channel,
    )


def as_dict(proposal: Proposal, library: Library) -> dict[str, Any]:
    """A proposal for scripts: the output of `try --json`. Its shape is stable."""
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


def _outcome(proposal: Proposal) -> Iterator[str]:
    """The outcome, with the texts."""
    best, others = proposal.candidate, proposal.alternatives
    if best:
        yield "A reply is drafted; a manager decides."
        yield from ("", best.text, *(f"  remark: {check.note}" for check in best.checks if check.note))
        yield from (f"or: {other.text}" for other in others)
        return
    what = "Goes to a person." if proposal.outcome is Outcome.HANDOFF else "Stays unanswered."
    yield f"{what} {proposal.reason.sentence}"
    if others:
        yield from ("", "Ready replies:", *(f"{other.why}: {other.text}" for other in others))


def _steps(proposal: Proposal) -> Iterator[str]:
    width = max((len(step.stage) for step in proposal.trace), default=0)
    yield ""
    yield from (f"{step.stage:<{width}}  {step.note}" for step in proposal.trace)
