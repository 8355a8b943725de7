"""The store: groups, durability, signals, migrations, and files that cannot be used."""

import asyncio
import contextlib
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, insert, select
from sqlalchemy import text as sql
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from bot.errors import Busy, StoreError
from bot.events import Happened
from bot.store import Store, events, requests
from bot.store.dialects import COMPILED
from bot.store.tables import Instant, cursors, metadata
from bot.store.tables import events as events_table

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def keep(key):
    return lambda c: requests.keep(c, key, "", {"n": 1}, post_id=None, at=NOW)


async def keys(store):
    return await store.read(lambda c: set(c.execute(sql("SELECT key FROM requests")).scalars()))


async def test_one_that_fails_in_a_group_fails_alone(store):
    await store.write(keep("taken"))

    def broken(connection):
        keep("half")(connection)
        raise LookupError("of its own")

    work = [store.write(keep(f"k{n}")) for n in range(50)]
    work[20:20] = [store.write(keep("taken")), store.write(broken)]
    done = await asyncio.gather(*work, return_exceptions=True)
    failed = [result for result in done if result is not None]
    assert [type(error) for error in failed] == [StoreError, LookupError]
    assert await keys(store) == {"taken", *(f"k{n}" for n in range(50))}


async def test_a_group_that_is_run_again_tells_its_events_once(store):
    def told(n):
        return lambda c: events.append(c, Happened.POST_RECEIVED, NOW, post_id=f"{n:016}")

    def broken(connection):
        events.append(connection, Happened.CRISIS_CALLED, NOW)
        raise LookupError

    with store.signal(Happened.POST_RECEIVED) as signal, store.signal(Happened.CRISIS_CALLED) as other:
        work = [store.write(told(n)) for n in range(20)] + [store.write(broken)]
        await asyncio.gather(*work, return_exceptions=True)
        assert await signal.wait(5)
        assert not await other.wait(0.01), "what was rolled back sets no signal"
    assert [e.post_id for e in await store.events(after=0)] == [f"{n:016}" for n in range(20)]


@pytest.mark.sqlite
async def test_an_acknowledgement_follows_the_commit_and_the_commit_is_synced(store):
    pragmas = {}
    committed = []

    @event.listens_for(store.database.engine, "commit")
    def on_commit(connection):
        cursor = connection.connection.cursor()
        for name in ("synchronous", "journal_mode", "foreign_keys"):
            pragmas[name] = cursor.execute(f"PRAGMA {name}").fetchone()[0]

    original = store.database.writer._transaction

    def after_commit(group):
        result = original(group)
        # What another connection sees now is what a new start would find.
        with sqlite3.connect(store.database.engine.url.database) as other:
            committed.append({row[0] for row in other.execute("SELECT key FROM requests")})
        other.close()
        assert not any(request.future.done() for request in group)
        return result

    store.database.writer._transaction = after_commit
    await asyncio.gather(*(store.write(keep(f"k{n}")) for n in range(20)))
    assert committed[-1] == {f"k{n}" for n in range(20)}
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


async def test_a_signal_is_set_by_what_happened_before_the_wait(store):
    with store.signal(Happened.DRAFT_WAITING) as signal:
        await store.write(lambda c: events.append(c, Happened.DRAFT_WAITING, NOW))
        assert await signal.wait(5)
        assert not await signal.wait(0.01)
        await store.write(lambda c: events.append(c, Happened.DRAFT_OPENED, NOW))
        assert not await signal.wait(0.01)


async def test_a_follower_misses_nothing(store):
    async def follow(after):
        seen = []
        async with asyncio.timeout(60), contextlib.aclosing(store.follow(after)) as facts:
            while len(seen) < 300 - after:
                seen.append((await anext(facts)).seq)
        return seen

    followers = [asyncio.create_task(follow(after)) for after in (0, 0, 7)]
    for _ in range(100):
        await asyncio.gather(*(store.write(lambda c: events.append(c, Happened.POST_RECEIVED, NOW)) for _ in range(3)))
    for after, follower in zip((0, 0, 7), followers, strict=True):
        assert await follower == list(range(after + 1, 301))


AWARE = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11))]),
    min_value=NOW.replace(year=2, tzinfo=None),
    max_value=NOW.replace(year=9998, tzinfo=None),
)


@given(AWARE, AWARE)
def test_times_keep_their_order_and_moment_in_sqlite(one, other):
    column, dialect = Instant(), sqlite.dialect()
    write, read = column.bind_processor(dialect), column.result_processor(dialect, None)
    assert read(write(one)) == one
    assert read(write(one)).tzinfo is UTC
    assert (write(one) < write(other)) == (one < other), "the database compares what is written"


async def test_a_time_without_a_zone_is_refused(store):
    row = {"platform": "stage", "channel": "a", "position": "1", "at": NOW.replace(tzinfo=None)}
    with pytest.raises(StatementError, match="zone") as told:
        await store.write(lambda c: c.execute(insert(cursors), row))
    assert "stage" not in str(told.value), "what was to be stored does not get into logs"


@pytest.mark.parametrize("first", ["never", "before"])
async def test_bad_cursors_are_refused(store, first):
    assert (await store.replies())[1] is None
    with pytest.raises(ValueError, match="cursor"):
        await store.replies(after=first)


async def test_what_one_store_has_compiled_serves_the_next(databases, tmp_path):
    compiled = []
    for n in range(2):
        database = databases.new(tmp_path / str(n))
        store = await Store.open(database.url)
        await store.write(keep("one"))
        assert await keys(store) == {"one"}
        await store.close()
        database.close()
        compiled.append({*COMPILED})
    assert compiled[0]
    assert compiled[1] == compiled[0]


async def test_what_was_queued_is_committed_when_the_store_closes(file):
    store = await Store.open(f"sqlite:///{file}")
    work = [asyncio.create_task(store.write(keep(f"k{n}"))) for n in range(200)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*work)) == 200
    again = await Store.open(f"sqlite:///{file}")
    assert len(await keys(again)) == 200
    await again.close()


async def test_what_comes_after_the_close_is_refused_at_once(file):
    store = await Store.open(f"sqlite:///{file}")
    await store.close()
    async with asyncio.timeout(10):
        with pytest.raises(StoreError, match="closed"):
            await store.write(keep("late"))
        with pytest.raises(StoreError, match="closed"):
            await keys(store)


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, StopIteration, GeneratorExit, MemoryError])
async def test_nothing_that_an_operation_does_ends_the_writer(store, end):
    """Without its thread, every later write would wait for ever."""

    def operation(_):
        raise end

    async with asyncio.timeout(10):
        ended = await asyncio.gather(
            store.write(keep("before")), store.write(operation), store.write(keep("after")), return_exceptions=True
        )
        assert [isinstance(one, Exception) for one in ended] == [False, True, False]
        await store.write(keep("later"))
    assert {"before", "after", "later"} <= set(await keys(store))


async def test_a_caller_who_gave_up_does_not_stop_the_others(store):
    work = [asyncio.create_task(store.write(keep(f"k{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    work[3].cancel()
    await asyncio.gather(*work, return_exceptions=True)
    await store.write(keep("last"))
    assert "last" in await keys(store)


# Files


@pytest.mark.sqlite
async def test_migrations_make_exactly_the_tables(store, file):
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_an_empty_database_file_is_migrated(file):
    file.parent.mkdir()
    file.touch()
    store = await Store.open(f"sqlite:///{file}")
    assert await store.read(lambda c: c.execute(select(events_table)).all()) == []
    await store.close()


async def test_opening_again_finds_what_was_there(file):
    for n in range(3):
        store = await Store.open(f"sqlite:///{file}")
        await store.write(keep(f"k{n}"))
        assert len(await keys(store)) == n + 1
        await store.close()


def newer(file):
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE alembic_version (version_num)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()


def cut_in_half(file):
    with sqlite3.connect(file) as database:
        database.execute(
            "CREATE TABLE t AS WITH RECURSIVE n(x) AS (VALUES(1) UNION SELECT x+1 FROM n LIMIT 9999) SELECT * FROM n"
        )
    database.close()
    file.write_bytes(b"SQLite format 3\x00" + file.read_bytes()[16:5000])


BAD_FILES = [
    (newer, "newer Greenroom"),
    (lambda file: file.write_bytes(b"these are only words " * 500), "not a database"),
    (cut_in_half, "damaged"),
    (lambda file: file.mkdir(), "cannot be written"),
]


@pytest.mark.parametrize(("spoil", "says"), BAD_FILES)
async def test_a_file_that_cannot_be_used(file, spoil, says):
    file.parent.mkdir()
    spoil(file)
    with pytest.raises(StoreError, match=says) as told:
        await Store.open(f"sqlite:///{file}")
    assert str(file) in str(told.value)
    assert re.search(r"; \w+", str(told.value)), "it says what to do"
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("place", ["/proc/greenroom/greenroom.db", "/dev/null/greenroom.db"])
async def test_a_folder_that_cannot_be_written(place):
    with pytest.raises(StoreError, match="check"):
        await Store.open(f"sqlite:///{place}")


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "sqlite+aiosqlite:///x.db"])
async def test_a_database_we_do_not_know(url):
    with pytest.raises(StoreError, match="postgresql"):
        await Store.open(url)


@pytest.mark.sqlite
async def test_one_file_has_one_greenroom(store, file):
    with pytest.raises(Busy, match=r"another Greenroom \(process \d+\)"):
        await Store.open(f"sqlite:///{file}")
    code = f"import asyncio; from bot.store import Store; asyncio.run(Store.open('sqlite:///{file}'))"
    other = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert "another Greenroom" in other.stderr
    await store.write(keep("still works"))


async def test_a_failed_start_leaves_no_lock(file):
    file.parent.mkdir()
    newer(file)
    with pytest.raises(StoreError):
        await Store.open(f"sqlite:///{file}")
    file.unlink()
    await (await Store.open(f"sqlite:///{file}")).close()
