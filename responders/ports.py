"""What the pipeline asks of its parts: one method each. Anyone's part comes through the same door as ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from responders.types import Candidate, CheckResult, Context, Post, Understanding, Wording

Floats = NDArray[np.float32]


class Analyzer(Protocol):
    """Reads one aspect of a post."""

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Return `so_far` with this aspect added. Must not raise on any text."""
        ...


class Responder(Protocol):
    """Offers replies."""

    name: str

    def respond(self, post: Post, context: Context, understanding: Understanding) -> Iterable[Candidate]:
        """Offer any number of candidates, none included. An exception is traced; the other responders go on."""
        ...


class VoiceCheck(Protocol):
    """Looks at one wording for one fault."""

    id: str

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Say pass, warn or block, with a sentence for the manager unless it passes."""
        ...


class Encoder(Protocol):
    """Turns texts to numbers: the trained model's layers; optional, the pipeline works without one."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text, in their order: shape (texts, dimensions). The same text again costs almost nothing.

        The texts are those of `understanding.normalise.encodable`. May be called from any thread.
        """
        ...


class LanguageDetector(Protocol):
    """Tells languages apart; optional, without one each channel speaks its own."""

    def detect(self, text: str) -> tuple[str, float]:
        """The most probable language, two letters, and its probability."""
        ...
