"""A page of one sentence, for a person who is at no community: it needs no other file."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from bot.adapters.web.problems import Problem, is_for_a_person

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{max-width:26rem;margin:0 auto;padding:12vh 1.25rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "h1{font-size:1.25rem;line-height:1.3}"
    "a{display:inline-block;padding:.75rem 0}"
)
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <style>{style}</style>
</head>
<body>
  <main>
    <h1>{title}</h1>
    <p>{why}</p>
    {again}
  </main>
</body>
</html>
"""
_TITLES: Final = {
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.SERVICE_UNAVAILABLE: "Greenroom is away",
}
_RULE: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)


def answer(problem: Problem, scope: Scope) -> Response:
    """What is wrong: on a page for a person who opened the address, else as the API says it."""
    said: Response = problem.response()
    title = _TITLES.get(HTTPStatus(problem.status))
    if title and is_for_a_person(scope):
        retry = said.headers.get("retry-after")
        again = '<p><a href="">Try again</a></p>' if retry else ""
        page = _PAGE.format(title=title, style=_STYLE, why=escape(str(problem)), again=again)
        said = HTMLResponse(page, problem.status, {"Retry-After": retry} if retry else None)
        said.headers["Content-Security-Policy"] = _RULE
    said.headers["Cache-Control"] = "no-store"
    return said
