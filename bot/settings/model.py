"""config.yaml as types. They are frozen; a key that is not here is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    create_model,
    field_validator,
)

from bot.domain import BY_FAN
from bot.settings.assistant import AssistantSection
from bot.settings.section import Name, Section
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
    own_variables,
    parse_cap,
    parse_duration,
    split_bind,
    variable_prefix,
)
from bot.validation import KEY_RULE, is_key

WEB_TOKEN = "GREENROOM_WEB_TOKEN"  # noqa: S105 - its name in the environment
MAIL_PASSWORD = "GREENROOM_MAIL_PASSWORD"  # noqa: S105 - as above

Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
PlatformId = Annotated[int, Field(strict=True, gt=0, lt=2**63)]
Local = Annotated[str, AfterValidator(check_local)]
Mailbox = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$", max_length=254)]


class Community(Section):
    """The community of this file."""

    name: Name
    key: str | None = None
    """Tells it from the others where one process, or one database, serves several: the name of its folder."""
    locale: Locale = "en"
    locales: tuple[Locale, ...] = ()
    timezone: Zone = ZoneInfo("UTC")

    def local(self, moment: datetime) -> datetime:
        """The same moment in the community's time zone."""
        return moment.astimezone(self.timezone)

    @field_validator("key")
    @classmethod
    def _is_key(cls, value: str | None) -> str | None:
        if value is not None and not is_key(value):
            raise ValueError(f"`key: {value}` cannot tell a community from others; {KEY_RULE}")
        return value

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
            own = own_variables({}, "") if info.context is None else info.context  # an empty one counts
            missing += [] if own.get(WEB_TOKEN) else [f"{own.variable(WEB_TOKEN)} in the environment"]
            if missing:
                raise ValueError(
                    f"`bind: {bind}` can be reached from other machines, so it needs {' and '.join(missing)}; "
                    "or bind to 127.0.0.1"
                )
        return value

    @property
    def host(self) -> str:
        """The address to listen on."""
        return split_bind(self.bind)[0]

    @property
    def port(self) -> int:
        """The port to listen on; 0 asks the system for a free one."""
        return split_bind(self.bind)[1]


NAMELESS = frozenset({"Manager", "THEIR NAME"})
"""What stands in the config.yaml that comes with Greenroom where a name belongs."""


class Manager(Section):
    """Somebody who may decide. `load` adds a key for their account on each installed chat platform."""

    name: Name

    @property
    def called(self) -> str:
        """Their name; empty while config.yaml has the one that it came with."""
        return "" if self.name in NAMELESS else self.name

    def account(self, platform: str) -> str | None:
        """Their id on a chat platform."""
        found = getattr(self, platform, None)
        return None if found is None else str(found)


class Listen(Section):
    """A channel that is read, with its own language and register if it has them."""

    channel: Reference
    locale: Locale | None = None
    register_: str = Field(default="default", alias="register")


def _as_listen(value: object) -> object:
    return value if isinstance(value, Mapping) else {"channel": value}


class ChatSection(Section):
    """What all chat platforms have in their block `platforms.NAME`. Each adapter has a section of its own.

    `enabled: auto` means: on if the token is in the environment.
    """

    name: ClassVar[str]
    """Its key under `platforms`, and under a manager."""
    title: ClassVar[str]
    """Its name as people write it."""
    token: ClassVar[str]
    """The environment variable that holds its secret."""
    account: ClassVar[Any] = PlatformId
    """The type of a manager's id there, for pydantic."""
    listens_by_name: ClassVar[bool] = False
    """Whether `listen` has names of channels, as templates do."""

    enabled: Literal["auto", True, False] = "auto"
    listen: tuple[Annotated[Listen, BeforeValidator(_as_listen)], ...] = ()
    cards: Reference | None = None
    stage: Reference | None = None
    """The channel where what fans make is shown."""
    api_base: Local | None = None

    def may_decide(self, account: str) -> bool:
        """True if the platform may make this account a manager; it is asked again at each press."""
        return False


Chat = TypeVar("Chat", bound=ChatSection)


class Replay(Section):
    """Posts from a file, for demonstrations. `speed` 1 keeps the pauses between posts, 0 leaves none."""

    file: Path | None = None
    speed: float = Field(default=1, ge=0, allow_inf_nan=False)


class Platforms(Section):
    """Where posts come from. The web platform is always on; `load` adds the installed chat platforms."""

    replay: Replay = Replay()

    @property
    def chats(self) -> Mapping[str, ChatSection]:
        """The block of each installed chat platform, by name."""
        return {name: section for name, section in self if isinstance(section, ChatSection)}

    @property
    def listened(self) -> tuple[Listen, ...]:
        """Every channel that is read."""
        return tuple(listen for section in self.chats.values() for listen in section.listen)

    def switched_on(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """The chat platforms that are on."""
        return tuple(
            name
            for name, section in self.chats.items()
            if section.enabled is True or (section.enabled and environ.get(section.token))
        )


class Privacy(Section):
    """What fans are told about their data, and who reads their reports (None: the manager on call)."""

    policy: str | None = None
    reports: str | None = None


class Replies(Section):
    """When and how often replies go out. A cap of None is no cap."""

    undo_seconds: float = Field(default=10, ge=0, le=3600, allow_inf_nan=False)
    expire_after: Duration = parse_duration("24h")
    remind_after: Duration | None = parse_duration("30m")
    answer_within: Duration = parse_duration("24h")
    """A post that deserves an answer and has none by then is listed once a day."""
    quiet_hours: QuietHoursText | None = None
    per_fan: CapText | None = parse_cap("3/1d")
    per_channel: CapText | None = parse_cap("12/1h")


class Keep(Section):
    """How long things are kept."""

    post_text: Duration = parse_duration("7d")
    events: Duration = parse_duration("400d")
    rows: Duration = parse_duration("365d")


class Pages(Section):
    """Where public pages are written, for a web server to show them, and the address that they have there."""

    folder: Path = Path("var/pages")
    address: str | None = None

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None or re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            return value and value.rstrip("/")
        raise ValueError(f"`address: {value}` is not the address of a folder, as in https://example.org/fans")


class Team(Section):
    """A team of the organisation that hears of what fans say, once a week."""

    title: Name
    channel: dict[str, Reference] = Field(default_factory=dict)
    """Chat platform -> the team's own channel there."""
    mail: Mailbox | None = None
    file: Path | None = None
    """A Markdown file, which also has the fans' words while they are kept."""

    @field_validator("channel")
    @classmethod
    def _is_one(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > 1:
            raise ValueError("`channel` takes one platform, as in {discord: shop-team}")
        return value


class Mail(Section):
    """The mail server through which digests leave. The password is in the environment."""

    host: Name
    port: int = Field(default=587, ge=1, le=65535)
    sender: Mailbox
    user: str | None = None
    starttls: bool = True
    """Port 465 is encrypted from the start and needs no STARTTLS."""

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read it."""
        return self.starttls or self.port == _TLS_PORT

    @field_validator("starttls")
    @classmethod
    def _hides_the_password(cls, value: bool, info: ValidationInfo) -> bool:
        host, encrypted = info.data.get("host", ""), value or info.data.get("port") == _TLS_PORT
        if info.data.get("user") and not encrypted and not is_loopback(host):
            raise ValueError(f"`starttls: false` would show the password to everybody between here and {host}")
        return value


_TLS_PORT = 465


class Config(Section):
    """The file as it is written."""

    community: Community
    store: str = "sqlite:///var/greenroom.db"
    web: Web = Web()
    managers: dict[str, Manager]
    on_call: str
    platforms: Platforms = Platforms()
    privacy: Privacy = Privacy()
    replies: Replies = Replies()
    keep: Keep = Keep()
    pages: Pages = Pages()
    mail: Mail | None = None
    assistant: AssistantSection | None = None
    """The language model; None: there is none, and nothing of it is loaded."""
    teams: dict[str, Team] = Field(default_factory=dict)

    @field_validator("store")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        if not re.match(r"sqlite:///[^:?]|postgresql://", value):
            raise ValueError(
                "`store` must be sqlite:///PATH (a file, relative to this one) or postgresql://USER@HOST/NAME"
            )
        if re.match(r"postgresql://[^/@]*:[^/@]+@", value) or re.search(r"[?&]password=", value):
            raise ValueError(
                "`store` has a password: take it out of this file; put it into the environment (PGPASSWORD) or into a "
                "file that PGPASSFILE names, or `?passfile=PATH` at the end of this address"
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
            if key == BY_FAN:
                raise ValueError(f"`{key}` cannot be a manager's key; it stands for fans")
        for platform in {name for m in value.values() for name in type(m).model_fields} - {"name"}:
            ids = [i for m in value.values() if (i := m.account(platform)) is not None]
            if twice := next((i for i in ids if ids.count(i) > 1), None):
                raise ValueError(f"two managers have the same {platform} id {twice}; one person is one manager")
        return value

    @field_validator("teams")
    @classmethod
    def _can_be_reached(cls, value: dict[str, Team], info: ValidationInfo) -> dict[str, Team]:
        chats = info.data["platforms"].chats if info.data.get("platforms") else {}
        for key, team in value.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", key):
                raise ValueError(f"`{key}` cannot be a team's key; use up to 32 small letters, digits, - and _")
            if unknown := sorted(team.channel.keys() - chats.keys()):
                raise ValueError(f"`{unknown[0]}` is no chat platform; write one of: {', '.join(sorted(chats))}")
            if team.mail and "mail" in info.data and info.data["mail"] is None:
                raise ValueError(f"the team `{key}` has a mail address, so `mail` must name a mail server")
        files = [team.file for team in value.values() if team.file]
        if len(set(files)) < len(files):
            raise ValueError("two teams have the same `file`")
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
        platforms = info.data.get("platforms") or Platforms()
        on = platforms.switched_on(info.context or {})
        if on and not (value.policy or "").strip():
            title = platforms.chats[on[0]].title
            raise ValueError(f"`policy` is missing; fans on {title} must be able to read one, a link or a text")
        return value


class Settings(Config):
    """config.yaml with its path, and the secrets of the environment, which are never shown."""

    path: Path
    tokens: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Of chat platforms, by environment variable."""
    web_token: SecretStr | None = None
    mail_password: SecretStr | None = None
    assistant_key: SecretStr | None = None

    @property
    def key(self) -> str:
        """The community's key; empty where there is only one."""
        return self.community.key or ""

    def own(self, environ: Mapping[str, str]) -> Mapping[str, str]:
        """What the environment holds for this community: see `bot.settings.values.own_variables`."""
        return own_variables(environ, self.key)

    def variable(self, name: str) -> str:
        """How a variable of this community is called in the environment."""
        return variable_prefix(self.key) + name

    @property
    def root(self) -> Path:
        """The folder of config.yaml. Paths in the file start here."""
        return self.path.parent

    @property
    def var(self) -> Path:
        """The folder that Greenroom writes to."""
        return self.root / "var"

    @property
    def templates(self) -> Path:
        """The folder of the operators' files."""
        return self.root / "templates"

    @property
    def public_pages(self) -> Path:
        """The folder of the public pages."""
        return self.root / self.pages.folder

    @property
    def replay_file(self) -> Path | None:
        """The file of posts to replay, if any."""
        file = self.platforms.replay.file
        return None if file is None else self.root / file

    @property
    def switched_on(self) -> tuple[str, ...]:
        """The chat platforms that are on."""
        return self.platforms.switched_on(dict.fromkeys(self.tokens, "set"))

    def chat(self, kind: type[Chat]) -> Chat:
        """The block of one chat platform."""
        found = self.platforms.chats[kind.name]
        assert isinstance(found, kind)  # noqa: S101 - `load` made it of this kind
        return found

    def token(self, kind: type[ChatSection]) -> str | None:
        """The secret of a chat platform."""
        found = self.tokens.get(kind.token)
        return found.get_secret_value() if found else None

    def manager_of(self, platform: str, account: str) -> str | None:
        """The key of the manager with this account; None for anybody else."""
        return next((key for key, manager in self.managers.items() if manager.account(platform) == account), None)

    def account_of(self, key: str | None, platform: str) -> str | None:
        """A manager's id on a chat platform."""
        manager = self.managers.get(key or "")
        return manager.account(platform) if manager else None

    def may_decide(self, key: str) -> bool:
        """True for a manager of config.yaml, and for a PLATFORM:ACCOUNT that the platform may make a manager."""
        platform, _, account = key.partition(":")
        section = self.platforms.chats.get(platform)
        return key in self.managers or (section is not None and section.may_decide(account))


@lru_cache(maxsize=4)
def config_of(
    sections: tuple[type[ChatSection], ...], assistant: type[AssistantSection] = AssistantSection
) -> type[Config]:
    """The type of the file if these chat platforms are installed, and `assistant` is the block of the assistant."""
    chats: dict[str, Any] = {section.name: (section, section()) for section in sections}
    accounts: dict[str, Any] = {section.name: (section.account | None, None) for section in sections}
    platforms = create_model("Platforms", __base__=Platforms, **chats)
    manager = create_model("Manager", __base__=Manager, **accounts)
    fields: dict[str, Any] = {"managers": (dict[str, manager], ...), "platforms": (platforms, platforms())}  # type: ignore[valid-type] # made above
    fields["assistant"] = (assistant | None, None)
    return create_model("Config", __base__=Config, **fields)


def _one_of_managers(key: str, value: str, info: ValidationInfo) -> str:
    managers = info.data.get("managers")
    if managers is not None and value not in managers:
        raise ValueError(f"`{key}: {value}` is not one of `managers` ({', '.join(managers)})")
    return value
