"""Whatever goes wrong on Telegram, no line of the log has anything of a fan, nor the token."""

from __future__ import annotations

from tests.fakes.telegram import SEND, TOKEN, Fault
from tests.integration.conftest import LOVELY
from tests.integration.logs import MARK, json_log

from .house import PRAISE, House


async def test_no_line_has_anything_of_a_fan_nor_the_token(house: House) -> None:
    fake = house.fake
    fan = fake.user(f"Robin {MARK}", username=f"{MARK}_7")
    with json_log() as log:
        await house.start()
        _, card = await house.ask(f"{PRAISE} {MARK}", by=fan)
        fake.fail_next(SEND, Fault(None, chat=house.harbor))
        await house.approve(card)
        await house.until(lambda: log.has("telegram_answer_lost"))
        # Updates that the library cannot read, with words inside.
        fake.world.updates.push({"callback_query": {"id": MARK, "data": MARK, "from": MARK}})
        await house.until(lambda: log.has("telegram_update_not_read"))
        photo = fake.post(house.harbor, fan, f"{PRAISE} {MARK}", photo=True)
        await house.judged(photo)
        # Somebody who may not decide presses.
        _, other = await house.ask(f"{LOVELY} {MARK}", by=fan, chat=house.forum)
        await house.press(other, "send", fan)
        await house.until(lambda: log.has("telegram_manager_not_listed"))
        # A group that is not listed, and then Telegram is away.
        fake.fail_next("getUpdates", Fault(502, times=3))
        fake.member(fake.supergroup(f"A group of {MARK}"), fan)
        await house.until(lambda: log.has("telegram_chat_not_listed"))
        await house.until(lambda: log.has("telegram_no_answer"))
        await house.stop()
        assert TOKEN not in str(log.lines)
    assert {line["level"] for line in log.lines} >= {"info", "warning"}
