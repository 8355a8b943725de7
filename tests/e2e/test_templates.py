"""The templates pages in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL

PAGES = {
    "replies": "/templates",
    "situation": "/templates/of/complaint/lost_progress",
    "preview": "/templates/preview",
    "check": "/templates/check",
    "facts": "/templates/facts",
    "misread": "/templates/misread",
}
LONG = "ho" + "o" * 180 + "ray"
OWN = f"""\
---
answers_to: [the lamp oil smells, {LONG}, the lamp 🏮 smells of old fish, 👩‍👩‍👧‍👦👩‍👩‍👧‍👦 lamp]
---
## variant: plain
Glad that you like the lamp. {LONG}
## variant: plain-2
{{{{ nothing }}}}
"""
GOOD = OWN.replace("{{ nothing }}", "What a lovely thing to say about the lamp.")
ARABIC = """\
---
answers_to: [مصباح الميناء جميل جداً, رائحة الزيت جميلة, أحب هذا المصباح كثيراً]
---
## variant: plain
شكراً جزيلاً، يسعدنا أن المصباح أعجبك.
"""
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def page(desk, greenroom):
    """The templates page at a desk."""
    found = desk.open(f"{greenroom.url}/templates")
    expect(found.get_by_role("heading", name="Templates")).to_be_attached()
    yield found
    assert desk.faults == []


def test_a_situation_is_found_by_words_of_its_replies_and_opened(page):
    search = page.get_by_role("searchbox")
    search.press_sequentially("which device were you", delay=5)
    expect(page.locator("#found")).to_contain_text("fit")
    listed = page.get_by_role("region", name="Situations")
    expect(listed.get_by_role("link", name="lost progress")).to_be_visible()
    expect(listed.get_by_role("link", name="one word thanks")).to_have_count(0)
    search.fill("no such words at all")
    expect(listed).to_contain_text("No situation has “no such words at all”")
    expect(search).to_be_focused()
    search.fill("lost progress")
    listed.get_by_role("link", name="lost progress").first.click()
    expect(page.get_by_role("heading", name="lost progress")).to_be_visible()
    shown = page.get_by_role("region", name="Wordings")
    expect(shown.locator("blockquote[lang=de]").first).to_be_visible()
    expect(shown).to_contain_text("Only for posts that sound angry.")
    shown.get_by_text("templates/en/complaint/lost_progress.md").first.click()
    expect(shown.get_by_text("greenroom templates preview templates/en/complaint/lost_progress.md")).to_be_visible()


def test_a_post_is_tried_by_the_keyboard_alone_and_the_words_stay(page, greenroom):
    page.get_by_role("link", name="Try a post").first.click()
    text = page.get_by_label("The post")
    text.fill("the new map is so beautiful, i love how it looks")
    text.press("Control+Enter")
    outcome = page.get_by_role("region", name="What would be drafted")
    expect(outcome).to_contain_text("A reply is drafted; a manager decides.")
    expect(outcome).to_be_focused()
    expect(outcome.locator("blockquote")).not_to_have_count(0)
    expect(text).to_have_value("the new map is so beautiful, i love how it looks")
    drafted = outcome.locator("blockquote").first.inner_text()
    assert greenroom.card(greenroom.write("the new map is so beautiful, i love how it looks"))["text"] == drafted
    text.fill("<img src=x onerror=alert(1)> <b id=planted>hi</b>")
    page.get_by_role("button", name="Show what would be drafted").click()
    expect(outcome).not_to_contain_text("A reply is drafted")
    expect(page.locator("#planted")).to_have_count(0)


def test_the_check_changes_when_a_file_is_saved(page, greenroom):
    mine = greenroom.folder / "templates/en/praise/lamp_smells.md"
    page.get_by_role("link", name="Check", exact=True).click()
    expect(page.get_by_text("✓ No faults, no warnings")).to_be_visible()
    try:
        mine.write_text(OWN, "utf-8")
        expect(page.get_by_text("The files have faults.")).to_be_visible()
        expect(page.locator("#findings")).to_contain_text("the slot {{ nothing }} is not declared")
        mine.write_text(GOOD, "utf-8")
        expect(page.get_by_text("The files have faults.")).to_have_count(0)
        expect(page.locator("#findings")).to_contain_text("lamp_smells.md")
    finally:
        mine.unlink()
    expect(page.get_by_text("✓ No faults, no warnings")).to_be_visible()


def test_each_page_fits_and_has_no_fault_that_axe_finds(greenroom, visit, axe, shoot):
    mine = [greenroom.folder / f"templates/{code}/praise/lamp_smells.md" for code in ("en", "ar")]
    mine[1].parent.mkdir(parents=True, exist_ok=True)
    for file, text in zip(mine, (GOOD, ARABIC), strict=True):
        file.write_text(text, "utf-8")
    try:
        for name, size in (("phone", PHONE), ("desk", DESK), ("narrow", (320, 640))):
            manager = visit("tom", size)
            page = manager.page
            page.goto(f"{greenroom.url}/templates/check")
            expect(page.locator("#findings")).to_contain_text("ar/praise/lamp_smells.md")
            for label, path in {**PAGES, "own": "/templates/of/praise/lamp_smells"}.items():
                page.goto(greenroom.url + path)
                if label == "check":
                    expect(page.locator("#findings")).to_contain_text("No faults: the files are in use.")
                if label == "preview":
                    page.get_by_label("The post").fill("the new map is so beautiful, i love how it looks")
                    page.get_by_role("button", name="Show what would be drafted").click()
                    expect(page.locator("#outcome blockquote").first).to_be_visible()
                assert not page.evaluate(WIDER), (label, name)
                assert page.evaluate(TOO_SMALL) == [], (label, name)
                assert axe(page) == [], (label, name)
                shoot(page, f"templates-{label}-{name}", dark=True)
            assert manager.faults == []
    finally:
        for file in mine:
            file.unlink()


def test_on_a_phone_one_goes_from_the_list_to_a_situation_and_back(phone, greenroom):
    page = phone.open(f"{greenroom.url}/templates")
    page.get_by_text("A complaint", exact=True).click()
    page.get_by_role("link", name="lost progress").first.click()
    expect(page.get_by_role("searchbox")).to_be_hidden()
    page.get_by_role("link", name="All replies").click()
    expect(page).to_have_url(re.compile("/templates#reading-complaint$"))
    expect(page.get_by_role("searchbox")).to_be_visible()
    assert phone.faults == []
