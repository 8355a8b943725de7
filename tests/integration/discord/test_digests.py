"""A team's digest in its own channel on Discord: once, with counts and links, pinging nobody."""

from __future__ import annotations

import json
from datetime import timedelta

from bot.insights import digest_text, digests
from bot.store import Connection, cursors, topics
from tests.integration.discord.conftest import House

NAME = "Crashes @everyone"


async def test_a_digest_goes_to_the_channel_of_its_team_once(house: House) -> None:
    channel = house.fake.channel("shop-team")
    house.config += "teams:\n  shop:\n    title: The shop\n    channel:\n      discord: shop-team\n"
    await house.start()
    await house.listening()
    post = house.fake.post(house.general, house.robin, "zebra quagga crashes")
    post_id = (await house.until(lambda: (row := house.posted(post)) and row[1] and row))[0]
    app, now = house.app, house.app.clock.now()
    before = digest_text.monday(app.settings.community.local(now)) - timedelta(days=7)

    def operation(connection: Connection) -> None:
        topics.add(connection, "0" * 16, NAME, None, now)
        topics.change(connection, "0" * 16, team="shop", named_by="mara")
        connection.execute(topics.voices.insert(), {"post_id": post_id, "topic_id": "0" * 16, "at": now})
        note = json.dumps({"week": before.isoformat(), "state": "sent"})
        cursors.save(connection, digests.NOTES, {"shop:discord": note}, now)

    await app.store.write(operation)
    (shown,) = await house.until(lambda: house.fake.by_bot(channel))
    assert "everyone: 1 post" in shown["content"]
    assert "https://discord.com/channels/" in shown["content"]
    assert "quagga" not in shown["content"]
    assert shown.get("mention_everyone") in (None, False)
    await house.until(lambda: house.rows("SELECT 1 FROM events WHERE name = 'digest_sent'"))
    await app.digests.once()
    assert len(house.fake.by_bot(channel)) == 1
