"""A database of its own for each test."""

import pytest

from bot.store import Store


@pytest.fixture
def file(tmp_path):
    return tmp_path / "var" / "greenroom.db"


@pytest.fixture
async def store(database):
    opened = await Store.open(database.url)
    yield opened
    await opened.close()
