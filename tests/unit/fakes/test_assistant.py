"""The fake language model checks what it is asked, and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fakes.assistant import KEY, MODEL, FakeAssistant, Turn, says

DATA = json.dumps({"post": "is there a map?"})
MESSAGES = [{"role": "system", "content": "You help."}, {"role": "user", "content": f"<data>\n{DATA}\n</data>"}]
ASK: dict[str, Any] = {"model": MODEL, "messages": MESSAGES, "store": False, "temperature": 0.4}


@pytest.fixture
async def fake() -> AsyncIterator[FakeAssistant]:
    async with FakeAssistant(key=KEY).running() as running:
        yield running


@pytest.fixture
async def http(fake: FakeAssistant) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=fake.endpoint, headers=headers, timeout=30) as client:
        yield client


async def ask(http: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await http.post("chat/completions", json=ASK | more)


async def test_it_answers_by_its_rule_and_keeps_what_it_saw(fake: FakeAssistant, http: httpx.AsyncClient) -> None:
    fake.rule = lambda asked: says(reply=f"You asked: {asked.data['post']}")
    answer = (await ask(http)).json()
    assert json.loads(answer["choices"][0]["message"]["content"])["reply"] == "You asked: is there a map?"
    assert answer["usage"]["prompt_tokens"] > 0
    assert [asked.system for asked in fake.seen] == ["You help."]
    assert (await http.get("models")).json()["data"][0]["id"] == MODEL
    assert fake.problems == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"user": "fan-7"}, "not described"),
        ({"store": True}, "may be stored"),
        ({"stream": True}, "asks for a stream"),
        ({"messages": MESSAGES[1:]}, "its messages are"),
        ({"messages": [MESSAGES[0], {"role": "user", "content": "by 123456789012345678"}]}, "has the id"),
        ({"messages": [MESSAGES[0], {"role": "user", "content": "at t.me/harbor/7"}]}, "has the address"),
        ({"messages": [MESSAGES[0], {"role": "user", "content": "x" * 60_000}]}, "bytes, at most"),
        ({"messages": [MESSAGES[0], {"role": "user", "content": "it is RobiN"}]}, "it has “robin”"),
    ],
)
async def test_it_refuses_what_we_must_not_send(
    fake: FakeAssistant, http: httpx.AsyncClient, more: dict[str, Any], why: str
) -> None:
    fake.secrets.add("robin")
    assert (await ask(http, **more)).status_code == 400
    assert why in fake.problems[0]
    assert fake.seen == []


async def test_it_knows_its_key_and_its_paths(fake: FakeAssistant, http: httpx.AsyncClient) -> None:
    assert (await http.post("chat/completions", json=ASK, headers={"Authorization": "Bearer x"})).status_code == 401
    assert (await http.post("completions", json={})).status_code == 400
    assert (await http.get(f"http://127.0.0.1:{fake.port}/metrics")).status_code == 404
    assert len(fake.problems) == 2


async def test_a_stream_says_the_same(fake: FakeAssistant, http: httpx.AsyncClient) -> None:
    fake.next(Turn(stream=True, says="Grüße, as it is"))
    told = [line.removeprefix("data: ") for line in (await ask(http)).text.splitlines() if line.startswith("data:")]
    assert told.pop() == "[DONE]"
    deltas = [choice["delta"] for one in told for choice in json.loads(one)["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == "Grüße, as it is"


async def test_all_goes_wrong_as_told(fake: FakeAssistant, http: httpx.AsyncClient) -> None:
    fake.next(Turn(status=429, headers={"Retry-After": "7"}, times=2))
    for _ in range(2):
        assert (await ask(http)).headers["Retry-After"] == "7"
    for cut in ("at once", "half way"):
        fake.next(Turn(cut=cut))
        with pytest.raises(httpx.TransportError):
            await ask(http)
    fake.next(Turn(body=b"<html>"))
    assert (await ask(http)).text == "<html>"
    fake.schemas = ()
    assert (await ask(http, response_format={"type": "json_object"})).status_code == 400
    endless = fake.next(Turn(endless=True))
    async with http.stream("POST", "chat/completions", json=ASK) as answer:
        assert (await anext(answer.aiter_bytes())).startswith(b'{"filler')
    await endless.over.wait()


async def test_a_held_answer_waits_and_tells_when_nobody_waits_for_it(
    fake: FakeAssistant, http: httpx.AsyncClient
) -> None:
    turn = fake.next(Turn(hold=True))
    asking = asyncio.create_task(ask(http))
    await turn.reached.wait()
    asking.cancel()
    await turn.over.wait()
    assert fake.at_once == 0
