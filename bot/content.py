"""The operators' files: read, handed to the pure loader, watched. The last good set stays in use."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import structlog
from watchfiles import awatch

from bot.errors import FaultyFiles
from bot.language import Langid
from bot.reader import NoReader, Reader, by_words
from responders import pipeline, voice
from responders.library.faults import Fault, LibraryFaults
from responders.library.load import load
from responders.library.model import Library
from responders.pipeline import Pipeline
from responders.understanding.trained import Reads

_ENDINGS = {".md", ".yaml", ".yml"}
_MOST = 1024 * 1024
_POLL_SECONDS = 1.0

log = structlog.get_logger(__name__)

Factory = Callable[[Any], Any]
"""A plug-in: `greenroom.responders` are called with the Library, `greenroom.checks` with its word lists."""


def read_texts(folder: Path) -> dict[str, str]:
    """All operators' files below a folder, by their path relative to it (with `/`). Raises FaultyFiles."""
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    if not folder.is_dir():
        message = "there is no such folder of templates; `greenroom init DIR` writes one to start from"
        raise FaultyFiles([Fault(file=folder.name, line=None, message=message)])
    for path in _files(folder, faults):
        name = path.relative_to(folder).as_posix()
        try:
            texts[name] = _read(path)
        except (OSError, ValueError) as error:
            message = f"cannot be read: {getattr(error, 'strerror', None) or error}"
            faults.append(Fault(file=f"{folder.name}/{name}", line=None, message=message))
    if faults:
        raise FaultyFiles(faults)
    return texts


def shipped_texts() -> dict[str, str]:
    """The word lists inside `responders`, by file name."""
    return {
        file.name: file.read_text(encoding="utf-8")
        for package in ("understanding", "voice")
        for file in resources.files("responders").joinpath(package, "data").iterdir()
        if file.name.endswith(".yaml")
    }


class Content:
    """The pipeline built from the operators' files, kept up with them."""

    def __init__(self, folder: Path, *, reader: Callable[[], Reader] | None = None, var: Path | None = None) -> None:
        """`folder`: the operators' `templates/`. Nothing is read yet.

        `reader` loads the trained model, or raises NoReader; without it posts are read by words alone. `var`: where
        what the model makes of the operators' examples is kept.
        """
        self._folder = folder
        self._load_reader = reader
        self._var = var
        self._reader: Reader | None = None
        self._languages: Langid | None = None
        self.no_reader: NoReader | None = None
        """Why posts are read by words alone; None also where nobody has asked for more."""
        self._made_of: Mapping[str, str] = {}
        self._pipeline: Pipeline | None = None
        self._plugins: tuple[tuple[Factory, ...], tuple[Factory, ...]] | None = None
        self.faults: tuple[Fault, ...] = ()
        """What is wrong in the last edit; while there is something, the set before it stays in use."""

    @property
    def pipeline(self) -> Pipeline:
        """The last good one. Loads it on first use."""
        return self._pipeline or self.load()

    def load(self) -> Pipeline:
        """Read everything anew; at the first time the model comes first, so that nothing is read without it. Raises
        FaultyFiles and leaves the last good set in use."""
        self._fetch_reader()
        texts = read_texts(self._folder)
        if self._pipeline is None or texts != self._made_of:
            self._pipeline, self._made_of = self._build(texts), texts
            _give_back()
        return self._pipeline

    async def watch(self) -> None:
        """Load again after each change, until cancelled. What is there serves meanwhile.

        The folder may vanish and come back.
        """
        if self.no_reader:
            log.warning("no_reader", why=str(self.no_reader))
        while True:
            try:
                await self._follow()
            except OSError:  # the folder is not there
                await self._reload()
                await asyncio.sleep(_POLL_SECONDS)

    async def _follow(self) -> None:
        here, fresh = _identity(self._folder), True
        changes_or_time = awatch(self._folder, rust_timeout=int(_POLL_SECONDS * 1000), yield_on_timeout=True)
        async for changes in changes_or_time:
            if changes or fresh:  # fresh: what changed before the watch began
                await self._reload()
                fresh = False
            if _identity(self._folder) != here:  # another folder has taken its place, which is not watched yet
                return

    async def _reload(self) -> None:
        before = self._pipeline
        try:
            await asyncio.to_thread(self.load)
        except FaultyFiles as error:
            if error.faults != self.faults:
                log.warning("templates_faulty", faults=[str(fault) for fault in error.faults])
            self.faults = error.faults
            return
        if self.faults or self._pipeline is not before:
            log.info("templates_loaded", files=len(self._made_of))
        self.faults = ()

    def _fetch_reader(self) -> None:
        if self._load_reader is None or self._languages:
            return
        self._languages = Langid()
        try:
            self._reader = self._load_reader()
        except NoReader as error:
            self.no_reader = error

    def _build(self, texts: Mapping[str, str]) -> Pipeline:
        library = _library(self._folder, texts)
        if self._plugins is None:
            self._plugins = (_plugins("greenroom.responders"), _plugins("greenroom.checks"))
        if self._reader is None:
            return _assemble(library, by_words(library.word_lists), self._languages, *self._plugins)
        model, examples = self._reader.model(self._var)
        built = _assemble(library, model, self._languages, *self._plugins)
        examples.close()
        return built


def _give_back() -> None:
    """Return to the system what a fit took and freed, where the C library can do that (glibc's malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def read_library(folder: Path) -> Library:
    """The operators' files, valid as a whole, without a pipeline around them. Raises FaultyFiles."""
    return _library(folder, read_texts(folder))


def _library(folder: Path, texts: Mapping[str, str]) -> Library:
    try:
        return load(texts, shipped_texts())
    except LibraryFaults as error:
        raise FaultyFiles([replace(fault, file=f"{folder.name}/{fault.file}") for fault in error.faults]) from None


def _assemble(
    library: Library,
    reads: Reads,
    languages: Langid | None,
    responders: Sequence[Factory],
    checks: Sequence[Factory],
) -> Pipeline:
    try:
        return pipeline.build(
            library,
            reads=reads,
            languages=languages,
            responders=[factory(library) for factory in responders] or None,
            checks=[*voice.default_checks(library.word_lists), *(factory(library.word_lists) for factory in checks)],
        )
    except Exception as error:
        names = ", ".join(getattr(f, "__qualname__", repr(f)) for f in (*responders, *checks))
        raise _broken(f"plug-ins ({names})", error) from error


def _plugins(group: str) -> tuple[Factory, ...]:
    found = []
    for point in sorted(metadata.entry_points(group=group), key=lambda p: p.name):
        try:
            found.append(point.load())
        except Exception as error:
            raise _broken(f"plug-in {point.name} ({point.value})", error) from error
    return tuple(found)


def _broken(name: str, error: Exception) -> FaultyFiles:
    message = f"cannot be loaded ({type(error).__name__}: {error}); mend it or uninstall the package it came with"
    return FaultyFiles([Fault(file=name, line=None, message=message)])


def _files(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Hidden files and the backups of editors are passed over; links to folders are followed once."""
    seen: set[str] = set()

    def unreadable(error: OSError) -> None:
        faults.append(Fault(file=Path(error.filename).name, line=None, message=f"cannot be read: {error.strerror}"))

    for here, folders, files in os.walk(folder, followlinks=True, onerror=unreadable):
        seen.add(os.path.realpath(here))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(here, name)) not in seen  # noqa: PTH118 - os.walk gives strings
        )
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix in _ENDINGS:
                yield Path(here, name)


def _read(path: Path) -> str:
    if not path.is_file():  # a pipe would never end, a link may lead nowhere
        raise ValueError("it is not a file, or a link that leads nowhere")
    with path.open("rb") as stream:
        raw = stream.read(_MOST + 1)
    if len(raw) > _MOST:
        raise ValueError("it is larger than 1 MiB; split it")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8 text; save the file as UTF-8") from None


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
