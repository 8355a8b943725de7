"""Where a post is said to be, for each way that it can take."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.track import NAMES, track
from bot.domain import Cause, DeliveryState, DraftState
from bot.store.figures import Travel
from tests.unit import cards
from tests.unit.cards import NOON, alternative, card

NOW = NOON + timedelta(minutes=3)


def delivery(state, **more):
    return replace(cards.delivery(state), **more)


def travel(action="draft", deliveries=(), *, judged=0.4, sending=None, deleted=False, reason="intent", **more):
    """A post that was judged as `action`, with a draft made of `more`; without `more` it has none."""
    view = card("stage", "harbor", "", **more)
    post = replace(view.post, action=action, deleted=deleted, reason_code=reason)
    at = None if action is None else NOON + timedelta(seconds=judged)
    reply = deliveries[0] if deliveries else None
    return Travel(post=post, draft=view.draft if more else None, delivery=reply, judged_at=at, sending_at=sending)


def shown(found, now=NOW):
    """How far it came, how it stands there, and what is said."""
    made = track(found, now, str.title)
    at = [hop.at for hop in made.hops]
    reached = next((n for n, one in enumerate(at) if one in {"now", "stopped"}), len(at) - 1)
    assert at == ["done"] * reached + [at[reached]] + ["ahead"] * (len(at) - reached - 1)
    assert len(at) == len(NAMES) == 8
    return made.hops[reached].name, at[reached], made.words


SENT = {"state": "approved", "decided_by": "mara", "decided_at": NOON + timedelta(minutes=2)}


@pytest.mark.parametrize(
    ("found", "is_shown"),
    [
        (travel(None), ("read", "now", "being read")),
        (travel(None, deleted=True), ("read", "stopped", "deleted by the fan")),
        (travel("silent", reason="cap"), ("left alone", "stopped", "left alone: enough replies for now")),
        (travel("silent", reason=None), ("left alone", "stopped", "left alone: another reason")),
        (travel(state="waiting"), ("on the desk", "now", "waits")),
        (travel(state="waiting", assigned_to="tom"), ("on the desk", "now", "waits for Tom")),
        (travel(state="snoozed", snoozed_until=NOW), ("on the desk", "now", "snoozed")),
        (travel(state="rejected", decided_by="mara"), ("decided", "stopped", "skipped by Mara")),
        (travel(state="approved", decided_by="mara"), ("decided", "now", "approved by Mara")),
        (travel(state="withdrawn", cause="answered"), ("on the desk", "stopped", "withdrawn: a teammate answered")),
        (travel(state="superseded", cause="relabel"), ("on the desk", "stopped", "another card took its place")),
        (travel(state="expired", cause="too_old"), ("on the desk", "stopped", "withdrawn: it waited too long")),
        (travel(deliveries=[delivery("sending")], **SENT), ("in flight", "now", "in flight")),
        (travel(deliveries=[delivery("sent")], **SENT), ("sent", "done", "sent")),
        (travel(deliveries=[delivery("removed")], **SENT), ("sent", "stopped", "sent, then removed")),
        (travel(deliveries=[delivery("failed")], **SENT), ("in flight", "stopped", "failed")),
        (travel(deliveries=[delivery("recalled")], **SENT), ("undo window", "stopped", "taken back")),
    ],
)
def test_where_a_post_is(found, is_shown):
    assert shown(found) == is_shown


def test_a_held_reply_can_be_undone_until_its_time_is_up():
    due = NOW + timedelta(seconds=5)
    found = travel(deliveries=[delivery("held", due_at=due)], **SENT)
    assert shown(found) == ("undo window", "now", "can still be undone")
    assert track(found, NOW, str.title).until == due
    assert shown(found, due) == ("in flight", "now", "in flight")


def test_a_reply_that_does_not_get_through_is_not_said_to_be_undoable():
    late = NOW + timedelta(hours=1)
    found = travel(deliveries=[delivery("held", due_at=late, error="not connected")], **SENT)
    assert shown(found) == ("in flight", "now", "does not get through yet")


def test_what_a_hand_off_offers_is_the_name_of_its_hop():
    assert track(travel("handoff", kind="handoff", text=None), NOW, str).hops[2].name == "to a person"
    choice = travel("handoff", kind="handoff", text=None, alternatives=(alternative(),))
    assert track(choice, NOW, str).hops[2].name == "a choice"
    assert track(travel("silent", kind="draft"), NOW, str).hops[2].name == "drafted", "somebody asked for the card"


def test_the_time_between_hops():
    second = timedelta(seconds=1)
    reply = delivery("sent", created_at=SENT["decided_at"], sent_at=SENT["decided_at"] + 11.5 * second)
    found = travel(deliveries=[reply], sending=SENT["decided_at"] + 10 * second, **SENT)
    after = [hop.after for hop in track(found, NOW, str).hops]
    assert after == ["", "0.4 s", "", "", "2 min", "10 s", "", "1.5 s"]


@given(
    st.sampled_from([None, "draft", "handoff", "silent"]),
    st.none() | st.sampled_from(list(DraftState)),
    st.none() | st.sampled_from(list(DeliveryState)),
    st.none() | st.sampled_from([*map(str, Cause), "of a later version"]),
    st.booleans(),
    st.timedeltas(timedelta(days=-2), timedelta(days=2)),
)
def test_whatever_the_rows_say_there_is_one_place_and_words(action, draft, reply, cause, is_known, ahead):
    more = {"state": draft, "cause": cause, "decided_by": "mara" if is_known else None} if draft else {}
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC) + ahead
    replies = [delivery(reply, due_at=moment, sent_at=moment if is_known else None)] if reply and draft else []
    name, _, words = shown(travel(action, replies, sending=moment if is_known else None, **more), moment)
    assert name
    assert words
