"""config.yaml -> typed settings. Unknown keys are refused, all errors come at once; secrets are in the environment."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from bot.errors import FaultyFiles
from bot.settings import yaml_file
from bot.settings.assistant import AssistantSection
from bot.settings.installed import assistant_section, installed
from bot.settings.model import (
    MAIL_PASSWORD,
    WEB_TOKEN,
    ChatSection,
    Community,
    Config,
    Keep,
    Listen,
    Mail,
    Manager,
    Pages,
    Platforms,
    Privacy,
    Replay,
    Replies,
    Settings,
    Team,
    Web,
    config_of,
)
from bot.settings.secret_files import WithFiles
from bot.settings.values import Cap, QuietHours, own_variables
from bot.settings.yaml_file import Loc
from bot.validation import WORDS, is_key, wrong
from responders.library.faults import Fault

__all__ = [
    "AssistantSection",
    "Cap",
    "ChatSection",
    "Community",
    "Keep",
    "Listen",
    "Mail",
    "Manager",
    "Pages",
    "Platforms",
    "Privacy",
    "QuietHours",
    "Replay",
    "Replies",
    "Settings",
    "Team",
    "Web",
    "default_path",
    "load",
]


def default_path(environ: Mapping[str, str]) -> Path:
    """GREENROOM_CONFIG, or else config.yaml in the current folder."""
    return Path(environ.get("GREENROOM_CONFIG") or "config.yaml")


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read and check config.yaml. Raises FaultyFiles with everything that is wrong in it."""
    file = yaml_file.read(path)
    data = {} if file.data is None else file.data
    own = own_variables(environ, _key(data))
    sections = tuple(adapter.section for adapter in installed())
    model = config_of(sections, _assistant(file, data))
    try:
        config = model.model_validate(data, context=own)
    except ValidationError as error:
        file.faults += [_fault(model, file, own, detail) for detail in error.errors(include_url=False)]
    if file.faults:
        raise FaultyFiles(sorted(set(file.faults), key=lambda f: (f.line or 0, f.message)))
    path = path.resolve()
    values: dict[str, Any] = {**dict(config), "path": path, "store": _rooted(config.store, path.parent)}
    values["tokens"] = {s.token: SecretStr(own[s.token]) for s in sections if own.get(s.token)}
    values["web_token"] = SecretStr(own[WEB_TOKEN]) if own.get(WEB_TOKEN) else None
    values["mail_password"] = SecretStr(own[MAIL_PASSWORD]) if own.get(MAIL_PASSWORD) else None
    if config.assistant and (key := config.assistant.key_env):
        values["assistant"] = config.assistant.model_copy(update={"key_env": own.variable(key)})
        values["assistant_key"] = SecretStr(own[key]) if own.get(key) else None
    return Settings.model_construct(**values)


def _key(data: Any) -> str:
    """The community's key, before the file is checked: it says which variables are its own."""
    block = data.get("community") if isinstance(data, Mapping) else None
    key = block.get("key") if isinstance(block, Mapping) else None
    return key if isinstance(key, str) and is_key(key) else ""


def _assistant(file: yaml_file.YamlFile, data: Any) -> type[AssistantSection]:
    """The block of the assistant that the file names. An assistant that is off is not loaded."""
    block = data.get("assistant") if isinstance(data, Mapping) else None
    kind = block.get("kind", AssistantSection.model_fields["kind"].default) if isinstance(block, Mapping) else None
    if not isinstance(kind, str):
        return AssistantSection
    try:
        return assistant_section(kind)
    except ValueError as error:
        file.faults.append(Fault(file=file.name, line=file.line(("assistant", "kind")), message=str(error)))
        return AssistantSection


def _rooted(store: str, root: Path) -> str:
    found = re.fullmatch(r"sqlite:///(.+)", store)
    return f"sqlite:///{root / found[1]}" if found else store


def _fault(model: type[Config], file: yaml_file.YamlFile, own: WithFiles, detail: ErrorDetails) -> Fault:
    return Fault(file=file.name, line=file.line(detail["loc"]), message=_sentence(model, own, detail))


_A_BLOCK = "must be a block of keys and values"
_WORDS = {
    **WORDS,
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number without quotes",
    "tuple_type": "must be a list, as in [one, two]",
    "dict_type": _A_BLOCK,
    "model_type": _A_BLOCK,
}
"""As one writes YAML."""


def _sentence(model: type[Config], own: WithFiles, detail: ErrorDetails) -> str:
    loc, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    key = next((str(part) for part in reversed(loc) if isinstance(part, str)), "")
    if not loc:
        return "this file must be a block of keys and values, as `greenroom init DIR` writes it"
    if kind == "extra_forbidden":
        return _unknown_key(model, own, loc, str(loc[-1]))
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch" and "a-z" in str(context["pattern"]):
        return f"`{key}`: `{detail['input']}` is not a language; write two letters, as in en or de"
    return wrong(f"`{key}`", detail, _WORDS)


def _unknown_key(model: type[Config], own: WithFiles, loc: Loc, key: str) -> str:
    if re.search(r"token|secret|passw|api_?key", key, re.IGNORECASE):
        name = _variable_of(model, own, loc)
        return f"`{key}` is a secret: take it out of this file and put it into the environment ({name})"
    known = [field.alias or name for name, field in _section_at(model, loc[:-1]).model_fields.items()]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}"
    return f"unknown key `{key}`; {hint}"


def _variable_of(model: type[Config], own: WithFiles, loc: Loc) -> str:
    """Where the secret of a block belongs, in the environment."""
    if loc[0] == "assistant":
        return "`key_env` then names its variable"
    section = _section_at(model, loc[:2])
    if issubclass(section, ChatSection):
        return own.variable(section.token)
    return own.variable(MAIL_PASSWORD if loc[0] == "mail" else WEB_TOKEN)


def _section_at(model: type[BaseModel], loc: Loc) -> type[BaseModel]:
    """The section at a place of config.yaml. Keys of a mapping and numbers of a list are skipped."""
    section = model
    for part in loc:
        field = section.model_fields.get(str(part))
        section = next(iter(_models_in(field.annotation)), section) if field else section
    return section


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
