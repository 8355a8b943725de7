"""`greenroom queue` as a person uses it: real processes, against a Greenroom that runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot import app, settings
from tests.integration.conftest import NEAREST, UNSURE
from tests.integration.web.conftest import CONFIG, TOKEN, Greenroom

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
ESCAPES = "the new map is gorgeous \x1b[2J\x1b]0;yours\x07 \u202e love it"


@dataclass
class Terminal:
    """Runs `greenroom queue` in a process of its own."""

    config: Path
    environ: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: object) -> tuple[str, ...]:
        return (sys.executable, "-m", "bot", "queue", *map(str, arguments), "--config", str(self.config))

    @property
    def env(self) -> dict[str, str]:
        plain = {"NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "200", "GREENROOM_WEB_TOKEN": TOKEN}
        return {**os.environ, "PYTHONPATH": str(ROOT), **plain, **self.environ}

    async def run(self, *arguments: object) -> tuple[int | None, str, str]:
        """In a pipe, where nobody can be asked: status, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.env,
        )
        async with ended(process):
            out, err = await process.communicate()
        assert b"Traceback" not in out + err
        return process.returncode, out.decode(), err.decode()

    async def asked(self, answer: str, *arguments: object) -> tuple[int | None, str]:
        """In a terminal: the status and the screen. `answer` is typed once it asks."""
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=self.env
        )
        os.close(theirs)
        screen, typed = "", False
        async with ended(process):
            while piece := await _read(ours):
                screen += piece
                if not typed and "[y/N]" in screen:
                    typed = True
                    await self.types(answer, ours, process)
            status = await process.wait()
        os.close(ours)
        assert "Traceback" not in screen
        return status, screen.replace("\r\n", "\n")

    async def types(self, answer: str, screen: int, process: asyncio.subprocess.Process) -> None:
        """At the question; "^C" is the signal."""
        if answer == "^C":
            await interrupt(process)
        else:
            os.write(screen, answer.encode())


@contextlib.asynccontextmanager
async def ended(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """A process that is given a minute, and does not outlive its test."""
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        if process.returncode is None:
            process.kill()


async def interrupt(process: asyncio.subprocess.Process) -> None:
    """Ctrl-C, again if the first came in the moment between a question and the wait for its answer: Python reads on
    then, and a person presses once more."""
    while process.returncode is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5)


async def _read(screen: int) -> str:
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(screen, readable.set)
    try:
        await readable.wait()
        return os.read(screen, 4096).decode(errors="replace")
    except OSError:  # the other side is closed
        return ""
    finally:
        loop.remove_reader(screen)


@pytest.fixture
async def house(light: Callable[..., Any]) -> AsyncIterator[Greenroom]:
    async with light() as running:
        yield running


@pytest.fixture
def terminal(house: Greenroom, tmp_path: Path) -> Terminal:
    path = tmp_path / "terminal.yaml"
    told = CONFIG.format(undo_seconds=10, public_url="").replace("127.0.0.1:0", house.base.removeprefix("http://"))
    path.write_text(told, encoding="utf-8")
    return Terminal(path)


async def state(house: Greenroom, draft: dict[str, Any]) -> str:
    return str((await house.http.get(f"/api/drafts/{draft['draft_id']}")).json()["state"])


async def test_the_list_has_a_line_for_each_card_that_waits(house: Greenroom, terminal: Terminal) -> None:
    assert await terminal.run("list") == (0, "Nothing waits.\n", "")
    draft = await house.draft("the new map is gorgeous", channel="harbour")
    status, out, _ = await terminal.run("list")
    head, line = out.splitlines()
    assert (status, head.split()) == (0, ["id", "since", "where", "reads", "as", "says"])
    for words in (draft["draft_id"][:6], "0 min", "draft", "#harbour", "the new map is gorgeous"):
        assert words in line
    cards = json.loads((await terminal.run("list", "--json"))[1])
    assert [card["draft_id"] for card in cards] == [draft["draft_id"]]
    assert (await terminal.run("list", "--state", "approved"))[1] == "Nothing is approved.\n"


async def test_more_cards_than_asked_for_are_told(house: Greenroom, terminal: Terminal) -> None:
    for number in range(3):
        await house.draft(f"the new map {number} is gorgeous")
    out = (await terminal.run("list", "--limit", "2"))[1]
    assert len(out.splitlines()) == 4
    assert out.endswith("There are more; --limit shows them.\n")


async def test_a_card_is_shown_whole(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft("how do I save please")
    note = {"by": "tom", "text": "ask the keeper"}
    assert (await house.decide(draft, "fill", slots={"tip": "Touch the lamp."})).status_code == 200
    draft = (await house.http.get(f"/api/drafts/{draft['draft_id']}")).json()
    status, out, _ = await terminal.run("show", draft["draft_id"][:5])
    assert status == 0
    for words in ("revision 2", "how do I save please", "Why: ", draft["text"], "Robin in #", note["by"] and "waits"):
        assert words in out
    for number, other in enumerate(draft["alternatives"], start=1):
        assert f"{number}. [" in out
        assert other["text"] in out
    assert json.loads((await terminal.run("show", draft["draft_id"], "--json"))[1])["revision"] == 2


async def test_what_fans_write_cannot_touch_the_terminal(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft(ESCAPES)
    for arguments in (("list",), ("show", draft["draft_id"])):
        out = (await terminal.run(*arguments))[1]
        assert "the new map is gorgeous" in out
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)


@pytest.mark.parametrize(
    ("card_id", "words"),
    [("zzz", "is not a card's id"), ("0" * 16, "There is no card"), ("../hold", "is not a card's id"), ("", "is not")],
)
async def test_an_id_that_names_no_card(terminal: Terminal, card_id: str, words: str) -> None:
    status, out, err = await terminal.run("show", card_id)
    assert (status, out) == (2, "")
    assert words in err


async def test_an_id_that_names_two_cards(house: Greenroom, terminal: Terminal) -> None:
    for number in range(17):  # of 17 ids two begin with the same digit
        await house.draft(f"the new map {number} is gorgeous")
    ids = [card["draft_id"] for card in (await house.http.get("/api/drafts")).json()["items"]]
    first = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    status, _, err = await terminal.run("show", first)
    assert status == 2
    assert f"More than one card begins with {first}: " in err
    assert sum(one in err for one in ids) >= 2


async def test_a_yes_is_asked_for_with_the_whole_text_shown(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    status, screen = await terminal.asked("n\n", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (1, "waiting")
    assert "Nothing was sent." in screen
    above, _, below = screen.partition(f"This goes out [{draft['template']}/{draft['variant']}]:")
    assert draft["post"]["text"] in above
    assert draft["text"] in below.partition("Send it?")[0]
    status, screen = await terminal.asked("y\n", "decide", draft["draft_id"], "approve", "--as", "tom")
    assert (status, await state(house, draft)) == (0, "approved")
    assert "Tom approved it." in screen
    status, out, _ = await terminal.run("decide", draft["draft_id"], "undo")
    assert (status, await state(house, draft)) == (0, "waiting")
    assert "Mara Quint took it back" in out, "who is on call decides where nobody is named"


SIGNED = "the game crashes when I open the inventory"
"""A complaint, whose reply is signed by whoever says yes."""


async def sent_text(house: Greenroom, draft: dict[str, Any]) -> str:
    return str((await house.http.get(f"/api/posts/{draft['post']['post_id']}")).json()["reply"]["text"])


async def test_the_text_that_is_shown_is_the_text_that_is_sent(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft(SIGNED)
    status, screen = await terminal.asked("y\n", "decide", draft["draft_id"], "approve", "--as", "tom")
    sent = await sent_text(house, draft)
    assert (status, sent.endswith("Tom")) == (0, True)
    asked = screen.partition("This goes out")[2].partition(":\n")[2].partition("Send it?")[0]
    assert [line.strip() for line in asked.splitlines()] == [line.strip() for line in sent.splitlines()]
    for manager, name in (((), "Mara"), (("--as", "tom"), "Tom")):
        draft = await house.draft(SIGNED)
        shown = (await terminal.run("show", draft["draft_id"], *manager))[1]
        out = (await terminal.run("decide", draft["draft_id"], "approve", "--yes", "1", *manager))[1]
        sent = await sent_text(house, draft)
        assert sent.endswith(name)
        for line in sent.splitlines():
            assert line in shown
            assert line in out


async def test_other_wordings_are_shown_signed(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft(SIGNED)
    assert "[your name]" in draft["alternatives"][0]["text"], "on a card for all managers nobody has signed"
    out = (await terminal.run("show", draft["draft_id"], "--as", "tom"))[1]
    assert out.count("Tom\n") == 2
    out = (await terminal.run("decide", draft["draft_id"], "reword", "--as", "tom"))[1]
    assert out.count("Tom\n") == 2
    path = f"/api/drafts/{draft['draft_id']}"
    nobody = await house.http.get(path, params={"by": "mata"})
    assert (nobody.status_code, nobody.json()["error"]) == (403, "not_a_manager")


async def test_own_words_are_shown_as_they_are_sent(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    written = "  So good to re\u200bad this, Robin. Cafe\u0301!  "
    status, screen = await terminal.asked("y\n", "decide", draft["draft_id"], "edit", "--text", written)
    assert status == 0
    asked = screen.partition("This goes out")[2].partition(":\n")[2].partition("Send it?")[0]
    assert asked.strip() == await sent_text(house, draft) == "So good to read this, Robin. Caf\u00e9!"


async def test_who_is_asked_has_the_card_open_and_who_only_looks_has_not(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    address = f"/api/drafts/{draft['draft_id']}"
    await terminal.run("show", draft["draft_id"])
    await terminal.run("decide", draft["draft_id"], "approve")  # in a pipe nobody is asked
    assert (await house.http.get(address)).json()["opened_by"] is None
    status, screen = await terminal.asked("n\n", "decide", draft["draft_id"], "approve", "--as", "tom")
    assert status == 1, screen
    assert (await house.http.get(address)).json()["opened_by"] == "tom"


async def test_ctrl_c_at_the_question_sends_nothing(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    status, screen = await terminal.asked("^C", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (130, "waiting"), screen
    assert screen.endswith("Nothing was sent.\n")
    assert "Aborted" not in screen


async def test_the_end_of_the_input_and_a_slip_send_nothing(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    status, screen = await terminal.asked("\x04", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (1, "waiting"), screen
    assert screen.endswith("Nothing was sent.\n")
    status, screen = await terminal.asked("maybe\nno\n", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (1, "waiting"), screen
    assert "“maybe” is neither; write y for yes or n for no." in screen


async def test_a_revision_that_is_not_there_yet(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    status, _, err = await terminal.run("decide", draft["draft_id"], "approve", "--yes", "99")
    assert (status, err, await state(house, draft)) == (2, "The card is at revision 1.\n", "waiting")


async def test_of_ready_replies_one_is_picked(start: Callable[..., Any], tmp_path: Path, unused_tcp_port: int) -> None:
    told = CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{unused_tcp_port}")
    async with start(config=told, texts=NEAREST) as house:
        draft = await house.draft(UNSURE)
        ready = len(draft["alternatives"])
        assert (draft["text"], ready > 1) == (None, True)
        terminal = Terminal(tmp_path / "config.yaml")
        for more in ((), ("--yes", "1")):
            status, _, err = await terminal.run("decide", draft["draft_id"], "approve", *more)
            assert (status, err) == (2, f"Pick one: --alternative 1 to {ready}.\n")
        number, picked = next((n, a["text"]) for n, a in enumerate(draft["alternatives"], 1) if not a["missing_slots"])
        status, screen = await terminal.asked("y\n", "decide", draft["draft_id"], "approve", "--alternative", number)
        assert status == 0, screen
        assert await sent_text(house, draft) == picked


async def test_a_yes_without_a_question_names_the_revision_that_was_read(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    status, _, err = await terminal.run("decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (2, "waiting")
    assert "--yes 1" in err
    assert (await house.decide(draft, "reword", alternative=1)).status_code == 200
    status, _, err = await terminal.run("decide", draft["draft_id"], "approve", "--yes", "1")
    assert (status, await state(house, draft)) == (1, "waiting")
    assert err == "The text on this card has changed since; look at it again.\n"
    assert (await terminal.run("decide", draft["draft_id"], "approve", "--yes", "2"))[0] == 0
    status, _, err = await terminal.run("decide", draft["draft_id"], "approve", "--yes", "2")
    assert status == 1
    assert "You approved this at" in err


async def test_a_text_that_changes_while_one_reads_is_not_sent(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()

    class Changing(Terminal):
        async def types(self, answer: str, screen: int, process: asyncio.subprocess.Process) -> None:
            assert (await house.decide(draft, "reword", alternative=1, by="tom")).status_code == 200
            await super().types(answer, screen, process)

    status, screen = await Changing(terminal.config).asked("y\n", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (1, "waiting")
    assert "The text on this card has changed since" in screen


async def test_own_words_are_looked_at_before_they_are_asked_for(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft()
    arguments = ("decide", draft["draft_id"], "edit", "--text")
    status, screen = await terminal.asked("y\n", *arguments, "@everyone thank you")
    assert (status, await state(house, draft)) == (1, "waiting")
    assert "[y/N]" not in screen
    assert "Would ping a crowd" in screen
    status, screen = await terminal.asked("y\n", *arguments, "So good to read this, Robin.")
    assert (status, await state(house, draft)) == (0, "approved")
    assert "So good to read this, Robin." in screen


async def test_an_editor_opens_with_the_text(house: Greenroom, terminal: Terminal, tmp_path: Path) -> None:
    draft = await house.draft()
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys, pathlib\np = pathlib.Path(sys.argv[1])\np.write_text(p.read_text().strip() + ' Oh!')"
    )
    terminal.environ = {"EDITOR": f"{sys.executable} {editor}", "VISUAL": ""}
    status, _ = await terminal.asked("y\n", "decide", draft["draft_id"], "edit")
    assert status == 0
    sent = (await house.http.get(f"/api/drafts/{draft['draft_id']}")).json()
    assert sent["text"] == f"{draft['text']} Oh!"
    terminal.environ = {"EDITOR": "no-such-editor", "VISUAL": ""}
    status, screen = await terminal.asked("", "decide", draft["draft_id"], "edit")
    assert status == 2
    assert "no-such-editor" in screen


async def test_blanks_are_filled_first(house: Greenroom, terminal: Terminal) -> None:
    draft = await house.draft("how do I save please")
    status, screen = await terminal.asked("y\n", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (1, "waiting")
    assert "Still to fill: What helps here?" in screen
    assert f"greenroom queue decide {draft['draft_id'][:6]} fill --slot tip=..." in screen
    status, out, _ = await terminal.run("decide", draft["draft_id"], "fill", "--slot", "tip=Touch the lamp.")
    assert status == 0
    assert "Touch the lamp." in out
    status, _ = await terminal.asked("y\n", "decide", draft["draft_id"], "approve")
    assert (status, await state(house, draft)) == (0, "approved")


async def test_everything_else_that_can_be_decided(house: Greenroom, terminal: Terminal) -> None:
    cases = [
        (("reword", "--alternative", "1"), "waiting"),
        (("snooze", "--minutes", "5"), "snoozed"),
        (("skip", "--reason", "by phone"), "rejected"),
        (("handover", "--to", "tom"), "superseded"),
        (("relabel", "--intent", "offtopic"), "superseded"),
    ]
    for arguments, becomes in cases:
        draft = await house.draft()
        status, out, err = await terminal.run("decide", draft["draft_id"], *arguments)
        assert (status, err, await state(house, draft)) == (0, "", becomes), arguments
        assert out.startswith("Mara Quint ")
        if "handover" in arguments:
            post = (await house.http.get(f"/api/posts/{draft['post']['post_id']}")).json()
            assert f"It waits as a new card: {post['draft']['draft_id']}\n" in out
            assert post["draft"]["draft_id"] != draft["draft_id"]
    draft = await house.draft()
    found = json.loads((await terminal.run("decide", draft["draft_id"], "skip", "--json"))[1])
    assert found["state"] == "rejected"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("approve", "--as", "mata", "--yes", "1"), 2, "“mata” is not a manager (did you mean mara?)"),
        (("skip", "--minutes", "5"), 2, "--minutes belongs to snooze, not to skip."),
        (("fill",), 2, "Write --slot with fill"),
        (("fill", "--slot", "tip"), 2, "is not NAME=VALUE"),
        (("relabel",), 2, "Write --intent with relabel"),
        (("edit", "--yes", "1"), 2, "There is no terminal for an editor here"),
        (("dance",), 2, "dance"),
        (("approve", "--yes", "0"), 2, "--yes"),
        (("edit", "--text", "", "--yes", "1"), 1, "There is nothing to send"),
        (("snooze", "--minutes", "100000"), 1, "`minutes` must be at most 1440."),
        (("snooze", "--minutes", "soon"), 2, "Error: Invalid value for '--minutes': it must be a whole number."),
        (("snooze", "--minutes", "0"), 2, "Error: Invalid value for '--minutes': it must be at least 1."),
        (("apprve",), 2, "Error: Invalid value for 'DECISION': 'apprve' is not one of 'approve', 'edit', "),
        (("retract",), 2, "retract"),
    ],
)
async def test_bad_input_is_one_sentence(
    house: Greenroom, terminal: Terminal, arguments: tuple[str, ...], status: int, words: str
) -> None:
    draft = await house.draft()
    found, out, err = await terminal.run("decide", draft["draft_id"], *arguments)
    assert (found, out, await state(house, draft)) == (status, "", "waiting")
    assert words in err
    assert "Value error" not in err


async def test_a_wrong_token_and_an_open_port_are_told(terminal: Terminal, tmp_path: Path) -> None:
    terminal.environ = {"GREENROOM_WEB_TOKEN": "another-one"}
    status, _, err = await terminal.run("list")
    assert status == 1
    assert "has another token" in err
    (tmp_path / "open.yaml").write_text(CONFIG.format(undo_seconds=10, public_url=""), encoding="utf-8")
    status, _, err = await Terminal(tmp_path / "open.yaml").run("list")
    assert status == 2
    assert "leaves the port open" in err


@pytest.mark.parametrize("arguments", [("list",), ("show", "3f9c"), ("decide", "3f9c", "skip")])
async def test_without_a_server_it_is_one_sentence(
    tmp_path: Path, unused_tcp_port: int, arguments: tuple[str, ...]
) -> None:
    path = tmp_path / "config.yaml"
    told = CONFIG.format(undo_seconds=10, public_url="").replace("127.0.0.1:0", f"127.0.0.1:{unused_tcp_port}")
    path.write_text(told, encoding="utf-8")
    status, out, err = await Terminal(path).run(*arguments)
    assert (status, out) == (1, "")
    address = f"http://127.0.0.1:{unused_tcp_port}"
    assert err == f"Greenroom does not answer at {address}; start it with `greenroom run`.\n"


async def test_watch_waits_for_a_server_that_is_not_there_yet(tmp_path: Path, unused_tcp_port: int, light: Any) -> None:
    path, told = tmp_path / "elsewhere.yaml", CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{unused_tcp_port}")
    path.write_text(told.format(undo_seconds=10, public_url=""), encoding="utf-8")
    terminal = Terminal(path)
    process = await asyncio.create_subprocess_exec(
        *terminal.command("watch"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=terminal.env
    )
    seen = Watching(process)
    address = f"http://127.0.0.1:{unused_tcp_port}"
    line = await seen.until("does not answer", err=True)
    assert line == f"Greenroom does not answer at {address}; trying again. Ctrl-C ends this.\n"
    async with light(config=told) as house:
        await seen.until("Watching; Ctrl-C ends it. 0 wait now.", err=True)
        await house.draft()
        await seen.until("draft waiting")
        async with ended(process):
            await interrupt(process)
    assert process.returncode == 0


@pytest.mark.parametrize("body", [b"hello", b"[1]", b'{"ok": true}'])
@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found", b"500 Oh"])
async def test_something_else_on_the_port_is_told(tmp_path: Path, status: bytes, body: bytes) -> None:
    async def page(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = tmp_path / "other.yaml"
    path.write_text(CONFIG.format(undo_seconds=10, public_url="").replace("127.0.0.1:0", f"127.0.0.1:{port}"), "utf-8")
    async with server:
        found, _, err = await Terminal(path).run("list")
    assert found == 1
    assert "is not Greenroom" in err


async def test_a_lost_answer_is_not_called_a_no(house: Greenroom, tmp_path: Path) -> None:
    """Between the two stands somebody who lets requests through, and no answer to a decision."""
    draft = await house.draft()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", int(house.base.rpartition(":")[2]))
        request = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", request, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        back.write(
            re.sub(rb"(?i)host: [^\r]+", house.base.removeprefix("http://").encode().join([b"host: ", b""]), request)
        )
        back.write(body)
        answer = await there.readuntil(b"\r\n\r\n")
        if not request.startswith(b"POST"):
            size = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
            assert size
            # Without this header the decision may be asked on a connection that is just being closed.
            once = answer.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
            writer.write(once + await there.readexactly(int(size[1])))
            await writer.drain()
        back.close()
        writer.close()

    server = await asyncio.start_server(between, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = tmp_path / "between.yaml"
    path.write_text(CONFIG.format(undo_seconds=10, public_url="").replace("127.0.0.1:0", f"127.0.0.1:{port}"), "utf-8")
    async with server:
        status, _, err = await Terminal(path).run("decide", draft["draft_id"], "skip")
    assert status == 1
    await house.until(f"/api/drafts/{draft['draft_id']}", lambda card: card["state"] == "rejected")
    assert err.startswith("The answer was lost, so this may be done or not")


class Watching:
    """`greenroom queue watch`, whose lines are read as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def until(self, words: str, *, err: bool = False) -> str:
        stream = self.process.stderr if err else self.process.stdout
        assert stream
        async with asyncio.timeout(60):
            while line := (await stream.readline()).decode():
                if words in line:
                    return line
        raise AssertionError(words)


@pytest.fixture
async def watching(terminal: Terminal) -> AsyncIterator[Callable[..., Any]]:
    begun: list[asyncio.subprocess.Process] = []

    async def begin(*arguments: str) -> Watching:
        process = await asyncio.create_subprocess_exec(
            *terminal.command("watch", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=terminal.env,
        )
        begun.append(process)
        found = Watching(process)
        await found.until("Watching", err=True)
        return found

    yield begin
    for process in begun:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_what_happens_is_shown_as_it_happens(house: Greenroom, watching: Callable[..., Any]) -> None:
    seen, machine = await watching(), await watching("--json")
    draft = await house.draft(ESCAPES, channel="harbour")
    line = await seen.until("draft waiting")
    assert draft["draft_id"][:6] in line
    assert "#harbour" in line
    assert "the new map is gorgeous" in line
    assert "\x1b" not in line
    fact = json.loads(await machine.until("draft_waiting"))
    assert (fact["event"], fact["draft_id"]) == ("draft_waiting", draft["draft_id"])
    await house.decide(draft, "reject")
    assert draft["draft_id"][:6] in await seen.until("draft skipped by Mara Quint")
    for one in (seen, machine):
        async with ended(one.process):
            await interrupt(one.process)
            _, err = await one.process.communicate()
        assert (one.process.returncode, b"Traceback" in err) == (0, False)


async def test_a_server_that_is_lost_is_waited_for(tmp_path: Path, unused_tcp_port: int, light: Any) -> None:
    told = CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{unused_tcp_port}")
    async with light(config=told) as first:
        terminal = Terminal(tmp_path / "config.yaml")
        process = await asyncio.create_subprocess_exec(
            *terminal.command("watch"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=terminal.env
        )
        seen = Watching(process)
        await seen.until("0 wait now.", err=True)
        draft = await first.draft()
        await seen.until("draft waiting")
    await seen.until("does not answer any more", err=True)
    async with app.build(
        settings.load(tmp_path / "config.yaml", {"GREENROOM_WEB_TOKEN": TOKEN}), environ={"GREENROOM_WEB_TOKEN": TOKEN}
    ):
        await seen.until("Greenroom is back. 1 waits now.", err=True)
        out, _, _ = await terminal.run("decide", draft["draft_id"], "skip")
        assert out == 0
        await seen.until("draft skipped")
        async with ended(process):
            await interrupt(process)
    assert process.returncode == 0
