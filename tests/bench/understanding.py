"""Reading a post: what one costs, what a start and an edit cost, what it weighs.

Seconds are CPU time of the one thread that works and waits for nothing: neighbours on the machine do not count.
"""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure, figure
from bench.scenes import ROOT

from bot.content import Content
from bot.reader import NoReader, Reader, load_reader
from responders.pipeline import Pipeline
from tests.eval.posts import held_out
from tests.eval.reading import around
from training.corpus import Labelled

T = TypeVar("T")
ROUNDS, MANY = 3, 10_000
PACKAGES = ("numpy", "onnxruntime", "sentencepiece", "rapidfuzz", "py3langid")
"""What reading posts needs besides our own code."""
WEIGH = """\
import json
import sys
from pathlib import Path
from bench.understanding import by_words
from bot.content import Content
from bot.reader import load_reader
from tests.eval.posts import labelled
from tests.eval.reading import around

def weigh():
    status = Path("/proc/self/status").read_text()
    print(int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024)

pipeline = Content(Path("templates"), reader=load_reader if sys.argv[1] == "model" else by_words).load()
weigh()
for line in sys.stdin:
    pipeline.understand(*around(labelled("", json.loads(line))))
weigh()
"""


async def measure() -> list[Figure]:
    """All of it on one thread."""
    loads = [_seconds(load_reader) for _ in range(ROUNDS)]
    reader = loads[0][1]
    posts = held_out()
    first, refits, pipeline = _fits(lambda: reader)
    plain, refits_by_words, by_words_alone = _fits(by_words)
    idle, heavy = _weigh("model", posts)
    idle_by_words, heavy_by_words = _weigh("words", posts)
    return [
        *_costs("", pipeline, posts, english=(12, 20), others=(4, 6)),
        *_costs(" by words alone", by_words_alone, posts),
        *_of_it_the_model(reader, posts),
        figure("understanding: load the model, checks included", "s", [seconds for seconds, _ in loads]),
        figure("understanding: fit, every example new", "s", [first]),
        figure("understanding: fit again after an edit", "s", refits, at_most=1),
        figure("understanding: fit by words alone", "s", [plain]),
        figure("understanding: fit again by words alone", "s", refits_by_words),
        figure("understanding: memory of a process", "MiB", [idle], at_most=300),
        figure(f"understanding: memory after {MANY:,} posts", "MiB", [heavy], at_most=300),
        figure("understanding: memory by words alone", "MiB", [idle_by_words]),
        figure(f"understanding: memory by words, {MANY:,} posts", "MiB", [heavy_by_words]),
        figure("understanding: weights in the repository", "MB", [_weights()], at_most=40),
        figure("understanding: wheels of all it needs", "MB", [_wheels()], at_most=60),
        figure("understanding: installed", "MB", [sum(map(len, _files())) / 1e6]),
    ]


def by_words() -> Reader:
    """No model, so that `Content` reads by words alone, in languages that it tells apart."""
    raise NoReader("the benchmark asked for that")


def _fits(load: Callable[[], Reader]) -> tuple[float, list[float], Pipeline]:
    """Seconds of the first fit and of those after an edit, and the pipeline."""
    with tempfile.TemporaryDirectory() as name:
        folder, var = Path(name, "templates"), Path(name, "var")
        shutil.copytree(ROOT / "templates", folder)
        var.mkdir()
        content = Content(folder, reader=load, var=var)
        first, pipeline = _seconds(content.load)
        refits = []
        for n in range(ROUNDS):
            edited = folder / "intents/praise.yaml"
            text = edited.read_text(encoding="utf-8")
            edited.write_text(text.replace("  en:\n", f"  en:\n    - the lantern number {n} is lovely\n"), "utf-8")
            seconds, pipeline = _seconds(content.load)
            refits.append(seconds)
        return first, refits, pipeline


def _costs(
    how: str,
    pipeline: Pipeline,
    posts: Sequence[Labelled],
    *,
    english: tuple[float | None, float | None] = (None, None),
    others: tuple[float | None, float | None] = (None, None),
) -> Iterator[Figure]:
    """Each round reads posts that it has not read before."""
    kinds = (
        ("English", [post for post in posts if post.language == "en"], english),
        ("another language", [post for post in posts if post.language != "en"], others),
    )
    for name, own, (p50, p95) in kinds:
        rounds = [_each(pipeline, own[first::ROUNDS]) for first in range(ROUNDS)]
        found = [statistics.median(ms) for ms in rounds]
        yield figure(f"understanding: a post in {name}{how}, p50", "ms", found, at_most=p50)
        found = [statistics.quantiles(ms, n=20)[18] for ms in rounds]
        yield figure(f"understanding: a post in {name}{how}, p95", "ms", found, at_most=p95)


def _each(pipeline: Pipeline, posts: Sequence[Labelled]) -> list[float]:
    return [_seconds(partial(pipeline.understand, *around(post)))[0] * 1e3 for post in posts]


def _of_it_the_model(reader: Reader, posts: Sequence[Labelled]) -> Iterator[Figure]:
    ms = [_seconds(partial(reader.encoder.encode_once, post.read))[0] * 1e3 for post in posts]
    yield figure("understanding: the network on one text, p50", "ms", [statistics.median(ms)])


def _seconds(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.thread_time()
    result = work()
    return time.thread_time() - begun, result


def _weigh(how: str, posts: Sequence[Labelled]) -> tuple[float, float]:
    """Resident MiB of a process that has just fitted, and after many posts (proc(5))."""
    many = itertools.islice(itertools.cycle(posts), MANY)
    lines = "".join(f"{json.dumps(post.text)}\n" for post in many)
    command = (sys.executable, "-c", WEIGH, how)
    run = subprocess.run(command, cwd=ROOT, input=lines, check=True, stdout=subprocess.PIPE, text=True)
    idle, heavy = run.stdout.split()[-2:]
    return float(idle), float(heavy)


def _weights() -> float:
    return sum(path.stat().st_size for path in (ROOT / "bot/model").iterdir()) / 1e6


def _files() -> list[bytes]:
    """The content of the packages, compiled code of Python's own left out."""
    found = (file.locate() for name in PACKAGES for file in metadata.files(name) or () if file.suffix != ".pyc")
    return [Path(path).read_bytes() for path in found if Path(path).is_file()]


def _wheels() -> float:
    """Wheels are zip files: what the packages' files come to when deflated."""
    return sum(len(zlib.compress(content)) for content in _files()) / 1e6
