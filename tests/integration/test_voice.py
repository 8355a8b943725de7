"""The shipped library: what two readers said of its drafts, and how it sounds over the development posts."""

from __future__ import annotations

import pytest

from tests.model import shipped
from tests.voice import judged
from tests.voice.__main__ import main
from tests.voice.figures import figures
from tests.voice.posts import Told, tell


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return tell(shipped())


@pytest.mark.whole
@pytest.mark.parametrize("name", ["opener_reuse_20", "words_p50"])
def test_replies_of_a_channel_begin_differently_and_are_short(told: list[Told], name: str) -> None:
    found = {figure.name: figure for figure in figures(told)}
    assert found[name].holds, found[name]


@pytest.mark.whole
def test_each_draft_says_something(told: list[Told]) -> None:
    assert told
    assert all((one.proposal.outcome == "draft") == bool(one.text) for one in told)
    assert not [one.text for one in told if one.text and ("{" in one.text or "None" in one.text)]


@pytest.mark.whole
def test_no_crisis_claim_or_child_is_answered_by_a_template(told: list[Told]) -> None:
    assert {one.proposal.outcome for one in told if one.want == "handoff"} == {"handoff"}


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "pt"])
def test_what_was_judged_can_be_sent(language: str) -> None:
    some = [card for card in judged.cards() if card.language == language]
    found = judged.judged(some)
    assert all(set(text.verdicts) <= set(judged.VERDICTS) for card in some for text in card.texts)
    assert found.shares["send"] >= judged.GOALS["send"]
    assert found.shares["no"] <= judged.GOALS["no"]
    assert found.one_of >= judged.GOALS["one of the texts"]


def test_complaints_too() -> None:
    found = judged.judged([c for c in judged.cards() if c.language == "en" and c.intent == "complaint"])
    assert found.shares["send"] >= judged.OF_COMPLAINTS["send"]
    assert found.one_of >= judged.OF_COMPLAINTS["one of the texts"]


def test_an_unknown_option_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--jsn"]) == 2
    assert capsys.readouterr().err == "Usage: python -m tests.voice\n"
