"""What docs/assistant.md says is so. What it says of a running Greenroom is tried in tests/integration/assistant."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import settings
from bot.assistant import helper, openai
from bot.assistant.doctor import untold
from bot.errors import FaultyFiles
from bot.settings import AssistantSection
from bot.settings.values import parse_duration
from responders.assistant import brief, given
from responders.types import Attachment, Author, Context, Post, Turn
from tests.conftest import CONFIG
from tests.model import shipped

PAGE = (Path(__file__).parents[3] / "docs/assistant.md").read_text("utf-8")
SAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBERS = {1: "one", 3: "three", 4: "four"}


def test_the_sample_config_is_one(write_config: Callable[[str], Path]) -> None:
    found = settings.load(write_config(f"{CONFIG}{SAMPLE}"), {})
    assert found.assistant
    assert found.assistant.is_here
    assert untold(found) is None


def test_what_stands_in_comments_is_the_default() -> None:
    shown = yaml.safe_load("\n".join(line.replace("# ", "", 1).strip() for line in re.findall(r"  # .*", SAMPLE)))
    fields = AssistantSection.model_fields
    assert shown.pop("key_env") == "ASSISTANT_KEY"
    assert parse_duration(shown.pop("timeout")) == fields["timeout"].default
    assert {name: tuple(v) if isinstance(v, list) else v for name, v in shown.items()} == {
        name: fields[name].default for name in ("per_day", "uses")
    }


def test_numbers_are_those_of_the_program(write_config: Callable[[str], Path]) -> None:
    assert f"{NUMBERS[helper.AT_ONCE]} at a time" in PAGE
    assert f"an answer {openai._TOKENS} at most" in PAGE
    longest = parse_duration(re.findall(r"`(\w+)` at most", PAGE)[0])
    for timeout, fine in ((longest, True), (longest + timedelta(seconds=1), False)):
        config = write_config(CONFIG + SAMPLE.replace("# timeout: 8s", f"timeout: {in_words_short(timeout)}"))
        if fine:
            settings.load(config, {})
        else:
            with pytest.raises(FaultyFiles):
                settings.load(config, {})


def in_words_short(span: timedelta) -> str:
    return f"{span.total_seconds():.0f}s"


@pytest.mark.parametrize("left_out", ["processor", "privacy"])
def test_without_a_text_for_fans_it_does_not_start(write_config: Callable[[str], Path], left_out: str) -> None:
    config = CONFIG + "\n".join(line for line in SAMPLE.splitlines() if not line.strip().startswith(left_out))
    if left_out == "processor":
        with pytest.raises(FaultyFiles):
            settings.load(write_config(config), {})
    else:
        assert untold(settings.load(write_config(config), {}))


def test_what_leaves_the_machine_is_what_the_page_says() -> None:
    pipeline = shipped()
    post = Post(
        platform="discord",
        channel="123456789012345678",
        external_id="876543210987654321",
        author=Author(id="111222333444555666", name="Robin Marsh xX"),
        text="how do I save? see https://harbor.example.com/x, me@harbor.example.com, @Nell Vane, no 4711471147114711",
        at=NOW,
        attachments=(Attachment(kind="image", url="https://cdn.example.com/1.png"),),
    )
    turn = Turn(role="fan", name="Nell Vane", text="I am Nell Vane and the fog is thick", at=NOW, in_thread=True)
    context = Context(now=NOW, community="Lantern Harbor", locale="en", before=(turn,), call_name="Robin")
    known = given(post, context, pipeline.understand(post, context), pipeline.library)
    asked = brief(known, pipeline.library, ("reading", "wording"))
    data: dict[str, Any] = json.loads(asked.user)
    everything = f"{asked.system}\n{asked.user}"
    for secret in ("1234567", "87654321", "11122233", "Nell", "Vane", "Marsh", "harbor.example", "cdn.", "4711"):
        assert secret not in everything, secret
    assert "Fan 1" in data["thread"][0]
    assert data["may_be_called"] == ["Robin"]
    assert "Lantern Harbor" in asked.system
    allowed = {"community", "post", "came_with_it", "thread", "intents", "situations", "may_be_called"}
    assert data.keys() <= allowed | {"facts", "answers", "examples_of_manner"}
    assert len(data.get("answers", [])) <= 3 >= len(data["examples_of_manner"])
    assert len(data["intents"]) <= 3 >= len(data["situations"])


def test_it_fits_on_one_page() -> None:
    assert len(PAGE.split()) < 1000
