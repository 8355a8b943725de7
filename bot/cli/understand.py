"""`understand`: reads many posts, JSON lines in and JSON lines out. Nothing is stored."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.cli.common import Config, load_settings
from bot.cli.live import load_pipeline
from bot.domain import clean
from bot.errors import GreenroomError
from bot.settings import Settings
from bot.validation import wrong
from responders.library.model import Library
from responders.pipeline import Pipeline
from responders.types import Attachment, Author, Context, Post, Proposal

_LINE = 1024 * 1024
"""Most bytes of a line."""
_TEXT = 8000
"""Characters of a post that are read: as many as the API takes."""

In = Annotated[
    Path | None,
    typer.Option("--in", metavar="F", help="JSON lines: id, text, ...; else standard input.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="F", help="Where the answers go; else standard output.", show_default=False),
]


def _sayable(value: str | int) -> str | int:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("half a character") from None
    return value


class Line(BaseModel):
    """A line of input: a post in a channel of its own. Other keys are ignored; they may hold notes."""

    model_config = ConfigDict(strict=True, frozen=True)

    id: Annotated[str | int, AfterValidator(_sayable)]
    text: str
    attachments: int = Field(default=0, ge=0)
    """How many came with it."""
    reply_to_other: bool = False
    """It answers another fan."""
    author_is_staff: bool = False


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A line that is not a post: its number and its fault."""

    number: int
    why: str


def understand(source: In = None, target: Out = None, config: Config = None) -> None:
    """Read each post of a file, and say what would happen to it. Nothing is stored or sent.

    A line that is not a post is named on stderr and left out; the status is then 2.

    \b
    Example: greenroom understand --in posts.jsonl --out read.jsonl
    """
    settings = load_settings(config)
    with contextlib.ExitStack() as stack:
        incoming = stack.enter_context(_reading(source))
        outgoing = stack.enter_context(_writing(target))
        pipeline = load_pipeline(settings)
        advance = stack.enter_context(_progress(source, target))
        name = source.name if source else "standard input"
        bad = good = 0
        for one in judged(pipeline, settings, parsed(_lines(incoming, advance))):
            if isinstance(one, Bad):
                typer.echo(f"{name}, line {one.number}: {one.why}", err=True)
                bad += 1
            else:
                line, proposal = one
                answer = {"id": line.id, **as_dict(proposal, pipeline.library)}
                outgoing.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                good += 1
        outgoing.flush()
    if bad:
        typer.echo(f"{bad} of {bad + good} lines could not be read; the others were.", err=True)
        raise typer.Exit(2)


def judged(
    pipeline: Pipeline, settings: Settings, lines: Iterable[Line | Bad]
) -> Iterator[tuple[Line, Proposal] | Bad]:
    """The proposal for each line, in order. Bad lines pass through."""
    now = datetime.now(UTC)
    for line in lines:
        if isinstance(line, Bad):
            yield line
        else:
            yield line, pipeline.run(_post(line, now), _context(line, settings, now))


def as_dict(proposal: Proposal, library: Library) -> dict[str, Any]:
    """A reading for scripts: an output line without its id. Its shape is stable. `faq`: the answers' file names."""
    read = proposal.understanding
    answered = {template.key: template.id for template in library.templates if template.is_faq}
    details: dict[str, list[str]] = {}
    for detail in read.details:
        details.setdefault(detail.kind, []).append(detail.text)
    return {
        "action": proposal.outcome,
        "intent": read.intent,
        "confidence": round(read.confidence, 4),
        "intents": [[name, round(p, 4)] for name, p in read.intents],
        "sentiment": read.sentiment,
        "language": read.language,
        "risk": list(read.risk),
        "alarms": [{"gate": a.gate, "chance": a.chance, "part": a.part} for a in read.alarms],
        "situations": [[name, chance] for name, chance in read.situations],
        "mood": read.mood,
        "tells": sorted(read.tells),
        "second": read.second,
        "details": details,
        "faq": list(dict.fromkeys(answered[key] for key, _ in read.faq if key in answered)),
        "reason": proposal.reason.sentence,
    }


def parsed(lines: Iterable[bytes]) -> Iterator[Line | Bad]:
    """JSON lines as posts. Empty lines are skipped, but counted; numbers start at 1."""
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            try:
                yield Line.model_validate(_json(raw))
            except ValueError as error:  # pydantic's too
                yield Bad(number=number, why=_why(error))


def _json(raw: bytes) -> Any:
    if len(raw) > _LINE:
        raise ValueError("it is longer than 1 MiB; a post is up to 8,000 characters")
    try:
        return json.loads(raw.decode())
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text; save the file as UTF-8") from None
    except (ValueError, RecursionError):
        raise ValueError('it is not JSON; write one object a line, as {"id": "1", "text": "love it"}') from None


def _why(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"][:1])
    kinds = {"model_type": 'it is not an object; write {"id": "1", "text": "love it"}'}
    return kinds.get(first["type"]) or wrong(f"`{where}`", first)


def _post(line: Line, now: datetime) -> Post:
    return Post(
        platform="web",
        channel="understand",
        external_id=str(line.id),
        author=Author(id="fan", name="Fan", is_staff=line.author_is_staff),
        text=clean(line.text[:_TEXT]),
        at=now,
        reply_to="other" if line.reply_to_other else None,
        attachments=(Attachment(kind="image"),) * min(line.attachments, 10),
    )


def _context(line: Line, settings: Settings, now: datetime) -> Context:
    return Context(
        now=now,
        community=settings.community.name,
        locale=settings.community.locale,
        channel_name="general",
        replies_to="fan" if line.reply_to_other else "nobody",
    )


def _lines(stream: BinaryIO, advance: Progress | None) -> Iterator[bytes]:
    """Lines of any length; a huge one is cut. The byte order mark that some editors write is left out."""
    first = True
    while raw := stream.readline(_LINE + 1):
        length = len(raw)
        while length > _LINE and not raw.endswith(b"\n") and (more := stream.readline(_LINE)):
            raw, length = raw[:_LINE] + more[-1:], length + len(more)
        if advance:
            advance.advance(advance.task_ids[0], length)
        yield raw.removeprefix(b"\xef\xbb\xbf") if first else raw
        first = False


@contextlib.contextmanager
def _reading(source: Path | None) -> Iterator[BinaryIO]:
    if source is None:
        yield sys.stdin.buffer
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise GreenroomError(f"{source} cannot be read: {error.strerror}; name a file of JSON lines.") from None
    with stream:
        yield stream


@contextlib.contextmanager
def _writing(target: Path | None) -> Iterator[BinaryIO]:
    """A file appears whole or not at all. A pipe or a device is written to directly."""
    if target is None:
        yield sys.stdout.buffer
        return
    path = target.resolve()
    draft: Path | None = None
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            with path.open("wb") as stream:
                yield stream
            return
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        draft = Path(name)
        with os.fdopen(handle, "wb") as stream:
            yield stream
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o666 & ~umask)  # a temporary file is for its owner only
        draft.replace(path)
    except OSError as error:
        raise GreenroomError(f"{target} cannot be written: {error.strerror}; name another file.") from None
    finally:
        if draft:
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress(source: Path | None, target: Path | None) -> Iterator[Progress | None]:
    """A progress bar on a terminal, but not if the answers go to the same terminal."""
    if not sys.stderr.isatty() or (target is None and sys.stdout.isatty()):
        yield None
        return
    total = source.stat().st_size if source and source.is_file() else None
    columns = TextColumn("Reading posts"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task("posts", total=total)
        yield bar
