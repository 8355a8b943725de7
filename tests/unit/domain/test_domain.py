"""The table of moves, the seal and the cleaning of texts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import (
    DELIVERY_MOVES,
    LIVE,
    MOVES,
    ON_SENT_REPLY,
    Action,
    Cause,
    DeliveryState,
    DraftState,
    Target,
    clean,
    exempt_from_caps,
    seal,
    visible,
)

ENDS = {DraftState.SUPERSEDED, DraftState.WITHDRAWN, DraftState.EXPIRED}
TEXTS = st.text(st.characters(exclude_categories=()))


def test_nothing_leaves_an_end():
    assert {old for old, _ in MOVES} & ENDS == set()
    assert {old for old, _ in DELIVERY_MOVES} & {DeliveryState.RECALLED, DeliveryState.REMOVED} == set()


def test_every_action_and_cause_does_something():
    used = {step for _, step in MOVES}
    assert set(Action) - used == ON_SENT_REPLY
    assert set(Cause) - used == set()


def test_only_a_manager_approves():
    """Only `approve` and `edit` lead to `approved`, and only from `waiting`."""
    yes = {(old, step) for (old, step), new in MOVES.items() if new is DraftState.APPROVED}
    assert yes == {(DraftState.WAITING, Action.APPROVE), (DraftState.WAITING, Action.EDIT)}


def test_only_what_was_claimed_is_sent():
    assert {old for old, new in DELIVERY_MOVES if new is DeliveryState.SENT} == {
        DeliveryState.SENDING,
        DeliveryState.UNCERTAIN,
    }


def test_a_change_of_the_post_ends_whatever_is_not_out_yet():
    for cause in (Cause.POST_EDITED, Cause.POST_DELETED, Cause.ANSWERED, Cause.FORGOTTEN, Cause.OPTED_OUT):
        for state in (*LIVE, DraftState.APPROVED):
            assert MOVES[state, cause] in ENDS


TARGETS = st.builds(Target, platform=st.text(), channel=st.text(), reply_to=st.text())


@given(st.text(), TARGETS, st.text(), TARGETS)
def test_a_seal_is_for_one_text_and_one_target(text, target, other_text, other_target):
    same = (text, target) == (other_text, other_target)
    assert (seal(text, target) == seal(other_text, other_target)) == same


def test_a_seal_does_not_mix_up_its_parts():
    def of(text, *place):
        return seal(text, Target(platform=place[0], channel=place[1], reply_to=place[2]))

    assert (
        len({of("d", "a", "b", "c"), of("d", "ab", "", "c"), of("cd", "a", "b", ""), of("d", "a", "b\x00c", "")}) == 4
    )


@given(TEXTS)
def test_cleaned_text_can_be_stored_and_stays_as_it_is(text):
    cleaned = clean(text)
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("\ud83d\ude00", "\U0001f600"),
        ("a\ud83d", "a\ufffd"),
        ("e\u0301", "\u00e9"),
        ("\u202eabc\u200d", "\u202eabc\u200d"),
    ],
)
def test_what_cleaning_does(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(("text", "seen"), [("", False), (" \u200b\u2060\x07", False), ("\u200ba", True), ("👍", True)])
def test_what_a_reader_sees(text, seen):
    assert visible(text) is seen


@pytest.mark.parametrize(
    ("place", "exempt"),
    [
        *((("web", channel), True) for channel in ("lobby", "lobby-help", "lobby-showcase")),
        *((place, False) for place in (("stage", "lobby"), ("web", "a"), ("web", "lobby-"))),
        (("replay", "a"), True),
    ],
)
def test_where_caps_do_not_count(place, exempt):
    assert exempt_from_caps(*place) is exempt
