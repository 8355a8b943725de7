"""`templates stats` and `templates patches`: what works, and what managers say instead."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.common import Config, busy, counted, edited, load_settings
from bot.content import Content, read_library
from bot.errors import GreenroomError, NotDone
from bot.insights.coverage import mondays
from bot.insights.patches import Patch, Patched
from bot.insights.taking import Try, settle, take, waiting
from bot.insights.wordings import ENDS, FEW, Became, Key, WhatWorks, share, what_works
from bot.reader import load_reader
from bot.settings import Settings
from bot.store import assistant, wordings
from bot.store.assistant import NOT_ASKED, End, Used
from bot.store.look import look
from responders.library.model import Library
from responders.said import doing, said
from responders.types import ASSISTANT

Weeks = Annotated[int, typer.Option(metavar="NUMBER", min=1, max=52, help="The last so many weeks.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
NO_REASON = "no reason noted"
NOBODY_ASKED = Used()
WEEKS = 4
"""How far back it is looked for patches."""


def stats(
    weeks: Weeks = WEEKS,
    everything: Annotated[bool, typer.Option("--all", help="Name each wording that was never used.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What became of each wording: sent as it is, edited, replaced, skipped, never used; and what managers corrected.

    It may be asked while Greenroom runs. It counts wordings, never people.

    \b
    Example: greenroom templates stats --weeks 8
    """
    settings, now = load_settings(config), datetime.now(UTC)
    begun = mondays(now, settings.community.timezone, weeks)
    library = read_library(settings.templates, known=True)
    found, asked = look(
        settings.store, lambda c: (wordings.counted(c, begun), assistant.used(c, begun[0])), settings.key
    )
    told = what_works(found, library, begun, settings.community.timezone)
    if as_json:
        typer.echo(json.dumps(as_dict(told, settings, asked), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(stats_lines(told, settings, asked=asked, everything=everything)))


def as_dict(told: WhatWorks, settings: Settings, asked: Used) -> dict[str, Any]:
    """For scripts; its shape is stable. `asked`: what a language model was asked in these weeks."""
    return {
        "community": settings.community.name,
        "few": FEW,
        "sent": {**asdict(told.total), "percent": told.total.percent},
        "weeks": [
            {"begins": begins.isoformat(), **asdict(sent), "percent": sent.percent}
            for begins, sent in zip(told.weeks, told.sent, strict=True)
        ],
        "wordings": [
            {
                **asdict(one),
                "instead": [{"template": t, "variant": v, "times": n} for (t, v), n in one.instead.items()],
                "percent_as_it_is": one.sent.percent,
            }
            for one in told.wordings
        ],
        "language_model": {"asked": asked.asked, "ends": asked.ends, "took_ms": asked.took_ms, "tokens": asked.tokens},
        "never_used": [{"template": template, "variant": variant} for template, variant in told.unused],
        "corrected": [
            {
                "reading": one.reading,
                "cards": one.cards,
                "times": one.times,
                "to": [{"reading": other.really, "times": other.times} for other in one.to],
            }
            for one in told.corrected
        ],
    }


def stats_lines(
    told: WhatWorks, settings: Settings, *, asked: Used = NOBODY_ASKED, everything: bool = False
) -> Iterator[str]:
    """For a person."""
    yield f"{settings.community.name}: what works"
    yield ""
    yield f"Sent without an edit: {told.total.words}"
    for begins, sent in zip(told.weeks, told.sent, strict=True):
        yield f"  week of {begins:%d %b}  {sent.words}"
    for template, ones in _by_template(told.wordings):
        yield ""
        yield _title(template)
        for one in ones:
            yield f"  {one.variant}{'' if one.known or one.by_model else ' (not in your files)'}"
            yield from (f"    {line}" for line in _became(one))
    yield from _model_lines(asked)
    yield from _corrected_lines(told)
    yield from _unused_lines(told.unused, everything=everything)
    yield ""
    yield f"Of fewer than {FEW} no share is told: they are too few to tell."


def _model_lines(asked: Used) -> Iterator[str]:
    if not asked.asked:
        return
    ends = {ENDS[End(name)]: number for name, number in asked.ends.items() if name not in NOT_ASKED}
    took = f"; {asked.took} an answer" if asked.took else ""
    yield ""
    yield f"The language model was asked about {counted(asked.asked, 'card')}: {_counts(ends)}"
    yield f"  cost: {counted(asked.tokens, 'token')}{took}"


def _by_template(ones: Sequence[Became]) -> Iterator[tuple[str, list[Became]]]:
    """The most used template first."""
    found: dict[str, list[Became]] = {}
    for one in ones:
        found.setdefault(one.template, []).append(one)
    yield from sorted(found.items(), key=lambda pair: -sum(one.used for one in pair[1]))


def _title(template: str) -> str:
    """A template as people read it: `en/praise/any`, and what it is for."""
    if template == ASSISTANT:
        return f"{template} (written by a language model)"
    _, _, rest = template.partition("/")
    intent, _, name = rest.partition("/")
    return f"{template} ({doing(intent)}: {said(name)})" if name else template


def _became(one: Became) -> Iterator[str]:
    picked = f", picked by a person on {one.picked}" if one.picked else ""
    yield f"proposed on {counted(one.proposed, 'card')}{picked}"
    if one.sent.total:
        edits = f"; edited {one.edited:,}" if one.edited else ""
        much = f" (of these, {one.changed_words} on average)" if one.edited and one.changed_words else ""
        yield f"sent as it is {one.sent.words}{edits}{much}"
    if one.replaced:
        others = {_other(one, key): number for key, number in one.instead.items()}
        yield f"another wording taken {one.replaced:,}: {_counts(others)}"
    if one.skipped:
        yield f"skipped {one.skipped:,}: {_counts({why or NO_REASON: n for why, n in one.why.items()})}"
    waits = f"{one.open} {'waits' if one.open == 1 else 'wait'}" if one.open else ""
    rest = [waits, f"{one.ended:,} ended without a decision" if one.ended else ""]
    if any(rest):
        yield ", ".join(filter(None, rest))


def _other(one: Became, key: Key) -> str:
    return key[1] if key[0] == one.template else f"{key[0]}/{key[1]}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{words} ({number:,})" for words, number in counts.items())


def _corrected_lines(told: WhatWorks) -> Iterator[str]:
    if not told.corrected:
        return
    yield ""
    yield "Readings that managers corrected"
    for one in told.corrected:
        percent = share(one.times, one.cards)
        of = f"{one.times:,} of {counted(one.cards, 'card')}{f' ({percent}%)' if percent is not None else ''}"
        yield f"  {said(one.reading)}: {of}; really {_counts({said(other.really): other.times for other in one.to})}"


def _unused_lines(unused: Sequence[Key], *, everything: bool) -> Iterator[str]:
    if not unused:
        return
    yield ""
    yield f"Never used: {counted(len(unused), 'wording')}{'' if everything else '; --all names them'}"
    if everything:
        yield from (f"  {template}/{variant}" for template, variant in unused)


# --- patches

patches = typer.Typer(invoke_without_command=True, rich_markup_mode=None, add_completion=False)
Id = Annotated[str, typer.Argument(metavar="ID", help="As `greenroom templates patches` shows it.")]


@patches.callback()
def listed(context: typer.Context, as_json: AsJson = False, config: Config = None) -> None:
    """Show the wordings that managers edit at least half of the time, and what they send instead.

    A wording needs three edits whose words are still kept. Words of fans stand in none: they are slots, or the edit is
    not offered. It may be asked while Greenroom runs.

    \b
    Example: greenroom templates patches
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings(config)
    found = _waiting(settings, read_library(settings.templates, known=True))
    if as_json:
        typer.echo(json.dumps([_as_dict(one) for one in found], ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(patch_lines(found)))


@patches.command("take")
def taken(
    patch: Id,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Other words for it.", show_default=False)] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Change it in your editor first.")] = False,
    config: Config = None,
) -> None:
    """Write a patch into your file, above the wording that was edited. The files are checked before.

    \b
    Example: greenroom templates patches take 3f81c0 --edit
    """
    settings = load_settings(config)
    chosen = _chosen(settings, patch)
    if edit:
        text = edited(chosen.new if text is None else text)
    with busy("Reading the templates and their examples"):
        done = take(chosen, settings, _tried(settings), text)
    where = "in the place of" if done.placed.in_place else "above"
    typer.echo(f"Written: {done.path}:{done.placed.line}, {done.placed.variant}, {where} {chosen.variant}.")
    for warning in done.warnings:
        typer.echo(str(warning))


@patches.command("drop")
def dropped(patch: Id, config: Config = None) -> None:
    """Never offer a patch again.

    \b
    Example: greenroom templates patches drop 3f81c0
    """
    settings = load_settings(config)
    chosen = _chosen(settings, patch)
    settle(settings.var, chosen.covers)
    typer.echo(f"Dropped: {chosen.id}. It is not offered again.")


def _tried(settings: Settings) -> Try:
    content = Content(settings.templates, reader=load_reader, var=settings.var)
    return content.tried


def _waiting(settings: Settings, library: Library) -> list[Patched]:
    since = mondays(datetime.now(UTC), settings.community.timezone, WEEKS)[0]
    return look(settings.store, lambda c: waiting(c, library, settings, since), settings.key)


def _chosen(settings: Settings, named: str) -> Patch:
    """The patch with this id, or one that begins so. Raises GreenroomError and NotDone."""
    found = [patch for one in _waiting(settings, read_library(settings.templates, known=True)) for patch in one.patches]
    same = [patch for patch in found if named and patch.id.startswith(named.lower())]
    if len(same) > 1:
        raise GreenroomError(f"{named} is the beginning of several: {', '.join(patch.id for patch in same)}.")
    if not same:
        known = ", ".join(patch.id for patch in found) or "none"
        raise NotDone(f"No patch {named} waits; there are: {known}.")
    return same[0]


def _as_dict(one: Patched) -> dict[str, Any]:
    """For scripts; its shape is stable."""
    wording = one.wording
    return {
        "template": wording.template,
        "variant": wording.variant,
        "sent": wording.sent.total,
        "edited": wording.edited,
        "patches": [
            {"id": patch.id, "times": patch.number, "old": patch.old, "new": patch.new} for patch in one.patches
        ],
        "not_offered": [asdict(other) for other in one.not_offered],
    }


def patch_lines(found: Sequence[Patched]) -> Iterator[str]:
    """For a person."""
    if not found:
        yield "No wording is mostly edited, or too few edits are still kept."
        return
    for number, one in enumerate(found):
        wording = one.wording
        yield from ([""] if number else [])
        yield f"{wording.template}/{wording.variant}: edited {wording.edited:,} of {wording.sent.total:,} times"
        for patch in one.patches:
            yield f"  {patch.id}  sent {'once' if patch.number == 1 else f'{patch.number} times'}"
            yield from _shown("- ", patch.old)
            yield from _shown("+ ", patch.new)
            if any(kind == "same" for kind, _, _ in patch.differences):
                yield f"    {_marked(patch)}"
        for other in one.not_offered:
            yield f"  {counted(other.number, 'edit')} not offered: {other.why}"
    if any(one.patches for one in found):
        yield ""
        yield "greenroom templates patches take ID [--edit], or drop ID"


def _shown(sign: str, text: str) -> Iterator[str]:
    yield from (f"    {sign}{line}" for line in text.split("\n"))


_SIGNS = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}


def _marked(patch: Patch) -> str:
    """What is different, word by word."""
    parts = []
    for kind, words, space in patch.differences:
        told = _SIGNS[kind].format(" ".join(words.split()))
        shown = told if kind == "same" else typer.style(told, fg="red" if kind == "gone" else "green")
        parts.append(shown + (" " if space else ""))
    return "".join(parts)
