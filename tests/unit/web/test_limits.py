"""How often one caller may ask."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bot.adapters.web.auth import Keys
from bot.adapters.web.limits import DECISIONS, LIMITS, MOST_BUCKETS, SIGN_IN, WRONG_TOKEN, Limits
from bot.adapters.web.problems import Problem

EXAMPLES = {
    "POST /signin": SIGN_IN,
    "GET /signin?token=x": SIGN_IN,
    "POST /api/drafts/a/decisions": DECISIONS,
}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("var"), {})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limits(keys, clock):
    return Limits(keys, clock)


def request(what, *, address="192.0.2.1", **headers):
    """A request as the guard gets it: "GET /inbox?q=x"."""
    method, _, rest = what.partition(" ")
    path, _, query = rest.partition("?")
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw}
    return Request({**scope, "client": (address, 1)})


def session(keys, manager="mara"):
    return {"cookie": f"{keys.cookie}={keys.new_session(manager)}"}


def passed(limits, number, *args, **more):
    """How many of so many requests pass."""
    done = 0
    for _ in range(number):
        with contextlib.suppress(Problem):
            limits.count(request(*args, **more))
            done += 1
    return done


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.path)
def test_no_person_is_ever_too_fast(limit):
    """Two presses a second for two minutes, or as many at once as there are cards on a page."""
    assert limit is SIGN_IN or limit.burst + 120 * limit.per_second >= 240
    assert limit.burst >= 25


@pytest.mark.parametrize("what", EXAMPLES)
def test_a_burst_passes_and_then_it_is_slower(limits, clock, what):
    limit = EXAMPLES[what]
    assert passed(limits, limit.burst + 10, what) == limit.burst
    with pytest.raises(Problem) as refused:
        limits.count(request(what))
    answer = refused.value.response()
    wait = int(answer.headers["Retry-After"])
    assert str(wait) in str(refused.value) or "a second" in str(refused.value)
    clock.now += wait
    limits.count(request(what))
    clock.now += 3600
    assert passed(limits, limit.burst + 10, what) == limit.burst, "a bucket holds no more than a burst"


@given(st.lists(st.floats(0, 40), max_size=300))
def test_nobody_gets_more_than_the_limit_allows(keys, pauses):
    clock = Clock()
    limits, begun, done = Limits(keys, clock), clock.now, 0
    for pause in pauses:
        clock.now += pause
        done += passed(limits, 1, "POST /signin")
    assert done <= SIGN_IN.burst + (clock.now - begun) * SIGN_IN.per_second + 1e-6


def test_each_session_and_each_address_has_its_own(keys, limits):
    what = "POST /api/drafts/a/decisions"
    mara, tom = session(keys), session(keys, "tom")
    assert passed(limits, DECISIONS.burst + 1, what, **mara) == DECISIONS.burst
    assert passed(limits, 1, what, **tom) == 1, "from the same address"
    assert passed(limits, 1, what, **mara, address="192.0.2.2") == 0, "from elsewhere it is the same session"
    assert passed(limits, 1, what, cookie=f"{keys.cookie}=forged") == 1, "what we did not sign counts for the address"
    assert passed(limits, DECISIONS.burst, what, cookie=f"{keys.cookie}=another") == DECISIONS.burst - 1


def test_a_flood_of_forged_links_keeps_nobody_out(keys, limits):
    """Behind a reverse proxy everybody has the same address."""
    assert passed(limits, 1000, "POST /signin?token=forged") == SIGN_IN.burst
    assert passed(limits, 2, f"POST /signin?token={keys.link_token('mara')}") == 2


def test_the_token_has_no_limit_and_wrong_ones_do(keys, limits):
    """Also not for 2,000 posts at once; and a flood of guesses does not shut the right one out."""
    right, wrong = {"authorization": f"Bearer {keys.token}"}, {"authorization": "Bearer guess"}
    assert passed(limits, 2000, "POST /api/posts", **right) == 2000
    assert passed(limits, 1000, "GET /api/drafts", **wrong) == WRONG_TOKEN.burst
    assert passed(limits, 1, "GET /metrics", authorization="Basic guess") == 0
    assert passed(limits, 1, "POST /api/posts", **right) == 1


def test_what_costs_little_is_not_counted(limits):
    for what in ("GET /static/api.js", "GET /inbox", "GET /inbox?q=", "GET /healthz", "GET /inbox/stream"):
        assert passed(limits, 500, what) == 500


def test_buckets_do_not_pile_up(limits):
    """Nor for a stranger with any number of addresses; who keeps on asking stays limited."""
    passed(limits, SIGN_IN.burst, "POST /signin", address="192.0.2.9")
    for number in range(MOST_BUCKETS + 100):
        limits.count(request("POST /signin", address=f"2001:db8::{number:x}"))
        if number % (MOST_BUCKETS // 2) == 0:
            assert passed(limits, 1, "POST /signin", address="192.0.2.9") == 0 or number == 0
    assert len(limits._buckets) <= MOST_BUCKETS
