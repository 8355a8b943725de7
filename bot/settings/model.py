"""config.yaml as types. Frozen; what is not here is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from bot.settings.values import (
    Bind,
    CapText,
    Duration,
    QuietHoursText,
    Reference,
    Zone,
    check_local,
    check_origin,
    is_loopback,
    parse_cap,
    parse_duration,
    split_bind,
)

DISCORD_TOKEN, TELEGRAM_TOKEN, WEB_TOKEN = "DISCORD_TOKEN", "TELEGRAM_TOKEN", "GREENROOM_WEB_TOKEN"

Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\r\n]+$")]
PlatformId = Annotated[int, Field(strict=True, gt=0, lt=2**63)]
Local = Annotated[str, AfterValidator(check_local)]


class Section(BaseModel):
    """A block of config.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)


class Community(Section):
    """The one community that this Greenroom serves."""

    name: Name
    locale: Locale = "en"
    locales: tuple[Locale, ...] = ()
    timezone: Zone = ZoneInfo("UTC")

    def local(self, moment: datetime) -> datetime:
        """The same moment by the community's clock."""
        return moment.astimezone(self.timezone)

    @field_validator("locales")
    @classmethod
    def _with_own(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        own = info.data.get("locale")
        if value and own and own not in value:
            raise ValueError(f"`locales` must contain `locale` ({own})")
        return value or ((own,) if own else ())


class Web(Section):
    """Where the console and the JSON API listen."""

    bind: Bind = "127.0.0.1:8765"
    public_url: str | None = None

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str | None, info: ValidationInfo) -> str | None:
        value = check_origin(value) if value is not None else None
        bind = info.data.get("bind")
        if bind is not None and not is_loopback(split_bind(bind)[0]):
            missing = [] if value else ["`public_url`"]
            missing += [] if (info.context or {}).get(WEB_TOKEN) else [f"{WEB_TOKEN} in the environment"]
            if missing:
                raise ValueError(
                    f"`bind: {bind}` can be reached from other machines, so it needs {' and '.join(missing)}; "
                    "or bind to 127.0.0.1"
                )
        return value

    @property
    def host(self) -> str:
        """Where to listen."""
        return split_bind(self.bind)[0]

    @property
    def port(self) -> int:
        """Where to listen; 0 asks the system for a free one."""
        return split_bind(self.bind)[1]


class Manager(Section):
    """Somebody who may decide, with their id on each platform."""

    name: Name
    discord: PlatformId | None = None
    telegram: PlatformId | None = None


class Listen(Section):
    """A channel that is read, with its own language and manner where it has one."""

    channel: Reference
    locale: Locale | None = None
    register_: str = Field(default="default", alias="register")


def _as_listen(value: object) -> object:
    return value if isinstance(value, Mapping) else {"channel": value}


class DiscordStaff(Section):
    """Who counts as staff on Discord beside the managers."""

    roles: tuple[Reference, ...] = ()


class TelegramStaff(Section):
    """Who counts as staff on Telegram beside the managers."""

    users: tuple[PlatformId, ...] = ()


class ChatPlatform(Section):
    """What Discord and Telegram have in common. `auto` is on when the token is in the environment."""

    enabled: Literal["auto", True, False] = "auto"
    listen: tuple[Annotated[Listen, BeforeValidator(_as_listen)], ...] = ()
    cards: Reference | None = None
    api_base: Local | None = None


class Discord(ChatPlatform):
    """Discord. Its token is DISCORD_TOKEN."""

    manager_roles: tuple[Reference, ...] = ()
    staff: DiscordStaff = DiscordStaff()
    proxy_webhooks: tuple[Reference, ...] = ()
    gateway_url: Local | None = None


class Telegram(ChatPlatform):
    """Telegram. Its token is TELEGRAM_TOKEN."""

    staff: TelegramStaff = TelegramStaff()


class Replay(Section):
    """Posts from a file, for demonstrations. `speed` 1 keeps the gaps of the posts, 10 shortens them, 0 leaves none."""

    file: Path | None = None
    speed: float = Field(default=1, ge=0, allow_inf_nan=False)


class Platforms(Section):
    """Where posts come from. The web platform is always on."""

    discord: Discord = Discord()
    telegram: Telegram = Telegram()
    replay: Replay = Replay()


class Privacy(Section):
    """What fans are told about their data, and who reads their reports (None: whoever is on call)."""

    policy: str | None = None
    reports: str | None = None


class Replies(Section):
    """When and how often replies go out. Caps: None is no cap."""

    undo_seconds: float = Field(default=10, ge=0, le=3600, allow_inf_nan=False)
    expire_after: Duration = parse_duration("24h")
    remind_after: Duration | None = parse_duration("30m")
    quiet_hours: QuietHoursText | None = None
    per_fan: CapText | None = parse_cap("3/1d")
    per_channel: CapText | None = parse_cap("12/1h")


class Keep(Section):
    """How long things are kept."""

    post_text: Duration = parse_duration("7d")
    events: Duration = parse_duration("400d")
    rows: Duration = parse_duration("365d")


class Config(Section):
    """The file as it is written."""

    community: Community
    store: str = Field(default="sqlite:///var/greenroom.db", repr=False)  # it may carry a password
    web: Web = Web()
    managers: dict[str, Manager]
    on_call: str
    platforms: Platforms = Platforms()
    privacy: Privacy = Privacy()
    replies: Replies = Replies()
    keep: Keep = Keep()

    @field_validator("store")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        if not re.match(r"sqlite:///[^:?]|postgresql://", value):
            raise ValueError(
                "`store` must be sqlite:///PATH (a file, relative to this one) or postgresql://USER@HOST/NAME"
            )
        return value

    @field_validator("managers")
    @classmethod
    def _are_distinct(cls, value: dict[str, Manager]) -> dict[str, Manager]:
        if not value:
            raise ValueError("`managers` needs at least one person: nothing is posted without somebody's yes")
        for key in value:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", key):
                raise ValueError(f"`{key}` cannot be a manager's key; use up to 32 letters, digits, - and _")
        for platform in ("discord", "telegram"):
            ids = [i for m in value.values() if (i := getattr(m, platform)) is not None]
            if twice := next((i for i in ids if ids.count(i) > 1), None):
                raise ValueError(f"two managers have the same {platform} id {twice}; one person is one manager")
        return value

    @field_validator("on_call")
    @classmethod
    def _is_manager(cls, value: str, info: ValidationInfo) -> str:
        return _one_of_managers("on_call", value, info)

    @field_validator("privacy")
    @classmethod
    def _is_complete(cls, value: Privacy, info: ValidationInfo) -> Privacy:
        if value.reports is not None:
            _one_of_managers("reports", value.reports, info)
        platforms = info.data.get("platforms")
        on = switched_on(platforms, (info.context or {})) if platforms else ()
        if on and not (value.policy or "").strip():
            raise ValueError(f"`policy` is missing; fans on {on[0].title()} must be able to read one, a link or a text")
        return value


class Settings(Config):
    """config.yaml with the place it was read from and the secrets of the environment, which are never shown."""

    path: Path
    discord_token: SecretStr | None = None
    telegram_token: SecretStr | None = None
    web_token: SecretStr | None = None

    @property
    def root(self) -> Path:
        """The folder of config.yaml: paths in it start here."""
        return self.path.parent

    @property
    def var(self) -> Path:
        """Where Greenroom writes."""
        return self.root / "var"

    @property
    def templates(self) -> Path:
        """The operators' files."""
        return self.root / "templates"

    @property
    def replay_file(self) -> Path | None:
        """The posts to replay, if any."""
        file = self.platforms.replay.file
        return None if file is None else self.root / file

    @property
    def switched_on(self) -> tuple[str, ...]:
        """Which of Discord and Telegram are on."""
        tokens = {DISCORD_TOKEN: self.discord_token, TELEGRAM_TOKEN: self.telegram_token}
        return switched_on(self.platforms, {name: "set" for name, token in tokens.items() if token})

    def may_decide(self, key: str) -> bool:
        """True for a manager of config.yaml, and for the key of a holder of one of Discord's `manager_roles`.

        Whether somebody holds such a role is known only to Discord, which is asked at each press.
        """
        by_role = bool(self.platforms.discord.manager_roles) and re.fullmatch(r"discord:\d{1,20}", key) is not None
        return key in self.managers or by_role

    @property
    def store_path(self) -> Path | None:
        """The SQLite file, or None for PostgreSQL."""
        return Path(self.store.removeprefix("sqlite:///")) if self.store.startswith("sqlite:") else None


def switched_on(platforms: Platforms, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Which of Discord and Telegram are on."""
    pairs = (("discord", platforms.discord, DISCORD_TOKEN), ("telegram", platforms.telegram, TELEGRAM_TOKEN))
    return tuple(
        name for name, section, token in pairs if section.enabled is True or (section.enabled and environ.get(token))
    )


def _one_of_managers(key: str, value: str, info: ValidationInfo) -> str:
    managers = info.data.get("managers")
    if managers is not None and value not in managers:
        raise ValueError(f"`{key}: {value}` is not one of `managers` ({', '.join(managers)})")
    return value
