"""What the pipeline asks of its parts, one method each. Your parts plug in the same way as ours."""

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
        """Offer any number of candidates, or none. An exception is traced, and the other responders go on."""
        ...


class VoiceCheck(Protocol):
    """Looks at one wording for one fault."""

    id: str

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Pass, warn or block. Unless it passes, `note` is a sentence for the manager."""
        ...


class Encoder(Protocol):
    """Turns texts into numbers: the layers of the trained model. Optional; the pipeline works without one."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row for each text, in order: shape (texts, dimensions).

        The texts come from `understanding.normalise.encodable`. Encoding a text again costs almost nothing. Safe to
        call from any thread.
        """
        ...


class LanguageDetector(Protocol):
    """Tells languages apart. Optional; without one a post counts as written in its channel's language."""

    def detect(self, text: str) -> tuple[str, float]:
        """The most probable language (two letters) and its probability."""
        ...
