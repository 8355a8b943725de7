"""What config.yaml names, on Telegram."""

import pytest
from telegram.error import BadRequest

from bot import settings
from bot.adapters.telegram.directory import look_up, place_of

CONFIG = """\
community: {{name: Lantern Harbor}}
managers: {{mara: {{name: Mara, telegram: 222}}, tom: {{name: Tom}}}}
on_call: mara
platforms: {{telegram: {{{section}}}}}
"""


async def nobody(name):
    raise BadRequest(f"Chat {name} not found")


@pytest.fixture
def found(write_config):
    async def look(section, moved=None):
        path = write_config(CONFIG.format(section=section))
        return await look_up(settings.load(path, {}), nobody, moved or {})

    return look


@pytest.mark.parametrize(
    ("cards", "chat", "topic"),
    [
        ("-1009", -1009, None),
        ('"-1009/12"', -1009, 12),
        ('"-1009/1"', -1009, None),
        ("mara", 222, None),
    ],
)
async def test_where_the_cards_are(found, cards, chat, topic):
    directory = await found(f"listen: [-1001], cards: {cards}")
    assert (directory.cards, directory.cards_topic, directory.faults) == (chat, topic, ())
    assert list(directory.listened) == [-1001]


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("cards: tom", "`telegram: ID` is missing"),
        ("listen: [-1001], cards: -1001", "the same chat"),
        ("listen: ['not a name']", "neither the id"),
        ("listen: ['@nobody_here']", "no public group @nobody_here"),
    ],
)
async def test_what_is_wrong_is_said(found, section, says):
    (fault,) = (await found(section)).faults
    assert says in fault


async def test_where_fans_read_there_are_no_cards(found):
    assert (await found("listen: [-1001], cards: '-1001/7'")).cards is None
    assert (await found("listen: [-1005], cards: -5", {-5: -1005})).cards is None


async def test_a_group_that_moved_is_found_by_its_old_id(found):
    directory = await found("listen: [-5, {channel: -6, locale: de}], cards: '-7/3'", {-5: -1005, -7: -1007})
    assert (list(directory.listened), directory.cards, directory.cards_topic) == ([-1005, -6], -1007, 3)
    assert directory.listened[-6].locale == "de"


async def test_staff(found):
    directory = await found("staff: {users: [333]}")
    assert [directory.is_staff(user) for user in (222, 333, 444)] == [True, True, False]


@pytest.mark.parametrize(
    ("stage", "chat", "topic"), [("-1009", -1009, None), ('"-1009/12"', -1009, 12), ('"-1009/1"', -1009, None)]
)
async def test_where_the_stage_is(found, stage, chat, topic):
    directory = await found(f"listen: [-1009], stage: {stage}")
    assert (directory.stage, directory.stage_topic, directory.faults) == (chat, topic, ())


async def test_the_stage_is_not_where_the_cards_are(found):
    directory = await found("cards: -1002, stage: '-1002/5'")
    assert (directory.cards, directory.stage) == (-1002, None)
    assert "the same chat" in directory.faults[0]


async def test_a_stage_is_found_by_what_a_draft_has_of_it(found):
    directory = await found("stage: '-7/3'", {-7: -1007})
    assert place_of("-7/3", "-7/3", directory) == (-1007, 3)
    assert place_of("-1005/12", "-7/3", directory) == (-1005, 12), "config.yaml named another one then"
    assert place_of("@gone", "-7/3", directory) is None
    assert place_of("@gone", "@gone", await found("stage: '@gone'")) is None
