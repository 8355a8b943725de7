from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import FaultyFiles
from bot.settings import load

Write = Callable[..., Path]
BASE = "community: {name: Harbor}\nmanagers: {mara: {name: Mara}}\non_call: mara\n"
HERE = "endpoint: http://127.0.0.1:11434/v1"
BLOCK = f"{HERE}, model: small, processor: a model on our own server"


def faults(path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(FaultyFiles) as caught:
        load(path, environ or {})
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "assistant: null\n"])
def test_there_is_none_unless_a_server_is_named(write_config: Write, text: str) -> None:
    assert load(write_config(BASE + text), {}).assistant is None


def test_the_smallest_block_has_all_defaults(write_config: Write) -> None:
    section = load(write_config(f"{BASE}assistant: {{{BLOCK}}}\n"), {}).assistant
    assert section
    assert (section.kind, section.timeout, section.per_day) == ("openai", timedelta(seconds=8), 500)
    assert section.uses == ("reading", "wording")
    assert (section.host, section.is_here) == ("127.0.0.1", True)


def test_the_key_comes_from_the_environment_and_is_never_shown(write_config: Write) -> None:
    path = write_config(f"{BASE}assistant: {{{BLOCK}, key_env: MODEL_KEY}}\n")
    settings = load(path, {"MODEL_KEY": "very secret"})
    assert settings.assistant_key
    assert settings.assistant_key.get_secret_value() == "very secret"
    assert "very secret" not in repr(settings)
    assert load(path, {}).assistant_key is None


def test_one_of_several_communities_names_the_variable_that_is_really_set(write_config: Write) -> None:
    block = f"assistant: {{{BLOCK}, key_env: MODEL_KEY}}\n"
    path = write_config(BASE.replace("{name: Harbor}", "{name: Harbor, key: lamp}") + block)
    found = load(path, {"LAMP__MODEL_KEY": "very secret"})
    assert found.assistant
    assert found.assistant_key
    assert (found.assistant.key_env, found.assistant_key.get_secret_value()) == ("LAMP__MODEL_KEY", "very secret")


@pytest.mark.parametrize("written", ["key_env: sk-abc123", "key_env: very secret", "api_key: sk-abc123"])
def test_a_key_in_the_file_is_refused_and_not_repeated(write_config: Write, written: str) -> None:
    said = faults(write_config(f"{BASE}assistant: {{{BLOCK}, {written}}}\n"))
    assert "key_env" in said
    assert "abc123" not in said
    assert "very secret" not in said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"{HERE}, model: small", "`processor` is missing"),
        (f'{HERE}, model: small, processor: " "', "`processor` is missing"),
        (f"{BLOCK}, uses: []", "`uses` must name"),
        (f"{BLOCK}, uses: [thinking]", "must be reading or wording"),
        (f"{BLOCK}, per_day: 0", "`per_day` must be at least 1"),
        (f"{BLOCK}, timeout: 5m", "`timeout` is 2m at most"),
        (f"{BLOCK}, kind: oracle", "`kind: oracle` is no assistant that is installed; write one of: openai"),
        (f"{BLOCK}, modl: x", "did you mean `model`?"),
    ],
)
def test_each_fault_is_one_sentence_with_its_line(write_config: Write, written: str, said: str) -> None:
    path = write_config(f"{BASE}assistant: {{{written}}}\n")
    assert faults(path).startswith(f"{path}:4: ")
    assert said in faults(path)


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.org/v1",
        "http://8.8.8.8/v1",
        "http://169.254.169.254/latest",
        "http://[2001:4860:4860::8888]/v1",
        "https://user:pass@example.org/v1",
        "https://example.org/v1?key=1",
        "https://example.org/v1#x",
        "https://exa mple.org",
        "https://example.org\\\\@127.0.0.1/v1",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1:11434",
        "https://",
        "http://127.0.0.1:99999/v1",
        "http://localhost.example.org/v1",
        "http://127.0.0.1.example.org/v1",
    ],
)
def test_an_address_that_is_none_or_would_show_fans_words_on_the_way_is_refused(
    write_config: Write, address: str
) -> None:
    said = faults(write_config(f'{BASE}assistant: {{endpoint: "{address}", model: small, processor: us}}\n'))
    assert "`endpoint`" in said


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://localhost:8080/v1/", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.7:8000/v1", False),
        ("http://ollama:11434/v1", False),
        ("http://models.lan/v1", False),
        ("https://api.example.org/v1", False),
    ],
)
def test_an_address_at_home_needs_no_https_and_only_this_machine_is_here(
    write_config: Write, address: str, here: bool
) -> None:
    section = load(
        write_config(f'{BASE}assistant: {{endpoint: "{address}", model: small, processor: us}}\n'), {}
    ).assistant
    assert section
    assert not section.endpoint.endswith("/")
    assert section.is_here is here
