"""The pictures of README and docs: pages after the sample evening. engineer.md says how to renew them."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE

LOOKS = {"inbox-phone": "inbox", "lobby": "lobby", "inbox-desk": "inbox", "live": "live"}
"""A picture -> its page."""
SHOWN = {"inbox": "#cards > article", "lobby": ".message", "live": ".travels > li"}
TWO_DRAFTS = "document.querySelector('#cards > article[data-name=Camille]').scrollIntoView()"
NO_STEPS = "localStorage.setItem('first-steps:mara', JSON.stringify({dismissed: true}))"


def test_pages_of_the_sample_evening(greenroom, visit, shoot):
    phone = visit("mara", PHONE, device_scale_factor=2).page
    desk = visit("mara", DESK).page
    phone.goto(f"{greenroom.url}/lobby")
    greenroom.api("POST", "/lobby/evening", {"seconds": 4})
    expect(phone.get_by_role("button", name="Play it again")).to_be_visible()
    for channel in ("lobby-help", "lobby-showcase", "lobby"):
        phone.goto(f"{greenroom.url}/lobby?channel={channel}")
        expect(phone.locator(".message").first).to_be_visible()
        expect(phone.get_by_text("Being read")).to_have_count(0)

    # Both managers have said yes to some of it; the newest of that stands in the lobby.
    ready = [card for card in greenroom.api("GET", "/api/drafts?limit=200")["items"] if card["text"]]
    lobby = [card["draft_id"] for card in ready if card["post"]["channel"] == "lobby"]
    elsewhere = [card["draft_id"] for card in ready if card["post"]["channel"] != "lobby"]
    for number, draft in enumerate(elsewhere[-4:] + lobby[-2:]):
        greenroom.decide(draft, ("mara", "tom")[number % 2], "approve")
    greenroom.until(lambda: len(greenroom.api("GET", "/api/replies?limit=200")["items"]) >= 6)

    for name, which in LOOKS.items():
        page = desk if name in {"inbox-desk", "live"} else phone
        page.evaluate(NO_STEPS)
        page.goto(f"{greenroom.url}/{which}")
        expect(page.locator(SHOWN[which]).nth(2)).to_be_visible()
        if name == "inbox-phone":
            page.evaluate(TWO_DRAFTS)
        shoot(page, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
