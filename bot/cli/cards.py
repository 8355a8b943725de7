"""Cards in a terminal: a line each, or one whole. Pure; a card is as `GET /api/drafts` shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.cells import cell_len, set_cell_size

from responders.library.unseen import seen
from responders.said import said
from responders.types import ASSISTANT

Json = dict[str, Any]
ID = 6
"""Digits of an id that are shown: so few are enough to name it."""
ANY = "any"
"""A file for every post of an intent is mostly called so."""
_WORDS = 12
"""Columns that are left of the fan's words, however narrow the terminal is."""


def shown(text: str | None) -> str:
    """Words from outside, without what could move the cursor or hide: a terminal obeys what it is sent."""
    return seen(text or "")


def line(text: str | None) -> str:
    """The same in one line."""
    return " ".join(shown(text).split())


def cut(text: str, width: int) -> str:
    """At most so many columns: some characters, such as Chinese ones and emoji, take two."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(0, width - 1))}…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def place(card: Json) -> str:
    """Where its post stands."""
    name = line(card["post"]["place"]["name"])
    topic = line(card["post"]["place"]["topic"])
    return f"#{name.removeprefix('#')}{f' / {topic}' if topic else ''}"


def reading(card: Json) -> str:
    """What its post was taken for, in a few words."""
    if card["risk"]:
        return ", ".join(map(said, card["risk"]))
    name = "" if card["template"] == ASSISTANT else (card["template"] or "").rpartition("/")[2]
    return said(name if name and name != ANY else card["intent"] or "nothing in particular")


def kind(card: Json) -> str:
    """What a manager can do with it at once, or what became of it."""
    if card["state"] not in {"waiting", "snoozed"}:
        return ended(card)
    if card["text"] is not None:
        return "blanks" if card["missing_slots"] else "draft"
    ready = len(card["alternatives"])
    return f"{ready} ready" if ready else "a person"


def ended(card: Json) -> str:
    """What became of it, in a word or two."""
    reply = next((one for one in card["deliveries"] if one["kind"] == "send"), None)
    if card["state"] == "approved" and reply and reply["state"] not in {"held", "sending"}:
        return said(reply["state"])
    return in_state(card["state"])


def in_state(state: str) -> str:
    """A state in the word of the button that leads there."""
    return "skipped" if state == "rejected" else said(state)


def age(moment: str | None, now: datetime) -> str:
    """How long ago, short."""
    if moment is None:
        return ""
    minutes = max(0, int((now - datetime.fromisoformat(moment)).total_seconds() // 60))
    for size, unit in ((24 * 60, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"


def table(cards: Sequence[Json], now: datetime, width: int) -> Iterator[str]:
    """A line for each card, under a heading."""
    rows = [("id", "since", "", "where", "reads as")]
    rows += [
        (c["draft_id"][:ID], age(c["waiting_since"], now), kind(c), cut(place(c), 24), cut(reading(c), 28))
        for c in cards
    ]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    words = ["says", *(line(card["post"]["text"]) or "(no words)" for card in cards)]
    urgent = [False, *(bool(card["risk"]) for card in cards)]
    for row, text, red in zip(rows, words, urgent, strict=True):
        head = "  ".join(_padded(cell, size) for cell, size in zip(row, widths, strict=True))
        whole = f"{head}  {cut(text, max(_WORDS, width - cell_len(head) - 2))}".rstrip()
        yield typer.style(whole, fg="red") if red else whole


def whole(
    card: Json, now: datetime, local: Callable[[datetime], datetime], name_of: Callable[[str], str]
) -> Iterator[str]:
    """All of a card."""

    def clock(moment: str) -> str:
        at = local(datetime.fromisoformat(moment))
        return f"{at:%H:%M}" if at.date() == local(now).date() else f"{at:%Y-%m-%d %H:%M}"

    yield typer.style(" · ".join(_head(card, clock, name_of)), bold=True)
    if card["hold"]:
        yield typer.style(f"On hold, nothing is sent now: {line(card['hold'])}", fg="red")
    for alarm in card["alarms"]:
        yield typer.style(f"Alarm: {said(alarm['gate'])}, because of “{line(alarm['part'])}”", fg="red")
    yield from _post(card, clock)
    yield ""
    yield f"Why: {line(card['why'])}"
    if card["unread"]:
        yield f"Could not be read: {line(', '.join(card['unread']))}"
    if card["remembered"]:
        yield f"They asked us to remember: {line(card['remembered'])}"
    yield from _replies(card)
    for note in card["notes"]:
        yield f"Note of {name_of(note['by'])}, {clock(note['at'])}: {line(note['text'])}"
    for delivery in card["deliveries"]:
        when = f", {clock(delivery['sent_at'])}" if delivery["sent_at"] else ""
        error = f": {line(delivery['error'])}" if delivery["error"] else ""
        yield f"Delivery ({delivery['kind']}): {delivery['state']}{when}{error}"
    if card["undo_until"]:
        yield f"It can be taken back until {local(datetime.fromisoformat(card['undo_until'])):%H:%M:%S}."


def _head(card: Json, clock: Callable[[str], str], name_of: Callable[[str], str]) -> Iterator[str]:
    yield card["draft_id"]
    yield f"revision {card['revision']}"
    waits = card["state"] == "waiting"
    yield f"waits since {clock(card['waiting_since'])}" if waits else ended(card)
    if card["purpose"] != "reply":
        yield said(card["purpose"])
    if card["snoozed_until"]:
        yield f"back at {clock(card['snoozed_until'])}"
    if card["decided_by"]:
        yield f"by {name_of(card['decided_by'])}"
    if card["assigned_to"]:
        yield f"for {name_of(card['assigned_to'])}"
    if card["writing"]:
        yield f"{name_of(card['writing'])} is writing"


def _post(card: Json, clock: Callable[[str], str]) -> Iterator[str]:
    """The post, below what was said before it."""
    post = card["post"]
    yield ""
    for turn in card["thread"]:
        yield f"  {line(turn['name']) or turn['who']}, {clock(turn['at'])}: {line(turn['text'])}"
    yield f"{line(post['author']['name']) or 'A fan'} in {place(card)} ({post['platform']}), {clock(post['at'])}:"
    if post["quote"]:
        yield from indented(f"> {line(post['quote'])}")
    yield from indented(shown(post["text"]) or ("(deleted)" if post["deleted"] else "(no words)"))
    for one in post["attachments"]:
        yield f"  [{one['kind']}] {line(one['title'])} {line(one['url'])}".rstrip()


def _replies(card: Json) -> Iterator[str]:
    """The text, and what else there is to choose from, with the numbers that `--alternative` takes."""
    yield ""
    if card["text"] is not None:
        yield f"Reply{source(card)}:"
        yield from _wording(card)
        yield ""
    elif not card["alternatives"]:
        yield "There is no reply yet; a person writes it."
    for number, other in enumerate(card["alternatives"], start=1):
        takes = f", {line(other['reading'])}" if other["reading"] else ""
        yield f"{number}.{source(other)}{takes}:"
        yield from _wording(other)
    if card["alternatives"]:
        yield ""


def source(wording: Json) -> str:
    """Where its words come from. `wording`: a card or an alternative."""
    if wording.get("own_words"):
        return " (a manager's words)"
    if wording["template"] == ASSISTANT:
        return f" (written by a language model, {wording['variant']})"
    return f" [{wording['template']}/{wording['variant']}]" if wording["template"] else ""


def _wording(wording: Json) -> Iterator[str]:
    yield from indented(shown(wording["text"]))
    yield from remarks(wording["checks"])
    yield from (f"  still to fill: {slot['name']} ({line(slot['ask'])})" for slot in wording["missing_slots"])


def remarks(checks: Iterable[Json]) -> Iterator[str]:
    """What the checks say."""
    notes = dict.fromkeys(line(check["note"]) for check in checks if check["level"] != "pass" and check["note"])
    yield from (typer.style(f"  remark: {note}", fg="yellow") for note in notes)


def indented(text: str) -> Iterator[str]:
    """Each line two columns to the right."""
    yield from (f"  {one}".rstrip() for one in text.split("\n"))
