"""How a card looks on Telegram: the desk's card as one message. Pure, no network.

Words are marked by entities, never by signs in the text: nothing a fan types can break a card, or take power over it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Self

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, User
from telegram.constants import KeyboardButtonStyle, MessageEntityDateTimeFormats

from bot.adapters.chat.words import (
    SHOWN_TURN,
    Choice,
    alarms,
    fitting,
    heading,
    link_host,
    notes,
    offered,
    one_line,
    outcome,
    remarks,
    sends,
    turns,
    unread,
)
from bot.adapters.telegram.buttons import MORE, data
from bot.desk.view import CardView
from bot.domain import Alternative, StoredPost
from responders.types import Attachment, Turn

MOST_TEXT = 4096
"""Of one message, in UTF-16 units, as the Bot API counts."""
SHOWN_DRAFT = 3000
"""Units of a draft that a card shows; a longer one cannot be sent from here. As many are there for the ready replies
of a hand-off together."""
SHOWN_POST = 1000
"""Units."""
SHORT_POST = 300
"""Units of a post that are shown without a tap on the quotation."""
LEAST_NOTES, MOST_NOTES, LEAST_POST = 300, 900, 200
"""Units."""
BESIDE_REPLY = 1500
"""Units that a card keeps for the rest, before it says what raised a gate and what could not be read."""
COPIED = 256
"""Units that a button can copy (CopyTextButton)."""
_STYLES = {"go": KeyboardButtonStyle.SUCCESS, "main": KeyboardButtonStyle.PRIMARY, "plain": None}
_LIVE = re.compile(r"[@#$](?=\w)|(?<![\w/])/(?=\w)")
_LINK = re.compile(r"(?<=\w)[.:](?=[\w/])")
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What changes the direction of the words behind it, also of ours."""
_JOINER = "\N{WORD JOINER}"
_ITALIC, _BOLD = MessageEntity.ITALIC, MessageEntity.BOLD


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """What one message is made of."""

    text: str
    entities: tuple[MessageEntity, ...]
    keyboard: InlineKeyboardMarkup | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What a card needs to know beside its draft."""

    name_of: Callable[[str], str]
    """A manager's key -> the name to show."""
    account_of: Callable[[str], int | None]
    """A manager's key -> their Telegram id."""
    link: Callable[[StoredPost], str | None]
    """A card's post -> where it stands."""
    zone: tzinfo = UTC
    """For times of day."""


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

    def face(self, keyboard: InlineKeyboardMarkup | None = None) -> Face:
        """The finished message."""
        return Face(text="".join(self._parts), entities=tuple(self._entities), keyboard=keyboard)


def face(card: CardView, scene: Scene) -> Face:
    """Of a draft, as it is now."""
    text = _waiting(card, scene) if card.waits else _decided(card, scene)
    return text.face(keyboard(card))


def keyboard(card: CardView) -> InlineKeyboardMarkup | None:
    """The buttons of a card; None when nothing on it can be pressed."""
    if not card.waits:
        return _rows([_button(card, choice) for choice in outcome(card).choices])
    shown, text = _shown(card), card.draft.text or ""
    choices = offered(card, whole=_is_whole(text), shown=shown)
    first = next(number for number, choice in enumerate(choices) if choice.verb == "skip")
    last = [_button(card, choice) for choice in choices[first + 3 :]]
    if text and units(text) <= COPIED:
        last.append(InlineKeyboardButton("Copy", copy_text=CopyTextButton(text)))
    rows = (sends(card, shown), choices[:first], choices[first : first + 3])
    pressed = [[_button(card, choice) for choice in row] for row in rows]
    return _rows(*pressed, last)


def digest(counts: Mapping[str, int], oldest: datetime, step: int, zone: tzinfo = UTC) -> Face:
    """One message in the place of many cards. `counts`: what waits, by kind."""
    number = sum(counts.values())
    kinds = ", ".join(f"{kind} ({count})" for kind, count in counts.items())
    text = Text().add(f"{number} more waiting", _BOLD).add(" since ").when(oldest, zone)
    text.add(f"\n{cut(kinds, SHOWN_POST)}\n").add("The next ones come as these are decided.", _ITALIC)
    return text.face(_rows([InlineKeyboardButton(f"Show {min(step, number)} more", callback_data=MORE)]))


def fingerprint(face: Face) -> str:
    """Of everything that a face shows."""
    shown = [face.text, [e.to_dict() for e in face.entities], face.keyboard.to_dict() if face.keyboard else None]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _waiting(card: CardView, scene: Scene) -> Text:
    """The reply must be on it whole; what is left of the room is for the post, and what came before it."""
    text, replies = Text(), _add_replies(Text(), card).length
    _add_alarms(text, card, MOST_TEXT - replies - BESIDE_REPLY)
    _header(text, card, scene)
    room = MOST_TEXT - text.length - replies - 30
    noted = cut("\n".join(disarmed(line) for line in notes(card)), max(LEAST_NOTES, min(MOST_NOTES, room - SHOWN_POST)))
    room -= units(noted)
    said = "".join(f"{_speaker(turn)}: {plain(turn.text, SHOWN_TURN)}\n" for turn in turns(card))
    if units(said) + SHORT_POST <= room:
        text.add("\n").add(said, _ITALIC)
        room -= units(said)
    else:
        text.add("\n")
    things = Counter(f"{a.kind}{_titled(a)}" for a in card.post.post.attachments)
    titles = "".join(f"{thing}{f' ({n})' if n > 1 else ''}\n" for thing, n in list(things.items())[:3])
    titles = titles if units(titles) + LEAST_POST <= room else ""
    quoted = cut(disarmed(card.post.post.text).strip() or "(no text)", min(SHOWN_POST, room - units(titles)))
    folded = units(quoted) > SHORT_POST or quoted.count("\n") > 5  # noqa: PLR2004 - lines that a phone has room for
    text.add(quoted, MessageEntity.EXPANDABLE_BLOCKQUOTE if folded else MessageEntity.BLOCKQUOTE)
    return _add_replies(text.add("\n").add(titles, _ITALIC).add(noted), card)


def _add_alarms(text: Text, card: CardView, room: int) -> None:
    """Why a person is needed, and if there is room, the fan's words that say so and what could not be read."""
    lines = [(alarm.line, disarmed(alarm.part)) for alarm in alarms(card)]
    missed = [disarmed(line) for line in unread(card)]
    fits = sum(units(words) + 1 for words in (*(part for _, part in lines), *missed)) <= room
    for line, part in lines:
        text.add(line, _BOLD).add("\n").add(f"{part}\n" if part and fits else "", _ITALIC)
    text.add("".join(f"{line}\n" for line in missed) if fits else "")


def _add_replies(text: Text, card: CardView) -> Text:
    """What one press sends: the reply, or the ready replies of a hand-off."""
    if reply := card.draft.text:
        whole = f"{len(reply)} characters, too long for a card; please use the web console."
        return text.add("\n\n").add("Reply\n", _BOLD).add(disarmed(reply) if _is_whole(reply) else whole)
    for number in _shown(card):
        _add_numbered(text, number, card.ready[number - 1])
    return text


def _add_numbered(text: Text, number: int, reply: Alternative) -> Text:
    text.add("\n\n").add(f"{disarmed(heading(number, reply))}\n", _BOLD)
    text.add("".join(f"{disarmed(line)}\n" for line in remarks(reply)), _ITALIC)
    return text.add(disarmed(reply.text))


def _shown(card: CardView) -> list[int]:
    """The numbers of the ready replies that stand on the card whole."""
    sizes = (_add_numbered(Text(), n, reply).length for n, reply in enumerate(card.ready, start=1))
    return fitting(sizes, SHOWN_DRAFT)


def _is_whole(text: str) -> bool:
    return units(disarmed(text)) <= SHOWN_DRAFT


def _header(text: Text, card: CardView, scene: Scene) -> None:
    post = card.post.post
    text.add(plain(post.author.name, 60) or "a fan", _BOLD).add(f" in {_place(card)} · ")
    text.when(post.at, scene.zone)
    if link := scene.link(card.post):
        text.add(" · ").add("post", MessageEntity.TEXT_LINK, url=link)
    if to := card.draft.assigned_to:
        text.add(" · for ").person(plain(scene.name_of(to), 60), scene.account_of(to))
    if card.writing:
        text.add(" · ").add(f"{plain(scene.name_of(card.writing), 60)} is writing", _BOLD)


def _place(card: CardView) -> str:
    name, post = plain(card.place, 60), card.post.post
    shown = name if post.platform == "telegram" else f"{name} ({post.platform})"
    return f"{shown}, {plain(post.place.topic, 60)}" if post.place.topic else shown


def _speaker(turn: Turn) -> str:
    return "we" if turn.role == "us" else plain(turn.name, 40) or "a fan"


def _titled(attachment: Attachment) -> str:
    host = link_host(attachment.url)
    title = f": {plain(attachment.title, 60)}" if attachment.title else ""
    return f"{title} ({plain(host, 60)})" if host else title


def _decided(card: CardView, scene: Scene) -> Text:
    """One line without a fan's words or name, which are not to be kept here."""
    found, draft = outcome(card), card.draft
    text = Text().add(found.head, _BOLD).add(disarmed(found.tail))
    if found.until:
        text.when(found.until, scene.zone)
    if draft.decided_by:
        text.add(f" · {plain(scene.name_of(draft.decided_by), 60)}")
    if draft.decided_at:
        text.add(" · ").when(draft.decided_at, scene.zone)
    text.add(" · ")
    if link := scene.link(card.post):
        text.add("post", MessageEntity.TEXT_LINK, url=link).add(" ")
    return text.add(f"in {plain(card.place, 60)}")


def _button(card: CardView, choice: Choice) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        choice.label,
        callback_data=data(choice.verb, card.draft.id, card.draft.revision, choice.choice),
        style=_STYLES[choice.weight],
    )


def _rows(*rows: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup | None:
    filled = [row for row in rows if row]
    return InlineKeyboardMarkup(filled) if filled else None


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, length: int) -> str:
    """At most `length` UTF-16 units, with an ellipsis where something is missing."""
    if units(text) <= length:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: (length - 1) * 2]
    return f"{kept.decode('utf-16-le', 'ignore').rstrip()}…"


def disarmed(text: str) -> str:
    """Words of others without power: a name in them notifies nobody, commands and hashtags in them cannot be tapped."""
    return _LIVE.sub(lambda found: found[0] + _JOINER, text)


def plain(text: str, length: int) -> str:
    """A name or a title in one line, at most `length` UTF-16 units: without power, and without a link in it."""
    unlinked = _LINK.sub(lambda found: found[0] + _JOINER, _TURNED.sub("", text))
    return cut(one_line(disarmed(unlinked)), length)
