"""Discord for tests: see server.py."""

from tests.fakes.discord.http import Fault
from tests.fakes.discord.interactions import Interaction, components, texts
from tests.fakes.discord.server import CALLBACK, DELETE, EDIT, SEND, TOKEN, FakeDiscord

__all__ = ["CALLBACK", "DELETE", "EDIT", "SEND", "TOKEN", "FakeDiscord", "Fault", "Interaction", "components", "texts"]
