"""Who is calling: a script with the bearer token, or a manager with the session cookie."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from itsdangerous import BadData, URLSafeTimedSerializer

LINK_SECONDS = 600
SESSION_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in manager: their key in config.yaml and the random id of this sign-in."""

    manager: str
    sid: str


class Keys:
    """The two secrets of the web server. Both are files in `var`, readable by their owner only."""

    def __init__(self, var: Path, environ: Mapping[str, str]) -> None:
        """Read the secrets, or make them. GREENROOM_WEB_TOKEN stands in for the token's file. Raises OSError."""
        self._secret = _secret_file(var / "web_secret")
        self.token = environ.get("GREENROOM_WEB_TOKEN") or _secret_file(var / "web_token")
        # A browser sends a cookie to every port of a host: two Greenrooms on one machine need two names.
        self.cookie = f"greenroom_{hashlib.sha256(self._secret.encode()).hexdigest()[:8]}"

    def is_token(self, given: str) -> bool:
        """Compare with the bearer token in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def link_token(self, manager: str) -> str:
        """A token for a sign-in link."""
        return self._signer("link").dumps({"manager": manager, "id": secrets.token_urlsafe(16)})

    def read_link(self, token: str) -> Session | None:
        """Who a sign-in link is for, with the link's own id; None when it is forged or older than ten minutes."""
        return self._read("link", token, LINK_SECONDS)

    def new_session(self, manager: str, sid: str | None = None) -> str:
        """The value of the session cookie for a manager who has just signed in; `sid`: the id that the store knows."""
        return self._signer("session").dumps({"manager": manager, "id": sid or secrets.token_urlsafe(16)})

    def read_session(self, cookie: str) -> Session | None:
        """Who a session cookie belongs to; None when it is forged or older than 30 days. The store says whether the
        session was ended since."""
        return self._read("session", cookie, SESSION_SECONDS)

    def csrf(self, session: Session) -> str:
        """The token that a page of this session sends along with each change."""
        return hmac.new(self._secret.encode(), f"csrf:{session.sid}".encode(), hashlib.sha256).hexdigest()

    def _signer(self, salt: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt=salt)

    def _read(self, salt: str, value: str, seconds: int) -> Session | None:
        try:
            data = self._signer(salt).loads(value, max_age=seconds)
            return Session(manager=data["manager"], sid=data["id"])
        except (BadData, KeyError, TypeError):
            return None


def signin_link(keys: Keys, base_url: str, manager: str) -> str:
    """The address of the page where this manager signs in; lives ten minutes and works once."""
    return f"{base_url.rstrip('/')}/signin?token={quote(keys.link_token(manager))}"


def allowed_origins(port: int, bind: str, public_url: str | None, key: str = "") -> frozenset[str]:
    """The origins of our own pages, as a browser writes them. A community with a key has exactly one."""
    if key:
        own = f"http://{key}.localhost" + (f":{port}" if port != 80 else "")  # noqa: PLR2004 - http
        return frozenset({public_url or own})
    names = {"127.0.0.1", "localhost", "[::1]", f"[{bind}]" if ":" in bind else bind}
    hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())  # noqa: PLR2004 - http
    return frozenset({f"http://{host}".lower() for host in hosts} | ({public_url} if public_url else set()))


def allowed_hosts(port: int, bind: str, public_url: str | None, key: str = "") -> frozenset[str]:
    """The values of the Host header that we answer to; anything else may be DNS rebinding."""
    return frozenset(origin.partition("://")[2] for origin in allowed_origins(port, bind, public_url, key))


def _secret_file(path: Path) -> str:
    """The secret in this file. Made first if it is not there; of two processes that make it at once, one wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text("ascii").strip()
