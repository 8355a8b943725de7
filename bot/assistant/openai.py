"""The chat API that many servers speak: OpenAI's, Ollama, llama.cpp, vLLM."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import httpx

from bot.assistant.port import Assistant, AssistantFault, Reply, Unanswered
from bot.errors import GreenroomError
from bot.settings.assistant import AssistantSection
from responders.assistant import Brief

LARGEST = 64 * 1024
"""Bytes of an answer. A reply has a thousandth of it."""
_TOKENS = 700
"""The most that the model may write."""
_TEMPERATURE = 0.4
"""Low, so that it keeps to what it was given; not 0, so that replies do not sound alike."""
_WAIT = 30.0
"""Seconds to wait where a server is busy and does not say how long."""
_LONGEST_WAIT = 3_600.0
_CONNECTIONS = 8
_SSE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class _Said:
    """What an answer of the API says."""

    text: str
    finish: str | None
    usage: Mapping[str, Any]


class OpenAIChat(Assistant):
    """Any server with `POST {endpoint}/chat/completions`."""

    name: ClassVar = "openai"

    def __init__(self, section: AssistantSection, key: str | None) -> None:
        """As `Assistant`. Connects when first asked. Raises GreenroomError for a key that cannot be one."""
        if key and not (key.isascii() and key.isprintable()):
            raise GreenroomError(f"{section.key_env} has characters that no key has; copy the key again")
        self._section = section
        self._seconds = section.timeout.total_seconds()
        self._refused: set[str] = set()
        """What the server does not take, as it told us: kinds of `response_format`, and keys of `_KEYS`."""
        self._not_before = 0.0
        """Nothing is asked before this moment, in seconds of the monotonic clock."""
        self._client = httpx.AsyncClient(
            # The environment may name a proxy, and a `.netrc` with keys of its own: the words go to the endpoint alone.
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self._seconds),
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            # No packed answers: a small one may unpack to a gigabyte.
            headers={
                "User-Agent": "greenroom",
                "Accept-Encoding": "identity",
                **({"Authorization": f"Bearer {key}"} if key else {}),
            },
        )

    async def ask(self, brief: Brief) -> Reply:
        """Ask once, within `section.timeout` for the whole call."""
        left = self._not_before - time.monotonic()
        if left > 0:
            raise Unanswered(AssistantFault.BUSY, f"The server asked us to wait {left:.0f} more seconds.", retry=True)
        try:
            async with asyncio.timeout(self._seconds):
                said = await self._answer(brief)
        except (TimeoutError, httpx.TimeoutException):
            sentence = f"There was no answer within {self._seconds:g} seconds."
            raise Unanswered(AssistantFault.LATE, sentence, retry=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError) as error:  # as of a closed client
            sentence = f"The server cannot be reached or broke off ({type(error).__name__})."
            raise Unanswered(AssistantFault.DOWN, sentence, retry=True) from None
        return _reply(said)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _answer(self, brief: Brief) -> _Said:
        while True:
            sent = self._body(brief)
            status, body, headers = await self._post(sent)
            if status == httpx.codes.OK:
                return _read(body, headers)
            if status not in _REFUSALS or not self._learns(sent, body):
                raise self._fault(status, headers)

    def _learns(self, sent: Mapping[str, Any], body: bytes) -> bool:
        """Note what of our question the server does not take, if it says so; the question can be put again then."""
        said = body.decode("utf-8", "replace").casefold()
        form = sent.get("response_format", {}).get("type")
        if form and _ABOUT_THE_FORM.search(said):
            self._refused.add(form)
            return True
        words = re.findall(r"\w+", said)
        named = next((key for key in _KEYS if key in sent and key in words), None)
        if named:
            self._refused.add(named)
        return named is not None

    async def _post(self, body: Mapping[str, Any]) -> tuple[int, bytes, httpx.Headers]:
        address = f"{self._section.endpoint.rstrip('/')}/chat/completions"
        async with self._client.stream("POST", address, json=body) as answer:
            found = bytearray()
            async for piece in answer.aiter_raw():
                found += piece
                if len(found) > LARGEST:
                    raise Unanswered(AssistantFault.NONSENSE, "The answer is too long.", retry=False)
            return answer.status_code, bytes(found), answer.headers

    def _body(self, brief: Brief) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._section.model,
            "messages": [{"role": "system", "content": brief.system}, {"role": "user", "content": brief.user}],
            "stream": False,
        }
        body |= {key: value for key, value in _KEYS.items() if key not in self._refused}
        if "max_tokens" in self._refused:
            body["max_completion_tokens"] = _TOKENS
        form = next((form for form in _FORMS if form not in self._refused), None)
        if form:
            schema = {"name": "suggestion", "strict": True, "schema": brief.schema}
            body["response_format"] = {"type": form, **({"json_schema": schema} if form == _FORMS[0] else {})}
        return body

    def _fault(self, status: int, headers: httpx.Headers) -> Unanswered:
        """What an answer other than 200 means."""
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            where = f"look at {self._section.key_env}" if self._section.key_env else "it needs a key: set `key_env`"
            return Unanswered(AssistantFault.REFUSED, f"The server refuses our key ({status}); {where}.", retry=False)
        if status == httpx.codes.TOO_MANY_REQUESTS or "Retry-After" in headers:
            wait = _seconds(headers.get("Retry-After"))
            self._not_before = time.monotonic() + wait
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return Unanswered(AssistantFault.BUSY, f"The server asks us to wait {wait:.0f} seconds (429).", retry=True)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
            return Unanswered(AssistantFault.DOWN, f"The server failed ({status}).", retry=True)
        if httpx.codes.is_redirect(status):
            sentence = f"The server sends us to another address ({status}), where we do not go; mend `endpoint`."
            return Unanswered(AssistantFault.REFUSED, sentence, retry=False)
        if status == httpx.codes.NOT_FOUND:
            sentence = "The server knows no such address or model (404); look at `endpoint` and `model`."
            return Unanswered(AssistantFault.REFUSED, sentence, retry=False)
        return Unanswered(AssistantFault.REFUSED, f"The server refuses the question ({status}).", retry=False)


_REFUSALS = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY})
_ABOUT_THE_FORM = re.compile(r"response_format|json_schema|json_object|schema|grammar")
_FORMS = ("json_schema", "json_object")
"""The kinds of `response_format`, the strictest first."""
_KEYS: Mapping[str, Any] = {"temperature": _TEMPERATURE, "max_tokens": _TOKENS, "store": False}
"""Keys that some servers refuse. One that does not know `store` keeps nothing for us to forbid."""


def _seconds(said: str | None) -> float:
    """How long to wait: `Retry-After` is a number of seconds or a date."""
    try:
        wait = float(said or _WAIT)
    except ValueError:
        wait = _until(said or "")
    return min(max(wait, 0.0), _LONGEST_WAIT) if math.isfinite(wait) else _WAIT


def _until(said: str) -> float:
    try:
        return (parsedate_to_datetime(said).astimezone(UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return _WAIT


def _reply(said: _Said) -> Reply:
    if said.finish == "content_filter":
        raise Unanswered(AssistantFault.REFUSED, "The server does not answer this post.", retry=False)
    if said.finish == "length":
        raise Unanswered(AssistantFault.NONSENSE, "The answer was cut off.", retry=False)
    if not said.text.strip():
        raise Unanswered(AssistantFault.NONSENSE, "The answer is empty.", retry=False)
    return Reply(
        text=said.text,
        tokens_in=_count(said.usage.get("prompt_tokens")),
        tokens_out=_count(said.usage.get("completion_tokens")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _read(body: bytes, headers: httpx.Headers) -> _Said:
    """Read an answer of the API. Some servers stream it though nobody asked."""
    try:
        text = body.decode("utf-8")
        kind = headers.get("Content-Type", "").partition(";")[0].strip().casefold()
        return _joined(_events(text)) if kind == _SSE or text.startswith("data:") else _whole(json.loads(text))
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError, IndexError):
        sentence = "The answer is not in the form of the chat API."
        raise Unanswered(AssistantFault.NONSENSE, sentence, retry=False) from None


def _whole(answer: Any) -> _Said:
    choice = answer["choices"][0]
    message = choice["message"]
    if message.get("refusal"):
        raise Unanswered(AssistantFault.REFUSED, "The model does not answer this post.", retry=False)
    content = message["content"] or ""
    if not isinstance(content, str):
        raise TypeError("content")
    return _Said(content, choice.get("finish_reason"), answer.get("usage") or {})


def _events(text: str) -> Iterator[Any]:
    """The events of a stream, up to its end. A stream without an end was cut off."""
    for line in text.splitlines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        yield json.loads(data)


def _joined(events: Iterator[Any]) -> _Said:
    text: list[str] = []
    finish: str | None = None
    usage: Mapping[str, Any] = {}
    for event in events:
        usage = event.get("usage") or usage
        for choice in event["choices"][:1]:
            content = choice["delta"].get("content") or ""
            if not isinstance(content, str):
                raise TypeError("content")
            text.append(content)
            finish = choice.get("finish_reason") or finish
    if finish is None:
        raise ValueError("no end")
    return _Said("".join(text), finish, usage)
