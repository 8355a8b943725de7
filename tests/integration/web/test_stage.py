"""Questions to fans by the API, the stage page, the log of consents, and a fan's side in the lobby."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from bot.console.consents import PAGE
from bot.people.fans import FORGET
from bot.store.tables import consents, posts
from tests.integration.conftest import TEMPLATES
from tests.integration.web.conftest import Greenroom, Start

ROOT = Path(__file__).parents[3] / "templates"
NOTICES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "en/people").glob("*.md")}
WORK = "look what I made: a lantern of paper moths"
FAN = "lobby-robin"


class Fans:
    """A server, and a manager's browser there."""

    def __init__(self, greenroom: Greenroom, mara: httpx.AsyncClient) -> None:
        self.greenroom = greenroom
        self.mara = mara

    async def wrote(self, text: str = WORK, fan: str = FAN, name: str = "Robin", **more: Any) -> str:
        """A fan of the lobby posts; the id of the post, once it is judged."""
        body = {"channel": "lobby", "author": {"id": fan, "name": name}, **more}
        post_id = await self.greenroom.post(text, **body)
        await self.greenroom.until(f"/api/posts/{post_id}", lambda post: post["action"])
        return post_id

    async def ask(self, post_id: str, kind: str = "stage", **more: Any) -> httpx.Response:
        return await self.mara.post(f"/api/posts/{post_id}/ask", json={"kind": kind, **more})

    async def send(self, card: dict[str, Any]) -> None:
        """A manager says yes, and it goes out."""
        answer = await self.greenroom.decide(card, "approve")
        assert answer.status_code == 200, answer.text
        path = f"/api/drafts/{card['draft_id']}"
        await self.greenroom.until(path, lambda now: now["deliveries"][0]["state"] == "sent")

    async def asked(self, kind: str = "stage", **more: Any) -> str:
        """A question that stands in the lobby; the id of the consent."""
        question = await self.ask(await self.wrote(), kind, **more)
        assert question.status_code == 201, question.text
        await self.send(question.json())
        return (await self.consents())[0]["id"]

    async def press(self, value: str, asks: str | None, fan: str = FAN) -> httpx.Response:
        return await self.mara.post("/lobby/press", json={"fan": fan, "value": value, "asks": asks})

    async def consents(self, query: str = "") -> list[dict[str, str]]:
        answer = await self.mara.get(f"/stage/consents.csv{query}")
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    async def page(self, path: str) -> str:
        answer = await self.mara.get(path)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    async def waiting(self, purpose: str) -> list[dict[str, Any]]:
        cards = (await self.mara.get("/api/drafts?limit=200")).json()["items"]
        return [card for card in cards if card["purpose"] == purpose]


@pytest.fixture
async def fans(light: Start) -> AsyncIterator[Fans]:
    async with light(undo_seconds=0, texts={**TEMPLATES, **NOTICES}) as greenroom, greenroom.browser() as mara:
        yield Fans(greenroom, mara)


async def test_a_question_is_a_card_that_says_what_it_is_for(fans):
    post_id = await fans.wrote()
    answer = await fans.ask(post_id, incentive=" a free copy ")
    assert answer.status_code == 201
    card = answer.json()
    assert (card["purpose"], card["state"], card["hold"]) == ("ask", "waiting", None)
    assert card["post"]["post_id"] == post_id
    assert card == (await fans.mara.get(f"/api/drafts/{card['draft_id']}")).json()
    (consent,) = await fans.consents()
    assert (consent["state"], consent["incentive"], consent["asked by"], consent["asked"]) == (
        *("asked", "a free copy", "mara"),
        "",
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"kind": "introduction"}, 422),
        ({"kind": "memory"}, 422),
        ({"kind": "stage", "incentive": "x" * 201}, 422),
        ({"kind": "stage", "more": 1}, 422),
    ],
)
async def test_what_cannot_be_asked(fans, body, status):
    answer = await fans.mara.post(f"/api/posts/{await fans.wrote()}/ask", json=body)
    assert (answer.status_code, set(answer.json()) >= {"error", "message"}) == (status, True)


async def test_who_is_not_asked(fans):
    assert (await fans.ask("0" * 16)).status_code == 404
    staff = await fans.wrote(author={"id": "lobby-team", "name": "Team", "is_staff": True})
    assert (await fans.ask(staff)).json()["error"] == "bad_action"
    post_id = await fans.wrote()
    assert (await fans.ask(post_id)).status_code == 201
    assert "already" in (await fans.ask(post_id)).json()["message"]
    nobody = await fans.greenroom.http.post(f"/api/posts/{post_id}/ask", json={"kind": "answer", "by": "nobody"})
    assert (nobody.status_code, nobody.json()["error"]) == (403, "not_a_manager")
    unnamed = await fans.greenroom.http.post(f"/api/posts/{post_id}/ask", json={"kind": "answer"})
    assert unnamed.status_code == 422


async def test_from_the_question_to_the_stage_and_back(fans):
    consent = await fans.asked()
    lobby = await fans.page("/lobby")
    assert f'data-asks="{consent}"' in lobby
    assert 'data-press="scope:here"' in lobby
    assert "somebody else" in (await fans.press("scope:here", consent, fan="lobby-amina")).json()["text"]
    for value in ("scope:site", "days:30", "as:shown"):
        assert (await fans.press(value, consent)).status_code == 200
    assert "Waits for a yes of the team" in await fans.page("/stage")
    (card,) = await fans.waiting("stage")
    await fans.send(card)
    page = await fans.page("/stage")
    assert WORK in page
    assert "here and on our site" in page
    assert WORK in await fans.page("/lobby?channel=lobby-showcase")
    assert (await fans.consents("?state=yes"))[0]["scope"] == "site"
    await fans.press("withdraw", consent)
    assert "Nothing is on stage." in await fans.page("/stage")
    await fans.greenroom.until(f"/api/drafts/{card['draft_id']}", lambda now: now["deliveries"][0]["state"] == "sent")
    assert "Removed by the team" in await fans.page("/lobby?channel=lobby-showcase")


async def test_a_kept_answer_has_its_line_until_it_is_taken_back(fans):
    consent = await fans.asked("answer", incentive="a free copy")
    assert f"credit: {consent}" not in await fans.page("/stage/answers")
    await fans.press("as:shown", consent)
    page = await fans.page("/stage/answers")
    assert f"credit: {consent}" in page
    assert "a free copy" in page
    await fans.press("withdraw", consent)
    assert WORK not in await fans.page("/stage/answers")


async def test_only_fans_of_the_lobby_speak_in_the_lobby(fans):
    consent = await fans.asked()
    for fan in ("fan-7", "robin", "Lobby-robin"):
        assert (await fans.press("no", consent, fan=fan)).status_code == 403
        command = await fans.mara.post("/lobby/commands", json={"fan": fan, "text": "/forget"})
        assert command.status_code == 403
    nothing_asked = await fans.mara.post("/lobby/press", json={"fan": "fan-robin", "value": "yes"})
    assert nothing_asked.status_code == 403
    assert (await fans.consents())[0]["state"] == "asked"
    anybody = httpx.AsyncClient(base_url=fans.greenroom.base)
    async with anybody:
        for path, body in (
            ("/lobby/press", {"fan": FAN, "value": "no", "asks": consent}),
            ("/stage/introductions", {}),
        ):
            assert (await anybody.post(path, json=body)).status_code == 401


async def test_commands_of_a_fan_are_answered_to_them_alone(fans):
    await fans.wrote()

    async def command(text: str) -> dict[str, Any]:
        answer = await fans.mara.post("/lobby/commands", json={"fan": FAN, "text": text})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    asked = await command("/remember")
    assert (await fans.press(asked["buttons"][0]["value"], None)).status_code == 200
    assert "plays on Linux" in (await command("/remember plays on Linux"))["text"]
    assert "plays on Linux</p>" in await fans.page("/inbox?view=all"), "managers see it on the fan's cards"
    data = await command("/mydata")
    assert "plays on Linux" in data["text"]
    assert WORK in data["file"]
    asked = await command("/forget")
    assert WORK in await fans.page("/lobby"), "nothing goes before a second tap"
    await fans.press(asked["buttons"][0]["value"], None)
    assert WORK not in await fans.page("/lobby")
    reported = await command("/report it was rude")
    assert "it was rude" in reported["text"]
    assert "Mara Quint gets “it was rude”; from the lobby it goes nowhere" in reported["text"]
    for unknown in ("/dance", "hello"):
        assert (await fans.mara.post("/lobby/commands", json={"fan": FAN, "text": unknown})).status_code == 404


async def test_two_who_want_the_same_known_are_listed_and_asked(fans):
    for name in ("Robin", "Amina"):
        fan = f"lobby-{name.lower()}"
        await fans.wrote(fan=fan, name=name)
        asked = await fans.mara.post("/lobby/commands", json={"fan": fan, "text": "/remember"})
        await fans.press(asked.json()["buttons"][0]["value"], None, fan=fan)
        await fans.mara.post("/lobby/commands", json={"fan": fan, "text": "/remember plays on Linux"})
    page = await fans.page("/stage/introductions")
    first, second = re.search(r'data-first="(\w+)" data-second="(\w+)"', page).groups()
    for body, status in (({"first": first, "second": first}, 404), ({"first": first, "second": second}, 204)):
        assert (await fans.mara.post("/stage/introductions", json=body)).status_code == status
    assert "data-pair" not in await fans.page("/stage/introductions")
    questions = await fans.waiting("ask")
    assert len(questions) == 2
    for card in questions:
        await fans.send(card)
    for consent in await fans.consents("?kind=introduction"):
        await fans.press("yes", consent["id"], fan=f"lobby-{consent['name'].lower()}")
    (card,) = await fans.waiting("introduction")
    await fans.send(card)
    assert "Robin" in card["text"]
    assert "Amina" in card["text"]
    assert card["text"] in html.unescape(await fans.page("/lobby"))
    await fans.press(FORGET, None, fan="lobby-amina")
    await fans.greenroom.until(f"/api/drafts/{card['draft_id']}", lambda now: now["deliveries"][0]["kind"] == "remove")
    await fans.greenroom.until(f"/api/drafts/{card['draft_id']}", lambda now: now["deliveries"][0]["state"] == "sent")
    assert card["text"] not in html.unescape(await fans.page("/lobby"))


@pytest.mark.whole
async def test_the_log_has_pages_and_filters_and_the_whole_file(fans):
    for number in range(PAGE + 2):
        await fans.ask(await fans.wrote(fan=f"lobby-{number}"), "answer")
    await fans.ask(await fans.wrote(), "stage")
    seen: list[str] = []
    address: str | None = "/stage/consents"
    while address:
        page = await fans.page(address)
        seen += re.findall(r'id="consent-(\w+)"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert len(seen) == len(set(seen)) == PAGE + 3
    assert [line["id"] for line in await fans.consents()] == seen
    assert [line["kind"] for line in await fans.consents("?kind=stage")] == ["stage"]
    assert len(await fans.consents("?fan=web:lobby-1")) == 1
    assert await fans.consents("?state=yes") == []
    assert len(await fans.consents("?kind=nonsense&state=nonsense")) == PAGE + 3


async def test_no_formula_reaches_a_spreadsheet_and_a_forgotten_fan_is_in_no_log(fans):
    await fans.ask(await fans.wrote(name="=cmd|x"), "stage")
    assert (await fans.consents())[0]["name"] == "'=cmd|x"
    await fans.mara.delete(f"/api/fans/web/{FAN}")
    assert await fans.consents() == []
    assert "cmd|x" not in await fans.page("/stage/consents")


async def test_a_dropped_name_is_never_a_number_of_the_platform(fans):
    consent = await fans.asked()
    await fans.ask(await fans.wrote(fan="lobby-kim"), "answer")

    def drop(connection):
        connection.execute(update(posts).values(author_name=""))

    await fans.greenroom.app.store.write(drop)
    pages = ("/stage", "/stage/answers", "/stage/consents")
    for page in [await fans.page(path) for path in pages]:
        assert not {FAN, "lobby-kim"} & set(re.findall(r">\s*([\w-]+)\s*<", page))
    for path in ("/stage", "/stage/consents"):
        assert '<b dir="auto">a fan</b>' in await fans.page(path)
    await fans.greenroom.app.store.write(
        lambda c: c.execute(update(consents).where(consents.c.id == consent).values(credit="Moth Maker"))
    )
    assert '<b dir="auto">Moth Maker</b>' in await fans.page("/stage/consents")
    named = {(line["fan"], line["name"]) for line in await fans.consents()}
    assert named == {(FAN, "Moth Maker"), ("lobby-kim", "a fan")}, "the file says whose yes it is"


async def test_a_decided_card_lets_ask_the_author_once_and_never_under_a_question(fans):
    reply = await fans.greenroom.draft("the new map is gorgeous", channel="lobby", author={"id": FAN, "name": "Robin"})
    assert "data-askable" in await fans.page(f"/inbox/cards?ids={reply['draft_id']}")
    question = (await fans.ask(reply["post"]["post_id"])).json()
    for card in (reply, question):
        await fans.greenroom.decide(card, "reject")
    cards = {card["draft_id"]: await fans.page(f"/inbox/cards?ids={card['draft_id']}") for card in (reply, question)}
    for card in cards.values():
        assert 'data-action="ask"' not in card
        assert "data-askable" not in card
    assert "a question to the author" in cards[question["draft_id"]]
