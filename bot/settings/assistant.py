"""The block `assistant` of config.yaml."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from bot.settings.section import Name, Section
from bot.settings.values import Duration, is_loopback, parse_duration

Use = Literal["reading", "wording"]
"""What it may do: say what a post is, and word a reply."""
_AT_HOME = (".internal", ".lan", ".local", ".home.arpa")
"""How names end that only the own network knows."""
_LONGEST = parse_duration("2m")


def check_endpoint(value: str) -> str:
    """An https address, or http in the own network, without a slash at its end. Raises ValueError with a sentence."""
    try:
        parts = urlsplit(value)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    extra = parts.query or parts.fragment or "@" in parts.netloc or re.search(r"[\s\\]", value)
    if parts.scheme not in {"http", "https"} or not host or extra:
        raise ValueError("`endpoint` must be the address of a server, as in http://127.0.0.1:11434/v1")
    if parts.scheme == "http" and not _at_home(host):
        raise ValueError(f"`endpoint`: fans' words would travel to {host} in the open; write https://")
    return value.rstrip("/")


def _at_home(host: str) -> bool:
    """Whether a host is this machine, or one of the own network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return is_loopback(host) or "." not in host or host.endswith(_AT_HOME)
    return address.is_private and not address.is_link_local


class AssistantSection(Section):
    """What every assistant has in its block. One that needs more has a section of its own."""

    kind: str = "openai"
    """The name of its entry point."""
    endpoint: Annotated[str, AfterValidator(check_endpoint)]
    """The address below which the server answers, as in http://127.0.0.1:11434/v1."""
    model: Name
    key_env: str | None = None
    """The environment variable with the server's key; null where it needs none. Loaded settings have the
    name that a person sets: for one of several communities with its key before it."""
    timeout: Duration = parse_duration("8s")
    per_day: int = Field(default=500, ge=1)
    """Questions a day, by UTC."""
    uses: tuple[Use, ...] = ("reading", "wording")
    processor: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    """Who runs the model, in words for fans."""

    @property
    def host(self) -> str:
        """The host of the server."""
        return urlsplit(self.endpoint).hostname or ""

    @property
    def is_here(self) -> bool:
        """Whether what it is given stays on this machine."""
        return is_loopback(self.host)

    @field_validator("key_env")
    @classmethod
    def _is_variable(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", value):  # not shown: it may be the key
            raise ValueError(
                "`key_env` takes the name of an environment variable in capitals, as in ASSISTANT_KEY, never a key"
            )
        return value

    @field_validator("timeout")
    @classmethod
    def _is_short(cls, value: Duration) -> Duration:
        if value > _LONGEST:
            raise ValueError("`timeout` is 2m at most: a card that waits for longer has been decided")
        return value

    @field_validator("uses")
    @classmethod
    def _are_some(cls, value: tuple[Use, ...]) -> tuple[Use, ...]:
        if not value:
            raise ValueError("`uses` must name reading, wording or both; take the block out to switch it off")
        return tuple(dict.fromkeys(value))

    @field_validator("processor")
    @classmethod
    def _is_named(cls, value: str) -> str:
        if not value or "\n" in value:
            raise ValueError(
                "`processor` is missing: say in one line who runs the model, in words for fans, as in “a model on "
                "our own server”; fans read it in /privacy, and your privacy text must name it too"
            )
        return value
