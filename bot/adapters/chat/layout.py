"""What a card shows, on every platform, and what it leaves out when room is short. Pure.

A platform's `render.py` turns a `Layout` into a message of its SDK: it escapes the words and adds marks, times, links.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.adapters.chat.words import Choice, Outcome, cut, link_host, one_line, outcome, sentences
from bot.desk.view import CardView
from bot.domain import Alternative, Draft, Purpose
from responders.said import said
from responders.types import Attachment, Turn

TURNS = 3
"""Turns of the thread that are shown."""
SHOWN_NAME, SHOWN_TITLE, SHOWN_READING, SHOWN_PART, SHOWN_TURN, SHOWN_NOTE = 60, 60, 80, 120, 150, 200
BY_MODEL = "written by a language model"
ONE_MORE = "One more wording is by a language model."
SHOWN_REASON = 120
"""Characters of each."""
SHOWN_KINDS = 1000
SHORT_POST = 300
"""A post of this size is not folded, and nothing less important takes room from it."""
SHORT_LINES = 6
LEAST_NOTES = 300
"""The notes keep this room beside a long post."""
_RISKS = {
    "crisis": "Somebody may be in danger",
    "legal": "A legal matter",
    "minor": "Signs of a child",
    "toxic": "Anger at people",
}
_CRISIS, _MAYBE_CRISIS = "crisis", "Somebody may not be well"

_ABOUT = {
    Purpose.CREDIT: "Thanks to a helper",
    Purpose.INTRODUCTION: "An introduction",
    Purpose.TOLD_BACK: "Told back",
}
_ID = re.compile(r"-?\d{6,}(/\d+)?")
"""A channel that config.yaml names by its id, which tells people nothing."""

Size = Callable[[str], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The room in one message of a platform, in the units it counts."""

    size: Size
    """The size of a fan's words once they are escaped."""
    reply_size: Size
    """The size of a reply as it is shown."""
    total: int
    """For all words of a card: the platform's limit, less the room for marks, times and links."""
    reply: int
    """For a reply that is shown whole, or for all ready replies of a hand-off together."""
    post: int
    post_lines: int
    row: int
    """Buttons side by side on a phone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One reason why a person is needed."""

    line: str
    part: str = ""
    """The fan's words that raised it, quoted; empty once they are gone, and where there is no room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Words that one press sends."""

    text: str
    whole: bool = True
    """False: only the beginning is shown, and no button sends it."""
    heading: str = ""
    """Of a ready reply: its number, and how it takes the post. Says whether a language model wrote it."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The sections of a card in the order they are shown, as plain words. What is empty is not shown."""

    card: CardView
    outcome: Outcome | None = None
    """Set when the draft no longer waits. Then only `decided_by` and `place` are shown with it."""
    decided_by: str = ""
    about: str = ""
    """What it is for; empty for a reply."""
    hold: str = ""
    """That nothing is sent now, and why."""
    alarms: tuple[Alarm, ...] = ()
    unread: str = ""
    """What could not be read in the post."""
    author: str = ""
    place: str = ""
    """The channel; for a post of another platform also that platform's name."""
    topic: str = ""
    assigned: str = ""
    """The name of the manager it was handed to."""
    writing: str = ""
    """The name of the manager who is writing a reply now."""
    before: tuple[str, ...] = ()
    """What was said before the post: a turn in a line."""
    quote: str = ""
    """The post."""
    folded: bool = False
    """The quote is long: a platform that can fold it does."""
    attachments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What the fan asked us to remember, why this draft, the checks' remarks, and what is still to fill."""
    replies: tuple[Reply, ...] = ()
    """The draft's own text, or the ready replies."""
    rows: tuple[tuple[Choice, ...], ...] = ()
    """Buttons."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """One message instead of many cards."""

    heading: str
    kinds: str
    oldest: datetime
    """Since when the first one waits."""
    more: str
    """The button's label."""


def digest(counts: Mapping[str, int], oldest: datetime, step: int) -> Digest:
    """`counts`: kind -> how many wait. `step`: how many cards one press brings."""
    number = sum(counts.values())
    return Digest(
        heading=f"{number} more waiting",
        kinds=cut(", ".join(f"{kind} ({count})" for kind, count in counts.items()), SHOWN_KINDS),
        oldest=oldest,
        more=f"Show {min(step, number)} more",
    )


def layout(card: CardView, budget: Budget, platform: str, name_of: Callable[[str], str]) -> Layout:
    """How a card looks now on a platform. `name_of`: a manager's key -> the name to show."""

    def short(text: str) -> str:
        return shorten(one_line(text), SHOWN_NAME, budget.size)

    foreign = card.post.post.platform != platform
    place = short(card.place) + (f" ({card.post.post.platform})" if foreign else "")
    draft = card.draft
    if not card.waits:
        found = outcome(card)
        by = short(name_of(draft.decided_by)) if draft.decided_by else ""
        rows = _rows([found.choices, _to_author(card)], budget.row)
        return Layout(card=card, place=place, outcome=found, decided_by=by, rows=rows)
    shown, replies = _replies(card, budget)
    whole = bool(draft.text) and replies[0].whole
    full = Layout(
        card=card,
        about=about(card, short),
        hold=f"Nothing is sent now: {cut(one_line(card.hold), SHOWN_REASON)}" if card.hold else "",
        alarms=tuple(alarms(card)),
        unread=cut(f"Could not be read: {', '.join(card.unread)}", SHOWN_NOTE) if card.unread else "",
        author=short(card.post.post.author.name) or "a fan",
        place=place,
        topic=short(card.post.post.place.topic),
        assigned=short(name_of(draft.assigned_to)) if draft.assigned_to else "",
        writing=short(name_of(card.writing)) if card.writing else "",
        before=tuple(_before(card)),
        quote=card.post.post.text.strip() or "(no text)",
        attachments=tuple(_attachments(card.post.post.attachments)),
        notes=(*_known(card), cut(one_line(draft.why), SHOWN_NOTE), *remarks(draft), *_one_more(card)),
        replies=tuple(replies),
        rows=_rows(offered(card, whole=whole, shown=shown), budget.row),
    )
    return _fitted(full, budget)


def _fitted(full: Layout, budget: Budget) -> Layout:
    """Leaves out what there is no room for, in this order: what was said before; notes and the post beyond the least;
    the attachments; the fan's words in alarms, and what could not be read. Replies stay whole.
    """

    def cost(lines: Iterable[str]) -> int:
        return sum(budget.size(line) + 1 for line in lines if line)

    names = (full.author, full.place, full.topic, full.assigned, full.writing)
    head = (*names, full.about, full.hold, *(alarm.line for alarm in full.alarms))
    room = budget.total - cost(head) - sum(_reply_size(reply, budget) for reply in full.replies)
    quote = _first_lines(full.quote, budget.post_lines)
    post = min(budget.size(quote), budget.post)
    short = min(post, SHORT_POST)
    reasons = cost([full.unread, *(alarm.part for alarm in full.alarms)])
    if reasons + short + min(cost(full.notes), LEAST_NOTES) > room:
        full = replace(full, unread="", alarms=tuple(replace(alarm, part="") for alarm in full.alarms))
        reasons = 0
    room -= reasons
    notes = tuple(_as_many(full.notes, max(LEAST_NOTES, room - post - cost(full.attachments)), budget.size))
    room -= cost(notes)
    attachments = full.attachments if cost(full.attachments) + short <= room else ()
    room -= cost(attachments)
    before = full.before if cost(full.before) + post <= room else ()
    quote = shorten(quote, min(budget.post, room), budget.size)
    folded = budget.size(quote) > SHORT_POST or quote.count("\n") >= SHORT_LINES
    return replace(full, before=before, quote=quote, folded=folded, attachments=attachments, notes=notes)


def shorten(text: str, room: int, size: Size) -> str:
    """As much of a text as fits, with an ellipsis where something is missing."""
    if size(text) <= room:
        return text
    text = text[: max(0, room) + 1]  # no platform counts less than one for a character
    kept = bisect_right(range(len(text)), room, key=lambda length: size(f"{text[:length]}…")) - 1
    return f"{text[: max(0, kept)].rstrip()}…"


def _first_lines(text: str, most: int) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:most], "…"] if len(lines) > most else lines)


def _as_many(lines: Iterable[str], room: int, size: Size) -> Iterable[str]:
    """Lines as long as there is room; the last one may be cut."""
    for line in lines:
        if room <= 1:
            return
        shown = shorten(line, room - 1, size)
        room -= size(shown) + 1
        yield shown


def about(card: CardView, short: Callable[[str], str]) -> str:
    """What a card is for, if it is no reply. `short` makes a name of any length one that fits."""
    draft = card.draft
    if draft.purpose is Purpose.ASK:
        return f"A question to {short(card.post.post.author.name) or 'a fan'}"
    if draft.purpose is not Purpose.STAGE:
        return _ABOUT.get(draft.purpose, "")
    if draft.target is None:
        return "For the stage, here in the thread"
    known = not _ID.fullmatch(draft.target.channel)
    place = f": #{short(draft.target.channel.removeprefix('#'))}" if known else ""
    foreign = draft.target.platform != card.post.post.platform
    return f"For the stage{f' on {draft.target.platform.title()}' if foreign else ''}{place}"


def alarms(card: CardView) -> list[Alarm]:
    """Why a person is needed; empty for a draft."""
    parts = {alarm.gate: alarm.part for alarm in card.alarms}
    told = {risk: _RISKS.get(risk) or said(risk).capitalize() for risk in card.draft.risk}
    if _CRISIS in parts and _CRISIS not in told:
        told[_CRISIS] = _MAYBE_CRISIS
    if not told and card.draft.kind == "handoff":
        return [Alarm(line="Needs a person")]
    return [Alarm(line=line, part=_quoted(parts.get(gate, ""))) for gate, line in told.items()]


def _quoted(part: str) -> str:
    words = cut(one_line(part), SHOWN_PART)
    return f"“{words}”" if words else ""


def _before(card: CardView) -> Iterable[str]:
    """The last turns of the thread, and then the words that the post quotes."""
    for turn in card.thread[-TURNS:]:
        yield f"{_speaker(turn)}: {cut(one_line(turn.text), SHOWN_TURN)}"
    post = card.post.post
    if post.quote:
        yield f"{cut(one_line(post.author.name), SHOWN_NAME)} quotes: {cut(one_line(post.quote), SHOWN_TURN)}"


def _speaker(turn: Turn) -> str:
    return "we" if turn.role == "us" else cut(one_line(turn.name), SHOWN_NAME) or "a fan"


def _attachments(found: Iterable[Attachment]) -> Iterable[str]:
    """The first three kinds; the same one many times, as in an album, is one line."""
    counts = Counter(f"{one.kind}{_titled(one)}" for one in found)
    for thing, count in list(counts.items())[:3]:
        yield f"{thing} ({count})" if count > 1 else thing


def _titled(attachment: Attachment) -> str:
    host = link_host(attachment.url)
    title = f": {cut(one_line(attachment.title), SHOWN_TITLE)}" if attachment.title else ""
    return f"{title} ({host})" if host else title


def _known(card: CardView) -> Iterable[str]:
    """What the fan asked us to remember, in a line."""
    return [cut(one_line(card.remembered), SHOWN_NOTE)] if card.remembered else []


def _one_more(card: CardView) -> Iterable[str]:
    """What *Other wording* has besides the operators' own."""
    return [ONE_MORE] if card.one_more_by_model else []


def remarks(wording: Draft | Alternative) -> list[str]:
    """The checks' remarks on a draft or a ready reply, and what is still to fill, each in a line.

    On a manager's own words they were told already, to whoever wrote them: see `told`.
    """
    found = [] if isinstance(wording, Draft) and wording.typed_by_hand else sentences(wording.checks)
    blanks = [f"Still to fill: {cut(one_line(slot.ask), 100)}" for slot in wording.missing]
    return [*(f"Remark: {note}" for note in found[:3]), *blanks[:3]]


def _replies(card: CardView, budget: Budget) -> tuple[list[int], Sequence[Reply]]:
    """What one press sends, with the numbers of the ready replies that are shown: each whole or not at all."""
    if text := card.draft.text:
        kept = shorten(text, budget.reply, budget.reply_size)
        heading = f"{BY_MODEL.capitalize()}:" if card.draft.by_model else ""
        return [], [Reply(text=kept, whole=kept == text, heading=heading)]
    shown, room = dict[int, Reply](), budget.reply
    for number, ready in enumerate(card.ready, start=1):
        reading = BY_MODEL if ready.by_model else cut(one_line(ready.reading), SHOWN_READING)
        heading = " ".join(filter(None, (str(number), reading)))
        reply = Reply(text=ready.text, heading=f"{heading}:", remarks=tuple(remarks(ready)))
        if (size := _reply_size(reply, budget)) <= room:
            shown[number] = reply
            room -= size
    return [*shown], [*shown.values()]


def _reply_size(reply: Reply, budget: Budget) -> int:
    return budget.reply_size(reply.text) + sum(
        budget.size(line) + 1 for line in (reply.heading, *reply.remarks) if line
    )


def offered(card: CardView, *, whole: bool, shown: Sequence[int]) -> list[list[Choice]]:
    """The buttons of a waiting card, in groups: send a ready reply, answer in another way, do not answer; ask the fan.

    Nobody sends what they could not read: `whole` says whether the draft's text is shown whole, `shown` has the numbers
    of the ready replies that are.
    """
    draft, handoff, text = card.draft, card.draft.kind == "handoff", card.draft.text
    sends = [_send(number) for number in shown if not card.ready[number - 1].missing]
    answer = []
    if draft.missing:
        answer.append(Choice(verb="fill", label="Fill in", weight="main"))
    elif text and whole:
        answer.append(_send())
    elif not text:
        answer.append(Choice(verb="open", label="I have it", weight="plain" if sends else "main"))
    answer.append(Choice(verb="edit", label="Edit" if text else "Answer"))
    sent = {choice.choice for choice in sends}
    left = [str(number) for number, _ in enumerate(card.ready, start=1) if str(number) not in sent]
    if text and draft.alternatives:
        answer.append(Choice(verb="reword", label="Other wording"))
    elif left:  # on the card it has more room, and its blanks can be filled
        answer.append(Choice(verb="reword", label="Pick a reply", choice=left[0]))
    leave = [
        Choice(verb="skip", label="Close" if handoff else "Skip"),
        Choice(verb="snooze", label="Snooze"),
    ]
    reply = draft.purpose is Purpose.REPLY
    if reply:
        leave.append(Choice(verb="handover", label="Hand over"))
    if reply and not draft.risk:  # a manager cannot switch off a gate by naming another intent
        leave.append(Choice(verb="relabel", label="Not this intent"))
    return [sends, answer, leave, _to_author(card)]


def _to_author(card: CardView) -> list[Choice]:
    """What can be asked of the author of the post."""
    if not card.may_ask:
        return []
    return [Choice(verb="stage", label="Ask for the stage"), Choice(verb="keep", label="Keep as an answer")]


def _send(number: int | None = None) -> Choice:
    """Sends the draft, or the ready reply with that number."""
    return Choice(verb="send", label=f"Send {number}" if number else "Send", weight="go", choice=str(number or ""))


def _rows(groups: Iterable[Sequence[Choice]], row: int) -> tuple[tuple[Choice, ...], ...]:
    """Each group begins a row."""
    return tuple(tuple(group[start : start + row]) for group in groups for start in range(0, len(group), row))
