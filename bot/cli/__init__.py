"""The commands. Each reads the settings, asks the parts and prints. Only the module of the command that is run is
loaded."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Mapping[str, str] = {
    "run": "serve:run",
    "link": "link:link",
    "clock": "clock:clock",
    "init": "starter:init",
    "try": "attempt:attempt",
    "understand": "understand:understand",
    "backtest": "backtest:backtest",
    "doctor": "doctor:doctor",
    "report": "report:report",
    "templates": "templates:commands",
    "db": "database:commands",
}
"""Command -> MODULE:NAME of its function, or of its group of commands."""


class _Lazy(TyperGroup):
    """A group that loads a command when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command with this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"{__name__}.{module}"), name)
        if not isinstance(found, typer.Typer):
            one = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            one.command(cmd_name)(found)
            found = one
        command = get_command(found)
        command.name = cmd_name
        return command


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"greenroom {version('greenroom')}")
        raise typer.Exit


commands = typer.Typer(
    cls=_Lazy,
    name="greenroom",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text: the same on every terminal and in every log
    pretty_exceptions_enable=False,
)


@commands.callback()
def _greenroom(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Answers community posts in a human voice, and never posts without a human's yes."""
