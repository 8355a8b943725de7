"""Imported by the fork server alone: reads the templates and imports what a start imports late, so that each process
begins with patterns, tables and modules that are made once. Three seconds of work for each start become half a one."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import bot.adapters.discord.platform
import bot.adapters.telegram.platform
import bot.assistant.openai  # noqa: F401
from bot.content import Content
from tests.kill.process import Known, write_templates

with tempfile.TemporaryDirectory() as folder:
    write_templates(Path(folder))
    Content(Path(folder), reader=Known).start()
if threading.active_count() > 1:
    raise RuntimeError("a process with threads must not be forked")
