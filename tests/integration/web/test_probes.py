"""A process without the console answers its probes all the same, if it is told to."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import TEMPLATES
from tests.integration.program import Program
from tests.integration.web.conftest import CONFIG

PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a process that sends, and has no pages."""
    program = Program(tmp_path)
    for name, text in TEMPLATES.items():
        file = tmp_path / "templates" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(public_url="", undo_seconds=10), encoding="utf-8")
    try:
        yield await program.start(config, "--only", "outbox,probes")
        assert await program.end(signal.SIGTERM) == 0
    finally:
        await program.end()


@pytest.mark.whole
async def test_a_process_without_the_console_answers_probes_and_nothing_else(base: str) -> None:
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        answers = {path: await client.get(path) for path in PROBES}
        assert [answer.status_code for answer in answers.values()] == [200, 200, 200]
        assert answers["/healthz"].json() == {"status": "ok"}
        parts = answers["/readyz"].json()
        assert (parts["status"], parts["outbox"], parts["store"]) == ("ready", True, True)
        assert not {"web", "rounds"} & parts.keys()
        numbers = answers["/metrics"].text
        assert "greenroom_commit_seconds_count" in numbers
        assert 'greenroom_ready{part="outbox"} 1.0' in numbers
        for path in ("/", "/inbox", "/signin", "/api/drafts", "/api/openapi.json", "/static/greenroom.css"):
            assert (await client.get(path)).status_code == 404, path
        for path in ("/readyz", "/metrics"):  # as in a process with the console
            assert (await client.get(path, headers={"X-Forwarded-For": "1.2.3.4"})).status_code == 401
