"""How often one caller may ask for what costs something: a token bucket for each kind of request and each caller.

The limits are far above what a person does. The bearer token has none: it is the operator's own program.
"""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from bot.adapters.web.auth import Keys
from bot.adapters.web.problems import Problem

MOST_BUCKETS: Final = 10_000
"""Beyond that, the one that was not used for longest is dropped: it is the fullest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """For one kind of request. A caller may send `burst` at once, and `per_second` for as long as they like."""

    methods: frozenset[str]
    path: re.Pattern[str]
    """Of the whole path."""
    burst: int
    per_second: float
    parameter: str = ""
    """The request counts only if its address has a value for this parameter."""

    def covers(self, request: Request) -> bool:
        """True for a request of this kind."""
        fits = request.method in self.methods and self.path.fullmatch(request.scope["path"])
        return bool(fits and (not self.parameter or request.query_params.get(self.parameter)))


_READ, _WRITE = frozenset({"GET", "HEAD"}), frozenset({"POST", "PATCH", "DELETE"})
SIGN_IN: Final = Limit(methods=_READ | _WRITE, path=re.compile("/signin"), burst=30, per_second=0.5)
DECISIONS: Final = Limit(methods=_WRITE, path=re.compile("/api/drafts/[^/]+/decisions"), burst=120, per_second=5)
POSTS: Final = Limit(methods=_WRITE, path=re.compile("/api/posts(/.*)?"), burst=120, per_second=5)
PREVIEW: Final = Limit(
    methods=_READ | _WRITE, path=re.compile("/api/drafts/[^/]+/remarks|/templates/preview.*"), burst=120, per_second=10
)
SEARCH: Final = Limit(methods=_READ, path=re.compile("/inbox(/more|/state)?"), burst=120, per_second=10, parameter="q")
AUDIT: Final = Limit(methods=_READ, path=re.compile(r"/team/audit(\.csv)?"), burst=60, per_second=2)
WRONG_TOKEN: Final = Limit(methods=frozenset(), path=re.compile(""), burst=120, per_second=1)
"""For requests of any kind with a wrong bearer token: an operator may have chosen a short one."""
LIMITS: Final = (SIGN_IN, DECISIONS, POSTS, PREVIEW, SEARCH, AUDIT)


class Limits:
    """The buckets of one server."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that do not run back."""
        self._keys = keys
        self._clock = clock
        self._buckets: OrderedDict[tuple[Limit, str], tuple[float, float]] = OrderedDict()
        """(limit, caller) -> what was left in the bucket, and when."""

    def count(self, request: Request) -> None:
        """Count a request. Raises Problem (429) for one too many."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme:
            if not self._keys.is_token(token.strip()):
                self._take(WRONG_TOKEN, _address(request))
            return
        limit = next((limit for limit in LIMITS if limit.covers(request)), None)
        if limit:
            self._take(limit, self._signed(limit, request) or _address(request))

    def _signed(self, limit: Limit, request: Request) -> str | None:
        """The session or sign-in link, if it is ours. Behind a reverse proxy everybody has the same address, so a
        stranger's requests must not count for a manager."""
        if limit is SIGN_IN:
            known = self._keys.read_link(request.query_params.get("token", ""))
        else:
            known = self._keys.read_session(request.cookies.get(self._keys.cookie, ""))
        return known.sid if known else None

    def _take(self, limit: Limit, caller: str) -> None:
        now = self._clock()
        left, at = self._buckets.get((limit, caller), (float(limit.burst), now))
        left = min(limit.burst, left + (now - at) * limit.per_second)
        passes = left >= 1
        self._buckets[limit, caller] = (left - passes, now)
        self._buckets.move_to_end((limit, caller))
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if not passes:
            wait = math.ceil((1 - left) / limit.per_second)
            when = "a second" if wait == 1 else f"{wait} seconds"
            sentence = f"That is more than Greenroom takes from one caller at once; try again in {when}."
            raise Problem(429, "too_many", sentence, retry_after=wait)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
