"""Strange clients: no header breaks anything, and no client can hold the server for ever."""

import asyncio
import contextlib
import socket

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from bot.console import WebServer, create_app

HEADERS = [
    "Accept Accept-Encoding Authorization Connection Content-Encoding Content-Length Content-Type Cookie Expect",
    "Forwarded Host Idempotency-Key If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since",
    "Last-Event-ID Origin Range Referer Sec-Fetch-Site TE Transfer-Encoding Upgrade Via X-CSRF-Token X-Forwarded-For",
    "X-Forwarded-Host X-Forwarded-Proto X-Real-IP",
]
REQUESTS = [
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/inbox"),
    ("GET", "/api/events"),
    ("GET", "/static/api.js"),
    ("POST", "/api/posts"),
    ("POST", "/signin"),
    ("POST", "/signout"),
    ("DELETE", "/api/posts/x"),
]
ODD = [
    "",
    "unknown",
    "_hidden",
    "http://[",
    "[::1",
    "\xff",
    "bytes=9-1,",
    "W/",
    "-1",
    "9" * 400,
    "1e9",
    "a=b;" * 99,
    '"',
    "%00",
]


@contextlib.asynccontextmanager
async def talk(base):
    """A raw connection, where the test writes every byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base).port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def status_of(base, method, path, *headers):
    """The status of the answer to a request with these raw header lines; None for a closed connection."""
    async with talk(base) as (reader, writer), asyncio.timeout(60):
        lines = [f"{method} {path} HTTP/1.1".encode(), *headers, b"", b""]
        writer.write(b"\r\n".join(lines))
        first = await reader.readline()
        return int(first.split()[1]) if first else None


@pytest.fixture
async def hasty(light):
    """A server with very short time limits, and the header lines of a session."""
    async with light() as greenroom, greenroom.browser() as browser:
        server = WebServer(create_app(greenroom.app._deps(), body_seconds=0.3), "127.0.0.1", 0, patience=0.3)
        await server.start()
        base = f"http://127.0.0.1:{server.port}"
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        session = {"Host": f"127.0.0.1:{server.port}", "Connection": "close", "Cookie": cookie, "Origin": base}
        yield base, session | {"X-CSRF-Token": browser.headers["X-CSRF-Token"]}
        await server.stop()


names = st.sampled_from(" ".join(HEADERS).split())
values = st.sampled_from(ODD) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)


@pytest.mark.whole
async def test_no_header_breaks_anything(hasty):
    base, session = hasty
    loop = asyncio.get_running_loop()

    @profile(max_examples=200, deadline=None)
    @given(st.sampled_from(REQUESTS), st.booleans(), st.dictionaries(names, values, min_size=1, max_size=4))
    def some_headers(request, signed_in, change):
        lines = {**(session if signed_in else {"Host": session["Host"], "Connection": "close"}), **change}
        raw = [f"{name}: {value.strip()}".encode("latin-1") for name, value in lines.items()]
        status = asyncio.run_coroutine_threadsafe(status_of(base, *request, *raw), loop).result(90)
        assert status is None or status < 500, (request, lines, status)

    await asyncio.to_thread(some_headers)


async def test_an_origin_that_is_no_address_is_refused(greenroom, subtests):
    async with greenroom.browser() as browser:
        port = httpx.URL(greenroom.base).port
        for origin in (
            "http://[",
            "http://",
            "//",
            f"https://127.0.0.1:{port}",
            f"ftp://localhost:{port}",
            greenroom.base + "/",
        ):
            with subtests.test(origin=origin):
                answer = await browser.delete("/api/fans/web/f", headers={"Origin": origin})
                assert (answer.status_code, answer.json()["error"]) == (403, "bad_origin")
        assert (await browser.delete("/api/fans/web/f")).status_code == 204


# --- who is near


FORWARDED = [
    {"X-Forwarded-For": "unknown"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": ""},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Whatever": "1"},
    {"Forwarded": "for=_hidden;proto=http"},
    {"X-Real-IP": "::1"},
    {"Via": "1.1 proxy"},
]


async def test_numbers_are_for_this_machine_or_for_the_token(light, subtests):
    async with light() as greenroom, httpx.AsyncClient(base_url=greenroom.base, timeout=60) as nobody:
        for path in ("/readyz", "/metrics"):
            assert (await nobody.get(path)).status_code == 200
            for headers in FORWARDED:
                with subtests.test(path=path, headers=headers):
                    assert (await nobody.get(path, headers=headers)).status_code == 401
                    assert (await greenroom.http.get(path, headers=headers)).status_code == 200


async def test_behind_a_proxy_nobody_is_near(light):
    """Not every proxy says for whom it speaks."""
    async with light(public_url="https://desk.example.org") as greenroom:
        async with httpx.AsyncClient(base_url=greenroom.base, timeout=60) as nobody:
            assert [(await nobody.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")] == [
                200,
                401,
                401,
            ]
        assert (await greenroom.http.get("/metrics")).status_code == 200


# --- whoever takes their time


async def is_closed(reader):
    """Wait until the other side closes the connection; returns what it said until then."""
    said = b""
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                said += chunk
    return said


async def drip(writer, data):
    """Send byte by byte until the other side stops reading."""
    with contextlib.suppress(ConnectionError):
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("first", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nX: "])
async def test_a_request_that_does_not_come_is_not_waited_for(hasty, first):
    base, _ = hasty
    async with talk(base) as (reader, writer):
        writer.write(first)
        assert b"200" not in await is_closed(reader)


async def test_a_head_that_drips_is_not_waited_for(hasty):
    base, session = hasty
    head = f"GET /healthz HTTP/1.1\r\nHost: {session['Host']}\r\n".encode()
    for before in (b"", head + b"\r\n"):  # also behind a request that was answered
        async with talk(base) as (reader, writer):
            writer.write(before + head)
            dripping = asyncio.create_task(drip(writer, b"X-Long: " + b"x" * 10_000))
            said = await is_closed(reader)
            assert not dripping.done()
            dripping.cancel()
            assert said.count(b"200 OK") == (1 if before else 0)


async def test_a_body_that_drips_is_not_waited_for(hasty):
    base, session = hasty
    head = f"POST /api/posts HTTP/1.1\r\nHost: {session['Host']}\r\nContent-Length: 10000\r\n\r\n".encode()
    async with talk(base) as (reader, writer):
        writer.write(head)
        dripping = asyncio.create_task(drip(writer, b" " * 10_000))
        said = await is_closed(reader)
        dripping.cancel()
    assert said.startswith(b"HTTP/1.1 408")
    assert b"The body did not come within 0.3 seconds" in said


async def test_a_body_that_breaks_off_is_no_request(light):
    """The part that arrived may look like a whole body."""
    async with light() as greenroom:
        token = greenroom.http.headers["Authorization"]
        lines = (
            "POST /api/posts HTTP/1.1",
            f"Host: {httpx.URL(greenroom.base).netloc.decode()}",
            f"Authorization: {token}",
        )
        body = b'{"channel": "broken", "author": {"id": "f", "name": "R"}, "text": "hi", "id": "1"}'
        more = ("Content-Type: application/json", f"Content-Length: {len(body) + 5}", "", "")
        async with talk(greenroom.base) as (_, writer):
            writer.write("\r\n".join((*lines, *more)).encode() + body)
            await writer.drain()
        whole = {"channel": "broken", "author": {"id": "f", "name": "R"}, "text": "hi", "id": "1"}
        assert (await greenroom.http.post("/api/posts", json=whole)).status_code == 202, "it was not known"


async def test_who_does_not_read_the_answer_is_not_waited_for(hasty):
    base, session = hasty
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", httpx.URL(base).port))
        one = f"GET /static/inbox.js HTTP/1.1\r\nHost: {session['Host']}\r\n\r\n".encode()
        client.setblocking(False)

        async def ask_on():
            while True:
                await asyncio.get_running_loop().sock_sendall(client, one * 100)

        async with asyncio.timeout(60):
            with pytest.raises(ConnectionError):
                await ask_on()


async def test_a_kept_connection_sends_without_waiting(light):
    async with light() as greenroom:
        assert (await greenroom.http.get("/healthz")).status_code == 200
        for connection in greenroom.app.web._server.server_state.connections:
            sock = connection.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
