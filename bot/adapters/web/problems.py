"""Every error of the API in one flat shape: {"error": code, "message": one sentence, ...}."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from bot.adapters.web.views import checks
from bot.domain import Refused
from bot.errors import StoreError
from bot.validation import wrong

_STATUS = {"not_found": 404, "not_a_manager": 403, "blocked": 422, "bad_action": 422}
"""Of the desk's refusals; every other one is a conflict (409)."""

_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    408: {"Connection": "close"},
    413: {"Connection": "close"},
}
"""Where the rest of the body is not waited for, nothing more can be said on the connection."""

_BY_STATUS = {
    400: ("bad_request", "This is not JSON that can be read; send a JSON object in UTF-8."),
    404: ("not_found", "There is nothing at this address; /api/openapi.json lists what there is."),
    405: ("method_not_allowed", "This address does not take that method; /api/openapi.json lists what it takes."),
}


log = structlog.get_logger()


class Problem(Exception):
    """An error to answer with: status, code and one sentence."""

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        """`more` stands beside `error` and `message` in the answer. `retry_after`, in seconds, is a header too."""
        super().__init__(message)
        self.status = status
        self.content: dict[str, object] = {"error": code, "message": message, **more}

    def response(self) -> JSONResponse:
        """As it goes over the wire."""
        headers = dict(_HEADERS.get(self.status, {}))
        if "retry_after" in self.content:
            headers["Retry-After"] = str(self.content["retry_after"])
        return JSONResponse(self.content, self.status, headers)


def is_for_a_person(scope: Scope) -> bool:
    """Whether a browser asks for something to show. Scripts and programs do not ask for pages."""
    return "text/html" in Headers(scope=scope).get("accept", "").lower()


def missing(what: str, found_in: str) -> Problem:
    """404 for an unknown id."""
    return Problem(404, "not_found", f"There is no {what} with this id; {found_in} lists what there is.")


def invalid(message: str) -> Problem:
    """422 for a value that cannot be taken."""
    return Problem(422, "invalid", message)


def refused(refusal: Refused) -> Problem:
    """The desk's no; in a conflict with how the draft stands."""
    status = _STATUS.get(refusal.code, 409)
    more: dict[str, object] = {}
    if status == 409:  # noqa: PLR2004 - Conflict
        draft = refusal.draft
        more = {
            "state": draft.state if draft else None,
            "revision": draft.revision if draft else None,
            "decided_by": draft.decided_by if draft else None,
            "at": draft.decided_at.isoformat() if draft and draft.decided_at else None,
        }
    if refusal.checks:
        more["checks"] = checks(refusal.checks)
    return Problem(status, refusal.code, refusal.message, **more)


def note(error: StoreError) -> None:
    """One line in the log: the program is not to blame, and a traceback would say nothing."""
    log.warning("the_database_failed", why=str(error))


def unavailable(error: StoreError) -> Problem:
    """503 in the database's own sentence."""
    return Problem(503, "unavailable", f"{str(error).rstrip('.')}.")


def install(app: FastAPI) -> None:
    """Answer all errors of this app in the flat shape."""
    app.add_exception_handler(Problem, told)
    app.add_exception_handler(Refused, lambda _, error: _refused(error))
    app.add_exception_handler(RequestValidationError, lambda _, error: _wrong_shape(error))
    app.add_exception_handler(HTTPException, told)


async def told(_: Request, error: Exception) -> JSONResponse:
    """The answer to a Problem, or to an HTTPException."""
    if isinstance(error, Problem):
        return error.response()
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    code, message = _BY_STATUS.get(error.status_code, ("error", str(error.detail)))
    return Problem(error.status_code, code, message).response()


def _refused(error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)  # noqa: S101 - for the type checker
    return refused(error).response()


def _wrong_shape(error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
    details = error.errors()
    if any(detail["type"] == "json_invalid" for detail in details):
        return Problem(400, *_BY_STATUS[400]).response()
    told = "; ".join(_sentence(detail) for detail in details[:5])
    return invalid(f"{told}.").response()


def _sentence(detail: dict[str, Any]) -> str:
    # A key of the body comes from outside: it may be long, or hold what UTF-8 cannot carry.
    place = [str(part)[:60].encode("ascii", "backslashreplace").decode() for part in detail["loc"][1:]]
    where = ".".join(place) or "body"
    return wrong(f"`{where}`", detail)
