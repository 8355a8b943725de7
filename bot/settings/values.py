"""The small values of config.yaml: durations, caps, quiet hours, addresses. Each is refused in one sentence."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator

from bot.settings.secret_files import WithFiles

_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = timedelta(days=3650)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """At most `count` in `per`."""

    count: int
    per: timedelta

    @property
    def words(self) -> str:
        """For a person: "3 in 1 day"."""
        return f"{self.count} in {in_words(self.per)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """From `start` to `end`; over midnight if `end` is earlier."""

    start: time
    end: time

    def cover(self, moment: datetime) -> bool:
        """True if the moment is inside, by the clock of its own time zone."""
        now = moment.time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def in_words(span: timedelta) -> str:
    """For a person: "7 days". The largest unit up to days in which it is a whole number."""
    seconds = int(span.total_seconds())
    unit = next(u for u in ("d", "h", "m", "s") if seconds % _SECONDS[u] == 0)
    number = seconds // _SECONDS[unit]
    return f"{number} {_UNITS[unit]}{'' if number == 1 else 's'}"


def parse_duration(value: object) -> timedelta:
    """Read "30m"; the units are s, m, h, d, w. Raises ValueError with a sentence."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d{1,9})([smhdw])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"`{value}` is not a span of time; write a number and a unit, as in 10s, 30m, 24h, 7d or 2w")
    span = timedelta(seconds=min(int(found[1]) * _SECONDS[found[2]], 10**10))
    if not timedelta(0) < span <= _LONGEST:
        raise ValueError(f"`{value}` must be more than 0 and at most ten years")
    return span


def parse_cap(value: object) -> Cap:
    """Read "3/1d". Raises ValueError with a sentence."""
    if isinstance(value, Cap):
        return value
    found = re.fullmatch(r"([1-9]\d{0,5})/(\w+)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"`{value}` is not a cap; write how many in which time, as in 3/1d, or null for none")
    return Cap(count=int(found[1]), per=parse_duration(found[2]))


def parse_quiet_hours(value: object) -> QuietHours:
    """Read "22:00-07:00". Raises ValueError with a sentence."""
    if isinstance(value, QuietHours):
        return value
    found = (
        re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    )
    if found is None:
        raise ValueError("quiet hours are written as 22:00-07:00, or null for none")
    start_hour, start_minute, end_hour, end_minute = (int(part) for part in found.groups())
    return QuietHours(start=time(start_hour, start_minute), end=time(end_hour, end_minute))


def parse_zone(value: object) -> ZoneInfo:
    """Read an IANA name, as in "Europe/Berlin". Raises ValueError with a sentence that names the nearest one."""
    if isinstance(value, ZoneInfo):
        return value
    said = value if isinstance(value, str) else ""
    try:
        return ZoneInfo(said)
    except (KeyError, OSError, ValueError):
        pass
    zones = sorted(available_timezones())
    known = {_plain(part): name for name in zones for part in (name, name.rpartition("/")[2])}
    near = difflib.get_close_matches(_plain(said[:80]), known, n=1)
    hint = f"did you mean `{known[near[0]]}`?" if near else "write its name, as in Europe/Berlin"
    raise ValueError(f"`timezone: {' '.join(str(value).split())[:80]}` is not a time zone; {hint}")


def _plain(zone: str) -> str:
    return zone.casefold().replace("_", " ")


def variable_prefix(key: str) -> str:
    """What the names of a community's variables begin with: `LAMP_NORTH__` for lamp-north, nothing for no key. No key
    holds two hyphens, so no two communities share a variable."""
    return f"{key.upper().replace('-', '_')}__" if key else ""


def own_variables(environ: Mapping[str, str], key: str) -> WithFiles:
    """The environment as the community with this key may see it: its own variables, under their usual names. Without a
    key it is the whole environment. A secret may also be in a file: see `WithFiles`."""
    prefix = variable_prefix(key)
    own = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    return WithFiles(own, prefix)


def parse_reference(value: object) -> str:
    """Read the name or id of a channel, role or person; an id needs no quotes. Raises ValueError with a sentence."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise ValueError(f"`{value}` is neither a name nor an id")
    return str(value).strip()


def split_bind(value: str) -> tuple[str, int]:
    """Split "host:port". Raises ValueError with a sentence."""
    found = re.fullmatch(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]{1,253})):(?P<port>\d{1,5})", value)
    if found is None or int(found["port"]) > 65_535:  # noqa: PLR2004 - the highest port there is
        raise ValueError(f"`{value}` is not an address; write host:port, as in 127.0.0.1:8765")
    return found["v6"] or found["host"], int(found["port"])


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_origin(value: str) -> str:
    """An http(s) address in lower case, without a path or a slash at its end. Raises ValueError with a sentence."""
    wrong = ValueError(
        f"`{value}` is not the address of a site; write it without a path, as in https://desk.example.org"
    )
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise wrong from None
    extra = parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise wrong
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]  # a browser leaves it out of `Host` and `Origin`
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def check_local(value: str) -> str:
    """An address on this machine, where fakes of the platforms run in tests. Raises ValueError with a sentence."""
    try:
        host = urlsplit(value).hostname or ""
    except ValueError:
        host = ""
    if not is_loopback(host):
        raise ValueError(f"`{value}` is not on this machine; this key is for tests and takes 127.0.0.1 only")
    return value


def _check_bind(value: str) -> str:
    split_bind(value)
    return value


Bind = Annotated[str, AfterValidator(_check_bind)]
CapText = Annotated[Cap, BeforeValidator(parse_cap)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
QuietHoursText = Annotated[QuietHours, BeforeValidator(parse_quiet_hours)]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone)]
Reference = Annotated[str, BeforeValidator(parse_reference)]
