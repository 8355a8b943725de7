"""A fan's answer is passed on only while their yes counts, under their name, with what they got for it."""

from __future__ import annotations

import asyncio

import pytest

from bot.consent import Kind, State
from bot.domain import Cause
from bot.store import consents
from tests.integration.operators import GONE, PLAIN, operators

HELP = "hold the lamp key and the fog clears"
POST = "the new map is gorgeous"
THANKS = "Ida Lamp knows more"
CREDITED = """---
credit: {consent}
slots:
  author: {{from: credit.name}}
  gift: {{from: credit.incentive}}
examples:
  - {{given: {{post: love it, slots: {{author: Ida}}}}, expect: {{contains: [Ida]}}}}
---
## variant: plain
{{% if author %}}{{{{ author }}}} knows more.{{% endif %}} Hold the lamp key.
{{%- if gift %}} We gave {{{{ gift }}}}.{{% endif %}}
"""


async def kept(house, *, incentive=None, value="as:shown"):
    """A fan said yes to passing on an answer, and an operator wrote a template with it; the consent."""
    post_id = await house.post(HELP, fan="ida", name="Ida Lamp", channel="help")
    question = await house.asks.propose(Kind.ANSWER, post_id, "mara", incentive=incentive)
    await house.press(await house.again({"draft_id": question.id}), "approve")
    await house.send()
    asked = await house.store.read(lambda c: consents.asked_by_draft(c, question.id))
    await house.asks.press("stage", "ida", asked.id, value)
    house.pipeline = operators(GONE, CREDITED.format(consent=asked.id), PLAIN)
    return asked


async def take_back(house, consent):
    await house.asks.press("stage", "ida", consent.id, "withdraw")


async def anew(house, card):
    """The draft that stands now for the post of a card."""
    await house.quiet()
    return await house.draft_of(card["post"]["post_id"])


async def test_an_answer_is_passed_on_under_the_name_that_its_author_wants(house):
    consent = await kept(house)
    card = await house.draft(POST)
    assert card["text"].startswith(THANKS)
    needed = await house.store.read(lambda c: consents.needed_by(c, card["draft_id"]))
    assert [one.id for one in needed] == [consent.id]


async def test_without_a_name_nobody_is_named(house):
    await kept(house, value="as:")
    assert (await house.draft(POST))["text"] == "Hold the lamp key."


async def test_what_the_author_got_for_it_is_said(house):
    await kept(house, incentive="a signed map")
    assert "We gave a signed map." in (await house.draft(POST))["text"]


async def test_before_the_yes_and_after_a_no_it_is_not_offered(house):
    post_id = await house.post(HELP, fan="ida", name="Ida Lamp", channel="help")
    question = await house.asks.propose(Kind.ANSWER, post_id, "mara")
    asked = await house.store.read(lambda c: consents.asked_by_draft(c, question.id))
    house.pipeline = operators(GONE, CREDITED.format(consent=asked.id), PLAIN)
    assert "lamp key" not in (await house.draft(POST))["text"]
    await house.press(await house.again({"draft_id": question.id}), "approve")
    await house.send()
    await house.asks.press("stage", "ida", asked.id, "no")
    assert "lamp key" not in (await house.draft(POST, fan="tom", channel="docks"))["text"]


@pytest.mark.parametrize("when", ["waiting", "approved"])
async def test_a_yes_that_is_taken_back_ends_what_waits(house, when):
    consent = await kept(house)
    old = await house.draft(POST)
    house.clock.move(minutes=5)
    if when == "approved":
        await house.press(old, "approve")
    sent = len(house.stage.sent)
    await take_back(house, consent)
    await house.send()
    new = await anew(house, old)
    assert len(house.stage.sent) == sent, "nothing goes out"
    assert (await house.again(old))["cause"] == Cause.CONSENT_ENDED
    assert (new["state"], "lamp key" in new["text"]) == ("waiting", False)
    assert new["why"].startswith(
        "Drafted anew: a fan took back the yes that it needs."
        if when == "waiting"
        else "The yes was taken back and this is drafted anew: a fan took back the yes that it needs."
    )
    assert new["waiting_since"] == old["waiting_since"]
    await house.press(new, "approve")
    await house.send()
    assert len(house.stage.sent) == sent + 1


async def test_what_is_in_flight_arrives_and_what_did_not_arrive_is_not_tried_again(house):
    consent = await kept(house)
    old = await house.draft(POST)
    await house.press(old, "approve")

    async def meanwhile(_delivery):
        await take_back(house, consent)

    house.stage.meanwhile = meanwhile
    house.stage.script.append("later")
    await house.send()
    house.stage.meanwhile = None
    for _ in range(3):
        await house.send()
    assert not any("lamp key" in (each.text or "") for each in house.stage.sent)
    assert (await house.again(old))["cause"] == Cause.CONSENT_ENDED
    new = await anew(house, old)
    assert (new["state"], "lamp key" in new["text"]) == ("waiting", False)


async def test_a_reply_that_was_sent_stays(house):
    consent = await kept(house)
    card = await house.sent(POST)
    await take_back(house, consent)
    await house.send()
    assert (await house.again(card))["state"] == "approved"
    assert "lamp key" not in (await house.draft(POST, fan="tom"))["text"]


class Slow:
    """A pipeline that reads so long that a fan changes their mind meanwhile."""

    def __init__(self, pipeline, meanwhile):
        self.library = pipeline.library
        self._pipeline = pipeline
        self._loop = asyncio.get_running_loop()
        self._meanwhile = meanwhile

    def run(self, post, context):
        if context.credits:
            asyncio.run_coroutine_threadsafe(self._meanwhile(), self._loop).result(10)
        return self._pipeline.run(post, context)


async def test_a_yes_that_ends_while_a_post_is_read_is_noticed(house):
    consent = await kept(house)
    house.pipeline = Slow(house.pipeline, lambda: take_back(house, consent))
    card = await house.draft(POST)
    assert (await house.store.read(lambda c: consents.get(c, consent.id))).state is State.WITHDRAWN
    assert (card["state"], "lamp key" in card["text"]) == ("waiting", False)
