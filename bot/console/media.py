"""Pictures of posts, fetched by us: a fan's platform never sees a manager's browser, and no other host is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bot.adapters.web.deps import Deps, Wired
from bot.console.signin import SignedIn
from bot.store import PostPage
from responders.types import Attachment

router = APIRouter(include_in_schema=False)

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a picture."""
SECONDS: Final = 10.0
"""How long a picture may take to come."""
AT_ONCE: Final = 8
"""Pictures that are fetched at the same time; each may take `LARGEST` of memory."""
_TYPES: Final = frozenset({"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"})
"""Of pictures that cannot carry a script: an SVG can."""
_UNNAMED: Final = "application/octet-stream"
"""What Telegram calls its files. Its photos are JPEG; nothing else is guessed."""
_JPEG: Final = b"\xff\xd8\xff"
_ASKED: Final = {"Accept": ", ".join(sorted(_TYPES)), "Accept-Encoding": "identity"}
"""Without packing: a small answer would unpack to a huge one."""
LATE: Final = "The picture did not come in time; try again."
NOT_SHOWN: Final = "This is not a picture that can be shown here; open it on its platform."
KEPT: Final = 300
"""Seconds for which a browser may keep a picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture as it came."""

    kind: str
    data: bytes


class NoPicture(Exception):
    """Why a picture cannot be shown, in a sentence."""


@router.get("/media/{post_id}/{number}")
async def picture(post_id: str, number: int, request: Request, _session: SignedIn, deps: Wired) -> Response:
    """What came with a post under this number, from 1, if it is a picture that lies with the post's platform."""
    page = await deps.store.post_page(post_id)
    try:
        platform, attachment = _attachment(page, number)
        async with request.app.state.fetching:
            found = await fetch(await _address(platform, attachment, deps))
    except NoPicture as why:
        return PlainTextResponse(str(why), 404)
    return Response(found.data, media_type=found.kind, headers={"Cache-Control": f"private, max-age={KEPT}"})


def _attachment(page: PostPage | None, number: int) -> tuple[str, Attachment]:
    """The picture, and the platform of its post."""
    if page is None or page.post.deleted or not page.post.kept:
        raise NoPicture("The post is gone, and its picture with it.")
    attachments = page.post.post.attachments
    found = attachments[number - 1] if 1 <= number <= len(attachments) else None
    if found is None or found.kind != "image" or not (found.url or found.file):
        raise NoPicture("The post has no such picture.")
    return page.post.post.platform, found


async def _address(platform: str, attachment: Attachment, deps: Deps) -> str:
    """Where the platform says that the picture can be read."""
    try:
        async with asyncio.timeout(SECONDS):
            address = await deps.picture_address(platform, attachment)
    except TimeoutError:
        raise NoPicture(LATE) from None
    if address is None:
        raise NoPicture("The picture cannot be had from its platform here; open the post there.")
    return address


async def fetch(address: str, *, seconds: float = SECONDS) -> Picture:
    """A picture from where its platform says that it lies. Raises NoPicture, which never names the address."""
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(timeout=seconds, headers=_ASKED) as client,
            client.stream("GET", address) as answer,
        ):
            return await _read(answer)
    except TimeoutError:
        raise NoPicture(LATE) from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise NoPicture("The picture cannot be fetched; try again.") from None


async def _read(answer: httpx.Response) -> Picture:
    if answer.status_code != httpx.codes.OK:  # a redirect leads elsewhere, and is not followed
        raise NoPicture("The picture is no longer there.")
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in {*_TYPES, _UNNAMED} or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise NoPicture(NOT_SHOWN)
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > LARGEST:
            raise NoPicture(f"The picture is larger than {LARGEST // 1024 // 1024} MiB; open it on its platform.")
    if kind == _UNNAMED:
        if not data.startswith(_JPEG):
            raise NoPicture(NOT_SHOWN)
        kind = "image/jpeg"
    return Picture(kind=kind, data=bytes(data))
