"""The client of the chat API, against a server that plays it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assistant.openai import LARGEST, OpenAIChat, _read
from bot.assistant.port import AssistantFault, Reply, Unanswered
from bot.errors import GreenroomError
from bot.settings.assistant import AssistantSection
from responders.assistant import Brief
from tests.fakes.assistant import KEY, MODEL, FakeAssistant, Turn, says

SCHEMA = {"type": "object", "properties": {"reply": {"type": "string"}}, "required": ["reply"]}
BRIEF = Brief(system="Be kind.", user=json.dumps({"post": "the lamp is lovely"}), schema=SCHEMA)
WORDS = "the lamp is lovely"


@pytest.fixture
async def fake() -> AsyncIterator[FakeAssistant]:
    async with FakeAssistant(key=KEY).running() as server:
        server.rule = lambda _: says(reply="Thank you!")
        yield server
        assert server.problems == []


def section(fake: FakeAssistant, **changed: Any) -> AssistantSection:
    return AssistantSection(
        **{
            "endpoint": fake.endpoint,
            "model": MODEL,
            "key_env": "LLM_KEY",
            "processor": "us",
            "timeout": "20s",
            **changed,
        }
    )


@pytest.fixture
async def client(fake: FakeAssistant) -> AsyncIterator[OpenAIChat]:
    made = OpenAIChat(section(fake), KEY)
    yield made
    await made.aclose()


async def fault(client: OpenAIChat) -> Unanswered:
    with pytest.raises(Unanswered) as raised:
        await client.ask(BRIEF)
    assert WORDS not in str(raised.value)
    assert KEY not in str(raised.value)
    return raised.value


async def test_asks_once_and_gives_the_models_words(fake: FakeAssistant, client: OpenAIChat) -> None:
    answer = await client.ask(BRIEF)
    assert json.loads(answer.text)["reply"] == "Thank you!"
    assert answer.tokens_in
    assert answer.tokens_out
    (asked,) = fake.seen
    assert asked.body["model"] == MODEL
    assert asked.body["store"] is False
    assert asked.body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (asked.system, asked.user) == (BRIEF.system, BRIEF.user)
    assert "user" not in asked.body


async def test_without_a_key_none_is_sent() -> None:
    async with FakeAssistant().running() as fake:
        client = OpenAIChat(section(fake, key_env=None), None)
        await client.ask(BRIEF)
        await client.aclose()
        assert "authorization" not in fake.seen[0].headers


async def test_a_wrong_key_is_refused_with_what_to_do(fake: FakeAssistant) -> None:
    client = OpenAIChat(section(fake), "wrong-key")
    refused = await fault(client)
    await client.aclose()
    assert (refused.reason, refused.retry) == (AssistantFault.REFUSED, False)
    assert "LLM_KEY" in str(refused)
    assert "wrong-key" not in str(refused)


@pytest.mark.parametrize("key", ["schlüssel", "a\nb"])
async def test_a_key_that_cannot_be_one_is_said_at_the_start(fake: FakeAssistant, key: str) -> None:
    with pytest.raises(GreenroomError, match="LLM_KEY") as raised:
        OpenAIChat(section(fake), key)
    assert key not in str(raised.value)


@pytest.mark.parametrize(("takes", "forms"), [(["json_object"], ["json_object"] * 2), ([], [None] * 2)])
async def test_the_form_that_a_server_refuses_is_not_asked_for_again(takes: list[str], forms: list[str | None]) -> None:
    async with FakeAssistant().running() as fake:
        fake.schemas = takes
        client = OpenAIChat(section(fake, key_env=None), None)
        await client.ask(BRIEF)
        await client.ask(BRIEF)
        await client.aclose()
        assert [asked.body.get("response_format", {}).get("type") for asked in fake.seen] == forms
        assert fake.problems == []


@pytest.mark.parametrize(
    ("message", "gone"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("temperature does not support 0.4 with this model.", "temperature"),
    ],
)
async def test_a_key_that_a_server_refuses_is_left_out(
    fake: FakeAssistant, client: OpenAIChat, message: str, gone: str
) -> None:
    fake.next(Turn(status=400, body=json.dumps({"error": {"message": message}}).encode()))
    await client.ask(BRIEF)
    assert [gone in asked.body for asked in fake.seen] == [True, False]
    assert any("tokens" in key for key in fake.seen[1].body)


async def test_a_refusal_of_anything_else_is_no_reason_to_ask_again(fake: FakeAssistant, client: OpenAIChat) -> None:
    fake.next(Turn(status=400, body=b'{"error": {"message": "No such model."}}'))
    assert (await fault(client)).reason is AssistantFault.REFUSED
    assert fake.calls == 1


async def test_who_asks_us_to_wait_is_not_asked_until_then(fake: FakeAssistant, client: OpenAIChat) -> None:
    fake.next(Turn(status=429, headers={"Retry-After": "600"}))
    first, second = await fault(client), await fault(client)
    assert (first.reason, second.reason) == (AssistantFault.BUSY, AssistantFault.BUSY)
    assert first.retry
    assert fake.calls == 1


async def test_a_date_to_wait_for_counts_too(fake: FakeAssistant, client: OpenAIChat) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    fake.next(Turn(status=503, headers={"Retry-After": later}))
    assert (await fault(client)).reason is AssistantFault.DOWN
    assert (await fault(client)).reason is AssistantFault.BUSY
    assert fake.calls == 1


async def test_a_wait_that_is_over_is_over(fake: FakeAssistant, client: OpenAIChat) -> None:
    fake.next(Turn(status=429, headers={"Retry-After": "0"}))
    await fault(client)
    assert await client.ask(BRIEF)


@pytest.mark.parametrize("said", ["nan", "inf", "-5", "soon", "9" * 400, "Mon, 99 Foo"])
async def test_a_wait_without_sense_is_a_short_one(fake: FakeAssistant, client: OpenAIChat, said: str) -> None:
    fake.next(Turn(status=429, headers={"Retry-After": said}))
    assert (await fault(client)).reason is AssistantFault.BUSY


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (Turn(status=500), AssistantFault.DOWN),
        (Turn(status=502), AssistantFault.DOWN),
        (Turn(status=403), AssistantFault.REFUSED),
        (Turn(status=404), AssistantFault.REFUSED),
        (Turn(cut="at once"), AssistantFault.DOWN),
        (Turn(cut="half way"), AssistantFault.DOWN),
        (Turn(endless=True), AssistantFault.NONSENSE),
        (Turn(finish="length"), AssistantFault.NONSENSE),
        (Turn(finish="content_filter"), AssistantFault.REFUSED),
        (Turn(says=""), AssistantFault.NONSENSE),
        (Turn(says="x" * (LARGEST + 1)), AssistantFault.NONSENSE),
        (Turn(body=b"<html>"), AssistantFault.NONSENSE),
        (Turn(body=b"[]"), AssistantFault.NONSENSE),
        (Turn(body=b"{}"), AssistantFault.NONSENSE),
        (Turn(body=b'{"choices": []}'), AssistantFault.NONSENSE),
        (Turn(body=b'{"choices": [{"message": {"content": 5}}]}'), AssistantFault.NONSENSE),
        (Turn(body=b'{"choices": [{"message": {"content": null, "refusal": "no"}}]}'), AssistantFault.REFUSED),
        (Turn(body=b"\xff\xfe"), AssistantFault.NONSENSE),
        (Turn(body=b"[" * 30_000), AssistantFault.NONSENSE),
        (Turn(stream=True, body=b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'), AssistantFault.NONSENSE),
        (Turn(stream=True, finish="length"), AssistantFault.NONSENSE),
        (Turn(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b" " * 10_000_000)), AssistantFault.NONSENSE),
    ],
)
async def test_whatever_goes_wrong_has_a_name(
    fake: FakeAssistant, client: OpenAIChat, turn: Turn, reason: AssistantFault
) -> None:
    fake.next(turn)
    assert (await fault(client)).reason is reason
    assert fake.calls == 1


async def test_a_redirect_is_not_followed(fake: FakeAssistant, client: OpenAIChat) -> None:
    async with FakeAssistant().running() as other:
        fake.next(Turn(status=307, headers={"Location": f"{other.endpoint}/chat/completions"}))
        assert (await fault(client)).reason is AssistantFault.REFUSED
        assert (other.calls, other.problems) == (0, [])


async def test_an_answer_that_comes_piece_by_piece_is_put_together(fake: FakeAssistant, client: OpenAIChat) -> None:
    fake.next(Turn(stream=True))
    answer = await client.ask(BRIEF)
    assert json.loads(answer.text)["reply"] == "Thank you!"
    assert answer.tokens_in


async def test_a_server_that_does_not_count_is_fine(fake: FakeAssistant, client: OpenAIChat) -> None:
    fake.next(Turn(usage=False))
    answer = await client.ask(BRIEF)
    assert (answer.tokens_in, answer.tokens_out) == (None, None)


async def test_the_time_is_for_the_whole_call(fake: FakeAssistant) -> None:
    turn = fake.next(Turn(hold=True))
    client = OpenAIChat(section(fake, timeout="1s"), KEY)
    assert (await fault(client)).reason is AssistantFault.LATE
    await turn.over.wait()  # the server saw us leave
    await client.aclose()


async def test_a_body_that_never_ends_is_late_or_too_long_never_more(fake: FakeAssistant) -> None:
    fake.next(Turn(stream=True, endless=True))
    client = OpenAIChat(section(fake, timeout="1s"), KEY)
    assert (await fault(client)).reason in {AssistantFault.LATE, AssistantFault.NONSENSE}
    await client.aclose()


async def test_nobody_there(fake: FakeAssistant) -> None:
    client = OpenAIChat(section(fake, endpoint="http://127.0.0.1:1/v1"), KEY)
    found = await fault(client)
    await client.aclose()
    assert (found.reason, found.retry) == (AssistantFault.DOWN, True)


async def test_a_question_that_is_given_up_ends_at_the_server_too(fake: FakeAssistant, client: OpenAIChat) -> None:
    turn = fake.next(Turn(hold=True))
    asking = asyncio.create_task(client.ask(BRIEF))
    await turn.reached.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await turn.over.wait()


async def test_closing_ends_what_is_being_asked(fake: FakeAssistant) -> None:
    client = OpenAIChat(section(fake), KEY)
    turn = fake.next(Turn(hold=True))
    asking = asyncio.create_task(fault(client))
    await turn.reached.wait()
    await client.aclose()
    assert (await asking).reason is AssistantFault.DOWN
    assert (await fault(client)).reason is AssistantFault.DOWN


async def test_a_proxy_of_the_environment_gets_nothing(fake: FakeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    client = OpenAIChat(section(fake), KEY)
    assert await client.ask(BRIEF)
    await client.aclose()


async def test_nothing_is_logged(fake: FakeAssistant, client: OpenAIChat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    fake.next(Turn(status=500))
    await fault(client)
    await client.ask(BRIEF)
    assert WORDS not in caplog.text
    assert KEY not in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "delta", "usage", "finish_reason"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.binary(max_size=60) | JSON.map(lambda v: json.dumps(v).encode()), st.booleans())
def test_any_body_is_an_answer_or_nonsense(body: bytes, streamed: bool) -> None:
    headers = httpx.Headers({"Content-Type": "text/event-stream" if streamed else "application/json"})
    try:
        found = _read(b"data: " + body + b"\n\n" if streamed else body, headers)
    except Unanswered:
        return
    assert isinstance(found.text, str)


def test_an_answer_has_words_and_counts() -> None:
    assert Reply(text="hi").tokens_in is None
