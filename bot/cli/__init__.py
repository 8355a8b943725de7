"""The commands. Each reads the settings, asks the parts and prints."""

from __future__ import annotations

import typer

from bot.cli import attempt, backtest, database, doctor, serve, starter, templates, understand

commands = typer.Typer(
    name="greenroom",
    help="Answers community posts in a human voice, and never posts without a human's yes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain text: the same on every terminal and in every log
    pretty_exceptions_enable=False,
)
commands.command("run")(serve.run)
commands.command("link")(serve.link)
commands.command("clock")(serve.clock)
commands.command("init")(starter.init)
commands.command("try")(attempt.attempt)
commands.command("understand")(understand.understand)
commands.command("backtest")(backtest.backtest)
commands.command("doctor")(doctor.doctor)
commands.add_typer(templates.commands, name="templates")
commands.add_typer(database.commands, name="db")
