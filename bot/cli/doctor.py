"""`doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters import replay
from bot.adapters.chat.port import adapters
from bot.adapters.web.doctor import checks as web_checks
from bot.assistant import doctor as assistant
from bot.cli.common import Config, Many, busy, counted, load_settings, one_of
from bot.content import Content
from bot.errors import FaultyFiles, GreenroomError
from bot.insights import mail
from bot.own_files import own_warnings
from bot.ports import Check
from bot.reader import Reader, load_reader
from bot.settings import Settings
from bot.store import migrate
from responders.library.model import Library
from responders.pipeline import Pipeline

_MARKS = {True: ("ok   ", "green"), False: ("FAULT", "red"), None: ("note ", "yellow")}


def doctor(
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the platforms, and whether public_url answers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    config: Config = None,
    communities: Many = None,
) -> None:
    """Check config, templates, database and platforms; each problem comes with its fix. Status 1 if one is found.

    \b
    Example: greenroom doctor
    Example: greenroom doctor --communities /srv/greenroom
    """
    with busy("Looking at the templates, the model, the database and the platforms"):
        if communities is None:
            found = {"": _look(lambda: load_settings(config), online)}
        else:
            found = _look_at_all(one_of(communities, config), online)
    if as_json:
        named = [
            ({"community": key} if key else {}) | asdict(check) for key, checks in found.items() for check in checks
        ]
        typer.echo(json.dumps(named, ensure_ascii=False, indent=2))
    else:
        for key, checks in found.items():
            typer.echo(f"{key}:" if key else "", nl=bool(key))
            _show(checks)
    if any(check.ok is False for checks in found.values() for check in checks):
        raise typer.Exit(1)


def _show(checks: Iterable[Check]) -> None:
    for check in checks:
        mark, colour = _MARKS[check.ok]
        typer.echo(f"{typer.style(mark, fg=colour)}  {check.name:<10}  {check.result}")
        if check.fix:
            typer.echo(f"{'':19}-> {check.fix}")


def _look(load: Callable[[], Settings], online: bool) -> list[Check]:
    """What there is to say of one community."""
    try:
        settings = load()
    except FaultyFiles as error:
        return _faults("config", error)
    checks = [_fine("config", f"{settings.path.name} is in order"), *_examine(settings)]
    return [*checks, *_public(settings), *_online(settings)] if online else checks


def _look_at_all(folder: Path, online: bool) -> dict[str, list[Check]]:
    """What there is to say of each community, and of what they cannot share."""
    from bot.communities import clash, common_bind, folders, load_one  # noqa: PLC0415 - the whole program

    found: dict[str, list[Check]] = {}
    read: dict[str, Settings] = {}
    paths = folders(folder)
    for key, path in paths.items():
        try:
            read[key] = load_one(key, path, os.environ)
        except FaultyFiles as error:
            found[key] = _faults("config", error)
        except GreenroomError as error:
            found[key] = [Check(name="config", ok=False, result=str(error))]
    bind = common_bind(read.values())
    for key, settings in read.items():
        others = {name: other for name, other in read.items() if name != key}
        why = clash(settings, others, bind)
        found[key] = [Check(name="together", ok=False, result=why)] if why else []
        found[key] += _look(lambda: settings, online)  # noqa: B023 - asked here
    return {key: found[key] for key in paths}


@cache
def _once(load: Callable[[], Reader]) -> Reader:
    return load()


def _examine(settings: Settings) -> list[Check]:
    content = Content(settings.templates, reader=lambda: _once(load_reader), var=settings.var)
    return [
        *_templates(settings, content),
        _reader(content),
        *migrate.inspect(settings.store, settings.key),
        *_disk(settings),
        *web_checks(settings),
        *_platforms(settings),
        *_nameless(settings),
        *_on_call(settings),
        *replay.checks(settings),
        *mail.checks(settings),
        *_assistant(settings, content),
    ]


def _templates(settings: Settings, content: Content) -> list[Check]:
    try:
        pipeline = content.load()
    except FaultyFiles as error:
        return [*_faults("templates", error), _instead(content, settings)]
    library = pipeline.library
    result = (
        f"{counted(len(library.templates), 'template')}, {counted(len(library.intents), 'intent')}; all examples pass"
    )
    return [_fine("templates", result), *_warnings(settings, pipeline), *_registers(settings, library)]


def _instead(content: Content, settings: Settings) -> Check:
    """What a start does with these faults."""
    if not content.use_kept() or content.kept_at is None:
        return Check(name="templates", ok=None, result="no earlier set is kept: a start stops with these faults")
    kept_at = settings.community.local(content.kept_at)
    result = f"a start uses the set that was in use before, kept on {kept_at:%Y-%m-%d at %H:%M %Z}"
    return Check(name="templates", ok=None, result=result)


def _reader(content: Content) -> Check:
    if error := content.no_reader:
        return Check(name="reader", ok=False, result=error.sentence, fix=error.fix)
    return _fine("reader", "posts are read with the trained model, which passes its own checks")


def _warnings(settings: Settings, pipeline: Pipeline) -> list[Check]:
    count = len(own_warnings(pipeline, settings))
    result, fix = f"{counted(count, 'thing')} could be better", "`greenroom templates check` says what"
    return [Check(name="templates", ok=None, result=result, fix=fix)] if count else []


def _registers(settings: Settings, library: Library) -> list[Check]:
    used = {item.register_ for item in settings.platforms.listened}
    known = {"default", *library.registers}
    fix = f"write one of: {', '.join(sorted(known))}; or add it to templates/voice.yaml"
    return [
        Check(name="config", ok=False, result=f"the register `{name}` of a channel is not defined", fix=fix)
        for name in sorted(used - known)
    ]


def _disk(settings: Settings) -> list[Check]:
    folder = settings.var if settings.var.exists() else settings.root
    writable = os.access(folder, os.W_OK)
    result = f"{folder} can{'' if writable else 'not'} be written"
    return [
        Check(
            name="disk",
            ok=writable,
            result=result,
            fix="" if writable else "let the user who runs Greenroom write there",
        ),
        Check(
            name="disk",
            ok=None,
            result="Greenroom does not encrypt what it stores",
            fix="keep the database on an encrypted disk",
        ),
    ]


def _platforms(settings: Settings) -> list[Check]:
    found = adapters()
    return [check for name in settings.switched_on for check in found[name].checks(settings)]


def _nameless(settings: Settings) -> list[Check]:
    """Managers who cannot sign a reply, because config.yaml does not have their name."""
    return [
        Check(
            name="managers",
            ok=None,
            result=f"“{manager.name}” is no name, so replies of `{key}` that are signed cannot be sent",
            fix=f"write their name under `managers: {key}`; its first word signs",
        )
        for key, manager in settings.managers.items()
        if not manager.called
    ]


def _on_call(settings: Settings) -> list[Check]:
    """Whether a chat platform can ring whoever is called when somebody may be in danger."""
    manager = settings.managers[settings.on_call]
    if any(manager.account(name) for name in settings.switched_on):
        return []
    result = (
        f"{manager.name} (`on_call`) has no account on a chat platform that is on, so nothing rings when somebody may "
        "be in danger"
    )
    fix = f"add their id on Discord or Telegram under `managers: {settings.on_call}`, or keep the console open"
    return [Check(name="on_call", ok=None, result=result, fix=fix)]


def _online(settings: Settings) -> list[Check]:
    found = adapters()
    chats = [check for name in settings.switched_on for check in asyncio.run(found[name].check_online(settings))]
    return [*chats, *mail.check_online(settings), *asyncio.run(assistant.check_online(settings))]


def _assistant(settings: Settings, content: Content) -> list[Check]:
    if settings.assistant is None:
        return []
    try:
        library = content.load().library
    except FaultyFiles:  # told above
        library = None
    return assistant.checks(settings, library)


def _public(settings: Settings) -> list[Check]:
    address = settings.web.public_url
    if address is None:
        return [
            Check(name="online", ok=None, result="`web.public_url` is not set: the console is for this machine only")
        ]
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=10):  # noqa: S310 - the settings take http and https only
            return [_fine("online", f"{address} answers")]
    except (urllib.error.URLError, OSError, ValueError) as error:
        fix = "start `greenroom run`, and look at the reverse proxy"
        return [Check(name="online", ok=False, result=f"{address} does not answer: {error}", fix=fix)]


def _fine(name: str, result: str) -> Check:
    return Check(name=name, ok=True, result=result)


def _faults(name: str, error: FaultyFiles) -> list[Check]:
    return [Check(name=name, ok=False, result=str(fault)) for fault in error.faults]
