"""Posts, contexts and libraries, made short."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import responders
from responders.library.model import Intent, Library
from responders.types import Author, Context, Post

NOW = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
DATA = Path(__file__).parent / "data"
SHIPPED = Path(responders.__file__).parent


@pytest.fixture(scope="session")
def word_lists() -> dict[str, Any]:
    """The shipped lists, as the library holds them."""
    files = [path for part in ("assistant", "understanding", "voice") for path in SHIPPED.glob(f"{part}/data/*.yaml")]
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in files}


@pytest.fixture(scope="session")
def intents() -> dict[str, Intent]:
    """The small set of intents in data/intents.yaml."""
    read = yaml.safe_load((DATA / "intents.yaml").read_text(encoding="utf-8"))
    return {
        name: Intent(
            name=name,
            meaning=name,
            action=entry["action"],
            priority=entry["priority"],
            examples={"en": tuple(entry["examples"])},
            cues={"en": tuple(entry.get("cues", ()))},
        )
        for name, entry in read.items()
    }


@pytest.fixture(scope="session")
def small_library(word_lists: dict[str, Any], intents: dict[str, Intent]) -> Library:
    """Intents and lists, no templates."""
    return Library(templates=(), intents=intents, word_lists=word_lists)


@pytest.fixture(scope="session")
def a_post() -> Callable[..., Post]:
    """Make a post; `staff` and `bot` say who wrote it."""

    def make(text: str = "love the fog", *, staff: bool = False, bot: bool = False, **kw: Any) -> Post:
        author = Author(id="f1", name="Robin", is_staff=staff, is_bot=bot)
        return Post(
            **{"platform": "web", "channel": "c", "external_id": "1", "author": author, "text": text, "at": NOW, **kw}
        )

    return make


@pytest.fixture(scope="session")
def a_context() -> Callable[..., Context]:
    """Make a context at a fixed time."""

    def make(**kw: Any) -> Context:
        return Context(**{"now": NOW, "community": "Lantern Harbor", **kw})

    return make
