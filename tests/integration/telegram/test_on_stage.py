"""What fans make on Telegram's stage, and what becomes of it when a fan takes it back."""

from __future__ import annotations

import pytest

from bot.adapters.chat.connected import NO_NUMBER
from bot.adapters.telegram.send import TAKEN_BACK
from bot.domain import Action
from tests.fakes.telegram import SEND, Fault, buttons
from tests.integration import made
from tests.integration.made import MADE

from .house import House, Json

OLD = 50 * 3600


class Staged:
    """A house with a stage."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.fake = house.fake
        self.stage = house.fake.forum("Showcase")
        self.place = str(self.stage["id"])
        house.operators_write(made.FILES)

    async def open(self) -> None:
        self.house.config += f"    stage: {self.place}\n"
        await self.house.start()

    async def yes(self, text: str = MADE) -> tuple[str, str]:
        """Robin made something and says yes: the consent, and the draft for the stage."""
        post = await self.house.judged(self.fake.post(self.house.harbor, self.house.robin, text))
        consent, (draft,) = await made.said_yes(self.house.app, post.id)
        return consent, draft

    async def shown(self, text: str = MADE) -> tuple[str, str, Json]:
        """It is shown: consent, draft, message."""
        consent, draft = await self.yes(text)
        await made.decide(self.house.app, draft, Action.APPROVE)
        await self.house.delivery({"draft_id": draft}, "sent")
        return consent, draft, self.fake.by_bot(self.stage)[-1]


@pytest.fixture
async def staged(house: House) -> Staged:
    return Staged(house)


async def test_it_stands_in_its_topic_and_names_in_it_notify_nobody(staged: Staged) -> None:
    topic = staged.fake.topic(staged.stage, "Made by you", staged.house.mara)
    staged.place = f"{staged.stage['id']}/{topic}"
    await staged.open()
    _, _, message = await staged.shown(f"{MADE} @kim_harbor")
    assert message["message_thread_id"] == topic
    said, link = message["text"].replace("\N{WORD JOINER}", "").split("\n")
    assert said == f"Made by somebody here: {MADE} @kim_harbor"
    assert link.startswith("https://t.me/c/")
    assert [entity["type"] for entity in message.get("entities", [])] == ["url"], "no mention"


async def test_what_can_no_longer_be_deleted_is_emptied(staged: Staged) -> None:
    await staged.open()
    consent, draft, message = await staged.shown()
    message["date"] -= OLD
    await made.take_back(staged.house.app, consent)
    await staged.house.delivery({"draft_id": draft}, "sent")
    await staged.house.until(lambda: message["text"] == TAKEN_BACK)
    assert not buttons(message)
    assert staged.house.rows("SELECT state FROM deliveries WHERE kind = 'send'") == [("removed",)]


async def test_what_nobody_can_find_is_left_to_a_person(staged: Staged) -> None:
    await staged.open()
    app = staged.house.app
    consent, draft = await staged.yes()
    staged.fake.fail_next(SEND, Fault(None, after=True, chat=staged.stage))
    await made.decide(app, draft, Action.APPROVE)
    await staged.house.delivery({"draft_id": draft}, "uncertain")
    await made.decide(app, draft, Action.SETTLE, arrived=True)
    await made.take_back(app, consent)
    removal = await staged.house.delivery({"draft_id": draft}, "failed")
    assert removal["error"] == NO_NUMBER
    assert len(staged.fake.by_bot(staged.stage)) == 1


async def test_a_stage_that_became_a_supergroup_is_found_under_its_new_id(staged: Staged) -> None:
    group = staged.fake.group("Small showcase")
    staged.place = str(group["id"])
    await staged.open()
    consent, draft = await staged.yes()
    staged.stage = staged.fake.migrate(group, staged.house.mara)
    moved = "SELECT 1 FROM cursors WHERE platform = 'telegram:moved'"
    await staged.house.until(lambda: staged.house.rows(moved))
    await made.decide(staged.house.app, draft, Action.APPROVE)
    await staged.house.delivery({"draft_id": draft}, "sent")
    assert len(staged.fake.by_bot(staged.stage)) == 1
    await made.take_back(staged.house.app, consent)
    await staged.house.until(lambda: not staged.fake.by_bot(staged.stage))


async def test_in_a_group_nobody_reads_what_a_fan_asks_to_be_remembered(staged: Staged) -> None:
    await staged.open()
    house = staged.house
    for words in ("/remember I play on Linux", "/callme Kim", "/link"):
        post = staged.fake.post(house.harbor, house.robin, words)
        (answer,) = await house.until(lambda: staged.fake.replies_to(post))  # noqa: B023 - awaited here
        assert "for your eyes only" in answer["text"]
    assert house.rows("SELECT 1 FROM posts") == []
