"""What /metrics tells of an evening on Telegram: the card, the send, what went wrong, and nothing of the people."""

from __future__ import annotations

import httpx

from tests.fakes.telegram import SEND, Fault
from tests.integration.logs import MARK

from .house import PRAISE, House


async def scraped(house: House) -> dict[str, float]:
    async with httpx.AsyncClient(base_url=house.app.base_url, timeout=60) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    people = (house.mara, house.tom, house.robin, house.kim, house.harbor, house.forum, house.room)
    private = [MARK, "Robin", "Mara", "Lantern", *(str(abs(one["id"])) for one in people)]
    assert [line for line in lines for word in private if word in line] == []
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_cards_sends_and_dead_letters_are_counted(open_house: House) -> None:
    house, fake = open_house, open_house.fake
    before = await scraped(house)
    _, card = await house.ask(f"{PRAISE} {MARK}")
    fake.fail_next(SEND, Fault(None, chat=house.harbor))
    await house.approve(card)
    await house.says(card, "Did the reply arrive?")
    fake.poison()
    await house.until(lambda: house.rows("SELECT 1 FROM inbox WHERE set_aside IS NOT NULL"))
    now = await scraped(house)

    def more(name: str) -> float:
        return now[name] - before.get(name, 0)

    assert more('greenroom_card_shown_seconds_count{surface="telegram"}') == 1
    assert more('greenroom_hop_seconds_count{hop="card"}') == 1
    assert more('greenroom_hop_seconds_count{hop="send"}') == 1
    assert more('greenroom_decisions_total{action="approve"}') == 1
    assert more('greenroom_sends_total{outcome="uncertain",platform="telegram"}') == 1
    assert now['greenroom_queue_depth{queue="uncertain"}'] == 1
    assert now['greenroom_queue_depth{queue="dead_letters"}'] == 1
    assert now['greenroom_ready{part="telegram"}'] == 1
