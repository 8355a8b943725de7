"""The inbox in a browser: in front of a long queue, and while posts and decisions pour in and somebody types."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from bench.figures import Figure, figure
from bench.scenes import CONFIG, ROOT, fans_write, scene, texts, waiting_drafts
from bench.start import running
from playwright.sync_api import Page, Request, expect, sync_playwright

WAITING, ROUNDS = 2_000, 10
PRAISE = ["the fog in the last level is lovely"]
MANAGERS = "managers: {manager: {name: Manager}, other: {name: Other}}"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
"""Milliseconds since the page was asked for."""


async def measure() -> list[Figure]:
    """On a phone's screen; the browser and the program share the machine."""
    return [*await _long_queue(), *await _load()]


async def _long_queue() -> list[Figure]:
    async with _program(WAITING) as (folder, port):
        painted, sent = await asyncio.to_thread(_look, folder, port)
    return [
        figure(f"browser: first paint of the inbox, {WAITING:,} waiting", "ms", painted),
        figure("browser: from Send to the answer on the card", "ms", sent),
    ]


@contextlib.asynccontextmanager
async def _program(waiting: int) -> AsyncIterator[tuple[Path, int]]:
    """Greenroom in front of some waiting cards: its folder and its port."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "templates", folder / "templates")
        async with scene(folder) as on:
            await waiting_drafts(on, list(itertools.islice(fans_write(PRAISE), waiting)))
        config = re.sub("managers: .*", MANAGERS, CONFIG)
        with running(folder, config) as (_process, port, _seconds):
            yield folder, port


@contextlib.contextmanager
def _inbox(folder: Path) -> Iterator[Page]:
    """The inbox of the manager `manager`, on a phone's screen."""
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
        page.wait_for_load_state()
        yield page
        browser.close()


# --- in front of a long queue


def _look(folder: Path, port: int) -> tuple[list[float], list[float]]:
    with _inbox(folder) as page:
        painted = [_paint(page, f"http://127.0.0.1:{port}/inbox") for _ in range(ROUNDS)]
        return painted, [_send(page) for _ in range(ROUNDS)]


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


# --- under load

CARDS, SECONDS, PER_MINUTE = 25, 60, 2_000
A_POST, A_DECISION = 2, 2
"""Events that each makes at least: received and judged; approved and held, or undone and recalled."""
BETWEEN_KEYS = 0.15
WATCH = """() => {
    window.seen = {blocks: [], delays: []};
    new PerformanceObserver((list) => seen.blocks.push(...list.getEntries().map((each) => each.duration)))
        .observe({type: "longtask"});
    addEventListener("keydown", ({timeStamp}) => requestAnimationFrame(() => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = () => seen.delays.push(performance.now() - timeStamp);
        port2.postMessage(null);
    }), true);
}"""
"""Notes what holds up the page, and for each key how long it takes until its frame is drawn; milliseconds."""


async def _load() -> list[Figure]:
    """Half of the events are new posts; with the other half a colleague decides on the page's cards and undoes it."""
    begun, done = threading.Event(), threading.Event()
    async with _program(CARDS) as (folder, port):
        typing = asyncio.create_task(asyncio.to_thread(_type, folder, begun, done))
        events = await _pour(folder, port, begun, done)
        seen = await typing
    longest = max(seen["blocks"], default=0.0)
    before, after = seen["memory"]
    what = "browser, under load"
    return [
        figure(f"{what}: events", "a minute", [events], at_least=PER_MINUTE),
        figure(f"{what}: longest block of the page", "ms", [longest], at_most=200),
        figure(f"{what}: from a key to its paint", "ms", seen["delays"], at_most=50),
        figure(f"{what}: requests of the page", "/s", [seen["requests"] / seen["seconds"]], at_most=3),
        figure(f"{what}: characters lost", "", [seen["lost"]], at_most=0),
        figure(f"{what}: the page's memory before", "MiB", [before]),
        figure(f"{what}: the page's memory after", "MiB", [after]),
    ]


def _type(folder: Path, begun: threading.Event, done: threading.Event) -> dict[str, Any]:
    """Types on the first card for a minute; what the page did meanwhile."""
    try:
        return _typed(folder, begun)
    finally:
        begun.set()
        done.set()


def _typed(folder: Path, begun: threading.Event) -> dict[str, Any]:
    words = itertools.cycle("The lamp by the pier burns again, and we are glad of it. ")
    typed = ""
    with _inbox(folder) as page:
        card = page.locator("#cards > article").first
        card.get_by_role("button", name="Edit").click()
        field = card.get_by_label("The whole reply, as it will be sent")
        field.fill("")
        asked: list[Request] = []
        page.on("request", lambda request: asked.extend([request]))
        page.evaluate(WATCH)
        before, began = _heap(page), time.monotonic()
        begun.set()
        while (now := time.monotonic()) < began + SECONDS:
            typed += (key := next(words))
            page.keyboard.press(key)
            page.wait_for_timeout(max(0.0, now + BETWEEN_KEYS - time.monotonic()) * 1e3)
        seconds = time.monotonic() - began
        seen: dict[str, Any] = page.evaluate("seen")
        lost = len(typed) - len(field.input_value()) if typed.startswith(field.input_value()) else len(typed)
        return seen | {"lost": lost, "requests": len(asked), "seconds": seconds, "memory": (before, _heap(page))}


def _heap(page: Page) -> float:
    """MiB that the scripts and the elements of the page hold once the waste is gone."""
    tools = page.context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    return float(tools.send("Runtime.getHeapUsage")["usedSize"]) / 2**20


async def _pour(folder: Path, port: int, begun: threading.Event, done: threading.Event) -> float:
    """Posts and decisions at an even pace until somebody has typed for long enough; the events a minute."""
    token = (folder / "var/web_token").read_text("utf-8").strip()
    posts = fans_write(texts())
    pause = 60 / PER_MINUTE
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as client:
        waiting = (await client.get("/api/drafts", params={"limit": CARDS})).json()["items"]
        # Somebody types on the first.
        cards = itertools.cycle([(card["draft_id"], action) for action in ("approve", "undo") for card in waiting[1:]])

        async def post() -> None:
            one = next(posts)
            author = {"id": one.author.id, "name": "Robin"}
            body = {"id": uuid.uuid4().hex, "channel": one.channel, "author": author, "text": one.text}
            (await client.post("/api/posts", json=body)).raise_for_status()

        async def decide() -> None:
            draft, action = next(cards)
            revision = (await client.get(f"/api/drafts/{draft}")).json()["revision"]
            body = {"by": "other", "revision": revision, "action": action}
            (await client.post(f"/api/drafts/{draft}/decisions", json=body)).raise_for_status()

        async def often(work: Callable[[], Awaitable[None]], every: float) -> None:
            due = time.monotonic()
            while not done.is_set():
                await work()
                due += every
                await asyncio.sleep(max(0.0, due - time.monotonic()))

        await asyncio.to_thread(begun.wait)
        before, started = _events(folder), time.monotonic()
        await asyncio.gather(often(post, 2 * A_POST * pause), often(decide, 2 * A_DECISION * pause))
        return (_events(folder) - before) / (time.monotonic() - started) * 60


def _events(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "var/greenroom.db")) as database:
        return int(database.execute("SELECT count(*) FROM events").fetchone()[0])
