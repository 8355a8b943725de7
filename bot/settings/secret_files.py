"""Secrets in files: what a container or systemd hands over does not have to stand in the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.errors import GreenroomError

_MOST: Final = 10_000
"""Bytes of such a file."""


class WithFiles(Mapping[str, str]):
    """The environment, where NAME may also be in the file that NAME_FILE names. White space around it does not count.

    Asking for a value raises GreenroomError if its file cannot be used, or if both variables are set.
    """

    def __init__(self, environ: Mapping[str, str], prefix: str = "") -> None:
        """Reads no file yet. `prefix`: what was taken from the names, which a person has to write before them."""
        self._environ = environ
        self._prefix = prefix

    def variable(self, name: str) -> str:
        """How a variable is called where a person sets it."""
        return self._prefix + name

    def __getitem__(self, name: str) -> str:
        """The value. Raises KeyError where there is none."""
        file, value = self._environ.get(f"{name}_FILE"), self._environ.get(name)
        if not file:
            return self._environ[name]
        if value:
            own = self.variable(name)
            raise GreenroomError(f"{own} and {own}_FILE are both set in the environment; leave one of them.")
        return _read(self.variable(f"{name}_FILE"), Path(file))

    def __iter__(self) -> Iterator[str]:
        """The names in the environment."""
        return iter(self._environ)

    def __len__(self) -> int:
        """How many these are."""
        return len(self._environ)


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name is not a valid one"
        raise GreenroomError(f"{variable} names {path}, which cannot be read: {why}.") from None
    try:
        found = raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        found = ""
    if not found or len(raw) > _MOST or "\n" in found:
        raise GreenroomError(f"{variable} names {path}, which is no secret: it must hold one line of text.")
    return found
