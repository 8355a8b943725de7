"""The words of a language model in a real browser: where they are on a card, they are seen to be its words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL, Greenroom
from tests.fakes.assistant import MODEL, FakeAssistant, says
from tests.fakes.assistant.aside import aside

WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PRAISE = "the new map is so beautiful, i love how it looks"
WORDS = "Thank you so much."
MARK = "Written by a language model"
ONE_MORE = "One more wording is by a language model."


@pytest.fixture(scope="module")
def greenroom(tmp_path_factory):
    fake = FakeAssistant()
    fake.rule = lambda _: says(WORDS)
    with aside(fake):
        program = Greenroom(tmp_path_factory.mktemp("greenroom"))
        told = f"assistant: {{endpoint: '{fake.endpoint}', model: {MODEL}, processor: a model on our own server}}\n"
        policy = "privacy: {policy: 'A model on our own server may help with a reply.'}\n"
        program.config.write_text(program.config.read_text("utf-8") + told + policy, "utf-8")
        program.start()
        yield program
        program.stop()


@pytest.mark.parametrize(("label", "size"), [("phone", PHONE), ("desk", DESK)])
def test_its_words_stand_out_and_other_wording_says_so(greenroom, visit, axe, shoot, label, size):
    draft = greenroom.card(greenroom.write(PRAISE, fan=f"Ida {label}", channel=label))
    address = f"/api/drafts/{draft['draft_id']}"
    greenroom.until(lambda: any(one["by_model"] for one in greenroom.api("GET", address)["alternatives"]))
    manager = visit("mara", size)
    page = manager.page
    card = page.locator(f"#draft-{draft['draft_id']}")
    expect(card.get_by_text(ONE_MORE)).to_be_visible()
    expect(card.get_by_text(MARK)).to_have_count(0)
    other = card.get_by_role("button", name="Other wording", exact=True)
    expect(other).to_contain_text("Other")
    shoot(card, f"model-before-{label}", dark=True)
    others = [one["text"] for one in draft["alternatives"] if not one["by_model"]]
    for words in [*others, WORDS]:  # in turn, and its words last
        other.click()
        expect(card.locator(".reply")).to_have_text(words)
    expect(card.get_by_text(MARK)).to_be_visible()
    expect(card.get_by_text(ONE_MORE)).to_have_count(0)
    expect(card.locator(".reply")).to_have_css("border-top-style", "dashed")
    assert not page.evaluate(WIDER)
    assert page.evaluate(TOO_SMALL) == []
    assert axe(page) == []
    shoot(page, f"model-{label}", dark=True)
    assert manager.faults == []
