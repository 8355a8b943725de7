"""Assistants are found by their entry points; a second one is a few lines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from bot.assistant.port import Assistant, assistants
from bot.errors import GreenroomError
from bot.settings.assistant import AssistantSection
from responders.assistant import Brief

PARROT = """
    import json
    from typing import ClassVar

    from bot.assistant.port import Assistant, Reply


    class Parrot(Assistant):
        name: ClassVar = "parrot"

        def __init__(self, section, key):
            self.key = key

        async def ask(self, brief):
            return Reply(text=json.dumps({"reply": "Thank you!", "facts": []}))

        async def aclose(self):
            pass
"""

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a package with an entry point onto the path."""

    def put(source: str, entry: str) -> None:
        (tmp_path / "parrots.py").write_text(dedent(source), encoding="utf-8")
        info = tmp_path / "parrots-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrots\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[greenroom.assistants]\n{entry}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "parrots", raising=False)

    return put


def test_ours_is_there() -> None:
    assert assistants()["openai"].name == "openai"


async def test_another_one_is_a_few_lines(install: Install) -> None:
    install(PARROT, "parrot = parrots:Parrot")
    section = AssistantSection(kind="parrot", endpoint="http://127.0.0.1:9/v1", model="parrot", processor="us")
    parrot: Assistant = assistants()["parrot"](section, None)
    answer = await parrot.ask(Brief(system="", user="", schema={}))
    await parrot.aclose()
    assert "Thank you!" in answer.text
    assert answer.tokens_in is None
    assert len(PARROT.splitlines()) < 80


@pytest.mark.parametrize(
    ("source", "entry", "says"),
    [
        ("raise ImportError('no model here')", "parrot = parrots:Parrot", "cannot be loaded"),
        ("Parrot = 5", "parrot = parrots:Parrot", "is no"),
        (PARROT, "budgie = parrots:Parrot", "calls itself parrot"),
    ],
)
def test_one_that_cannot_be_used_is_named(install: Install, source: str, entry: str, says: str) -> None:
    install(source, entry)
    with pytest.raises(GreenroomError, match=says):
        assistants()
