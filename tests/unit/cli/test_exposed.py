"""`doctor` tells how the console could be entered by somebody else, and a start warns of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run

Write = Callable[..., Path]
BASE = "community: {name: H}\nmanagers: {a: {name: A}}\non_call: a\n"
GOOD = "kX3vQ9-this-is-long-enough"
LAN = "web: {bind: '0.0.0.0:8765', public_url: 'http://desk.example.org'}\n"
PROXY = "web: {public_url: 'https://desk.example.org'}\n"


@pytest.mark.parametrize(
    ("web", "token", "faults"),
    [
        (LAN, "x", ["GREENROOM_WEB_TOKEN can be guessed: anybody", "unencrypted"]),
        (LAN, GOOD, ["unencrypted"]),
        (LAN.replace("http:", "https:"), "x", ["GREENROOM_WEB_TOKEN can be guessed: anybody"]),
        (LAN.replace("http:", "https:"), "a" * 40, ["GREENROOM_WEB_TOKEN can be guessed"]),
        (LAN.replace("http:", "https:"), GOOD, []),
        (LAN.replace("desk.example.org", "127.0.0.1:8765"), GOOD, []),  # a container's port, shown on loopback alone
        (PROXY, "abc", ["GREENROOM_WEB_TOKEN can be guessed: anybody"]),
        (PROXY.replace("https", "http"), GOOD, ["unencrypted"]),
        (PROXY, None, []),
        ("", "abc", ["GREENROOM_WEB_TOKEN can be guessed: any program on this machine"]),
        ("", GOOD, []),
        ("", None, []),
    ],
)
def test_what_doctor_says_of_the_console(
    greenroom: Run,
    write_config: Write,
    templates: Path,
    monkeypatch: pytest.MonkeyPatch,
    web: str,
    token: str | None,
    faults: list[str],
) -> None:
    if token:
        monkeypatch.setenv("GREENROOM_WEB_TOKEN", token)
    status, out, _ = greenroom("doctor", "--config", write_config(BASE + web))
    told = [line for line in out.splitlines() if line.startswith("FAULT")]
    assert (status, len(told)) == (1 if faults else 0, len(faults)), out
    assert all(part in line for part, line in zip(faults, told, strict=True)), out
    assert token is None or token not in out or len(token) < 4
