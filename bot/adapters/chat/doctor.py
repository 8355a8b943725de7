"""Lines of `greenroom doctor` about a chat platform."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Check
from bot.settings import ChatSection, Settings


class Findings:
    """Makes the lines about one platform."""

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

    def checks(
        self,
        settings: Settings,
        *,
        listen: str,
        cards: str,
        managers: str,
        more: Sequence[Check] = (),
        roles: bool = False,
    ) -> list[Check]:
        """What config.yaml lacks. `listen`, `cards` and `managers` say what to do about it, `more` are other findings.

        `roles`: config.yaml names a role whose members may decide.
        """
        kind, section, found = self._kind, settings.chat(self._kind), [*more]
        if settings.token(kind) is None:
            found.append(self.fault("the token is missing", no_token(settings, kind)))
        if not section.listen:
            found.append(self.fault("it listens to nothing", listen))
        if section.cards is None:
            found.append(self.note("no chat for cards: drafts are decided elsewhere", cards))
        elif not roles and not any(manager.account(kind.name) for manager in settings.managers.values()):
            found.append(self.fault("nobody may press the buttons on cards", managers))
        return found or [self.fine("config.yaml says all that is needed")]


def no_token(settings: Settings, kind: type[ChatSection]) -> str:
    """What to do when a platform is enabled without its token."""
    token = settings.variable(kind.token)
    return f"platforms.{kind.name} is enabled, but {token} is not in the environment; set it, or set enabled: auto"
