"""What fans make on Discord's stage: shown once, never lost from sight, and taken down wherever its channel is now."""

from __future__ import annotations

import pytest

from bot.adapters.discord.gateway import Client
from bot.adapters.discord.send import DiscordSender
from bot.consent import Kind
from bot.domain import Action, NotSent, Target, Uncertain
from tests.fakes.discord import SEND, Fault
from tests.integration import made
from tests.integration.discord.conftest import House, Json
from tests.integration.made import MADE
from tests.unit.cards import delivery

LOOK = "GET /channels/{channel}/messages/{message}"
SHOWN = f"Made by somebody here: {MADE}"
NO_PREVIEWS = 1 << 2


class Staged:
    """A house with a stage."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.fake = house.fake
        self.stage = house.fake.channel("showcase")
        house.config = house.config.replace("    cards:", "    stage: showcase\n    cards:")
        house.operators_write(made.FILES)

    async def made(self, by: Json | None = None, text: str = MADE) -> Json:
        """Somebody made something; the post, once it is judged."""
        post = self.fake.post(self.house.general, by or self.house.robin, text)
        await self.house.until(lambda: (row := self.house.posted(post)) and row[1])
        return post

    async def yes(self, post: Json) -> tuple[str, str]:
        """Its author says yes: the consent, and the draft for the stage."""
        consent, (draft,) = await made.said_yes(self.house.app, self.house.posted(post)[0])
        return consent, draft

    async def ends(self, draft: str, state: str) -> tuple[str, str]:
        """The receipt and the error of the newest delivery of a draft, once it is in this state."""
        query = (
            "SELECT state, coalesce(external_id, ''), coalesce(error, '') FROM deliveries WHERE draft_id = ? "
            "ORDER BY created_at DESC LIMIT 1"
        )
        _, receipt, error = (
            await self.house.until(lambda: [r for r in self.house.rows(query, draft) if r[0] == state])
        )[0]
        return receipt, error

    def shown(self) -> list[str]:
        """What stands on stage, without the links to the posts themselves."""
        return [one["content"].partition("\nhttps://discord.com/channels/")[0] for one in self.fake.by_bot(self.stage)]


@pytest.fixture
async def staged(house: House) -> Staged:
    found = Staged(house)
    await house.start()
    await house.listening()
    return found


async def test_it_pings_nobody_and_has_no_previews(staged: Staged) -> None:
    post = await staged.made(text=f"{MADE} @everyone https://example.org/lantern")
    _, draft = await staged.yes(post)
    await made.decide(staged.house.app, draft, Action.APPROVE)
    await staged.ends(draft, "sent")
    (shown,) = staged.fake.by_bot(staged.stage)
    assert staged.fake.pings(shown) == set()
    assert shown["flags"] & NO_PREVIEWS
    assert "message_reference" not in shown


@pytest.mark.parametrize("arrived", [True, False], ids=["it arrived", "it did not"])
async def test_a_lost_answer_is_looked_for_among_our_messages(
    staged: Staged, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    monkeypatch.setattr("bot.adapters.discord.send.RETRY_DELAY", 0.1)
    app = staged.house.app
    _, first = await staged.yes(await staged.made())
    await made.decide(app, first, Action.APPROVE)
    known, _ = await staged.ends(first, "sent")
    _, second = await staged.yes(await staged.made(staged.fake.member("Kim")))
    staged.fake.fail_next(SEND, Fault(None, after=arrived, channel=staged.stage["id"]))
    staged.fake.forget_nonces()
    await made.decide(app, second, Action.APPROVE)
    receipt, _ = await staged.ends(second, "sent")
    assert staged.shown() == [SHOWN, SHOWN], "the same words, and two posts"
    assert [known, receipt] == [f"{staged.stage['id']}/{one['id']}" for one in staged.fake.by_bot(staged.stage)]


async def test_a_lost_reply_is_not_taken_for_the_question_below_the_same_post(
    staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord.send.RETRY_DELAY", 0.1)
    house, post = staged.house, await staged.made()
    reply, post_id = house.rows("SELECT id, post_id FROM drafts WHERE purpose = 'reply'")[0]
    question = await house.app.asks.propose(Kind.STAGE, post_id, "mara")
    await made.decide(house.app, question.id, Action.APPROVE)
    await staged.ends(question.id, "sent")
    staged.fake.fail_next(SEND, Fault(None, after=False, channel=house.general["id"]))
    await made.decide(house.app, reply, Action.APPROVE)
    receipt, _ = await staged.ends(reply, "sent")
    below = staged.fake.replies_to(post)
    assert [one["id"] for one in below if "lovely" in one["content"] or "care" in one["content"]] == [receipt]
    assert len(below) == 2


async def test_it_is_taken_down_though_its_channel_has_another_name(staged: Staged) -> None:
    consent, draft = await staged.yes(await staged.made())
    await made.decide(staged.house.app, draft, Action.APPROVE)
    await staged.ends(draft, "sent")
    staged.fake.world.rename_channel(staged.stage, "gallery")
    staged.fake.channel("showcase")
    await made.take_back(staged.house.app, consent)
    await staged.house.until(lambda: not staged.shown())
    await staged.ends(draft, "sent")


async def test_without_its_channel_nothing_is_sent_and_the_card_says_why(staged: Staged) -> None:
    app = staged.house.app
    _, draft = await staged.yes(await staged.made())
    staged.fake.world.rename_channel(staged.stage, "gallery")
    await staged.house.until(lambda: app.platforms["discord"].message_link("1", f"{staged.stage['id']}/1"))
    await made.decide(app, draft, Action.APPROVE)
    _, error = await staged.ends(draft, "failed")
    assert "showcase" in error
    staged.fake.world.rename_channel(staged.stage, "showcase")
    await made.decide(app, draft, Action.RETRY)
    await staged.ends(draft, "sent")
    assert staged.shown() == [SHOWN]


async def test_before_the_channels_are_known_nothing_is_given_up(staged: Staged) -> None:
    app = staged.house.app
    sender = DiscordSender(Client(app.settings, message_content=True), app.store, app.intake)
    for_stage = delivery("sending", target=Target(platform="discord", channel="showcase", reply_to=""))
    tried, looked = await sender.deliver(for_stage), await sender.look_up(for_stage)
    assert isinstance(tried, NotSent)
    assert isinstance(looked, Uncertain)
    assert None not in (tried.retry_after, looked.retry_after)


async def test_a_post_that_went_unseen_is_not_shown(staged: Staged) -> None:
    post = await staged.made()
    _, draft = await staged.yes(post)
    del staged.fake.world.messages[post["channel_id"]][post["id"]]  # no event tells of it
    await made.decide(staged.house.app, draft, Action.APPROVE)
    await staged.ends(draft, "recalled")
    assert staged.house.rows("SELECT state, cause FROM drafts WHERE id = ?", draft) == [("withdrawn", "post_deleted")]
    assert staged.shown() == []


async def test_at_a_post_of_another_platform_nobody_looks(staged: Staged) -> None:
    app = staged.house.app
    body = {"platform": "web", "channel": "plaza", "external_id": "1", "text": MADE, "at": app.clock.now()}
    received = await app.intake.receive(made.post(**body))
    await staged.house.until(lambda: staged.house.rows("SELECT 1 FROM posts WHERE action IS NOT NULL"))
    _, drafts = await made.said_yes(app, received.post_id, "everywhere")
    targets = dict(
        staged.house.rows("SELECT id, json_extract(target, '$.platform') FROM drafts WHERE purpose = 'stage'")
    )
    draft = next(one for one in drafts if targets[one] == "discord")
    await made.decide(app, draft, Action.APPROVE)
    await staged.ends(draft, "sent")
    assert staged.shown() == [SHOWN]
    assert staged.fake.requests(LOOK) == []
