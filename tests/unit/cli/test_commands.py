from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot import app
from bot.cli import commands
from bot.content import Content
from bot.errors import StoreError
from bot.kept import FILE
from bot.queue import retention
from bot.reader import load_reader
from bot.settings import load
from bot.store import Store
from bot.store.engine import driver_url, open_engine
from responders.types import GATES
from tests.processes import started

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[3]


def _paths(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name in group.list_commands(None) if hasattr(group, "list_commands") else ():
        yield from _paths(group.get_command(None, name), (*path, name))


HELPS = list(_paths(get_command(commands)))
"""The words of each command and group of commands."""


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("arguments", [["try", "love it"], ["templates", "check"], ["doctor"]], ids=lambda it: it[0])
def test_what_takes_its_time_says_what_it_does(
    greenroom: Run, write_config: Write, templates: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    path, screen = write_config(), Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", screen)
    assert greenroom(*arguments, "--config", path)[0] == 0
    assert re.search(r"(Reading|Looking at) the templates", screen.getvalue())


def test_init_writes_a_folder_that_works(greenroom: Run, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "ours"
    status, out, err = greenroom("init", folder, "--community", 'Knit "&" Natter: #1')
    assert (status, err) == (0, "")
    assert f"--config {folder / 'config.yaml'}" in out
    assert load(folder / "config.yaml", {}).community.name == 'Knit "&" Natter: #1'
    assert (folder / "templates" / "facts.yaml").is_file()
    assert [path.name for path in folder.parent.iterdir()] == ["ours"]


def test_what_init_says_to_write_can_be_pasted(greenroom: Run, tmp_path: Path) -> None:
    folder = tmp_path / "ne w" / "it's ü"
    _, out, _ = greenroom("init", folder)
    command = shlex.split(out.partition("Start it with: ")[2])
    assert command == ["greenroom", "run", "--config", str(folder / "config.yaml")]


def test_init_fills_the_empty_folder_one_stands_in(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert greenroom("init", ".")[0] == 0
    assert {path.name for path in Path().iterdir()} == {"config.yaml", "templates"}
    assert load(Path("config.yaml"), {}).community.name == "Our community"


def test_init_twice_is_refused_and_changes_nothing(greenroom: Run, tmp_path: Path) -> None:
    greenroom("init", tmp_path / "ours")
    (tmp_path / "ours" / "config.yaml").write_text("mine")
    status, out, err = greenroom("init", tmp_path / "ours")
    assert (status, out) == (2, "")
    assert "is not empty" in err
    assert (tmp_path / "ours" / "config.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81, "\udcff"])
def test_init_refuses_a_name_that_is_none(greenroom: Run, tmp_path: Path, name: str) -> None:
    status, _, err = greenroom("init", tmp_path / "ours", "--community", name)
    assert status == 2
    assert "one line of 1 to 80 characters" in err
    assert not (tmp_path / "ours").exists()


def test_init_where_nothing_can_be_written(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "file", tmp_path / "file" / "ours", Path("/proc/ours")):
        status, _, err = greenroom("init", target)
        assert status == 2
        assert len(err.splitlines()) == 1
        assert str(target) in err


def test_try_as_json_has_the_documented_shape(greenroom: Run, write_config: Write, templates: Path) -> None:
    path = write_config()
    status, out, err = greenroom("try", "love it", "--json", "--config", path)
    assert (status, err) == (0, "")
    said = json.loads(out)
    assert list(said) == [
        *("id", "action", "intent", "confidence", "intents", "sentiment", "language", "risk", "alarms", "situations"),
        *("mood", "tells", "second", "details", "faq", "reason", "reply", "alternatives", "trace"),
    ]
    assert (said["action"], said["intent"], said["language"]) == ("draft", "praise", "en")
    assert set(said["reply"]) == {"text", "template", "variant", "checks"}
    assert said["reply"]["template"] == "en/praise/plain"
    assert all(set(check) == {"id", "level", "note"} for check in said["reply"]["checks"])
    assert len(said["alternatives"]) == 2
    assert {"praise", "offtopic"} <= {name for name, _ in said["intents"]} <= {"praise", "offtopic", *GATES}
    assert all(set(step) == {"stage", "note"} for step in said["trace"])
    assert sorted(path.parent.iterdir()) == [path, templates]  # nothing is stored


@pytest.mark.parametrize(
    "text", ["", "my train is late, fog again on the way to work", "{{7*7}} @everyone", "\udcff\x00", "x" * 9000]
)
def test_try_takes_any_text(greenroom: Run, write_config: Write, templates: Path, text: str) -> None:
    said = json.loads(greenroom("try", "--json", "--config", write_config(), "--", text)[1])
    assert said["action"] in {"draft", "handoff", "silent"}
    assert said["reason"]
    assert (said["reply"] is None) == (said["action"] != "draft")


def test_try_in_words_says_what_was_read_and_what_becomes_of_it(
    greenroom: Run, write_config: Write, templates: Path
) -> None:
    config = write_config()
    status, out, _ = greenroom("try", "this soundtrack is so good", "--config", config)
    assert status == 0
    first, second, empty, text, *others = out.splitlines()
    assert first.startswith("Reads as praise (")
    assert (second, empty) == ("A reply is drafted; a manager decides.", "")
    wordings = {line for line in (templates / "en/praise/plain.md").read_text().splitlines() if line.endswith("?")}
    assert {text, *(line.removeprefix("or: ") for line in others)} == wordings
    traced = greenroom("try", "this soundtrack is so good", "--trace", "--config", config)[1]
    assert traced.startswith(out)
    assert "selection" in traced.removeprefix(out)
    silent = greenroom("try", "what is for dinner", "--config", config)[1].splitlines()
    assert silent[1].startswith("Stays unanswered. ")
    danger = greenroom("try", "i want to kill myself", "--config", config)[1].splitlines()
    assert danger[0].startswith("Raises an alarm: somebody in danger")
    assert danger[1].startswith("Goes to a person. Sounds like somebody in danger")
    assert len(danger) == 2


def test_faulty_templates_are_told_with_file_and_line(greenroom: Run, write_config: Write, templates: Path) -> None:
    with (templates / "en/praise/plain.md").open("a") as file:
        file.write("## variant: bad\n{{ nobody }}\n")
    status, out, err = greenroom("try", "love it", "--config", write_config())
    assert (status, out) == (2, "")
    assert err.startswith("templates/en/praise/plain.md:")


@pytest.mark.parametrize(
    "arguments", [["run"], ["try", "hello"], ["link", "manager"], ["db", "upgrade"]], ids=lambda value: value[0]
)
def test_every_command_tells_all_faults_of_a_config(greenroom: Run, write_config: Write, arguments: list[str]) -> None:
    path = write_config("comunity: 1\nmanagers: {a: {name: A}}\non_call: b\n")
    status, out, err = greenroom(*arguments, "--config", path)
    assert (status, out) == (2, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == [str(path), f"{path}:1", f"{path}:3"]


def test_the_config_may_come_from_the_environment(
    greenroom: Run, write_config: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENROOM_CONFIG", str(write_config()))
    status, out, _ = greenroom("link", "manager")
    assert status == 0
    assert out.startswith("http://127.0.0.1:")


def test_a_link_is_for_managers_only(greenroom: Run, write_config: Write) -> None:
    status, out, err = greenroom("link", "nobody", "--config", write_config())
    assert (status, out) == (2, "")
    assert "nobody" in err
    assert "manager" in err


def test_db_upgrade_makes_the_tables(greenroom: Run, write_config: Write) -> None:
    path = write_config()
    for _ in range(2):
        assert greenroom("db", "upgrade", "--config", path)[0] == 0
    with sqlite3.connect(path.parent / "var" / "greenroom.db") as database:
        assert database.execute("select count(*) from posts").fetchone() == (0,)
    database.close()


def test_doctor_finds_everything_in_order(greenroom: Run, write_config: Write, templates: Path) -> None:
    status, out, err = greenroom("doctor", "--config", write_config())
    assert (status, err) == (0, "")
    assert "1 template, 2 intents" in out
    assert "FAULT" not in out
    assert "encrypted disk" in out


def test_doctor_says_what_to_do_about_a_database_of_another_version(
    greenroom: Run, write_config: Write, templates: Path
) -> None:
    path = write_config()
    assert greenroom("db", "upgrade", "--config", path)[0] == 0
    with sqlite3.connect(path.parent / "var" / "greenroom.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    status, out, _ = greenroom("doctor", "--config", path)
    assert status == 1
    assert re.search(r"FAULT +database +its schema is 0001, this Greenroom needs \d+\n +-> make a backup, then", out)
    with sqlite3.connect(path.parent / "var" / "greenroom.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999', oldest_code = '9999'")
    database.close()
    status, out, _ = greenroom("doctor", "--config", path)
    assert status == 1
    assert "a newer Greenroom has written this database" in out
    assert "db upgrade" not in out


def test_doctor_lists_each_fault_with_its_place(greenroom: Run, write_config: Write, templates: Path) -> None:
    (templates / "facts.yaml").write_text("a: [\n")
    text = "community: {name: H}\nmanagers: {a: {name: A}}\non_call: a\nplatforms: {replay: {file: gone.jsonl}}\n"
    text += "privacy: {policy: Ask us.}\n"
    path = write_config(text.replace("platforms: {", "platforms: {discord: {enabled: true}, "))
    database = path.parent / "var" / "greenroom.db"
    database.parent.mkdir()
    database.write_bytes(b"this is no database" * 1000)
    status, out, _ = greenroom("doctor", "--config", path)
    assert status == 1
    faults = [line.split()[1] for line in out.splitlines() if line.startswith("FAULT")]
    assert list(dict.fromkeys(faults)) == ["templates", "database", "discord", "replay"]
    assert "templates/facts.yaml:" in out
    assert "gone.jsonl is not there" in out
    assert "discord" in out


def test_doctor_says_what_a_start_does_while_the_files_have_faults(
    greenroom: Run, write_config: Write, templates: Path
) -> None:
    path = write_config()
    file = templates / "facts.yaml"
    Content(templates, var=path.parent / "var").start()
    file.write_text("a: [\n")
    status, out, _ = greenroom("doctor", "--config", path)
    assert status == 1
    assert re.search(r"note +templates +a start uses the set that was in use before, kept on \d{4}-\d\d-\d\d at ", out)
    (path.parent / "var" / FILE).unlink()
    _, out, _ = greenroom("doctor", "--config", path)
    assert re.search(r"note +templates +no earlier set is kept: a start stops with these faults\n", out)


def test_without_the_model_doctor_and_try_say_so(
    greenroom: Run, write_config: Write, templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("live", "doctor"):
        monkeypatch.setattr(f"bot.cli.{command}.load_reader", lambda: load_reader(tmp_path))
    status, out, _ = greenroom("doctor", "--config", write_config())
    assert status == 1
    assert re.search(r"FAULT +reader +Posts are read by word patterns alone, less well, because model\.json .*\n", out)
    assert "-> install Greenroom again" in out
    status, out, err = greenroom("try", "love it", "--json", "--config", write_config())
    assert (status, json.loads(out)["intent"]) == (0, "praise")
    assert err.startswith("Posts are read by word patterns alone")


def test_doctor_knows_the_registers(greenroom: Run, write_config: Write, templates: Path) -> None:
    text = "community: {name: H}\nmanagers: {a: {name: A}}\non_call: a\n"
    text += "platforms: {telegram: {listen: [{channel: 5, register: shouty}, {channel: 6, register: warm}]}}\n"
    (templates / "voice.yaml").write_text("registers: {default: Plain., warm: Warmer.}\n")
    status, out, _ = greenroom("doctor", "--config", write_config(text))
    assert status == 1
    assert "`shouty` of a channel is not defined" in out
    assert "write one of: default, warm;" in out
    assert out.count("FAULT") == 1


def test_doctor_shows_the_faults_of_the_config(greenroom: Run, write_config: Write) -> None:
    path = write_config("on_call: b\n")
    status, out, _ = greenroom("doctor", "--config", path)
    assert status == 1
    assert [line.split()[1] for line in out.splitlines()] == ["config", "config"]


def test_doctor_as_json_has_the_documented_shape(greenroom: Run, write_config: Write, templates: Path) -> None:
    path = write_config()
    status, out, err = greenroom("doctor", "--json", "--config", path)
    assert (status, err) == (0, "")
    assert all(set(check) == {"name", "ok", "result", "fix"} for check in json.loads(out))
    assert {check["ok"] for check in json.loads(out)} == {True, None}
    (templates / "facts.yaml").write_text("a: [\n")
    status, out, _ = greenroom("doctor", "--json", "--config", path)
    assert (status, [check["name"] for check in json.loads(out) if check["ok"] is False]) == (1, ["templates"])


@pytest.mark.parametrize(
    ("accounts", "platforms", "rings"),
    [
        ("", "", False),
        ("discord: 111111111111111111", "", False),
        ("discord: 111111111111111111", "telegram: {enabled: true}", False),
        ("discord: 111111111111111111", "discord: {enabled: true}", True),
    ],
)
def test_doctor_says_when_nothing_rings_for_who_is_on_call(
    greenroom: Run, write_config: Write, templates: Path, accounts: str, platforms: str, rings: bool
) -> None:
    person = f"managers: {{mara: {{name: Mara, {accounts}}}, tom: {{name: Tom, telegram: 222222}}}}\non_call: mara\n"
    more = f"privacy: {{policy: Ask us.}}\nplatforms: {{{platforms}}}\n"
    path = write_config(f"community: {{name: Lantern Harbor}}\nweb: {{bind: 127.0.0.1:0}}\n{person}{more}")
    told = [one for one in json.loads(greenroom("doctor", "--json", "--config", path)[1]) if one["name"] == "on_call"]
    assert [one["ok"] for one in told] == ([] if rings else [None])
    assert all("Mara" in one["result"] and "managers: mara" in one["fix"] for one in told)


@pytest.mark.parametrize(("name", "signs"), [("Manager", False), ("THEIR NAME", False), ("Mara Quint", True)])
def test_doctor_says_whose_name_is_missing(
    greenroom: Run, write_config: Write, templates: Path, name: str, signs: bool
) -> None:
    people = f"managers: {{mara: {{name: {name}}}, tom: {{name: Tom}}}}\non_call: mara\n"
    path = write_config(f"community: {{name: Lantern Harbor}}\nweb: {{bind: 127.0.0.1:0}}\n{people}")
    told = [one for one in json.loads(greenroom("doctor", "--json", "--config", path)[1]) if one["name"] == "managers"]
    assert [one["ok"] for one in told] == ([] if signs else [None])
    assert all(name in one["result"] and "managers: mara" in one["fix"] for one in told)


def test_a_command_that_is_not_there_is_told_with_the_nearest(greenroom: Run) -> None:
    assert "There is no command lnik (did you mean link?)." in greenroom("lnik")[2]
    assert "There is no command chekc (did you mean check?)." in greenroom("templates", "chekc")[2]


def test_try_without_a_post_says_what_to_write(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n \n"))
    status, out, err = greenroom("try")
    assert (status, out) == (2, "")
    assert "Write what a fan might post" in err


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    greenroom: Run, write_config: Write, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environ}.items():
        monkeypatch.setenv(name, value)
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    greenroom("doctor", "--config", write_config("on_call: b\n"))
    said = screen.getvalue()
    assert "FAULT" in said
    assert ("\x1b[31m" in said) is coloured
    assert coloured or "\x1b" not in said


def test_doctor_online_says_that_nobody_answers(greenroom: Run, write_config: Write, templates: Path) -> None:
    text = "community: {name: H}\nmanagers: {a: {name: A}}\non_call: a\nweb: {public_url: 'http://127.0.0.1:9'}\n"
    status, out, _ = greenroom("doctor", "--online", "--config", write_config(text))
    assert status == 1
    assert "http://127.0.0.1:9 does not answer" in out


def test_a_fault_of_our_own_is_one_sentence(
    greenroom: Run, write_config: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("bot.cli.database.migrate.upgrade", broken)
    status, out, err = greenroom("db", "upgrade", "--config", write_config())
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    (log,) = tmp_path.glob("greenroom-*.log")
    assert str(log) in err
    assert "Traceback" in log.read_text()


@pytest.mark.whole
def test_run_prints_one_link_on_a_terminal(write_config: Write, templates: Path) -> None:
    ours, terminal = pty.openpty()
    command = [sys.executable, "-m", "bot", "run", "--config", str(write_config())]
    with started(command, cwd=ROOT, stdout=terminal, stderr=subprocess.PIPE) as server:
        os.close(terminal)
        with os.fdopen(ours, encoding="utf-8") as screen:
            said = [screen.readline() for _ in range(3)]
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)
    assert server.returncode == 0
    assert sum("/signin?token=" in line for line in said) == 1


@pytest.mark.whole
def test_run_writes_no_link_into_a_log_and_stops_when_told(write_config: Write, templates: Path) -> None:
    environ = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "bot", "run", "--config", str(write_config())]
    with started(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(2)]
        server.send_signal(signal.SIGINT)
        rest, err = server.communicate(timeout=60)
    assert server.returncode == 0
    assert "`greenroom link manager` prints a link to sign in" in said[1]
    assert "token=" not in "".join((*said, rest, err))
    assert rest == ""
    assert "Traceback" not in err
    assert "\x1b" not in err
    var = write_config().parent / "var"
    assert {path.stat().st_mode & 0o077 for path in (var, *var.rglob("*"))} == {0}, "and for nobody else's eyes"


def test_a_clock_that_is_in_doubt_is_told_by_doctor_and_confirmed_by_a_command(
    greenroom: Run, write_config: Write, templates: Path
) -> None:
    path = write_config()
    settings, now = load(path, {}), datetime.now(UTC)

    async def doubt() -> None:
        store = await Store.open(settings.store)
        await store.write(lambda c: retention.stop(c, retention.in_words(now, now), now))
        await store.close()

    asyncio.run(doubt())
    _, told, _ = greenroom("doctor", "--config", path)
    assert "note   clock" in told
    assert "`greenroom clock`" in told
    assert greenroom("clock", "--config", path)[0] == 0
    assert retention.confirmed(settings.var, datetime.now(UTC))


def test_a_role_that_is_not_there_is_told_with_those_that_are(
    greenroom: Run, write_config: Write, templates: Path
) -> None:
    status, out, err = greenroom("run", "--only", "desk,dance", "--config", write_config())
    assert (status, out) == (2, "")
    assert "“dance”" in err
    assert "desk, outbox, probes, web" in err
    assert "Traceback" not in err


async def test_a_process_with_one_role_does_only_that(write_config: Write, templates: Path) -> None:
    settings = load(write_config(), {})
    async with app.build(settings, only=["desk"], environ={}) as desk:
        assert desk.web.port == 0, "nothing listens"
        running = {task.get_name() for task in asyncio.all_tasks()}
        assert {"intake", "rounds", "templates"} <= running
        assert not {"outbox", "web", "web server"} & running


def test_postgresql_without_its_driver_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"greenroom\[postgres\]"):
        open_engine(driver_url("postgresql://someone@localhost/greenroom"))


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_the_help_names_values_in_words(
    greenroom: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = greenroom(*words, "--help")
    assert status == 0
    assert not re.search(r"[{[][a-z]|\.\.\.\S*\.\.\.", out.splitlines()[0]), "what to write is in capitals"
    assert not re.search(r"<(?:str|int|path|list|%)", out), "no types of Python"
    assert not re.search(r"\w\.\.\.$", out, re.MULTILINE), "no sentence is cut"
    assert all(len(line) <= 80 for line in out.splitlines())
