"""A newcomer, for whom nothing was written and nothing decided: these need a Greenroom of their own."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE
from tests.e2e.test_lobby import lobby


def play(greenroom, page, seconds):
    """A sample evening, to its end."""
    greenroom.api("POST", "/lobby/evening", {"seconds": seconds})
    expect(page.get_by_text("The sample evening is playing")).to_be_visible()
    expect(page.get_by_role("button", name="Play it again")).to_be_visible(timeout=60_000)


def test_the_first_five_minutes(greenroom, visit, shoot):
    mara = visit("mara", PHONE)
    page = lobby(greenroom, mara)
    steps = page.locator("#first-steps")

    def done():
        return steps.locator("li.done")

    expect(steps.locator("li.next")).to_be_visible()
    expect(page.get_by_text("Nothing was said here yet.")).to_be_visible()
    shoot(page, "lobby-empty-phone")

    # A press plays; another manager's press says so; a press stops; what was written stays.
    page.get_by_role("button", name="Play a sample evening").click()
    expect(page.get_by_text("The sample evening is playing")).to_be_visible()
    expect(page.locator(".message.fan").first).to_be_visible()
    with pytest.raises(AssertionError, match="is playing already"):
        greenroom.api("POST", "/lobby/evening")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Play it again")).to_be_visible()
    play(greenroom, page, 3)
    expect(done().filter(has_text="Play the sample evening")).to_have_count(1)

    # A living queue: whatever a newcomer wants to see is there.
    expect(page.locator(".fate", has_text="Being read")).to_have_count(0)

    def with_picture():
        cards = greenroom.api("GET", "/api/drafts?limit=200")["items"]
        return cards if any(card["post"]["attachments"] for card in cards) else None

    cards = greenroom.until(with_picture)  # it stands in another channel
    assert {card["kind"] for card in cards} == {"draft", "handoff"}
    assert cards[0]["priority"] == 100
    assert any(card["kind"] == "handoff" and len(card["alternatives"]) > 1 for card in cards), "choices"
    expect(page.locator(".fate", has_text="Left alone").first).to_be_visible()

    # The steps tick from what really happened, wherever it was done.
    sent, undone = [card["draft_id"] for card in cards if card["kind"] == "draft"][:2]
    greenroom.decide(sent, "mara", "approve")
    expect(done().filter(has_text="Send one reply")).to_have_count(1)
    greenroom.decide(undone, "mara", "approve")
    greenroom.decide(undone, "mara", "undo")
    expect(done().filter(has_text="Undo one")).to_have_count(1)
    page.goto(f"{greenroom.url}/inbox?view=left")
    expect(steps.locator("summary")).to_have_text("You have done the first steps. That is how all of it works.")
    expect(steps).to_be_visible()
    page = lobby(greenroom, mara)
    expect(page.locator(".message").first).to_be_visible()
    expect(steps).to_be_hidden()
    assert mara.faults == []


def test_the_first_steps_can_be_put_away_for_good(greenroom, visit):
    tom = visit("tom", DESK)
    page = lobby(greenroom, tom)
    page.get_by_role("button", name="Do not show this again").click()
    expect(page.locator("#first-steps")).to_be_hidden()
    with page.expect_response(lambda answer: "/api/events?" in answer.url):
        page.reload()
    expect(page.locator("#first-steps")).to_be_hidden()
