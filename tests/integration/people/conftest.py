"""A house whose operators wrote words for questions, credits and introductions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.content import Content
from bot.people.asks import Pressed
from bot.store import Connection, drafts, people, posts
from bot.store import consents as stored
from responders.pipeline import Pipeline, build
from responders.understanding.trained import Read
from tests.fakes.reader import FakeReads
from tests.integration.conftest import TEMPLATES, House

ROOT = Path(__file__).parents[3]
READ = {"how do i save": "question", "thank": "thanks", "press the": "answer", "made a": "ugc_shared", "die": "crisis"}
"""Words of a post -> what is read in it."""


class Own(FakeReads):
    """Reads a post's own words, whatever it answers."""

    def read(self, text: str) -> Read:
        return super().read(text.partition("\n")[0])


@pytest.fixture(scope="session")
def people_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Reads as `READ` says; its words for fans are the shipped ones."""
    folder = tmp_path_factory.mktemp("operators") / "templates"
    shipped = [*(ROOT / "templates/en/people").glob("*.md"), ROOT / "templates/intents/thanks.yaml"]
    texts = {str(path.relative_to(ROOT / "templates")): path.read_text(encoding="utf-8") for path in shipped}
    for name, text in {**TEMPLATES, **texts}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return build(Content(folder).load().library, reads=Own(READ))


class Community:
    """The house, and what fans and managers do there."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def waiting(self, purpose: str) -> list[dict[str, Any]]:
        """The cards of a purpose that wait, oldest first."""

        def query(connection: Connection) -> list[str]:
            found = drafts.page(connection, "waiting", 100, None)
            return [draft.id for draft in sorted(found, key=lambda d: d.created_at) if draft.purpose == purpose]

        return [await self.house.again({"draft_id": each}) for each in await self.house.store.read(query)]

    async def send(self, card: dict[str, Any]) -> str:
        """A manager says yes, and it goes out; the text."""
        await self.house.press(card, "approve")
        await self.house.send()
        return str((await self.house.again(card))["text"])

    async def consent(self, fan: str) -> Any:
        """The newest question to a fan."""
        return (await self.house.store.read(lambda c: stored.of_fan(c, "stage", fan)))[-1]

    async def say(self, fan: str, value: str) -> Pressed:
        """A fan presses a button under the newest question to them."""
        return await self.house.asks.press("stage", fan, (await self.consent(fan)).id, value)

    async def remember(self, fan: str, *things: str, called: str | None = None) -> str:
        """A fan asked to be remembered; the person's id."""
        now = self.house.clock.now()

        def operation(connection: Connection) -> str:
            person = people.remember(connection, "stage", fan, now)
            if called:
                people.call(connection, person, called)
            for thing in things:
                people.add_thing(connection, person, thing, now, 5)
            return person

        return await self.house.store.write(operation)

    async def external(self, post_id: str) -> str:
        """The platform's id of a post."""
        post = await self.house.store.read(lambda c: posts.get(c, post_id))
        assert post
        return post.post.external_id

    async def answer(self, to: str, text: str, fan: str, **more: Any) -> str:
        """A fan's reply to a post; our id of it."""
        return await self.house.post(text, fan=fan, reply_to=await self.external(to), **more)


@pytest.fixture
async def community(build_house: Callable[..., House], people_pipeline: Pipeline) -> AsyncIterator[Community]:
    house = build_house()
    house.pipeline = people_pipeline
    await house.open()
    try:
        yield Community(house)
    finally:
        await house.close()
