"""Many communities in one database of a server: nothing of one is seen or changed by another."""

import asyncio
import contextlib
import itertools
import re
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    select,
    text,
)
from sqlalchemy import inspect as look_into
from sqlalchemy.exc import ProgrammingError

from bot.errors import StoreError
from bot.events import Happened
from bot.store import (
    Database,
    NewPost,
    Store,
    copy,
    cursors,
    events,
    fans,
    inspect,
    leases,
    people,
    posts,
    tables,
    writer,
)
from bot.store.engine import driver_url, enter
from bot.store.look import look
from responders.types import Author, Post
from tests.databases import of_version
from tests.integration.conftest import START, House
from tests.integration.store import test_queries as flows

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


@contextlib.contextmanager
def connected(url):
    """A connection that nobody told of a community."""
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
async def shared(database):
    """A process on a database with room for many communities."""
    async with opened(database.url) as one:
        yield one


def dump(database, community):
    """All rows of a community, as the server has them."""
    return {
        name: sorted(map(repr, database.rows(f"SELECT * FROM {name} WHERE community = ?", community)))  # noqa: S608
        for name in tables.metadata.tables
    }


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
    with connected(database.url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        expected = on_a_server()
        assert compare_metadata(context, expected) == []
        found = look_into(connection)
        for table in expected.sorted_tables:
            keys = found.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key], table.name
            for index in found.get_indexes(table.name):
                assert index["column_names"][0] == "community", index


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


# One beside another


class Lodger(House):
    """The machinery of one community in a database that others use, too."""

    def __init__(self, folder, database, pipeline, shared, name):
        folder.mkdir()
        super().__init__(folder, database, pipeline)
        self.shared = shared
        self.name = name

    async def opened(self):
        return self.shared.store(self.name)


@pytest.fixture
async def both(shared, database, pipeline, tmp_path):
    """Two communities in which the same happened: the same posts in the same channels, under the same ids there."""
    lodgers = [Lodger(tmp_path / name, database, pipeline, shared, name) for name in (LAMP, HARBOUR)]
    for lodger in lodgers:
        await lodger.open()
    try:
        lodgers[0].card, lodgers[1].card = [await flows.some_of_everything(lodger) for lodger in lodgers]
        yield lodgers
    finally:
        for lodger in lodgers:
            await lodger.close()


async def pages(house, card):
    """What only reads, but for what was opened."""
    await flows.pages(house, card)
    await flows.the_inbox(house, card)


async def years(house, card):
    """Retention drops what is old."""
    house.clock.move(days=5000)
    await house.rounds.once()
    await flows.rows_of_years(house, card)
    await house.store.write(lambda c: events.drop_before(c, house.clock.now()))


@pytest.mark.parametrize(
    "flow",
    [
        flows.rounds,
        flows.a_post,
        flows.a_thread,
        flows.an_edit_and_a_delete,
        flows.sending,
        pages,
        flows.a_surface,
        flows.a_fan,
        years,
    ],
    ids=lambda flow: flow.__name__,
)
async def test_whatever_happens_in_one_community_leaves_the_rows_of_the_other(both, database, flow):
    lamp, harbour = both
    before = {name: dump(database, name) for name in (LAMP, HARBOUR)}
    assert before[HARBOUR]["posts"]
    await flow(lamp, lamp.card)
    assert dump(database, HARBOUR) == before[HARBOUR]
    assert dump(database, LAMP) != before[LAMP]
    await flows.a_post(harbour, harbour.card)  # and it goes on


async def test_who_is_forgotten_in_one_community_is_known_in_the_other(both):
    lamp, harbour = both
    known = await harbour.store.export("stage", "robin")
    assert known["posts"]
    await lamp.desk.forget("stage", "robin")
    assert not (await lamp.store.export("stage", "robin"))["posts"]
    assert await harbour.store.export("stage", "robin") == known


async def test_a_page_shows_cards_of_its_own_community_and_none_of_another(both):
    lamp, harbour = both
    assert await lamp.desk.draft(harbour.card["draft_id"]) is None
    assert await lamp.store.post_page(harbour.card["post"]["post_id"]) is None
    for lodger in both:
        page, _ = await lodger.desk.drafts(state="waiting")
        own = {row["id"] for row in lodger.database.rows("SELECT id FROM drafts WHERE community = ?", lodger.name)}
        assert page
        assert {card.draft.id for card in page} <= own


async def test_no_statement_gets_around_it(both, database):
    """Not with the other's name, not with its ids, and not without a name."""
    lamp, harbour = both
    before = dump(database, HARBOUR)
    theirs = harbour.card["post"]["post_id"]

    async def tried(statement):
        return await lamp.store.write(lambda c: c.execute(text(statement)).rowcount)

    assert await tried(f"UPDATE posts SET text = 'mine' WHERE id = '{theirs}'") == 0  # noqa: S608
    assert await tried("DELETE FROM deliveries WHERE community = 'harbour'") == 0
    for statement in (
        "UPDATE drafts SET community = 'harbour'",
        "INSERT INTO people (id, since, community) VALUES ('x', now(), 'harbour')",
    ):
        with pytest.raises(StoreError, match="may not do that"):
            await tried(statement)
    with pytest.raises(StoreError, match="foreign key"):
        await tried(f"INSERT INTO notes VALUES ('n1', '{theirs}', 'mara', now(), 'mine')")  # noqa: S608
    with connected(database.url) as connection:
        with pytest.raises(ProgrammingError, match=r"greenroom\.community"):
            connection.execute(text("SELECT count(*) FROM posts"))
        connection.rollback()
        enter(connection, HARBOUR)
        connection.rollback()  # a connection that served a community, and was given back
        assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 0
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text("INSERT INTO people (id, since) VALUES ('x', now())"))
    assert dump(database, HARBOUR) == before


@pytest.mark.parametrize(
    "flow",
    [flows.rounds, flows.a_post, flows.sending, flows.pages, flows.a_surface, flows.a_fan],
    ids=lambda f: f.__name__,
)
async def test_an_index_is_read_from_its_part_of_the_community(both, flow):
    """The condition of the policy is one of the index: rows of others are not even read."""
    lamp, _ = both
    with flows.asked(lamp) as found:
        await flow(lamp, lamp.card)
    read = 0
    for statement, values in found:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            steps = [step.strip() for step in await flows.plan(lamp, statement, values)]
            for step, condition in itertools.pairwise([*steps, ""]):
                if re.search(r"Index (Only )?Scan", step):
                    read += 1
                    assert condition.startswith("Index Cond: "), (statement, steps)
                    assert "(community = " in condition, (statement, steps)
    assert read > 5


# Like a database of its own

POSTS, FANS, NAMES = st.integers(0, 5), st.sampled_from(["robin", "kim"]), st.sampled_from(["a", "b"])


def _post(number, fan):
    place = {"platform": "stage", "channel": f"c{number % 2}", "external_id": f"p{number}"}
    post = Post(**place, author=Author(id=fan, name=fan), text=f"{fan} says {number}", at=START)
    return NewPost(id=f"{number:016}", post=post, received_at=START)


async def _take(store, name, holder):
    return await store.write(lambda c: leases.take(c, name, holder, START, START.replace(year=2100)))


STEPS = st.one_of(
    st.builds(lambda n, fan: lambda store: store.add_post(_post(n, fan)), POSTS, FANS),
    st.builds(
        lambda n: lambda store: store.write(lambda c: posts.delete(c, "stage", f"c{n % 2}", f"p{n}", START)), POSTS
    ),
    st.builds(lambda key: lambda store: store.first_use(key, START), NAMES),
    st.builds(lambda name, holder: lambda store: _take(store, name, holder), NAMES, NAMES),
    st.builds(lambda at: lambda store: store.write(lambda c: cursors.save(c, "stage", {"c0": at}, START)), NAMES),
    st.builds(lambda fan: lambda store: store.write(lambda c: fans.opt_out(c, "stage", fan, START)), FANS),
    st.builds(lambda fan: lambda store: store.write(lambda c: fans.opt_in(c, "stage", fan, START)), FANS),
    st.builds(lambda fan: lambda store: store.write(lambda c: fans.begin_forgetting(c, "stage", fan, START)), FANS),
    st.builds(lambda fan: lambda store: store.write(lambda c: fans.end_forgetting(c, "stage", fan, START)), FANS),
    st.builds(lambda fan: lambda store: store.export("stage", fan), FANS),
    st.just(lambda store: store.write(lambda c: events.append(c, Happened.POST_RECEIVED, START))),
    st.just(lambda store: store.numbers()),
)


async def lived(store, steps):
    """What each step answered, and what is stored in the end. Numbers of events are one row for all communities."""
    answers = [await step(store) for step in steps]

    def everything(connection):
        every = {table.name: connection.execute(select(table)).mappings() for table in tables.metadata.sorted_tables}
        return {
            name: sorted(repr({key: value for key, value in row.items() if key != "seq"}) for row in rows)
            for name, rows in every.items()
        }

    return answers, await store.read(everything)


def test_three_communities_live_as_each_would_alone(databases, files, tmp_path_factory):
    made = databases.new(tmp_path_factory.mktemp("shared"))
    names = (f"c{number}" for number in itertools.count())

    @settings(max_examples=15)
    @given(st.tuples(*[st.lists(STEPS, max_size=12)] * 3))
    def story(lives):
        async def side_by_side():
            async with opened(made.url) as database:
                stores = [database.store(next(names)) for _ in lives]
                return await asyncio.gather(*(lived(store, steps) for store, steps in zip(stores, lives, strict=True)))

        async def alone(steps):
            store = await Store.open(files.new(tmp_path_factory.mktemp("alone")).url)
            try:
                return await lived(store, steps)
            finally:
                await store.close()

        assert asyncio.run(side_by_side()) == [asyncio.run(alone(steps)) for steps in lives]

    try:
        story()
    finally:
        made.close()


# Signals, events and turns


async def test_who_follows_a_community_sees_its_events_in_order_and_no_others(database, shared):
    async def write(store):
        for number in range(40):
            await store.write(lambda c, n=number: events.append(c, Happened.POST_RECEIVED, START, post_id=f"{n:016}"))

    async def follow(store):
        async with asyncio.timeout(60), contextlib.aclosing(store.follow(0)) as found:
            return [await anext(found) for _ in range(80)]

    async with opened(database.url) as other:
        here, there = ({name: one.store(name) for name in (LAMP, HARBOUR)} for one in (shared, other))
        followers = [asyncio.create_task(follow(store)) for store in (*here.values(), *there.values())]
        for one in (here, there):
            await asyncio.gather(*(write(store) for store in one.values()))
        seen = [await follower for follower in followers]
    for found in seen:
        assert [event.post_id for event in found] == [f"{n:016}" for n in range(40)] * 2
        assert [event.seq for event in found] == sorted({event.seq for event in found})
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]
    assert not {event.seq for event in seen[0]} & {event.seq for event in seen[1]}


async def test_a_signal_is_of_its_community_in_every_process(database, shared):
    async with opened(database.url) as other:
        here, there = ({name: one.store(name) for name in (LAMP, HARBOUR)} for one in (shared, other))
        with contextlib.ExitStack() as stack:
            lamps = [stack.enter_context(one[LAMP].signal()) for one in (here, there)]
            quiet = [stack.enter_context(one[HARBOUR].signal()) for one in (here, there)]
            async with asyncio.timeout(30):
                while not await lamps[1].wait(0.1):  # it may not listen yet
                    await here[LAMP].write(lambda c: events.append(c, Happened.DRAFT_WAITING, START))
            assert await lamps[0].wait(5)
            for signal in quiet:
                assert not await signal.wait(0.01)
            await there[HARBOUR].write(lambda c: events.append(c, Happened.DRAFT_WAITING, START))
            assert await quiet[0].wait(20)


async def test_a_thousand_writes_of_one_community_wait_in_turn_with_those_of_another(shared):
    """One of another community is in the next group, before hundreds that were there first."""
    noisy, calm = shared.store(LAMP), shared.store(HARBOUR)
    held, begun, order = threading.Event(), threading.Event(), []

    def hold(_connection):
        begun.set()
        assert held.wait(30)

    def note(name):
        return lambda _connection: order.append(name)

    holding = asyncio.create_task(noisy.write(hold))
    await asyncio.to_thread(begun.wait, 30)
    many = [asyncio.create_task(noisy.write(note(LAMP))) for _ in range(1000)]
    await asyncio.sleep(0)  # they stand in line
    one = asyncio.create_task(calm.write(note(HARBOUR)))
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(holding, one, *many)
    assert len(order) == 1001
    assert order.index(HARBOUR) <= writer.GROUP


# Processes, claims and roles


async def test_a_claim_is_of_its_community_and_ends_when_its_store_is_closed(database, shared):
    async with opened(database.url) as other:
        here, there = ({name: one.store(name) for name in (LAMP, HARBOUR)} for one in (shared, other))
        assert await here[LAMP].claim("channel stage harbor")
        assert await there[HARBOUR].claim("channel stage harbor")
        assert not await there[LAMP].claim("channel stage harbor")
        await here[LAMP].close()
        assert await there[LAMP].claim("channel stage harbor")
        with pytest.raises(StoreError, match="closed"):
            await here[LAMP].write(lambda c: None)
        with pytest.raises(StoreError, match="closed"):
            await here[LAMP].read(lambda c: None)
        await here[HARBOUR].read(lambda c: None)
        assert await shared.store(LAMP).read(posts.count_unjudged) == 0, "it may be opened again"


@pytest.mark.parametrize("late", [False, True], ids=["who saw it go", "who came later"])
async def test_what_a_process_held_in_any_community_is_let_go_when_it_is_gone(database, shared, monkeypatch, late):
    monkeypatch.setattr("bot.store.postgres.GONE_AFTER", 0.5)
    monkeypatch.setattr("bot.store.postgres.LOOK", 0.05)
    far = START.replace(year=2100)
    names = [f"c{number}" for number in range(30)]

    def take(holder, session):
        return lambda c: leases.take(c, "bot", holder, START, far, session=session)

    stores = [] if late else [shared.store(name) for name in names]
    async with opened(database.url) as other:
        for name in names:
            store = other.store(name)
            assert await store.write(take("other", store.session)) is None
        async with asyncio.timeout(30):
            while not late and other.presence.number not in shared.presence._seen:
                await asyncio.sleep(0.01)
        for task in other._tasks:  # it does not come back, and lets go of nothing
            task.cancel()
        await asyncio.gather(*other._tasks, return_exceptions=True)
        stores = stores or [shared.store(name) for name in names]
        async with asyncio.timeout(60):
            for store in stores:
                while await store.write(take("me", store.session)):
                    await asyncio.sleep(0.02)


def test_a_name_is_a_key_as_in_config_yaml(database):
    async def tried(name):
        async with opened(database.url) as one:
            one.store(name)

    for name in ("Lamp", "lamp harbour", "lamp'", "-lamp", "l" * 64, "lämp", "lamp\n", "lamp--2"):
        with pytest.raises(StoreError, match="cannot name a community"):
            asyncio.run(tried(name))
    asyncio.run(tried("lamp-2"))


async def test_a_community_is_open_once_in_a_process(shared):
    shared.store(LAMP)
    with pytest.raises(StoreError, match="already served"):
        shared.store(LAMP)


async def test_who_sees_the_rows_of_all_serves_only_one(database):
    """A superuser is held by no policy: as long as there is one community, that does no harm."""
    async with opened(database.admin) as one:
        await one.store(LAMP).write(lambda c: cursors.save(c, "stage", {"c": "1"}, START))
        with pytest.raises(StoreError, match="rows of all communities"):
            one.store(HARBOUR)
    async with opened(database.admin) as again:
        with pytest.raises(StoreError, match="rows of all communities"):
            again.store(HARBOUR)
        assert await again.store(LAMP).read(lambda c: cursors.load(c, "stage")) == {"c": "1"}
    assert look(database.admin, lambda c: cursors.load(c, "stage"), LAMP) == {"c": "1"}
    with pytest.raises(StoreError, match="rows of all communities"):
        look(database.admin, lambda c: cursors.load(c, "stage"), HARBOUR)
    assert [check.ok for check in inspect(database.admin, LAMP)] == [True]
    assert [check.ok for check in inspect(database.admin, HARBOUR)] == [False]
    assert look(database.url, lambda c: cursors.load(c, "stage"), HARBOUR) == {}


# Moving in


async def test_files_of_several_communities_move_into_one_database(file_house, empty):
    moved = {}
    for name in (LAMP, HARBOUR):
        async with file_house() as house:
            await flows.some_of_everything(house)
            if name == LAMP:
                await house.sent("love the harbor", fan="ash", channel="mole")
        counts = copy.copy(house.settings.store, empty.url, name)
        store = await Store.open(house.settings.store)
        moved[name] = counts, await store.export("stage", "robin"), await store.last_event()
        await store.close()
        with pytest.raises(StoreError, match="not empty"):
            copy.copy(house.settings.store, empty.url, name)
    async with opened(empty.url) as database:
        for name, (counts, export, last) in moved.items():
            store = database.store(name)
            assert counts["deliveries"] == len(empty.rows("SELECT 1 FROM deliveries WHERE community = ?", name))
            assert await store.export("stage", "robin") == export
            assert await store.last_event() == last
        newest = max(last for _, _, last in moved.values())
        for store in list(database._stores.values()):
            await store.write(lambda c: events.append(c, Happened.POST_RECEIVED, START))
            assert await store.last_event() > newest
