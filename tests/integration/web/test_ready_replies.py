"""Ready replies of a hand-off, over HTTP and on the console's page."""

import re

import pytest

from tests.integration.conftest import NEAREST, UNSURE, UNWRITTEN
from tests.integration.web.test_pages import actions, fetched, shown
from tests.unit.cards import alternative, card, check, raised

PRAISE = "the new map is gorgeous"


@pytest.fixture
async def unsure(start):
    """A running Greenroom with two FAQ answers that are hard to tell apart."""
    async with start(texts=NEAREST) as running:
        yield running


async def test_a_card_says_how_the_post_is_read_for_each(unsure):
    card = await unsure.draft(UNSURE)
    assert (card["kind"], card["text"], card["alarms"], card["unread"]) == ("handoff", None, [], [])
    assert [set(a) for a in card["alternatives"]] == [
        {"text", "template", "variant", "by_model", "reading", "checks", "missing_slots"}
    ] * 3
    readings = [a["reading"] for a in card["alternatives"]]
    blank = "for “how do I save”"
    assert set(readings) == {"for “how do I save at the lamp”", "for “how do I save to the cloud”", blank}
    assert card["alternatives"][readings.index(blank)]["missing_slots"] == [{"name": "tip", "ask": "What helps here?"}]


async def test_where_no_reply_is_written_the_nearest_answers_alone_are_at_hand(start):
    async with start(texts=UNWRITTEN) as running:
        card = await running.draft(UNSURE)
        assert (card["kind"], card["text"]) == ("handoff", None)
        assert {a["template"].rpartition("/")[2] for a in card["alternatives"]} == {"tip", "lamp", "cloud"}
        async with running.browser():
            words = flat(await fetched(running, card))
        assert "and no reply is written for that; the nearest answers are for “how do I save" in words
        assert "Touch the red lamp." in words


async def test_one_request_sends_it(unsure):
    card = await unsure.draft(UNSURE)
    number = [a["text"] for a in card["alternatives"]].index("Touch the red lamp.") + 1
    answer = await unsure.decide(card, "approve", by="tom", alternative=number)
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["text"], answer.json()["decided_by"]) == (
        "approved",
        "Touch the red lamp.",
        "tom",
    )
    post = (await unsure.http.get(f"/api/posts/{card['post']['post_id']}")).json()
    assert (post["reply"]["text"], post["reply"]["state"]) == ("Touch the red lamp.", "held")
    late = await unsure.decide(card, "approve", alternative=number)
    assert (late.status_code, late.json()["error"], late.json()["decided_by"]) == (409, "already_decided", "tom")


async def test_what_is_refused(unsure):
    card, drafted = await unsure.draft(UNSURE), await unsure.draft(PRAISE)
    blank = 1 + next(n for n, a in enumerate(card["alternatives"]) if a["missing_slots"])
    for draft, more, status, code in (
        (card, {"alternative": 4}, 422, "bad_action"),
        (card, {"alternative": 0}, 422, "invalid"),
        (card, {"alternative": 101}, 422, "invalid"),
        (card, {"alternative": "1"}, 422, "invalid"),
        (card, {"alternative": blank}, 422, "blocked"),
        (card, {}, 422, "blocked"),
        (drafted, {"alternative": 1}, 422, "bad_action"),
    ):
        answer = await unsure.decide(draft, "approve", **more)
        assert (answer.status_code, answer.json()["error"]) == (status, code), (more, answer.text)
        assert (await unsure.http.get(f"/api/drafts/{draft['draft_id']}")).json() == draft


async def test_a_key_is_for_one_alternative(unsure):
    card = await unsure.draft(UNSURE)
    first, again, other = [await unsure.decide(card, "approve", key="one", alternative=number) for number in (1, 1, 2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (other.status_code, other.json()["error"]) == (422, "bad_action")


async def test_the_description_tells_of_it(unsure):
    described = (await unsure.http.get("/api/openapi.json")).json()
    field = described["components"]["schemas"]["DecisionIn"]["properties"]["alternative"]
    assert "`approve` sends it from a hand-off" in field["description"]


def flat(page):
    """A page's words, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


async def test_the_page_lists_them_with_a_button_each(unsure):
    card = await unsure.draft(UNSURE)
    async with unsure.browser() as browser:
        page = await fetched(unsure, card)
        words = flat(page)
        for number, other in enumerate(card["alternatives"], start=1):
            assert f"{number}. {other['reading']} {other['text']} " in words
            assert f'data-alternative="{number}"' in page
            assert (f"Send {number}" in words) == (not other["missing_slots"])
            assert (f"Fill in {number}" in words) == bool(other["missing_slots"])
        assert {"approve", "reword", "open", "edit", "skip"} <= actions(page)
        assert "Pick a reply" not in words
        body = {"revision": card["revision"], "action": "approve", "alternative": 1, "slots": {}}
        answer = await browser.post(f"/api/drafts/{card['draft_id']}/decisions", json=body)
        assert answer.status_code == 200
        assert actions(await fetched(unsure, card)) == {"undo"}


def page_of(**more):
    """One hand-off in the inbox."""
    return shown(card("stage", "harbor", "", **{"kind": "handoff", "text": None, **more}))


def test_a_remark_stands_at_the_reply_it_is_about():
    noted = (check("warn", "It is <long>."), check("warn"))
    page = page_of(alternatives=(alternative(checks=noted, reading="as <b>praise</b>"),))
    assert "It is &lt;long&gt;." in page
    assert "1. as &lt;b&gt;praise&lt;/b&gt;" in page
    assert "odd-check" not in page
    assert "anyway" not in page


def test_a_card_with_a_text_offers_other_wordings():
    words = flat(page_of(text="How nice.", alternatives=(alternative(reading="as a question"),)))
    assert "Other wording" in words
    assert "Send 1" not in words


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"risk": ("crisis",), "alarms": raised("end <it> all", "crisis")}, "Somebody in danger: “end &lt;it&gt; all”"),
        ({"alarms": raised("tired", "crisis")}, "Somebody may not be well: “tired”"),
        ({"alarms": raised("x" * 200, "crisis")}, f"“{'x' * 119}…”"),
        ({"unread": ("its mood", "danger")}, "Could not be read: its mood, danger"),
        ({"risk": ("crisis",)}, "somebody in danger"),
        ({"risk": ("minor",), "alarms": raised("I am 9", "minor")}, "Signs of a child: “I am 9”"),
    ],
)
def test_what_raised_a_gate_and_what_could_not_be_read_is_told(more, told):
    page = page_of(**more)
    assert told in page
    assert ("Could not be read" in page) == ("unread" in more)
    assert "may not be well" not in page_of()
