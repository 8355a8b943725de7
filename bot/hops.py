"""How long each hop of a post takes in this process: a histogram, and a span where traces are on.

The numbers are the process's own, so they live here and not in an app. `bot/adapters/web/metrics.py` tells them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import Protocol

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call] # else each count has a second series, of its first time
REGISTRY = CollectorRegistry()
"""The numbers of this process."""


class Hop(StrEnum):
    """A hop that this process does itself."""

    RECEIVE = "receive"
    """A post is cleaned and stored; then its platform hears that we have it."""
    JUDGE = "judge"
    """Its context is loaded and the pipeline runs. The next three are parts of it."""
    CONTEXT = "context"
    UNDERSTAND = "understand"
    RENDER = "render"
    """Responders, selection and voice checks."""
    SUBMIT = "submit"
    """Judgement and draft are stored."""
    CARD = "card"
    """A chat platform takes a new card."""
    DECIDE = "decide"
    """A manager's press is checked and stored."""
    SEND = "send"
    """A platform takes a reply, a correction or a removal."""


_SECONDS = Histogram(
    "greenroom_hop_seconds",
    "How long each hop of a post took in this process.",
    ["hop"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
COMMIT_SECONDS = Histogram(
    "greenroom_commit_seconds",
    "How long a group of writes took until it was durable.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
CARD_SHOWN_SECONDS = Histogram(
    "greenroom_card_shown_seconds",
    "From the judgement of a post until its card was in the managers' chat.",
    ["surface"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
    registry=REGISTRY,
)
for _hop in Hop:
    _SECONDS.labels(_hop)


class Spans(Protocol):
    """What keeps the spans of hops. `ids` are ours: post_id, draft_id, delivery_id."""

    def around(self, hop: str, ids: dict[str, str]) -> AbstractContextManager[object]:
        """A span for what happens inside; hops inside it are its children."""
        ...

    def ended(self, hop: str, seconds: float, ids: dict[str, str]) -> None:
        """A span for what has just ended."""
        ...


class _NoSpans:
    def around(self, hop: str, ids: dict[str, str]) -> AbstractContextManager[object]:
        return nullcontext()

    def ended(self, hop: str, seconds: float, ids: dict[str, str]) -> None:
        pass


_spans: Spans = _NoSpans()


def keep_spans(spans: Spans | None) -> None:
    """Hand the spans of all hops from now on to `spans`; None: keep none."""
    global _spans  # noqa: PLW0603 - a process has one
    _spans = spans or _NoSpans()


@contextmanager
def hop(name: str, **ids: str) -> Iterator[None]:
    """Measure what happens inside; `name` is a `Hop`."""
    began = time.perf_counter()
    try:
        with _spans.around(name, ids):
            yield
    finally:
        _SECONDS.labels(Hop(name)).observe(time.perf_counter() - began)


def begin() -> Callable[..., None]:
    """Begin a hop whose ids are known only at its end: call what this returns with the hop and the ids."""
    began = time.perf_counter()

    def end(name: Hop, **ids: str) -> None:
        seconds = time.perf_counter() - began
        _SECONDS.labels(name).observe(seconds)
        _spans.ended(name, seconds, ids)

    return end
