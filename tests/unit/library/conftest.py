from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from responders.library.faults import LibraryFaults
from responders.library.load import load
from responders.library.model import Library
from responders.types import Author, Context, Post

ROOT = Path(__file__).parents[3]
INTENT = "meaning: test\naction: draft\nexamples: {en: [one, two]}\n"


@pytest.fixture(scope="session")
def shipped() -> Mapping[str, str]:
    folders = (ROOT / "responders" / part / "data" for part in ("understanding", "voice"))
    return {path.name: path.read_text("utf-8") for folder in folders for path in folder.glob("*.yaml")}


@pytest.fixture(scope="session")
def library(shipped: Mapping[str, str]) -> Library:
    """The templates as they ship."""
    folder = ROOT / "templates"
    files = (path for path in folder.rglob("*") if path.is_file())
    return load({path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}, shipped)


@pytest.fixture(scope="session")
def faults_of(shipped: Mapping[str, str]) -> Callable[..., str]:
    """What is said of one template file (and others, by path)."""

    def faults(text: str, path: str = "en/praise/a.md", **others: str) -> str:
        texts = {path: text, "intents/praise.yaml": INTENT, "facts.yaml": "product: Lantern Harbor\n", **others}
        with pytest.raises(LibraryFaults) as raised:
            load(texts, shipped)
        return str(raised.value)

    return faults


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
