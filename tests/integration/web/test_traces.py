"""Traces reach a collector: each hop of a post is a span of the post's trace, with ids and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot import hops, tracing
from bot.errors import GreenroomError
from bot.hops import Hop
from tests.fakes.collector import Collector
from tests.integration.conftest import House
from tests.integration.logs import MARK
from tests.integration.program import ROOT
from tests.integration.web.conftest import PRAISE, Start

POST, DRAFT, DELIVERY = "greenroom.post_id", "greenroom.draft_id", "greenroom.delivery_id"


async def test_every_hop_of_a_post_is_a_span_of_its_trace(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector().running() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        with tracing.kept():
            async with start(undo_seconds=0) as greenroom:
                author = {"id": MARK, "name": f"Robin {MARK}"}
                draft = await greenroom.draft(author=author, channel=MARK)
                post_id = draft["post"]["post_id"]
                assert (await greenroom.decide(draft, "approve", key="once")).status_code == 200
                await greenroom.until(
                    f"/api/posts/{post_id}", lambda post: post["reply"] and post["reply"]["state"] == "sent"
                )
                other = await greenroom.draft()
                assert (await greenroom.decide(other, "reject")).status_code == 200
    assert collector.problems == []
    assert collector.services == {"greenroom"}
    mine = [span for span in collector.spans if span.trace == post_id * 2]
    assert sorted(span.name for span in mine) == sorted(set(Hop) - {Hop.CARD})
    by_name = {span.name: span for span in mine}
    for inner in (Hop.CONTEXT, Hop.UNDERSTAND, Hop.RENDER):
        assert by_name[inner].parent == by_name[Hop.JUDGE].span
    assert {span.name for span in mine if not span.parent} == {Hop.RECEIVE, Hop.JUDGE, Hop.SUBMIT, Hop.DECIDE, Hop.SEND}
    assert by_name[Hop.DECIDE].attributes == {POST: post_id, DRAFT: draft["draft_id"]}
    assert set(by_name[Hop.SEND].attributes) == {POST, DRAFT, DELIVERY}
    assert all(span.seconds >= 0 and not span.failed for span in mine)
    theirs = {span.name for span in collector.spans if span.trace == other["post"]["post_id"] * 2}
    assert theirs == set(Hop) - {Hop.CARD, Hop.SEND}
    assert {span.trace for span in collector.spans} == {post_id * 2, other["post"]["post_id"] * 2}
    assert MARK.encode() not in b"".join(collector.bodies)


async def test_the_web_framework_sends_no_addresses_and_no_words(light: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would where something in the process has set a provider for all."""
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    monkeypatch.setattr("opentelemetry.trace._PROXY_TRACER_PROVIDER", provider)
    async with light() as greenroom:
        assert (await greenroom.http.post("/api/posts", json={"text": MARK})).status_code == 422
        assert (await greenroom.http.get(f"/{MARK}")).status_code == 404
    assert kept.get_finished_spans() == ()


async def test_a_hop_that_fails_is_marked_without_its_words(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.stage.script.append("broke")
    with Collector().running() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.endpoint}/v1/traces")
        with tracing.kept():
            await house.press(await house.draft(PRAISE), "approve")
            await house.send()
            with pytest.raises(ValueError, match=MARK), hops.hop(Hop.SEND, post_id="0" * 15 + "1"):
                raise ValueError(MARK)
    assert collector.problems == []
    assert {span.name for span in collector.spans if span.failed} == {Hop.SEND}
    assert sum(span.failed for span in collector.spans) == 2
    assert MARK.encode() not in b"".join(collector.bodies)


def test_without_an_address_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    with Collector().running() as collector, tracing.kept(), hops.hop(Hop.SEND, post_id="0" * 16):
        pass
    assert collector.spans == []


def test_a_collector_that_does_not_answer_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "PATIENCE", 0.05)
    with Collector().running() as collector:
        collector.answers.clear()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        with tracing.kept(), hops.hop(Hop.SEND, post_id="0" * 15 + "2"):
            pass
        assert collector.spans == [], "the stop did not wait for the answer"


def test_where_the_extra_is_missing_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(GreenroomError, match=r"pip install 'greenroom\[traces\]'"), tracing.kept():
        pass


def test_the_program_loads_nothing_of_it_without_an_address(tmp_path: Path) -> None:
    code = (
        "import sys, bot.app, bot.tracing\n"
        "with bot.tracing.kept(): pass\n"
        "sys.exit('opentelemetry.sdk' in sys.modules)"  # FastAPI loads the small part without an SDK
    )
    environ = {"PATH": "", "PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environ, timeout=120, check=False)
    assert found.returncode == 0
