"""What `doctor` says of a language model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import settings
from bot.assistant import doctor
from bot.content import Content
from bot.ports import Check
from responders.library.model import Library
from tests.fakes.assistant import MODEL, FakeAssistant, Turn
from tests.model import TEMPLATES

Write = Callable[..., Path]
BASE = "community: {name: Harbor}\nmanagers: {mara: {name: Mara}}\non_call: mara\n"


def block(endpoint: str = "http://127.0.0.1:9/v1", more: str = "", policy: str = "https://example.org/privacy") -> str:
    asked = f"assistant: {{endpoint: '{endpoint}', model: {MODEL}, processor: Ida Inc{more}}}\n"
    return f"{BASE}{asked}" + (f"privacy: {{policy: '{policy}'}}\n" if policy else "")


def checks(path: Path, library: Library | None = None, **environ: str) -> list[Check]:
    return doctor.checks(settings.load(path, environ), library)


def test_without_a_block_there_is_nothing_to_say(write_config: Write) -> None:
    assert checks(write_config(BASE)) == []


def test_one_that_is_told_of_and_here_is_in_order(write_config: Write) -> None:
    assert [check.ok for check in checks(write_config(block()))] == [True]


@pytest.mark.parametrize(
    ("text", "ok", "said"),
    [
        (block(policy=""), False, "`privacy.policy` is missing"),
        (block(policy="We keep little."), False, "does not name who runs it"),
        (block(endpoint="https://api.example.org/v1"), None, "api.example.org is not this machine"),
        (block(endpoint="http://192.168.1.4:8000/v1"), None, "192.168.1.4 is not this machine"),
        (block(more=", key_env: MODEL_KEY"), False, "MODEL_KEY, which is not in the environment"),
    ],
)
def test_each_problem_is_named_with_its_fix(write_config: Write, text: str, ok: bool | None, said: str) -> None:
    found = checks(write_config(text))
    (problem,) = [check for check in found if said in check.result]
    assert problem.ok is ok
    assert problem.fix
    assert all(check.ok is not False for check in found if check is not problem)


def test_of_one_of_several_communities_the_missing_key_has_the_name_that_is_to_be_set(write_config: Write) -> None:
    text = block(more=", key_env: MODEL_KEY").replace("{name: Harbor}", "{name: Harbor, key: lamp}")
    (problem,) = [check for check in checks(write_config(text), MODEL_KEY="x") if check.ok is False]
    assert problem.result == "`key_env` asks for LAMP__MODEL_KEY, which is not in the environment"
    assert [check.ok for check in checks(write_config(text), LAMP__MODEL_KEY="x")] == [True]


def test_a_text_that_names_who_runs_it_and_a_key_that_is_there_are_fine(write_config: Write) -> None:
    text = block(more=", key_env: MODEL_KEY", policy="A language model is run by IDA INC.")
    assert [check.ok for check in checks(write_config(text), MODEL_KEY="x")] == [True]


@pytest.fixture(scope="module")
def shipped() -> Library:
    return Content(TEMPLATES).load().library


def test_the_shipped_answers_to_are_you_a_bot_tell_of_it_in_each_language(
    write_config: Write, shipped: Library
) -> None:
    text = block().replace("{name: Harbor}", "{name: Harbor, locales: [en, de, es, fr, pt]}")
    assert [check.ok for check in checks(write_config(text), shipped)] == [True]


def test_answers_from_before_the_model_are_named(write_config: Write, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    for name in ("en/are_you_a_bot", "intents"):
        (folder / name).mkdir(parents=True)
    answer = (
        "---\nslots: {}\nexamples:\n  - {given: {post: bot?}, expect: {max_words: 20}}\n---\n## variant: a\nA bit.\n"
    )
    (folder / "en/are_you_a_bot/answer.md").write_text(answer, encoding="utf-8")
    intent = (TEMPLATES / "intents/are_you_a_bot.yaml").read_text("utf-8")
    (folder / "intents/are_you_a_bot.yaml").write_text(intent, encoding="utf-8")
    found = checks(write_config(block()), Content(folder).load().library)
    assert [check.result for check in found if check.ok is False] == [
        "the answers to “are you a bot” do not tell of it (languages: en)"
    ]


async def test_online_it_is_asked_one_short_question_about_nobody(write_config: Write) -> None:
    async with FakeAssistant().running() as fake:
        here = settings.load(write_config(block(fake.endpoint)), {})
        assert [check.ok for check in await doctor.check_online(here)] == [True]
        assert len(fake.seen[0].words) < 1000
        fake.next(Turn(status=401))
        (refused,) = await doctor.check_online(here)
        assert refused.ok is False
        assert "401" in refused.result
        assert fake.problems == []
    (gone,) = await doctor.check_online(here)
    assert gone.ok is False
