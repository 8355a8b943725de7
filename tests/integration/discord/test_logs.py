"""Whatever goes wrong on Discord, no line of the log has anything of a fan."""

from __future__ import annotations

import pytest

from bot.adapters.discord import send
from tests.fakes.discord import SEND, Fault
from tests.integration.conftest import LOVELY
from tests.integration.logs import MARK, json_log

from .conftest import House, verbs


async def test_no_line_has_anything_of_a_fan(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "RETRY_DELAY", 0.05)
    fake, who = house.fake, f"<@{house.fake.world.bot['id']}>"
    fan = fake.member(f"Robin {MARK}")
    with json_log() as log:
        await house.start()
        await house.listening()
        # Posts with names, files and titles, read and answered while Discord fails.
        post = fake.post(house.general, fan, f"{who} {LOVELY} {MARK}", files=[f"{MARK}.png"])
        card = await house.card(MARK)
        fake.fail_next(SEND, Fault(None, times=99, channel=house.general["id"]))
        fake.fail_next("GET /channels/{channel}/messages", Fault(403, times=99, channel=house.general["id"]))
        await house.approve(card)
        await house.until(lambda: "lost" in verbs(card))
        assert log.has("discord_answer_lost", level="warning")
        fake.http.faults.clear()
        await fake.press(card, verbs(card)["lost"], house.tom)
        await house.until(lambda: "retry" in verbs(card))
        # Somebody who may not decide presses.
        await fake.press(card, verbs(card)["retry"], fan)
        await house.until(lambda: log.has("discord_manager_not_listed"))
        await fake.press(card, verbs(card)["retry"], house.tom)
        await house.settled(post)
        # Something that the library cannot read.
        broken = {"id": MARK, "channel_id": house.general["id"], "content": MARK, "author": MARK}
        fake.gateway.malformed("MESSAGE_CREATE", broken)
        await house.until(lambda: fake.gateway.identified == 2)
        # A thread that a fan named while the bot was away, and may not read.
        fake.disconnect(resumable=False)
        thread = fake.thread(house.general, f"all about {MARK}", fan)
        fake.post(thread, fan, f"{who} {LOVELY} {MARK} again")
        fake.fail_next("GET /channels/{channel}/messages", Fault(403, times=99, channel=thread["id"]))
        await house.until(lambda: log.has("discord_history_closed", channel_id=thread["id"]))
        # A place that is not listed.
        fake.post(fake.thread(fake.channel("off-topic"), MARK, fan), fan, f"{who} {MARK}")
        await house.until(lambda: log.has("discord_channel_not_listed"))
        await house.stop()
    assert {line["level"] for line in log.lines} >= {"info", "warning"}
    assert all("exception" not in line or line["exception"][0]["type"] for line in log.lines)
