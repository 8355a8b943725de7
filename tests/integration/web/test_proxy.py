"""Greenroom behind Caddy with the Caddyfile that we ship: streams flow, no header comes twice, the host is ours."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.integration.web.conftest import TOKEN, Start
from tests.processes import free_port

pytestmark = pytest.mark.deploy

CADDYFILE = Path(__file__).parents[3] / "deploy/Caddyfile"


@asynccontextmanager
async def caddy(folder: Path, address: str, upstream: int) -> AsyncIterator[httpx.AsyncClient]:
    """Caddy in front of a server; a client that knows the way."""
    names = {"GREENROOM_HOST": address, "GREENROOM_UPSTREAM": f"127.0.0.1:{upstream}", "HOME": str(folder)}
    ours = folder / "Caddyfile"
    ours.write_text("{\n\tadmin off\n}\n" + CADDYFILE.read_text("utf-8"), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *("caddy", "run", "--adapter", "caddyfile", "--config", ours),
        env={**os.environ, **names, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client, asyncio.timeout(60):
            while True:
                try:
                    await client.get("/healthz")
                except httpx.TransportError:
                    assert process.returncode is None
                    await asyncio.sleep(0.05)
                else:
                    break
            yield client
    finally:
        process.kill()
        await process.wait()


async def test_what_a_manager_needs_comes_through(light: Start, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    token = {"Authorization": f"Bearer {TOKEN}"}
    async with light(public_url=address) as greenroom, caddy(tmp_path, address, greenroom.app.web.port) as client:
        page = await client.get("/signin")
        assert page.status_code == 401, "nobody is signed in"
        assert len(page.headers.multi_items()) == len(page.headers), "none comes twice"
        assert {"strict-transport-security", "content-security-policy", "x-frame-options"} <= page.headers.keys()
        assert (await client.get("/readyz")).status_code == 401, "who comes through a proxy is not near"
        assert (await client.get("/readyz", headers=token)).status_code == 200
        other = await client.get("/healthz", headers={"Host": "elsewhere.example.org"})
        assert "ok" not in other.text
        async with client.stream("GET", "/api/events", headers=token) as stream, asyncio.timeout(60):
            await greenroom.post()
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    break
