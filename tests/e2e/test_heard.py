"""What was heard, in a real browser: posts become a topic, it is passed on, marked, told back, opened again."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL

CRASHES = {
    "Robin": "the app crashes every time i open it",
    "Amina": "it crashes whenever i start the app",
    "Jonas": "die app stürzt jedes mal ab wenn ich sie öffne",
}
WISHES = {"Lou": "please add a dark mode", "Kim": "bitte einen dunkelmodus"}
TEAMS = "teams: {shop: {title: The shop, file: var/shop.md}}\n"


@pytest.fixture(scope="module")
def heard(greenroom):
    """Two topics, once they were found."""
    greenroom.stop()
    with greenroom.config.open("a", encoding="utf-8") as config:
        config.write(TEAMS)
    greenroom.start()
    for fan, text in {**CRASHES, **WISHES}.items():
        greenroom.write(text, fan=fan)
    return greenroom


def board(heard, visit, size):
    """The board, with both topics on it."""
    page = visit("mara", size).open(f"{heard.url}/heard")
    heard.until(lambda: page.locator(".topic").count() == 2 or (page.reload() and None))
    return page


def test_a_topic_is_named_passed_on_and_marked_and_what_waits_can_be_taken_back(heard, visit, shoot):
    page = board(heard, visit, PHONE)
    shoot(page, "heard-phone", full_page=True)
    topic = page.locator(".topic", has_text=CRASHES["Robin"])
    expect(topic).to_contain_text("3 posts")
    topic.locator("summary", has_text="Pass on").click()
    topic.get_by_label("To the team").select_option("shop")
    topic.get_by_role("button", name="Pass it on").click()
    expect(topic.get_by_text("The shop", exact=True).first).to_be_visible()
    file = heard.folder / "var/shop.md"
    heard.until(lambda: file.exists() and CRASHES["Robin"] in file.read_text("utf-8"))

    topic.locator("summary", has_text="What becomes of it").click()
    topic.get_by_label("Done", exact=True).check()
    topic.get_by_label("Its name, for fans to read").fill("Crashes when the app opens")
    topic.get_by_label("Why, for fans to read").fill("Version 2.1 opens again on every phone we have.")
    shoot(page, "heard-mark-phone")
    topic.get_by_role("button", name="Mark, and draft the answers").click()
    expect(page.locator(".toast", has_text="3 drafts wait in the inbox.")).to_be_visible()
    public = heard.folder / "var/pages/heard/index.html"
    heard.until(lambda: public.exists() and "Crashes when the app opens" in public.read_text("utf-8"))
    assert not [text for text in CRASHES.values() if text in public.read_text("utf-8")]

    page.goto(f"{heard.url}/heard?state=done")
    expect(page.locator(".topic")).to_contain_text("3 drafts wait")
    shoot(page, "heard-done-phone", full_page=True)
    site = page.context.new_page()
    site.goto(f"file://{public}")
    shoot(site, "heard-public-phone", full_page=True)
    site.close()
    waiting = [d for d in heard.api("GET", "/api/drafts?limit=200")["items"] if d["purpose"] == "told_back"]
    assert len(waiting) == 3
    heard.decide(waiting[0]["draft_id"], "tom", "approve")
    page.goto(f"{heard.url}/inbox?view=all")
    expect(page.get_by_text("Version 2.1").first).to_be_visible()
    shoot(page, "heard-told-back-phone")

    page.goto(f"{heard.url}/heard?state=done")
    page.get_by_role("button", name="Open it again").click()
    expect(page.locator(".toast", has_text="withdrawn")).to_be_visible()
    expect(page.get_by_text("Nothing is marked like this.")).to_be_visible()
    heard.until(lambda: "Crashes when the app opens" not in public.read_text("utf-8"))


def test_a_post_that_does_not_belong_leaves_and_topics_are_merged(heard, visit):
    page = board(heard, visit, DESK)
    topic = page.locator(".topic", has_text="dark mode")
    topic.get_by_role("button", name="Not this topic").first.click()
    expect(page.locator(".topic")).to_have_count(3)
    single = page.locator(".topic").filter(has=page.locator("p b", has_text=re.compile("^1$")))
    alone = single.first
    alone.locator("summary", has_text="Merge").click()
    other = single.nth(1).get_attribute("data-topic")
    alone.get_by_label("The same as").select_option(value=other)
    alone.get_by_role("button", name="Merge the two").click()
    expect(page.locator(".topic")).to_have_count(2)
    expect(single).to_have_count(0)
    assert page.locator(".bar").bounding_box()["width"] == DESK[0]


@pytest.mark.parametrize("size", [PHONE, DESK, (320, 640)], ids=str)
def test_the_board_fits_and_has_no_barrier(heard, visit, axe, shoot, size):
    page = board(heard, visit, size)
    for summary in page.locator(".topic").first.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(TOO_SMALL) == []
    assert axe(page) == []
    shoot(page, f"heard-{size[0]}", dark=True, full_page=True)
