"""A chat platform is known by its entry point: config.yaml, the managers and doctor follow from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.chat.port import adapters
from bot.errors import FaultyFiles, GreenroomError
from bot.settings import load

Write = Callable[..., Path]
Install = Callable[..., None]
HARBOR = """\
community: {name: Harbor}
managers: {mara: {name: Mara, pigeon: mara.q, discord: 5}, tom: {name: Tom, pigeon: tom}}
on_call: mara
privacy: {policy: Ask us.}
platforms: {pigeon: {listen: [square], cards: loft}, discord: {listen: [general]}}
"""
LIGHT = """
import sys
from bot.adapters.chat.port import adapters

assert set(adapters()) == {"discord", "telegram"}, adapters()
print(*sorted({"discord", "telegram", "httpx", "aiohttp"} & sys.modules.keys()))
"""


def test_it_has_a_block_a_token_and_ids_of_managers(write_config: Write, install: Install) -> None:
    install()
    settings = load(write_config(HARBOR), {"PIGEON_TOKEN": "coo"})
    assert settings.switched_on == ("pigeon",)
    assert settings.manager_of("pigeon", "mara.q") == "mara"
    assert settings.manager_of("discord", "5") == "mara"
    assert settings.manager_of("pigeon", "5") is None
    assert settings.account_of("tom", "discord") is None
    assert [listen.channel for listen in settings.platforms.listened] == ["general", "square"]
    assert "coo" not in f"{settings!r}"
    assert [check.ok for check in adapters()["pigeon"].checks(settings)] == [True]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("managers: {m: {name: M, pigon: m}}", 2, "`pigeon`"),
        ("managers: {m: {name: M, pigeon: a}, t: {name: T, pigeon: a}}", 2, "the same pigeon id a"),
        ("managers: {m: {name: M}}\nplatforms: {pigeon: {listn: [a]}}", 3, "`listen`"),
        ("managers: {m: {name: M}}\nplatforms: {pigeon: {token: a}}", 3, "PIGEON_TOKEN"),
        ("managers: {m: {name: M}}\nplatforms: {pigeon: {enabled: true}}", None, "fans on Pigeon"),
        ("managers: {m: {name: M}}\nplatforms: {dove: {}}", 3, "discord, pigeon, replay, telegram"),
    ],
)
def test_faults_in_its_block_are_told_with_their_line(
    write_config: Write, install: Install, text: str, line: int | None, words: str
) -> None:
    install()
    with pytest.raises(FaultyFiles) as caught:
        load(write_config(f"community: {{name: Harbor}}\n{text}\non_call: m\n"), {})
    (fault,) = caught.value.faults
    assert words in fault.message
    assert line in (None, fault.line)


def test_without_its_package_its_keys_are_unknown(write_config: Write) -> None:
    with pytest.raises(FaultyFiles, match="unknown key `pigeon`"):
        load(write_config(HARBOR), {})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("dove = tests.contract.chat.nowhere:Dove", "the chat platform dove"),
        ("dove = tests.contract.chat.pigeon:PigeonAdapter", "calls itself pigeon"),
    ],
)
def test_a_package_that_is_broken_is_named(write_config: Write, install: Install, entry: str, words: str) -> None:
    install(entry)
    with pytest.raises(GreenroomError, match=words):
        load(write_config(), {})


def test_no_sdk_is_loaded_before_its_platform_is_switched_on() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.stdout) == ("", "\n")
