from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import understand
from bot.cli.understand import Bad, Line, parsed
from bot.errors import GreenroomError
from responders.pipeline import Pipeline, build
from responders.types import Context, Post, Proposal
from tests.fakes.reader import FakeReads, Says
from tests.model import shipped

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
Run = Callable[..., tuple[int, str, str]]
KEYS = [
    *("id", "action", "intent", "confidence", "intents", "sentiment", "language", "risk", "alarms", "situations"),
    *("mood", "tells", "second", "details", "faq", "reason"),
]
READ = {
    "alive": "crisis",
    "console": "question",
    "save?": "question",
    "thank": "thanks",
    "cosplay": Says(
        intents={"ugc_shared": 0.97},
        situations=(("shows_cosplay", "ugc_shared", 0.9),),
        mood="proud",
        tells={"picture": 0.9, "name": 0.2},
    ),
    "boat": "praise",
    "love": "praise",
    "crashes": "complaint",
    "night": "greeting",
    "lol": "crosstalk",
}
"""Words of the posts below, and what is read there."""
GOOD = b'{"id": "1", "text": "love the boat level"}\n'


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The shipped templates, with a reader that is sure of the posts below. The test with a real pipe uses the
    model."""
    return build(shipped().library, reads=FakeReads(READ))


@pytest.fixture(autouse=True)
def loaded(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(understand, "load_pipeline", lambda settings: pipeline)


@pytest.fixture
def asked(greenroom: Run, tmp_path: Path) -> Callable[..., tuple[int, list[dict[str, Any]], str]]:
    """Runs the command on these bytes; returns the status, the answers and stderr."""

    def ask(content: bytes) -> tuple[int, list[dict[str, Any]], str]:
        (tmp_path / "in.jsonl").write_bytes(content)
        status, _, err = greenroom("understand", "--in", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
        return status, [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()], err

    return ask


def test_each_line_is_answered_in_its_turn(asked: Callable[..., Any]) -> None:
    posts = [
        {"id": "a", "text": "is there a console version?"},
        {"id": 7, "text": "i don't want to be alive anymore"},
        {"id": "c", "text": "lol yes", "reply_to_other": True},
        {"id": "d", "text": "thank you so much!", "author_is_staff": True},
        {"id": "e", "text": "", "attachments": 2},
        {"id": "f", "text": "finished my lantern cosplay \U0001f98b", "note": "not for us"},
    ]
    status, answers, err = asked("\n".join(map(json.dumps, posts)).encode())
    assert (status, [answer["id"] for answer in answers]) == (0, ["a", 7, "c", "d", "e", "f"]), err
    assert all(list(answer) == KEYS for answer in answers)
    assert [answer["action"] for answer in answers] == ["draft", "handoff", "silent", "silent", "silent", "draft"]
    assert answers[0]["faq"][0] == "console"
    assert answers[1]["risk"][0] == "crisis"
    assert answers[5]["situations"][0] == ["shows_cosplay", pytest.approx(0.9, abs=0.05)]
    assert (answers[5]["mood"], answers[5]["tells"], answers[5]["second"]) == ("proud", ["picture"], None)
    assert "my lantern cosplay" in " ".join(text for texts in answers[5]["details"].values() for text in texts)
    assert all(0 <= answer["confidence"] <= 1 and answer["reason"] for answer in answers)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"id": "1"}', "`text` is missing"),
        (b'{"text": "hi"}', "`id` is missing"),
        (b'{"id": "1", "text": 5}', "`text` must be text"),
        (b'{"id": "1", "text": null}', "`text`"),
        (b'{"id": 1.5, "text": "hi"}', "`id`"),
        (b'{"id": true, "text": "hi"}', "`id`"),
        (b'{"id": "1", "text": "hi", "attachments": -1}', "`attachments`"),
        (b'{"id": "1", "text": "hi", "attachments": "2"}', "`attachments`"),
        (b'{"id": "1", "text": "hi", "author_is_staff": "no"}', "`author_is_staff`"),
        (b"[1, 2]", "not an object"),
        (b'"text"', "not an object"),
        (b"id,text", "not JSON"),
        (b'{"id": "1", "text": "hi"', "not JSON"),
        (b'{"id": "1", "text": "hi"}{"id": "2", "text": "hi"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"id": 1' + b"0" * 5000 + b', "text": "hi"}', "not JSON"),
        (b'{"id": "1", "text": "caf\xe9"}', "not UTF-8"),
        ('{"id": "1", "text": "hi"}'.encode("utf-16"), "not UTF-8"),
        (b'{"id": "\\ud800", "text": "hi"}', "`id`"),
        (b'{"id": "1", "text": "' + b"a" * 2_000_000 + b'"}', "longer than 1 MiB"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_rest_goes_on(
    asked: Callable[..., Any], line: bytes, why: str
) -> None:
    status, answers, err = asked(GOOD + line.replace(b"\n", b" ") + b"\n" + GOOD)
    assert status == 2
    assert [answer["id"] for answer in answers] == ["1", "1"]
    first, *_, last = err.splitlines()
    assert first.startswith("in.jsonl, line 2: ")
    assert why in first
    assert len(first) < 250
    assert last == "1 of 3 lines could not be read; the others were."


@pytest.mark.parametrize(
    "content",
    [
        GOOD * 2,
        GOOD + GOOD.rstrip(),
        GOOD.replace(b"\n", b"\r\n") * 2,
        b"\xef\xbb\xbf" + GOOD * 2,
        b"\n\r\n" + GOOD + b"  \n\n" + GOOD + b"\n",
    ],
    ids=["plain", "no last newline", "CRLF", "byte order mark", "empty lines"],
)
def test_files_of_other_editors_are_read(asked: Callable[..., Any], content: bytes) -> None:
    status, answers, err = asked(content)
    assert (status, len(answers)) == (0, 2), err


def test_a_long_post_is_read_by_its_beginning(asked: Callable[..., Any]) -> None:
    status, answers, _ = asked(json.dumps({"id": 1, "text": "I love the boat. " * 40_000}).encode())
    assert (status, answers[0]["id"]) == (0, 1)


def test_nothing_in_is_nothing_out(asked: Callable[..., Any]) -> None:
    assert asked(b"")[:2] == (0, [])


def test_a_batch_gives_what_its_posts_give_alone(asked: Callable[..., Any]) -> None:
    texts = ["love it", "how do i save?", "it crashes on start", "good night all"] * 70
    _, together, _ = asked("\n".join(json.dumps({"id": i, "text": t}) for i, t in enumerate(texts)).encode())
    assert [answer["id"] for answer in together] == [*range(len(texts))]
    _, alone, _ = asked(json.dumps({"id": 0, "text": texts[0]}).encode())
    assert alone[0]["intent"] == together[0]["intent"] == together[-4]["intent"]
    assert alone[0]["confidence"] == pytest.approx(together[-4]["confidence"], abs=0.01)


def test_a_pipe_goes_in_and_out(write_config: Callable[..., Path], templates: Path) -> None:
    command = [sys.executable, "-m", "bot", "understand", "--config", write_config()]
    done = subprocess.run(command, input=GOOD + b"nope\n" + GOOD, capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert [list(json.loads(line)) for line in done.stdout.splitlines()] == [KEYS] * 2
    assert b"standard input, line 2: it is not JSON" in done.stderr
    assert b"\x1b" not in done.stderr  # no bar


def test_files_that_cannot_be_read_or_written_are_told(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(GOOD)
    for source, target, why in (
        (tmp_path / "none", tmp_path / "out", "none cannot be read"),
        (tmp_path, tmp_path / "out", "cannot be read"),
        (tmp_path / "in", tmp_path / "no" / "out", "out cannot be written"),
        (tmp_path / "in", tmp_path, "cannot be written"),
    ):
        status, _, err = greenroom("understand", "--in", source, "--out", target)
        assert (status, len(err.splitlines())) == (2, 1), err
        assert why in err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_answers_may_take_the_place_of_their_posts(greenroom: Run, tmp_path: Path) -> None:
    file = tmp_path / "both"
    file.write_bytes(GOOD * 3)
    assert greenroom("understand", "--in", file, "--out", file)[0] == 0
    assert [list(json.loads(line)) for line in file.read_text("utf-8").splitlines()] == [KEYS] * 3


def test_a_device_is_not_replaced_by_a_file(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(GOOD)
    os.mkfifo(tmp_path / "pipe")
    heard: list[bytes] = []
    ear = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_bytes()))
    ear.start()
    assert greenroom("understand", "--in", tmp_path / "in", "--out", tmp_path / "pipe")[0] == 0
    ear.join()
    assert json.loads(heard[0])["id"] == "1"
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("cause", [KeyboardInterrupt, MemoryError, GreenroomError])
def test_when_it_is_interrupted_the_old_file_stays(
    greenroom: Run,
    pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cause: type[BaseException],
) -> None:
    (tmp_path / "in").write_bytes(GOOD * 600)
    (tmp_path / "out").write_text("as it was")

    seen: list[Post] = []

    class Interrupted(Pipeline):
        def run(self, post: Post, context: Context) -> Proposal:
            seen.append(post)
            if len(seen) > 300:
                raise cause
            return super().run(post, context)

    interrupted = copy.copy(pipeline)
    interrupted.__class__ = Interrupted
    monkeypatch.setattr(understand, "load_pipeline", lambda settings: interrupted)
    status, _, _ = greenroom("understand", "--in", tmp_path / "in", "--out", tmp_path / "out")
    assert status != 0
    assert (tmp_path / "out").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


@given(
    st.lists(st.binary(max_size=60) | st.text(max_size=30).map(lambda t: json.dumps({"id": "1", "text": t}).encode()))
)
def test_any_bytes_are_a_post_or_are_told(lines: list[bytes]) -> None:
    found = list(parsed(lines))
    assert len(found) == sum(bool(line.strip()) for line in lines)
    assert all(isinstance(one, Line) or (isinstance(one, Bad) and one.why and "\n" not in one.why) for one in found)
    numbers = [one.number for one in found if isinstance(one, Bad)]
    assert numbers == sorted(set(numbers))
