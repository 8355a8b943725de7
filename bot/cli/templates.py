"""`templates preview` and `sample`: what the operators' files say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, load_settings
from bot.cli.live import load_pipeline, read_live
from bot.domain import clean
from bot.errors import GreenroomError
from bot.reading import in_words, intent_of
from responders.library.explain import explain
from responders.library.model import Library, Template
from responders.library.notices import speak
from responders.library.offers import situation, sources
from responders.library.vocabulary import did_you_mean
from responders.pipeline import Pipeline
from responders.said import said
from responders.selection import opener
from responders.selection.verdict import sureness
from responders.types import Author, Context, PastReply, Post, Understanding

_DEPTH = 3
_PAUSE = timedelta(minutes=5)
_NOT_OFFERED = 0.04
"""Below this chance of a situation its replies are not offered."""
_SHOWN = ("mood", "length", "tells", "second")
"""Fields of `when` that are shown for a post."""


def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A template, such as templates/en/thanks/any.md.")],
    post: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What a fan writes; else the first post it answers.")
    ] = None,
    slot: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Words for a slot.")] = None,
) -> None:
    """Show each wording of a file, and whether it is offered.

    \b
    Example: greenroom templates preview templates/en/complaint/lost_progress.md
    """
    if not file.is_file():
        raise GreenroomError(f"{file} is not a file; name a template, such as templates/en/thanks/any.md.")
    file = file.absolute()
    folder = file.parents[2] if len(file.parts) > _DEPTH else file.parent
    if file.suffix != ".md" or not (folder / "intents").is_dir():
        raise GreenroomError(f"{file.name} is not a template; they are <language>/<intent>/<name>.md in templates/.")
    var = folder.parent / "var"
    pipeline = read_live(folder, var if var.is_dir() else None)
    path = file.relative_to(folder).as_posix()
    template = next((t for t in pipeline.library.templates if t.path == path), None)
    if template is None and (notice := next((n for n in pipeline.library.notices if n.path == path), None)):
        _show_notice(pipeline.library, notice, slot or [])
        return
    if template is None:
        raise GreenroomError(f"{file.name} is not a template; name one of {folder.name}/<language>/<intent>/.")
    text, words = _given(template, post, slot or [])
    written, context = _post(text), _context(template.locale, datetime.now(UTC))
    read = pipeline.understand(written, context)
    holds = situation(written, context, read)
    typer.echo(f"> {text}\n{in_words(read, pipeline.library, template.locale)}\n{_fits(template, read)}")
    typer.echo("; ".join(f"{field}: {', '.join(sorted(holds[field])) or 'none'}" for field in _SHOWN))
    known = sources(pipeline.library.facts, written, context, replace(read, language=template.locale))
    for one in explain(template, holds, known, words):
        typer.echo(f"\n{one.variant}: {f'not offered: {one.why_not}' if one.why_not else 'offered'}\n  {one.text}")
    if template.handoff or not template.variants:
        told = ("" if template.variants else "No reply is written here.", "A person answers.", template.handoff)
        typer.echo(f"\n{' '.join(filter(None, told))}")


def _show_notice(library: Library, notice: Template, slots: Sequence[str]) -> None:
    """Each wording of a notice. A slot without words shows its name; `--slot name=` empties it."""
    words = {name: f"[{name}]" for name in notice.slots} | _words(notice, slots)
    for one in speak(library, notice.id, notice.locale, words, ()):
        typer.echo(f"{one.variant}:\n  {one.text}\n")


def _fits(template: Template, read: Understanding) -> str:
    """Whether the file answers this post."""
    if template.is_general:
        return f"This file is for every post that reads as {said(template.intent)}."
    chance = dict(read.faq).get(template.key, 0.0) if template.is_faq else dict(read.situations).get(template.id, 0.0)
    how = sureness(chance) if chance >= _NOT_OFFERED else "no"
    return f"Is the post for this file ({said(template.id)})? {how.capitalize()}."


def _given(template: Template, post: str | None, slots: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The post and the words for slots: from the options, else the first post that the template answers, else its
    first example that is offered."""
    example = next((e for e in template.examples if e.expect.get("offered", True)), None)
    words = dict(example.given["slots"]) if post is None and example and not template.answers_to else {}
    words |= _words(template, slots)
    if post is not None:
        return clean(post), words
    if template.answers_to:
        return template.answers_to[0], words
    return str((example or template.examples[0]).given["post"]), words


def _words(template: Template, slots: Sequence[str]) -> dict[str, str]:
    """What `--slot` says, by slot."""
    words = {}
    for written in slots:
        name, equals, value = written.partition("=")
        if not equals and name in template.slots:
            raise GreenroomError(f'--slot {name} lacks =VALUE; write --slot "{name}=words for it".')
        if not equals or name not in template.slots:
            known = ", ".join(template.slots) or "none"
            hint = did_you_mean(name, template.slots)
            raise GreenroomError(f"--slot {written!r} names no slot of the template{hint}; its slots: {known}.")
        words[name] = clean(value)
    return words


def sample(
    intent: Annotated[str | None, typer.Argument(metavar="INTENT", help="Such as praise.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Option("--situation", metavar="NAME", help="Such as lost_progress.", show_default=False)
    ] = None,
    locale: Annotated[
        str | None, typer.Option(metavar="LANGUAGE", help="The language; else that of config.yaml.")
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", metavar="NUMBER", min=1, max=1000, help="How many posts.", show_default=False)
    ] = None,
    config: Config = None,
) -> None:
    """Show the replies to some posts, as a channel would see them.

    The posts are the examples of an intent, or those under the answers_to of a situation.

    \b
    Example: greenroom templates sample praise --n 3
    Example: greenroom templates sample --situation lost_progress
    """
    if (intent is None) == (name is None):
        raise GreenroomError("Name an intent, such as praise, or --situation NAME, such as lost_progress.")
    settings = load_settings(config)
    pipeline = load_pipeline(settings)
    locale = locale or settings.community.locale
    if name is not None:
        posts = _answered(pipeline.library, name, locale)
        dialog = _dialog(pipeline, None, locale, islice(cycle(posts), n or len(posts)))
    else:
        posts = _examples(pipeline.library, str(intent), locale)
        dialog = _dialog(pipeline, intent, locale, islice(cycle(posts), n or _MANY))
    for text, reply in dialog:
        typer.echo(f"> {text}\n  {reply}\n")


_MANY = 10
"""Posts that are shown if nobody says how many."""


def _answered(library: Library, name: str, locale: str) -> Sequence[str]:
    """The posts under the answers_to of a situation or of an FAQ answer."""
    name = name.rpartition("/")[2].removesuffix(".md")
    files = [template for template in library.templates if template.id == name]
    if found := next((t for t in files if t.locale == locale and t.answers_to), None):
        return found.answers_to
    known = {*intent_of(library), *(template.id for template in library.templates)}
    if name in library.intents:
        raise GreenroomError(f"{name} is an intent; write `greenroom templates sample {name}`.")
    if name not in known:
        raise GreenroomError(f"There is no situation and no template {name}{did_you_mean(name, known)}.")
    others = sorted({template.locale for template in files if template.answers_to})
    where = f"; there is one in {', '.join(others)}: --locale {others[0]}" if others else ""
    raise GreenroomError(f"No template in the language {locale} answers {said(name)}{where}.")


def _examples(library: Library, intent: str, locale: str) -> Sequence[str]:
    known = library.intents
    if intent not in known:
        situations = intent_of(library)
        if intent in situations:
            raise GreenroomError(f"{intent} is a situation; write `greenroom templates sample --situation {intent}`.")
        raise GreenroomError(
            f"There is no intent {intent}{did_you_mean(intent, known)}; there are: {', '.join(known)}."
        )
    if known[intent].action != "draft":
        raise GreenroomError(f"Posts of the intent {intent} are never answered by a template; name another intent.")
    posts = known[intent].examples.get(locale, ())
    if not posts:
        raise GreenroomError(f"intents/{intent}.yaml has no examples in the language {locale}; write some there.")
    return posts


def _dialog(pipeline: Pipeline, intent: str | None, locale: str, posts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each post and its draft, or why there is none. Each draft counts as sent, so that none repeats."""
    past: tuple[PastReply, ...] = ()
    start = datetime.now(UTC)
    for number, text in enumerate(posts):
        now = start + number * _PAUSE
        context = replace(_context(locale, now), past_replies=past, forced_intent=intent)
        proposal = pipeline.run(_post(text, str(number)), context)
        draft = proposal.candidate
        if draft is None:
            ready = "".join(f"\n  {other.why}: {other.text}" for other in proposal.alternatives)
            yield text, f"({proposal.reason.sentence}){ready}"
            continue
        reply = PastReply(
            text=draft.text,
            opener=opener(draft.text),
            template=draft.template,
            variant=draft.variant,
            at=now,
            same_channel=True,
            same_fan=False,
        )
        past = (reply, *past)
        yield text, draft.text


def _post(text: str, number: str = "1") -> Post:
    fan = Author(id=f"fan {number}", name="fan")
    return Post(platform="web", channel="general", external_id=number, author=fan, text=text, at=datetime.now(UTC))


def _context(locale: str, now: datetime) -> Context:
    return Context(now=now, community="community", locale=locale, channel_name="general")
