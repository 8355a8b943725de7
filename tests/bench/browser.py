"""The inbox in a browser in front of a long queue: until something is to be seen, and until a press has its answer."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import Figure, figure
from bench.scenes import CONFIG, ROOT, fans_write, scene, waiting_drafts
from bench.start import running
from playwright.sync_api import Page, expect, sync_playwright

WAITING, ROUNDS = 2_000, 10
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
"""Milliseconds since the page was asked for."""


async def measure() -> list[Figure]:
    """Milliseconds on a phone's screen; the browser and the program share the machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "templates", folder / "templates")
        async with scene(folder) as on:
            posts = fans_write(["the fog in the last level is lovely"])
            await waiting_drafts(on, list(itertools.islice(posts, WAITING)))
        with running(folder, CONFIG) as (_process, port, _seconds):
            painted, sent = await asyncio.to_thread(_look, folder, port)
    return [
        figure(f"browser: first paint of the inbox, {WAITING:,} waiting", "ms", painted),
        figure("browser: from Send to the answer on the card", "ms", sent),
    ]


def _look(folder: Path, port: int) -> tuple[list[float], list[float]]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise RuntimeError("a browser is missing; install the package chromium")
    command = (sys.executable, "-m", "bot", "link", "manager", "--config", str(folder / "config.yaml"))
    link = re.search(r"http://\S+token=\S+", subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert link
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(link[0])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/inbox")
        painted = [_paint(page, f"http://127.0.0.1:{port}/inbox") for _ in range(ROUNDS)]
        sent = [_send(page) for _ in range(ROUNDS)]
        browser.close()
    return painted, sent


def _paint(page: Page, address: str) -> float:
    page.goto(address)
    page.wait_for_function(PAINTED)
    return float(page.evaluate(PAINTED))


SEND = """() => new Promise((done) => {
    const card = document.querySelector("#cards > article[data-state=waiting]");
    const begun = performance.now();
    new MutationObserver(() => card.dataset.state === "approved" && done(performance.now() - begun))
        .observe(card, {attributes: true});
    card.querySelector("[data-action=approve]").click();
})"""


def _send(page: Page) -> float:
    took = float(page.evaluate(SEND))
    expect(page.locator(".cards:not([data-settling])")).to_be_visible()
    return took
