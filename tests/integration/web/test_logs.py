"""`greenroom run --log json`: each line is an object with time, level and event, and none has anything of a fan."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import shutil
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.logs import Form, ending
from bot.errors import NotDone
from responders.pipeline import build
from responders.types import Context, Post, Understanding
from tests.integration.conftest import House
from tests.integration.logs import MARK, json_log
from tests.integration.program import ROOT, Program
from tests.integration.web.conftest import PRAISE, TOKEN, Start
from tests.integration.web.trouble import take_tables_away
from tests.model import reader

WORDS = f"{PRAISE} {MARK}"


class Quotes:
    """A part of the pipeline that fails and quotes the post."""

    name = "quotes"

    def analyze(self, post: Post, _context: Context, _before: Understanding) -> Understanding:
        raise KeyError(post.text)

    def respond(self, post: Post, _context: Context, _read: Understanding) -> list[Any]:
        raise ValueError(f"{post.text} by {post.author.name}")


async def test_parts_that_fail_and_quote_the_post_are_told_without_it(house: House) -> None:
    house.pipeline = build(house.pipeline.library, reads=reader().model(None)[0], responders=[Quotes()])
    with json_log() as log:
        await house.post(WORDS, name=f"Robin {MARK}", channel=MARK)
        assert log.has("reader_part_failed", what="responder quotes failed: ValueError")


async def test_a_pipeline_that_fails_and_quotes_the_post_is_told_without_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(post: Post, _context: Context) -> Any:
        raise ValueError(post.text) from KeyError(post.author.name)

    monkeypatch.setattr(house.pipeline, "run", run)
    with json_log() as log:
        post_id = await house.post(WORDS, name=f"Robin {MARK}")
        (line,) = [line for line in log.lines if line["event"] == "pipeline_failed"]
        assert (line["post_id"], line["level"]) == (post_id, "error")
        assert [one["type"] for one in line["exception"]] == ["ValueError", "KeyError"]
        assert line["exception"][0]["at"][-1].startswith("integration/web/test_logs.py:")


async def test_requests_that_fail_are_told_without_what_they_brought(light: Start, tmp_path: Path) -> None:
    with json_log() as log:
        async with light() as greenroom:
            author = {"id": MARK, "name": f"Robin {MARK}"}
            draft = await greenroom.draft(WORDS, author=author, channel=MARK)
            greenroom.app.intake.card_for = None  # type: ignore[assignment, method-assign]
            answer = await greenroom.http.post(f"/api/posts/{draft['post']['post_id']}/card", params={"q": MARK})
            assert answer.status_code == 500
            assert log.has("a request failed", level="error")
            for body in (MARK, json.dumps({"text": MARK})):
                assert (await greenroom.http.post("/api/posts", content=body)).status_code in (400, 422)
            with pytest.raises(httpx.RemoteProtocolError):
                await _raw(greenroom.base, f"GET /{MARK}\0 nonsense\r\n\r\n")
            take_tables_away(tmp_path)
            body = {"channel": MARK, "author": author, "text": WORDS}
            assert (await greenroom.http.post("/api/posts", json=body)).status_code == 503
            assert log.has("the_database_failed", level="warning")


async def _raw(base: str, text: str) -> None:
    url = httpx.URL(base)
    received, sent = await asyncio.open_connection(url.host, url.port)
    sent.write(text.encode())
    answer = await received.read()
    sent.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise httpx.RemoteProtocolError(answer.decode(errors="replace"))


def test_what_python_and_libraries_write_is_a_line_without_values() -> None:
    with json_log() as log:
        logging.getLogger("library").warning("The word %s of %s was odd", MARK, MARK)
        logging.getLogger("library").error(f"Odd: {MARK}")
        logging.getLogger("library").info("not told %s", MARK)
        try:
            _fails()
        except ValueError:
            logging.getLogger("library").exception("It failed")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(MARK, UserWarning, stacklevel=1)
        thread = threading.Thread(target=_fails)
        thread.start()
        thread.join()
        _Unraisable().made()
        gc.collect()
    said = [(line["level"], line["event"], line.get("message", "")) for line in log.lines]
    assert said[:3] == [
        ("warning", "library", "The word %s of %s was odd"),
        ("error", "library", "Odd"),
        ("error", "library", "It failed"),
    ]
    assert log.lines[2]["exception"][0]["type"] == "ValueError"
    assert [event for _, event, _ in said[3:]] == ["python_warning", "thread_failed", "not_raised"]
    assert log.has("python_warning", category="UserWarning")


def _fails() -> None:
    raise ValueError(MARK)


class _Unraisable:
    def __del__(self) -> None:
        raise ValueError(MARK)

    def made(self) -> None:
        """Nothing: it is thrown away at once."""


async def test_a_task_whose_failure_nobody_takes_is_told_without_its_words() -> None:
    with json_log() as log:
        task = asyncio.create_task(_fail_later())
        await asyncio.wait({task})
        del task
        gc.collect()
        assert log.has("library", logger="asyncio", message="Task exception was never retrieved")


async def _fail_later() -> None:
    raise ValueError(MARK)


@pytest.mark.parametrize(
    ("error", "status", "event"),
    [(NotDone("It was refused."), 1, "stopped"), (RuntimeError(MARK), 1, "failed")],
    ids=["refused", "accident"],
)
def test_what_ends_the_program_is_one_line(error: Exception, status: int, event: str) -> None:
    with json_log() as log, pytest.raises(SystemExit) as left, ending(Form.JSON):
        raise error
    assert left.value.code == status
    (line,) = log.lines
    assert line["event"] == event
    assert line.get("why", "It was refused.") == "It was refused."


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.binary(), st.builds(object), st.floats(), st.none())))
def test_any_value_makes_one_line_that_parses(values: dict[str, Any]) -> None:
    given_ = {f"x{key}": value for key, value in values.items()}
    with json_log() as log:
        structlog.get_logger().info("odd", **given_)
        assert len(log.lines) == 1


@pytest.mark.whole
async def test_the_program_writes_nothing_but_lines_of_json(tmp_path: Path, write_config: Any) -> None:
    program = Program(tmp_path)
    config = write_config(
        "community: {name: Lantern Harbor}\nweb: {bind: '127.0.0.1:0'}\nmanagers: {m: {name: M}}\non_call: m\n"
        "platforms: {replay: {file: posts.jsonl, speed: 0}}\n"
    )
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    post = {"channel": MARK, "author": {"id": MARK, "name": MARK}, "text": WORDS, "at": "2026-03-01T12:00:00Z"}
    (tmp_path / "posts.jsonl").write_text(json.dumps(post) + f"\n{MARK} is no post\n", encoding="utf-8")
    with (tmp_path / "log").open("ab") as log:
        program.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--config", str(config), "--log", "json"),
            cwd=tmp_path,
            env={"PATH": "", "PYTHONPATH": str(ROOT), "GREENROOM_WEB_TOKEN": TOKEN},
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(60):
            while "replay_finished" not in program.log:
                await asyncio.sleep(0.05)
        assert await program.end(signal.SIGTERM) == 0
    finally:
        await program.end()
    lines = [json.loads(line) for line in program.log.splitlines()]
    assert {"running", "replay_line_skipped", "replay_finished", "stopping"} <= {line["event"] for line in lines}
    assert all({"time", "level"} <= line.keys() for line in lines)
    assert MARK not in program.log
    assert TOKEN not in program.log
