"""A card as one message of Discord's components. Pure.

Whatever a fan wrote is escaped: on a card it is only letters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import discord
from discord.utils import escape_mentions

from bot.adapters.chat.asks import data
from bot.adapters.chat.layout import Budget, Digest, Layout, Reply, shorten
from bot.adapters.chat.verbs import Pressed
from bot.adapters.chat.words import Choice, cut, one_line
from bot.adapters.discord.buttons import MORE, custom_id
from bot.consent import Button as FanButton

Button: TypeAlias = discord.ui.Button[Any]
MOST_TEXT = 4000
"""Characters of all texts of one message together, Discord's limit."""
LABEL = 80
"""Characters of a button's label, Discord's limit."""
QUOTED = 1000
"""Characters of a fan's words in a report."""
RED, ORANGE, BLUE = 0xC62828, 0xE07B00, 0x3B6FD4
_STYLE = discord.ButtonStyle
_STYLES = {"go": _STYLE.success, "main": _STYLE.primary, "plain": _STYLE.secondary}
_MARK = re.compile(r"(?P<address>https?://[^\s<>\[\]|`\\]+)|[\\`*_~|\[\]<]")
_FIRST = re.compile(r"^(\s*)([-#>+])")
"""Marks that count at the beginning of a line."""


def render(layout: Layout, assigned: int | str | None = None, link: str | None = None) -> discord.ui.LayoutView:
    """`assigned`: the account of the manager it was handed to. `link`: where the post stands."""
    draft = layout.card.draft
    rows = [[_button(draft.id, draft.revision, choice) for choice in row] for row in layout.rows]
    if layout.outcome:
        return _view([[_decided(layout, link)]], rows, None)
    colour = RED if "crisis" in draft.risk else ORANGE if draft.kind == "handoff" else BLUE
    head = [f"### {inert(layout.about)}" if layout.about else "", f"**{inert(layout.hold)}**" if layout.hold else ""]
    head += [f"### {alarm.line}\n{plain(alarm.part)}".rstrip() for alarm in layout.alarms]
    head.append(_small(layout.unread))
    said = [*map(_small, layout.before), _quotation(layout.quote), *map(_small, layout.attachments)]
    why = ["\n".join(map(_small, layout.notes))]
    texts = ["\n".join(filter(None, part)) for part in ([*head, _header(layout, assigned, link)], said, why)]
    return _view([texts, map(_reply, layout.replies)], rows, colour)


def render_digest(digest: Digest) -> discord.ui.LayoutView:
    """One message instead of many cards."""
    head = f"**{digest.heading}** since {_when(digest.oldest)}"
    words = f"{head}\n{digest.kinds}\n-# The next ones come as these are decided."
    return _view([[words]], [[discord.ui.Button(label=digest.more, custom_id=MORE)]], BLUE)


def render_refused(why: str, text: str) -> discord.ui.LayoutView:
    """For the writer alone: why their words were not taken, and the words."""
    text = cut(text, TYPED)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(cut(why, MOST_TEXT - len(text))))
    return view.add_item(discord.ui.TextDisplay(text))


TYPED = 3500
"""The longest text that can be typed for another platform, in characters: it must fit beside what the checks say."""


def fingerprint(view: discord.ui.LayoutView) -> str:
    """A hash of everything that a message shows."""
    components: Any = view.to_components()  # type: ignore[no-untyped-call] # the library's oversight
    return hashlib.sha256(json.dumps(components, sort_keys=True).encode()).hexdigest()


def _header(layout: Layout, assigned: int | str | None, link: str | None) -> str:
    place = ", ".join(filter(None, (_place(layout), inert(layout.topic))))
    words = [f"**{inert(layout.author)}** in {place}", _when(layout.card.post.post.at)]
    if link:
        words.append(f"[post]({link})")
    if layout.assigned:
        words.append(f"for {f'<@{assigned}>' if assigned else inert(layout.assigned)}")
    if layout.writing:
        words.append(f"**{inert(layout.writing)} is writing**")
    return " · ".join(words)


def _place(layout: Layout) -> str:
    post = layout.card.post.post
    return f"<#{post.channel}>" if post.platform == "discord" else inert(layout.place)


def _decided(layout: Layout, link: str | None) -> str:
    found, draft = layout.outcome, layout.card.draft
    what = f"**{found.head}**{plain(found.tail)}{_when(found.until) if found.until else ''}" if found else ""
    when = _when(draft.decided_at) if draft.decided_at else None
    where = f"in {_place(layout)}"
    return " · ".join(
        filter(None, (what, inert(layout.decided_by), when, f"[post]({link}) {where}" if link else where))
    )


def _reply(reply: Reply) -> str:
    """The text comes last: no mark in it can change how the rest looks."""
    heading = f"**{inert(reply.heading)}**" if reply.heading else ""
    if not reply.whole:
        whole = "-# This is the beginning. The whole text is under Edit."
        return "\n".join(filter(None, (heading, reply.text, whole)))
    return "\n".join(filter(None, (heading, *map(_small, reply.remarks), reply.text)))


def _small(line: str) -> str:
    return f"-# {plain(one_line(line))}" if line else ""


def _button(draft_id: str, revision: int, choice: Choice) -> Button:
    pressed = Pressed(draft_id=draft_id, revision=revision, verb=choice.verb, choice=choice.choice)
    return discord.ui.Button(label=choice.label, style=_STYLES[choice.weight], custom_id=custom_id(pressed))


def fan_buttons(about: str, buttons: Sequence[FanButton]) -> discord.ui.View | None:
    """Buttons under a message to a fan, see `bot.adapters.chat.asks`; None without any."""
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(Button(label=cut(button.label, LABEL), custom_id=data(about, button.value)))
    view.stop()  # see `_view`
    return view


def _view(
    parts: Iterable[Iterable[str]], rows: Iterable[Sequence[Button]], colour: int | None
) -> discord.ui.LayoutView:
    """One box; a line stands between its parts."""
    box: discord.ui.Container[Any] = discord.ui.Container(accent_colour=colour)
    for part in parts:
        texts = [*filter(None, part)]
        if texts and box.children:
            box.add_item(discord.ui.Separator())
        for text in texts:
            box.add_item(discord.ui.TextDisplay(text))
    for row in filter(None, rows):
        box.add_item(discord.ui.ActionRow(*row))
    view = discord.ui.LayoutView(timeout=None).add_item(box)
    view.stop()  # the library need not remember it: presses come through `on_interaction`, also after a restart
    return view


def quoted(text: str) -> str:
    """A fan's words as a quotation of some lines."""
    return _quotation(shorten("\n".join(text.splitlines()[: BUDGET.post_lines]), QUOTED, _size))


def _quotation(text: str) -> str:
    return "\n".join(f"> {plain(line)}" for line in text.splitlines())


def inert(text: str) -> str:
    """Words between marks of ours: no address can be followed there, for it would swallow the mark."""
    return plain(one_line(text).replace("://", ":\u200b//"))


def plain(line: str) -> str:
    """A line of somebody's words without any power over what stands around it.

    No mark, mention, time or masked link; an address can still be followed, as what it is.
    """
    disarmed = _MARK.sub(lambda found: found["address"] or f"\\{found[0]}", escape_mentions(line))
    return _FIRST.sub(r"\1\\\2", disarmed)


def _size(text: str) -> int:
    """With each line in a quotation, which takes most."""
    return sum(len(plain(line.replace("://", ":\u200b//"))) + 3 for line in text.splitlines())


def _when(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"


BUDGET = Budget(size=_size, reply_size=len, total=3600, reply=2000, post=1000, post_lines=20, row=4)
"""The rest of `MOST_TEXT` is for marks, times and links."""
