"""`backtest --assistant`: ask the language model about the cards of an export."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from bot.assistant.doctor import untold
from bot.assistant.port import assistants
from bot.backtest.assisted import Asked, ask_all, would_be_asked
from bot.backtest.run import Judged
from bot.errors import GreenroomError
from bot.exports import Exported
from bot.settings import Settings
from bot.store import Connection, fans
from bot.store.look import exists, look
from responders.pipeline import Pipeline
from responders.types import Context

Fan = tuple[str, str]
"""Platform and id there."""


def refuse_model(settings: Settings, limit: int | None) -> None:
    """Raises GreenroomError if there is no model to ask, if fans could not read of it, or if nothing bounds what it
    costs."""
    if settings.assistant is None:
        raise GreenroomError("--assistant needs a language model: write the block `assistant:` into config.yaml.")
    if why := untold(settings):
        raise GreenroomError(why)
    if limit is None:
        raise GreenroomError("--assistant asks the model about each card: say with --limit how many posts are judged.")


class Cards:
    """The cards of a backtest that a model may see, kept while the posts are judged."""

    def __init__(self) -> None:
        """None so far."""
        self._found: list[Judged] = []
        self._names: dict[Fan, str] = {}

    def read(self, export: Iterable[Exported]) -> Iterator[Exported]:
        """Pass the messages on, and remember who wrote them."""
        for exported in export:
            author = exported.post.author
            self._names[exported.post.platform, author.id] = author.name
            yield exported

    def note(self, card: Judged) -> None:
        """A post was judged."""
        if would_be_asked(card):
            self._found.append(card)

    def ask(self, settings: Settings, pipeline: Pipeline, told: Callable[[], None]) -> list[Asked]:
        """Ask about each. What fans wrote who said no is left out, before other posts too. Raises GreenroomError."""
        no = said_no(settings, self._names)
        unheard = {self._names[fan] for fan in no}
        left = [
            replace(card, context=_without(card.context, unheard))
            for card in self._found
            if (card.post.platform, card.post.author.id) not in no
        ]
        return asyncio.run(_ask(settings, left, pipeline, told))


def _without(context: Context, names: Collection[str]) -> Context:
    before = tuple(turn for turn in context.before if turn.role != "fan" or turn.name not in names)
    return replace(context, before=before)


async def _ask(
    settings: Settings, cards: Sequence[Judged], pipeline: Pipeline, told: Callable[[], None]
) -> list[Asked]:
    section, key = settings.assistant, settings.assistant_key
    assert section  # noqa: S101 - `refuse_model` looked
    assistant = assistants()[section.kind](section, key.get_secret_value() if key else None)
    try:
        return await ask_all(cards, assistant, section, pipeline, told)
    finally:
        await assistant.aclose()


def said_no(settings: Settings, of: Collection[Fan]) -> set[Fan]:
    """Which of these fans want no replies, or no language model. Without a database nobody can have said so."""

    def query(connection: Connection) -> set[Fan]:
        found = {fan: fans.get(connection, *fan) for fan in of}
        return {fan for fan, said in found.items() if said.opted_out_at or said.no_assistant}

    return look(settings.store, query, settings.key) if exists(settings.store) else set()
