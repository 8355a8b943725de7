"""What the inbox's stream tells of events."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.console.inbox import MOST, changed
from bot.events import Event, Happened

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


def event(name, **more):
    return Event(seq=1, at=NOON, name=name, **more)


def test_a_post_stands_there_only_where_no_draft_does():
    told = changed(
        [
            event(Happened.POST_JUDGED, post_id="p1"),
            event(Happened.DRAFT_APPROVED, post_id="p2", draft_id="d2"),
            event(Happened.REPLY_SENT, post_id="p2", draft_id="d2", delivery_id="x"),
            event(Happened.TEMPLATES_MENDED),
        ]
    )
    assert told == {"drafts": ["d2"], "posts": ["p1"], "urgent": []}


def test_only_a_new_urgent_draft_is_urgent():
    new = {"name": Happened.DRAFT_WAITING, "data": {"priority": 80}}
    told = changed(
        [
            event(draft_id="d1", post_id="p1", **new),
            event(Happened.DRAFT_WAITING, draft_id="d2", post_id="p2", data={"priority": 79}),
            event(Happened.DRAFT_OPENED, draft_id="d3", post_id="p3", data={"priority": 95}),
            event(Happened.DRAFT_WAITING, draft_id="d4", post_id="p4", data={"priority": "high"}),
        ]
    )
    assert told["urgent"] == ["d1"]
    assert "more" not in told


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from([0, 80, 95])), max_size=400), st.booleans())
def test_there_are_never_more_than_fifty_and_more_says_when_some_are_left_out(drafted, behind):
    events = [
        event(Happened.DRAFT_WAITING, draft_id=f"d{n}", post_id=f"p{n}", data={"priority": priority})
        for n, priority in drafted
    ]
    told = changed(events, behind=behind)
    different = {f"d{n}" for n, _ in drafted}
    assert len(told["drafts"]) == min(len(different), MOST)
    assert set(told["drafts"]) <= different
    assert told.get("more", False) == (behind or len(different) > MOST)
