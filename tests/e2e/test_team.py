"""The team and the audit page in a browser, and what the browser refuses there."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL


def test_a_session_is_ended_on_a_phone(visit, greenroom, axe, shoot):
    mara, tom = visit("mara", PHONE), visit("tom", DESK)
    mara.page.get_by_role("link", name="Team").click()
    expect(mara.page.get_by_role("heading", name="Team")).to_be_visible()
    expect(mara.page.get_by_text("this one")).to_have_count(1)
    assert axe(mara.page) == []
    assert mara.page.evaluate(TOO_SMALL) == []
    shoot(mara.page, "team_phone", full_page=True)
    mara.page.once("dialog", lambda asked: asked.dismiss())
    mara.page.get_by_role("button", name=re.compile("session of Tom")).click()
    expect(mara.page.get_by_role("button", name=re.compile("session of Tom"))).to_be_enabled()
    mara.page.once("dialog", lambda asked: asked.accept())
    mara.page.get_by_role("button", name=re.compile("session of Tom")).click()
    expect(mara.page.get_by_text("The session has ended.")).to_be_visible()
    expect(mara.page.get_by_role("button", name=re.compile("session of Tom"))).to_have_count(0)
    tom.page.reload()
    expect(tom.page.get_by_text("You are not signed in.")).to_be_visible()
    mara.page.get_by_role("link", name="Audit").click()
    expect(mara.page.get_by_text(re.compile("Ended a session: Tom, Chrome on Linux"))).to_be_visible()
    assert mara.faults == []


def test_ones_own_session_ends_at_the_door(visit):
    mara = visit("mara", DESK)
    mara.page.goto(mara.page.url.replace("/inbox", "/team"))
    mara.page.once("dialog", lambda asked: asked.accept())
    mara.page.get_by_role("button", name=re.compile("this one")).click()
    expect(mara.page.get_by_text("You are not signed in.")).to_be_visible()


def test_the_audit_page_filters_and_downloads(visit, greenroom, axe, shoot):
    fan = "Señora Niebla‑de‑la‑Torre‑y‑Mar 🌫️ נועה"
    card = greenroom.card(greenroom.write("the new map is gorgeous", fan=fan))
    greenroom.decide(card["draft_id"], "tom", "reject")
    mara = visit("mara", PHONE)
    page = mara.page
    page.goto(f"{greenroom.url}/team/audit")
    assert axe(page) == []
    assert page.evaluate(TOO_SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, "audit_phone")
    page.locator("select[name=by]").select_option("Tom")
    page.get_by_label("What").select_option("Decisions")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Skipped the draft")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 2
    assert "Skipped the draft" in lines[1]
    page.get_by_role("link", name="All about it").click()
    expect(page.get_by_text("A draft waits")).to_be_visible()
    page.get_by_role("link", name="Card").first.click()
    expect(page.locator(f"#draft-{card['draft_id']}")).to_be_visible()
    assert mara.faults == []


def test_the_browser_makes_no_html_of_a_text(visit):
    """Even where a script of ours tried: only what the server made passes."""
    page = visit("mara", DESK).page
    for attempt in (
        "document.body.innerHTML = '<b>planted</b>'",
        "document.body.insertAdjacentHTML('beforeend', '<b>planted</b>')",
        "new DOMParser().parseFromString('<b>planted</b>', 'text/html')",
        "trustedTypes.createPolicy('mine', {createHTML: (html) => html})",
    ):
        said = page.evaluate(f"() => {{ try {{ {attempt}; return 'done' }} catch (error) {{ return error.name }} }}")
        assert said == "TypeError", attempt
