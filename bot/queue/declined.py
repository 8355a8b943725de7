"""A fan's no to the language model, and what it takes off their cards. Plain functions of a connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain import Draft
from bot.events import Happened
from bot.queue import moves
from bot.store import Connection, drafts, events, fans, people, posts


def decline(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """A fan wants no language model to see what they write: what it wrote for them leaves the cards that wait. A reply
    that a manager has said yes to goes out."""
    fans.decline_assistant(connection, platform, fan_id, at)
    person = people.of(connection, platform, fan_id)
    follow(connection, person.accounts if person else ((platform, fan_id),), at)


def follow(connection: Connection, accounts: Iterable[tuple[str, str]], at: datetime) -> None:
    """Take the model's words off the cards of these accounts, where their fan has said no on one of them."""
    for account in accounts:
        if not fans.get(connection, *account).no_assistant:
            continue
        for draft in drafts.open_for(connection, *account):
            new = without(draft)
            if draft.live and new is not draft:
                moves.save(connection, draft, replace(new, revision=draft.revision + 1))
                about = {"post_id": draft.post_id, "draft_id": draft.id}
                events.append(connection, Happened.ASSISTANT_TAKEN_OFF, at, **about)


def as_wished(connection: Connection, draft: Draft) -> Draft:
    """A draft that waits again, without the model's words if its fan has said no meanwhile."""
    post = posts.get(connection, draft.post_id)
    declined = post is not None and fans.get(connection, post.post.platform, post.post.author.id).no_assistant
    return without(draft) if declined else draft


def without(draft: Draft) -> Draft:
    """The draft without the model's words; the same one where it has none. If they were its text, the next wording
    takes their place; a choice of ready replies is a choice again."""
    others = tuple(other for other in draft.alternatives if not other.by_model)
    if not draft.by_model:
        return draft if others == draft.alternatives else replace(draft, alternatives=others)
    if others and not others[0].reading:
        return moves.laid(replace(draft, text=None, alternatives=others), 1)
    nothing: dict[str, Any] = {"text": None, "template": None, "variant": None, "recipe": None}
    return replace(draft, **nothing, kind="handoff", checks=(), facts={}, alternatives=others)
