"""The live page in a real browser: it changes by itself, and never under somebody's hand."""

import contextlib
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL

CRASH = "the game crashes every time i open the inventory"
PRAISE = "finally finished my lantern cosplay, the paper moths took a whole week"
VARIED = [
    (PRAISE, "Robin", "art-corner"),
    (CRASH, "Kim 🦊", "bugs"),
    ("بصراحة الخريطة الجديدة رائعة جداً", "نور", "العربية"),
    (
        "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente" * 6,
        "Max" * 12,
        "averylongchannelnamewithoutanyspaceinit",
    ),
    ("<b>bold</b> & “quoted” ✨ emoji 👩‍👩‍👧‍👦", "<i>Ann</i>", "general"),
    ("i can't do this anymore, i want to end it all tonight", "Dan", "general"),
    ("did anyone watch the match yesterday", "Eve", "off-topic"),
    ("how do i link my account?", "Finn", "help"),
    ("thank you so much, that helped!", "Gil", "help"),
]


@pytest.fixture
def live(desk, greenroom):
    """The live page at a desk."""
    page = desk.open(f"{greenroom.url}/live")
    expect(page.get_by_role("heading", name="Live")).to_be_visible()
    yield page
    assert desk.faults == []


def row(page, post):
    return page.locator(f"#post-{post}")


def away(page):
    """Take the pointer off the list, so that new posts come in by themselves."""
    page.mouse.move(2, 2)


def test_a_post_is_followed_from_its_arrival_to_its_reply(live, greenroom):
    away(live)
    came_in = live.locator(".tiles div", has=live.get_by_text("came in", exact=True)).locator("dd")
    before = int(came_in.inner_text())
    post = greenroom.write(PRAISE, channel="art-corner")
    expect(row(live, post)).to_contain_text("waits")
    expect(came_in).to_have_text(str(before + 1))
    row(live, post).evaluate("(element) => (element.isTheSame = true)")
    greenroom.decide(greenroom.card(post)["draft_id"], "tom", "approve")
    expect(row(live, post).locator(".where")).to_have_text("sent")
    expect(row(live, post).locator(".track .done")).to_have_count(8)
    expect(live.get_by_role("row", name="Tom")).to_be_visible()
    assert row(live, post).evaluate("(element) => element.isTheSame"), "only its parts were put in place"
    row(live, post).get_by_role("link").click()
    expect(live.locator(f"#draft-{greenroom.card(post)['draft_id']}")).to_be_visible()


def test_nothing_moves_under_the_pointer_or_the_focus(live, greenroom):
    away(live)
    first = greenroom.write(PRAISE, fan="Ada")
    expect(row(live, first)).to_be_visible()
    row(live, first).hover()
    before = row(live, first).bounding_box()
    second = greenroom.write("love the new harbor, it is so pretty", fan="Ben")
    expect(live.get_by_role("button", name="Show 1 new")).to_be_visible()
    expect(row(live, second)).to_have_count(0)
    link = row(live, first).get_by_role("link")
    link.focus()
    greenroom.decide(greenroom.card(first)["draft_id"], "tom", "reject", reason="no reply needed")
    expect(row(live, first)).to_contain_text("skipped by Tom")
    expect(link).to_be_focused()  # the part it stands in has a new address, and is another element
    assert row(live, first).bounding_box() == before
    live.get_by_role("button", name="Show 1 new").click()
    expect(row(live, second)).to_be_visible()


def test_while_it_is_paused_nothing_changes(live, desk, greenroom):
    other = desk.open(f"{greenroom.url}/live")
    live.bring_to_front()
    away(live)
    live.get_by_role("button", name="Pause").click()
    expect(live.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    before = live.locator("main").inner_html()
    post = greenroom.write("the rain in chapter two is so lovely", fan="Cat")
    other.bring_to_front()
    away(other)
    expect(row(other, post)).to_be_visible()
    assert live.locator("main").inner_html() == before
    live.bring_to_front()
    live.get_by_role("button", name="Pause").click()
    expect(row(live, post)).to_be_visible()


def test_an_opened_table_and_selected_words_stay(live, greenroom):
    live.get_by_text("As a table").first.click()
    table = live.get_by_role("table").filter(has=live.get_by_role("columnheader", name="Hour"))
    expect(table.get_by_role("row")).to_have_count(25)
    sums = table.locator("tbody tr").last.locator("td").first
    before = int(sums.inner_text())
    greenroom.write(PRAISE, fan="Gus")
    expect(sums).not_to_have_text(str(before))
    expect(table).to_be_visible()


def test_many_events_leave_the_page_usable(live, greenroom):
    """As 2,000 events in a minute and more: the page looks at most once a second, shows the last, and takes a press."""
    asked = []
    live.on("request", lambda request: asked.append(request.url))
    away(live)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        posts = list(pool.map(lambda n: greenroom.write(f"the map q{n}q is gorgeous", fan=f"fan{n}"), range(250)))
    expect(live.locator(".travels > li")).to_have_count(30)
    expect(row(live, greenroom.write("that was the last one", fan="Zoe"))).to_be_visible()
    looks = sum("/live/posts" in url for url in asked)
    assert 0 < looks <= time.monotonic() - began + 2
    assert sum("/live/figures" in url for url in asked) <= (time.monotonic() - began) / 5 + 2
    assert len(posts) == 250
    live.get_by_role("button", name="Pause").click()
    expect(live.get_by_text("Paused: nothing on this page changes.")).to_be_attached()


@pytest.fixture(scope="module")
def busy(greenroom):
    """A day with fans of many kinds; two of their posts are decided."""
    for text, fan, channel in VARIED:
        post = greenroom.write(text, fan=fan, channel=channel)
        if text == PRAISE:
            greenroom.decide(greenroom.card(post)["draft_id"], "mara", "edit", text="This is lovely, well done!")
        elif "link my account" in text:
            greenroom.decide(greenroom.card(post)["draft_id"], "tom", "reject", reason="no reply needed")
    return greenroom


def test_a_phone_shows_the_answers_and_folds_the_rest(visit, busy):
    phone = visit("mara", PHONE)
    page = phone.open(f"{busy.url}/live?span=week")
    reasons = page.locator("[data-part=channels]")
    expect(page.locator("#figures[data-folded]")).to_be_visible()
    for answer in ("[data-part=today] dl", "#to-waiting", "#to-unanswered"):
        expect(page.locator(answer)).to_be_visible()
    expect(reasons.get_by_role("table")).to_be_hidden()
    reasons.locator("summary").click()
    expect(reasons.get_by_role("table")).to_be_visible()
    # What was opened stays open, and what was not stays folded, when the numbers change.
    came_in = page.locator(".tiles dd").first
    before = int(came_in.inner_text())
    busy.write(PRAISE, fan="Lou", channel="harbor")
    expect(came_in).to_have_text(str(before + 1))
    expect(reasons.get_by_role("table")).to_be_visible()
    expect(page.locator("[data-part=people]").get_by_role("table")).to_be_hidden()

    rows = page.locator(".travels > li")
    expect(rows.nth(8)).to_be_hidden()
    expect(rows.first.locator(".track")).to_be_hidden()
    expect(rows.first.locator(".where")).to_be_visible()
    page.get_by_role("button", name="Hops").click()
    expect(rows.first.locator(".track")).to_be_visible()
    page.get_by_role("button", name="All posts on their way").click()
    expect(rows.nth(8)).to_be_visible()
    # Turned to a wide screen, nothing is folded.
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    expect(page.locator("[data-part=people]").get_by_role("table")).to_be_visible()
    expect(page.locator(".folded > summary").first).to_be_hidden()
    assert phone.faults == []


PATIENT = 90_000
"""Milliseconds. The numbers rest nine times as long as the server worked on them: on a busy machine they come late."""


def test_a_surge_stands_on_live_and_in_the_inbox_by_itself(desk, greenroom):
    complaint = greenroom.card(greenroom.write(CRASH, fan="Wren", channel="harbor"))
    live = desk.open(f"{greenroom.url}/live")

    def tell(name):
        """As the watch would; what surges it can only tell after a week."""
        with contextlib.closing(sqlite3.connect(greenroom.folder / "var/greenroom.db", timeout=30)) as base, base:
            at = f"{datetime.now(UTC).replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}"
            base.execute("INSERT INTO events (at, name, data) VALUES (?, ?, '{\"number\": 7}')", (at, name))
        greenroom.write(PRAISE, fan="Ada")  # the program wakes

    tell("surge_began")
    for page in (live, desk.page):
        page.bring_to_front()
        expect(page.locator(".surge")).to_contain_text("Many more complaints than usual since", timeout=PATIENT)
    desk.page.locator(".surge").get_by_role("link", name="Card of Wren").click()
    expect(desk.page.locator(f"#draft-{complaint['draft_id']}")).to_be_visible()
    expect(desk.page.locator(".surge")).to_be_visible()
    tell("surge_ended")
    for page in (live, desk.page):
        page.bring_to_front()
        expect(page.locator(".surge")).to_have_count(0, timeout=PATIENT)
    assert desk.faults == []


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK), ("small", (320, 640))])
def test_it_fits_the_screen_and_axe_finds_no_serious_fault(visit, busy, axe, shoot, name, size):
    manager = visit("mara", size)
    page = manager.open(f"{busy.url}/live?span=week")
    expect(page.locator(".travels > li").first).to_be_visible()
    shoot(page, f"live-{name}", dark=True, full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(TOO_SMALL) == []
    assert axe(page) == []
    assert manager.faults == []
