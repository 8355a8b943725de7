"""Who is on a card: what pages said lately, and nothing after they fell silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.presence import Here, Presence


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def presence(clock):
    return Presence(clock=clock)


def looking(*names):
    return [Here(manager=name, doing="looking") for name in names]


def test_others_are_seen_where_they_are_and_not_where_they_were(presence):
    presence.say("s1", "mara", "a", "looking")
    presence.say("s2", "tom", "a", "looking")
    assert presence.on_cards() == {"a": looking("mara", "tom")}
    assert presence.on_cards(but="mara") == {"a": looking("tom")}
    presence.say("s2", "tom", "b", "writing")
    assert presence.on_cards(but="mara") == {"b": [Here(manager="tom", doing="writing")]}
    presence.say("s2", "tom", None, "looking")
    assert presence.on_cards(but="mara") == {}
    assert presence.here() == {"mara", "tom"}, "on no card, but there"


def test_one_who_vanishes_is_forgotten_and_one_who_speaks_is_not(presence, clock):
    presence.say("s1", "mara", "a", "writing")
    presence.say("s2", "tom", "a", "looking")
    clock.now = 44
    presence.say("s2", "tom", "a", "looking")
    assert len(presence.on_cards()["a"]) == 2
    clock.now = 45
    assert presence.on_cards() == {"a": looking("tom")}
    assert presence.here() == {"tom"}
    clock.now = 89
    assert presence.on_cards() == {}


def test_a_manager_with_two_devices_is_there_once_and_writes_if_either_does(presence):
    presence.say("phone", "mara", "a", "writing")
    presence.say("desk", "mara", "a", "looking")
    assert presence.on_cards() == {"a": [Here(manager="mara", doing="writing")]}
    presence.leave("phone")
    assert presence.on_cards() == {"a": looking("mara")}


def test_whoever_watches_is_woken_and_no_longer_after_the_end(presence):
    with presence.watch() as watcher, presence.watch() as other:
        assert not watcher.is_set()
        presence.say("s1", "mara", "a", "looking")
        assert watcher.is_set()
        assert other.is_set()
        watcher.clear()
        presence.leave("nobody")
        assert not watcher.is_set()
        presence.leave("s1")
        assert watcher.is_set()
    watcher.clear()
    presence.say("s1", "mara", "a", "looking")
    assert not watcher.is_set()


said = st.tuples(
    st.sampled_from(["s1", "s2", "s3", "s4"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from(["looking", "writing"]),
    st.floats(0, 60),
)


@given(st.lists(said, max_size=30))
def test_it_is_what_each_session_said_last_within_45_seconds(told):
    clock, last = Clock(), {}
    presence = Presence(clock=clock)
    owner = {"s1": "mara", "s2": "mara", "s3": "tom", "s4": "kim"}
    for session, draft_id, doing, pause in told:
        clock.now += pause
        presence.say(session, owner[session], draft_id, doing)
        last[session] = (draft_id, doing, clock.now + 45)
        wanted = {}
        for name, (card, what, until) in last.items():
            if card is not None and until > clock.now:
                wanted.setdefault((card, owner[name]), set()).add(what)
        found = {(card, one.manager): one.doing for card, here in presence.on_cards().items() for one in here}
        assert found == {key: "writing" if "writing" in what else "looking" for key, what in wanted.items()}
