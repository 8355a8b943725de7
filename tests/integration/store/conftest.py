"""A database of its own for each test."""

import contextlib

import pytest

from bot.store import Store


@contextlib.asynccontextmanager
async def opened(database):
    """A store of the database, as another process opens it."""
    store = await Store.open(database.url)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "var" / "greenroom.db"


@pytest.fixture
async def store(database):
    opened = await Store.open(database.url)
    yield opened
    await opened.close()
