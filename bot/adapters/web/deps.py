"""What the web server needs of the rest of the product, in one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from bot.adapters.web.auth import Keys
from bot.desk import Desk
from bot.intake import Intake
from bot.outbox import Resting
from bot.people.asks import Asks
from bot.people.board import Board
from bot.people.fans import Fans
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Store
from responders.library.faults import Fault
from responders.pipeline import Pipeline
from responders.types import Attachment


@dataclass(frozen=True, kw_only=True, slots=True)
class Deps:
    """Wired by bot/app.py."""

    settings: Settings
    store: Store
    desk: Desk
    intake: Intake
    asks: Asks
    board: Board
    fans: Fans
    keys: Keys
    clock: Clock
    pipeline: Callable[[], Pipeline]
    """The one in use."""
    tried: Callable[[Mapping[str, str]], Pipeline]
    """The pipeline that other texts of the operators' files would make, see `Content.tried`."""
    template_faults: Callable[[], Sequence[Fault]]
    """What is wrong in the operators' files now; empty when the newest ones are in use."""
    no_reader: Callable[[], object]
    """A sentence on why posts are read less well than they could be; None when they are not."""
    clock_in_doubt: Callable[[], str | None]
    """Why nothing old is dropped, in a sentence; None while it is."""
    intents: Callable[[], Mapping[str, str]]
    """The names of the intents with what each means, for `relabel`."""
    assistant_rests: Callable[[], str | None]
    """Why the language model is left alone for a while, in a sentence; None while it is asked, or where there is
    none."""
    message_link: Callable[[str, str, str], str | None]
    """An address that opens a message, by platform, channel and the message's id there; None where there is none."""
    picture_address: Callable[[str, Attachment], Awaitable[str | None]]
    """Where a picture of a platform's post can be read, see `bot.ports.Linked`: it may hold a secret."""
    resting: Callable[[], Sequence[Resting]]
    """The platforms that do not answer and are left alone for a while, as far as this process sends to them."""
    ready: Callable[[], Mapping[str, object]]
    """The state of each part, JSON-ready. A part whose value is False is not ready."""


def _deps(request: Request) -> Deps:
    return cast(Deps, request.app.state.deps)


Wired = Annotated[Deps, Depends(_deps)]
"""For routes: the parts of the app that answers this request."""
