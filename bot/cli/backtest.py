"""`backtest`: what would have become of the posts of an exported chat. Nothing is stored or sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from bot import exports
from bot.backtest import Item, Options, judge, summarise
from bot.backtest.assisted import Worth, worth
from bot.backtest.grouping import grouped
from bot.backtest.page import page
from bot.backtest.report import without_reply
from bot.backtest.start import start_template
from bot.backtest.words import as_dict, change_dicts, change_lines, changes, lines, worth_dict, worth_lines
from bot.cli.assisted import Cards, refuse_model
from bot.cli.common import Config, busy, load_settings, write_file
from bot.cli.live import load_pipeline, read_live
from bot.errors import GreenroomError
from bot.exports import Export
from bot.reader import NoReader, load_reader
from bot.settings import Settings
from responders.pipeline import Pipeline
from responders.ports import Floats


def backtest(  # noqa: PLR0913, PLR0917 - one for each option
    files: Annotated[list[Path], typer.Argument(metavar="EXPORT", help="Files of DiscordChatExporter or Telegram.")],
    staff: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An account of your team; again for each.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Judge posts from this day on."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="Judge at most so many posts.", show_default=False)
    ] = None,
    caps: Annotated[bool, typer.Option("--caps", help="Count the caps on replies, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a page for a browser.")] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another folder of templates: show what changes with it.")
    ] = None,
    start: Annotated[
        int | None,
        typer.Option("--start-template", metavar="NUMBER", min=1, help="Begin the file for a group of the list."),
    ] = None,
    assistant: Annotated[
        bool, typer.Option("--assistant", help="Also ask the language model of config.yaml about each card.")
    ] = False,
    config: Config = None,
) -> None:
    """Replay an exported chat: what would have been drafted, handed to a person, or left alone, and why.

    The status is 1 if a file breaks off or has faulty lines; all before is used.

    \b
    Example: greenroom backtest general.json --staff 501 --html report.html
    """
    settings = load_settings(config)
    if assistant:
        if compare or start is not None:
            raise GreenroomError("--assistant goes with neither --compare nor --start-template.")
        refuse_model(settings, limit)
    export = exports.read(*files)
    pipeline = load_pipeline(settings)
    options = Options(
        staff=frozenset(staff or ()),
        since=since.replace(tzinfo=UTC) if since else None,
        limit=limit,
        caps=caps,
    )
    cards = Cards()
    items = _judged(export, pipeline, settings, options, cards if assistant else None)
    if compare:
        others = _judged(export, read_live(compare, None), settings, options)
        pairs, total = changes(items, others), len(items)
        _tell(change_dicts(pairs, total) if as_json else change_lines(pairs, total))
        _tell_faults(export)
        return
    with busy("Grouping the posts that found no reply"):
        report = summarise(items, grouped(without_reply(items), _vectors()))
    if start is not None:
        if not start <= len(report.groups):
            raise GreenroomError(f"--start-template {start}: groups in the list: {len(report.groups)}.")
        path, text = start_template(report.groups[start - 1], settings.templates)
        write_file(path, text, new=True)
        typer.echo(f"{path} is begun; put the posts in it into your own words and write the replies.")
        typer.echo("Until then no edit of your files counts: the last good set stays in use.")
        return
    found = _asked(cards, pipeline, settings) if assistant else None
    if html:
        write_file(html, page(report, settings.community.name, found))
    if as_json:
        _tell(as_dict(report) | ({"assistant": worth_dict(found)} if found else {}))
    else:
        _tell((*lines(report), *(worth_lines(found) if found else ()), "", *export.report.sentences()))
    _tell_faults(export)


def _tell_faults(export: Export) -> None:
    """What is wrong with the files. Status 1 if anything is."""
    for fault in export.report.faults:
        typer.echo(str(fault), err=True)
    if export.report.faults:
        raise typer.Exit(1)


def _judged(
    export: Export,
    pipeline: Pipeline,
    settings: Settings,
    options: Options,
    cards: Cards | None = None,
) -> list[Item]:
    with _progress("messages") as seen:
        if cards is None:
            return list(judge(export, pipeline, settings, options, seen))
        return list(judge(cards.read(export), pipeline, settings, options, seen, watch=cards.note))


def _asked(cards: Cards, pipeline: Pipeline, settings: Settings) -> Worth:
    with _progress("cards asked about") as told:
        return worth(cards.ask(settings, pipeline, told))


@contextmanager
def _progress(what: str) -> Iterator[Callable[[], None]]:
    """Counts on a terminal; says nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn(f"{{task.completed:,.0f}} {what}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda: progress.advance(task)


def _vectors() -> Callable[[Sequence[str]], Floats] | None:
    """What turns texts into vectors; None without the model."""
    try:
        return load_reader().model(None)[0].vectors
    except NoReader:
        return None


def _tell(what: Mapping[str, Any] | Iterable[str]) -> None:
    if isinstance(what, Mapping):
        typer.echo(json.dumps(what, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(what))
