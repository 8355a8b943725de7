"""What the pages say of the language model, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.store.assistant import End

ENDS: Final[Mapping[str, str]] = {
    End.ANSWERED: "on the card",
    End.BLOCKED: "stopped by a check",
    End.NOTHING: "it had nothing to say",
    End.NONSENSE: "its answer made no sense",
    End.VOID: "the card had moved on",
    End.LATE: "too late",
    End.DOWN: "it did not answer",
    End.BUSY: "it asked us to wait",
    End.REFUSED: "it refused",
    End.OVER_BUDGET: "not asked: the day's questions were used up",
    End.LEFT_OUT: "not asked: no post for it",
}
"""What became of a question."""
