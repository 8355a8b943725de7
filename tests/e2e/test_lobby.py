"""Being a fan in the lobby, in a real browser, while the sample evening plays and the team replies."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL

CHANNELS = ("lobby", "lobby-help", "lobby-showcase")


def lobby(greenroom, manager, channel="lobby"):
    """The page of a channel, with its stream open."""
    page = manager.page
    with page.expect_response(lambda answer: "/api/events?" in answer.url):
        page.goto(f"{greenroom.url}/lobby?channel={channel}")
    return page


def said(page, words):
    """The message with these words."""
    return page.locator(".message", has=page.locator(".text", has_text=words))


def write(page, words):
    page.get_by_label("Your post").fill(words)
    page.get_by_role("button", name="Post", exact=True).click()
    expect(said(page, words)).to_be_visible()


def test_a_command_counts_however_it_is_written_and_is_never_a_post(greenroom, visit):
    page = lobby(greenroom, visit("mara", PHONE))
    post, field = page.get_by_role("button", name="Post", exact=True), page.get_by_label("Your post")
    private = page.get_by_label("Only you see this")
    field.fill("/WHO")
    post.click()
    expect(private).to_contain_text("Lantern Harbor")
    write(page, "a path like /usr/bin is no command")
    expect(private).to_be_hidden()
    write(page, "/usr/bin is none, either")
    field.fill("/Nonsense at all")
    post.click()
    expect(page.get_by_text("There is no command /Nonsense")).to_be_visible()
    expect(field).to_have_value("/Nonsense at all")
    expect(said(page, "Nonsense at all")).to_have_count(0)


def test_nothing_that_a_fan_writes_is_lost_while_the_evening_plays(greenroom, visit):
    mara = visit("mara", DESK)
    page = lobby(greenroom, mara, "lobby-help")
    field = page.get_by_label("Your post")
    write(page, "does the tide clock run backwards for anybody else?")
    ours = greenroom.until(
        lambda: [d for d in greenroom.api("GET", "/api/drafts?limit=200")["items"] if "tide clock" in d["post"]["text"]]
    )
    greenroom.api("POST", "/lobby/evening", {"seconds": 4})
    said(page, "tide clock").get_by_role("button", name="Reply to Robin").click()
    words = "it only does that at low water, I think. at high water it is fine again"
    field.press_sequentially(words[:40], delay=40)
    greenroom.decide(ours[0]["draft_id"], "tom", "edit", text="We look at it. Thank you for telling us.")
    field.press_sequentially(words[40:], delay=40)
    expect(page.locator(".message.us", has_text="We look at it.")).to_be_visible()
    expect(page.get_by_role("button", name="Play it again")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value(words)

    # Also not by a reload, a look at another channel, an edit of something else, or a dead connection.
    page.reload()
    lobby(greenroom, mara)
    expect(field).to_have_value("")
    page = lobby(greenroom, mara, "lobby-help")
    expect(field).to_have_value(words)
    expect(page.get_by_text("Replying to Robin")).to_be_visible()
    said(page, "tide clock").locator(".more summary").click()
    said(page, "tide clock").get_by_role("button", name="Edit").click()
    expect(field).to_have_value("does the tide clock run backwards for anybody else?")
    field.press("Escape")
    expect(field).to_have_value(words)
    said(page, "tide clock").first.get_by_role("button", name="Reply to Robin").click()
    mara.context.set_offline(True)
    field.press("Enter")
    expect(page.locator("#why")).to_contain_text("Nothing was lost")
    expect(field).to_have_value(words)
    mara.context.set_offline(False)
    page.get_by_role("button", name="Post", exact=True).click()
    reply = said(page, "only does that at low water")
    expect(reply.locator(".quoted")).to_contain_text("does the tide clock run backwards")
    expect(reply).to_have_count(1)
    expect(field).to_have_value("")


def test_a_post_that_arrived_though_the_answer_was_lost_is_posted_once(greenroom, visit):
    mara = visit("mara", DESK)
    page = lobby(greenroom, mara)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/api/posts", lose, times=1)
    page.get_by_label("Your post").fill("did you hear that bell just now")
    page.get_by_label("Your post").press("Enter")
    expect(page.locator("#why")).to_contain_text("does not answer")
    page.get_by_label("Your post").press("Enter")
    expect(page.get_by_label("Your post")).to_have_value("")
    expect(said(page, "did you hear that bell just now")).to_have_count(1)


@pytest.mark.parametrize("name", ["moth🦋", "نادية بنت أحمد", "Donaudampfschifffahrtskapitaensmuetze_99"])
def test_a_fan_of_ones_own_posts_a_picture_edits_and_deletes(greenroom, visit, name):
    page = lobby(greenroom, visit("mara", PHONE), "lobby-showcase")
    page.get_by_label("Write as").select_option("Another name…")
    page.get_by_label("New fan’s name").fill(name)
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("Write as")).to_have_value(name)
    page.get_by_text("Picture", exact=True).click()
    page.get_by_role("button", name="A lamp at night").click()
    write(page, "the lamp, on a night without a moon")
    mine = said(page, "the lamp, on a night").last
    expect(mine.locator(".by b")).to_have_text(name)
    assert mine.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(page.locator("#chosen")).to_be_hidden()

    mine.locator(".more summary").click()
    mine.get_by_role("button", name="Edit").click()
    page.get_by_label("Your post").fill(f"the lamp by {name}")
    page.get_by_role("button", name="Save").click()
    mine = said(page, f"the lamp by {name}")
    expect(mine.get_by_text("edited")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Write as")).to_have_value(name)
    deleted = page.locator(".message .gone").count()
    mine.locator(".more summary").click()
    mine.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted by its author")).to_have_count(deleted + 1)
    expect(mine).to_have_count(0)


def test_it_fits_every_screen(greenroom, visit, shoot):
    greenroom.write("שלום לכולם, המשחק הזה פשוט נהדר! מתי העדכון הבא?", fan="נועה")
    greenroom.write("a" * 300, fan="n" * 150)
    greenroom.write("is there controller support?", channel="lobby-help")
    greenroom.write("w" * 90 + " ends", fan="👩‍🚀 Æsa", channel="lobby-showcase")
    for name, size in (("phone", PHONE), ("desk", DESK), ("narrow", (320, 640))):
        manager = visit("mara", size)
        for channel in CHANNELS:
            page = lobby(greenroom, manager, channel)
            expect(page.locator(".message").last).to_be_in_viewport()
            shoot(page, f"{channel}-{name}", dark=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (channel, name)
            assert page.evaluate(TOO_SMALL) == []
        page.get_by_text("Picture", exact=True).click()
        page.get_by_label("Write as").select_option("Another name…")
        expect(page.get_by_label("New fan’s name")).to_be_focused()
        assert page.evaluate(TOO_SMALL) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shoot(page, f"lobby-naming-{name}", dark=True)
        assert manager.faults == []


def test_one_reads_on_where_one_is(greenroom, visit):
    """What comes in moves nothing that somebody reads further up, and is announced."""
    page = lobby(greenroom, visit("mara", PHONE))
    write(page, "who posts looks at the end of the talk")
    for number in range(12):
        greenroom.write(f"number {number} of the things that I wanted to say about this harbor")
    expect(said(page, "number 11 of")).to_be_in_viewport()
    page.evaluate("scrollTo(0, 300)")
    before = page.evaluate("scrollY")
    greenroom.write("and one more")
    news = page.get_by_role("button", name="New messages")
    expect(news).to_be_visible()
    assert page.evaluate("scrollY") == before
    news.click()
    expect(said(page, "and one more")).to_be_in_viewport()
    expect(news).to_be_hidden()
    assert re.search(r"/lobby\?channel=lobby$", page.url)
