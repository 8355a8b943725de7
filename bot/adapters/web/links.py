"""Sign-in links, and the address of the console."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.adapters.web.auth import Keys, signin_link
from bot.errors import GreenroomError
from bot.settings import Settings


def link_for(settings: Settings, name: str, environ: Mapping[str, str]) -> str:
    """A sign-in link for a manager, for a server that runs with these settings. Raises GreenroomError."""
    if name not in settings.managers:
        known = ", ".join(sorted(settings.managers))
        raise GreenroomError(f"“{name}” is not a manager; config.yaml lists: {known}")
    return signin_link(keys(settings, environ), base_url(settings, settings.web.port), name)


def keys(settings: Settings, environ: Mapping[str, str]) -> Keys:
    """The secrets of the web server. Raises GreenroomError if they cannot be kept."""
    return keys_of(settings.var, settings.own(environ))


def keys_of(var: Path, environ: Mapping[str, str]) -> Keys:
    """The secrets of a web server that are kept in this folder. Raises GreenroomError if they cannot be."""
    try:
        return Keys(var, environ)
    except OSError as error:
        raise GreenroomError(
            f"{var}: the web server's secrets cannot be kept here ({error.strerror}); check the permissions"
        ) from error


def host_of(settings: Settings, port: int) -> str:
    """The `Host` of requests for a community with a key."""
    return base_url(settings, port).partition("://")[2]


def base_url(settings: Settings, port: int) -> str:
    """The address of the console on this machine, or where a reverse proxy shows it."""
    if settings.web.public_url:
        return settings.web.public_url
    host = f"[{settings.web.host}]" if ":" in settings.web.host else settings.web.host
    if settings.key:
        host = f"{settings.key}.localhost"
    return f"http://{host}:{port}"
