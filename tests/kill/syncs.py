"""Sees every sync of SQLite's files in this process, by its documented interfaces (sqlite3_vfs, sqlite3_io_methods).

SIGKILL leaves what was written and not synced in the system's memory, where the next program finds it. So a missing
sync shows only when it is counted, or when what was not synced is taken away: see `PowerCut`.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

_OK = 0
_METHODS = 18
"""Functions of sqlite3_io_methods in its version 3; `xSync` is the fifth."""
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class _Methods(ctypes.Structure):
    _fields_ = (("version", ctypes.c_int), ("functions", ctypes.c_void_p * _METHODS))


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


_Open = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(_File), ctypes.c_int, ctypes.c_void_p
)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("path_size", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", _Open),
    )


_KEPT: list[Any] = []
"""SQLite holds pointers to these, so they must live as long as the process."""


def watch(before: Callable[[Path], None], after: Callable[[Path], None]) -> None:
    """Call these around each sync of a database or its log, from now on: for files that are opened later."""
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    really_open = _Open(ctypes.cast(vfs.open, ctypes.c_void_p).value or 0)
    paths: dict[int, Path] = {}
    copies: dict[int, _Methods] = {}

    def copied(methods: _Methods) -> _Methods:
        really_sync = _Sync(methods.functions[4])

        @_Sync
        def sync(file: int, flags: int) -> int:
            path = paths[file]
            before(path)
            result: int = really_sync(file, flags)
            if result == _OK:
                after(path)
            return result

        own = _Methods.from_buffer_copy(methods)
        own.functions[4] = ctypes.cast(sync, ctypes.c_void_p)
        _KEPT.append((own, sync, really_sync))
        return own

    @_Open
    def open_(vfs_: int, name: int | None, file: Any, flags: int, out: int | None) -> int:
        result: int = really_open(vfs_, name, file, flags, out)
        if result == _OK and name and file.contents.methods:
            here = ctypes.addressof(file.contents)
            paths[here] = Path(os.fsdecode(ctypes.string_at(name)))
            original = ctypes.addressof(file.contents.methods.contents)
            if original not in copies:
                copies[original] = copied(file.contents.methods.contents)
            file.contents.methods = ctypes.pointer(copies[original])
        return result

    _KEPT.extend((really_open, open_, copies, paths))
    vfs.open = open_


class PowerCut:
    """Keeps beside each file of a database what was synced of it, and puts that in its place after the kill.

    SQLite syncs while it holds the lock to write, so that what is copied then is whole.
    """

    def __init__(self, database: Path) -> None:
        self._files = [database, Path(f"{database}-wal")]

    def begin(self) -> None:
        """Everything that is there at the start counts as synced."""
        for file in self._files:
            if file.exists():
                self.synced(file)
            else:
                _kept(file).unlink(missing_ok=True)

    def synced(self, file: Path) -> None:
        """This whole file is on the disk now."""
        if file in self._files:
            draft = Path(f"{file}.draft")
            shutil.copyfile(file, draft)
            draft.replace(_kept(file))

    def cut(self) -> None:
        """Take away whatever was not synced."""
        for file in self._files:
            if _kept(file).exists():
                shutil.copyfile(_kept(file), file)
            else:
                file.unlink(missing_ok=True)
        Path(f"{self._files[0]}-shm").unlink(missing_ok=True)


def _kept(file: Path) -> Path:
    return Path(f"{file}.synced")
