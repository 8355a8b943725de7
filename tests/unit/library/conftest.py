from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from responders.library.examples import run
from responders.library.faults import Fault, LibraryFaults
from responders.library.load import load
from responders.library.model import Library
from responders.pipeline import build
from responders.types import Author, Context, Post
from tests import model

ROOT = Path(__file__).parents[3]
INTENT = "meaning: test\naction: draft\nexamples: {en: [one, two, three]}\n"


@pytest.fixture(scope="session")
def shipped() -> Mapping[str, str]:
    folders = (ROOT / "responders" / part / "data" for part in ("understanding", "voice"))
    return {path.name: path.read_text("utf-8") for folder in folders for path in folder.glob("*.yaml")}


@pytest.fixture(scope="session")
def library() -> Library:
    """The templates as they ship."""
    return model.shipped().library


OWN_WORDS = {"en": {"the", "is", "what", "you", "to"}, "de": {"das", "ist", "es"}, "fr": {"le", "est", "merci"}}


class Words:
    """Tells a language by a word or two that only it has. Without such a word it is sure of nothing."""

    known = frozenset({"en", "de", "fr"})

    def detect(self, text: str) -> tuple[str, float]:
        words = set(text.casefold().replace(".", " ").replace("?", " ").split())
        found = max(OWN_WORDS, key=lambda name: len(OWN_WORDS[name] & words))
        return found, 0.99 if OWN_WORDS[found] & words else 0.3


@pytest.fixture(scope="session")
def faults(shipped: Mapping[str, str]) -> Callable[[Mapping[str, str]], tuple[Fault, ...]]:
    """Everything that keeps a set from going live: the faults of `load`, else the examples that fail."""

    def find(texts: Mapping[str, str]) -> tuple[Fault, ...]:
        try:
            library = load(texts, shipped, Words())
        except LibraryFaults as found:
            return found.faults
        return tuple(run(library, build(library).understand))

    return find


@pytest.fixture(scope="session")
def faults_of(faults: Callable[[Mapping[str, str]], tuple[Fault, ...]]) -> Callable[..., str]:
    """What is said of one template file (and others, by path)."""

    def told(text: str, path: str = "en/praise/a.md", **others: str) -> str:
        texts = {path: text, "intents/praise.yaml": INTENT, "facts.yaml": "product: Lantern Harbor\n", **others}
        found = faults(texts)
        assert found
        return "\n".join(map(str, found))

    return told


@pytest.fixture(scope="session")
def post() -> Callable[[str], Post]:
    def build(text: str) -> Post:
        fan = Author(id="7", name="Ida")
        at = datetime(2026, 3, 1, 12, tzinfo=UTC)
        return Post(platform="web", channel="general", external_id="1", author=fan, text=text, at=at)

    return build


@pytest.fixture(scope="session")
def context() -> Context:
    return Context(now=datetime(2026, 3, 1, 12, tzinfo=UTC), community="Lantern Harbor", channel_name="general")
