"""Notes of managers on posts, and whom they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from bot.adapters.web.callers import Called
from bot.adapters.web.deps import Wired
from bot.adapters.web.models import Body, Text
from bot.adapters.web.problems import Problem, invalid, missing
from bot.console.shell import fragment
from bot.domain import Note, visible
from bot.settings import Manager
from bot.store import notes
from bot.store.ids import new_id

router = APIRouter(include_in_schema=False)

LONGEST = 2000
"""Characters of a note."""


class NoteIn(Body):
    """A note as it was typed."""

    text: Annotated[Text, Field(max_length=LONGEST)]


def names_in(text: str, managers: Mapping[str, Manager]) -> tuple[str, ...]:
    """The keys of the managers whom a text names as @KEY or @NAME, in upper or lower case, sorted."""
    keys: dict[str, set[str]] = {}
    for key, manager in managers.items():
        for name in (key, manager.name):
            keys.setdefault(name.casefold(), set()).add(key)
    longest_first = "|".join(re.escape(name) for name in sorted(keys, key=len, reverse=True))
    found = re.findall(rf"(?<![\w@])@({longest_first})(?!\w)", text.casefold())
    return tuple(sorted(set().union(*(keys[name] for name in found))))


@router.post("/inbox/posts/{post_id}/notes", status_code=201)
async def write(post_id: str, body: NoteIn, request: Request, deps: Wired, who: Called) -> Response:
    """Keep a note; the notes of the post as they are then."""
    by = who.name(None)
    text = body.text.strip()
    if not visible(text):
        raise invalid("The note is empty; write what the others should know.")
    names = names_in(text, deps.settings.managers)
    note = Note(id=new_id(), by=by, at=deps.clock.now(), text=text, names=names)
    if not await deps.store.write(lambda c: notes.add(c, note, post_id)):
        raise missing("post whose words are still kept", "the inbox")
    found = await deps.store.read(lambda c: notes.of_posts(c, [post_id]))
    return fragment(request, by, deps, "notes.html", status=201, notes=found.get(post_id, ()), post_id=post_id)


@router.delete("/inbox/notes/{note_id}", status_code=204)
async def remove(note_id: str, deps: Wired, who: Called) -> None:
    """Delete a note of one's own."""
    by, now = who.name(None), deps.clock.now()
    done = await deps.store.write(lambda c: notes.remove(c, note_id, by, now))
    if done == "unknown":
        raise missing("note", "the card of its post")
    if done == "not yours":
        raise Problem(403, "not_yours", "Only who wrote a note can delete it.")
