"""A house with a language model beside it: a real server on loopback that answers as a test tells it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot import settings
from bot.assistant.helper import Helper
from bot.assistant.openai import OpenAIChat
from bot.store import assistant
from responders.pipeline import Pipeline
from tests.fakes.assistant import MODEL, FakeAssistant
from tests.integration.conftest import House, Stage

Json = dict[str, Any]


class Helped:
    """A house and its model."""

    def __init__(self, house: House, fake: FakeAssistant) -> None:
        self.house, self.fake = house, fake
        self._running: asyncio.Task[None] | None = None
        self._models: list[OpenAIChat] = []
        self.helper: Helper

    def make(self) -> Helper:
        """Another process, as it were: the same rows and the same server."""
        house, section = self.house, self.house.settings.assistant
        assert section
        model = OpenAIChat(section, None)
        self._models.append(model)
        return Helper(
            *(house.store, house.settings, house.clock, lambda: house.pipeline, model),
            section=section,
            text_limit=lambda _: Stage.text_limit,
        )

    async def switch(self, model: str | None, host: str = "127.0.0.1") -> None:
        """As a start with this model in config.yaml does; None for a start without one."""
        now, in_use = self.house.clock.now(), {"model": model, "host": host} if model else None
        await self.house.store.write(lambda c: assistant.switch(c, in_use, now))

    def start(self) -> None:
        self.helper = self.make()
        self._running = asyncio.create_task(self.helper.run())

    async def stop(self) -> None:
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        while self._models:
            await self._models.pop().aclose()

    async def rows(self) -> list[Json]:
        """The calls, oldest first."""

        def query(connection: Any) -> list[Json]:
            found = connection.execute(assistant.calls.select().order_by(assistant.calls.c.at)).mappings()
            return [dict(row) for row in found]

        return await self.house.store.read(query)

    async def ended(self, number: int = 1) -> list[Json]:
        """Once so many calls have an end."""
        async with asyncio.timeout(60):
            while sum(row["outcome"] is not None for row in await self.rows()) < number:
                if self._running and self._running.done():
                    self._running.result()
                await asyncio.sleep(0.005)
        return await self.rows()

    async def card(self, text: str, **more: Any) -> Json:
        """The card of a post, once the model has been heard about it, or never will be."""
        before = sum(row["outcome"] is not None for row in await self.rows())
        card = await self.house.draft(text, **more)
        await self.ended(before + 1)
        return await self.house.again(card)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAssistant]:
    async with FakeAssistant().running() as server:
        yield server
        assert server.problems == []


@pytest.fixture
def open_helped(build_house: Callable[..., House], fake: FakeAssistant) -> Callable[..., Any]:
    """Opens a house with a model: `async with open_helped("per_day: 2") as helped`."""

    @contextlib.asynccontextmanager
    async def opened(more: str = "", pipeline: Pipeline | None = None, *, start: bool = True) -> AsyncIterator[Helped]:
        house = build_house()
        path = house.settings.path
        block = f"endpoint: {fake.endpoint}, model: {MODEL}, processor: a model on our own server"
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}assistant: {{{', '.join(filter(None, (block, more)))}}}\n", encoding="utf-8")
        house.settings = settings.load(path, {})
        house.pipeline = pipeline or house.pipeline
        await house.open()
        helped = Helped(house, fake)
        await helped.switch(MODEL)
        if start:
            helped.start()
        try:
            yield helped
        finally:
            await helped.stop()
            await house.close()

    return opened


@pytest.fixture
async def helped(open_helped: Callable[..., Any]) -> AsyncIterator[Helped]:
    """An open house with a model that is asked for everything."""
    async with open_helped() as opened:
        yield opened
