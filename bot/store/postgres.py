"""What PostgreSQL needs of us: how we connect, one writer at a time, what a lost connection means, and wake-ups.

A write transaction takes an advisory lock first, so that writes come one after the other as they do on SQLite: each
sees what the one before it wrote, whichever process that was, and events are numbered in the order of their commits.
The writer commits many operations at once, so one lock costs little.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, LiteralString

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store import dialects, tables

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger()

WRITING = 0x67726E72
"""The key of the lock of write transactions."""
PRESENT = 0x67726E73
"""The first half of the keys of the locks by which processes are known to be there; the second is their number."""
GONE_AFTER = 10.0
"""Seconds without its lock after which a process counts as gone: others take over what it was doing."""
LOST_AFTER = 7.0
"""Seconds without its own lock after which a process stops what others are about to take over."""
LOOK = 1.0
"""Seconds between two looks at who is there."""
CHANNEL = "greenroom"
"""Where processes tell each other what was written."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds before a lost connection is made again."""
PATIENCE = 60.0
"""Seconds for which a server that was lost in a commit is waited for."""

_LOOK_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 11_000}
_SESSION = {
    "timezone": "UTC",
    "lock_timeout": "5s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    # The server, too, soon notices that we are gone: our locks end with our session.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
_POOL = {"pool_size": 8, "max_overflow": 4, "pool_pre_ping": True, "pool_use_lifo": True}
"""The connection that was used last is used next: it has prepared the statements that are asked most."""

_PASSING = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
    }
)
"""Errors that pass by themselves, beside those without a code, which psycopg raises where no connection is made.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_IN_THE_FUTURE = "22023"
"""invalid_parameter_value, which `pg_xact_status` raises for a number that it has not given yet."""

_STARTS = ("the database system is", "server closed the connection", "terminating connection")
"""What it says then. Where no connection was made, psycopg has no code for it."""

_SAID = {
    "42501": "this user may not do that in the database; make it the owner of the database",
    "25006": "the server takes no writes now (it is a standby, or read-only)",
    "53100": "the server's disk is full; make room (nothing that was acknowledged is lost)",
    "55P03": "another program holds the database; stop it and try again",
    "57P": "the server is stopping or starting; this is tried again",
    "XX": "the server says that its data is damaged; restore a backup",
}
"""The start of an error's code, and what it means to a person. The longest that fits counts."""


def connect_args() -> dict[str, Any]:
    """How each connection is made: given up soon, in UTC, and noticed when the other side is gone."""
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    return {"connect_timeout": 5, "application_name": "greenroom", "options": options, **_LOOK_ALIVE}


def open_engine(url: URL) -> Engine:
    """An engine whose errors do not repeat what fans wrote. Raises StoreError without the driver."""
    try:
        return dialects.engine(url, connect_args=connect_args(), **_POOL)
    except ModuleNotFoundError as error:
        raise StoreError(
            "store: PostgreSQL needs its driver; install it with: pip install 'greenroom[postgres]'"
        ) from error


def reading(connection: Connection) -> Connection:
    """The connection for questions that all see the same moment."""
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def enter(connection: Connection, community: str) -> None:
    """From now on this transaction sees and changes that community alone."""
    connection.exec_driver_sql("SELECT set_config('greenroom.community', %s, true)", (community,))


def unheld(connection: Connection) -> frozenset[str] | None:
    """The communities that have rows, for a role which no policy keeps from seeing them all; None for any other role.
    https://www.postgresql.org/docs/current/ddl-rowsecurity.html
    """
    asked = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    if not connection.execute(text(asked)).scalar():
        return None
    some = (f"SELECT {which}(community) FROM {name}" for name in tables.metadata.tables for which in ("min", "max"))  # noqa: S608 - all ours
    return frozenset(filter(None, connection.execute(text(" UNION ".join(some))).scalars()))


def refusal(sees: frozenset[str] | None, community: str) -> str | None:
    """Why a role that sees the rows of all (`unheld`) must not serve a community, or None if it may."""
    if sees is None or sees <= {community}:
        return None
    return (
        "this user would see the rows of all communities; for several, connect as the plain owner of the database "
        "(no superuser, no BYPASSRLS)"
    )


_BEGIN = "SELECT pg_current_xact_id()::text, set_config('greenroom.community', %s, true), pg_advisory_xact_lock(%s)"
"""One statement, because each costs a way to the server and back in every write. What comes after it sees all that was
committed before the lock was ours."""


def begin(connection: Connection, community: str) -> int:
    """Wait for the turn of this write transaction, and enter a community. Returns its number, for `committed`."""
    return int(connection.exec_driver_sql(_BEGIN, (community, WRITING)).scalar_one())


def committed(engine: Engine, number: int) -> bool:
    """Whether a transaction counts whose connection was lost while it was committed.

    Waits for a server that starts again. Raises DBAPIError when nobody can tell.
    """
    given_up_at = time.monotonic() + PATIENCE
    asked = text("SELECT pg_xact_status(CAST(:number AS xid8))")
    while True:
        try:
            with engine.connect() as connection:
                status = connection.execute(asked, {"number": str(number)}).scalar()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _IN_THE_FUTURE:
                return False  # the server died before it had written anything of this transaction, its number included
            if not passes(error) or time.monotonic() > given_up_at:
                raise
            status = "in progress"
        if status != "in progress":
            return bool(status == "committed")
        time.sleep(FIRST_PAUSE)


def passes(error: DBAPIError) -> bool:
    """True for a lost connection, and for whatever else is worth another try."""
    code = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or code in _PASSING or (code is None and _is_operational(error))


def starts(error: DBAPIError) -> bool:
    """True where a server is there and takes no connections yet, or has just dropped them because it starts again."""
    said = str(error.orig)
    return error.connection_invalidated or any(words in said for words in _STARTS)


def _is_operational(error: DBAPIError) -> bool:
    """No server was reached, or it went away: psycopg has no code for that."""
    import psycopg  # noqa: PLC0415 - an extra

    return isinstance(error.orig, psycopg.OperationalError)


def in_words(cause: BaseException | None) -> str | None:
    """What an error means to a person, or None."""
    code = getattr(cause, "sqlstate", None)
    if code is None:
        if type(cause).__name__ != "OperationalError":
            return None
        why = str(cause).strip().rpartition("failed: ")[2].partition("\n")[0]
        return f"no connection ({why}); look whether the server runs, and whether address, user and password are right"
    fitting = [start for start in _SAID if code.startswith(start)]
    return _SAID[max(fitting, key=len)] if fitting else None


_TELL = text("SELECT pg_notify(:channel, payload) FROM unnest(CAST(:payloads AS text[])) AS payload")


def others(connection: Connection) -> bool:
    """Whether a process is there that uses this database."""
    return connection.exec_driver_sql(_THERE, (PRESENT,)).first() is not None


class Wire:
    """Tells other processes what was written, and hears it from them. What it says is a hint: nothing depends on it."""

    def __init__(self, engine: Engine, heard: Callable[[str | None, frozenset[str] | None], None]) -> None:
        """`heard` is called on the event loop with a community and the names of its events; with None when some may
        have been missed."""
        self._engine = engine
        self._heard = heard
        self._name = secrets.token_hex(4)
        self._lost = False

    def tell(self, committed: Mapping[str, frozenset[str]]) -> None:
        """Say which events were committed, by community. Called by the writer; a server that does not answer is left
        alone."""
        payloads = [f"{self._name} {community} {','.join(sorted(names))}" for community, names in committed.items()]
        with contextlib.suppress(DBAPIError), self._engine.connect() as connection:
            told = connection.execution_options(isolation_level="AUTOCOMMIT")
            told.execute(_TELL, {"channel": CHANNEL, "payloads": payloads})

    async def listen(self) -> None:
        """Hear what others write, until cancelled."""
        import psycopg  # noqa: PLC0415 - an extra

        pause = FIRST_PAUSE
        while True:
            try:
                await self._hear()
            except psycopg.Error as error:
                log.info("wake_ups_lost", why=str(error).partition("\n")[0])
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _hear(self) -> None:
        async with await connect(self._engine.url) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            if self._lost:
                self._heard(None, None)
            self._lost = True
            async for notice in connection.notifies():
                by, community, names = notice.payload.split(" ")
                if by != self._name:
                    self._heard(community, frozenset(names.split(",")))


class Presence:
    """Shows other processes that this one is there, by a lock that the server ends with our connection.

    So a process that dies is missed at once, and what it held is let go after `GONE_AFTER`, whatever the clocks of the
    machines say. A process that lost its connection but lives stops sending before that, after `LOST_AFTER`.
    """

    def __init__(self, url: URL, let_go: Callable[[int], Awaitable[None]], back: Callable[[], None]) -> None:
        """`let_go` ends what a process holds that is gone. `back` is called when a lost connection is there again."""
        self.number = secrets.randbelow(2**31)
        self._url = url
        self._let_go = let_go
        self._back = back
        self.joined = asyncio.Event()
        """Set once this process was seen for the first time."""
        self.why = ""
        """What the server said when the connection was lost, or not given."""
        self._seen: set[int] = set()
        self._missed: dict[int, float] = {}
        self._turns: deque[str] = deque()
        self._at_once = 0
        self._seen_at = time.monotonic()
        self._lost = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def claim(self, name: str) -> bool:
        """Claim something for this process until `release`, or until it is gone. False if another has it."""
        return await self._ask("SELECT pg_try_advisory_lock(%s)", name)

    async def release(self, name: str) -> None:
        """End a claim."""
        await self._ask("SELECT pg_advisory_unlock(%s)", name)

    async def _ask(self, query: LiteralString, name: str) -> bool:
        """The server's answer; False without a connection, on which all claims have ended."""
        import psycopg  # noqa: PLC0415 - an extra

        if self._connection is None:
            return False
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        try:
            row = await (await self._connection.execute(query, (key,))).fetchone()
        except psycopg.Error:
            return False
        return bool(row and row[0])

    async def lost(self) -> None:
        """Wait until this process must stop what others may take over."""
        await self._lost.wait()

    def look_at(self, community: str) -> None:
        """Begin to let go of what is held in a community by processes that are gone."""
        self._turns.appendleft(community)
        self._at_once += 1

    def look_away(self, community: str) -> None:
        """End that."""
        with contextlib.suppress(ValueError):
            self._turns.remove(community)

    async def run(self) -> None:
        """Be there, and look who is gone, until cancelled."""
        import psycopg  # noqa: PLC0415 - an extra

        watch = asyncio.create_task(self._watch())
        try:
            while True:
                try:
                    await self._stay()
                except (psycopg.Error, StoreError) as error:
                    self.why = str(error).partition("\n")[0]
                    log.info("presence_lost", why=self.why)
                await asyncio.sleep(FIRST_PAUSE)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        """By our own clock, while a server that is away may keep `_stay` waiting for longer."""
        while True:
            if time.monotonic() - self._seen_at > LOST_AFTER:
                self._lost.set()
            await asyncio.sleep(FIRST_PAUSE)

    async def _stay(self) -> None:
        async with await connect(self._url) as connection:
            await connection.execute("SELECT pg_advisory_lock(%s, %s)", (PRESENT, self.number))
            self._seen_at, self._connection = time.monotonic(), connection
            if self.joined.is_set():
                self._back()
            self.joined.set()
            self._at_once = len(self._turns)
            try:
                while True:
                    found = await connection.execute(_THERE, (PRESENT,))
                    there = {row[0] for row in await found.fetchall()}
                    self._seen |= there | await self._holders(connection)
                    self._seen_at = time.monotonic()
                    self._lost.clear()
                    await self._miss(self._seen - there)
                    await asyncio.sleep(LOOK)
            finally:
                self._connection = None

    async def _holders(self, connection: psycopg.AsyncConnection[Any]) -> set[int]:
        """Who holds something in communities that are new here, and in one other. They take turns: whoever goes while
        we look is seen to go."""
        from psycopg import sql  # noqa: PLC0415 - an extra

        number = min(self._at_once + 1, len(self._turns))
        if not number:
            return set()
        self._at_once = 0
        asked = sql.SQL("").join(sql.SQL(_HOLDERS).format(name) for name in list(self._turns)[:number])
        self._turns.rotate(-number)
        cursor = await connection.execute(asked)  # statements that are sent together are one transaction
        return {row[0] async for result in cursor.results() for row in await result.fetchall()}

    async def _miss(self, gone: set[int]) -> None:
        now = time.monotonic()
        self._missed = {number: self._missed.get(number, now) for number in gone}
        for number, since in self._missed.items():
            if now - since >= GONE_AFTER:
                await self._let_go(number)
                self._seen.discard(number)


_THERE = """
SELECT objid::bigint::int FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""The processes that are there."""

_HOLDERS: LiteralString = """
SELECT NULL::int WHERE set_config('greenroom.community', {}, true) IS NULL;
SELECT session FROM leases WHERE session IS NOT NULL
UNION SELECT session FROM deliveries WHERE state = 'sending' AND session IS NOT NULL;
"""
"""Those who hold something of a community. The first statement finds nothing."""


async def connect(url: URL) -> psycopg.AsyncConnection[Any]:
    """A connection of its own, outside of the pool, on which each statement is its own transaction."""
    import psycopg  # noqa: PLC0415 - an extra

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    making = asyncio.create_task(psycopg.AsyncConnection.connect(address, autocommit=True, **connect_args()))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:  # one that is half made must be closed, too
        with contextlib.suppress(psycopg.Error):
            await (await making).close()
        raise
