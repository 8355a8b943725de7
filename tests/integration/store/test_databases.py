"""The databases that the other tests use one after the other."""

import contextlib
import subprocess

import psycopg
import pytest

from tests.databases import CLIENTS, Server

pytestmark = pytest.mark.postgresql

ROWS = ("INSERT INTO cursors VALUES ('stage', 'a', '1', now(), 'lamp')", "SELECT nextval('events_seq_seq')")
CHANGES = {
    "a column": "ALTER TABLE people ADD COLUMN more INTEGER",
    "a default": "ALTER TABLE people ALTER COLUMN id SET DEFAULT 'x'",
    "no index": "DROP INDEX ix_posts_gate",
    "no policy": "ALTER TABLE people DISABLE ROW LEVEL SECURITY",
    "another table": "CREATE TABLE more (id INTEGER)",
    "a view": "CREATE VIEW more AS SELECT id FROM people",
    "a grant": "GRANT SELECT ON people TO PUBLIC",
    "a setting": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 100', current_database()); END $$",
    "a version": "UPDATE alembic_version SET version_num = '0001'",
}
"""After which a database is not used again."""


def dump(database):
    """All that PostgreSQL would restore of it, without its name."""
    words = [CLIENTS / "pg_dump", "--create", database.admin]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.replace(database.name, "it")
    return [line for line in lines.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def inside(database):
    """The number that PostgreSQL itself knows it by."""
    return database.rows("SELECT oid FROM pg_database WHERE datname = current_database()")


@pytest.fixture
def after(databases, tmp_path):
    """The database of the next test, and whether it is the one that this test's was."""

    def closed(database):
        before = inside(database)
        database.close()
        found.append(databases.new(tmp_path))
        assert found[-1].name != database.name
        return found[-1], inside(found[-1]) == before

    found = []
    yield closed
    for one in found:
        one.close()


@pytest.fixture(scope="module")
def new(databases, tmp_path_factory):
    """The dump of a database that nobody has used."""
    with contextlib.closing(Server.new(databases, tmp_path_factory.mktemp("unused"))) as made:
        return dump(made)


def test_what_tests_leave_is_gone(database, after, new):
    for statement in ROWS:
        database.change(statement)
    database.record()
    database.refuse("UPDATE", "posts")
    database.refuse("INSERT", "drafts")
    database.allow("drafts")
    assert dump(database) != new
    again, same = after(database)
    assert (same, dump(again)) == (True, new)


@pytest.mark.parametrize("left", CHANGES.values(), ids=CHANGES)
def test_what_cannot_be_put_right_is_made_anew(database, after, new, left):
    database.change(left)
    again, same = after(database)
    assert (same, dump(again)) == (False, new)


def test_what_is_still_used_is_left_to_nobody(database, after):
    with psycopg.connect(database.admin) as left:
        _, same = after(database)
        assert not same
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
