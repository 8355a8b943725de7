"""Many communities in one database of a server: nothing of one is seen or changed by another."""

import contextlib

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, Text, UniqueConstraint, create_engine, text
from sqlalchemy import inspect as look_into

from bot.events import Happened
from bot.store import Database, events, people, tables
from bot.store.engine import driver_url
from tests.databases import of_version
from tests.integration.conftest import START

pytestmark = pytest.mark.postgresql
LAMP, HARBOUR = "lamp", "harbour"


@contextlib.asynccontextmanager
async def opened(url):
    """A process on a database."""
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def empty(databases):
    """A database of the server without tables."""
    made = databases.empty()
    yield made
    made.close()


# The schema


def on_a_server():
    """The tables as a server has them: each row, key and index begins with its community."""
    made = MetaData()
    for table in tables.metadata.sorted_tables:
        columns = [Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable) for c in table.columns]
        there = Table(table.name, made, Column("community", Text, primary_key=True), *columns)
        for rule in table.constraints:
            names = [column.name for column in rule.columns]
            if isinstance(rule, UniqueConstraint):
                there.append_constraint(UniqueConstraint("community", *names, name=rule.name))
            if isinstance(rule, ForeignKeyConstraint):
                to = [element.target_fullname for element in rule.elements]
                both = [f"{rule.referred_table.name}.community", *to]
                there.append_constraint(ForeignKeyConstraint(["community", *names], both, name=rule.name))
        for index in table.indexes:
            named = [there.c.community, *(there.c[column.name] for column in index.columns)]
            Index(index.name, *named, postgresql_where=index.dialect_options["postgresql"]["where"])
    return made


def test_migrations_make_exactly_the_tables(database):
    engine = create_engine(driver_url(database.url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        expected = on_a_server()
        assert compare_metadata(context, expected) == []
        found = look_into(connection)
        for table in expected.sorted_tables:
            keys = found.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key], table.name
            for index in found.get_indexes(table.name):
                assert index["column_names"][0] == "community", index
    engine.dispose()


def test_each_table_has_the_policy_and_holds_its_owner_to_it(database):
    asked = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
    every = {row["relname"] for row in database.rows(asked)} - {"alembic_version"}
    held = {row["relname"] for row in database.rows(asked + "AND relrowsecurity AND relforcerowsecurity")}
    policies = {row["tablename"] for row in database.rows("SELECT tablename FROM pg_policies WHERE cmd = 'ALL'")}
    assert every == held == policies == {table.name for table in tables.metadata.sorted_tables}


async def test_what_was_there_belongs_to_the_community_that_nobody_named(empty):
    older = of_version(empty.url, "0011")
    with older.begin() as connection:
        connection.execute(text("INSERT INTO people (id, since) VALUES ('p1', now())"))
        connection.execute(text("INSERT INTO things (id, person_id, text, at) VALUES ('t1', 'p1', 'a lamp', now())"))
        connection.execute(text("INSERT INTO events (at, name) VALUES (now(), 'post_received')"))
    older.dispose()
    async with opened(empty.url) as database:
        before, named = database.store(), database.store(LAMP)
        assert await before.read(lambda c: people.things_of(c, "p1")) == {"t1": "a lamp"}
        assert await named.read(lambda c: people.things_of(c, "p1")) == {}
        assert [event.seq for event in await before.events(after=0)] == [1]
        assert await named.last_event() == 0
        await named.write(lambda c: events.append(c, Happened.POST_RECEIVED, START))
        assert await named.last_event() == 2, "numbers go on"
