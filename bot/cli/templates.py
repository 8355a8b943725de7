"""`templates`: whether the operators' files are in order, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, load_settings
from bot.content import Content, read_library
from bot.domain import clean
from bot.errors import FaultyFiles, GreenroomError
from bot.reader import NoReader, by_words, load_reader
from responders.library.examples import readers
from responders.library.explain import explain
from responders.library.faults import Fault
from responders.library.lint import lint
from responders.library.model import Library, Template
from responders.library.offers import situation, sources
from responders.library.trial import trials
from responders.library.vocabulary import did_you_mean
from responders.pipeline import Pipeline
from responders.selection import opener
from responders.types import Author, Context, PastReply, Post, Understanding
from responders.understanding.held_out import recalls, stolen
from responders.understanding.intent import HeldOut, IntentAnalyzer
from responders.understanding.trained import Reads

commands = typer.Typer(help="The operators' files.", no_args_is_help=True, rich_markup_mode=None)
_PAIRS, _SHOWN = 8, 3
_PAUSE = timedelta(minutes=5)


@commands.callback()
def _group() -> None:
    """The operators' files."""


@commands.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Another folder than that of config.yaml.", show_default=False)
    ] = None,
    config: Config = None,
) -> None:
    """Read everything, run the examples, and say what is wrong (status 1) and what could be better."""
    if folder is None:
        settings = load_settings(config)
        folder, var = settings.templates, settings.var
        locales = {settings.community.locale, *settings.community.locales}
    else:
        locales, var = set(), None
    if not (folder / "intents").is_dir():
        raise GreenroomError(f"{folder} holds no operators' files; name the folder in which intents/ lies.")
    try:
        library = read_library(folder)
    except FaultyFiles as error:
        _list("Faults: this set cannot go live", error.faults)
        raise typer.Exit(1) from None
    warnings = lint(library, datetime.now(UTC).date(), locales or {t.locale for t in library.templates})
    _list("Warnings", [replace(warning, file=f"{folder.name}/{warning.file}") for warning in warnings])
    _told_apart(IntentAnalyzer(library, _reads(library, var)).held_out())
    typer.echo("\n".join(_table(library)))
    examples = sum(len(template.examples) for template in library.templates)
    typer.echo(f"\nNo faults, {len(warnings)} warnings; all {examples} examples pass.")


def _list(title: str, faults: Sequence[Fault]) -> None:
    if faults:
        typer.echo("\n".join([f"{title} ({len(faults)})", *map(str, faults), ""]))


def _reads(library: Library, var: Path | None) -> Reads:
    try:
        return load_reader().model(var)[0]
    except NoReader as error:
        typer.echo(error, err=True)
        return by_words(library.word_lists)


def _told_apart(read: Sequence[HeldOut]) -> None:
    """How well the examples tell the intents apart: a table, the worst first, then pairs with a few of the examples."""
    if not read:
        return
    right = sum(one.read == one.intent for one in read)
    typer.echo(f"Each example read as a stranger's post, by the others: {right} of {len(read)} are read right.")
    rows = recalls(read)
    width = max(len(row.intent) for row in rows)
    typer.echo(f"{'':<{width}} examples right  taken by others with confidence")
    for row in rows:
        taken = f"{row.stolen}, most by {row.thief}" if row.thief else "0"
        typer.echo(f"{row.intent:<{width}} {row.examples:>8} {row.found / row.examples:>5.0%}  {taken}")
    _thefts(stolen(read))


def _thefts(found: Sequence[HeldOut]) -> None:
    """Pairs of intents, the worst first, with a few of the examples."""
    pairs = Counter((one.intent, one.read) for one in found)
    if found:
        typer.echo(f"\nTaken for another intent ({len(found)}): reword these, or those they are like, or move them.")
    for (intent, thief), count in pairs.most_common(_PAIRS):
        typer.echo(f"{intent} -> {thief} ({count})")
        own = [one for one in found if (one.intent, one.read) == (intent, thief)]
        for one in own[:_SHOWN]:
            typer.echo(f"  “{one.text}” is like “{one.nearest}”")
    rest = len(found) - sum(count for _, count in pairs.most_common(_PAIRS))
    typer.echo(f"and {rest} more\n" if rest else "")


def _table(library: Library) -> Iterator[str]:
    """Files, variants and different openers by language and intent."""
    width = max((len(name) for name in library.intents), default=0)
    for locale in sorted({template.locale for template in library.templates}):
        yield f"{locale:<{width}} files variants openers"
        for intent in sorted(library.intents):
            if own := library.offering(intent, locale):
                variants = sum(len(template.variants) for template in own)
                yield f"{intent:<{width}} {len(own):>5} {variants:>8} {len(_openers(library, own)):>7}"


def _openers(library: Library, templates: Sequence[Template]) -> set[str]:
    first = (next(trials(t, v, library.facts), None) for t in templates for v in t.variants)
    return {opener(trial.text) for trial in first if trial}


@commands.command()
def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A template, such as templates/en/praise/plain.md.")],
    post: Annotated[str | None, typer.Option(help="What a fan writes; else its first example.")] = None,
    slot: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Words for a slot.")] = None,
) -> None:
    """Show each wording of a template: how it comes out, and whether it is offered."""
    if not file.is_file():
        raise GreenroomError(f"{file} is not a file; name a template, such as templates/en/praise/plain.md.")
    file = file.absolute()
    library = read_library(file.parents[2])
    template = next((t for t in library.templates if t.path == file.relative_to(file.parents[2]).as_posix()), None)
    if template is None:
        raise GreenroomError(f"{file.name} is not a template; they are <language>/<intent>/<name>.md in templates/.")
    text, words = _given(template, post, slot or [])
    read = Understanding(intent=template.intent, confidence=1.0)
    written, context = _post(text), _context(template.locale, datetime.now(UTC))
    for reader in readers(library):
        read = reader.analyze(written, context, read)
    details = ", ".join(f"{detail.kind} “{detail.text}”" for detail in read.details)
    typer.echo(f"> {text}\n  {read.sentiment}; details: {details or 'none'}")
    known = sources(library.facts, context, read)
    for one in explain(template, text, situation(written, context, read), known, words):
        typer.echo(f"\n{one.variant}: {f'not offered: {one.why_not}' if one.why_not else 'offered'}\n  {one.text}")


def _given(template: Template, post: str | None, slots: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The post and the words for slots, from the options or the template's first example that is offered."""
    example = next((e for e in template.examples if e.expect.get("offered", True)), template.examples[0])
    words = dict(example.given["slots"]) if post is None else {}
    for written in slots:
        name, equals, value = written.partition("=")
        if not equals or name not in template.slots:
            known = ", ".join(template.slots) or "none"
            hint = did_you_mean(name, template.slots)
            raise GreenroomError(f"--slot {written!r} names no slot of the template{hint}; its slots: {known}.")
        words[name] = clean(value)
    return (example.given["post"] if post is None else clean(post)), words


@commands.command()
def sample(
    intent: Annotated[str, typer.Argument(help="Such as praise.")],
    locale: Annotated[str | None, typer.Option(help="The language; else that of config.yaml.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, max=1000, help="How many posts.")] = 10,
    config: Config = None,
) -> None:
    """Show what is said to the intent's own example posts, one after the other, as a channel would see it."""
    settings = load_settings(config)
    pipeline = Content(settings.templates).load()
    locale = locale or settings.community.locale
    known = pipeline.library.intents
    if intent not in known:
        raise GreenroomError(
            f"There is no intent {intent}{did_you_mean(intent, known)}; there are: {', '.join(known)}."
        )
    if known[intent].action != "draft":
        raise GreenroomError(f"Posts of the intent {intent} are never answered by a template; name another intent.")
    posts = known[intent].examples.get(locale, ())
    if not posts:
        raise GreenroomError(f"intents/{intent}.yaml has no examples in the language {locale}; write some there.")
    for text, said in _dialog(pipeline, intent, locale, islice(cycle(posts), n)):
        typer.echo(f"> {text}\n  {said}\n")


def _dialog(pipeline: Pipeline, intent: str, locale: str, posts: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Each post and its draft, or the reason why there is none. Each draft counts as sent, so that none repeats."""
    past: tuple[PastReply, ...] = ()
    start = datetime.now(UTC)
    for number, text in enumerate(posts):
        now = start + number * _PAUSE
        context = replace(_context(locale, now), past_replies=past, forced_intent=intent)
        proposal = pipeline.run(_post(text, str(number)), context)
        draft = proposal.candidate
        if draft is None:
            yield text, f"({proposal.reason.sentence})"
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
