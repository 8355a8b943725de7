"""Messages beside the cards: calls for help in a crisis and a surge, lists of what waits, and news about templates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.adapters.chat.parts import Parts
from bot.desk.rounds import CRISIS_EVERY
from bot.events import Event, Happened
from bot.insights.surge import HOUR
from bot.insights.unanswered import summary
from bot.insights.watch import topic_of
from bot.store import Connection, answers, cards


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One message."""

    text: str
    nonce: str
    """The same for each try."""
    who: str | None = None
    """The key of the manager who is named before the text and notified."""
    about: str | None = None
    """The message of the card it is about."""
    examples: tuple[str, ...] = ()
    """Ids of drafts whose cards are linked below the text."""


_TEMPLATES = {
    Happened.TEMPLATES_KEPT_IN_USE: "The template files have faults. Greenroom has started with those that were in "
    "use before; the console and `greenroom doctor` say what is wrong.",
    Happened.TEMPLATES_MENDED: "The template files are in order again, and in use.",
}
HOLDS = frozenset({Happened.HOLD_BEGAN, Happened.HOLD_LIFTED})
ON_ALL_CARDS = HOLDS | {Happened.MEMORY_CHANGED, Happened.ACCOUNTS_LINKED}
"""The events after which any card that waits may say something else."""
EXAMPLES = 3
"""Cards that a call about a surge links to."""
_MORNING = timedelta(hours=3)
"""A list of those who wait is told no later than that."""


async def call_of(event: Event, parts: Parts, surface: str) -> Call | None:
    """The message that an event causes, if it still needs one."""
    return await _MADE_BY[event.name](event, parts, surface)


async def _crisis(event: Event, parts: Parts, surface: str) -> Call | None:
    """Only while nobody has it, and only in time: a call that was missed during a stop is not made later."""
    draft_id = event.draft_id or ""
    card = await parts.desk.draft(draft_id)
    late = parts.clock.now() - event.at >= CRISIS_EVERY
    if card is None or not card.waits or card.draft.opened_by or late:
        return None
    shown = await parts.store.read(lambda c: cards.get(c, surface, draft_id))
    return Call(
        text="Somebody may be in danger. Press “I have it” on the card, so that the others know.",
        nonce=f"call{event.seq}",
        who=parts.settings.on_call,
        about=shown.message_id if shown else None,
    )


async def _hold(event: Event, parts: Parts, _surface: str) -> Call | None:
    """Only while it is true: after a stop nobody hears of a hold that is over."""
    held, who = await parts.desk.on_hold(), parts.desk.name_of(event.by or "")
    if event.name is Happened.HOLD_BEGAN and held and held.at == event.at:
        words = f"{who} has put everything on hold: {held.reason}\nNothing is sent until somebody writes /hold lift."
    elif event.name is Happened.HOLD_LIFTED and held is None:
        words = f"{who} has lifted the hold. What was approved before it waits for a new yes."
    else:
        return None
    return Call(text=words, nonce=f"call{event.seq}")


async def _reminder(event: Event, parts: Parts, _surface: str) -> Call | None:
    waiting = (await parts.store.numbers())["drafts"].get("waiting", 0)
    after = parts.settings.replies.remind_after
    if not waiting or after is None or parts.clock.now() - event.at >= after:
        return None
    minutes = int(after.total_seconds() // 60)
    words = "1 post is" if waiting == 1 else f"{waiting} posts are"
    return Call(
        text=f"{words} waiting for an answer, some for more than {minutes} minutes. /queue lists them.",
        nonce=f"call{event.seq}",
    )


async def _surge(event: Event, parts: Parts, _surface: str) -> Call | None:
    """The manager on call hears of it once, also in quiet hours, but not when it is long over."""
    if parts.clock.now() - event.at >= HOUR:
        return None
    topic, since = topic_of(event), event.at - HOUR

    def query(connection: Connection) -> tuple[str, list[str]]:
        if not topic:
            return "complaints", answers.complaint_drafts(connection, since, EXAMPLES)
        name = answers.topic_name(connection, topic)
        drafts = answers.topic_drafts(connection, topic, since, EXAMPLES)
        return (f"posts on “{name}”" if name else "posts on one topic"), drafts

    what, drafts = await parts.store.read(query)
    number, usual = event.data.get("number"), event.data.get("usual")
    return Call(
        text=f"{number} {what} in the last hour; usual at this time of day are {usual}.",
        nonce=f"call{event.seq}",
        who=parts.settings.on_call,
        examples=tuple(drafts),
    )


async def _unanswered(event: Event, parts: Parts, _surface: str) -> Call | None:
    kinds = event.data.get("kinds")
    if not isinstance(kinds, dict) or parts.clock.now() - event.at >= _MORNING:
        return None
    words = summary(kinds, parts.settings.replies.answer_within)
    url = parts.settings.web.public_url
    there = f", and so does {url}/inbox?view=unanswered" if url else ""
    return Call(text=f"{words}. /unanswered lists them{there}.", nonce=f"call{event.seq}")


async def _templates(event: Event, _parts: Parts, _surface: str) -> Call | None:
    return Call(text=_TEMPLATES[event.name], nonce=f"call{event.seq}")


_MADE_BY: Mapping[Happened, Callable[[Event, Parts, str], Awaitable[Call | None]]] = {
    Happened.CRISIS_CALLED: _crisis,
    Happened.QUEUE_REMINDED: _reminder,
    Happened.SURGE_BEGAN: _surge,
    Happened.UNANSWERED_LISTED: _unanswered,
    **dict.fromkeys(HOLDS, _hold),
    **dict.fromkeys(_TEMPLATES, _templates),
}
CALLS = frozenset(_MADE_BY)
"""The events that cause a message."""
