"""How a card looks: the desk's card as one message of components. Pure, no network."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import discord
from discord.utils import escape_mentions

from bot.adapters.chat.words import (
    SHOWN_TURN,
    Choice,
    alarms,
    fitting,
    heading,
    link_host,
    notes,
    offered,
    outcome,
    remarks,
    sends,
    turns,
    unread,
)
from bot.adapters.discord.buttons import Item, button, more_button
from bot.desk.view import CardView
from bot.domain import Alternative, StoredPost
from responders.types import Attachment, Turn

MOST_TEXT = 4000
"""Characters of all texts of one message together, Discord's limit."""
SHOWN_DRAFT = 2000
"""Characters of a draft that a card shows; a longer one is sent from the form that shows all of it. As many are there
for the ready replies of a hand-off together."""
SHOWN_POST = 1000
SHOWN_NOTE = 210
LINES = 20
"""Of a post."""
RED, ORANGE, BLUE = 0xC62828, 0xE07B00, 0x3B6FD4
_STYLE = discord.ButtonStyle
_STYLES = {"go": _STYLE.success, "main": _STYLE.primary, "plain": _STYLE.secondary}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What a card needs to know beside its draft."""

    name_of: Callable[[str], str]
    """A manager's key -> the name to show."""
    mention: Callable[[str], str]
    """A manager's key -> a mention, or the name of somebody who has no account here."""
    link: Callable[[StoredPost], str | None]
    """A card's post -> where it stands."""


def face(card: CardView, scene: Scene) -> discord.ui.LayoutView:
    """A fresh view of a draft: never to be changed and sent again, see the library's store of views."""
    view = discord.ui.LayoutView(timeout=None)
    if card.waits:
        view.add_item(_waiting(card, scene))
    else:
        line, buttons = _decided(card, scene)
        view.add_item(_box([line], _rows(buttons), None))
    return view


def digest(counts: Mapping[str, int], oldest: datetime, step: int) -> discord.ui.LayoutView:
    """One message in the place of many cards. `counts`: what waits, by kind."""
    number = sum(counts.values())
    kinds = ", ".join(f"{kind} ({count})" for kind, count in counts.items())
    words = f"**{number} more waiting** since {_when(oldest)}\n{kinds}\n-# The next ones come as these are decided."
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(_box([words], [[more_button(min(step, number))]], BLUE))
    return view


def typed(notes: str, text: str) -> discord.ui.LayoutView:
    """For the writer alone: why their words were not taken, and the words."""
    view = discord.ui.LayoutView(timeout=None)
    room = MOST_TEXT - min(len(text), TYPED) - 10
    view.add_item(discord.ui.TextDisplay(cut(notes, room)))
    view.add_item(discord.ui.TextDisplay(cut(text, TYPED)))
    return view


TYPED = 3500
"""The longest text that can be typed for another platform, in characters: it must fit beside what the checks say."""


def fingerprint(view: discord.ui.LayoutView) -> str:
    """Of everything that a view shows."""
    components: Any = view.to_components()  # type: ignore[no-untyped-call] # the library's oversight
    return hashlib.sha256(json.dumps(components, sort_keys=True).encode()).hexdigest()


def _waiting(card: CardView, scene: Scene) -> discord.ui.Container[Any]:
    post, text = card.post.post, card.draft.text
    head, noted = [*_alarms(card), _header(card, scene)], [_small(line) for line in notes(card)]
    replies = {number: _numbered(number, reply) for number, reply in enumerate(card.ready, start=1)}
    shown = fitting(map(len, replies.values()), SHOWN_DRAFT)
    drafted = [cut(text, SHOWN_DRAFT)] if text else [replies[number] for number in shown]
    if text and len(text) > SHOWN_DRAFT:
        drafted = [f"{drafted[0]}\n-# The whole text, {len(text)} characters, is under Edit."]
    used = sum(len(part) + 1 for part in (*head, *noted, *drafted))
    if used > MOST_TEXT - SHOWN_POST:
        head = [*_alarms(card, brief=True), head[-1]]
        used = sum(len(part) + 1 for part in (*head, *noted, *drafted))
    said = _said(card)
    said = said if used + len(said) < MOST_TEXT - SHOWN_POST else ""
    words = quoted(post.text or "(no text)", min(SHOWN_POST, MOST_TEXT - used - len(said) - 300))
    words += "".join(f"\n-# {a.kind}{_titled(a)}" for a in post.attachments[:3])
    texts = ["\n".join(head), "\n".join(filter(None, (said, words))), "\n".join(noted)]
    colour = RED if "crisis" in card.draft.risk else ORANGE if card.draft.kind == "handoff" else BLUE
    others = _buttons(card, offered(card, whole=len(text or "") <= SHOWN_DRAFT, shown=shown))
    return _box([*texts, *drafted], [_buttons(card, sends(card, shown)), *_rows(others)], colour)


def _alarms(card: CardView, *, brief: bool = False) -> list[str]:
    """Why a person is needed; unless `brief`, with the fan's words that say so and with what could not be read."""
    lines = [(f"### {alarm.line}", one_line(alarm.part)) for alarm in alarms(card)]
    if brief:
        return [line for line, _ in lines]
    return [*(words for pair in lines for words in pair if words), *(_small(line) for line in unread(card))]


def _small(line: str) -> str:
    """A line of ours, in which words of the fan may stand."""
    return f"-# {cut(one_line(line), SHOWN_NOTE)}"


def _numbered(number: int, reply: Alternative) -> str:
    """One of several ready replies. Its text comes last: no mark in it can change how the rest looks."""
    above = [f"**{inert(heading(number, reply))}**", *(_small(line) for line in remarks(reply))]
    return "\n".join([*above, reply.text])


def _header(card: CardView, scene: Scene) -> str:
    post = card.post.post
    who = cut(inert(post.author.name), 60) or "a fan"
    words = [f"**{who}** in {_place(card)}", _when(post.at)]
    if link := scene.link(card.post):
        words.append(f"[post]({link})")
    if card.draft.assigned_to:
        words.append(f"for {scene.mention(card.draft.assigned_to)}")
    if card.writing:
        words.append(f"**{scene.name_of(card.writing)} is writing**")
    return " · ".join(words)


def _place(card: CardView) -> str:
    post = card.post.post
    shown = _channel(card) if post.platform == "discord" else f"{_channel(card)} ({post.platform})"
    return f"{shown} {cut(one_line(post.place.topic), 100)}" if post.place.topic else shown


def _channel(card: CardView) -> str:
    post = card.post.post
    return f"<#{post.channel}>" if post.platform == "discord" else cut(one_line(card.place), 60)


def _said(card: CardView) -> str:
    return "\n".join(f"-# {_speaker(t)}: {cut(one_line(t.text), SHOWN_TURN)}" for t in turns(card))


def _speaker(turn: Turn) -> str:
    return "we" if turn.role == "us" else cut(one_line(turn.name), 40)


def _titled(attachment: Attachment) -> str:
    host = link_host(attachment.url)
    title = f": {cut(one_line(attachment.title), 40)}" if attachment.title else ""
    return f"{title} ({plain(host)})" if host else title


def _buttons(card: CardView, choices: Iterable[Choice]) -> list[Item]:
    draft_id, revision = card.draft.id, card.draft.revision
    return [button(c.verb, c.label, draft_id, revision, _STYLES[c.weight], choice=c.choice) for c in choices]


def _decided(card: CardView, scene: Scene) -> tuple[str, list[Item]]:
    """One line without a fan's words or name, which are not to be kept here, and what can still be done."""
    found, draft = outcome(card), card.draft
    what = f"**{found.head}**{plain(found.tail)}{_when(found.until) if found.until else ''}"
    who = scene.name_of(draft.decided_by) if draft.decided_by else None
    when = _when(draft.decided_at) if draft.decided_at else None
    link, where = scene.link(card.post), _channel(card)
    line = " · ".join(filter(None, (what, who, when, f"[post]({link}) in {where}" if link else f"in {where}")))
    return line, _buttons(card, found.choices)


def _rows(buttons: Sequence[Item]) -> list[Sequence[Item]]:
    return [buttons[:3], buttons[3:]] if len(buttons) > ROW else [buttons]


def _box(texts: Iterable[str], rows: Iterable[Sequence[Item]], colour: int | None) -> discord.ui.Container[Any]:
    box: discord.ui.Container[Any] = discord.ui.Container(accent_colour=colour)
    for number, text in enumerate(texts):
        if number == 3:  # noqa: PLR2004 - what comes behind the post and the why is the reply
            box.add_item(discord.ui.Separator())
        box.add_item(discord.ui.TextDisplay(text))
    for row in filter(None, rows):
        box.add_item(discord.ui.ActionRow(*row))
    return box


ROW = 4
"""Buttons that stand side by side on a phone."""


def quoted(text: str, limit: int = SHOWN_POST) -> str:
    """Words of a fan as a quotation, of `limit` characters."""
    lines = [f"> {plain(line)}" for line in text.splitlines()]
    more = ["> …"] if len(lines) > LINES else []
    return cut("\n".join(lines[:LINES] + more), max(100, limit))


def one_line(text: str) -> str:
    """Words of a fan between ours, see `plain`."""
    return plain(" ".join(text.split()))


def inert(text: str) -> str:
    """As `one_line`, between marks of ours: an address cannot be followed there, for it would swallow the mark."""
    return one_line(text.replace("://", ":\u200b//"))


def plain(line: str) -> str:
    """Words of a fan as they were typed, without any power over what stands around them.

    No mark, mention, time or masked link; an address can still be followed, as what it is.
    """
    disarmed = _MARK.sub(lambda found: found["address"] or f"\\{found[0]}", escape_mentions(line))
    return _FIRST.sub(r"\1\\\2", disarmed)


_MARK = re.compile(r"(?P<address>https?://[^\s<>\[\]|`\\]+)|[\\`*_~|\[\]<]")
_FIRST = re.compile(r"^(\s*)([-#>+])")
"""Marks that count at the beginning of a line."""


def _when(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"


def cut(text: str, length: int) -> str:
    """At most `length` characters, with an ellipsis where something is missing."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip(chr(92))}…"
