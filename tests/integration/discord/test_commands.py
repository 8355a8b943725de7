"""What fans and managers type, and the message command."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest

from bot.adapters.chat import asks
from bot.adapters.web.auth import Keys
from bot.people.fans import COMMANDS, FORGET
from bot.settings.model import Web
from tests.integration.discord.mods_room import PRAISE, Room, opened, text_of


@pytest.fixture
async def room(build_house) -> AsyncIterator[Room]:
    async with opened(build_house) as found:
        yield found


async def ask(room: Room, who, command: str, **options):
    """The answer, which nobody else sees."""
    return answer(await who.slash(room.general, command, **options))


def answer(told):
    assert told.ephemeral
    return told.followups[-1] if told.followups else told.response


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("who", ["software", "Lantern Harbor", "reads each draft"]),
        ("privacy", ["7 days", "/forget", "Ask us anything."]),
        ("mydata", ["Nothing is stored"]),
        ("forget", ["Erase everything", "cannot be undone"]),
        ("stop", ["not be answered"]),
    ],
)
async def test_what_fans_are_told(room, command, words):
    kim = room.person("Kim")
    told = await ask(room, kim, command)
    assert all(word in told.content for word in words)
    assert room.messages() == []


async def test_data_is_shown_and_erased(room):
    kim = room.person("Kim")
    card = await room.draft(PRAISE, fan=str(kim.id), platform="discord", channel=str(room.general.id))
    other = await room.draft("love it", fan="somebody", platform="discord", channel=str(room.general.id))
    told = await ask(room, kim, "mydata")
    stored = json.loads(await told.attachments[0].read())
    assert [p["text"] for p in stored["posts"]] == [PRAISE]
    asked = await ask(room, kim, "forget")
    assert await room.state(card) == "waiting"
    await kim.click(asked, custom_id=asks.data(asks.ME, FORGET))
    assert (await room.state(card), await room.state(other)) == ("withdrawn", "waiting")
    await room.until(lambda: any("asked to be forgotten" in text_of(m) for m in room.messages()))
    assert not any(PRAISE in text_of(m) for m in room.messages())
    assert "Nothing is stored" in (await ask(room, kim, "mydata")).content


async def test_who_says_stop_is_left_alone(room):
    kim = room.person("Kim")
    place = {"fan": str(kim.id), "platform": "discord", "channel": str(room.general.id)}
    card = await room.draft(PRAISE, **place)
    await ask(room, kim, "stop")
    assert await room.state(card) == "withdrawn"
    page = await room.house.store.post_page(await room.house.post("love it", **place))
    assert (page.draft, page.post.reason_code) == (None, "opted_out")


async def test_a_report_reaches_the_managers_without_a_ping(room):
    room.person("Mara", "mara")
    kim = room.person("Kim")
    told = await ask(room, kim, "report", words="that reply was rude @everyone")
    assert "The team has it" in told.content
    report = room.messages()[-1]
    assert "that reply was rude" in report.content
    assert kim.mention in report.content
    sent = [r.json for r in room.env.http_requests if r.method == "POST" and r.path.endswith("/messages")]
    assert sent[-1]["allowed_mentions"]["parse"] == []


async def test_a_report_that_nobody_sees_is_not_called_received(room):
    kim = room.person("Kim")
    room.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
    assert "could not be shown" in (await ask(room, kim, "report", words="rude")).content
    room.env.backend.faults.clear()


async def test_the_queue_is_listed_for_managers_alone(room):
    mara, kim = room.person("Mara", "mara", roles=("Mods",)), room.person("Kim")
    assert "queue" not in kim.available_commands(room.general)
    assert (await ask(room, mara, "queue")).content == "Nothing is waiting."
    first = await room.draft(name="Robin")
    await room.draft("I want to kill myself tonight", fan="ada", name="Ada")
    lines = (await ask(room, mara, "queue")).content.splitlines()
    assert lines[0] == "**2 waiting**"
    assert "Ada" in lines[1]
    assert "somebody in danger" in lines[1]
    assert str((await room.shown(first)).id) in lines[2]


async def test_a_link_to_the_console_is_for_a_manager_alone(room):
    mara, kim = room.person("Mara", "mara", roles=("Mods",)), room.person("Kim")
    assert "console" not in kim.available_commands(room.general)
    assert "the operator must set web.public_url" in (await ask(room, mara, "console")).content
    room.house.settings = room.house.settings.model_copy(update={"web": Web(public_url="https://desk.example.org")})
    told = (await ask(room, mara, "console")).content
    found = re.search(r"\n<https://desk\.example\.org/signin\?token=(\S+)>$", told)  # brackets: no preview
    keys = Keys(room.house.settings.var, {})
    assert keys.read_link(unquote(found[1])).manager == "mara"
    again = (await ask(room, mara, "console")).content
    assert told != again, "each link works once"


async def test_who_decides_by_a_role_gets_no_link(room):
    """The console knows the managers of config.yaml only."""
    room.house.settings = room.house.settings.model_copy(update={"web": Web(public_url="https://desk.example.org")})
    lea = room.person("Lea", roles=("Mods",))
    told = (await ask(room, lea, "console")).content
    assert "because of your role" in told
    assert "signin" not in told


async def test_a_draft_is_asked_for_on_any_message(room):
    mara = room.person("Mara", "mara", roles=("Mods",))
    kim = room.person("Kim")
    message = await kim.send(room.general, "fog again on the way to work")
    await room.house.quiet()
    assert room.messages() == []
    told = await mara.context_menu(room.general, "Draft a reply", message)
    assert "Its card: https://discord.com/channels/" in answer(told).content
    card = next(m for m in room.messages())
    assert "> fog again on the way to work" in text_of(card)
    assert f"<#{room.general.id}>" in text_of(card)
    again = await mara.context_menu(room.general, "Draft a reply", message)
    assert answer(again).content == answer(told).content
    await mara.delete(message)
    await room.until(lambda: "deleted the post" in text_of(room.messages()[0]))


async def test_nobody_drafts_replies_to_bots(room):
    mara = room.person("Mara", "mara", roles=("Mods",))
    card = await room.draft()
    told = await mara.context_menu(room.room, "Draft a reply", await room.shown(card))
    assert "no post of a person" in answer(told).content


async def test_commands_are_told_to_discord_once(room):
    def syncs() -> int:
        return sum(r.method == "PUT" and r.path.endswith("/commands") for r in room.env.http_requests)

    assert syncs() == 1
    await room.restart()
    assert syncs() == 1
    kim = room.person("Kim")
    assert set(COMMANDS) <= set(kim.available_commands(room.general))
