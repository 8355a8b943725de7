"""`queue`: what waits for a manager, in a terminal.

While Greenroom runs, the database is its own, so these commands speak its JSON API like any other program.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from bot.cli import cards
from bot.cli.common import Config, edited, load_settings
from bot.cli.server import Server, server_of
from bot.domain import DraftState
from bot.errors import GreenroomError, NotDone
from bot.settings import Settings
from responders.library.vocabulary import did_you_mean
from responders.said import said

commands = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Id = Annotated[str, typer.Argument(metavar="ID", help="The card's id, or enough of its beginning.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: as the API answers.")]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="KEY", help="Who decides and signs; else the only manager, or who is on call."),
]


class Decision(StrEnum):
    """What can be decided here."""

    APPROVE = "approve"
    EDIT = "edit"
    REWORD = "reword"
    FILL = "fill"
    SKIP = "skip"
    SNOOZE = "snooze"
    HANDOVER = "handover"
    RELABEL = "relabel"
    UNDO = "undo"


_TAKES: Final[Mapping[Decision, frozenset[str]]] = {
    Decision.APPROVE: frozenset({"alternative", "yes"}),
    Decision.EDIT: frozenset({"text", "yes"}),
    Decision.REWORD: frozenset({"alternative"}),
    Decision.FILL: frozenset({"slot"}),
    Decision.SKIP: frozenset({"reason"}),
    Decision.SNOOZE: frozenset({"minutes"}),
    Decision.HANDOVER: frozenset({"to"}),
    Decision.RELABEL: frozenset({"intent"}),
    Decision.UNDO: frozenset(),
}
"""The options of each. `approve` and `edit` send words, so they want a yes."""
_ACTIONS: Final = {Decision.SKIP: "reject"}
"""Where the API has another name."""
_DONE: Final = {
    Decision.APPROVE: "approved it",
    Decision.EDIT: "approved these words",
    Decision.REWORD: "laid this wording on the card",
    Decision.FILL: "filled it in",
    Decision.SKIP: "skipped it",
    Decision.SNOOZE: "snoozed it",
    Decision.HANDOVER: "handed it over",
    Decision.RELABEL: "gave it another reading; it is drafted anew",
    Decision.UNDO: "took it back; it waits again",
}


@commands.callback()
def _group() -> None:
    """What waits for a manager. Greenroom has to run; a script may ask for --json.

    The status is 1 if Greenroom does not answer or refuses, and 2 for bad input.
    """


@commands.command("list")
def list_(
    state: Annotated[DraftState, typer.Option(help="Those in this state.")] = DraftState.WAITING,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="At most so many.")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """List the cards that wait: the urgent ones first, then the oldest.

    \b
    Example: greenroom queue list
    """
    with server_of(load_settings(config)) as server:
        found, more = server.drafts(state, limit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif found:
        typer.echo("\n".join(cards.table(found, datetime.now(UTC), _width())))
        if more:
            typer.echo("There are more; --limit shows them.")
    else:
        typer.echo(f"Nothing is {cards.in_state(state)}." if state is not DraftState.WAITING else "Nothing waits.")


@commands.command()
def show(card_id: Id, as_: As = None, as_json: AsJson = False, config: Config = None) -> None:
    """Show a whole card.

    That is the post and what was said before it, why, the reply, what else there is to say, and notes.

    \b
    Example: greenroom queue show 3f9c2a
    """
    settings = load_settings(config)
    by = _manager(settings, as_)
    with server_of(settings) as server:
        card = server.card(card_id, by)
    if as_json:
        typer.echo(json.dumps(card, ensure_ascii=False, indent=2))
    else:
        _print(card, settings)


@commands.command()
def decide(  # noqa: PLR0913, PLR0917 - one for each option
    card_id: Id,
    decision: Annotated[Decision, typer.Argument(metavar="DECISION", help=", ".join(Decision), show_default=False)],
    alternative: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="approve, reword: the number of another text.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="WORDS", help="edit: the words; else an editor opens.")] = None,
    slot: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="fill: words for a blank.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="WORDS", help="skip: why.")] = None,
    minutes: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="snooze: for how long; else an hour.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="KEY", help="handover: to whom; else to anybody.")] = None,
    intent: Annotated[str | None, typer.Option(metavar="NAME", help="relabel: what the post really is.")] = None,
    yes: Annotated[
        int | None,
        typer.Option(min=1, metavar="REVISION", help="approve, edit: do not ask; the text of this revision was read."),
    ] = None,
    as_: As = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Decide about a card. Before anything goes out, its whole text is shown and you are asked.

    While you are asked, your colleagues see that you have the card open. A yes counts for the text that you saw. If
    the card has changed meanwhile, nothing is sent.

    \b
    Example: greenroom queue decide 3f9c2a approve
    Example: greenroom queue decide 3f9c2a skip --reason "answered by phone"
    """
    settings = load_settings(config)
    by = _manager(settings, as_)
    given = {"alternative": alternative, "text": text, "slot": slot, "reason": reason, "minutes": minutes}
    given |= {"to": to, "intent": intent, "yes": yes}
    options = {name: value for name, value in given.items() if value not in (None, [])}
    _refuse_misplaced(decision, options)
    with server_of(settings) as server:
        card = server.card(card_id, by)
        more = _more(options)
        _refuse_unclear(card, decision, options)
        asks = decision in (Decision.APPROVE, Decision.EDIT) and yes is None
        if asks and sys.stdin.isatty() and card["state"] == DraftState.WAITING:
            opened = {"revision": card["revision"], "by": by, "action": "open"}
            server.ask("POST", f"/api/drafts/{card['draft_id']}/decisions", json=opened)
        if decision is Decision.EDIT and text is None:
            more["text"] = edited(card["text"] or "")
        if asks:
            _ask(server, card, more)
        body = {
            "revision": card["revision"] if yes is None else yes,
            "by": by,
            "action": _ACTIONS.get(decision, decision),
            **more,
        }
        done = server.ask("POST", f"/api/drafts/{card['draft_id']}/decisions", json=body)
        if as_json:
            typer.echo(json.dumps(done, ensure_ascii=False, indent=2))
            return
        _tell(done, decision, by, settings)
        if decision is Decision.HANDOVER:
            post = server.ask("GET", f"/api/posts/{done['post']['post_id']}")
            typer.echo(f"It waits as a new card: {post['draft']['draft_id']}")
        if decision in (Decision.REWORD, Decision.FILL):
            _print(server.card(done["draft_id"], by), settings)
        if yes is not None:  # else it was shown before
            typer.echo("\n".join([f"It goes out so{cards.source(done)}:", *cards.indented(cards.shown(done["text"]))]))
        _tell_undo(done, settings)


@commands.command()
def watch(as_json: AsJson = False, config: Config = None) -> None:
    """Show what happens, as it happens, until Ctrl-C. A server that does not answer is waited for.

    \b
    Example: greenroom queue watch
    """
    settings = load_settings(config)
    try:
        with server_of(settings) as server:
            for name, fact in server.events():
                if as_json:
                    typer.echo(json.dumps({"event": name, **fact}, ensure_ascii=False))
                elif fact["draft_id"] or name.startswith("hold_"):
                    typer.echo(_happened(server, name, fact, settings))
    except KeyboardInterrupt:
        typer.echo("", err=True)
        raise typer.Exit(0) from None


def ready(config: Config = None) -> None:
    """Ask the running Greenroom whether each part can do its work, for health checks; status 1 if one cannot.

    A process with many communities is well as long as one of them is; those that are not are named.

    \b
    Example: greenroom ready
    """
    with server_of(load_settings(config)) as server:
        found = server.ready()
    lines = [
        f"{key}: {line}" for key, one in found.get("communities", {}).items() for line in _not_ready(one)
    ] or _not_ready(found)
    if found["status"] == "not ready":
        raise NotDone("\n".join(lines))
    typer.echo("\n".join([*lines, f"Greenroom is {found['status']}."]))


def _not_ready(found: cards.Json) -> list[str]:
    """Each part of a community that cannot work, in a line; or why the whole of it does not run."""
    if "why" in found:
        return [cards.line(f"It does not run. {found['why']}")]
    down = [name for name, works in found.items() if works is False and name != "on_hold"]
    return [cards.line(f"{name} is not ready. {found.get(f'{name}_error', '')}".strip()) for name in down]


def _manager(settings: Settings, key: str | None) -> str:
    """Who decides. Raises GreenroomError for a key that config.yaml does not have."""
    known = settings.managers
    if key is None:
        return next(iter(known)) if len(known) == 1 else settings.on_call
    if key not in known:
        hint = did_you_mean(key, known)
        raise GreenroomError(f"“{key}” is not a manager{hint}; config.yaml lists: {', '.join(sorted(known))}")
    return key


def _refuse_misplaced(decision: Decision, options: Mapping[str, object]) -> None:
    """Raises GreenroomError for an option that belongs to another decision, and for one that is missing."""
    for name in options:
        if name not in _TAKES[decision]:
            owners = " and ".join(one for one in Decision if name in _TAKES[one])
            raise GreenroomError(f"--{name} belongs to {owners}, not to {decision}.")
    needed = {Decision.FILL: "slot", Decision.RELABEL: "intent"}.get(decision)
    if needed and needed not in options:
        raise GreenroomError(f"Write --{needed} with {decision}; `greenroom queue decide --help` says how.")


def _refuse_unclear(card: cards.Json, decision: Decision, options: Mapping[str, Any]) -> None:
    """Raises GreenroomError if nobody can tell which text is meant."""
    if options.get("yes", 0) > card["revision"]:
        raise GreenroomError(f"The card is at revision {card['revision']}.")
    ready = len(card["alternatives"])
    if decision is Decision.APPROVE and card["text"] is None and ready and "alternative" not in options:
        raise GreenroomError(f"Pick one: --alternative 1{f' to {ready}' if ready > 1 else ''}.")


def _more(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the API gets of the options."""
    more = {name: value for name, value in options.items() if name not in {"slot", "yes"}}
    if "slot" in options:
        more["slots"] = dict(_pair(one) for one in options["slot"])
    return more


def _pair(written: str) -> tuple[str, str]:
    name, is_there, value = written.partition("=")
    if not is_there or not name:
        raise GreenroomError(f"--slot {written!r} is not NAME=VALUE.")
    return name, value


def _ask(server: Server, card: cards.Json, more: Mapping[str, Any]) -> None:
    """Show what would go out, and ask. Raises NotDone for a no, and GreenroomError where nobody can be asked."""
    if not sys.stdin.isatty():
        revision = f"--yes {card['revision']}" if "text" not in more else "--yes REVISION"
        raise GreenroomError(f"Nobody can be asked here. Read the card first, then say {revision}.")
    wording = _wording(server, card, more)
    text, missing = wording["text"], wording["missing_slots"]
    if missing:
        blanks = " ".join(f"--slot {slot['name']}=..." for slot in missing)
        asked = " ".join(cards.line(slot["ask"]) for slot in missing)
        raise NotDone(
            f"Still to fill: {asked} First: greenroom queue decide {card['draft_id'][: cards.ID]} fill {blanks}"
        )
    if text is None:
        raise NotDone("There is nothing to send yet; `edit` writes it, or --alternative names a ready reply.")
    post = card["post"]
    typer.echo(f"{cards.line(post['author']['name']) or 'A fan'} in {cards.place(card)} ({post['platform']}) wrote:")
    typer.echo("\n".join(cards.indented(cards.shown(post["text"]) or "(no words)")))
    typer.echo(typer.style(f"This goes out{cards.source(wording)}:", bold=True))
    typer.echo("\n".join([*cards.indented(cards.shown(text)), *cards.remarks(wording["checks"])]))
    if not _yes("Send it?"):
        raise NotDone("Nothing was sent.")


def _yes(question: str) -> bool:
    """What somebody at a terminal answers; the end of the input is a no. Exits with 130 after Ctrl-C."""
    try:
        while (answer := input(f"{question} [y/N]: ").strip().lower()) not in {"y", "yes", "n", "no", ""}:
            typer.echo(f"“{cards.line(answer)}” is neither; write y for yes or n for no.")
    except EOFError:
        typer.echo()
        return False
    except KeyboardInterrupt:
        typer.echo("\nNothing was sent.", err=True)
        raise typer.Exit(130) from None
    return answer.startswith("y")


def _wording(server: Server, card: cards.Json, more: Mapping[str, Any]) -> cards.Json:
    """What would go out: the card itself, one of its alternatives, or own words with what the checks say of them."""
    if "text" in more:
        found = server.ask("POST", f"/api/drafts/{card['draft_id']}/remarks", json={"text": more["text"]})
        if found["stops"]:
            raise NotDone(" ".join(map(cards.line, found["stops"])))
        checks = [{"level": "warn", "note": note} for note in found["remarks"]]
        return {"text": more["text"], "own_words": True, "checks": checks, "missing_slots": []}
    number = more.get("alternative")
    if number is None:
        return card
    if number > len(card["alternatives"]):
        raise GreenroomError(f"There is no alternative {number}; the card has {len(card['alternatives'])}.")
    other: cards.Json = card["alternatives"][number - 1]
    return other


def _tell(done: cards.Json, decision: Decision, by: str, settings: Settings) -> None:
    """What came of it."""
    name = settings.managers[by].name
    typer.echo(f"{name} {_DONE[decision]}.")
    notes = [*cards.remarks(done["warnings"])]
    if notes:
        typer.echo("\n".join(notes))


def _tell_undo(done: cards.Json, settings: Settings) -> None:
    """Until when it can be taken back."""
    short = done["draft_id"][: cards.ID]
    if done["undo_until"]:
        until = settings.community.local(datetime.fromisoformat(done["undo_until"]))
        typer.echo(f"Until {until:%H:%M:%S} you can take it back: greenroom queue decide {short} undo")


def _print(card: cards.Json, settings: Settings) -> None:
    told = cards.whole(card, datetime.now(UTC), settings.community.local, _name_of(settings))
    typer.echo("\n".join(told).rstrip())


def _name_of(settings: Settings) -> Callable[[str], str]:
    return lambda key: settings.managers[key].name if key in settings.managers else key


def _happened(server: Server, name: str, fact: cards.Json, settings: Settings) -> str:
    """One event in a line. A card that waits is told with what its post says."""
    at = settings.community.local(datetime.fromisoformat(fact["at"]))
    short = (fact["draft_id"] or "")[: cards.ID]
    by = f" by {_name_of(settings)(fact['by'])}" if fact["by"] else ""
    why = f" ({said(str(fact['cause']))})" if fact.get("cause") else ""
    happened = "draft skipped" if name == "draft_rejected" else said(name)
    told = f"{at:%H:%M:%S}  {short:<{cards.ID}}  {happened}{by}{why}"
    if name not in {"draft_waiting", "draft_woken"}:
        return told
    try:
        card = server.card(fact["draft_id"])
    except GreenroomError:  # it is lost, or the card is gone: the next line says so
        return told
    text = f"{told}: {cards.kind(card)}, {cards.place(card)}, {cards.reading(card)}: {cards.line(card['post']['text'])}"
    text = cards.cut(text, _width())
    return typer.style(text, fg="red") if card["risk"] else text


def _width() -> int:
    """Columns of the terminal."""
    return typer.get_terminal_size((120, 24)).columns
