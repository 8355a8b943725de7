"""What a model answers, as the answer that we ask for."""

from __future__ import annotations

import json
from collections.abc import Sequence


def says(
    reply: str | None = None,
    intent: str | None = None,
    situation: str | None = None,
    facts: Sequence[str] = (),
) -> str:
    """A well-formed answer with this reply and this reading."""
    answer = {"intent": intent, "situation": situation, "reply": reply, "facts": list(facts)}
    return json.dumps(answer, ensure_ascii=False)
