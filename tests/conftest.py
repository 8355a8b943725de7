"""What tests of all kinds share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CONFIG = """\
community: {name: Lantern Harbor}
web: {bind: 127.0.0.1:0}
managers:
  manager: {name: Manager}
on_call: manager
"""


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a config.yaml into a folder of its own; without a text, the smallest that works, on a free port."""

    def write(text: str = CONFIG) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
