"""Messages beside the cards: a call for help in a crisis, a reminder of what waits, and news about the templates."""

from __future__ import annotations

from dataclasses import dataclass

from bot.adapters.chat.parts import Parts
from bot.desk.rounds import CRISIS_EVERY
from bot.events import Event, Happened
from bot.store import cards


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


_TEMPLATES = {
    Happened.TEMPLATES_KEPT_IN_USE: "The template files have faults. Greenroom has started with those that were in "
    "use before; the console and `greenroom doctor` say what is wrong.",
    Happened.TEMPLATES_MENDED: "The template files are in order again, and in use.",
}
CALLS = frozenset({Happened.CRISIS_CALLED, Happened.QUEUE_REMINDED, *_TEMPLATES})
"""The events that cause a message."""


async def call_of(event: Event, parts: Parts, surface: str) -> Call | None:
    """The message that an event causes, if it still needs one."""
    if event.name is Happened.CRISIS_CALLED and event.draft_id:
        return await _crisis(event, event.draft_id, parts, surface)
    if event.name is Happened.QUEUE_REMINDED:
        return await _reminder(event, parts)
    if event.name in _TEMPLATES:
        return Call(text=_TEMPLATES[event.name], nonce=f"call{event.seq}")
    return None


async def _crisis(event: Event, draft_id: str, parts: Parts, surface: str) -> Call | None:
    """Only while nobody has it, and only in time: a call that was missed during a stop is not made later."""
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


async def _reminder(event: Event, parts: Parts) -> Call | None:
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
