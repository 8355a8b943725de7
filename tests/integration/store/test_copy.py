"""The database is backed up while it is used, and moved to a server."""

import pytest
from sqlalchemy import func, select

from bot.errors import Busy, StoreError
from bot.store import Store, backups, copy, tables
from tests.integration.store.test_queries import some_of_everything


async def counts(store):
    def query(connection):
        every = tables.metadata.sorted_tables
        return {table.name: connection.execute(select(func.count()).select_from(table)).scalar() for table in every}

    return await store.read(query)


@pytest.fixture
async def lived_in(file_house):
    """A house on a SQLite file in which something of everything happened."""
    async with file_house() as house:
        await some_of_everything(house)
        yield house


@pytest.fixture
def empty(databases):
    """A database of the server without tables."""
    made = databases.empty()
    yield made
    made.close()


@pytest.mark.postgresql
async def test_all_rows_arrive_on_the_server_and_it_goes_on_there(empty, lived_in):
    before = await counts(lived_in.store)
    last = await lived_in.store.last_event()
    await lived_in.close()
    copied = copy.copy(lived_in.settings.store, empty.url)
    assert copied == before
    store = await Store.open(empty.url)
    try:
        assert await counts(store) == before
        assert await store.last_event() == last
    finally:
        await store.close()
    with pytest.raises(StoreError, match="not empty"):
        copy.copy(lived_in.settings.store, empty.url)
    lived_in.database, there = empty, lived_in.settings.model_copy(update={"store": empty.url})
    lived_in.settings = there
    await lived_in.open()
    card = await lived_in.draft("the new map is gorgeous", fan="sam", channel="pier")
    await lived_in.press(card, "approve")
    await lived_in.send()
    assert (await lived_in.again(card))["deliveries"][0]["state"] == "sent"
    assert await lived_in.store.last_event() > last


@pytest.mark.postgresql
async def test_nothing_is_copied_while_greenroom_runs_and_a_changed_reply_is_refused(empty, lived_in):
    with pytest.raises(Busy):
        copy.copy(lived_in.settings.store, empty.url)
    await lived_in.close()
    lived_in.database.change("UPDATE deliveries SET text = 'something else' WHERE text IS NOT NULL")
    with pytest.raises(StoreError, match="not what was approved"):
        copy.copy(lived_in.settings.store, empty.url)
    assert empty.rows("SELECT count(*) AS n FROM posts") == [{"n": 0}]


async def test_a_backup_of_a_running_house_is_whole_and_its_owners_alone(lived_in, tmp_path):
    saved = tmp_path / "saved.db"
    before = await counts(lived_in.store)
    assert backups.backup(lived_in.settings.store, saved) == saved.stat().st_size
    assert saved.stat().st_mode & 0o077 == 0
    await lived_in.post("a post that comes later")
    store = await Store.open(f"sqlite:///{saved}")
    try:
        assert await counts(store) == before
    finally:
        await store.close()
    with pytest.raises(StoreError, match="is there already"):
        backups.backup(lived_in.settings.store, saved)


@pytest.mark.parametrize(
    ("store", "said"), [("postgresql://me@host/name", "pg_dump"), ("sqlite:///nowhere.db", "nothing to back up")]
)
def test_what_cannot_be_backed_up_is_told(store, said, tmp_path):
    with pytest.raises(StoreError, match=said):
        backups.backup(store, tmp_path / "saved.db")


def test_only_a_file_is_copied_and_only_to_a_server(tmp_path):
    with pytest.raises(StoreError, match="postgresql://USER@HOST/NAME"):
        copy.copy("sqlite:///nowhere.db", "sqlite:///elsewhere.db")
    with pytest.raises(StoreError, match="nothing to copy"):
        copy.copy(f"sqlite:///{tmp_path}/nowhere.db", "postgresql://me@host/name")
