"""Pictures of posts come through us, from their platform's own hosts, and from nowhere else."""

import asyncio
import contextlib
from dataclasses import replace

import httpx
import pytest

from bot.console import WebServer, create_app
from bot.console.media import LARGEST, NoPicture, fetch

NOT_THERE = "The picture cannot be had from its platform here; open the post there."
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


class Host:
    """A host of pictures on this machine. `answers` says by path what it writes, piece by piece."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.headers = []
        self.hangs = asyncio.Event()

    async def handle(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            path = (await reader.readline()).split()[1].decode()
            self.asked.append(path)
            while (line := await reader.readline()).strip():
                self.headers.append(line.decode().strip().lower())
            for piece in self.answers.get(path, (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",)):
                if piece is None:
                    await self.hangs.wait()
                else:
                    writer.write(piece)
                    await writer.drain()
            writer.close()

    def give(self, path, body=PNG, kind="image/png", *more, status="200 OK"):
        head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "", ""]
        self.answers[path] = ("\r\n".join(head).encode(), body)


@pytest.fixture
async def host():
    """Running, with its `origin`."""
    found = Host()
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    found.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield found
    found.hangs.set()
    server.close()


async def why_not(address, **more):
    with pytest.raises(NoPicture) as caught:
        await fetch(address, **more)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    return sentence


async def test_a_picture_comes_as_it_is(host):
    host.give("/a.png?ex=1&hm=x")
    found = await fetch(f"{host.origin}/a.png?ex=1&hm=x")
    assert (found.kind, found.data) == ("image/png", PNG)
    assert not [line for line in host.headers if line.startswith(("cookie", "authorization", "referer"))]
    assert "accept-encoding: identity" in host.headers


@pytest.mark.parametrize("address", ["https://[", "https:///a.png", "file:///etc/passwd", "a.png", "x" * 70_000, ""])
async def test_what_is_no_address_is_a_sentence(address):
    assert await why_not(address) == "The picture cannot be fetched; try again."


async def test_a_redirect_is_not_followed_wherever_it_leads(host):
    host.give("/there.png")
    for n, where in enumerate((f"{host.origin}/there.png", "/there.png", "http://127.0.0.1:1/x")):
        host.give(f"/{n}.png", b"", "image/png", f"Location: {where}", status="302 Found")
        assert await why_not(f"{host.origin}/{n}.png") == "The picture is no longer there."
    assert host.asked == ["/0.png", "/1.png", "/2.png"]


@pytest.mark.parametrize(
    "kind", ["image/svg+xml", "text/html", "image/png, text/html", "application/octet-stream", "", "image/*"]
)
async def test_what_is_no_picture_that_a_browser_may_show_is_refused(host, kind):
    host.give("/a", b"<script>", kind)
    assert "not a picture" in await why_not(f"{host.origin}/a")


async def test_a_file_without_a_type_is_shown_if_it_is_a_jpeg(host):
    """Telegram names no other type."""
    jpeg = b"\xff\xd8\xff\xe0 and more"
    for body, shown in ((jpeg, True), (PNG, False), (b"<script>", False), (b"\xff\xd8", False), (b"", False)):
        host.give("/a", body, "application/octet-stream")
        if shown:
            found = await fetch(f"{host.origin}/a")
            assert (found.kind, found.data) == ("image/jpeg", body)
        else:
            assert "not a picture" in await why_not(f"{host.origin}/a")


async def test_a_packed_answer_is_refused(host):
    host.give("/a", PNG, "image/png", "Content-Encoding: gzip")
    assert "not a picture" in await why_not(f"{host.origin}/a")


@pytest.mark.parametrize("says_its_length", [True, False])
async def test_one_byte_too_much_is_refused_and_not_one_less(host, says_its_length):
    for size, fits in ((LARGEST, True), (LARGEST + 1, False), (3 * LARGEST, False)):
        length = f"Content-Length: {size}\r\n" if says_its_length else "Connection: close\r\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n{length}\r\n".encode()
        host.answers["/a"] = (head, *(b"x" * (1 << 16) for _ in range(size >> 16)), b"x" * (size % (1 << 16)))
        if fits:
            assert len((await fetch(f"{host.origin}/a", seconds=60)).data) == LARGEST
        else:
            assert "larger than 8 MiB" in await why_not(f"{host.origin}/a", seconds=60)


@pytest.mark.parametrize(
    "pieces",
    [
        (None,),
        (b"HTTP/1.1 200 OK\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\n", b"x", None),
    ],
)
async def test_a_host_that_never_ends_is_left(host, pieces):
    host.answers["/a"] = pieces
    sentence = await why_not(f"{host.origin}/a", seconds=0.2)
    assert sentence == "The picture did not come in time; try again."


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_broken_answer_is_a_sentence(host, answer):
    host.answers["/a"] = (answer,)
    assert await why_not(f"{host.origin}/a") in {
        "The picture cannot be fetched; try again.",
        "The picture is no longer there.",
    }


async def test_a_host_that_is_away_is_a_sentence():
    origin = "http://127.0.0.1:1"
    assert await why_not(f"{origin}/a") == "The picture cannot be fetched; try again."


@contextlib.asynccontextmanager
async def showing(greenroom, host):
    """A server whose web platform has its pictures on `host`, and a manager's browser there."""

    async def address(platform, picture):
        return picture.url if platform == "web" and (picture.url or "").startswith(host.origin) else None

    deps = replace(greenroom.app._deps(), picture_address=address)
    server = WebServer(create_app(deps), "127.0.0.1", 0)
    await server.start()
    base = f"http://127.0.0.1:{server.port}"
    async with (
        greenroom.browser() as signed_in,
        httpx.AsyncClient(base_url=base, cookies=signed_in.cookies, timeout=60) as browser,
    ):
        yield browser
    await server.stop()


async def test_the_picture_of_a_post_is_shown_to_managers_alone_while_the_post_is_there(light, host):
    host.give("/a.png")
    attachments = [
        {"kind": "link", "url": f"{host.origin}/a.png"},
        {"kind": "image", "url": f"{host.origin}/a.png"},
        {"kind": "image", "url": "https://elsewhere.example/a.png"},
        {"kind": "image"},
    ]
    async with light() as greenroom, showing(greenroom, host) as browser:
        post_id = await greenroom.post(attachments=attachments)
        cookies = httpx.Cookies(browser.cookies)
        shown = await browser.get(f"/media/{post_id}/2")
        assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, PNG, "image/png")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self'" in shown.headers["content-security-policy"]
        assert shown.headers["cache-control"].startswith("private")
        for number in (0, 1, 3, 4, 5, -1, 10**30):
            answer = await browser.get(f"/media/{post_id}/{number}")
            assert answer.status_code == 404, number
            assert answer.text.endswith(".")
        assert (await browser.get("/media/0123456789abcdef/1")).status_code == 404
        browser.cookies.clear()
        assert (await browser.get(f"/media/{post_id}/2")).status_code == 401
        browser.cookies = cookies
        asked = len(host.asked)
        assert (await greenroom.http.delete(f"/api/posts/{post_id}")).status_code == 204
        assert (await browser.get(f"/media/{post_id}/2")).status_code == 404
        assert len(host.asked) == asked == 1


async def test_a_platform_that_names_no_address_has_no_pictures(light):
    async with light() as greenroom, greenroom.browser() as browser:
        post_id = await greenroom.post(attachments=[{"kind": "image", "url": "https://cdn.discordapp.com/a.png"}])
        answer = await browser.get(f"/media/{post_id}/1")
        assert (answer.status_code, answer.text) == (404, NOT_THERE)
