"""Which FAQ answer a post asks for: by meaning, by letters and by what the answers say. Also posts that an operator
wrote down word for word, for any situation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from responders.library.model import Library, Template
from responders.ports import Floats
from responders.types import Context, Post, Understanding
from responders.understanding.normalise import bare, encodable, has_words, reading
from responders.understanding.trained import Model

SURE = 0.88
"""From this chance the first answer is the draft. Below it a person picks."""
NEAR = 0.1
"""From this chance an answer is worth a person's look."""
LISTED = 5
"""The most answers that are listed, sure or not."""
_APART = 0.2
"""A larger distance between the nearest answer and the second says no more. An FAQ may have only one entry."""
_ASKED = 0.9999
"""The chance when a post is word for word what an operator wrote. Only a manager's word counts as 1."""
_MAYBE = 0.1
"""From this chance of the intent question, a part of the post may be a question."""
_SAID = 240
"""How many characters of an answer count by letters. A long answer would drown its question."""
_SIZE = 4096
"""The length of a vector of letters. A few hundred short questions have few collisions in it."""
_JINJA = re.compile(r"\{\{\s*(\w+)[^}]*\}\}|\{%.*?%\}|\{#.*?#\}")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
QUESTION = "question"
_FRIENDLY = frozenset({"thanks", "greeting", "praise", "introduction"})
"""Intents that give way when a post also asks something whose answer is known: "thanks! and where is the manual?"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    """How likenesses are weighed, and the chance they make together. Measured with one phrasing for each entry, on
    questions in other words, on questions whose answer was taken out, and on another community's questions."""

    letters: float
    """The weight of the likeness in letters; the likeness in meaning has 1."""
    answer: float
    """The weight of the likeness to the answer's own words."""
    near: float
    apart: float
    offset: float
    """The log-odds of the right answer are near x likeness + apart x distance to the best other + offset."""

    def mix(self, meant: Floats, letters: Floats, said: Floats) -> Floats:
        """The likeness of each entry, up to 1."""
        mixed: Floats = (meant + self.letters * letters + self.answer * said) / (1 + self.letters + self.answer)
        return mixed

    def chances(self, likeness: Floats) -> Floats:
        """The chance that each entry is the one asked for. The order stays."""
        order = np.sort(likeness)
        best, second = float(order[-1]), float(order[-2]) if len(order) > 1 else 0.0
        others = np.where(likeness < best, best, second)
        odds = self.near * likeness + self.apart * np.minimum(likeness - others, _APART) + self.offset
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)


_MEANT = _Scale(letters=0.8, answer=0.4, near=10.5, apart=13.8, offset=-6.5)
_LETTERS = _Scale(letters=1.0, answer=0.0, near=42.0, apart=20.0, offset=-6.0)
"""`_MEANT` with the model, `_LETTERS` without it (the meaning then counts as 0)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Meanings:
    """The entries as the model reads them."""

    model: Model
    asks: Floats
    answers: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    template: Template
    first: int
    """The row of its first phrasing; the others follow."""


def sure_answer(faq: Sequence[tuple[str, float]]) -> str | None:
    """The key of the answer that is asked for; None when that is not certain. `faq`: as in `Understanding`."""
    return faq[0][0] if faq and faq[0][1] >= SURE else None


class WordForWord:
    """A post that an operator wrote under `answers_to` is read as that situation or that question."""

    def __init__(self, library: Library) -> None:
        """Take all templates with `answers_to`."""
        written = ((t.locale, bare(text), t) for t in library.templates for text in t.answers_to)
        self._templates = {(locale, words): template for locale, words, template in written if words}

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Take the template that has this very post, whatever else it reads like: first in the fan's language, then
        in the channel's."""
        if context.forced_intent:
            return so_far
        words = bare(post.text)
        found = (self._templates.get((locale, words)) for locale in (so_far.language, context.locale))
        template = next(filter(None, found), None)
        return _is_for(template, so_far) if template else so_far


class AnswersAnalyzer:
    """Fills `faq` for every post with words, whatever its intent."""

    def __init__(self, library: Library, model: Model | None = None) -> None:
        """Take the templates with `answers_to`. Without a `model`, FAQ answers are told apart by letters alone."""
        self._entries: list[_Entry] = []
        asks: list[str] = []
        read: list[str] = []
        answers: list[str] = []
        for template in library.templates:
            if template.is_faq:
                self._entries.append(_Entry(template=template, first=len(asks)))
                asks += template.answers_to
                answers.append(_said(template, library))
                read += (f"{ask} {answers[-1][:_SAID]}" for ask in template.answers_to)
        self._starts = [entry.first for entry in self._entries]
        if not asks:
            return
        counts = np.stack([_letters(text) for text in read])
        self._rarity: Floats = np.log(1 + len(read) / (1 + (counts > 0).sum(axis=0))).astype(np.float32)
        self._letters = _unit(counts * self._rarity)

        self._meant: _Meanings | None = None
        if model:
            rows = model.meanings([encodable(text) for text in (*asks, *answers)])
            self._meant = _Meanings(model=model, asks=rows[: len(asks)], answers=rows[len(asks) :])

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """List the nearest answers in the fan's and the channel's language. A complaint or a wish often holds a
        question too. If the answer is sure, the post asks, and it is not clearly something else, its intent becomes
        question."""
        if not self._entries or not has_words(post.text):
            return so_far
        share = dict(so_far.intents).get(QUESTION, 0.0)
        faq = tuple(islice(self.nearest(post.text, so_far.language, context.locale), LISTED))
        read = replace(so_far, faq=faq)
        asked = "?" in post.text or share >= _MAYBE
        if not (asked and sure_answer(faq)) or context.forced_intent:
            return read
        if read.intent == QUESTION:
            return replace(read, confidence=max(read.confidence, faq[0][1]))
        if read.intent in _FRIENDLY or read.intent is None:
            return replace(read, intent=QUESTION, confidence=max(read.confidence, faq[0][1]), nearest=None)
        return read

    def nearest(self, text: str, *locales: str) -> Iterator[tuple[str, float]]:
        """(key, chance that it is asked for) of every answer in one of `locales`, the fan's own first.

        The nearest comes first. Each id comes once, in the first locale that has it.
        """
        own: dict[str, int] = {}
        for locale in dict.fromkeys(locales):
            for i, entry in enumerate(self._entries):
                if entry.template.locale == locale:
                    own.setdefault(entry.template.id, i)
        if not own:
            return
        rows = np.array([*own.values()])
        chances = self._chances(text, rows)
        for at in np.argsort(-chances, kind="stable"):
            yield self._entries[rows[at]].template.key, round(float(chances[at]), 4)

    def _chances(self, text: str, rows: NDArray[np.intp]) -> Floats:
        """The chances of the entries at `rows`."""
        letters = self._in_letters(text)[rows]
        if self._meant is None:
            nothing = np.zeros_like(letters)
            return _LETTERS.chances(_LETTERS.mix(nothing, letters, nothing))
        asked = self._meant.model.meanings([encodable(text), *map(encodable, _questions(text))])
        meant = np.maximum.reduceat((self._meant.asks @ asked.T).max(axis=1), self._starts)[rows]
        said = (self._meant.answers @ asked.T).max(axis=1)[rows]
        return _MEANT.chances(_MEANT.mix(meant, letters, said))

    def _in_letters(self, text: str) -> Floats:
        """How alike each entry's question and answer are to the text, by letters."""
        found: Floats = np.maximum.reduceat(self._letters @ _unit(_letters(text) * self._rarity), self._starts)
        return found


def _questions(text: str) -> list[str]:
    """The questions in a text of several sentences. The other sentences would blur them."""
    sentences = _SENTENCE.findall(text)
    return [s.strip() for s in sentences if s.endswith("?")][:2] if len(sentences) > 1 else []


def _said(template: Template, library: Library) -> str:
    """The name of an answer and what it says, with its facts in full and other slots by name."""

    def slot(mark: re.Match[str]) -> str:
        name = mark.group(1) or ""
        source = template.slots[name].source if name in template.slots else ""
        fact = library.facts.get(source.removeprefix("facts."))
        return (fact and fact.said_in(template.locale)) or name.replace("_", " ")

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


def _is_for(template: Template, read: Understanding) -> Understanding:
    """The understanding as this template wants it. What raised an alarm stays, and the nearest answers where it has no
    words of its own."""
    nearest = read.faq if not template.variants else ()
    return replace(
        read,
        intent=template.intent,
        confidence=_ASKED,
        intents=((template.intent, _ASKED),),
        situations=() if template.is_faq else ((template.id, _ASKED),),
        nearest=None,
        language=template.locale,
        faq=((template.key, _ASKED),) if template.is_faq else nearest,
    )
