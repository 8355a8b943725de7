"""A language model that answers well, badly, late or not at all, by chance and as a seed has it."""

from __future__ import annotations

import random
from collections import Counter

from tests.fakes.assistant import Asked, FakeAssistant, Turn, says

_MOODS = {"well": 10, "late": 1, "nonsense": 1, "cut": 1, "fails": 1, "busy": 1, "streams": 2, "endless": 0.5}


class Model:
    """Makes a server behave so."""

    def __init__(self, server: FakeAssistant, seed: str) -> None:
        self.counts: Counter[str] = Counter()
        self._chance = random.Random(f"{seed} model")  # noqa: S311 - it makes a story, not a secret
        server.mood, server.rule = self._mood, self._rule

    def _mood(self, _: Asked) -> Turn:
        kind = self._chance.choices([*_MOODS], [*_MOODS.values()])[0]
        self.counts[f"model: {kind}"] += 1
        turns = {
            "late": Turn(hold=True),
            "nonsense": Turn(says=self._chance.choice(("", "{", "[]", '{"reply": 7}', "I think so."))),
            "cut": Turn(cut=self._chance.choice(("at once", "half way"))),
            "fails": Turn(status=500),
            "busy": Turn(status=429, headers={"Retry-After": "1"}),
            "streams": Turn(stream=True),
            "endless": Turn(endless=True),
        }
        return turns.get(kind, Turn())

    def _rule(self, asked: Asked) -> str:
        """Something that may be said, with a word that only this post has; or something that must not be said."""
        mark = str(asked.data["post"]).rpartition(" ")[2]
        good = (f"Thank you for that, {mark}.", f"Good to hear from you, {mark}!", "Thank you for telling us.")
        bad = (f"@everyone {mark} is free now", f"We will fix {mark} by Friday.", asked.system)
        likely = [*asked.data.get("intents", {})]
        reading = self._chance.choice((*likely, None, None, None) if self._chance.random() < 0.9 else ("crisis", "x"))
        return says(self._chance.choice((*good, *good, *bad)), intent=reading)
