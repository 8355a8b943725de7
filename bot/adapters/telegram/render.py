"""A card as one message of Telegram. Pure.

Entities mark the words, never signs in the text: nothing that a fan types can break a card.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Self

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, User
from telegram.constants import KeyboardButtonStyle, MessageEntityDateTimeFormats

from bot.adapters.chat import asks
from bot.adapters.chat.layout import Budget, Digest, Layout, shorten
from bot.adapters.chat.verbs import ASKS
from bot.adapters.chat.words import Choice, Outcome, one_line
from bot.adapters.telegram.buttons import MORE, data
from bot.consent import Button

MOST_TEXT = 4096
"""Of one message, in UTF-16 units, as the Bot API counts."""
COPIED = 256
"""Units that a button can copy (CopyTextButton)."""
_STYLES = {"go": KeyboardButtonStyle.SUCCESS, "main": KeyboardButtonStyle.PRIMARY, "plain": None}
_LIVE = re.compile(r"[@#$](?=\w)|(?<![\w/])/(?=\w)")
_LINK = re.compile(r"(?<=\w)[.:](?=[\w/])")
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""These change the direction of all words behind them, ours too."""
_JOINER = "\N{WORD JOINER}"
_ITALIC, _BOLD = MessageEntity.ITALIC, MessageEntity.BOLD


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """One message."""

    text: str
    entities: tuple[MessageEntity, ...]
    keyboard: InlineKeyboardMarkup | None


class Text:
    """A text that grows, with its entities. Offsets and lengths are counted in UTF-16 units."""

    def __init__(self) -> None:
        """Empty."""
        self._parts: list[str] = []
        self._entities: list[MessageEntity] = []
        self.length = 0

    def add(self, words: str, kind: str | None = None, **more: Any) -> Self:
        """Add words as they are; `kind` and `more` mark them, see MessageEntity."""
        if words:
            size = units(words)
            if kind:
                self._entities.append(MessageEntity(kind, self.length, size, **more))
            self._parts.append(words)
            self.length += size
        return self

    def when(self, moment: datetime, zone: tzinfo) -> Self:
        """A moment: seconds, minutes, hours ago on a screen that can count; a time of day in `zone` on others."""
        fallback = f"{moment.astimezone(zone):%d %b %H:%M %Z}"
        relative = str(MessageEntityDateTimeFormats.RELATIVE)
        return self.add(fallback, MessageEntity.DATE_TIME, unix_time=moment, date_time_format=relative)

    def person(self, name: str, account: int | None) -> Self:
        """Somebody by name; with an account they are notified when the message comes."""
        if account is None:
            return self.add(name)
        return self.add(name, MessageEntity.TEXT_MENTION, user=User(account, name[:64], is_bot=False))

    def line(self, words: str, kind: str | None = None) -> Self:
        """Words in a line of their own, if there are any."""
        return self.add(words, kind).add("\n" if words else "")

    def rendered(self, keyboard: InlineKeyboardMarkup | None = None) -> Rendered:
        """The finished message."""
        return Rendered(text="".join(self._parts), entities=tuple(self._entities), keyboard=keyboard)


def render(layout: Layout, assigned: int | None = None, link: str | None = None, zone: tzinfo = UTC) -> Rendered:
    """`assigned`: the account of the manager it was handed to. `link`: of the post. `zone`: for times of day."""
    text = Text()
    if layout.outcome:
        _decided(text, layout, layout.outcome, link, zone)
        return text.rendered(_keyboard(layout))
    text.line(plain(layout.about), _BOLD).line(plain(layout.hold), _BOLD)
    for alarm in layout.alarms:
        text.line(alarm.line, _BOLD).line(disarmed(alarm.part), _ITALIC)
    text.line(disarmed(layout.unread))
    _header(text, layout, assigned, link, zone)
    text.add("".join(f"{plain(turn)}\n" for turn in layout.before), _ITALIC)
    quote = MessageEntity.EXPANDABLE_BLOCKQUOTE if layout.folded else MessageEntity.BLOCKQUOTE
    text.line(disarmed(layout.quote), quote)
    text.add("".join(f"{plain(one)}\n" for one in layout.attachments), _ITALIC)
    text.add("\n".join(disarmed(note) for note in layout.notes if note))
    for reply in layout.replies:
        text.add("\n\n").line(disarmed(reply.heading) or "Reply", _BOLD)
        text.add("".join(f"{disarmed(remark)}\n" for remark in reply.remarks), _ITALIC).add(disarmed(reply.text))
        if not reply.whole:
            text.add("\nThis is the beginning. The whole text is in the web console.", _ITALIC)
    return text.rendered(_keyboard(layout))


def render_digest(digest: Digest, zone: tzinfo = UTC) -> Rendered:
    """One message instead of many cards."""
    text = Text().add(digest.heading, _BOLD).add(" since ").when(digest.oldest, zone)
    text.add(f"\n{digest.kinds}\n").add("The next ones come as these are decided.", _ITALIC)
    return text.rendered(InlineKeyboardMarkup([[InlineKeyboardButton(digest.more, callback_data=MORE)]]))


def fingerprint(rendered: Rendered) -> str:
    """A hash of everything that a message shows."""
    keyboard = rendered.keyboard.to_dict() if rendered.keyboard else None
    shown = [rendered.text, [e.to_dict() for e in rendered.entities], keyboard]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _header(text: Text, layout: Layout, assigned: int | None, link: str | None, zone: tzinfo) -> None:
    place = ", ".join(filter(None, (plain(layout.place), plain(layout.topic))))
    text.add(plain(layout.author), _BOLD).add(f" in {place} · ").when(layout.card.post.post.at, zone)
    if link:
        text.add(" · ").add("post", MessageEntity.TEXT_LINK, url=link)
    if layout.assigned:
        text.add(" · for ").person(plain(layout.assigned), assigned)
    if layout.writing:
        text.add(" · ").add(f"{plain(layout.writing)} is writing", _BOLD)
    text.add("\n")


def _decided(text: Text, layout: Layout, outcome: Outcome, link: str | None, zone: tzinfo) -> None:
    text.add(outcome.head, _BOLD).add(disarmed(outcome.tail))
    if outcome.until:
        text.when(outcome.until, zone)
    if layout.decided_by:
        text.add(f" · {plain(layout.decided_by)}")
    if layout.card.draft.decided_at:
        text.add(" · ").when(layout.card.draft.decided_at, zone)
    text.add(" · ")
    if link:
        text.add("post", MessageEntity.TEXT_LINK, url=link).add(" ")
    text.add(f"in {plain(layout.place)}")


def _keyboard(layout: Layout) -> InlineKeyboardMarkup | None:
    """None when nothing on it can be pressed."""
    draft = layout.card.draft
    rows = [[_button(draft.id, draft.revision, choice) for choice in row] for row in layout.rows]
    if layout.card.waits and draft.text and units(draft.text) <= COPIED:
        copy = InlineKeyboardButton("Copy", copy_text=CopyTextButton(draft.text))
        last = next(row for row in reversed(range(len(rows))) if layout.rows[row][0].verb not in ASKS)
        if len(rows[last]) < BUDGET.row:
            rows[last].append(copy)
        else:
            rows.insert(last + 1, [copy])
    return InlineKeyboardMarkup(rows) if rows else None


def fan_keyboard(about: str, buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Buttons under a message to a fan, see `bot.adapters.chat.asks`; None without any."""
    rows = [[InlineKeyboardButton(one.label, callback_data=asks.data(about, one.value))] for one in buttons]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(draft_id: str, revision: int, choice: Choice) -> InlineKeyboardButton:
    made = data(choice.verb, draft_id, revision, choice.choice)
    return InlineKeyboardButton(choice.label, callback_data=made, style=_STYLES[choice.weight])


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, length: int) -> str:
    """At most `length` UTF-16 units, with an ellipsis where something is missing."""
    return shorten(text, length, units)


def disarmed(text: str) -> str:
    """Words of others without power: a name in them notifies nobody, commands and hashtags in them cannot be tapped."""
    return _LIVE.sub(lambda found: found[0] + _JOINER, text)


def plain(text: str) -> str:
    """Words in one line, without power and without a link in them."""
    return one_line(_unlinked(_TURNED.sub("", text)))


def _unlinked(text: str) -> str:
    return _LINK.sub(lambda found: found[0] + _JOINER, disarmed(text))


BUDGET = Budget(
    size=lambda text: units(_unlinked(text)),
    reply_size=lambda text: units(disarmed(text)),
    total=MOST_TEXT - 120,  # dates, and words of ours between the sections
    reply=3000,
    post=1000,
    post_lines=100,
    row=3,
)
