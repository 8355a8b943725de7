"""Names of config.yaml found on servers: the right one, or a sentence, and never a stranger's channel or role."""

import discord
import pytest

from bot import settings
from bot.adapters.discord.directory import look_up

CONFIG = """\
community: {{name: Lantern Harbor}}
managers: {{mara: {{name: Mara, discord: 111111111111111111}}}}
on_call: mara
platforms: {{discord: {{{section}}}}}
"""


@pytest.fixture
def simcord_bot():
    return discord.Client(intents=discord.Intents(guilds=True, members=True))


@pytest.fixture
def env(simcord_env):
    return simcord_env


@pytest.fixture
def directory(env, write_config):
    def of(section):
        return look_up(settings.load(write_config(CONFIG.format(section=section)), {}), env.bot.guilds)

    return of


async def test_by_name_by_id_and_with_a_hash(env, directory):
    guild = env.create_guild()
    general, news = guild.create_text_channel("general"), guild.create_text_channel("news")
    forum = guild.create_forum_channel("help")
    found = directory(f'listen: ["#General", {news.id}, help], cards: {news.id}')
    assert set(found.listened) == {general.id, news.id, forum.id}
    assert found.cards == news.id
    assert found.faults == ("`cards` and `listen` name the same channel (news); managers need one of their own",)


async def test_what_is_not_there_is_told_with_its_key(env, directory):
    env.create_guild().create_category("general")
    found = directory("listen: [general], cards: mods, staff: {roles: [Team]}")
    assert (dict(found.listened), found.cards) == ({}, None)
    assert [fault.split(":")[0] for fault in found.faults] == ["`listen`", "`cards`", "`staff.roles`"]


async def test_a_name_on_two_servers_means_neither(env, directory):
    ours, theirs = env.create_guild("Harbor"), env.create_guild("Elsewhere")
    room, other = ours.create_text_channel("mods"), theirs.create_text_channel("mods")
    found = directory("cards: mods")
    assert found.cards is None
    assert f"{room.id} on Harbor" in found.faults[0]
    assert f"{other.id} on Elsewhere" in found.faults[0]


async def test_a_role_of_another_server_gives_no_rights(env, directory):
    ours, theirs = env.create_guild("Harbor"), env.create_guild("Elsewhere")
    ours.create_text_channel("general")
    mine, foreign = ours.create_role("Mods"), theirs.create_role("Mods")
    found = directory("listen: [general], manager_roles: [Mods]")
    assert found.manager_roles == {mine.id}
    stranger = theirs.add_member(env.create_user("stranger"), roles=[foreign])
    assert not found.is_manager_by_role(stranger.member)
    assert not found.is_staff(stranger.member)
    tom = ours.add_member(env.create_user("tom"), roles=[mine])
    assert found.is_manager_by_role(tom.member)
    assert found.is_staff(tom.member)


async def test_privately_nobody_has_a_role(env, directory):
    ours = env.create_guild("Harbor")
    ours.create_text_channel("general")
    ours.create_role("everybody")
    found = directory("listen: [general], manager_roles: ['@everyone']")
    assert found.manager_roles == frozenset()
    assert not found.is_manager_by_role(env.bot.user)


async def test_the_stage_is_a_text_channel_or_a_thread_that_fans_see(env, directory):
    guild = env.create_guild()
    showcase, mods = guild.create_text_channel("showcase"), guild.create_text_channel("mods")
    guild.create_forum_channel("builds")
    assert directory("listen: [showcase], stage: '#Showcase'").stage == showcase.id
    found = directory(f"cards: mods, stage: {mods.id}")
    assert (found.cards, found.stage) == (mods.id, None)
    assert "the same channel (mods)" in found.faults[0]
    found = directory("stage: builds")
    assert (found.stage, found.faults) == (None, ("`stage`: builds is a forum; name a text channel, or a thread",))
