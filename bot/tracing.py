"""Traces for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set; needs the extra `traces`.

A post's hops are one trace, in whatever process and whenever they happen: its id is the post's id, twice. A span has
ids of ours and nothing else.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from bot import hops
from bot.errors import GreenroomError

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Variables of the environment that OpenTelemetry knows. One of them switches traces on."""
PATIENCE = 3.0
"""Seconds that a stop waits for the last spans to leave."""
_NAMES = {"post_id": "greenroom.post_id", "draft_id": "greenroom.draft_id", "delivery_id": "greenroom.delivery_id"}
_post: ContextVar[str | None] = ContextVar("post", default=None)
"""The post whose trace is begun."""


@contextmanager
def kept() -> Iterator[None]:
    """Send the spans of what happens inside to the collector, if one is named.

    Raises GreenroomError without the extra.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415
    except ImportError as error:
        raise GreenroomError(
            f"{ENDPOINTS[0]} is set, but what sends traces is not installed; run pip install 'greenroom[traces]', or "
            "unset it"
        ) from error

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            post = _post.get()
            return int(post * 2, 16) if post else super().generate_trace_id()

    provider = TracerProvider(
        resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "greenroom"}),
        id_generator=Ids(),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    hops.keep_spans(_Spans(provider.get_tracer("greenroom")))
    try:
        yield
    finally:
        hops.keep_spans(None)
        # On a thread of its own: a collector that does not answer must not hold up the stop.
        closing = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(PATIENCE)


class _Spans:
    """Keeps hops as spans. A hop inside another one is its child."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def around(self, hop: str, ids: dict[str, str]) -> Iterator[None]:
        from opentelemetry.trace import StatusCode, use_span  # noqa: PLC0415 - an extra

        with _of(ids):
            span = self._tracer.start_span(hop, attributes=_attributes(ids))
        # What an exception says may quote a fan.
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except BaseException:
                span.set_status(StatusCode.ERROR)
                raise

    def ended(self, hop: str, seconds: float, ids: dict[str, str]) -> None:
        now = time.time_ns()
        with _of(ids):
            span = self._tracer.start_span(hop, attributes=_attributes(ids), start_time=now - int(seconds * 1e9))
        span.end(now)


@contextmanager
def _of(ids: Mapping[str, str]) -> Iterator[None]:
    token = _post.set(ids.get("post_id"))
    try:
        yield
    finally:
        _post.reset(token)


def _attributes(ids: Mapping[str, str]) -> dict[str, str]:
    return {_NAMES[name]: value for name, value in ids.items()}
