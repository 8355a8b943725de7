"""Figures are read where nobody may write: a backup, a disk that is mounted to be read."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.store import NewPost, Store, backups, tables
from bot.store.ids import new_id
from bot.store.look import look
from responders.types import Author, Post

NOBODY = 65534


@pytest.fixture
def shelf():
    """A folder that everybody can see."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@contextlib.contextmanager
def reading_alone(folder):
    """Nobody may write in a folder; root becomes somebody else, because root may write everywhere."""
    for one in folder.iterdir():
        one.chmod(0o444)
    folder.chmod(0o555)
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PermissionError):
            (folder / "new").touch()
        yield
    finally:
        os.seteuid(mine)


def count(connection):
    return connection.execute(select(func.count()).select_from(tables.posts)).scalar()


async def test_a_database_is_looked_into_where_nothing_can_be_written(file_house, shelf):
    async with file_house() as house:
        await house.post("the new map is gorgeous")
        backups.backup(house.settings.store, shelf / "greenroom.db")
    before = (shelf / "greenroom.db").read_bytes()
    with reading_alone(shelf):
        assert look(f"sqlite:///{shelf}/greenroom.db", count) == 1
    assert [one.name for one in shelf.iterdir()] == ["greenroom.db"]
    assert (shelf / "greenroom.db").read_bytes() == before


async def test_what_a_running_greenroom_just_wrote_is_seen_there_too(file_house, shelf):
    async with file_house() as house:
        backups.backup(house.settings.store, shelf / "greenroom.db")
        running = await Store.open(f"sqlite:///{shelf}/greenroom.db")
        try:
            author, at = Author(id="robin", name="Robin"), house.clock.now()
            post = Post(platform="stage", channel="harbor", external_id="1", author=author, text="love it", at=at)
            await running.add_post(NewPost(id=new_id(), post=post, received_at=at))
            with reading_alone(shelf):
                assert look(f"sqlite:///{shelf}/greenroom.db", count) == 1
        finally:
            await running.close()
