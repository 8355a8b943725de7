"""What of a model's reply stands in nothing that it was given."""

from __future__ import annotations

from responders.assistant.brief import Given
from responders.types import CheckResult


def grounded(reply: str, given: Given) -> tuple[CheckResult, ...]:
    """A BLOCK for each thing that the reply makes up, with a sentence for a person. Empty: nothing was made up."""
    return ()


def rests_on(reply: str, given: Given) -> tuple[str, ...]:
    """The names of the given facts that the reply may take words from: if one changes, the reply is void."""
    return tuple(given.facts)
