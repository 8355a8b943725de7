"""To which posts a wording is offered, in plain words."""

from datetime import timedelta

import pytest

from bot.console.conditions import in_words, limits_in_words
from responders.library.model import Limit
from responders.library.vocabulary import ASKABLE, WHEN_FIELDS


@pytest.mark.parametrize(
    ("when", "unless", "asks_for", "said"),
    [
        ({}, {}, None, []),
        ({"mood": ("angry",)}, {}, None, ["Only for posts that sound angry."]),
        ({"mood": ("light", "glad")}, {}, None, ["Only for posts that sound playful or sound glad."]),
        ({"length": ("long",)}, {}, None, ["Only for posts that are long."]),
        ({}, {"second": ("question",)}, None, ["Not for posts that also ask a question."]),
        ({"channel": ("art",)}, {}, None, ["Only for posts that stand in #art."]),
        ({"register": ("dry",)}, {}, None, ["Only for posts that stand in a channel of the register “dry”."]),
        ({"language": ("de",)}, {}, None, ["Only for posts that are in German."]),
        ({}, {"replies_to": ("fan",)}, None, ["Not for posts that answer another fan."]),
        ({}, {}, "platform", ["Asks for the device, so it is only for short posts that do not tell it."]),
        ({}, {}, "more", ["Asks for more, so it is only for short posts."]),
    ],
)
def test_conditions_in_words(when, unless, asks_for, said):
    assert [*in_words(when, unless, asks_for)] == said


def test_every_value_of_the_vocabulary_has_words_without_the_names_of_the_files():
    for field, values in WHEN_FIELDS.items():
        for value in values:
            (sentence,) = in_words({field: (value,)}, {})
            assert "_" not in sentence
            assert "have " not in sentence, f"{field} {value} is not said as a person would"
    for asks_for in ASKABLE:
        assert "_" not in "".join(in_words({}, {}, asks_for))


def test_limits_in_words():
    limits = {
        "per_fan": Limit(count=1, per=timedelta(days=7)),
        "per_channel": Limit(count=3, per=timedelta(hours=1)),
    }
    assert [*limits_in_words(limits)] == ["Once in 7 days for one fan.", "3 times in 1 hour in one channel."]
