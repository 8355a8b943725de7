"""The real program and a real browser, for the tests of the pages."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.processes import begin_as_before, free_port, keep_what_began

ROOT = Path(__file__).parents[2]
BROWSERS = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "microsoft-edge", "chrome"),
)
"""Any of these commands will do: they are the same browser under several names. The first draws no window around
a page, which costs more than most of our pages."""
CONFIG = """
community: {{name: Lantern Harbor}}
store: sqlite:///var/greenroom.db
web: {{bind: "127.0.0.1:{port}"}}
managers: {{mara: {{name: Mara Quint}}, tom: {{name: Tom}}}}
on_call: mara
replies: {{undo_seconds: 6, per_fan: null, per_channel: null}}
"""
TOO_SMALL = """[...document.querySelectorAll("button, summary, input, select, textarea, nav a")]
    .filter((each) => each.checkVisibility({visibilityProperty: true}))
    .map((each) => each.matches("[type=checkbox], [type=radio]") ? each.closest("label") ?? each : each)
    .filter((each) => each.getBoundingClientRect().height < 43.5)
    .map((each) => each.outerHTML)"""
"""Targets that a thumb misses: under 44 pixels."""
IN_COLOUR = ["color-contrast", "link-in-text-block"]
"""What axe may find in one colour scheme and not in the other."""
PHONE, DESK = (390, 844), (1440, 900)
expect.set_options(timeout=20_000)  # a slow machine only makes a failing test slower


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever opens a browser is left to `make test-browser`."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


class Greenroom:
    """The program in a folder of its own. Its address stays the same when it is started again."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "templates", folder / "templates")
        port = free_port()
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.config = folder / "config.yaml"
        self.config.write_text(CONFIG.format(port=port), "utf-8")
        self.signed_in: dict[str, Any] = {}
        """A manager -> the cookies of a session."""
        self._environ = {k: v for k, v in os.environ.items() if not k.endswith("_TOKEN")} | {"PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it is ready to judge posts."""
        begin_as_before(self.folder / "var")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("run"), cwd=ROOT, env=self._environ, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + 90
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=5).is_success:
                    return keep_what_began(self.folder / "var")
            time.sleep(0.1)
        pytest.fail(f"Greenroom does not run; its log: {self.log}")

    def stop(self) -> None:
        """As an operator stops it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            status, self._process = self._process.wait(timeout=30), None
            assert status == 0, self.log

    @property
    def log(self) -> str:
        """What it told the operator."""
        return (self.folder / "log").read_text("utf-8")

    @property
    def token(self) -> str:
        """The bearer token of the API."""
        return (self.folder / "var/web_token").read_text("utf-8").strip()

    def link(self, manager: str) -> str:
        """A new sign-in link; it works once."""
        said = subprocess.run(
            self._command("link", manager), cwd=ROOT, env=self._environ, capture_output=True, text=True, check=True
        )
        return re.search(r"http://\S+/signin\?token=\S+", said.stdout)[0]

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that a program gets. Raises AssertionError on a refusal."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=60)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def write(self, text: str, *, fan: str = "Robin", channel: str = "lobby", **more: Any) -> str:
        """A fan posts; the id of the post once it is judged."""
        author = {"id": f"fan-{fan}", "name": fan}
        body = {"id": uuid.uuid4().hex, "channel": channel, "author": author, "text": text, **more}
        post = self.api("POST", "/api/posts", body)["post_id"]
        self.until(lambda: self.api("GET", f"/api/posts/{post}")["action"])
        return post

    def card(self, post: str) -> dict[str, Any]:
        """The newest card of a post."""
        draft = self.until(lambda: self.api("GET", f"/api/posts/{post}")["draft"])
        return self.api("GET", f"/api/drafts/{draft['draft_id']}")

    def decide(self, draft: str, by: str, action: str, **more: Any) -> dict[str, Any]:
        """A manager decides somewhere else."""
        revision = self.api("GET", f"/api/drafts/{draft}")["revision"]
        return self.api(
            "POST", f"/api/drafts/{draft}/decisions", {"by": by, "revision": revision, "action": action, **more}
        )

    @staticmethod
    def until(found: Callable[[], Any]) -> Any:
        """Ask again until there is an answer."""
        end = time.monotonic() + 30
        while not (answer := found()):
            assert time.monotonic() < end, "it never came"
            time.sleep(0.05)
        return answer

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bot", *words, "--config", str(self.config)]


@pytest.fixture(scope="module")
def greenroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Greenroom]:
    """Runs for the tests of one file: managers Mara and Tom, undo for six seconds, no caps."""
    program = Greenroom(tmp_path_factory.mktemp("greenroom"))
    program.start()
    yield program
    program.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as this machine calls it."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail("a browser is missing; install the package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Manager:
    """A manager in a browser of their own, and what went wrong in it."""

    def __init__(self, greenroom: Greenroom, context: BrowserContext, name: str) -> None:
        self.context = context
        self.faults: list[str] = []
        """What the browser complained of: errors of scripts, and what the content rules refused."""
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        self.page = context.new_page()
        self._sign_in(greenroom, name)
        self.page.wait_for_load_state()  # until then no script of the page hears a press

    def _sign_in(self, greenroom: Greenroom, name: str) -> None:
        """In a session that there is, as a manager who comes back; by a link, if there is none."""
        if known := greenroom.signed_in.get(name):
            self.context.add_cookies(known)
            if self.context.request.get(f"{greenroom.url}/api/hold").ok:  # it was not ended meanwhile
                self.page.goto(f"{greenroom.url}/inbox")
                return
        self.page.goto(greenroom.link(name))
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page).to_have_url(re.compile(r"/inbox$"))
        greenroom.signed_in[name] = self.context.cookies()

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.faults.append(f"{said.text} {said.location['url']}")

    def open(self, address: str) -> Page:
        """A new tab."""
        page = self.context.new_page()
        page.goto(address)
        return page


Visit = Callable[..., Manager]


@pytest.fixture
def visit(greenroom: Greenroom, browser: Browser) -> Iterator[Visit]:
    """Signs a manager in: `visit("mara", PHONE)`, with options of Playwright's contexts."""
    opened: list[BrowserContext] = []

    def sign_in(name: str, size: tuple[int, int] = DESK, **options: Any) -> Manager:
        viewport = {"width": size[0], "height": size[1]}
        opened.append(browser.new_context(viewport=viewport, has_touch=size[0] < 600, **options))
        return Manager(greenroom, opened[-1], name)

    yield sign_in
    for context in opened:
        context.close()


@pytest.fixture
def phone(visit: Visit) -> Manager:
    """Mara on a phone, in the inbox."""
    return visit("mara", PHONE)


@pytest.fixture
def desk(visit: Visit) -> Manager:
    """Mara at a desk, in the inbox."""
    return visit("mara", DESK)


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """What axe finds on a page that is serious or worse, in a line each: in the light, and in the dark what colours
    change."""

    def look(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        page.emulate_media(color_scheme="dark")
        found += Axe().run(page, options={"runOnly": IN_COLOUR, "resultTypes": ["violations"]}).response["violations"]
        page.emulate_media(color_scheme="light")
        grave = (one for one in found if one["impact"] in {"serious", "critical"})
        return [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']][:5]}" for one in grave]

    return look


@pytest.fixture
def shoot() -> Callable[..., None]:
    """Takes a screenshot of a page or a part of it into the folder of GREENROOM_SCREENSHOTS, for a person; none, if
    none is named: `shoot(page, "inbox-phone")`, with Playwright's options; `dark`: one more in the dark."""
    folder = os.environ.get("GREENROOM_SCREENSHOTS")

    def take(of: Page | Locator, name: str, *, dark: bool = False, **options: Any) -> None:
        if not folder:
            return
        of.screenshot(path=Path(folder) / f"{name}.png", **options)
        if dark:
            page = of if isinstance(of, Page) else of.page
            page.emulate_media(color_scheme="dark")
            of.screenshot(path=Path(folder) / f"{name}-dark.png", **options)
            page.emulate_media(color_scheme="light")

    return take
