"""`templates check`: checks the operators' files, and whether posts find their replies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, busy, counted, load_settings
from bot.cli.live import read_live
from bot.content import read_texts
from bot.errors import FaultyFiles, GreenroomError
from bot.own_files import Files, could_be_better, files_of, lost_posts, tried
from bot.reading import intent_of
from bot.settings import Settings
from responders.library.data_files import read_intent
from responders.library.faults import Fault
from responders.library.model import Library, Template
from responders.library.reach import shared_posts
from responders.library.vocabulary import did_you_mean
from responders.pipeline import Pipeline
from responders.said import doing, said
from responders.understanding.held_out import recalls, stolen
from responders.understanding.intent import HeldOut, IntentAnalyzer

_PAIRS, _SHOWN = 8, 3

Folder = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="Another folder than that of config.yaml.", show_default=False)
]
Only = Annotated[str | None, typer.Option("--intent", metavar="NAME", help="Look at one intent.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Look at the files that came with Greenroom as well.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts: what is wrong and what could be better.")]


def check(
    folder: Folder = None, only: Only = None, everything: All = False, as_json: Json = False, config: Config = None
) -> None:
    """Say what is wrong (status 1) and what could be better.

    Unchanged files that came with Greenroom are checked for faults only, unless `--intent` or `--all` is given.

    \b
    Example: greenroom templates check
    """
    settings = load_settings(config) if folder is None else None
    folder = settings.templates if settings else folder
    if folder is None or not (folder / "intents").is_dir():
        raise GreenroomError(f"{folder} holds no operators' files; name the folder in which intents/ lies.")
    pipeline = _live(folder, settings, as_json=as_json)
    library, texts = pipeline.library, read_texts(folder)
    if only and only not in library.intents:
        if intent := intent_of(library).get(only):
            todo = f"write --intent {intent}, or `greenroom templates sample --situation {only}` to see its replies"
            raise GreenroomError(f"{only} is a situation of {intent}; {todo}.")
        raise GreenroomError(f"There is no intent {only}{did_you_mean(only, library.intents)}.")
    files = files_of(folder, texts, only=only, everything=everything)
    with busy("Reading the posts under answers_to"):
        warnings = files.shown(could_be_better(pipeline, settings))
        now = datetime.now(UTC)
        templates = tried(pipeline, files, now)
        lost = lost_posts(pipeline, files, templates, now)
    if as_json:
        _tell((), warnings, lost)
        return
    _list("Could be better", warnings)
    _list("Posts under answers_to that do not find their reply", lost)
    with busy("Reading each example as if it were new"):
        read = _held_out(pipeline, files)
    shown = None if only or everything else _SHOWN
    own = library.intents.keys() - {path.removeprefix("intents/").removesuffix(".yaml") for path in files.came}
    lines = [*_told_apart([one for one in read if one.situation is None], own, shown), *_by_strangers(read, shown)]
    if only or everything:
        lines += [*_table(library, only), ""]
    typer.echo("\n".join([*lines, *_sum(library, templates, warnings, lost)]))


def _live(folder: Path, settings: Settings | None, *, as_json: bool) -> Pipeline:
    """The pipeline as `run` has it. If there are faults, tell them and exit with status 1."""
    try:
        return read_live(folder, settings.var if settings else None)
    except FaultyFiles as error:
        faults = _own_first(folder, error.faults)
        if as_json:
            _tell(faults, (), ())
        else:
            _list("Faults: this set cannot go live", faults)
        raise typer.Exit(1) from None


def _tell(faults: Sequence[Fault], warnings: Sequence[Fault], lost: Sequence[Fault]) -> None:
    """For scripts; its shape is stable."""
    told = {"faults": faults, "warnings": warnings, "lost_posts": lost}
    shown = {
        name: [{"file": one.file, "line": one.line, "code": one.code, "message": one.message} for one in found]
        for name, found in told.items()
    }
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


def _own_first(folder: Path, faults: Sequence[Fault]) -> list[Fault]:
    """Faults in the operator's own files first: what came with Greenroom is seldom the cause."""
    try:
        texts = read_texts(folder)
    except FaultyFiles:
        return [*faults]
    files = files_of(folder, texts, everything=True)
    return sorted(faults, key=lambda fault: not files.is_own(fault.file.removeprefix(f"{folder.name}/")))


def _list(title: str, faults: Sequence[Fault]) -> None:
    if faults:
        typer.echo("\n".join([f"{title} ({len(faults)})", *map(str, faults), ""]))


def _held_out(pipeline: Pipeline, files: Files) -> list[HeldOut]:
    """The operator's own examples and posts, each read without having been learned."""
    library = pipeline.library
    analyzer = next((one for one in pipeline.analyzers if isinstance(one, IntentAnalyzer)), None)
    intents = {name for name in library.intents if files.only == name or files.everything or _has_own(name, files)}
    listed = library.word_lists.get("situations", {})
    known = {name for names in listed.values() for name in names}
    own = {t.id for t in library.templates if files.looks_at(t) and t.answers_to and not t.is_faq} - known
    return analyzer.held_out(intents | own) if analyzer and intents | own else []


def _has_own(intent: str, files: Files) -> bool:
    """True if the operator wrote an example of the intent."""
    path = f"intents/{intent}.yaml"
    if path not in files.own:
        return False
    came = {text for version in files.came.get(path, ()) for text in _examples(path, version)}
    return bool(set(_examples(path, files.texts[path])) - came)


def _examples(path: str, text: str) -> list[str]:
    intent = read_intent(path, text, [])
    return [example for texts in intent.examples.values() for example in texts] if intent else []


def _told_apart(read: Sequence[HeldOut], own: Collection[str], shown: int | None) -> Iterator[str]:
    """How well the examples tell the intents apart: a table, the worst first, then pairs with a few examples. Of the
    operator's `own` intents every example that is not read right is named. `shown`: how many of a kind; None: all."""
    if not read:
        return
    right = sum(one.read == one.intent for one in read)
    yield f"Each example, read as if it were new: {right} of {len(read)} are read right."
    rows = recalls(read)
    width = max(len(row.intent) for row in rows)
    yield f"{'':<{width}} examples right  surely read as another"
    for row in rows:
        taken = f"{row.stolen}, most as {row.thief}" if row.thief else "0"
        yield f"{row.intent:<{width}} {row.examples:>8} {row.found / row.examples:>5.0%}  {taken}"
    yield ""
    sure = stolen(read)
    yield from _thefts(sure, shown)
    unsure = [one for one in read if one.intent in own and one.read != one.intent and one not in sure]
    if unsure:
        yield f"Not read right, nor surely as another intent ({len(unsure)}): more examples like these help."
        yield from _some([f"“{one.text}” ({one.intent}) reads as {doing(one.read)}" for one in unsure], None)
        yield ""


def _some(lines: Sequence[str], shown: int | None) -> Iterator[str]:
    """The first `shown` lines, and how many more there are."""
    yield from (f"  {line}" for line in lines[:shown])
    if shown is not None and len(lines) > shown:
        yield f"  and {len(lines) - shown} more"


def _thefts(found: Sequence[HeldOut], shown: int | None) -> Iterator[str]:
    """Pairs of intents, the worst first, with a few of the examples."""
    if not found:
        return
    pairs = Counter((one.intent, one.read) for one in found).most_common(_PAIRS if shown else None)
    yield f"Surely read as another intent ({len(found)}): reword these or the examples they are like, or move them."
    for (intent, thief), count in pairs:
        yield f"{intent} -> {thief} ({count})"
        own = [one for one in found if (one.intent, one.read) == (intent, thief)]
        yield from _some([f"“{one.text}”{f' is like “{one.nearest}”' if one.nearest else ''}" for one in own], shown)
    rest = len(found) - sum(count for _, count in pairs)
    yield from ([f"and {rest} more"] if rest else [])
    yield ""


def _by_strangers(read: Sequence[HeldOut], shown: int | None) -> Iterator[str]:
    """The posts of own situations that are found only word for word."""
    posts = [one for one in read if one.situation is not None]
    missed = [one for one in posts if one.likeliest != one.situation or one.read != one.intent]
    if not missed:
        return
    yield (
        f"Found only word for word: {len(missed)} of {counted(len(posts), 'post')} of your own situations. More posts"
        " like these, in other words, help."
    )
    for name in dict.fromkeys(one.situation for one in missed if one.situation):
        own = [one for one in missed if one.situation == name]
        yield f"{name} ({len(own)})"
        yield from _some([f"“{one.text}” reads as {_as(one)}" for one in own], shown)
    yield ""


def _as(one: HeldOut) -> str:
    return doing(one.read) if one.read != one.intent or not one.likeliest else said(one.likeliest)


def _table(library: Library, only: str | None) -> Iterator[str]:
    """Files and wordings by language and intent."""
    intents = [only] if only else sorted(library.intents)
    width = max((len(name) for name in intents), default=0)
    for locale in sorted({template.locale for template in library.templates}):
        rows = [(intent, library.offering(intent, locale)) for intent in intents]
        if any(own for _, own in rows):
            yield f"{locale:<{width}} files wordings"
        for intent, own in rows:
            if own:
                yield f"{intent:<{width}} {len(own):>5} {sum(len(t.variants) for t in own):>8}"


def _sum(
    library: Library, tried: Collection[Template], warnings: Sequence[Fault], lost: Sequence[Fault]
) -> Iterator[str]:
    """The summary of a set without faults."""
    by_locale = Counter(template.locale for template in library.templates).most_common()
    wordings = sum(len(template.variants) for template in library.templates)
    yield (
        f"{counted(len(library.templates), 'template')} with {counted(wordings, 'wording')}"
        f" ({', '.join(f'{locale} {count:,}' for locale, count in by_locale)})."
    )
    if unwritten := sum(not template.variants for template in library.templates):
        yield f"{counted(unwritten, 'template')} without a reply: a person answers."
    posts = sum(len(template.answers_to) for template in tried)
    paths = {template.path for template in tried}
    missed = len(lost) + sum(len(texts) for (path, _), texts in shared_posts(library).items() if path in paths)
    if posts:
        yield f"Of {counted(posts, 'post')} under answers_to {posts - missed:,} find their reply."
    examples = sum(len(template.examples) for template in library.templates)
    passing = (
        f"; {'the one example passes' if examples == 1 else f'all {examples:,} examples pass'}" if examples else ""
    )
    yield f"No faults, {counted(len(warnings), 'warning')}{passing}."
