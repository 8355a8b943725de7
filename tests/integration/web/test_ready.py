"""`greenroom ready` asks a running Greenroom what `/readyz` says, for health checks of containers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.integration.web.conftest import CONFIG, TOKEN, Greenroom, Start
from tests.integration.web.trouble import take_tables_away

ROOT = Path(__file__).parents[3]


async def ready(folder: Path, port: int, token: str = TOKEN) -> tuple[int | None, str]:
    """Its status and all that it says, with the config of the server in this folder."""
    there = CONFIG.replace(":0", f":{port}").format(public_url="", undo_seconds=10)
    (folder / "asks.yaml").write_text(there, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "ready", "--config", str(folder / "asks.yaml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GREENROOM_WEB_TOKEN": token},
    )
    async with asyncio.timeout(60):
        said = (await process.communicate())[0].decode()
    return process.returncode, said


async def test_all_is_well(greenroom: Greenroom, tmp_path: Path) -> None:
    assert await ready(tmp_path, greenroom.app.web.port) == (0, "Greenroom is ready.\n")


async def test_what_cannot_work_is_named(light: Start, tmp_path: Path) -> None:
    async with light(only=("web",)) as greenroom:
        take_tables_away(tmp_path)
        status, said = await ready(tmp_path, greenroom.app.web.port)
    assert status == 1
    assert "\nstore is not ready. " in f"\n{said}"
    assert "on_hold" not in said
    assert "greenroom.db" in said


async def test_behind_a_proxy_it_needs_the_token(light: Start, tmp_path: Path) -> None:
    async with light(public_url="https://desk.example.org") as greenroom:
        port = greenroom.app.web.port
        assert await ready(tmp_path, port) == (0, "Greenroom is ready.\n")
        status, said = await ready(tmp_path, port, token="of another one")  # noqa: S106 - it opens nothing
    assert (status, "has another token" in said) == (1, True)
    status, said = await ready(tmp_path, port)
    assert (status, "does not answer" in said) == (1, True)


async def test_what_answers_is_something_else(tmp_path: Path) -> None:
    async with await asyncio.start_server(partial(_says, []), "127.0.0.1", 0) as server:
        status, said = await ready(tmp_path, server.sockets[0].getsockname()[1])
    assert (status, "is not Greenroom" in said) == (1, True)


async def test_of_many_communities_each_that_cannot_work_is_named(tmp_path: Path) -> None:
    """As bot.communities tells of them."""
    lamp: dict[str, Any] = {"status": "not ready", "why": "Its config.yaml has a fault."}
    harbour: dict[str, Any] = {"status": "ready", "outbox": True, "on_hold": False}
    for status, outbox, code in (("partly ready", True, 0), ("not ready", False, 1)):
        told = {"status": status, "communities": {"harbour": {**harbour, "outbox": outbox}, "lamp": lamp}}
        async with await asyncio.start_server(partial(_says, told), "127.0.0.1", 0) as server:
            found, said = await ready(tmp_path, server.sockets[0].getsockname()[1])
        assert found == code
        assert "lamp: It does not run. Its config.yaml has a fault.\n" in said
        assert ("harbour: outbox is not ready." in said) is not outbox
        assert ("Greenroom is partly ready." in said) is outbox


async def _says(body: object, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    content = json.dumps(body).encode()
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))
    await writer.drain()
    writer.close()
