"""Which of the operators' FAQ answers a post asks for: by meaning, by letters and by what the answers say; and posts
that an operator wrote down word for word, of whatever situation."""

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
"""Chance from which the first answer is laid before a manager as the answer; below, a person picks one."""
NEAR = 0.1
"""Chance from which an answer is worth a person's look."""
LISTED = 5
"""How many answers are named, sure or not."""
_APART = 0.2
"""How far the nearest can stand before the second, in likeness: beyond, it says no more. An FAQ may have one entry."""
_ASKED = 0.9999
"""Chance of the answer whose own phrasing a post is, word for word; only a manager's word counts 1."""
_MAYBE = 0.1
"""Chance of the intent question from which a part of a post may ask."""
_SAID = 240
"""Characters of an answer whose letters are compared: those of a long one would drown its question's."""
_SIZE = 4096
"""Numbers of a text's letters; a few hundred short questions share them with few collisions."""
_JINJA = re.compile(r"\{\{\s*(\w+)[^}]*\}\}|\{%.*?%\}|\{#.*?#\}")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
QUESTION = "question"
_FRIENDLY = frozenset({"thanks", "greeting", "praise", "introduction"})
"""Intents that give way to a question beside them when its answer is known: "thanks! and where is the manual?"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    """How likenesses are weighed, and what they say together: measured with entries of one phrasing each, on questions
    in other words, questions whose answer was taken out, and another community's."""

    letters: float
    """Weight of the likeness in letters beside that of the meaning, which is 1."""
    answer: float
    """Weight of the likeness to the answer's own words."""
    near: float
    apart: float
    offset: float
    """The log-odds of the right answer are near x likeness + apart x distance to the best other + offset."""

    def mix(self, meant: Floats, letters: Floats, said: Floats) -> Floats:
        """The likeness of each entry, up to 1."""
        mixed: Floats = (meant + self.letters * letters + self.answer * said) / (1 + self.letters + self.answer)
        return mixed

    def chances(self, likeness: Floats) -> Floats:
        """How probably each entry is the one asked for; keeps their order."""
        order = np.sort(likeness)
        best, second = float(order[-1]), float(order[-2]) if len(order) > 1 else 0.0
        others = np.where(likeness < best, best, second)
        odds = self.near * likeness + self.apart * np.minimum(likeness - others, _APART) + self.offset
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)


_MEANT = _Scale(letters=0.8, answer=0.4, near=10.5, apart=13.8, offset=-6.5)
_LETTERS = _Scale(letters=1.0, answer=0.0, near=42.0, apart=20.0, offset=-6.0)
"""With the model, and without it (where the meaning counts as 0)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Meanings:
    """The entries as the model sees them."""

    model: Model
    asks: Floats
    answers: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    template: Template
    first: int
    """Row of its first phrasing; the others follow."""


def sure_answer(faq: Sequence[tuple[str, float]]) -> str | None:
    """The key of the answer that is asked for, of `Understanding.faq`; None when that is not certain."""
    return faq[0][0] if faq and faq[0][1] >= SURE else None


class WordForWord:
    """Posts that an operator wrote down under `answers_to` are read as that situation, or that question."""

    def __init__(self, library: Library) -> None:
        """Take all templates with `answers_to`."""
        written = ((t.locale, bare(text), t) for t in library.templates for text in t.answers_to)
        self._templates = {(locale, words): template for locale, words, template in written if words}

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Whatever else the post reads like; in that template's language, the fan's own first."""
        if context.forced_intent:
            return so_far
        words = bare(post.text)
        found = (self._templates.get((locale, words)) for locale in (so_far.language, context.locale))
        template = next(filter(None, found), None)
        return _is_for(template, so_far) if template else so_far


class AnswersAnalyzer:
    """Fills `faq`, for every post with words, whatever becomes of it."""

    def __init__(self, library: Library, model: Model | None = None) -> None:
        """Take the templates with `answers_to`. Without a `model` FAQ answers are told apart by letters alone."""
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
        """Name the nearest answers in the fan's language and the community's, whatever the intent: a complaint or a
        wish often holds a question too. A sure one makes a post that asks, and is not clearly something else, a
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
        """(key, chance from 0 to 1 that it is the one asked for) of every answer in one of `locales`, the fan's own
        first; the nearest first, one for each id, in the first locale that has it."""
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
        """Of the entries at `rows`."""
        letters = self._in_letters(text)[rows]
        if self._meant is None:
            nothing = np.zeros_like(letters)
            return _LETTERS.chances(_LETTERS.mix(nothing, letters, nothing))
        asked = self._meant.model.meanings([encodable(text), *map(encodable, _questions(text))])
        meant = np.maximum.reduceat((self._meant.asks @ asked.T).max(axis=1), self._starts)[rows]
        said = (self._meant.answers @ asked.T).max(axis=1)[rows]
        return _MEANT.chances(_MEANT.mix(meant, letters, said))

    def _in_letters(self, text: str) -> Floats:
        """The likeness of each entry's question and answer in letters."""
        found: Floats = np.maximum.reduceat(self._letters @ _unit(_letters(text) * self._rarity), self._starts)
        return found


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
    """The same, read as the situation, or the question, of this template; what raised an alarm stays."""
    return replace(
        read,
        intent=template.intent,
        confidence=_ASKED,
        intents=((template.intent, _ASKED),),
        situations=() if template.is_faq else ((template.id, _ASKED),),
        nearest=None,
        language=template.locale,
        faq=((template.key, _ASKED),) if template.is_faq else (),
    )
