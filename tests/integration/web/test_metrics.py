"""`/metrics` after a played evening: the promised numbers are there and right, and nothing of a fan is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import hops
from bot.hops import Hop
from bot.store.totals import QUEUES
from tests.integration.web.conftest import PRAISE, Greenroom, Start
from tests.integration.web.trouble import take_tables_away

MARK = "zarquon"
"""In every word, name and id that a fan brings."""
Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(greenroom: Greenroom) -> Numbers:
    """What the library of Prometheus reads in the answer."""
    answer = await greenroom.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: Numbers = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} stands there twice"
            found[key] = sample.value
    return found


def number(numbers: Numbers, name: str, **labels: str) -> float:
    return numbers[f"greenroom_{name}", frozenset(labels.items())]


def of(numbers: Numbers, name: str) -> dict[Mapping[str, str] | Any, float]:
    """What is not 0 of a metric, by its labels."""
    named = {labels: value for (found, labels), value in numbers.items() if found == f"greenroom_{name}"}
    return {tuple(sorted(labels)): value for labels, value in named.items() if value}


async def posted(greenroom: Greenroom, text: str, n: int, **more: Any) -> dict[str, Any]:
    author = {"id": f"{MARK}-fan-{n}", "name": f"Robin {MARK}", **more.pop("author", {})}
    return await greenroom.draft(text, channel=f"{MARK}-{n}", author=author, **more)


async def test_after_an_evening_every_number_is_there_and_right(start: Start) -> None:
    async with start(undo_seconds=0) as greenroom:
        before = await scraped(greenroom)
        assert number(before, "sends_total", platform="web", outcome="failed") == 0, "the first failure is an increase"
        approved = await posted(greenroom, PRAISE, 1)
        assert (await greenroom.decide(approved, "approve")).status_code == 200
        edited = await posted(greenroom, PRAISE, 2)
        assert (await greenroom.decide(edited, "edit", text=f"So good to read, {MARK}.")).status_code == 200
        skipped = await posted(greenroom, PRAISE, 3)
        assert (await greenroom.decide(skipped, "reject", key="once")).status_code == 200
        assert (await greenroom.decide(skipped, "reject", key="once")).status_code == 200, "no second decision"
        slept = await posted(greenroom, PRAISE, 4)
        assert (await greenroom.decide(slept, "snooze", minutes=5)).status_code == 200
        waits = await posted(greenroom, PRAISE, 5)
        staff = {"id": f"{MARK}-6", "name": MARK, "is_staff": True}
        silent = await greenroom.post(MARK, channel=f"{MARK}-6", author=staff)
        await greenroom.until(f"/api/posts/{silent}", lambda post: post["action"] == "silent")
        reply = f"/api/posts/{approved['post']['post_id']}"
        await greenroom.until(reply, lambda post: post["reply"] and post["reply"]["state"] == "sent")
        await greenroom.until(
            f"/api/posts/{edited['post']['post_id']}", lambda post: post["reply"] and post["reply"]["state"] == "sent"
        )
        assert (await greenroom.decide(approved, "remove")).status_code == 200
        await greenroom.until(reply, lambda post: post["reply"]["state"] == "removed")
        now = await scraped(greenroom)

        assert of(now, "posts_judged_total") == {
            (("action", "draft"), ("reason", "intent")): 5,
            (("action", "silent"), ("reason", "staff_or_bot")): 1,
        }
        assert {dict(labels)["action"]: value for labels, value in of(now, "decisions_total").items()} == {
            "approve": 1,
            "edit": 1,
            "reject": 1,
            "snooze": 1,
            "remove": 1,
        }
        assert of(now, "sends_total") == {
            (("outcome", "sent"), ("platform", "web")): 2,
            (("outcome", "removed"), ("platform", "web")): 1,
        }
        assert of(now, "replies_sent_total") == {
            (("edited", "no"), ("platform", "web")): 1,
            (("edited", "yes"), ("platform", "web")): 1,
        }
        depth = {dict(labels)["queue"]: value for labels, value in of(now, "queue_depth").items()}
        assert depth == {"waiting": 1, "snoozed": 1}
        assert all(number(now, "queue_depth", queue=queue) >= 0 for queue in QUEUES), "each is there"
        assert number(now, "queue_oldest_seconds", queue="waiting") > 0
        assert number(now, "queue_oldest_seconds", queue="held") == 0
        assert number(now, "post_judged_seconds_count") == 6
        assert number(now, "draft_decided_seconds_count") == 3
        assert number(now, "reply_sent_seconds_count") == 2
        for name in ("post_judged_seconds_sum", "draft_decided_seconds_sum", "reply_sent_seconds_sum"):
            assert 0 < number(now, name) < 60, name

        hops_seen = {
            hop: number(now, "hop_seconds_count", hop=hop) - number(before, "hop_seconds_count", hop=hop) for hop in Hop
        }
        assert hops_seen == {
            Hop.RECEIVE: 6,
            Hop.JUDGE: 6,
            Hop.CONTEXT: 6,
            Hop.UNDERSTAND: 6,
            Hop.RENDER: 5,
            Hop.SUBMIT: 6,
            Hop.CARD: 0,
            Hop.DECIDE: 5,
            Hop.SEND: 3,
        }
        assert number(now, "commit_seconds_count") > number(before, "commit_seconds_count")
        assert waits["state"] == "waiting"

        assert number(now, "ready", part="outbox") == 1
        assert number(now, "ready", part="web") == 1
        assert number(now, "circuit_open", platform="web") == 0
        for name, value in (("template_faults", 0), ("reader_missing", 0), ("on_hold", 0), ("database_up", 1)):
            assert number(now, name) == value, name
        assert number(now, "disk_free_bytes") > 0
        assert now["process_resident_memory_bytes", frozenset()] > 0
        assert number(now, "http_requests_total", method="POST", status="202") == 6

        text = (await greenroom.http.get("/metrics")).text
        ids = [card[key] for card in (approved, edited, slept, waits) for key in ("draft_id",)]
        assert not [word for word in (MARK, "Robin", "Mara", "mara", "gorgeous", silent, *ids) if word in text]


async def test_what_was_before_the_first_scrape_is_not_counted_and_nothing_is_counted_twice(light: Start) -> None:
    async with light(undo_seconds=0) as greenroom:
        await greenroom.draft()
        assert of(await scraped(greenroom), "posts_judged_total") == {}
        assert number(await scraped(greenroom), "queue_depth", queue="waiting") == 1
        draft = await greenroom.draft()
        for _ in range(2):
            assert sum(of(await scraped(greenroom), "posts_judged_total").values()) == 1
        assert (await greenroom.decide(draft, "approve")).status_code == 200
        await greenroom.until(
            f"/api/posts/{draft['post']['post_id']}", lambda post: post["reply"] and post["reply"]["state"] == "sent"
        )
        assert sum(of(await scraped(greenroom), "sends_total").values()) == 1


async def test_more_than_a_page_of_events_is_counted_in_one_scrape(light: Start, monkeypatch: Any) -> None:
    monkeypatch.setattr("bot.adapters.web.metrics.PAGE", 2)
    async with light() as greenroom:
        await scraped(greenroom)
        for _ in range(4):
            await greenroom.draft()
        assert sum(of(await scraped(greenroom), "posts_judged_total").values()) == 4


async def test_a_second_judgement_that_a_manager_asks_for_is_no_wait(light: Start) -> None:
    async with light() as greenroom:
        await scraped(greenroom)
        post_id = await greenroom.post(author={"id": "staff", "name": "Staff", "is_staff": True})
        await greenroom.until(f"/api/posts/{post_id}", lambda post: post["action"] == "silent")
        assert (await greenroom.http.post(f"/api/posts/{post_id}/card")).status_code < 400
        numbers = await scraped(greenroom)
        assert sum(of(numbers, "posts_judged_total").values()) == 2
        assert number(numbers, "post_judged_seconds_count") == 1


async def test_while_the_database_fails_the_rest_is_told(light: Start, tmp_path: Any) -> None:
    async with light(only=("web",)) as greenroom:
        assert number(await scraped(greenroom), "database_up") == 1
        take_tables_away(tmp_path)
        numbers = await scraped(greenroom)
        assert number(numbers, "database_up") == 0
        assert number(numbers, "reader_missing") == 0
        assert of(numbers, "queue_depth") == {}


async def test_without_its_model_it_says_so(start: Start) -> None:
    def none() -> Any:
        from bot.reader import NoReader  # noqa: PLC0415

        raise NoReader("a file is missing")

    async with start(reader=none) as greenroom:
        assert number(await scraped(greenroom), "reader_missing") == 1


def test_a_hop_that_fails_is_measured_too() -> None:
    def count() -> float:
        found = hops.REGISTRY.get_sample_value("greenroom_hop_seconds_count", {"hop": "send"})
        assert found is not None
        return found

    before = count()
    with pytest.raises(ConnectionResetError), hops.hop(Hop.SEND, post_id="0" * 16):
        raise ConnectionResetError
    assert count() == before + 1
