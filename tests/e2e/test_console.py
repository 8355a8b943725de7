"""The whole product through a real browser: a fan in the lobby, a manager in the inbox, on a phone and on a desk."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
"""Any of these commands will do: they are the same browser under several names."""
CONFIG = """
community: {name: Lantern Harbor}
store: sqlite:///var/greenroom.db
web: {bind: "127.0.0.1:0"}
managers: {mara: {name: Mara Quint}, tom: {name: Tom}}
on_call: mara
replies: {undo_seconds: 6}
"""
TOO_SMALL = """[...document.querySelectorAll("button, summary, input, select, textarea")]
    .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 43.5)
    .map((each) => each.outerHTML)"""
"""Targets that a thumb misses: under 44 pixels."""
SIZES = {"phone": (390, 844), "desk": (1440, 900)}


@pytest.fixture
def link(tmp_path):
    """Starts Greenroom as a person would, and gives the sign-in link it prints."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    environ = {k: v for k, v in os.environ.items() if not k.endswith("_TOKEN")} | {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "bot", "run", "--config", str(tmp_path / "config.yaml")]
    log, (ours, terminal) = (tmp_path / "log").open("w"), pty.openpty()
    said = os.fdopen(ours, encoding="utf-8")
    with log, said, subprocess.Popen(command, cwd=ROOT, env=environ, stdout=terminal, stderr=log) as run:
        os.close(terminal)
        try:
            for line in said:
                found = re.search(r"http://\S+/signin\?token=\S+", line)
                if found:
                    yield found[0]
                    break
            else:
                pytest.fail(f"no sign-in link; the log says: {(tmp_path / 'log').read_text()}")
        finally:
            run.send_signal(signal.SIGTERM)
            run.wait(timeout=20)
    assert run.returncode == 0, (tmp_path / "log").read_text()


@pytest.fixture
def browser():
    """Chromium, as this machine calls it. Nothing can be looked at without one: that is told, and refused by the CI."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = "a browser is missing; install the package chromium"
        if os.environ.get("GREENROOM_REQUIRE_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("size", SIZES)
def test_from_a_post_to_its_reply(link, browser, size, tmp_path):
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
    shots = Path(os.environ.get("GREENROOM_SCREENSHOTS") or tmp_path)
    faults, answers = [], []

    def page():
        new = context.new_page()
        new.on("console", lambda message: message.type == "error" and faults.append(message.text))
        new.on("response", lambda answer: answer.status >= 400 and answers.append(answer.status))
        new.on("pageerror", lambda error: faults.append(str(error)))
        return new

    inbox = page()
    inbox.goto(link)
    inbox.screenshot(path=shots / f"signin-{size}.png")
    inbox.get_by_role("button", name="Sign in").click()
    expect(inbox).to_have_url(re.compile(r"/inbox$"))

    lobby = page()
    lobby.goto(inbox.url.replace("/inbox", "/lobby"))
    lobby.get_by_label("Your fan name").fill("Robin")

    def write(text):
        lobby.get_by_label("Your post").fill(text)
        lobby.get_by_role("button", name="Post", exact=True).click()
        expect(lobby.locator(".chat .text", has_text=text)).to_be_visible()

    # The inbox shows the draft by itself; one tap sends it; the lobby shows the reply by itself.
    write("finally finished my lantern cosplay, the paper moths took a whole week")
    card = inbox.locator("article", has_text="paper moths took a whole week")
    expect(card).to_be_visible()
    words = card.locator("> .reply").inner_text()
    inbox.screenshot(path=shots / f"inbox-{size}.png", full_page=True)
    card.get_by_text("Edit", exact=True).click()
    expect(card.get_by_label("The whole reply")).to_have_value(words)
    inbox.screenshot(path=shots / f"edit-{size}.png", full_page=True)
    card.get_by_text("Edit", exact=True).click()
    card.get_by_role("button", name="Send", exact=True).click()
    expect(inbox.locator(".decided li").first.get_by_role("button", name="Undo")).to_be_visible()
    reply = lobby.locator(".chat li.us", has_text=words)
    expect(reply).to_be_visible(timeout=20_000)

    # Undo brings the card back, and nothing is sent.
    write("just made a tutorial about the storm boss")
    card = inbox.locator("article", has_text="storm boss")
    card.get_by_role("button", name=re.compile("^Send( 1)?$")).first.click()  # sure, or one of several readings
    inbox.locator(".decided li", has_text="Robin").first.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("button", name="Send", exact=True)).to_be_visible()

    # What somebody is typing is not taken away by news.
    card.get_by_text("Edit", exact=True).click()
    card.get_by_label("The whole reply").fill("Which part of the storm boss was hardest to explain?")
    write("the game crashes every time i open the inventory")
    expect(inbox.get_by_role("button", name="Something new came in")).to_be_visible()
    expect(card.get_by_label("The whole reply")).to_have_value("Which part of the storm boss was hardest to explain?")
    card.get_by_role("button", name="Lay it on the card").click()
    expect(card.locator("> .reply")).to_have_text("Which part of the storm boss was hardest to explain?")
    inbox.screenshot(path=shots / f"queue-{size}.png", full_page=True)

    # What stops somebody's own words, and what is only remarked on, is said while they write; one press sends.
    crash = inbox.locator("article", has_text="crashes every time")
    crash.get_by_text("Edit", exact=True).click()
    words = crash.get_by_label("The whole reply")
    words.fill("@everyone we fix it tomorrow")
    expect(crash.locator(".remarks .check.block")).to_contain_text("ping a crowd")
    expect(crash.locator(".remarks .remark")).to_have_text("Promises a time (“tomorrow”).")
    crash.get_by_role("button", name="Send this").click()
    expect(crash.get_by_role("alert")).to_contain_text("ping a crowd")
    expect(words).to_have_value("@everyone we fix it tomorrow")
    words.fill("I'm sorry that it crashes. We fix it tomorrow.")
    expect(crash.get_by_role("alert")).to_have_count(0)
    expect(crash.locator(".remarks .check.block")).to_have_count(0)
    expect(crash.locator(".remarks .remark")).to_have_text("Promises a time (“tomorrow”).")
    inbox.screenshot(path=shots / f"remark-{size}.png")
    crash.get_by_role("button", name="Send this").click()
    expect(inbox.locator(".decided li", has_text="We fix it tomorrow")).to_be_visible()
    assert answers == [422]
    assert [fault for fault in faults if "422" not in fault] == []

    # The fan edits and deletes; the cards follow.
    mine = lobby.locator(".chat li.fan", has_text="storm boss")
    mine.get_by_text("Edit", exact=True).click()
    mine.get_by_label("The post").fill("just made a tutorial about the fog level")
    mine.get_by_role("button", name="Save").click()
    expect(inbox.locator("article", has_text="fog level")).to_be_visible()
    expect(lobby.locator(".chat li.us")).to_have_count(1)
    lobby.screenshot(path=shots / f"lobby-{size}.png")
    mine = lobby.locator(".chat li.fan", has_text="fog level")
    mine.get_by_text("Edit", exact=True).click()
    mine.get_by_role("button", name="Delete").click()
    expect(inbox.locator("article", has_text="fog level")).to_have_count(0)

    for each in (inbox, lobby):
        assert each.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert each.evaluate(TOO_SMALL) == []
    assert answers == [422]

    # Signing out on all devices ends this one too.
    inbox.get_by_text("Sign out", exact=True).click()
    assert inbox.evaluate(TOO_SMALL) == []
    inbox.get_by_role("button", name="On all devices").click()
    expect(inbox.get_by_text("You are not signed in.")).to_be_visible()
    again = page()
    again.goto(lobby.url)
    expect(again.get_by_text("You are not signed in.")).to_be_visible()
    context.close()
