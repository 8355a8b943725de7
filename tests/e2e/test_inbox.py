"""The inbox in a browser: work of an evening, and everything that may happen to words that somebody is typing."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, TimeoutError, expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL, Greenroom

CRASH = "the game crashes every time i open the inventory"
THANKS = "thanks for the fix, works again"
LONG = "It was a long evening in the harbor and I want to tell you all of it. " * 28


def card(page: Page, words: str) -> Locator:
    """The card of the post with these words."""
    return page.locator("#cards > article", has_text=words)


def draft(greenroom: Greenroom, words: str, fan: str, channel: str, text: str = "", **more: Any) -> str:
    """A post with a reply on its card; the id of the draft."""
    draft_id = greenroom.card(greenroom.write(words, fan=fan, channel=channel, **more))["draft_id"]
    greenroom.decide(draft_id, "tom", "propose", text=text or f"Thank you, {fan}!")
    return draft_id


def send(of: Locator) -> Locator:
    return of.get_by_role("button", name="Send", exact=True)


def editor(of: Locator) -> Locator:
    return of.get_by_label("The whole reply, as it will be sent")


def show_new(page: Page, words: str) -> Locator:
    """Presses "N new" until the card of these words is on the page; it comes by itself where the inbox is empty."""
    found, news = card(page, words), page.locator("#news-button:not([hidden])")
    expect(found.or_(news).first).to_be_visible()
    if not found.count():
        with contextlib.suppress(TimeoutError):  # just now it came by itself
            news.click(timeout=5_000)
    expect(found).to_be_visible()
    return found


def replies(greenroom: Greenroom, channel: str) -> list[str]:
    return [reply["text"] for reply in greenroom.api("GET", f"/api/replies?channel={channel}&limit=200")["items"]]


def test_an_evening_of_two_managers(greenroom, visit, shoot):
    for n in range(8):
        draft(greenroom, f"{THANKS}, evening number {n}", f"Fan {n}", "evening")
    mara, tom = visit("mara", PHONE), visit("tom", DESK)
    for each in (mara, tom):
        each.page.goto(greenroom.url + "/inbox?channel=evening")
        assert each.page.evaluate(TOO_SMALL) == []
        assert each.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shoot(each.page, f"inbox-{each.page.viewport_size['width']}")

    # A new card is announced, and shown when asked for; who looks at a card and who writes on it is said there.
    greenroom.write(f"{THANKS}, the late one", fan="Late", channel="evening")
    expect(mara.page.locator("#news-button")).to_have_text("1 new")
    late = show_new(mara.page, "the late one")
    expect(late).to_be_focused()
    card(tom.page, "number 0").get_by_role("button", name="Edit").click()
    editor(card(tom.page, "number 0")).press_sequentially("!")
    expect(card(mara.page, "number 0").locator("[data-presence]")).to_have_text("Tom is writing")
    expect(card(mara.page, "number 0").get_by_text("Tom has it")).to_be_visible()

    # A race: Tom's page has not heard yet that Mara was faster. He is told who won, and his words are his to copy.
    tom.context.set_offline(True)
    expect(tom.page.get_by_text("No connection.")).to_be_visible()
    send(card(mara.page, "number 0")).click()
    expect(card(mara.page, "number 0").get_by_text("You said yes")).to_be_visible()
    tom.page.route("**/inbox/**", lambda route: route.abort())
    tom.context.set_offline(False)
    lost = card(tom.page, "number 0")
    lost.get_by_role("button", name="Send this").click()
    expect(lost.get_by_role("alert").filter(has_text="Mara Quint")).to_be_visible()
    tom.page.unroute("**/inbox/**")
    expect(lost).to_have_attribute("data-state", "approved")
    expect(editor(lost)).to_have_value(re.compile("!$"))
    expect(lost.get_by_role("button", name="Copy the words")).to_be_visible()
    lost.get_by_role("button", name="Discard").click()

    # Undo survives the next decision: both can be taken back.
    send(card(mara.page, "number 1")).click()
    expect(card(mara.page, "number 2")).to_be_focused()
    send(card(mara.page, "number 2")).click()
    toast = mara.page.locator(".toast", has_text="Fan 1")
    expect(mara.page.locator(".toast", has_text="Fan 2")).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(send(card(mara.page, "number 1"))).to_be_visible()
    expect(card(tom.page, "number 1")).to_have_attribute("data-state", "waiting")

    # Each goes on from their end until nothing is open on either page.
    for number in range(1, 8):
        who = mara if number % 2 else tom
        if who.page.locator("article[data-state=waiting]", has_text=f"number {number}").count():
            send(card(who.page, f"number {number}")).click()
        for each in (mara, tom):
            expect(card(each.page, f"number {number}")).to_have_attribute("data-state", "approved")
    late.get_by_role("button", name="Skip").click()
    late.get_by_role("button", name="No reply needed").click()
    expect(late.get_by_text("Skipped by you")).to_be_visible()
    greenroom.until(lambda: len(replies(greenroom, "evening")) == 8)
    expect(card(mara.page, "number 7").get_by_text("Sent by you")).to_be_visible()
    expect(card(tom.page, "number 7").get_by_text("Sent by Mara Quint")).to_be_visible()
    mara.page.reload()
    expect(card(mara.page, "evening number")).to_have_count(0)


def test_words_are_never_lost(greenroom, visit):
    mara = visit("mara", PHONE)
    post = greenroom.write(f"{THANKS}, says Nora", fan="Nora", channel="words")
    other = draft(greenroom, f"{THANKS} too", "Oskar", "words")
    page = mara.page
    page.goto(greenroom.url + "/inbox?channel=words")
    mine = card(page, "Nora")
    mine.get_by_role("button", name="Edit").click()
    field = editor(mine)
    field.fill("")
    typed = ""

    def go_on(words: str) -> None:
        nonlocal typed
        typed += words
        page.keyboard.type(words)  # wherever the focus is: it must still be in the field
        expect(field).to_have_value(typed)

    go_on("Hello Nora. ")
    greenroom.write(CRASH, fan="Newcomer", channel="words")
    expect(page.locator("#news-button")).to_have_text("1 new")
    go_on("New posts came. ")
    greenroom.decide(other, "tom", "approve")
    expect(card(page, f"{THANKS} too")).to_have_attribute("data-state", "approved")
    go_on("Somebody else decided. ")
    greenroom.api("PATCH", f"/api/posts/{post}", {"text": f"{THANKS}, writes Nora anew"})
    expect(mine.get_by_text("writes Nora anew")).to_be_visible()
    expect(mine).to_have_attribute("data-state", "waiting")
    go_on("The post was edited. ")
    mara.context.set_offline(True)
    go_on("The connection broke. ")
    mara.context.set_offline(False)
    greenroom.stop()
    expect(page.get_by_text("No connection.")).to_be_visible()
    go_on("The server is away. ")
    mine.get_by_role("button", name="Send this").click()
    expect(mine.get_by_text("Nothing was lost")).to_be_visible()
    expect(field).to_have_value(typed)
    greenroom.start()
    expect(page.get_by_text("No connection.")).to_be_hidden()
    page.reload()
    expect(field).to_have_value(typed)
    field.press("Escape")
    expect(mine.get_by_text("Your words are kept")).to_be_visible()
    mine.get_by_role("button", name="Go on").click()
    expect(field).to_have_value(typed)
    mine.get_by_role("button", name="Send this").click()
    expect(mine.get_by_text("You said yes")).to_be_visible()
    page.reload()
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('words:'))") == []
    greenroom.until(lambda: typed.strip() in replies(greenroom, "words"))


def test_the_post_is_deleted_while_somebody_writes(greenroom, desk):
    post = greenroom.write(f"{THANKS}, says Vera", fan="Vera", channel="gone")
    desk.page.goto(greenroom.url + "/inbox?channel=gone")
    mine = card(desk.page, "Vera")
    mine.get_by_role("button", name="Edit").click()
    editor(mine).fill("Words for Vera")
    greenroom.api("DELETE", f"/api/posts/{post}")
    mine = desk.page.locator("#cards > article")
    expect(mine.get_by_text("The fan deleted the post.")).to_be_visible()
    expect(editor(mine)).to_have_value("Words for Vera")
    expect(editor(mine)).not_to_be_editable()
    expect(mine.get_by_role("button", name="Send this")).to_be_hidden()
    mine.get_by_role("button", name="Copy the words").click()
    expect(desk.page.locator(".toast")).to_be_visible()


def test_a_press_counts_once_when_its_answer_is_lost(greenroom, phone):
    greenroom.write(f"{THANKS}, says Ines", fan="Ines", channel="once")
    phone.page.goto(greenroom.url + "/inbox?channel=once")
    keys = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    phone.page.route("**/decisions", lose, times=1)
    phone.page.route("**/inbox/stream?*", lambda route: route.abort())
    mine = card(phone.page, "Ines")
    send(mine).click()
    expect(mine.get_by_text("Nothing was lost")).to_be_visible()
    phone.page.route(
        "**/decisions", lambda route: (keys.append(route.request.headers["idempotency-key"]), route.continue_())
    )
    with contextlib.suppress(TimeoutError):  # the card may show the yes already, or just now
        send(mine).click(timeout=3000)
    expect(mine.get_by_text("You said yes")).to_be_visible()
    greenroom.until(lambda: len(replies(greenroom, "once")) == 1)
    assert len(set(keys)) == 1


def test_nothing_moves_under_a_finger(greenroom, phone):
    drafts = [draft(greenroom, f"{THANKS}, from the pier {n}", f"Pier {n}", "pier") for n in range(6)]
    page = phone.page
    page.goto(greenroom.url + "/inbox?channel=pier")
    target = send(card(page, "pier 3"))
    target.scroll_into_view_if_needed()
    top = target.bounding_box()["y"]

    def moved() -> float:
        """Pixels; browsers scroll by whole ones."""
        return abs(target.bounding_box()["y"] - top)

    greenroom.write("I want to end it all, I can't go on", fan="Danger", channel="pier")
    expect(page.locator("#news-button")).to_have_text("1 new, 1 urgent")
    expect(page).to_have_title(re.compile("1 urgent"))
    assert moved() < 1
    greenroom.decide(drafts[0], "tom", "approve")
    expect(card(page, "pier 0")).to_have_attribute("data-state", "approved")
    assert moved() < 1
    edited = greenroom.api("GET", f"/api/drafts/{drafts[1]}")["post"]["post_id"]
    greenroom.api("PATCH", f"/api/posts/{edited}", {"text": f"{THANKS}, from the pier 1. {LONG}"})
    expect(card(page, "pier 1. It was")).to_have_attribute("data-state", "waiting")
    expect(card(page, "pier 0").get_by_text("Sent by Tom")).to_be_visible()
    assert moved() < 1


def test_a_long_reply_is_read_before_it_is_sent(greenroom, phone):
    draft(greenroom, f"{THANKS}, says Lena", "Lena", "long", "A line of the reply.\n" * 12 + "The last line.")
    phone.page.goto(greenroom.url + "/inbox?channel=long")
    mine = card(phone.page, "Lena")
    expect(mine.get_by_role("button", name="Show all")).to_be_visible()
    send(mine).click()
    expect(mine.get_by_text("Here is the whole reply.")).to_be_visible()
    expect(mine).to_have_attribute("data-state", "waiting")
    expect(mine.get_by_role("button", name="Show all")).to_have_count(0)
    send(mine).click()
    expect(mine).to_have_attribute("data-state", "approved")


def test_a_correction_and_a_removal_in_words(greenroom, desk):
    post = greenroom.write(f"{THANKS}, says Petra", fan="Petra", channel="later")
    draft = greenroom.card(post)["draft_id"]
    desk.page.goto(greenroom.url + "/inbox?channel=later")
    mine = card(desk.page, "Petra")
    send(mine).click()
    expect(mine.get_by_text("Sent by you")).to_be_visible()
    old = greenroom.api("GET", f"/api/drafts/{draft}")["deliveries"][0]["text"]
    mine.get_by_role("button", name="Correct").click()
    mine.get_by_label("The whole reply, as it should stand").fill("The new words")
    mine.get_by_role("button", name="Correct the reply").click()
    expect(mine.get_by_text("Correction waits")).to_be_visible()
    expect(mine.locator("[data-part=reply]")).to_contain_text(old)
    expect(mine.locator("[data-part=reply]")).to_contain_text("The new words")
    expect(mine.get_by_text("Corrected by you")).to_be_visible()
    mine.get_by_role("button", name="Remove", exact=True).click()
    mine.get_by_role("button", name="Remove the reply").click()
    expect(mine.get_by_text("Removal waits")).to_be_visible()
    expect(mine.get_by_text("Removed by you")).to_be_visible()


def test_the_keyboard_alone(greenroom, desk):
    for n in range(5):
        greenroom.write(f"{THANKS}, key {n}", fan=f"Key {n}", channel="keys")
    page = desk.page
    page.goto(greenroom.url + "/inbox?channel=keys")
    press = page.keyboard.press
    at = [card(page, f"key {n}") for n in range(5)]
    press("j")
    expect(at[0]).to_be_focused()
    press("j")
    press("k")
    expect(at[0]).to_be_focused()
    expect(page.locator("#beside")).to_contain_text("What we said to Key 0 before")
    press("Enter")
    expect(at[0]).to_have_attribute("data-state", "approved")
    expect(at[1]).to_be_focused()
    press("u")
    expect(at[0]).to_have_attribute("data-state", "waiting")
    expect(at[0]).to_be_focused()
    words = at[0].locator("[data-part=reply]").inner_text()
    press("w")
    expect(at[0].locator("[data-part=reply]")).not_to_have_text(words)
    press("e")
    expect(editor(at[0])).to_be_focused()
    page.keyboard.type(" By hand jkuews.")
    press("Escape")
    expect(at[0]).to_be_focused()
    press("e")
    press("Control+Enter")
    expect(at[0].get_by_text("You said yes")).to_be_visible()
    expect(at[1]).to_be_focused()
    press("s")
    press("Enter")
    expect(at[1].get_by_text("Skipped by you")).to_be_visible()
    expect(at[2]).to_be_focused()
    press("z")
    press("Tab")
    press("Enter")
    expect(at[2].get_by_text("Snoozed until")).to_be_visible()
    expect(at[3]).to_be_focused()
    press("h")
    expect(at[3].get_by_label("Hand over to")).to_be_focused()
    press("t")  # Tom
    press("Tab")
    page.keyboard.type("You know them, @tom")
    press("Tab")
    press("Enter")
    expect(at[3].get_by_text("for Tom")).to_be_visible()
    expect(at[3].get_by_text("1 note")).to_be_visible()
    expect(at[4]).to_be_focused()
    press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Undo the last decision")
    page.keyboard.type("view: decided")
    press("Enter")
    expect(page).to_have_url(re.compile("view=decided"))
    expect(page).to_have_title(re.compile(r"^\("))  # its script runs
    press("/")
    expect(page.get_by_label("Words in a post, a name or a reply")).to_be_focused()
    page.keyboard.type("KEY 1")
    press("Enter")
    expect(page.locator("#cards > article")).to_have_count(1)
    assert desk.faults == []


def test_left_alone_posts_have_a_reason_and_can_get_a_card(greenroom, phone):
    greenroom.write("my train is late again", fan="Rail", channel="left")
    page = phone.page
    page.goto(greenroom.url + "/inbox?view=left&channel=left")
    mine = card(page, "my train is late")
    expect(mine.get_by_text("Left alone:")).to_be_visible()
    mine.get_by_role("button", name="Ask for a card").click()
    expect(page.locator("article[data-draft]", has_text="my train is late")).to_be_focused()


def test_a_card_that_the_stream_tells_of_before_the_answer_comes_stays(greenroom, phone):
    greenroom.write("my bus is late again", fan="Rail", channel="late")
    page = phone.page
    page.goto(greenroom.url + "/inbox?view=left&channel=late")
    held = []
    page.route("**/api/posts/*/card", lambda route: held.append((route, route.fetch())))
    card(page, "my bus is late").get_by_role("button", name="Ask for a card").click()
    mine = page.locator("article[data-draft]", has_text="my bus is late")
    expect(mine).to_be_visible()
    with page.expect_response("**/inbox/cards?*") as asked:
        for route, answer in held:
            route.fulfill(response=answer)
    asked.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(mine).to_be_focused()


HTML = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}'


def test_a_fans_words_never_become_html(greenroom, visit):
    """In the name, the text, the channel and everything of an attachment; on the card, around it and in toasts."""
    brought = [
        {"kind": "image", "url": f"javascript:window.hacked=1//{HTML}", "title": HTML},
        {"kind": "link", "url": f"https://example.com/{HTML}", "title": HTML},
        {"kind": "image", "url": f"/static/samples/lamp.svg?{HTML}", "title": f'" onerror="window.hacked=1" {HTML}'},
    ]
    for text in ("first", "second"):
        draft(greenroom, f"{THANKS} {text} {HTML}", f"Eve {HTML}", f"c{HTML}", "<b>No</b>", attachments=brought)
    mara = visit("mara", PHONE)
    page = mara.page
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Words in a post").fill("onerror")
    with page.expect_navigation():
        page.get_by_role("button", name="Show", exact=True).click()
    mine = card(page, "second")
    mine.get_by_role("button", name="More").click()
    mine.get_by_role("button", name="Around it").click()
    mine.get_by_label("A note for your colleagues").fill(HTML)
    mine.get_by_role("button", name="Add the note").click()
    expect(mine.locator("[data-notes] li")).to_contain_text("<script>")
    mine.get_by_role("button", name="Edit").click()
    editor(mine).fill(f"You too {HTML}")
    editor(mine).press("Escape")
    expect(mine.get_by_text("Your words are kept: You too <img")).to_be_visible()
    mine.get_by_role("button", name="Discard").click()
    send(mine).click()
    expect(page.locator(".toast")).to_contain_text("<img src=x")
    page.goto(greenroom.url + "/inbox?view=all&q=onerror")
    expect(card(page, "second")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("#cards img[src=x], #cards script, a[href^=javascript]").count() == 0
    assert [fault for fault in mara.faults if "Content Security Policy" in fault] == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_no_serious_fault(greenroom, visit, axe, shoot, size):
    long_name = "Wolfgang Amadeus Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
    for fan, text in {"نادية": "أحب هذه اللعبة كثيرا", long_name: CRASH, "fox 🦊": THANKS, "Ona": LONG}.items():
        greenroom.write(text, fan=fan, channel=f"axe-{size[0]}")
    mara = visit("mara", size)
    page = mara.page
    page.goto(f"{greenroom.url}/inbox?channel=axe-{size[0]}")
    shoot(page, f"inbox-cards-{size[0]}", dark=True)
    assert axe(page) == []
    mine = card(page, "fox")
    mine.get_by_role("button", name="Edit").click()
    editor(mine).fill("@everyone we fix it tomorrow")
    expect(mine.locator("[data-remarks] .check")).to_contain_text("ping a crowd")
    card(page, CRASH).get_by_role("button", name="More").click()
    card(page, CRASH).get_by_role("button", name="Around it").click()
    expect(page.locator("[data-notes]")).to_be_visible()
    shoot(page, f"inbox-open-{size[0]}", dark=True)
    assert axe(page) == []
    assert page.evaluate(TOO_SMALL) == []
    page.get_by_role("button", name="Find").click()
    assert axe(page) == []
    page.goto(f"{greenroom.url}/inbox?view=snoozed&channel=axe-{size[0]}")
    shoot(page, f"inbox-empty-{size[0]}", dark=True)
    assert axe(page) == []
    assert mara.faults == []


def test_fits_a_small_phone(greenroom, visit):
    greenroom.write(f"{CRASH}: {'unbroken' * 40}", fan="N" * 190, channel="small")
    page = visit("mara", (320, 568)).page
    page.goto(greenroom.url + "/inbox?channel=small")
    mine = card(page, CRASH)
    mine.get_by_role("button", name="More").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(TOO_SMALL) == []


def test_who_has_a_card_fits_a_small_phone(greenroom, visit):
    words = "I can't do this anymore, nobody would notice if I was gone"  # with a reason longer than the line
    mine = greenroom.card(greenroom.write(words, fan="Held", channel="held"))["draft_id"]
    greenroom.decide(mine, "mara", "open")
    page = visit("mara", (360, 640)).page
    page.goto(greenroom.url + "/inbox?channel=held")
    badge = card(page, words).get_by_text("you have it")
    expect(badge).to_be_visible()
    room, taken = card(page, words).bounding_box(), badge.bounding_box()
    assert taken["x"] + taken["width"] <= room["x"] + room["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_stream_that_outlives_a_break_leaves_no_word_of_it(greenroom, phone):
    page, said = phone.page, phone.page.get_by_text("No connection.")
    page.goto(greenroom.url + "/inbox?channel=break")
    greenroom.write(f"{CRASH} before", fan="Before", channel="break")
    show_new(page, "before")  # the stream is there
    phone.context.set_offline(True)  # what is open stays open, as when a phone changes its network and back
    expect(said).to_be_visible()
    phone.context.set_offline(False)
    expect(said).to_be_hidden()
    greenroom.write(f"{CRASH} after", fan="After", channel="break")
    show_new(page, "after")


def test_nothing_stands_around_a_forgotten_post_not_even_what_stood_there_before(greenroom, desk):
    greenroom.write(THANKS, fan="Stays", channel="forgotten")
    greenroom.write(f"{THANKS}, I go now", fan="Goes", channel="forgotten")
    greenroom.api("DELETE", "/api/fans/web/fan-Goes")
    page = desk.page
    page.goto(greenroom.url + "/inbox?channel=forgotten&view=all")
    beside = page.get_by_label("Around this post")
    card(page, "Stays").get_by_role("button", name="Around it").or_(
        card(page, "Stays").locator(".why-line")
    ).first.click()
    expect(beside.get_by_role("heading", name="What we said to Stays before")).to_be_visible()
    gone = card(page, "no longer kept")
    gone.click()
    expect(beside).to_have_text("What stands around this post cannot be shown.")
    expect(gone.get_by_role("button", name="Around it")).to_have_count(0)


def test_the_first_page_is_small_and_more_follows(greenroom, visit):
    for n in range(60):
        greenroom.write(f"{THANKS}, page {n}. {LONG[:200]}", fan=f"Page {n}", channel="paging")
    mara = visit("mara", PHONE)
    loaded: list[Request] = []
    mara.context.on("requestfinished", lambda request: loaded.extend([request]))
    page = mara.open(greenroom.url + "/inbox?channel=paging")
    articles = page.locator("#cards > article")
    expect(articles).to_have_count(25)
    assert sum(request.sizes()["responseBodySize"] for request in loaded) < 150_000
    page.get_by_role("link", name="More", exact=True).click()
    expect(articles).to_have_count(50)
    expect(articles.nth(25)).to_be_focused()
    page.get_by_role("link", name="More", exact=True).click()
    expect(articles).to_have_count(60)
    expect(page.get_by_role("link", name="More", exact=True)).to_have_count(0)
    ids = articles.evaluate_all("cards => cards.map((card) => card.id)")
    assert len(set(ids)) == 60


ALERTS = """
    window.told = {sounds: 0, notes: []};
    window.away = false;
    Object.defineProperty(document, "hidden", {get: () => window.away});
    const start = AudioScheduledSourceNode.prototype.start;
    AudioScheduledSourceNode.prototype.start = function (...at) { told.sounds += 1; return start.apply(this, at); };
    window.Notification = class {
        static requestPermission() { return Promise.resolve("granted"); }
        constructor(_title, {body}) { told.notes.push(body); }
    };
"""
"""Counts what the browser is asked to play and to show, and says that it has the permission."""
NO_NOTIFICATION = """
    window.Notification = class {
        static requestPermission() { return Promise.resolve("granted"); }
        constructor() { throw new TypeError("Illegal constructor"); }
    };
"""
"""As Android has it."""


def alarm(page: Page, name: str) -> Locator:
    """The box of the menu that switches an alarm on."""
    if not page.get_by_label(name).is_visible():
        page.get_by_label("Menu:").click()
    return page.get_by_label(name)


def test_only_what_is_urgent_is_heard_and_only_when_asked_for(greenroom, desk):
    """A sound, and a notification where the page is not in sight; both remembered by the browser."""
    desk.context.add_init_script(ALERTS)
    page = desk.page
    address = greenroom.url + "/inbox?channel=alarm"
    page.goto(address)

    def comes(words: str, fan: str) -> dict[str, Any]:
        """What was told, once the page shows a new post."""
        greenroom.write(words, fan=fan, channel="alarm")
        show_new(page, fan)
        return page.evaluate("told")

    danger = "I want to end it all, I can't go on"
    assert comes(f"{danger} one", "Ada") == {"sounds": 0, "notes": []}
    expect(alarm(page, "Play a sound")).not_to_be_checked()
    alarm(page, "Play a sound").check()
    page.wait_for_function("told.sounds === 1")  # that is how it sounds
    alarm(page, "Show a notification").check()
    page.wait_for_function("told.notes.length === 1")

    page.goto(address)
    expect(alarm(page, "Play a sound")).to_be_checked()
    expect(alarm(page, "Show a notification")).to_be_checked()
    page.keyboard.press("Escape")
    page.evaluate("window.away = true")
    assert comes(f"{THANKS} two", "Ben") == {"sounds": 0, "notes": []}
    assert comes(f"{danger} three", "Cat") == {"sounds": 1, "notes": ["Something urgent waits for an answer."]}
    page.evaluate("window.away = false")
    told = comes(f"{danger} four", "Dot")
    assert (told["sounds"], len(told["notes"])) == (2, 1)
    alarm(page, "Play a sound").uncheck()
    page.goto(address)
    expect(alarm(page, "Play a sound")).not_to_be_checked()
    page.keyboard.press("Escape")
    page.evaluate("window.away = true")
    told = comes(f"{danger} five", "Eli")
    assert (told["sounds"], len(told["notes"])) == (0, 1)
    assert desk.faults == []


def test_a_browser_without_notifications_says_so_and_the_page_goes_on(greenroom, phone):
    phone.context.add_init_script(NO_NOTIFICATION)
    page = phone.page
    page.goto(greenroom.url + "/inbox?channel=android")
    alarm(page, "Show a notification").click()
    expect(page.locator(".toast", has_text="does not let")).to_be_visible()
    expect(alarm(page, "Show a notification")).not_to_be_checked()
    # Also where it was switched on before the browser changed its mind.
    page.evaluate("localStorage.setItem('alerts', JSON.stringify({notification: true}))")
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    greenroom.write("I want to end it all, I can't go on", fan="Finn", channel="android")
    show_new(page, "Finn")
    assert phone.faults == []


def test_nothing_can_be_pressed_before_the_page_hears_it(greenroom, phone):
    """Else a press, or words typed into a field, would be lost without a word."""
    draft(greenroom, f"{THANKS}, says Early", "Early", "early")
    held: list[Route] = []
    phone.page.route("**/static/inbox.js", lambda route: held.extend([route]))
    page = phone.page
    page.goto(greenroom.url + "/inbox?channel=early", wait_until="commit")
    mine = card(page, "Early")
    expect(mine).to_be_visible()
    button = mine.locator("[data-action=approve]")
    button.focus()
    page.keyboard.press("Enter")
    at = button.bounding_box()
    page.mouse.click(at["x"] + 5, at["y"] + 5)
    expect(button).not_to_be_focused()
    page.get_by_role("link", name="Lobby", exact=True).click(trial=True)  # links work without a script
    greenroom.until(lambda: held or page.wait_for_timeout(50))
    held[0].continue_()
    send(mine).click()
    expect(mine.get_by_text("You said yes")).to_be_visible()
    assert phone.faults == []


def test_a_post_needs_no_answer_with_one_press_and_the_press_is_taken_back(greenroom, phone):
    long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    texts = ("the game crashes every time i open the inventory", "how do i link my account?")
    for text, fan in zip(texts, ("Abel", "Bo"), strict=True):
        greenroom.write(text, fan=fan, channel="forgotten", at=long_ago)
    page = phone.page
    page.goto(f"{greenroom.url}/inbox?view=unanswered&channel=forgotten")
    expect(page.locator("#cards > article")).to_have_count(2)
    count = page.locator("[data-view=unanswered] .count")
    expect(card(page, "Abel").get_by_role("button", name="Ask the author")).to_have_count(0)
    card(page, "Abel").get_by_role("button", name="Needs no answer").click()
    expect(card(page, "Abel")).to_contain_text("Skipped by you")
    expect(count).to_have_text("1")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(count).to_have_text("2")
    page.reload()
    opened = card(page, "Abel").get_by_role("link", name="Open its card")
    expect(card(page, "Abel").get_by_role("button", name="Ask for a card")).to_have_count(0)
    opened.click()
    expect(page).to_have_url(re.compile(r"view=waiting.*#draft-"))
    expect(page.locator("#cards > article[data-state=waiting]")).to_have_count(1)
    assert phone.faults == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_what_is_new_covers_no_card_and_all_views_can_be_found(greenroom, visit, shoot, size):
    page, channel = visit("mara", size).page, f"news-{size[0]}"
    draft(greenroom, CRASH, "First", channel)
    page.goto(f"{greenroom.url}/inbox?channel={channel}")
    first = card(page, "First")
    expect(first).to_be_visible()
    draft(greenroom, THANKS, "Second", channel)
    news = page.locator("#news-button")
    expect(news).to_be_visible()
    shoot(page, f"news-{size[0]}")
    above, below = news.bounding_box(), first.bounding_box()
    assert above["y"] + above["height"] <= below["y"]
    views = page.get_by_role("navigation", name="Views")
    if size == DESK:
        assert views.evaluate("(views) => views.scrollWidth <= views.clientWidth"), "all are in sight"
    else:
        assert "gradient" in views.evaluate("(views) => getComputedStyle(views).maskImage"), "there are more"
    news.click()
    expect(card(page, "Second")).to_be_visible()
    expect(news).to_be_hidden()


def test_who_decides_in_another_tab_is_told_so(greenroom, desk):
    page = desk.page
    draft(greenroom, THANKS, "Noor", "tabs")
    page.goto(greenroom.url + "/inbox?channel=tabs")
    other = desk.open(greenroom.url + "/inbox?channel=tabs")
    expect(send(card(page, "Noor"))).to_be_visible()
    other.route("**/inbox/cards*", lambda route: route.abort())  # it has not heard of it yet
    send(card(page, "Noor")).click()
    expect(page.locator(".toast", has_text="Sending to Noor")).to_be_visible()
    send(card(other, "Noor")).click()
    expect(card(other, "Noor")).to_contain_text("You approved this at")


def test_remarks_are_about_the_text_that_stands_there_or_are_gone(greenroom, desk):
    page = desk.page
    draft(greenroom, THANKS, "Ida", "remarks")
    page.goto(greenroom.url + "/inbox?channel=remarks")
    of = card(page, "Ida")
    of.get_by_role("button", name="Edit", exact=True).click()
    editor(of).fill("We will fix it tomorrow!")
    remarks = of.locator("[data-remarks]")
    expect(remarks).to_contain_text("Promises a time")
    desk.context.set_offline(True)
    editor(of).fill("Thank you, Ida.")
    expect(remarks).to_be_empty()
    desk.context.set_offline(False)
