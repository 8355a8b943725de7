"""The audit page's words and cells."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.audit import KINDS, _csv, _shown, cell, told
from bot.events import Event, Happened

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


def words(name, **data):
    return told(Event(seq=1, at=NOON, name=name, by="mara", data=data), str.title)


@pytest.mark.parametrize("name", Happened)
def test_every_event_is_told_in_words(name):
    """Also one whose row has no data."""
    said = words(name)
    assert said[:1].isupper()
    assert not set("_{}") & set(said)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("post_judged", {"action": "draft", "intent": "praise", "reason": "intent"}, "Read the post: praise, a draft"),
        (
            "post_judged",
            {"action": "silent", "intent": "crosstalk", "reason": "not_addressed"},
            "Read the post: talk among fans, left alone, not meant for us",
        ),
        ("post_judged", {"action": "handoff", "intent": None, "reason": "gate"}, "Read the post: for a person"),
        ("draft_waiting", {"kind": "handoff", "to": "tom"}, "A draft waits: for Tom"),
        ("texts_dropped", {"posts": 1}, "Dropped words that are no longer needed: those of 1 post"),
        ("texts_dropped", {"posts": 2}, "Dropped words that are no longer needed: those of 2 posts"),
        ("draft_approved", {"action": "approve"}, "Said yes to the reply"),
        ("draft_approved", {"action": "edit"}, "Said yes to the reply: in their own words"),
        (
            "draft_relabelled",
            {"read_as": "ugc_shared", "intent": "question", "like": "x"},
            "Corrected how the post was read: a question, not something they made",
        ),
        ("draft_withdrawn", {"cause": "post_deleted"}, "The draft was withdrawn: the post was deleted"),
        ("draft_superseded", {"cause": "a cause of tomorrow"}, "The draft was replaced"),
        ("reply_sending", {"kind": "send"}, "The reply is in flight"),
        ("reply_sending", {"kind": "remove"}, "The removal is in flight"),
        ("reply_uncertain", {"kind": "correct"}, "Nobody knows whether the correction arrived"),
        ("reply_settled", {"kind": "send", "arrived": True}, "Looked whether the reply arrived: it did"),
        ("session_ended", {"of": "tom", "device": "Firefox on Linux"}, "Ended a session: Tom, Firefox on Linux"),
        ("crisis_called", {"on_call": "mara"}, "Called for help with somebody in danger: Mara"),
        ("update_set_aside", {"platform": "telegram"}, "Set aside an update that could not be handled: Telegram"),
    ],
)
def test_details_are_in_words_too(name, data, said):
    assert words(Happened(name), **data) == said


@given(st.text())
def test_no_cell_is_a_formula(text):
    """Spreadsheets compute what begins with one of these signs, also behind quotes."""
    shown = cell(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert shown.removeprefix("'") == text or shown == text


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.text())))
def test_a_file_has_the_cells_that_were_put_in(lines):
    read = list(csv.reader(io.StringIO(_csv(lines), newline="")))
    assert read == [list(map(cell, line)) for line in lines]


@given(*[st.text(max_size=150)] * 4)
def test_every_address_is_one_of_a_page(by, kind, day, draft):
    shown = _shown(by, kind, day, draft)
    assert shown == _shown(shown.by, shown.kind, shown.day, shown.draft)
    assert shown.kind in {"", *KINDS}


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "2026-01-01T10:00"])
def test_what_is_no_day_is_no_filter(day):
    assert _shown(day=day).day == ""


def test_the_next_page_keeps_the_filter():
    shown = _shown(by="mara", kind="replies", day="2026-01-10")
    assert shown.query(before="7") == "/team/audit?by=mara&kind=replies&day=2026-01-10&before=7"
    assert _shown().query() == "/team/audit"
