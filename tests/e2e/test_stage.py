"""Fans on stage, walked through in a real browser: asked on a card, answered in the lobby, shown, and taken back."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, TOO_SMALL
from tests.e2e.test_lobby import lobby, said, write

PAGES = ("/stage", "/stage/answers", "/stage/introductions", "/stage/consents")


def as_fan(page, name):
    """Play somebody else in the lobby."""
    page.get_by_label("Write as").select_option(name)


def judged(greenroom, page, words):
    """The id of a post in the lobby, once it is judged."""
    post = said(page, words).get_attribute("data-post")
    greenroom.until(lambda: greenroom.api("GET", f"/api/posts/{post}")["action"])
    return post


def waiting(greenroom, purpose, number=1):
    """The cards of a purpose that wait."""

    def found():
        cards = greenroom.api("GET", "/api/drafts?limit=200")["items"]
        fitting = [card for card in cards if card["purpose"] == purpose]
        return fitting if len(fitting) == number else None

    return greenroom.until(found)


def send(greenroom, purpose, number=1):
    """A manager says yes to what waits."""
    for card in waiting(greenroom, purpose, number):
        greenroom.decide(card["draft_id"], "tom", "approve")


def command(page, words):
    """A fan writes a command; what they alone read."""
    page.get_by_label("Your post").fill(words)
    with page.expect_response(lambda answer: answer.url.endswith("/lobby/commands")):
        page.get_by_role("button", name="Post", exact=True).click()
    private = page.get_by_label("Only you see this")
    expect(private).to_be_visible()
    return private


def ask(page, greenroom, post, question):
    """Ask the author, on the card of a post."""
    page.goto(f"{greenroom.url}/inbox?view=all&fan=web:lobby-robin")
    card = page.locator(f'article[data-post="{post}"]').first
    expect(card).to_be_visible()
    if not card.get_by_role("button", name="Ask the author").is_visible():
        card.get_by_role("button", name="More", exact=True).click()
    card.get_by_role("button", name="Ask the author").click()
    card.get_by_role("button", name=question).click()
    expect(page.locator(".toast")).to_contain_text("waits in the inbox")


def test_from_a_card_to_the_stage_and_back(greenroom, visit, shoot):
    page = visit("mara", PHONE).page
    work = "made a paper lantern for every keeper in the game"
    lobby_page = lobby(greenroom, visit("tom", DESK), "lobby-showcase")
    as_fan(lobby_page, "Robin")
    write(lobby_page, work)
    ask(page, greenroom, judged(greenroom, lobby_page, work), "May we show it?")
    page.goto(f"{greenroom.url}/stage")
    expect(page.get_by_text("a question to the author")).to_be_visible()
    shoot(page, "stage-waiting-phone", full_page=True)
    page.get_by_role("link", name="Card").click()
    card = page.locator("article", has_text="a question to the author").first
    shoot(page, "stage-question-phone")
    card.get_by_role("button", name="Show all").click()
    card.get_by_role("button", name="Send", exact=True).click()

    # The question stands in the lobby with its buttons. Only its author may press.
    scope = lobby_page.get_by_role("button", name="Yes, here and on your site")
    expect(scope).to_be_visible()
    shoot(lobby_page, "stage-lobby-question-desk")
    as_fan(lobby_page, "Amina")
    scope.click()
    expect(lobby_page.locator(".toast")).to_contain_text("somebody else")
    as_fan(lobby_page, "Robin")
    for label in ("Yes, here and on your site", "Until I take it back", "Yes, as Robin"):
        lobby_page.get_by_role("button", name=label).click()
    expect(lobby_page.get_by_role("button", name="Take it back")).to_be_visible()

    send(greenroom, "stage")
    page.goto(f"{greenroom.url}/stage")
    file = greenroom.folder / "var/pages/stage/index.html"
    greenroom.until(lambda: file.exists() and work in file.read_text("utf-8"))
    page.reload()
    expect(page.locator(".piece")).to_contain_text(work)
    expect(page.locator(".piece")).to_contain_text("on the public page")
    shoot(page, "stage-phone", full_page=True)
    expect(lobby_page.locator(".message.us .text", has_text=work)).to_have_count(1)

    lobby_page.get_by_role("button", name="Take it back").click()
    expect(lobby_page.locator(".message.us .text", has_text=work)).to_have_count(0)
    greenroom.until(lambda: work not in file.read_text("utf-8"))
    page.reload()
    expect(page.get_by_text("Nothing is on stage.")).to_be_visible()
    page.goto(f"{greenroom.url}/stage/consents")
    expect(page.locator(".consent").first).to_contain_text("took it back")


def test_an_answer_is_kept_and_its_line_can_be_copied(greenroom, visit, shoot):
    manager = visit("mara", DESK, permissions=["clipboard-read", "clipboard-write"])
    lobby_page = lobby(greenroom, manager, "lobby-help")
    as_fan(lobby_page, "Amina")
    write(lobby_page, "hold the lamp key for two seconds, then the save tower opens")
    page = manager.open(f"{greenroom.url}/inbox")
    post = judged(greenroom, lobby_page, "lamp key")
    greenroom.api("POST", f"/api/posts/{post}/ask", {"kind": "answer", "incentive": "a free copy", "by": "mara"})
    send(greenroom, "ask")
    lobby_page.get_by_role("button", name="Yes, as Amina").click()
    expect(lobby_page.get_by_role("button", name="Take it back")).to_be_visible()
    page.goto(f"{greenroom.url}/stage/answers")
    kept = page.locator(".piece", has_text="lamp key")
    expect(kept).to_contain_text("They got from us for it: a free copy")
    kept.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    consent = kept.get_attribute("id").removeprefix("consent-")
    assert page.evaluate("navigator.clipboard.readText()") == f"credit: {consent}"
    shoot(page, "stage-answers-desk", full_page=True)
    lobby_page.get_by_role("button", name="Take it back").click()
    expect(lobby_page.locator(".toast").last).to_contain_text("stays where it is")
    page.reload()
    expect(page.get_by_text("No answer is kept.")).to_be_visible()


def test_two_fans_are_introduced_after_both_have_said_yes(greenroom, visit, shoot):
    manager = visit("mara", DESK)
    page = lobby(greenroom, manager)
    for fan in ("Luca", "fox 🦊"):
        as_fan(page, fan)
        write(page, f"{fan} says good evening to everybody")
        command(page, "/remember").get_by_role("button", name="Yes, remember me").click()
        expect(page.get_by_label("Only you see this")).not_to_contain_text("May we remember you?")
        told = command(page, "/remember plays on Linux")
        expect(told).to_contain_text("plays on Linux")
        shoot(page, "stage-lobby-remember-desk")
    stage = manager.open(f"{greenroom.url}/stage/introductions")
    expect(stage.locator("[data-pair]")).to_contain_text("Luca")
    shoot(stage, "stage-introductions-desk", full_page=True)
    stage.get_by_role("button", name="Ask both").click()
    expect(stage.locator(".toast")).to_contain_text("Two questions wait")
    send(greenroom, "ask", 2)
    for fan in ("Luca", "fox 🦊"):
        as_fan(page, fan)
        question = page.locator(".message.us", has=page.get_by_role("button", name="Yes", exact=True)).filter(
            has=page.locator(".quoted", has_text=fan)
        )
        question.get_by_role("button", name="Yes", exact=True).click()
        expect(question).to_have_count(0)
    send(greenroom, "introduction")
    expect(page.locator(".message.us .text", has_text="fox 🦊").filter(has_text="Luca")).to_be_visible()
    as_fan(page, "fox 🦊")
    expect(command(page, "/mydata")).to_contain_text("plays on Linux")
    command(page, "/forget").get_by_role("button", name="Yes, erase everything").click()
    expect(page.locator(".message.us .text", has_text="fox 🦊").filter(has_text="Luca")).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, DESK, (320, 640)], ids=["phone", "desk", "narrow"])
def test_the_pages_fit_and_have_no_barrier(greenroom, visit, axe, shoot, size):
    manager = visit("mara", size)
    for path in PAGES:
        page = manager.page
        page.goto(greenroom.url + path)
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(TOO_SMALL) == []
        assert axe(page) == []
        shoot(page, f"stage{path.replace('/', '-')}-{size[0]}", dark=True, full_page=True)
    assert manager.faults == []
