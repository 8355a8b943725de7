"""Code of two versions on one database: older code goes on where a migration lets it, else it refuses in words."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import Store, inspect, migrate, postgres, requests
from tests.integration.conftest import START
from tests.integration.store.conftest import opened

OURS = migrate._versions()[-1]
FIRST, SECOND = (f"{int(OURS) + n:04}" for n in (1, 2))
MIGRATION = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None
{oldest_code}

def upgrade():
    op.execute("ALTER TABLE leases ADD COLUMN of_{revision} INTEGER")
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    """The migrations of newer code: revision -> its `oldest_code`, or None where it says nothing."""

    @contextlib.contextmanager
    def newer(**oldest_codes):
        folder, before = Path(tempfile.mkdtemp(dir=tmp_path)) / "migrations", OURS
        shutil.copytree(migrate._MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for revision, oldest in ((name.removeprefix("v"), found) for name, found in oldest_codes.items()):
            said = f'oldest_code = "{oldest}"' if oldest else ""
            words = MIGRATION.format(revision=revision, before=before, oldest_code=said)
            (folder / "versions" / f"{revision}_more.py").write_text(words, encoding="utf-8")
            before = revision
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "_MIGRATIONS", folder)
            yield

    return newer


def version(database):
    return database.rows("SELECT version_num, oldest_code FROM alembic_version")


async def test_older_code_uses_a_newer_schema_that_it_can_live_with(database, code):
    with code(**{f"v{FIRST}": OURS}):
        assert migrate.upgrade(database.url) == FIRST
    assert version(database) == [{"version_num": FIRST, "oldest_code": OURS}]
    async with opened(database) as store:
        assert await store.write(lambda c: requests.first_use(c, "k", START))
    assert all(check.ok for check in inspect(database.url))
    assert version(database) == [{"version_num": FIRST, "oldest_code": OURS}], "it is not touched"


async def test_older_code_refuses_a_newer_schema_that_says_nothing(database, code):
    with code(**{f"v{FIRST}": None}):
        migrate.upgrade(database.url)
    with pytest.raises(StoreError, match=rf"a newer Greenroom .*\(schema {FIRST}, this one knows {OURS}\); update"):
        await Store.open(database.url)
    assert [check.ok for check in inspect(database.url)] == [False]


async def test_the_least_of_all_migrations_counts(database, code):
    """The second lets code go on that knows the first, which lets nobody."""
    with code(**{f"v{FIRST}": None, f"v{SECOND}": FIRST}):
        migrate.upgrade(database.url)
    with pytest.raises(StoreError, match="newer Greenroom"):
        await Store.open(database.url)
    with code(**{f"v{FIRST}": None}):
        async with opened(database) as store:
            assert await store.write(lambda c: requests.first_use(c, "k", START))


@pytest.mark.postgresql
async def test_a_process_goes_on_while_a_newer_one_adds_to_the_schema(database, code):
    async with opened(database) as store:
        with code(**{f"v{FIRST}": OURS}):
            async with opened(database) as newer:
                assert await newer.write(lambda c: requests.first_use(c, "new", START))
        assert await store.write(lambda c: requests.first_use(c, "old", START))


@pytest.mark.postgresql
async def test_no_schema_is_changed_under_a_process_that_could_not_go_on(database, code):
    async with opened(database) as store:
        with code(**{f"v{FIRST}": None}), pytest.raises(StoreError, match=r"older version .* stop them all"):
            await Store.open(database.url)
        assert await store.write(lambda c: requests.first_use(c, "k", START))
    with code(**{f"v{FIRST}": None}):
        async with opened(database) as newer:
            assert await newer.write(lambda c: requests.first_use(c, "new", START))


WAITING = "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND objid = ? AND NOT granted"


@pytest.mark.postgresql
async def test_a_start_waits_while_another_process_changes_the_schema(database, code, monkeypatch):
    """For longer than a statement waits for a lock."""
    monkeypatch.setitem(postgres._SESSION, "lock_timeout", "50ms")
    database.rows("SELECT pg_advisory_lock(?)", postgres.WRITING)
    with code(**{f"v{FIRST}": OURS}):
        upgrading, tries = asyncio.create_task(asyncio.to_thread(migrate.upgrade, database.url)), set()
        async with asyncio.timeout(60):
            while len(tries) < 2 and not upgrading.done():
                tries |= {row["virtualtransaction"] for row in database.rows(WAITING, postgres.WRITING)}
                await asyncio.sleep(0.005)
        database.rows("SELECT pg_advisory_unlock(?)", postgres.WRITING)
        assert await upgrading == FIRST
