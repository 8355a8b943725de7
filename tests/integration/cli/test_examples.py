"""The examples in the help of each command, run as processes in a folder made for them.

The examples are those of the help: whoever adds a command writes one, and this runs it.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.cli import rows
from tests.integration.program import ROOT
from tests.processes import begin_as_before, free_port, interrupt, started
from tests.unit.cli.test_help import TREE, examples
from tests.unit.exports.builders import discord, line, said

pytestmark = pytest.mark.whole

GREENROOM = str(Path(sys.executable).with_name("greenroom"))
TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "GREENROOM_WEB_TOKEN": TOKEN, "NO_COLOR": "1"}
CARD, PATCH = "3f9c2a", "3f81c0"
"""The ids in the examples. A card of the server takes the place of the first; the second is nobody's."""
STATUS = {
    "greenroom db copy postgresql://greenroom@localhost/greenroom": (2, "no connection"),  # no server is there
    "greenroom db restored": (2, "for a SQLite file"),
    "greenroom doctor --communities /srv/greenroom": (2, "There is no community in /srv/greenroom"),
    "greenroom run --communities /srv/greenroom": (2, "There is no community in /srv/greenroom"),
    f"greenroom queue decide {CARD} approve": (2, "Nobody can be asked here"),
    f"greenroom templates patches take {PATCH} --edit": (1, f"No patch {PATCH} waits"),
    f"greenroom templates patches drop {PATCH}": (1, f"No patch {PATCH} waits"),
}
"""Examples that say no here, and with which words."""
ENDLESS = {
    "greenroom run": "Greenroom is running",
    "greenroom run --log json": "Greenroom is running",
    "greenroom queue watch": "Ctrl-C ends it",
}
"""Examples that go on until Ctrl-C, and by which words one knows that they run."""


ALL = [(" ".join(path), one) for path, command in TREE.items() for one in examples(command)]


def run(words: list[str], folder: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """`greenroom` in a folder, where nobody sits at a terminal."""
    return subprocess.run(
        [GREENROOM, *words],
        cwd=folder,
        env=ENV,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        **more,
    )


def make(folder: Path, port: int) -> Path:
    """A folder with everything that the examples name."""
    assert run(["init", str(folder), "--community", "Lantern Harbor"], folder.parent).returncode == 0
    config = folder / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("127.0.0.1:8765", f"127.0.0.1:{port}"), encoding="utf-8")
    posts = [
        said(number, words) for number, words in enumerate(("the new map is gorgeous", "my save is gone"), start=1)
    ]
    (folder / "general.json").write_text(json.dumps(discord(*posts)), encoding="utf-8")
    (folder / "posts.jsonl").write_text(json.dumps(line(1)) + "\n", encoding="utf-8")
    modules = "name,keywords,content,active\nFind the door,,<p>It is the green one.</p>,true\n"
    (folder / "text_modules.csv").write_text(modules, encoding="utf-8")
    wording = {"language": "en", "intent": "thanks", "name": "ours", "variant": "plain", "text": "You are welcome."}
    example = "examples:\n  - {given: {post: thank you}, expect: {max_words: 20}}"
    (folder / "wordings.csv").write_bytes(rows.written([{**wording, "more": example}]))
    shutil.copytree(folder / "templates", folder / "new", ignore=shutil.ignore_patterns("en", "de", "fr", "es", "pt"))
    begin_as_before(folder / "var")
    assert run(["db", "upgrade"], folder).returncode == 0
    assert run(["db", "backup", "saved.db"], folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("examples") / "home", free_port())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder in which Greenroom runs, and the id of a card that waits."""
    port = free_port()
    folder = make(tmp_path_factory.mktemp("served") / "home", port)
    with started(
        [GREENROOM, "run"],
        cwd=folder,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout
        assert "Greenroom is running" in server.stdout.readline()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            body = {"channel": "general", "author": {"id": "fan", "name": "Robin"}, "text": "the new map is gorgeous"}
            post = client.post("/api/posts", json=body).json()["post_id"]
            while not (judged := client.get(f"/api/posts/{post}").json())["action"]:
                pass
        yield folder, judged["draft"]["draft_id"]
        interrupt(server)


@pytest.mark.parametrize(("command", "example"), ALL, ids=[example for _, example in ALL])
def test_an_example_does_what_it_says(command: str, example: str, request: pytest.FixtureRequest) -> None:
    folder, card = (
        request.getfixturevalue("served")
        if command.startswith(("queue", "ready"))
        else (
            request.getfixturevalue("home"),
            CARD,
        )
    )
    words = shlex.split(example.replace(CARD, card[: len(CARD)]))[1:]
    if example in ENDLESS:
        _until_ctrl_c(words, folder, ENDLESS[example])
        return
    done = run(words, folder)
    status, said_ = STATUS.get(example, (0, ""))
    assert done.returncode == status, done.stdout + done.stderr
    assert said_ in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr, "no colours and no progress in a pipe"


def _until_ctrl_c(words: list[str], folder: Path, runs: str) -> None:
    with started(
        [GREENROOM, *words],
        cwd=folder,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        while runs not in (line := process.stdout.readline()):
            assert line, "it ended"
        rest = interrupt(process)
    assert process.returncode == 0
    assert "Traceback" not in rest
