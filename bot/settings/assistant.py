"""The block `assistant` of config.yaml."""

from __future__ import annotations

from pydantic import Field

from bot.settings.model import Name, Section
from bot.settings.values import Duration, parse_duration


class AssistantSection(Section):
    """What every assistant has in its block. One that needs more has a section of its own."""

    kind: str = "openai"
    """The name of its entry point."""

    endpoint: str
    """The address below which the server answers, as in http://127.0.0.1:11434/v1."""
    model: Name
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")
    """The environment variable with the server's key; null where it needs none."""
    timeout: Duration = parse_duration("8s")
