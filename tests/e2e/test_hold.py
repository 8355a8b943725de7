"""Everything on hold, with two managers who look at the same time, and the lists of those who wait."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL

PRAISE = "finally finished my lantern cosplay, the paper moths took a whole week"
REASON = "a false rumour about the servers"


def card(page, draft_id):
    return page.locator(f"#draft-{draft_id}")


def begin(page, reason):
    page.locator(".hold-menu summary").click()
    page.get_by_label("Why, for the whole team").fill(reason)
    page.get_by_role("button", name="Put everything on hold").click()


@pytest.fixture
def lifted(greenroom):
    """Nothing is on hold before and after."""
    yield
    if greenroom.api("GET", "/api/hold")["on_hold"]:
        greenroom.api("DELETE", "/api/hold?by=tom")


def test_one_holds_the_other_sees_it_and_nothing_goes_out_until_it_is_lifted(greenroom, visit, lifted):
    mara, tom = visit("mara", PHONE), visit("tom", DESK)
    draft = greenroom.card(greenroom.write(PRAISE, fan="Robin"))["draft_id"]
    tom.page.goto(f"{greenroom.url}/inbox")
    card(tom.page, draft).get_by_role("button", name="Send", exact=True).click()
    greenroom.until(lambda: greenroom.api("GET", f"/api/drafts/{draft}")["state"] == "approved")
    begin(mara.page, REASON)
    told = re.compile(rf"On hold since \d\d:\d\d \S+ by Mara Quint: {REASON}")
    for page in (mara.page, tom.page):
        expect(page.locator("#hold")).to_contain_text(told)
        expect(page.locator(".hold-menu")).to_be_hidden()
    expect(mara.page.locator("#toasts")).to_contain_text("1 approved reply waits for a new yes")
    tom.page.goto(f"{greenroom.url}/inbox")
    expect(card(tom.page, draft)).to_contain_text("On hold: nothing is sent now.")
    card(tom.page, draft).get_by_role("button", name="Send", exact=True).click()
    expect(card(tom.page, draft)).to_contain_text("Mara Quint has put everything on hold since")
    for path in ("/live", "/lobby", "/team", "/templates"):
        tom.page.goto(greenroom.url + path)
        expect(tom.page.locator("#hold")).to_contain_text(told)
    tom.page.goto(f"{greenroom.url}/inbox")
    tom.page.get_by_role("button", name="Lift the hold").click()
    for page in (tom.page, mara.page):
        expect(page.locator(".on-hold")).to_have_count(0)
        expect(page.locator(".hold-menu")).to_be_visible()
    assert greenroom.api("GET", f"/api/drafts/{draft}")["state"] == "waiting", "it waits for a new yes"
    card(tom.page, draft).get_by_role("button", name="Send", exact=True).click()
    greenroom.until(lambda: greenroom.api("GET", f"/api/drafts/{draft}")["state"] == "approved")
    # A refused press is told by the server with a 409, which the browser notes by itself.
    assert [fault for fault in (*mara.faults, *tom.faults) if "409" not in fault] == []


def test_a_hold_needs_a_reason_and_nobody_begins_a_second_one(greenroom, desk, lifted):
    desk.page.locator(".hold-menu summary").click()
    desk.page.get_by_role("button", name="Put everything on hold").click()
    expect(desk.page.get_by_label("Why, for the whole team")).to_be_focused()
    assert not greenroom.api("GET", "/api/hold")["on_hold"]
    desk.page.get_by_label("Why, for the whole team").fill(REASON)
    desk.page.get_by_role("button", name="Put everything on hold").click()
    expect(desk.page.locator(".toast")).to_have_text("Nothing is sent now.")
    greenroom.api("DELETE", "/api/hold?by=tom")
    expect(desk.page.locator("#hold")).to_have_text("")
    greenroom.api("POST", "/api/hold", {"by": "tom", "reason": REASON})
    expect(desk.page.locator("#hold")).to_contain_text(f"by Tom: {REASON}")
    expect(desk.page.get_by_role("button", name="Put everything on hold")).to_be_hidden()


def test_a_phone_shows_three_lines_of_a_long_reason_and_the_rest_on_a_press(greenroom, phone, lifted):
    greenroom.api("POST", "/api/hold", {"by": "tom", "reason": "the old date stands in a draft. " * 8 + "Ask Anna."})
    phone.page.goto(f"{greenroom.url}/inbox")
    words = phone.page.locator("#hold summary span")
    lines = "(e) => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)"
    expect(phone.page.locator("#hold summary[data-long]")).to_be_visible()
    assert round(words.evaluate(lines)) == 3
    assert words.evaluate("(e) => e.scrollHeight > e.clientHeight")
    phone.page.locator("#hold summary").click()
    expect(phone.page.locator("#hold details")).to_have_attribute("open", "")
    assert words.evaluate("(e) => e.scrollHeight <= e.clientHeight + 1")
    assert phone.faults == []


@pytest.mark.parametrize("size", [PHONE, DESK, (320, 640)], ids=str)
def test_a_long_reason_leaves_room_for_the_page(greenroom, visit, axe, lifted, size):
    manager = visit("mara", size)
    greenroom.api("POST", "/api/hold", {"by": "tom", "reason": ("الخادم متوقف " + "x" * 120 + " because ") * 2})
    for path in ("/inbox", "/live"):
        manager.page.goto(greenroom.url + path)
        expect(manager.page.locator(".on-hold")).to_be_visible()
        assert manager.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert manager.page.locator("#hold").bounding_box()["height"] < 100
        assert manager.page.evaluate(TOO_SMALL) == []
        assert axe(manager.page) == []
