"""What fans asked us to remember: where it may be used, what managers see of it, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from bot.consent import Honour, Person
from bot.events import Happened
from bot.store import Connection, events, fans, people, requests
from responders.types import History

Local = Callable[[datetime], datetime]
"""A moment on the community's clock."""
HONOURS: Mapping[Honour, str] = {Honour.HELPED: "helped others here", Honour.ON_STAGE: "was on stage here"}


def history(connection: Connection, platform: str, fan_id: str, local: Local) -> History | None:
    """What a reply to a fan may use; None if they did not ask to be remembered, or if there are signs of a child."""
    person = people.of(connection, platform, fan_id)
    if person is None or fans.has_signs_of_minor(connection, person.accounts):
        return None
    return History(
        since=local(person.since),
        call_name=person.call_name,
        things=person.things,
        honours=frozenset(str(honour.kind) for honour in people.honours_of(connection, person.id)),
    )


def lines(connection: Connection, accounts: Collection[tuple[str, str]], local: Local) -> dict[tuple[str, str], str]:
    """What managers see of those of these accounts that asked to be remembered: a line for each."""
    return {
        account: _line(connection, person, local)
        for account, person in people.remembered(connection, accounts).items()
        if not fans.has_signs_of_minor(connection, person.accounts)
    }


def _line(connection: Connection, person: Person, local: Local) -> str:
    name = f", as {person.call_name}" if person.call_name else ""
    noted = {honour.kind for honour in people.honours_of(connection, person.id)}
    said = [*person.things, *(words for kind, words in HONOURS.items() if kind in noted)]
    listed = f": {'; '.join(said)}" if said else ""
    return f"Remembered since {local(person.since):%B %Y}{name}{listed}"


def end(connection: Connection, platform: str, fan_id: str, at: datetime) -> list[tuple[str, str]]:
    """Forget what was remembered of a fan. Returns all accounts that they had linked."""
    person = people.of(connection, platform, fan_id)
    if person is None:
        return []
    accounts = people.forget(connection, person.id)
    for account in accounts:
        requests.drop_of_fan(connection, *account)
    events.append(connection, Happened.MEMORY_CHANGED, at)
    return accounts
