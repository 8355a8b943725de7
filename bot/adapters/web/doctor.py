"""The console's part of `greenroom doctor`: what stands between it and somebody in the network."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.ports import Check
from bot.settings import Settings
from bot.settings.model import WEB_TOKEN
from bot.settings.values import is_loopback

_LEAST_TOKEN, _LEAST_KINDS = 16, 6
"""Characters of a token, and different ones among them, below which it can be guessed."""
_NEW_TOKEN = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"  # noqa: S105 - it makes one


def checks(settings: Settings) -> list[Check]:
    """What config.yaml and the environment say; no address is asked."""
    return list(_found(settings)) or [Check(name="web", ok=True, result="nobody in the network can listen in or guess")]


def _found(settings: Settings) -> Iterator[Check]:
    web = settings.web
    token = settings.web_token.get_secret_value() if settings.web_token else None
    if token is not None and (len(token) < _LEAST_TOKEN or len(set(token)) < _LEAST_KINDS):
        near = web.public_url is None and is_loopback(web.host)
        who = "any program on this machine" if near else "anybody who reaches the console"
        result = f"{settings.variable(WEB_TOKEN)} can be guessed: {who} may then read posts and approve replies"
        yield Check(name="web", ok=False, result=result, fix=f"make a longer one: {_NEW_TOKEN}")
    if (
        web.public_url
        and web.public_url.startswith("http:")
        and not is_loopback(urlsplit(web.public_url).hostname or "")
    ):
        result = (
            f"`public_url: {web.public_url}` sends sign-in links, cookies and the token over the network unencrypted"
        )
        yield Check(name="web", ok=False, result=result, fix="put HTTPS in front, and write https:// there")
    if not is_loopback(web.host):
        result = f"`bind: {web.bind}` also answers without HTTPS, past the reverse proxy"
        yield Check(name="web", ok=None, result=result, fix="bind to 127.0.0.1 if the proxy is on this machine")
