"""Words for what is no reply: questions, credits, the stage. The operators write them in templates/LANGUAGE/people/."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain import Alternative, StoredPost
from bot.queue.context import call_name
from bot.store import Connection, drafts, people
from responders.library.model import Library
from responders.library.notices import speak

OFFERED = 3
"""Wordings on a card."""


def language_of(post: StoredPost, default: str = "en") -> str:
    """The language that a post is written in, as it was read; `default` once its words were dropped."""
    found = (post.understanding or {}).get("language")
    return found if isinstance(found, str) else default


def name_of(connection: Connection, post: StoredPost) -> str:
    """How to address the author of a post: as they told us, else by their name there if it can be said; or ""."""
    author = post.post.author
    person = people.of(connection, post.post.platform, author.id)
    return (person and person.call_name) or call_name(author.name) or ""


def say(
    connection: Connection,
    library: Library,
    notice: str,
    post: StoredPost,
    slots: Mapping[str, str],
    *,
    default: str = "en",
) -> list[Alternative]:
    """Wordings of a notice for a fan, in the language of their post; the one that was used longest ago comes first.

    `default`: the language once the words of the post were dropped.
    """
    used = drafts.variants_used(connection, f"people/{notice}")
    found = speak(library, notice, language_of(post, default), slots, used)[:OFFERED]
    return [Alternative(text=one.text, template=one.template, variant=one.variant) for one in found]
