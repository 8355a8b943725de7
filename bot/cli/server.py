"""A Greenroom that runs on this machine, as its JSON API and its stream of events answer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, Final

import httpx
import typer

from bot.adapters.web.links import host_of, keys
from bot.cli import cards
from bot.domain import DraftState
from bot.errors import GreenroomError, NotDone
from bot.settings import Settings
from bot.settings.model import WEB_TOKEN

ANSWERS_WITHIN: Final = 30.0
"""Seconds for one answer."""
SILENT_FOR: Final = 60.0
"""Seconds without a sign of life, after which the stream of events counts as lost: it has one every 15."""
PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds before each new try to reach a server that was lost; the last one stays."""
_PAGE: Final = 200
_UNKNOWN, _UNAUTHORIZED, _UNAVAILABLE = 404, 401, 500


class Away(NotDone):
    """Greenroom does not answer, or its database does not."""


class Server:
    """A Greenroom that runs with these settings."""

    def __init__(self, client: httpx.Client, variable: str) -> None:
        """`client` knows the address and the token. `variable`: the one of the environment that may hold the token."""
        self._client = client
        self._variable = variable

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
                f"{self._variable} if it has one."
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
def server_of(settings: Settings) -> Iterator[Server]:
    """The server on this machine. Raises GreenroomError if its address is not known."""
    if not settings.web.port:
        raise GreenroomError("`web.bind` in config.yaml leaves the port open (0); write one, so that it can be found.")
    headers = {"Authorization": f"Bearer {keys(settings, os.environ).token}"}
    if settings.key:
        headers["Host"] = host_of(settings, settings.web.port)
    # The token goes to this machine only: no proxy of the environment gets to see it.
    with httpx.Client(base_url=_address(settings), headers=headers, timeout=ANSWERS_WITHIN, trust_env=False) as client:
        yield Server(client, settings.variable(WEB_TOKEN))


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
