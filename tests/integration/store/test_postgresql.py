"""What only a server does: several processes on one database, lost connections, and processes that are gone."""

import asyncio
import contextlib

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, text

from bot.domain import DeliveryState
from bot.errors import StoreError
from bot.events import Happened
from bot.store import Store, deliveries, events, leases, posts, requests
from bot.store.postgres import committed
from tests.integration.conftest import PRAISES, START
from tests.integration.store.conftest import opened

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def two(database):
    async with opened(database) as one, opened(database) as other:
        yield one, other


HOLDS = "FROM pg_locks WHERE locktype = 'advisory' AND objid = ?"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"


def cut(database, which, *values):
    """The server ends connections."""
    database.rows(f"SELECT pg_terminate_backend(pid) {which}", *values)


async def test_a_number_that_a_dying_server_never_wrote_is_of_no_transaction(database):
    async with opened(database) as store:
        asked = text("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)")
        newest = int(await store.read(lambda c: c.execute(asked).scalar_one()))
        assert await asyncio.to_thread(committed, store.database.engine, newest + 1_000) is False


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_one_process_writes_wakes_the_other(two):
    one, other = two
    with other.signal(Happened.DRAFT_WAITING) as signal, other.signal(Happened.DRAFT_OPENED) as quiet:
        async with asyncio.timeout(30):
            while not await signal.wait(0.1):  # it may not listen yet
                await one.write(lambda c: events.append(c, Happened.DRAFT_WAITING, START))
        assert not await quiet.wait(0.05)


async def test_a_follower_sees_each_event_of_all_processes_in_order(two):
    async def write(store):
        for _ in range(60):
            await store.write(lambda c: events.append(c, Happened.POST_RECEIVED, START))

    async def follow(store):
        seen = []
        async with asyncio.timeout(60), contextlib.aclosing(store.follow(0)) as found:
            while len(seen) < 120:
                seen.append((await anext(found)).seq)
        return seen

    followers = [asyncio.create_task(follow(store)) for store in two]
    await asyncio.gather(*(write(store) for store in two))
    for follower in followers:
        assert await follower == list(range(1, 121))


async def test_each_write_sees_what_the_one_before_wrote_in_any_process(two):
    """A lost update would show: each reads a number and writes the next."""

    def count(connection):
        number = connection.execute(text("SELECT count(*) FROM requests")).scalar()
        return requests.first_use(connection, f"n{number}", START)

    done = await asyncio.gather(*(store.write(count) for _ in range(50) for store in two))
    assert done == [True] * 100


async def test_a_lost_connection_is_made_again_and_nothing_is_lost_or_done_twice(database):
    async with opened(database) as store:
        for n in range(5):
            cut(database, OTHERS)
            assert await store.write(lambda c, n=n: requests.first_use(c, f"k{n}", START))
        assert await store.read(lambda c: c.execute(text("SELECT count(*) FROM requests")).scalar()) == 5


async def test_a_write_whose_connection_is_lost_while_it_works_is_done_once(database):
    cuts = iter([True, False])

    def operation(connection):
        first = requests.first_use(connection, "k", START)
        if next(cuts):
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            database.rows("SELECT pg_terminate_backend(?)", pid)
        return first

    async with opened(database) as store:
        assert await store.write(operation)


async def test_a_commit_whose_answer_is_lost_counts_if_the_server_has_it(database):
    """The connection breaks after the commit and before its answer: the write is not done again."""
    runs = []

    def operation(connection):
        runs.append(connection)
        return requests.first_use(connection, f"k{len(runs)}", START)

    def lose(connection):
        driver = connection.connection.driver_connection
        driver.execute("COMMIT")
        with contextlib.suppress(psycopg.Error):
            driver.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with opened(database) as store:
        event.listen(store.database.engine, "commit", lose, once=True)
        assert await store.write(operation)
    assert len(runs) == 1
    assert database.rows("SELECT key FROM requests") == [{"key": "k1"}]


async def test_what_a_process_held_is_let_go_when_it_is_gone(house, monkeypatch):
    """Its leases and what it was sending, but only after a while: it may come back."""
    monkeypatch.setattr("bot.store.postgres.GONE_AFTER", 0.5)
    monkeypatch.setattr("bot.store.postgres.LOOK", 0.05)
    far = START.replace(year=2100)
    card = await house.draft("the new map is gorgeous")
    await house.press(card, "approve")
    house.clock.move(seconds=60)

    def take(connection, name, session):
        return leases.take(connection, "bot", name, START, far, session=session)

    def claim(connection, session):
        far_off = {"until": far, "longest": far - START, "busy": (), "limit": 5}
        return deliveries.lease(connection, house.clock.now(), "stage", session=session, **far_off)

    async with opened(house.database) as other:
        claimed = await other.write(lambda c: claim(c, other.session))
        assert len(claimed) == 1
        assert await other.write(lambda c: take(c, "other", other.session)) is None
        assert await house.store.write(lambda c: take(c, "me", house.store.session)) == "other"
        other.database._tasks[1].cancel()  # it does not come back
        with house.store.signal(Happened.REPLY_HELD) as signal:
            cut(house.database, HOLDS, other.session)
            assert await signal.wait(30), "nobody has to look: with many communities that is seldom"
        async with asyncio.timeout(30):
            while await house.store.write(lambda c: take(c, "me", house.store.session)):
                await asyncio.sleep(0.05)
        house.stage.nonces[claimed[0][0].nonce] = "m1"
        await house.outbox.once()
        assert (await house.again(card))["deliveries"][0]["state"] == DeliveryState.SENT
        assert house.stage.sent == [], "it was looked up, not sent a second time"


async def test_who_lost_its_place_stops_sending(house, monkeypatch):
    monkeypatch.setattr("bot.store.postgres.LOST_AFTER", 0.2)
    card = await house.draft("the new map is gorgeous")
    await house.press(card, "approve")
    house.stage.slow["harbor"] = asyncio.Event()
    house.clock.move(seconds=60)
    sending = asyncio.create_task(house.outbox.once())
    await until(lambda: house.stage.begun)
    monkeypatch.setattr("bot.store.postgres.connect", _refused)
    cut(house.database, HOLDS, house.store.session)
    async with asyncio.timeout(30):
        await sending
    assert (await house.again(card))["deliveries"][0]["state"] == DeliveryState.SENDING, "another looks it up"


async def _refused(_url):
    raise psycopg.OperationalError("refused")


async def test_a_server_that_is_away_is_told_in_words(database):
    url = database.url.replace("/test_", "/missing_")
    with pytest.raises(StoreError, match=r"database .missing_.* does not exist"):
        await Store.open(url)
    with pytest.raises(StoreError, match="Connection refused"):
        await Store.open("postgresql://postgres@127.0.0.1:1/nowhere")


async def test_a_server_that_gives_too_few_connections_says_why(database, monkeypatch):
    monkeypatch.setattr("bot.store.store.JOIN_SECONDS", 2.0)
    limit = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format
    name = sql.Identifier(database.name)
    with psycopg.connect(database.admin, autocommit=True) as ours:
        ours.execute(limit(name, sql.Literal(2)))
        try:
            with pytest.raises(StoreError, match=r"no further connection \(.*too many connections"):
                await Store.open(database.url)
        finally:
            ours.execute(limit(name, sql.Literal(-1)))


async def test_one_process_at_a_time_reads_a_channel_and_the_next_goes_on(build_house):
    """The first one to claim a channel reads its posts; the other takes over when it is gone."""
    house = build_house()
    await house.open()
    try:
        async with opened(house.database) as other:
            assert await other.claim("channel stage\x00harbor")
            post_id = await house.receive("the new map is gorgeous")
            elsewhere = await house.receive("love it", channel="pier")
            async with asyncio.timeout(30):
                while not (await house.store.post_page(elsewhere)).post.action:
                    await asyncio.sleep(0.01)
            assert (await house.store.post_page(post_id)).post.action is None
        async with asyncio.timeout(60):  # by the next sweep
            while not (await house.store.post_page(post_id)).post.action:
                await asyncio.sleep(0.05)
    finally:
        await house.close()


async def test_two_processes_judge_each_post_once_and_send_each_reply_once(build_house):
    """Two machineries on one database: posts come to both, both send."""
    house = build_house()
    twin = type(house)(house.settings.root, house.database, house.pipeline)
    twin.stage = house.stage
    twin.clock = house.clock
    for one in (house, twin):
        await one.open()
    try:
        twin._numbers = iter(range(1000, 2000))
        both = (house, twin)
        posted = ((one, PRAISES[n % 8], f"fan{n}", f"pier{n % 3}") for n in range(12) for one in both)
        ids = await asyncio.gather(*(one.receive(said, fan=fan, channel=there) for one, said, fan, there in posted))
        async with asyncio.timeout(60):
            while await house.store.read(posts.count_unjudged):
                await asyncio.sleep(0.02)
        cards = [card for post_id in ids if (card := await drafted(house, post_id))]
        assert len(cards) > 5
        await asyncio.gather(*(both[n % 2].press(card, "approve") for n, card in enumerate(cards)))
        house.clock.move(seconds=60)
        await asyncio.gather(house.outbox.once(), twin.outbox.once())
        assert sorted(d.id for d in house.stage.sent) == sorted({d.id for d in house.stage.sent})
        assert len(house.stage.sent) == len(cards)
        judged = [event.post_id for event in await house.events("post_judged")]
        assert len(judged) == len(set(judged))
    finally:
        await twin.close()
        await house.close()


async def drafted(house, post_id):
    page = await house.store.post_page(post_id)
    return {"draft_id": page.draft.id, "revision": page.draft.revision} if page.draft and page.draft.text else None
