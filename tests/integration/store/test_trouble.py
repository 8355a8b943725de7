"""A database held by another program, a full disk, a file that cannot be written: each is told in words, and work
goes on."""

import asyncio
import resource
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import Store, engine, requests, writer

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def keep(key, size=1):
    return lambda c: requests.keep(c, key, "", {"n": "x" * size}, post_id=None, at=NOW)


async def keys(store):
    return set(await store.read(lambda c: c.exec_driver_sql("SELECT key FROM requests").scalars().all()))


@contextmanager
def held(file):
    """Another program that holds the database."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def impatient(monkeypatch):
    """Waits of seconds take hundredths here."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)


@pytest.fixture
def stubborn(monkeypatch, impatient):
    """Patience that ends after a few tries."""
    monkeypatch.setattr(writer, "PATIENCE", 0.2)


async def test_a_write_waits_for_the_program_that_holds_the_database(impatient, file):
    store = await Store.open(f"sqlite:///{file}")
    tries = asyncio.Event()
    loop, original = asyncio.get_running_loop(), store.database.writer._may_wait

    def may_wait():
        loop.call_soon_threadsafe(tries.set)
        return original()

    store.database.writer._may_wait = may_wait
    with held(file):
        work = [asyncio.create_task(store.write(keep(f"k{n}"))) for n in range(50)]
        async with asyncio.timeout(60):
            await tries.wait()
        assert not any(task.done() for task in work), "nothing is acknowledged that is not stored"
        assert await keys(store) == set(), "who reads is not held up"
    await asyncio.gather(*work)
    assert await keys(store) == {f"k{n}" for n in range(50)}
    await store.close()


async def test_when_it_takes_too_long_all_callers_are_told_and_later_it_goes_on(stubborn, file):
    store = await Store.open(f"sqlite:///{file}")
    await store.write(keep("before"))
    with held(file):
        work = [store.write(keep(f"k{n}")) for n in range(50)]
        told = await asyncio.gather(*work, return_exceptions=True)
        assert {type(error) for error in told} == {StoreError}
        assert {str(error) for error in told} == {f"{file}: another program holds the database; stop it and try again"}
    await store.write(keep("after"))
    assert await keys(store) == {"before", "after"}
    await store.close()


async def test_a_store_that_is_closed_while_another_program_holds_it_does_not_hang(impatient, file):
    store = await Store.open(f"sqlite:///{file}")
    with held(file):
        work = asyncio.create_task(store.write(keep("k")))
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await store.close()
        with pytest.raises(StoreError, match="another program"):
            await work
    with pytest.raises(StoreError, match="closed"):
        await store.write(keep("late"))


async def test_erased_words_leave_the_log_once_the_reader_in_the_way_is_gone(impatient, file):
    store = await Store.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM requests").fetchall()
        await store.write(keep("k"))
        assert not await store.checkpoint()
        other.execute("ROLLBACK")
    assert await store.checkpoint()
    assert (file.parent / f"{file.name}-wal").stat().st_size == 0
    await store.close()


@pytest.mark.sqlite
async def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(store, file):
    await store.write(keep("before"))
    pages = await store.read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())

    def big(connection):  # the limit is the connection's own
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        keep("big", 1_000_000)(connection)

    work = [store.write(keep("small")), store.write(big), store.write(keep("other"))]
    done = await asyncio.gather(*work, return_exceptions=True)
    assert [type(error) for error in done] == [type(None), StoreError, type(None)]
    assert str(done[1]) == f"{file}: the disk is full; make room (nothing that was acknowledged is lost)"
    assert await keys(store) == {"before", "small", "other"}


def run(code, file):
    """Run in a process of its own, because limits on files are a process's."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


PREAMBLE = """
import asyncio, os, resource, sys
from datetime import UTC, datetime
from bot.errors import StoreError
from bot.store import Store, requests
file = sys.argv[1]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
def keep(key, size=1):
    return lambda c: requests.keep(c, key, "", {"n": "x" * size}, post_id=None, at=NOW)
"""


def test_a_limit_on_the_size_of_files_is_told_and_gone_on_from(file):
    code = """
    async def main():
        store = await Store.open(f"sqlite:///{file}")
        await store.write(keep("before"))
        size = max(os.path.getsize(file), os.path.getsize(file + "-wal")) + 20_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            await store.write(keep("big", 1_000_000))
        except StoreError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.write(keep("after"))
        print(sorted(await store.read(lambda c: c.exec_driver_sql("SELECT key FROM requests").scalars().all())))
        await store.close()
    asyncio.run(main())
    """
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = run(PREAMBLE + textwrap.dedent(code), file)
    told, left = done.stdout.splitlines()
    assert told.startswith(f"{file}: the disk "), done.stderr
    assert "nothing that was acknowledged is lost" in told
    assert left == "['after', 'before']"


@pytest.fixture
def folder():
    """A folder that everybody may reach, as pytest's own folders are not."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_place_that_may_not_be_written_is_told(folder, what):
    """Run as another user than root, whom no permission stops."""
    code = """
    if os.getuid() == 0:
        os.setgid(65534), os.setuid(65534)
    try:
        asyncio.run(Store.open(f"sqlite:///{file}"))
    except StoreError as error:
        print(error)
    """
    folder.chmod(0o755)
    file = folder / "greenroom.db"
    if what == "file":
        asyncio.run(opened_and_closed(file))
        file.chmod(0o444)
    folder.chmod(0o555)
    done = run(PREAMBLE + textwrap.dedent(code), file)
    folder.chmod(0o755)
    assert "cannot be written here (Permission denied); check the folder's permissions" in done.stdout, done.stderr
    assert len(done.stdout.splitlines()) == 1


async def opened_and_closed(file):
    await (await Store.open(f"sqlite:///{file}")).close()


@pytest.mark.sqlite
async def test_a_disk_that_became_read_only_is_told(store, file):
    def read_only(connection):
        connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            keep("k")(connection)
        finally:
            connection.exec_driver_sql("PRAGMA query_only = OFF")

    with pytest.raises(StoreError, match="cannot be written; check"):
        await store.write(read_only)
    await store.write(keep("after"))
    assert await keys(store) == {"after"}


async def test_the_program_starts_while_another_one_reads(file):
    await opened_and_closed(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM requests").fetchall()
        await opened_and_closed(file)
