"""Lines of `greenroom doctor` about a chat platform."""

from __future__ import annotations

from bot.ports import Check
from bot.settings import ChatSection, Settings


class Findings:
    """What is found about one platform, in its name."""

    def __init__(self, kind: type[ChatSection]) -> None:
        """`kind` is its block of config.yaml."""
        self._kind = kind

    def fine(self, result: str) -> Check:
        """All is well."""
        return Check(name=self._kind.name, ok=True, result=result)

    def note(self, result: str, fix: str) -> Check:
        """Something to know."""
        return Check(name=self._kind.name, ok=None, result=result, fix=fix)

    def fault(self, result: str, fix: str) -> Check:
        """Something to mend."""
        return Check(name=self._kind.name, ok=False, result=result, fix=fix)

    def anybody(self, settings: Settings) -> bool:
        """Whether a manager of config.yaml has an account there."""
        return any(manager.account(self._kind.name) for manager in settings.managers.values())


def no_token(kind: type[ChatSection]) -> str:
    """What to do where a platform is on and its token is not there."""
    return f"platforms.{kind.name} is enabled, but {kind.token} is not in the environment; set it, or set enabled: auto"
