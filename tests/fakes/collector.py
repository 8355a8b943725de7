"""A collector of OpenTelemetry: takes traces over HTTP as protobuf, as the real one does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span as it came. Ids are in hex; `parent` is empty for one that has none."""

    name: str
    trace: str
    span: str
    parent: str
    attributes: dict[str, str]
    seconds: float
    failed: bool


class Collector:
    """What has come so far."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.bodies: list[bytes] = []
        self.problems: list[str] = []
        self.answers = threading.Event()
        """While it is not set, requests wait."""
        self.answers.set()
        self.endpoint = ""

    def take(self, path: str, kind: str, body: bytes) -> None:
        """One request."""
        if (path, kind) != ("/v1/traces", "application/x-protobuf"):
            self.problems.append(f"{path} {kind}")
            return
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(named["service.name"])
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.append(
                        Span(
                            name=span.name,
                            trace=span.trace_id.hex(),
                            span=span.span_id.hex(),
                            parent=span.parent_span_id.hex(),
                            attributes={one.key: one.value.string_value for one in span.attributes},
                            seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                            failed=span.status.code == span.status.STATUS_CODE_ERROR,
                        )
                    )
                    if span.events or span.status.message:
                        self.problems.append(f"{span.name} says more than it should")

    @contextlib.contextmanager
    def running(self) -> Iterator[Collector]:
        """Listen on a free port."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.answers.wait(60)
                collector.take(self.path, self.headers["Content-Type"], body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            self.answers.set()
            server.shutdown()
            server.server_close()
            thread.join(60)
