"""`queue`: what waits for a manager, in a terminal.

While Greenroom runs, the database is its own, so these commands speak its JSON API like any other program.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, Final

import httpx
import typer

from bot.adapters.web.links import host_of, keys
from bot.cli import cards
from bot.cli.common import Config, edited, load_settings
from bot.domain import DraftState
from bot.errors import GreenroomError, NotDone
from bot.settings import Settings
from responders.library.vocabulary import did_you_mean
from responders.said import said

commands = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

ANSWERS_WITHIN: Final = 30.0
"""Seconds for one answer."""
SILENT_FOR: Final = 60.0
"""Seconds without a sign of life, after which the stream of events counts as lost: it has one every 15."""
PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds before each new try to reach a server that was lost; the last one stays."""
_PAGE: Final = 200
_UNKNOWN, _UNAUTHORIZED, _UNAVAILABLE = 404, 401, 500

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
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """List the cards that wait: the urgent ones first, then the oldest.

    \b
    Example: greenroom queue list
    """
    with _server(load_settings(config)) as server:
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
    with _server(settings) as server:
        card = server.card(card_id, by)
    if as_json:
        typer.echo(json.dumps(card, ensure_ascii=False, indent=2))
    else:
        _print(card, settings)


@commands.command()
def decide(  # noqa: PLR0913, PLR0917 - one for each option
    card_id: Id,
    decision: Annotated[Decision, typer.Argument(metavar="DECISION", help=", ".join(Decision), show_default=False)],
    alternative: Annotated[int | None, typer.Option(min=1, help="approve, reword: the number of another text.")] = None,
    text: Annotated[str | None, typer.Option(help="edit: the words; else an editor opens.")] = None,
    slot: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="fill: words for a blank.")] = None,
    reason: Annotated[str | None, typer.Option(help="skip: why.")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="snooze: for how long; else an hour.")] = None,
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
    with _server(settings) as server:
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
        with _server(settings) as server:
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
    with _server(load_settings(config)) as server:
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


class Away(NotDone):
    """Greenroom does not answer, or its database does not."""


class Server:
    """A Greenroom that runs with these settings."""

    def __init__(self, client: httpx.Client) -> None:
        """`client` knows the address and the token."""
        self._client = client

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """What it answers. Raises NotDone for a refusal, in its words, and GreenroomError for what is not there."""
        try:
            answer = self._client.request(method, path, **more)
        except httpx.ConnectError:
            raise self._away() from None
        except httpx.TransportError:
            if method == "GET":
                raise self._away() from None
            raise NotDone(
                "The answer was lost, so this may be done or not; look at the card before you try again."
            ) from None
        if answer.is_success:
            return self._body(answer)
        raise self._refused(answer)

    def ready(self) -> cards.Json:
        """What /readyz says of each part, be it yes or no. Raises NotDone for anything else."""
        try:
            answer = self._client.get("/readyz")
        except httpx.TransportError:
            raise self._away() from None
        if answer.status_code not in {200, 503}:
            raise self._refused(answer)
        found: cards.Json = self._body(answer)
        if not isinstance(found, dict) or "status" not in found:
            raise self._stranger()
        return found

    def drafts(self, state: DraftState, limit: int) -> tuple[list[cards.Json], bool]:
        """Cards in a state, and whether there are more."""
        found: list[cards.Json] = []
        after: str | None = None
        while len(found) < limit:
            page = {"state": str(state), "limit": min(_PAGE, limit - len(found)), **({"after": after} if after else {})}
            answer = self._page(page)
            found += answer["items"]
            after = answer["next"]
            if after is None:
                break
        return found, after is not None

    def card(self, card_id: str, by: str | None = None) -> cards.Json:
        """A card by its id or the beginning of it; `by`: with the texts that a yes of this manager sends.

        Raises GreenroomError if the id names none, or more than one.
        """
        prefix = card_id.strip().lower()
        if not prefix or len(prefix) > 16 or set(prefix) - set("0123456789abcdef"):  # noqa: PLR2004 - as ids are
            raise GreenroomError(f"“{cards.line(card_id)}” is not a card's id; `greenroom queue list` shows them.")
        found = self._page({"begins": prefix, "limit": 4, **({"by": by} if by else {})})["items"]
        if not found:
            raise GreenroomError(f"There is no card {prefix}; `greenroom queue list` shows those that wait.")
        if len(found) > 1:
            names = ", ".join(card["draft_id"] for card in found[:3])
            raise GreenroomError(f"More than one card begins with {prefix}: {names}; write more of the id.")
        card: cards.Json = found[0]
        return card

    def events(self) -> Iterator[tuple[str, cards.Json]]:
        """What happens from now on. A server that does not answer is waited for. Raises NotDone for a refusal."""
        last: int | None = None
        met, tries = False, 0
        while True:
            try:
                with self._stream(last) as lines:
                    waiting = self._waiting()
                    typer.echo(f"{'Greenroom is back' if met else 'Watching; Ctrl-C ends it'}. {waiting}", err=True)
                    met, tries = True, 0
                    for name, fact in facts(lines):
                        last = fact["seq"]
                        yield name, fact
            except (httpx.TransportError, Away):
                pass
            if tries == 0:
                since = "any more" if met else f"at {self._client.base_url}"
                typer.echo(f"Greenroom does not answer {since}; trying again. Ctrl-C ends this.", err=True)
            time.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    @contextmanager
    def _stream(self, last: int | None) -> Iterator[Iterator[str]]:
        """The lines of the stream of events, after the last one that was seen."""
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        timeout = httpx.Timeout(ANSWERS_WITHIN, read=SILENT_FOR)
        with self._client.stream("GET", "/api/events", headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                raise self._refused(answer)
            yield answer.iter_lines()

    def _waiting(self) -> str:
        """How many cards wait, in a sentence."""
        found, more = self.drafts(DraftState.WAITING, _PAGE)
        return f"{'More than ' if more else ''}{len(found)} {'waits' if len(found) == 1 and not more else 'wait'} now."

    def _page(self, params: Mapping[str, Any]) -> cards.Json:
        """A page of cards. Raises NotDone if something else than Greenroom answers."""
        answer = self.ask("GET", "/api/drafts", params=params)
        if isinstance(answer, dict) and "items" in answer:
            return answer
        raise self._stranger()

    def _stranger(self) -> NotDone:
        return NotDone(f"What answers at {self._client.base_url} is not Greenroom; look at `web.bind`.")

    def _body(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise self._stranger() from None

    def _refused(self, answer: httpx.Response) -> GreenroomError:
        if answer.status_code == _UNAUTHORIZED:
            return NotDone(
                f"Greenroom at {self._client.base_url} has another token; use its config.yaml, and its "
                "GREENROOM_WEB_TOKEN if it has one."
            )
        body = self._body(answer)
        message = body.get("message") if isinstance(body, dict) else None
        if not isinstance(message, str):
            return self._stranger()
        sentence = cards.line(message)
        if answer.status_code == _UNKNOWN:
            return GreenroomError(sentence)
        return Away(sentence) if answer.status_code >= _UNAVAILABLE else NotDone(sentence)

    def _away(self) -> Away:
        return Away(f"Greenroom does not answer at {self._client.base_url}; start it with `greenroom run`.")


@contextmanager
def _server(settings: Settings) -> Iterator[Server]:
    """The server on this machine. Raises GreenroomError if its address is not known."""
    if not settings.web.port:
        raise GreenroomError("`web.bind` in config.yaml leaves the port open (0); write one, so that it can be found.")
    headers = {"Authorization": f"Bearer {keys(settings, os.environ).token}"}
    if settings.key:
        headers["Host"] = host_of(settings, settings.web.port)
    # The token goes to this machine only: no proxy of the environment gets to see it.
    with httpx.Client(base_url=_address(settings), headers=headers, timeout=ANSWERS_WITHIN, trust_env=False) as client:
        yield Server(client)


def _address(settings: Settings) -> str:
    """The address of the server for programs on its own machine."""
    host = settings.web.host
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host}:{settings.web.port}"
    if address.is_unspecified:  # it listens everywhere, so also here
        address = ip_address("::1" if address.version == 6 else "127.0.0.1")  # noqa: PLR2004 - IPv6
    return f"http://{f'[{address}]' if address.version == 6 else address}:{settings.web.port}"  # noqa: PLR2004


def facts(lines: Iterable[str]) -> Iterator[tuple[str, cards.Json]]:
    """The events of a stream (text/event-stream): their names and data. Anything else in it is ignored."""
    name, data = "", list[str]()
    for one in lines:
        field, _, value = one.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not one:
            if name and data:
                yield name, json.loads("\n".join(data))
            name, data = "", []


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
