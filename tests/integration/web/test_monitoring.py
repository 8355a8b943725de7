"""The rules and the dashboard of deploy/monitoring, and the page on operations, ask only for what /metrics tells.

promql-parser reads the expressions, as Prometheus' own parser does. tests/deploy/test_monitoring.py has more, where the
tools are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.hops import Hop
from bot.store.totals import QUEUES
from tests.integration.program import ROOT
from tests.integration.web.conftest import CONFIG, Start

FOLDER = ROOT / "deploy/monitoring"
MODEL = "assistant: {{endpoint: 'http://127.0.0.1:9/v1', model: small, processor: a model on our own server}}\n"
ELSEWHERE = {"up": {"job"}, "greenroom_community_up": {"community"}}
"""Prometheus' own, and what only a process with several communities tells; with their labels."""
VALUES = {
    "queue": set(QUEUES),
    "hop": set(Hop),
    "edited": {"yes", "no"},
    "outcome": {"sent", "corrected", "removed", "delayed", "failed", "uncertain", "recalled"},
    "job": {"greenroom"},
}
"""What a label may be compared with."""
FREE = {"community", "instance", "pod", "job"}
"""Labels that Prometheus adds, or a process with several communities."""


@pytest.fixture
async def told(light: Start) -> dict[str, Metric]:
    """The metrics of a running program with a language model, by the names of their series."""
    async with light(config=CONFIG + MODEL) as greenroom:
        await greenroom.http.get("/metrics")
        await greenroom.draft()
        text = (await greenroom.http.get("/metrics")).text
    found = {}
    for family in text_string_to_metric_families(text):
        names = {sample.name for sample in family.samples} or {family.name, f"{family.name}_total"}
        if family.type == "histogram":
            names = {f"{family.name}_{end}" for end in ("bucket", "sum", "count")}
        found |= dict.fromkeys(names, family)
    return found


def selectors(node: Any) -> Iterator[Any]:
    """Every series that an expression asks for."""
    if isinstance(node, promql.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, name, None)
        if child is not None and type(child).__module__.startswith("promql_parser"):
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


def asked(expression: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The series of an expression, each with what its labels are compared with."""
    text = expression.replace("$__rate_interval", "5m").replace("$community", ".*")
    found = list(selectors(promql.parse(text)))
    assert found, expression
    for one in found:
        yield one.name, {matcher.name: matcher.value for matcher in one.matchers.matchers}


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]


def panels() -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))["panels"])


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [
        target["expr"] for panel in panels() for target in panel.get("targets", ())
    ]


def test_every_series_that_is_asked_for_is_told(told: dict[str, Metric]) -> None:
    for expression in expressions():
        for name, labels in asked(expression):
            if name in ELSEWHERE:
                known = ELSEWHERE[name]
            else:
                assert name in told, f"{name} in {expression}"
                known = FREE | {label for sample in told[name].samples for label in sample.labels}
                known |= {"edited"} if name == "greenroom_replies_sent_total" else set()
            assert labels.keys() <= known, expression
            for label, value in labels.items():
                if label in VALUES:
                    assert set(value.split("|")) <= VALUES[label], expression


def test_every_number_of_ours_is_on_the_dashboard(told: dict[str, Metric]) -> None:
    shown = {name for panel in panels() for target in panel.get("targets", ()) for name, _ in asked(target["expr"])}
    ours = {family.name for family in told.values() if family.name.startswith("greenroom_")}
    unseen = {name for name in ours if not any(one.startswith(name) for one in shown)}
    assert unseen == set()


def test_the_dashboard_holds_together() -> None:
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies on another one"
        taken |= cells
        assert panel["type"] == "row" or panel["targets"]


def section(title: str) -> str:
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_the_page_has_each_alert_and_no_other() -> None:
    written = re.findall(r"^\| `(\w+)` \|", section("Alerts"), re.MULTILINE)
    assert written == [rule["alert"] for rule in rules()]


def test_the_page_has_each_number_and_no_other(told: dict[str, Metric]) -> None:
    written = set(re.findall(r"^\| `(\w+)", section("What to look at"), re.MULTILINE))
    ours = {family.name for family in told.values() if family.name.startswith("greenroom_")}
    counters = {family.name for family in told.values() if family.type == "counter"}
    assert written == {f"{name}_total" if name in counters else name for name in ours} | {"greenroom_community_up"}
    labels = dict(re.findall(r"^\| `(\w+)\{([\w, ]+)\}`", section("What to look at"), re.MULTILINE))
    for name, told_of in labels.items():
        if name in ELSEWHERE:
            continue
        samples = told[name if name in told else f"{name}_count"].samples
        real = {label for sample in samples for label in sample.labels} - {"le"}
        assert not samples or set(told_of.split(", ")) >= real, name
