"""What works, in a real browser: the figures, and patches that are taken, changed and dropped."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL

WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
POSTS = (
    "the new map is so beautiful, i love how it looks",
    "the colours in the new map are so beautiful",
    "the new harbor looks beautiful, those colours",
    "the new rain looks beautiful, those colours",
    "this map looks so beautiful, what a sight",
    "the new fog looks so beautiful",
    "how beautiful the storm looks",
    "how beautiful the snow looks",
)
LOST = (
    "all of my progress vanished after the patch",
    "all my progress vanished after the patch",
    "all of my progress is gone after the patch",
    "all my progress just vanished after the patch",
    "all of my progress just vanished after the patch",
)
EDITED = "That makes us really happy. We show it to the team today."
OTHER = "Lovely, we show that to everybody who worked on it! Which part of it do you like most?"


@pytest.fixture(scope="module")
def edited(greenroom):
    """Edits of one wording, a skip, another wording, and a corrected reading. What the wording is."""
    cards = [greenroom.card(greenroom.write(t, fan=f"Ida{n}", channel=f"art{n}")) for n, t in enumerate(POSTS)]
    assert len({(card["template"], card["variant"]) for card in cards}) == 1
    for card in cards[:3]:
        greenroom.decide(card["draft_id"], "mara", "edit", text=EDITED)
    greenroom.decide(cards[3]["draft_id"], "tom", "edit", text=OTHER)
    greenroom.decide(cards[4]["draft_id"], "tom", "edit", text=f"Thank you, Ida4! {POSTS[4]}")
    greenroom.decide(cards[5]["draft_id"], "tom", "approve")
    greenroom.decide(cards[6]["draft_id"], "tom", "reject", reason="the wording is not right")
    greenroom.decide(cards[7]["draft_id"], "tom", "reword", alternative=1)
    wrong = greenroom.card(greenroom.write("how beautiful the rain looks", fan="Ole", channel="art9"))
    greenroom.decide(wrong["draft_id"], "tom", "relabel", intent="wish")
    return cards[0]


def test_the_page_fits_and_has_no_fault_that_axe_finds(greenroom, edited, visit, axe, shoot):
    _, intent, name = edited["template"].split("/")
    for label, size in (("phone", PHONE), ("desk", DESK), ("narrow", (320, 640))):
        manager = visit("tom", size)
        page = manager.page
        for part, address in {"works": "/templates/works", "patched": f"/templates/of/{intent}/{name}"}.items():
            page.goto(greenroom.url + address)
            expect(page.locator("form[data-patch]").first).to_be_visible()
            for summary in page.locator(".chart summary, .patch summary").all():
                summary.click()
            assert not page.evaluate(WIDER), (part, label)
            assert page.evaluate(TOO_SMALL) == [], (part, label)
            assert axe(page) == [], (part, label)
            shoot(page, f"{part}-{label}", dark=True, full_page=True)
        assert manager.faults == []


@pytest.mark.parametrize(("size", "roomy"), [(PHONE, False), ((320, 640), False), (DESK, True)])
def test_the_table_of_wordings_fits_and_tells_the_same(greenroom, edited, visit, size, roomy):
    page = visit("tom", size).page
    page.goto(f"{greenroom.url}/templates/works")
    table = page.get_by_role("region", name="What became of each wording")
    expect(table.get_by_role("row").nth(1)).to_be_visible()
    assert table.evaluate("each => each.scrollWidth <= each.clientWidth")
    heads = [one.inner_text().strip(" ↓") for one in table.get_by_role("columnheader").all()]
    kept = ["Wording", "On cards", "Sent as it is", "Edited"]
    assert heads == [*kept, *(["Another taken", "Skipped", "Words changed"] if roomy else [])]
    row = table.get_by_role("row").filter(has_text="skipped: the wording is not right (1)")
    for words in ("taken instead:", *([] if roomy else ["words changed:"])):
        expect(row).to_contain_text(words, use_inner_text=True)


def test_figures_and_reasons_are_told_and_sorted(greenroom, edited, desk):
    page = desk.open(f"{greenroom.url}/templates/works")
    expect(page.get_by_role("region", name="Sent without an edit").first).to_contain_text(
        re.compile(r"\d+% *\s*\d+ of \d+ replies")
    )
    table = page.get_by_role("region", name="What became of each wording")
    expect(table).to_contain_text("skipped: the wording is not right (1)")
    expect(table).to_contain_text("taken instead:")
    table.get_by_role("link", name="Edited").click()
    expect(page).to_have_url(re.compile("sort=edited"))
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Edited")
    expect(page.locator("tbody tr").last).to_be_visible()
    expect(page.get_by_role("heading", name="Readings that managers corrected")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Ida4")
    assert desk.faults == []


def test_a_patch_is_refused_then_changed_and_taken_and_another_one_dropped(greenroom, desk):
    cards = [greenroom.card(greenroom.write(text, fan=f"Bo{n}", channel=f"help{n}")) for n, text in enumerate(LOST)]
    assert {(card["template"], card["variant"]) for card in cards} == {("en/complaint/lost_progress", "plain")}
    greenroom.decide(cards[4]["draft_id"], "mara", "approve")
    for card in cards[:3]:
        greenroom.decide(card["draft_id"], "mara", "edit", text="I'm so sorry. Somebody looks into it today.")
    greenroom.decide(cards[3]["draft_id"], "mara", "edit", text="Nobody should have to go through that twice.")
    file = greenroom.folder / "templates/en/complaint/lost_progress.md"
    before = file.read_text("utf-8")
    page = desk.open(f"{greenroom.url}/templates/of/complaint/lost_progress")
    first, second = (page.locator("form[data-patch]").nth(n) for n in (0, 1))
    expect(first).to_contain_text("Sent 3 times")
    expect(first.locator("ins")).not_to_have_count(0)
    expect(second).to_contain_text("Sent once")
    second.get_by_text("Change it first").click()
    words = second.get_by_label("The new wording")
    words.fill("I thank you {{ nobody }}.")
    second.get_by_role("button", name="Take it").click()
    expect(second.get_by_role("alert")).to_contain_text("L03")
    expect(second.get_by_role("button", name="Take it")).to_be_enabled()
    assert file.read_text("utf-8") == before
    words.fill("Nobody should have to lose all that twice.")
    second.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("Taken", exact=True)).to_be_visible()
    after = file.read_text("utf-8")
    assert "\nNobody should have to lose all that twice.\n## variant: plain\n" in after
    page.locator("form[data-patch]").get_by_role("button", name="Drop it").click()
    expect(page.get_by_text("Dropped. It is not offered again.")).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name="lost progress")).to_be_visible()
    expect(page.locator("form[data-patch]")).to_have_count(0)
    assert file.read_text("utf-8") == after
    page.goto(f"{greenroom.url}/team/audit")
    expect(page.locator("body")).to_contain_text("Took a patch into the files: en/complaint/lost_progress/plain")
    expect(page.locator("body")).to_contain_text("Dropped a patch: en/complaint/lost_progress/plain")
    assert [fault for fault in desk.faults if "409" not in fault] == []
