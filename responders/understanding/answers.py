"""Which of the operators' FAQ answers a post asks for: by meaning, by letters and by what the answers say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from responders.library.model import Library, Template
from responders.ports import Encoder, Floats
from responders.types import Context, Post, Understanding
from responders.understanding.normalise import encodable, has_words, reading

SURE, APART = 0.48, 0.12
"""Likeness from which the first answer is the one asked for, if the second is that much less: else a person picks."""
LISTED = 5
"""How many answers are named, sure or not."""
_LETTERS, _ANSWER = 0.4, 0.3
"""Weight of the likeness in letters, and of the likeness to the answer's own words, beside that of the meaning
(understanding.md section 4)."""
_ALONE = 0.6
"""What likeness in letters is worth where there is no encoder: it knows no other words for a thing."""
_NEAR = 0.25
"""Likeness from which a post that does not look like a question may be one."""
_MAYBE = 0.1
"""Share of the intent question that says so too."""
_SIZE = 2048
"""Numbers of a text's letters; a few hundred short questions share them with few collisions."""
_JINJA = re.compile(r"\{\{\s*(\w+)[^}]*\}\}|\{%.*?%\}|\{#.*?#\}")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_QUESTION = "question"
_FRIENDLY = frozenset({"thanks", "greeting", "praise", "introduction"})
"""Intents that give way to a question beside them when its answer is known: "thanks! and where is the manual?"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    template: Template
    first: int
    """Row of its first phrasing; the others follow."""


def sure_answer(faq: Sequence[tuple[str, float]]) -> str | None:
    """The key of the answer that is asked for, of `Understanding.faq`; None when that is not certain."""
    (key, like), (_, second) = (*faq, ("", 0.0), ("", 0.0))[:2]
    return key if like >= SURE and like - second >= APART else None


class AnswersAnalyzer:
    """Fills `faq`."""

    def __init__(self, library: Library, encoder: Encoder | None = None) -> None:
        """Take the templates that have `asks`. Without an `encoder` they are told apart by letters alone."""
        self._encoder = encoder
        self._entries: list[_Entry] = []
        asks: list[str] = []
        for template in library.templates:
            if template.asks:
                self._entries.append(_Entry(template=template, first=len(asks)))
                asks += template.asks
        self._starts = [entry.first for entry in self._entries]
        if not asks:
            return
        counts = np.stack([_letters(ask) for ask in asks])
        self._rarity: Floats = np.log(1 + len(asks) / (1 + (counts > 0).sum(axis=0))).astype(np.float32)
        self._letters = _unit(counts * self._rarity)
        if encoder:
            self._asks = encoder.encode([encodable(ask) for ask in asks])
            self._answers = encoder.encode([encodable(_said(entry.template, library)) for entry in self._entries])

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Name the nearest answers in the fan's language and the community's, if the post asks or is near to one."""
        if not self._entries or not has_words(post.text):
            return so_far
        asks = "?" in post.text or dict(so_far.intents).get(_QUESTION, 0.0) >= _MAYBE
        found = tuple(self.nearest(post.text, so_far.language, context.locale))
        if not asks and not (found and found[0][1] >= _NEAR):
            return so_far
        read = replace(so_far, faq=found[:LISTED])
        inside = read.intent in _FRIENDLY and dict(read.intents).get(_QUESTION, 0.0) >= _MAYBE
        if inside and sure_answer(read.faq) and not context.forced_intent:
            return replace(read, intent=_QUESTION, nearest=None)
        return read

    def nearest(self, text: str, *locales: str) -> Iterator[tuple[str, float]]:
        """(key, likeness from 0 to 1) of every answer in one of `locales`, the nearest first; one for each id, in the
        first locale that has it."""
        likeness = np.clip(self._likeness(text), 0.0, 1.0)
        own: dict[str, int] = {}
        for locale in dict.fromkeys(locales):
            for i, entry in enumerate(self._entries):
                if entry.template.locale == locale:
                    own.setdefault(entry.template.id, i)
        for i in sorted(own.values(), key=lambda i: -likeness[i]):
            yield self._entries[i].template.key, round(float(likeness[i]), 4)

    def _likeness(self, text: str) -> Floats:
        """One number an entry."""
        letters = np.maximum.reduceat(self._letters @ _unit(_letters(text) * self._rarity), self._starts)
        if self._encoder is None:
            return np.float32(_ALONE) * letters
        rows = self._encoder.encode([encodable(text), *map(encodable, _questions(text))])
        meant = np.maximum.reduceat((self._asks @ rows.T).max(axis=1), self._starts)
        said = (self._answers @ rows.T).max(axis=1)
        total: Floats = (meant + _LETTERS * letters + _ANSWER * said) / (1 + _LETTERS + _ANSWER)
        return total


def _questions(text: str) -> list[str]:
    """The questions in a text of several sentences: the rest of it would blur them."""
    sentences = _SENTENCE.findall(text)
    return [s.strip() for s in sentences if s.endswith("?")][:2] if len(sentences) > 1 else []


def _said(template: Template, library: Library) -> str:
    """What an answer says after what it is called: its facts in full, other slots by their names."""

    def slot(mark: re.Match[str]) -> str:
        name = mark.group(1) or ""
        source = template.slots[name].source if name in template.slots else ""
        fact = library.facts.get(source.removeprefix("facts."))
        return fact.value if fact else name.replace("_", " ")

    return f"{template.id.replace('-', ' ')}. {_JINJA.sub(slot, template.variants[0].source)}"


def _letters(text: str) -> Floats:
    """Words and runs of letters of a text, counted by hash."""
    counts = np.zeros(_SIZE, dtype=np.float32)
    for word in re.findall(r"\w+", reading(text))[:80]:
        padded = f" {word} "
        grams = [padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
        for gram in (padded, *grams):
            counts[crc32(gram.encode("utf-8", "replace")) % _SIZE] += 1.0
    return np.sqrt(counts)


def _unit(rows: Floats) -> Floats:
    norm = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norm == 0, 1, norm), dtype=np.float32)
