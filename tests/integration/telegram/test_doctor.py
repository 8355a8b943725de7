"""`greenroom doctor` on Telegram: each problem with its fix."""

from collections.abc import AsyncIterator

import pytest

from bot import settings
from bot.adapters.telegram.doctor import check_online, checks
from tests.fakes.telegram import TOKEN, FakeTelegram

CONFIG = """\
community: {{name: Lantern Harbor}}
managers: {{mara: {{name: Mara{mara}}}}}
on_call: mara
privacy: {{policy: Ask us.}}
platforms: {{telegram: {{enabled: true, {section}}}}}
"""
FULL = "listen: [-1001], cards: -1002"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().running() as running:
        running.privacy(on=False)
        yield running
    assert running.problems == []


@pytest.fixture
def online(write_config, fake):
    harbor, room = fake.supergroup("Harbor"), fake.supergroup("Mods")

    async def ask(section=None, token=TOKEN, mara=""):
        section = section or f"listen: [{harbor['id']}], cards: {room['id']}"
        path = write_config(CONFIG.format(section=f"{section}, api_base: '{fake.api_base}'", mara=mara))
        return await check_online(settings.load(path, {"TELEGRAM_TOKEN": token}))

    ask.harbor, ask.room = harbor, room
    return ask


@pytest.mark.parametrize(
    ("section", "mara", "token", "says"),
    [
        (FULL, ", telegram: 222222222", "x", []),
        (FULL, "", "x", ["nobody may press"]),
        ("listen: [-1001]", "", "x", ["no chat for cards"]),
        ("cards: mara", ", telegram: 222222222", "x", ["listens to nothing"]),
        (FULL, ", telegram: 222222222", None, ["the token is missing"]),
    ],
)
def test_what_config_yaml_lacks(write_config, section, mara, token, says):
    path = write_config(CONFIG.format(section=section, mara=mara))
    found = checks(settings.load(path, {"TELEGRAM_TOKEN": token} if token else {}))
    assert [check.fix != "" for check in found if not check.ok] == [True] * len(says)
    assert all(words in check.result for words, check in zip(says, found, strict=False))
    assert bool(says) != any(check.ok for check in found)


def faults(found):
    return [check for check in found if check.ok is False]


async def test_all_is_well(fake, online):
    found = await online()
    assert faults(found) == []
    assert [check.result.partition(" is ready for ")[2] for check in found if "ready" in check.result] == [
        "posts",
        "cards",
    ]
    (link,) = (check.fix for check in found if "startgroup" in check.fix)
    assert fake.world.bot["username"] in link


async def test_privacy_mode_is_explained(fake, online):
    fake.privacy(on=True)
    found = await online()
    assert faults(found) == []
    assert any(check.ok is None and "/setprivacy" in check.fix for check in found)
    assert any("that speak to the bot" in check.result for check in found)


async def test_a_token_that_is_not_taken_is_not_shown(online):
    (fault,) = await online(token="700000001:nonsense")  # noqa: S106 - it is meant to be wrong
    assert (fault.ok, "@BotFather" in fault.fix) == (False, True)
    assert "nonsense" not in fault.result + fault.fix


async def test_a_token_that_cannot_be_one(online):
    (fault,) = await online(token="bot 700000001\n")  # noqa: S106 - it is meant to be wrong
    assert (fault.ok, "@BotFather" in fault.fix) == (False, True)


@pytest.mark.parametrize(
    ("status", "rights", "says"),
    [
        ("left", {}, "does not show the bot"),
        ("restricted", {"can_send_messages": False}, "may not write in Harbor"),
    ],
)
async def test_membership_and_rights(fake, online, status, rights, says):
    fake.member(online.harbor, fake.user("Mara"), status, **rights)
    (fault,) = faults(await online())
    assert says in fault.result
    assert fault.fix


async def test_a_chat_that_is_not_there_or_is_no_group(fake, online):
    channel = fake.channel("News", online.harbor)
    small = fake.group("Small")
    big = fake.migrate(small, fake.user("Mara"))
    gone, linked, moved = faults(await online(f"listen: [-100404, {channel['id']}, {small['id']}]"))
    assert "-100404" in gone.result
    assert str(online.harbor["id"]) in linked.fix
    assert str(big["id"]) in moved.fix


async def test_names_of_public_groups(fake, online):
    fake.supergroup("Open", username="harbor_open")
    assert faults(await online("listen: ['@harbor_open']")) == []
    (fault,) = faults(await online("listen: ['@harbor_shut']"))
    assert "@harbor_shut" in fault.result
    (public,) = faults(await online(f"listen: [{online.harbor['id']}], cards: '@harbor_open'"))
    assert "anybody can read the cards" in public.result


async def test_cards_in_the_direct_chat_of_a_manager(fake, online):
    mara = fake.user("Mara")
    section, who = f"listen: [{online.harbor['id']}], cards: mara", f", telegram: {mara['id']}"
    (fault,) = faults(await online(section, mara=who))
    assert "press Start" in fault.fix
    fake.direct(mara)  # Telegram shows the bot whomever it has met in a group
    (fault,) = faults(await online(section, mara=who))
    assert "press Start" in fault.fix
    fake.start(mara)
    assert faults(await online(section, mara=who)) == []
    fake.block(mara)
    assert len(faults(await online(section, mara=who))) == 1


async def test_nobody_answers(write_config):
    path = write_config(CONFIG.format(section=f"{FULL}, api_base: 'http://127.0.0.1:9'", mara=""))
    (fault,) = await check_online(settings.load(path, {"TELEGRAM_TOKEN": TOKEN}))
    assert (fault.ok, "does not answer" in fault.result) == (False, True)
    assert TOKEN not in fault.result


async def test_the_bot_must_be_able_to_write_on_stage(fake, online):
    stage = fake.supergroup("Showcase")
    section = f"listen: [{online.harbor['id']}], cards: {online.room['id']}, stage: {stage['id']}"
    found = await online(section)
    assert faults(found) == []
    assert any(check.result.endswith("is ready for the stage") for check in found)
    fake.member(stage, fake.user("Ada"), "restricted", can_send_messages=False)
    (fault,) = faults(await online(section))
    assert "may not write in Showcase" in fault.result


async def test_a_channel_can_be_the_stage_if_the_bot_may_post_there(fake, online):
    stage = fake.channel("Showcase", online.harbor)
    section = f"listen: [{online.harbor['id']}], cards: {online.room['id']}, stage: {stage['id']}"
    (fault,) = faults(await online(section))
    assert "may not post in Showcase" in fault.result
    fake.world.rooms[stage["id"]].member |= {"can_post_messages": True}
    assert any(check.result.endswith("is ready for the stage") for check in await online(section))
