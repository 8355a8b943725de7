"""The commands. Each reads the settings, asks the parts and prints. Only the module of the command that is run is
loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from bot.validation import wrong

Table = Mapping[str, tuple[str, str]]
"""Command -> MODULE:NAME of its function, or of its group of commands; and what it does, for the list of all."""

COMMANDS: Table = {
    "run": ("serve:run", "Run everything that config.yaml switches on, until Ctrl-C."),
    "link": ("link:link", "Print a sign-in link for a manager."),
    "ready": ("queue:ready", "Say whether the running Greenroom can do its work."),
    "queue": ("queue:commands", "What waits for a manager: look, decide, watch."),
    "clock": ("clock:clock", "Confirm that this machine's clock is right."),
    "init": ("starter:init", "Write a folder to start from."),
    "try": ("attempt:attempt", "Show what would happen to a post, and why."),
    "understand": ("understand:understand", "Read each post of a file, for scripts."),
    "backtest": ("backtest:backtest", "Replay an exported chat."),
    "doctor": ("doctor:doctor", "Say what is well, what is not, and how to mend it."),
    "report": ("report:report", "How many posts that deserved an answer got one."),
    "templates": (":of_templates", "Check the operators' files, and show what they say."),
    "db": ("database:commands", "Migrate the database, back it up, restore it, move it."),
}
TEMPLATES: Table = {
    "check": ("check:check", "Say what is wrong (status 1) and what could be better."),
    "preview": ("templates:preview", "Show each wording of a file, and whether it is offered."),
    "sample": ("templates:sample", "Show the replies to some posts, as a channel would see them."),
    "stats": ("works:stats", "What became of each wording."),
    "patches": ("works:patches", "What managers say instead of a wording."),
    "export": ("sheets:export", "Write the answers and wordings as CSV."),
    "import": ("sheets:import_", "Make template files of a CSV file."),
}


class _Lazy(TyperGroup):
    """A group that loads a command when it is needed."""

    table: Table = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command with this name, or None."""
        if cmd_name not in self.table:
            return None
        module, _, name = self.table[cmd_name][0].partition(":")
        found = getattr(import_module(f"{__name__}.{module}" if module else __name__), name)
        if not isinstance(found, typer.Typer):
            one = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            one.command(cmd_name)(found)
            found = one
        command = get_command(found)
        command.name = cmd_name
        for one in (command, *getattr(command, "commands", {}).values()):
            for parameter in one.params:
                if isinstance(parameter, TyperArgument):  # its name and its help say what it is, not a type of Python
                    parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words begin with. Another one is refused, with the nearest that there is."""
        if args[0] not in self.table and not args[0].startswith("-"):
            from responders.library.vocabulary import did_you_mean  # noqa: PLC0415 - only here, as it takes time to load

            ctx.fail(f"There is no command {args[0]}{did_you_mean(args[0], self.table)}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. A value that cannot be used is told in our words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from pydantic import ValidationError  # noqa: PLC0415 - only here, as it takes time to load

            if isinstance(error.__cause__, ValidationError):
                told = wrong("it", error.__cause__.errors(include_url=False)[0])
                error.message = f"{told.removeprefix('it: ').rstrip('.')}."
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of all commands. It loads none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, does) for name, (_, does) in self.table.items()])


class _LazyTemplates(_Lazy):
    """The commands for the operators' files."""

    table = TEMPLATES


def plain() -> bool:
    """True if the output has no colours, wherever it goes: NO_COLOR is set (no-color.org), or the terminal has none."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


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
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Answers community posts in a human voice, and never posts without a human's yes."""
    context.color = False if plain() else None  # None: on a terminal only


of_templates = typer.Typer(cls=_LazyTemplates, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@of_templates.callback()
def _templates() -> None:
    """The operators' files: check them, and show what they say."""
