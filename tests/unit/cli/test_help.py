"""The help of each command, and what is said of a slip."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot.cli import commands
from tests.unit.cli.conftest import Run


def tree(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group of commands, with the words that name it."""
    yield path, group
    for name in group.list_commands(None) if hasattr(group, "list_commands") else ():
        yield from tree(group.get_command(None, name), (*path, name))


TREE = dict(tree(get_command(commands)))
LEAVES = {path: command for path, command in TREE.items() if not hasattr(command, "list_commands")}


def examples(command: Any) -> list[str]:
    """The lines after "Example: " in its help."""
    written = (one.strip() for one in (command.help or "").splitlines())
    return [one.removeprefix("Example: ") for one in written if one.startswith("Example: ")]


@pytest.mark.parametrize("path", TREE, ids=lambda path: " ".join(path) or "greenroom")
def test_the_help_of_a_command(
    path: tuple[str, ...], greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__package__", None)  # else a program is called by that of the tests
    monkeypatch.chdir(tmp_path)
    status, out, err = greenroom(*path, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: greenroom {' '.join(path)}".rstrip())
    assert list(tmp_path.iterdir()) == []
    for example in examples(TREE[path]):
        assert f"  Example: {example}\n" in out, "an example stands on one line, to be copied"


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_each_command_has_an_example_of_itself(path: tuple[str, ...]) -> None:
    found = examples(LEAVES[path])
    assert found
    assert all(one.startswith(f"greenroom {' '.join(path)}") for one in found)


@pytest.mark.parametrize("words", [["dance"], ["queue", "dance"], ["report", "--weeks", "none"], ["try", "--nonsense"]])
def test_a_slip_is_bad_input(words: list[str], greenroom: Run) -> None:
    status, out, err = greenroom(*words)
    assert (status, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err
