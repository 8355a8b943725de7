"""The commands of the section on many communities in docs/operations.md, as a person types them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import free_port

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
ENVIRON = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "NO_COLOR": "1",
}


def _commands() -> list[str]:
    section = PAGE.partition("\n## Many communities\n")[2].partition("\n## ")[0]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1].replace("greenroom ", f"{sys.executable} -m bot ").strip().splitlines()


@pytest.mark.whole
async def test_each_command_does_what_the_page_says(tmp_path: Path) -> None:
    *before, last = _commands()
    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/bash", "-euc", "\n".join(before)],
        cwd=tmp_path,
        env=ENVIRON,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lamp:\nok     config      config.yaml is in order\n" in done.stdout
    config = tmp_path / "communities" / "lamp" / "config.yaml"
    port = free_port()
    config.write_text(config.read_text("utf-8").replace("127.0.0.1:8765", f"127.0.0.1:{port}"), "utf-8")
    program = await asyncio.create_subprocess_exec(
        *last.split(), cwd=tmp_path, env=ENVIRON, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert program.stdout
    said = ""
    try:
        async with asyncio.timeout(300):
            while f"lamp: the console is at http://lamp.localhost:{port}" not in said:
                line = (await program.stdout.readline()).decode()
                assert line, said
                said += line
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert program.returncode == 0
