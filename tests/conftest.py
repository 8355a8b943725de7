"""What tests of all kinds share."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
import yaml
from hypothesis import settings

CONFIG = """\
community: {name: Lantern Harbor}
web: {bind: 127.0.0.1:0}
managers:
  manager: {name: Manager}
on_call: manager
"""

# httpcore looks for it on the whole path at each request, and nothing of ours needs it.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type] # None is how one says that there is no such module

# Nothing that tests speak with has a certificate, and to read all of the world's authorities takes a client 20 ms.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "data/nobody.pem")

# Tables of examples are read by the parser in C: the same values, in a tenth of the time. The product names its own.
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]

# As the program does before numpy is imported: threads for matrices as small as ours cost more than they give.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Where there is room in memory, the folders of tests are there: a test has some thirty commits, and each waits for the
# disk. Nothing here can tell: a commit outlives a process that is killed, and only a machine that stops would lose it.
_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# A shell lets what it starts in the background ignore Ctrl-C, and so would the programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no hurry", deadline=None)  # a slow machine makes no test fail
settings.load_profile("no hurry")

RARE = ("kill", "whole", "month", "deploy")
"""Marks that few files have. Where one of them is asked for, the other files are not imported, which takes a minute."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """True for a file that cannot have a test with the mark that `-m` begins with."""
    wanted = config.getoption("markexpr").partition(" ")[0]
    if wanted not in RARE or not collection_path.match("test_*.py"):
        return None
    return f"mark.{wanted}" not in collection_path.read_text("utf-8") or None


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through it again and again, and may come less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a config.yaml into a folder of its own; without a text, the smallest that works, on a free port."""

    def write(text: str = CONFIG) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A small set of operators' files that is in order, beside the config.yaml of `write_config`."""
    folder = tmp_path / "templates"
    for name, text in TEMPLATES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


TEMPLATES = {
    "intents/praise.yaml": """\
meaning: Somebody likes something.
action: draft
priority: 10
examples:
  en: [the fog in the last level is lovely, this soundtrack is so good, the new map is gorgeous, love the harbor,
    best game this year, what a beautiful lighthouse, the art is stunning, love it]
""",
    "intents/offtopic.yaml": """\
meaning: Nothing that concerns us.
action: silent
examples:
  en: [fog again on the way to work, what is for dinner, bring the blue shirt, did anyone watch the match,
    my train is late,
    it rains again here, who has a charger, the bus was full]
""",
    "en/praise/plain.md": """\
---
slots: {}
examples:
  - {given: {post: "love it"}, expect: {max_words: 20}}
---
## variant: which
Which part of it stays with you most?
## variant: where
Where were you when it clicked?
## variant: what
What would you show a friend first?
""",
}


@pytest.fixture(autouse=True)
def _logging_as_found() -> Iterator[None]:
    """A command run in this process sends the log to a captured stream, which is closed when its test ends."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers = root.handlers[:]
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
