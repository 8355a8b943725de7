"""A language model for tests: see server.py."""

from tests.fakes.assistant.aside import aside
from tests.fakes.assistant.says import says
from tests.fakes.assistant.server import KEY, MODEL, Asked, FakeAssistant, Turn

__all__ = ["KEY", "MODEL", "Asked", "FakeAssistant", "Turn", "aside", "says"]
