"""What the inbox shows: a page of a view, and all that stands around one post."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.desk.cards import cards_of
from bot.desk.view import Around, LeftAlone, Listing
from bot.domain import Purpose, StoredPost
from bot.queue import context
from bot.settings import Settings
from bot.store import Connection, consents, deliveries, drafts, listing, notes, posts
from bot.store.listing import POSTS, Selection, View
from responders.said import doing, said
from responders.selection.verdict import sureness
from responders.types import GATES

BEFORE, SAID = 5, 5
"""Messages before a post, and replies of ours to its author, that are shown."""
_SECOND_FROM = 0.05
"""From this chance a reading is named beside the likeliest."""
_READINGS = 3


def page(
    connection: Connection,
    selection: Selection,
    *,
    after: str | None,
    limit: int,
    now: datetime,
    settings: Settings,
) -> Listing:
    """A page of a view. Raises ValueError on a bad cursor."""
    if selection.view in POSTS:
        some, following = listing.chosen_posts(connection, selection, limit, after)
        overdue = selection.view is View.UNANSWERED
        ids = [post.id for post in some]
        replies = {d.post_id: d for d in drafts.of_posts(connection, ids, drafts.IN_USE) if d.purpose is Purpose.REPLY}
        asked = consents.asked_about(connection, ids)
        left = (
            LeftAlone(
                post=post,
                reason=post.reason or "",
                overdue=overdue,
                reply=replies.get(post.id),
                asked=post.id in asked,
            )
            for post in some
        )
        return Listing(cards=tuple(left), next=following)
    found, following = listing.chosen_drafts(connection, selection, limit, after)
    return Listing(cards=tuple(cards_of(connection, found, now, settings)), next=following)


def around(connection: Connection, post_id: str) -> Around | None:
    """What stands around a post; None for one that is unknown or whose words are no longer kept."""
    post = posts.get(connection, post_id)
    if post is None or not post.kept:
        return None
    return Around(
        post=post,
        before=context.before(connection, post, BEFORE),
        said=tuple(deliveries.sent_to_author(connection, post, SAID)),
        trace=tuple(_trace(post)),
        notes=notes.of_posts(connection, [post.id]).get(post.id, ()),
    )


def _trace(post: StoredPost) -> list[str]:
    """What was read in a post and how sure that is, in sentences."""
    if post.forced_intent:
        return [f"A manager says that it is {doing(post.forced_intent)}."]
    read: Mapping[str, Any] = post.understanding or {}
    readings = [(name, chance) for name, chance in read.get("intents", ()) if name not in GATES]
    sentences = [f"Raised an alarm: {doing(a['gate'])} ({_how_sure(a['chance'])})." for a in read.get("alarms", ())]
    if read and post.intent:
        sentences.append(f"Read as {doing(post.intent)} ({_how_sure(read['confidence'])}).")
    second = [
        f"{doing(name)} ({_how_sure(chance)})"
        for name, chance in readings
        if name != post.intent and chance >= _SECOND_FROM
    ][: _READINGS - 1]
    if second:
        sentences.append(f"It could also be {' or '.join(second)}.")
    situations = read.get("situations", ())
    if situations and situations[0][1] >= _SECOND_FROM:
        name, chance = situations[0]
        sentences.append(f"The likeliest situation is “{said(name)}” ({_how_sure(chance)}).")
    if read.get("nearest"):
        sentences.append(f"It is like the example “{read['nearest']}”.")
    if read.get("mood", "plain") != "plain":
        sentences.append(f"It sounds {read['mood']}.")
    if read.get("unread"):
        sentences.append(f"The program failed to read {', '.join(read['unread'])}.")
    return sentences


def _how_sure(chance: float) -> str:
    """In a word or two. What a model reads is never certain, however its chance was rounded."""
    return sureness(min(chance, 0.999))
