"""Pictures of posts, fetched by us: a fan's platform never sees a manager's browser, and no other host is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bot.adapters.web.deps import Deps, Wired
from bot.console.signin import SignedIn
from bot.store import PostPage

router = APIRouter(include_in_schema=False)

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a picture."""
SECONDS: Final = 10.0
"""How long a picture may take to come."""
AT_ONCE: Final = 8
"""Pictures that are fetched at the same time; each may take `LARGEST` of memory."""
_TYPES: Final = frozenset({"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"})
"""Of pictures that cannot carry a script: an SVG can."""
_ASKED: Final = {"Accept": ", ".join(sorted(_TYPES)), "Accept-Encoding": "identity"}
"""Without packing: a small answer would unpack to a huge one."""
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
        url, origins = _address(page, number, deps)
        async with request.app.state.fetching:
            found = await fetch(url, origins)
    except NoPicture as why:
        return PlainTextResponse(str(why), 404)
    return Response(found.data, media_type=found.kind, headers={"Cache-Control": f"private, max-age={KEPT}"})


def _address(page: PostPage | None, number: int, deps: Deps) -> tuple[str, Collection[str]]:
    """Where the picture lies, and where it may lie."""
    if page is None or page.post.deleted or not page.post.kept:
        raise NoPicture("The post is gone, and its picture with it.")
    attachments = page.post.post.attachments
    found = attachments[number - 1] if 1 <= number <= len(attachments) else None
    if found is None or found.kind != "image" or not found.url:
        raise NoPicture("The post has no such picture.")
    return found.url, deps.picture_origins(page.post.post.platform)


async def fetch(url: str, origins: Collection[str], *, seconds: float = SECONDS) -> Picture:
    """A picture from one of these origins ("https://host"). Raises NoPicture."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise NoPicture("The address of the picture cannot be read.") from None
    if address.userinfo or _origin(address) not in origins:
        raise NoPicture("The picture does not lie with its platform; open it there.")
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(timeout=seconds, headers=_ASKED) as client,
            client.stream("GET", address) as answer,
        ):
            return await _read(answer)
    except TimeoutError:
        raise NoPicture("The picture did not come in time; try again.") from None
    except httpx.HTTPError:
        raise NoPicture("The picture cannot be fetched; try again.") from None


def _origin(address: httpx.URL) -> str:
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{address.host}{port}"


async def _read(answer: httpx.Response) -> Picture:
    if answer.status_code != httpx.codes.OK:  # a redirect leads elsewhere, and is not followed
        raise NoPicture("The picture is no longer there.")
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise NoPicture("This is not a picture that can be shown here; open it on its platform.")
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > LARGEST:
            raise NoPicture(f"The picture is larger than {LARGEST // 1024 // 1024} MiB; open it on its platform.")
    return Picture(kind=kind, data=bytes(data))
