"""A backup takes the place of the database, whole and on hold, or nothing changes."""

import asyncio
import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from bot.cli import commands
from bot.errors import Busy, StoreError
from bot.queue import hold
from bot.store import backups, sessions
from bot.store.backups import restore
from tests.databases import CLIENTS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
"""Of the page for operations."""
PRAISE, LATER = "the new map is gorgeous", "the art is stunning"


@pytest.fixture
async def lived_in(file_house):
    async with file_house() as house:
        yield house


def settle(house):
    return lambda c: hold.after_restore(c, house.clock.now())


def images(file):
    """What lies in the database's folder, but for the lock and what SQLite makes anew."""
    return {one.name: one.read_bytes() for one in file.parent.iterdir() if not one.name.endswith((".lock", "-shm"))}


def texts(file):
    with closing(sqlite3.connect(file)) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in found.execute("SELECT text FROM posts")}


async def crash(house, folder):
    """The process ends without closing its database: the log stays beside the file."""
    file = house.database.path
    for one in (file, file.with_name(f"{file.name}-wal")):
        shutil.copy(one, folder)
    await house.close()
    house.database.close()
    for one in folder.iterdir():
        shutil.copy(one, file.parent)
    assert file.with_name(f"{file.name}-wal").stat().st_size
    return file


async def test_a_reply_sent_after_the_backup_is_not_sent_again_unseen(lived_in, tmp_path):
    house, saved = lived_in, tmp_path / "saved.db"
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    await house.store.write(
        lambda c: sessions.begin(c, "a session", "mara", "a phone", house.clock.now(), drop_before=house.clock.now())
    )
    backups.backup(house.settings.store, saved)
    await house.send()
    assert len(house.stage.sent) == 1
    await house.post(LATER)
    (folder := tmp_path / "image").mkdir()
    file = await crash(house, folder)
    before = saved.read_bytes()
    old = restore(house.settings.store, saved, settle(house))
    assert (old, saved.read_bytes()) == (file.with_name(f"{file.name}.before-restore"), before)
    assert (texts(file), texts(old)) == ({PRAISE}, {PRAISE, LATER})
    assert {one.stat().st_mode & 0o077 for one in (file, old)} == {0}
    await house.open()
    lasting = await house.desk.on_hold()
    assert (lasting.by, lasting.reason) == (hold.RESTORE, hold.RESTORED)
    assert (await house.again(card))["state"] == "waiting"
    assert await house.store.read(lambda c: sessions.get(c, "a session", "mara")) is None
    await house.send()
    assert len(house.stage.sent) == 1
    await house.desk.lift("mara")
    await house.send()
    assert len(house.stage.sent) == 1, "its yes is gone"


@pytest.mark.postgresql
async def test_the_commands_of_the_page_restore_a_server_on_hold(build_house, tmp_path):
    """Those of docs/operations.md, with the tools of the server that tests have; without their user, and with the name
    of the test's database."""
    house = build_house()
    admin, owner = (conninfo_to_dict(url) for url in (house.database.admin, house.database.url))
    environ = {f"PG{key.upper()}": str(value) for key, value in admin.items() if key in {"host", "port", "user"}}

    def tool(line):
        ours = line.replace("--username=postgres ", "").replace("--owner=greenroom", f"--owner={owner['user']}")
        words = shlex.split(ours)
        words = [re.sub(r"^(--dbname=)?greenroom$", rf"\g<1>{house.database.name}", word) for word in words]
        done = subprocess.run(
            [CLIENTS / words[0], *words[1:]], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    await house.open()
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    saves = [line for line in COMMANDS if line.startswith("pg_dump")]
    assert [tool(line) for line in saves] == [(0, "")]
    await house.send()
    assert len(house.stage.sent) == 1
    await house.post(LATER)
    await house.close()
    restores = [line for line in COMMANDS if line.startswith(("dropdb", "createdb", "pg_restore"))]
    assert [tool(line) for line in restores] == [(0, "")] * 3
    assert "greenroom db restored" in COMMANDS
    done = await asyncio.to_thread(
        CliRunner().invoke, commands, ["db", "restored", "--config", str(house.settings.path)]
    )
    assert (done.exit_code, "Everything is on hold" in done.output) == (0, True), done.output
    await house.open()
    assert [row["text"] for row in house.database.rows("SELECT text FROM posts")] == [PRAISE]
    lasting = await house.desk.on_hold()
    assert (lasting.by, lasting.reason) == (hold.RESTORE, hold.RESTORED)
    await house.send()
    await house.desk.lift("mara")
    await house.send()
    assert len(house.stage.sent) == 1, "its yes is gone"
    await house.close()


async def test_a_database_that_is_damaged_is_kept_with_its_log(lived_in, tmp_path):
    house, saved = lived_in, tmp_path / "saved.db"
    await house.post(PRAISE)
    backups.backup(house.settings.store, saved)
    await house.post(LATER)
    (folder := tmp_path / "image").mkdir()
    file = await crash(house, folder)
    log = file.with_name(f"{file.name}-wal").read_bytes()
    file.write_bytes(b"damaged " * 1000)
    old = restore(house.settings.store, saved, settle(house))
    assert (texts(file), old.read_bytes()) == ({PRAISE}, b"damaged " * 1000)
    assert old.with_name(f"{old.name}-wal").read_bytes() == log


async def test_where_there_is_no_database_the_backup_becomes_it(lived_in, tmp_path):
    await lived_in.post(PRAISE)
    backups.backup(lived_in.settings.store, tmp_path / "saved.db")
    file = tmp_path / "new" / "greenroom.db"
    assert restore(f"sqlite:///{file}", tmp_path / "saved.db", settle(lived_in)) is None
    assert texts(file) == {PRAISE}
    assert {one.name for one in file.parent.iterdir()} <= {"greenroom.db", "greenroom.db.lock"}


def damaged(saved):
    with saved.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)


def change(saved, statement):
    with closing(sqlite3.connect(saved)) as found:
        found.executescript(statement)


BAD = {
    "damaged": damaged,
    "no database": lambda saved: saved.write_bytes(b"a picture " * 1000),
    "of something else": lambda saved: change(saved, "DROP TABLE alembic_version"),
    "empty": lambda saved: saved.write_bytes(b""),
    "of a newer Greenroom": lambda saved: change(
        saved, "UPDATE alembic_version SET version_num = '9999', oldest_code = '9999'"
    ),
    "missing": lambda saved: saved.unlink(),
    "a folder": lambda saved: (saved.unlink(), saved.mkdir()),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
async def test_a_bad_backup_changes_nothing(lived_in, tmp_path, spoil):
    house, saved = lived_in, tmp_path / "saved.db"
    await house.post(PRAISE)
    backups.backup(house.settings.store, saved)
    (folder := tmp_path / "image").mkdir()
    file = await crash(house, folder)
    before = images(file)
    spoil(saved)
    with pytest.raises(StoreError) as refused:
        restore(house.settings.store, saved, settle(house))
    assert str(saved) in str(refused.value) or "newer" in str(refused.value)
    assert images(file) == before


async def test_nothing_is_restored_while_greenroom_runs_and_no_kept_database_is_lost(lived_in, tmp_path):
    house, saved = lived_in, tmp_path / "saved.db"
    backups.backup(house.settings.store, saved)
    with pytest.raises(Busy):
        restore(house.settings.store, saved, settle(house))
    await house.close()
    with pytest.raises(StoreError, match="the database itself"):
        restore(house.settings.store, house.database.path, settle(house))
    old = restore(house.settings.store, saved, settle(house))
    kept = old.read_bytes()
    with pytest.raises(StoreError, match="move it away or erase it"):
        restore(house.settings.store, saved, settle(house))
    assert old.read_bytes() == kept


def test_a_server_has_a_tool_of_its_own(tmp_path):
    with pytest.raises(StoreError, match="pg_restore"):
        restore("postgresql://me@host/name", tmp_path / "saved.db", lambda c: None)
