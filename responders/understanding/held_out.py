"""Which examples another intent would take, if they were not there themselves: intents that are told apart badly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from responders.library.model import Intent, Library
from responders.ports import Floats
from responders.types import Author, Context, Post, Understanding
from responders.understanding.features import Features
from responders.understanding.intent import IntentAnalyzer

FOLDS = 5
"""Each fifth of the examples is read by a head that was fitted without it: nearly one at a time, and quick."""
_SURE = 0.5
"""Confidence from which the wrong intent would be believed."""
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stolen:
    """An example of `intent` that reads as `thief`, being like an example of the thief's, `nearest`."""

    text: str
    intent: str
    thief: str
    confidence: float
    nearest: str | None


class _Remembered(Features):
    """Vectors made once for all folds."""

    def __init__(self, library: Library) -> None:
        super().__init__(library.word_lists)
        self._made: dict[str, Floats] = {}

    def vector(self, text: str) -> Floats:
        if text not in self._made:
            self._made[text] = super().vector(text)
        return self._made[text]


def stolen(library: Library) -> Iterator[Stolen]:
    """The examples that, read as posts of strangers, would be taken for another intent with confidence."""
    features = _Remembered(library)
    for fold in range(FOLDS):
        analyzer = IntentAnalyzer(_without(library, fold), features)
        for intent in library.intents.values():
            for text in _texts(intent)[fold::FOLDS]:
                read = analyzer.analyze(_post(text), Context(now=_NOW, community="check"), Understanding())
                if read.intent and read.intent != intent.name and read.confidence >= _SURE:
                    yield Stolen(
                        text=text,
                        intent=intent.name,
                        thief=read.intent,
                        confidence=read.confidence,
                        nearest=read.nearest,
                    )


def _texts(intent: Intent) -> tuple[str, ...]:
    return tuple(text for texts in intent.examples.values() for text in texts)


def _without(library: Library, fold: int) -> Library:
    """The library without every fifth example."""
    intents = {}
    for name, intent in library.intents.items():
        left_out = set(_texts(intent)[fold::FOLDS])
        kept = {locale: tuple(t for t in texts if t not in left_out) for locale, texts in intent.examples.items()}
        intents[name] = replace(intent, examples=kept)
    return replace(library, intents=intents)


def _post(text: str) -> Post:
    fan = Author(id="fan", name="fan")
    return Post(platform="check", channel="check", external_id="1", author=fan, text=text, at=_NOW)
