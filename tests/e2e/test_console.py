"""The whole product through a real browser: a fan in the lobby, a manager in the inbox, and out again."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import PHONE


def test_from_a_post_to_its_reply(greenroom, visit):
    mara = visit("mara", PHONE)
    inbox = mara.page
    expect(inbox.get_by_text("Nobody waits for an answer.")).to_be_visible()
    lobby = mara.open(greenroom.url + "/lobby")
    lobby.get_by_label("Your post").fill("finally finished my lantern cosplay, the paper moths took a whole week")
    lobby.get_by_role("button", name="Post", exact=True).click()

    # The inbox shows the draft by itself; one tap sends it; the lobby shows the reply by itself.
    card = inbox.locator("#cards > article", has_text="paper moths")
    words = card.locator(".reply p").inner_text()
    card.get_by_role("button", name="Send", exact=True).click()
    expect(inbox.get_by_role("button", name="Undo").first).to_be_visible()
    expect(lobby.locator(".message.us", has_text=words)).to_be_visible()
    assert mara.faults == []

    # Signing out on all devices ends this one too.
    inbox.get_by_label("Menu").click()
    inbox.get_by_role("button", name="Sign out on all devices").click()
    expect(inbox.get_by_text("You are not signed in.")).to_be_visible()
    again = mara.open(lobby.url)
    expect(again.get_by_text("You are not signed in.")).to_be_visible()
    expect(again).to_have_title(re.compile("Sign in"))
