"""Reads, loads and watches the operators' files. The last good set stays in use."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import os
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from importlib import metadata, resources
from pathlib import Path
from threading import Lock
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
import structlog

import bot
from bot import private
from bot.errors import FaultyFiles
from bot.hops import hop
from bot.kept import keep, kept
from bot.language import Langid
from bot.plugins import plugins
from bot.reader import NoReader, Reader, by_words
from bot.watching import Watcher
from responders import pipeline, voice
from responders.library.examples import NOON, run
from responders.library.faults import Fault, LibraryFaults
from responders.library.lint import lacking_facts
from responders.library.load import load
from responders.library.model import Library
from responders.library.placing import PEOPLE, is_text
from responders.pipeline import Pipeline
from responders.ports import Floats
from responders.understanding.normalise import encodable
from responders.understanding.trained import Reads, unit

_ENDINGS = {".md", ".yaml", ".yml"}
_MAX_BYTES = 1024 * 1024
_SHARED = ("facts.yaml", "voice.yaml")
"""Files that every template depends on."""
STARTER: Final = Path(bot.__file__).parent / "starter"
"""What comes with the installed package to start from."""

log = structlog.get_logger(__name__)

Factory = Callable[[Any], Any]
"""A plug-in: `greenroom.responders` get the Library, `greenroom.checks` get its word lists."""


def read_texts(folder: Path) -> dict[str, str]:
    """All operators' files below a folder, by relative path (with `/`). Raises FaultyFiles."""
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises if the folder above may not be entered
        message = "there is no such folder of templates; `greenroom init DIR` writes one to start from"
        raise FaultyFiles([Fault(file=folder.name, line=None, message=message)])
    for path in _files(folder, faults):
        try:
            # Of a file with another ending only the name matters: it may be misspelt.
            texts[path.relative_to(folder).as_posix()] = _read(path) if path.suffix in _ENDINGS else ""
        except (OSError, ValueError) as error:
            faults.append(_unusable(folder, path, f"cannot be read: {getattr(error, 'strerror', None) or error}"))
    if faults:
        raise FaultyFiles(faults)
    return texts


def shipped_texts() -> dict[str, str]:
    """The word lists of `responders`, by file name."""
    return {
        file.name: file.read_text(encoding="utf-8")
        for package in ("assistant", "understanding", "voice")
        for file in resources.files("responders").joinpath(package, "data").iterdir()
        if file.name.endswith(".yaml")
    }


def source() -> Path:
    """The folder of the files to start from: in the installed package, or else at the top of the source tree."""
    return STARTER if (STARTER / "templates").is_dir() else STARTER.parents[1]


def shipped_notices() -> dict[str, str]:
    """The notices that come with Greenroom, by path below templates/. They stand in for those that a folder lacks."""
    folder = source() / "templates"
    files = folder.glob(f"*/{PEOPLE}/*.md")
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


class _Set:
    """A good set of files, and its pipeline."""

    def __init__(self, texts: Mapping[str, str], pipeline: Pipeline) -> None:
        self.texts = texts
        self.pipeline = pipeline


class Built:
    """The sets that are in use in this process. Communities with the same files share one. Thread-safe."""

    def __init__(self) -> None:
        """Nothing is in use yet."""
        self._sets: WeakValueDictionary[str, _Set] = WeakValueDictionary()
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()
        self._turn = Lock()

    def get(self, texts: Mapping[str, str], make: Callable[[Mapping[str, str]], Pipeline], *, reads: bool) -> _Set:
        """The set of these texts, made if nobody uses it. `reads`: whether it reads with the model."""
        name = hashlib.sha256(repr((reads, sorted(texts.items()))).encode()).hexdigest()
        with self._turn:
            lock = self._locks.setdefault(name, Lock())
        with lock:  # of this set only: whoever makes another one does not wait
            found = self._sets.get(name)
            if found is None:
                found = self._sets[name] = _Set(texts, make(texts))
            return found


class Content:
    """The pipeline of the operators' files, built again when they change."""

    def __init__(
        self,
        folder: Path,
        *,
        reader: Callable[[], Reader] | None = None,
        var: Path | None = None,
        built: Built | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        """`folder`: the operators' `templates/`. Nothing is read yet.

        `reader` loads the trained model, or raises NoReader; without it posts are read by words alone. `var`: the
        folder for the vectors of the operators' examples and for the last good set. `built` and `watcher`:
        shared with other communities.
        """
        self._folder = folder
        self._load_reader = reader
        self._var = var
        self._keeps = False
        """It may make the folder `var`: true for the program alone, once its files are good."""
        self._built = built or Built()
        self._watcher = watcher or Watcher()
        self.kept_at: datetime | None = None
        """When the set in use was kept, if it is from an earlier run: the files have had faults since the start."""
        self._reader: Reader | None = None
        self._languages: Langid | None = None
        self.no_reader: NoReader | None = None
        """Why posts are read by words alone; None also if nobody asked for the model."""
        self._set: _Set | None = None
        self._plugins: tuple[tuple[Factory, ...], tuple[Factory, ...]] | None = None
        self.faults: tuple[Fault, ...] = ()
        """The faults of the last edit. While there are any, the set before it stays in use."""

    @property
    def pipeline(self) -> Pipeline:
        """The last good pipeline. The first use loads it."""
        return self._set.pipeline if self._set else self.load()

    def vectors(self, texts: Sequence[str]) -> Floats | None:
        """One row of length 1 for each text; None without the model. Nothing is cached."""
        reader = self._reader
        if reader is None:
            return None
        return unit(np.stack([reader.encoder.encode_once(encodable(text)) for text in texts]))

    def load(self) -> Pipeline:
        """Read everything again. The first time the model is loaded before, so that nothing is read without it.

        Raises FaultyFiles; the last good set then stays in use.
        """
        self._fetch_reader()
        texts = read_texts(self._folder)
        if self._set is None or texts != self._set.texts:
            self._set = self._made(texts)
            _trim_memory()
        return self._set.pipeline

    def _made(self, texts: Mapping[str, str]) -> _Set:
        return self._built.get(texts, self._build, reads=self._reader is not None)

    def tried(self, texts: Mapping[str, str]) -> Pipeline:
        """The pipeline that other texts would make, by path below the folder. Their examples are run; the set in use
        stays. Raises FaultyFiles."""
        self._fetch_reader()
        return self._build(texts)

    def start(self) -> None:
        """`load` for the program that answers fans: if the files have faults, it uses the last good set. Raises
        FaultyFiles if none is kept that can be used."""
        self._keeps = True
        try:
            self.load()
        except FaultyFiles as error:
            if not self.use_kept():
                raise
            self.faults = error.faults
            log.warning("templates_faulty", using=f"the set kept at {self.kept_at}", faults=[*map(str, error.faults)])
        else:
            self._keep()

    def use_kept(self) -> bool:
        """Use the last good set; False if there is none, or none that this version can use."""
        found = kept(self._var) if self._var else None
        if found is None:
            return False
        try:
            self._set = self._made(found.texts)
        except FaultyFiles:
            return False
        self.kept_at = found.at
        return True

    async def watch(self, told: Callable[[], Awaitable[None]]) -> None:
        """Load again after each change, until cancelled. `told` is called at once and after each load that succeeded.

        The folder may vanish and come back.
        """
        if self.no_reader:
            log.warning("no_reader", why=str(self.no_reader))
        await told()
        with self._watcher.on(self._folder) as changed:
            while True:
                await changed.wait()
                changed.clear()
                await self._reload(told)

    async def _reload(self, told: Callable[[], Awaitable[None]]) -> None:
        before = self._set
        try:
            await asyncio.to_thread(self.load)
        except FaultyFiles as error:
            if error.faults != self.faults:
                log.warning("templates_faulty", faults=[str(fault) for fault in error.faults])
            self.faults = error.faults
            return
        if self._set and (self.faults or self._set is not before):
            log.info("templates_loaded", files=len(self._set.texts))
            await asyncio.to_thread(self._keep)
        self.faults, self.kept_at = (), None
        await told()

    def _keep(self) -> None:
        if self._var is None or self._set is None:
            return
        try:
            keep(self._var, self._set.texts, _checks())
        except OSError as error:
            log.warning("templates_not_kept", folder=str(self._var), why=error.strerror)

    def _fetch_reader(self) -> None:
        if self._load_reader is None or self._languages:
            return
        self._languages = Langid()
        try:
            self._reader = self._load_reader()
        except NoReader as error:
            self.no_reader = error

    def _build(self, texts: Mapping[str, str]) -> Pipeline:
        library = _library(self._folder, texts, self._languages, self._known(texts))
        if self._plugins is None:
            self._plugins = (_factories("greenroom.responders"), _factories("greenroom.checks"))
        if self._reader is None:
            # Examples are for the model. What words alone misread must not keep out a good set.
            return _assemble(library, by_words(library.word_lists), self._languages, *self._plugins)
        model, examples = self._reader.model(self._var)
        words = partial(by_words, library.word_lists)  # reads the posts on which the model fails
        built = _tried(self._folder, _assemble(library, model, self._languages, *self._plugins, spare=words))
        if self._keeps and self._var:
            with suppress(OSError):  # without it the next start computes the vectors again
                self._var.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        examples.close()
        return built

    def _known(self, texts: Mapping[str, str]) -> frozenset[str]:
        """The files that were in use before as they are now, under the same checks and shared words: their wordings
        need no check again."""
        found = kept(self._var) if self._var else None
        if found is None or found.checks != _checks() or any(texts.get(f) != found.texts.get(f) for f in _SHARED):
            return frozenset()
        return frozenset(path for path, text in texts.items() if found.texts.get(path) == text)


@cache
def _checks() -> str:
    """The version of the checks: that of the program, and a hash of its word lists."""
    lists = sorted(shipped_texts().items())
    return f"{metadata.version('greenroom')} {hashlib.sha256(repr(lists).encode()).hexdigest()}"


def _trim_memory() -> None:
    """Give freed memory back to the system if the C library can (glibc's malloc_trim(3)); a fit takes 100 MiB."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def read_library(folder: Path, *, known: bool = False) -> Library:
    """The operators' files as a library, without a pipeline; `known`: their wordings were checked before. Raises
    FaultyFiles."""
    texts = read_texts(folder)
    return _library(folder, texts, None, texts if known else ())


def _library(folder: Path, texts: Mapping[str, str], languages: Langid | None, known: Collection[str]) -> Library:
    stand_in = {path: text for path, text in shipped_notices().items() if path not in texts}
    try:
        return load({**texts, **stand_in}, shipped_texts(), languages, known={*known, *stand_in})
    except LibraryFaults as error:
        raise FaultyFiles([replace(fault, file=f"{folder.name}/{fault.file}") for fault in error.faults]) from None


def _tried(folder: Path, built: Pipeline) -> Pipeline:
    """The same pipeline, if the examples of its templates pass. Raises FaultyFiles."""
    faults = [*run(built.library, built.understand)]
    if faults:  # a template may fail only because a fact has no words: that comes first
        failing = {fault.file for fault in faults}
        mute = replace(built.library, templates=tuple(t for t in built.library.templates if t.path in failing))
        faults = [*lacking_facts(mute, NOON.date()), *faults]
        raise FaultyFiles([replace(fault, file=f"{folder.name}/{fault.file}") for fault in faults])
    return built


def _assemble(
    library: Library,
    reads: Reads,
    languages: Langid | None,
    responders: Sequence[Factory],
    checks: Sequence[Factory],
    *,
    spare: Callable[[], Reads] | None = None,
) -> Pipeline:
    try:
        return pipeline.build(
            library,
            reads=reads,
            languages=languages,
            responders=[factory(library) for factory in responders] or None,
            checks=[*voice.default_checks(library.word_lists), *(factory(library.word_lists) for factory in checks)],
            spare=spare,
            measure=hop,
        )
    except Exception as error:
        names = ", ".join(getattr(f, "__qualname__", repr(f)) for f in (*responders, *checks))
        raise _broken(f"plug-ins ({names})", error) from error


def _factories(group: str) -> tuple[Factory, ...]:
    found = []
    for point in plugins(group):
        try:
            found.append(point.load())
        except Exception as error:
            raise _broken(f"plug-in {point.name} ({point.value})", error) from error
    return tuple(found)


def _broken(name: str, error: Exception) -> FaultyFiles:
    message = f"cannot be loaded ({type(error).__name__}: {error}); mend it or uninstall the package it came with"
    return FaultyFiles([Fault(file=name, line=None, message=message)])


def _files(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Skips hidden files and backups of editors. Follows each link to a folder once."""
    seen: set[str] = set()

    def unreadable(error: OSError) -> None:
        faults.append(_unusable(folder, Path(error.filename), f"cannot be read: {error.strerror}"))

    for here, folders, files in os.walk(folder, followlinks=True, onerror=unreadable):
        seen.add(os.path.realpath(here))
        inside = [Path(here, name) for name in sorted(folders) if not name.startswith(".")]
        entered = [path for path in inside if _usable(folder, path, faults, is_folder=True)]
        folders[:] = [path.name for path in entered if os.path.realpath(path) not in seen]
        beside = [Path(here, name) for name in sorted(files) if not name.startswith(".")]
        yield from (path for path in beside if _usable(folder, path, faults) and _is_text(path))


def _usable(folder: Path, path: Path, faults: list[Fault], *, is_folder: bool = False) -> bool:
    """Whether its name can be read; if not, its fault is noted. A file of another kind may have any name."""
    ours = is_folder or path.suffix in _ENDINGS
    if ours and _shown(Path(path.name)) != path.name:
        what = "has characters that nobody sees" if _is_utf8(path.name) else "is not UTF-8"
        problem = f"the name {what}; give it another one"
    elif is_folder and path.suffix in _ENDINGS:
        problem = "it is a folder, and its name is that of a file; rename or remove it"
    elif not ours and path.is_symlink() and not path.exists():
        problem = "it is a link that leads nowhere; mend or remove it"
    else:
        return True
    faults.append(_unusable(folder, path, problem))
    return False


def _is_text(path: Path) -> bool:
    return path.suffix in _ENDINGS or (is_text(path.name) and _shown(Path(path.name)) == path.name)


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in name)


def _unusable(folder: Path, path: Path, problem: str) -> Fault:
    return Fault(file=_shown(Path(folder.name, path.relative_to(folder))), line=None, message=problem)


def _shown(path: Path) -> str:
    """A path for print: what is not UTF-8, or cannot be seen, as `\\xff`."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _read(path: Path) -> str:
    if not path.is_file():  # a pipe would never end
        raise ValueError("it is not a file, or a link that leads nowhere")
    with path.open("rb") as stream:
        raw = stream.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise ValueError("it is larger than 1 MiB; split it")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8 text; save the file as UTF-8") from None
