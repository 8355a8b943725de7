"""Names of intents, situations and gates as a person reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import responders
from responders.said import said
from responders.types import GATES

SITUATIONS = Path(responders.__file__).parent / "understanding/data/situations.yaml"
INTENTS = {p.stem for p in (Path(__file__).parents[3] / "templates/intents").glob("*.yaml")}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ugc_shared", "something they made"),
        ("praise", "praise"),
        ("lost_progress", "lost progress"),
        ("next-update", "next update"),
        ("an_intent_of_the_operators", "an intent of the operators"),
        ("", ""),
    ],
)
def test_names_are_words(name: str, words: str) -> None:
    assert said(name) == words


def test_every_name_that_ships_reads_as_words() -> None:
    situations = {name for group in yaml.safe_load(SITUATIONS.read_text("utf-8")).values() for name in group}
    for name in {*INTENTS, *GATES, *situations}:
        assert not set(said(name)) & set("_-"), name
        assert "ugc" not in said(name)


@given(st.text(max_size=40))
def test_any_name_is_some_words(name: str) -> None:
    assert not set(said(name)) & set("_-")
