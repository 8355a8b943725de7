"""Cards for posts that the authors of the templates had not seen, judged by two readers who did not know the aim:
"would you send exactly this, here?"

The file holds the last round: the texts on each card, and what the two readers said of each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from responders.understanding.normalise import bare

FILE = Path(__file__).parent / "judged.jsonl"
VERDICTS = ("send", "edit", "no")
GOALS = {"send": 0.60, "no": 0.10, "one of the texts": 0.80}
"""The least share of drafts to send, the most to refuse, and the least share of cards with one text to send."""
OF_COMPLAINTS = {"send": 0.50, "one of the texts": 0.70}


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text of a card. `verdicts` and `why`: what each reader said, a reason where it was not `send`."""

    text: str
    template: str
    variant: str
    draft: bool
    verdicts: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A post with the texts on its card: a draft with others, or ready replies alone."""

    language: str
    community: str
    post: str
    intent: str
    """As it was read."""
    texts: tuple[Text, ...]

    @property
    def draft(self) -> Text | None:
        """The draft, if there is one."""
        return next((text for text in self.texts if text.draft), None)

    def sendable(self) -> Iterator[bool]:
        """For each reader: whether one of the texts could be sent."""
        for said in zip(*(text.verdicts for text in self.texts), strict=True):
            yield "send" in said


def cards(file: Path = FILE) -> list[Card]:
    """All judged cards."""
    return [_card(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def _card(row: dict[str, object]) -> Card:
    texts = row["texts"]
    assert isinstance(texts, list)
    made = tuple(Text(**{**text, "verdicts": tuple(text["verdicts"]), "why": tuple(text["why"])}) for text in texts)
    return Card(
        language=str(row["language"]),
        community=str(row["community"]),
        post=str(row["post"]),
        intent=str(row["intent"]),
        texts=made,
    )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the readers said of some cards."""

    drafts: int
    cards: int
    shares: dict[str, float]
    """Verdict -> its share of all that was said of the drafts."""
    one_of: float
    """The share of cards with a text that could be sent. A card counts once for each reader."""


def judged(some: Sequence[Card]) -> Judged:
    """The counts over some cards, at least one of which has a draft."""
    drafts = [card.draft for card in some if card.draft]
    said = Counter(verdict for draft in drafts for verdict in draft.verdicts)
    sendable = [one for card in some for one in card.sendable()]
    return Judged(
        drafts=len(drafts),
        cards=len(some),
        shares={verdict: said[verdict] / max(1, said.total()) for verdict in VERDICTS},
        one_of=sum(sendable) / max(1, len(sendable)),
    )


def agreement(some: Iterable[Card]) -> float:
    """The share of texts on which both readers agreed."""
    same = [len(set(text.verdicts)) == 1 for card in some for text in card.texts if len(text.verdicts) > 1]
    return sum(same) / max(1, len(same))


def table(every: Sequence[Card], told_now: frozenset[str]) -> str:
    """The counts by language, and for English by intent. `told_now`: the words of today's library, without signs."""
    rows = [["", "drafts", *VERDICTS, "cards", "one of the texts"]]
    languages = dict.fromkeys(card.language for card in every)
    rows += [_row(language, [c for c in every if c.language == language]) for language in languages]
    english = [card for card in every if card.language == "en"]
    intents = Counter(card.intent for card in english)
    rows += [_row(f"en {name}", [c for c in english if c.intent == name]) for name, _ in intents.most_common()]
    texts = [text.text for card in every for text in card.texts]
    share = sum(bare(text) in told_now for text in texts) / max(1, len(texts))
    return (
        aligned(rows)
        + f"The two readers said the same of {agreement(every):.0%} of {len(texts):,} texts; "
        + f"{share:.0%} of these stand in the library in the same words.\n"
    )


def _row(name: str, some: Sequence[Card]) -> list[str]:
    found = judged(some)
    shares = [f"{found.shares[verdict]:.2f}" if found.drafts else "-" for verdict in VERDICTS]
    return [name, str(found.drafts), *shares, str(found.cards), f"{found.one_of:.2f}"]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(w) if not i else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)
