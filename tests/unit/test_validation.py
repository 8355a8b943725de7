"""A value that cannot be used is told in plain words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bot.domain import Action
from bot.validation import WORDS, wrong


class Inner(BaseModel):
    pass


class Outside(BaseModel):
    """A field for each kind of value that comes from outside."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=3)] = "x"
    number: Annotated[int, Field(ge=1, le=1440)] = 1
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    flag: bool = False
    at: datetime | None = None
    items: list[int] = Field(default=[], min_length=0, max_length=500)
    pair: tuple[int, ...] = Field(default=(1,), min_length=1)
    slots: dict[str, str] = {}
    kind: Literal["stage", "answer"] = "stage"
    action: Action = Action.APPROVE
    inner: Inner | None = None
    path: Path | None = None


def first(**values: Any) -> ErrorDetails:
    with pytest.raises(ValidationError) as error:
        Outside(**values)
    return error.value.errors(include_url=False)[0]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"text": 5}, "`x` must be text"),
        ({"text": ""}, "`x` must not be empty"),
        ({"text": "four"}, "`x` is too long; 3 characters at most"),
        ({"number": "many"}, "`x` must be a whole number"),
        ({"number": 1.5}, "`x` must be a whole number"),
        ({"number": None}, "`x` must be a whole number"),
        ({"number": "9" * 5000}, "`x` is too large a number"),
        ({"number": 0}, "`x` must be at least 1"),
        ({"number": 1441}, "`x` must be at most 1440"),
        ({"share": "half"}, "`x` must be a number"),
        ({"share": float("nan")}, "`x` must be a number"),
        ({"share": 0}, "`x` must be more than 0.0"),
        ({"share": 1}, "`x` must be less than 1.0"),
        ({"flag": "perhaps"}, "`x` must be true or false"),
        ({"flag": []}, "`x` must be true or false"),
        ({"at": "tomorrow"}, "`x` must be a time, such as 2026-05-04T12:07:00Z"),
        ({"items": 5}, "`x` must be a list"),
        ({"items": [1] * 501}, "`x` is too long; 500 entries at most"),
        ({"pair": ()}, "`x` is too short; 1 entries at least"),
        ({"slots": 5}, "`x` must be an object of keys and values"),
        ({"inner": 5}, "`x` must be an object of keys and values"),
        ({"kind": "sage"}, "`x` must be stage or answer"),
        ({"path": 5}, "`x` must be the path of a file"),
        ({"other": 5}, "`x` is not known here: leave it out"),
    ],
)
def test_what_is_wrong_is_a_plain_sentence(values: dict[str, Any], told: str) -> None:
    assert wrong("`x`", first(**values)) == told


def test_the_words_for_a_choice_name_what_can_be_chosen() -> None:
    assert wrong("`x`", first(action="dance")).startswith("`x` must be approve, edit, reword, ")


def test_what_has_no_words_says_little_and_nothing_of_the_value() -> None:
    assert wrong("`x`", {"type": "never_heard", "msg": "Input secret", "input": "secret"}) == "`x` cannot be used here"


def test_own_words_take_the_place_of_the_usual() -> None:
    assert wrong("`x`", first(text=5), {**WORDS, "string_type": "must be text; put it in quotes"}).endswith("in quotes")
