"""The files of deploy/monitoring under their own tools: promtool checks the rules and plays each of them, and Grafana's
own types read the dashboard and write it again without a loss.

Not tried: a running Prometheus or Grafana. tests/integration/web/test_monitoring.py holds the names against /metrics.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

pytestmark = pytest.mark.deploy

FOLDER = Path(__file__).parents[2] / "deploy/monitoring"
RULES = FOLDER / "alerts.yaml"
TWO = ("a", "b")
"""Two processes on one database: an alert about it is told once."""


def queue(name: str, metric: str, values: str) -> dict[str, str]:
    return {f'greenroom_queue_{metric}{{queue="{name}",instance="{one}"}}': values for one in TWO}


PLAYED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "GreenroomDown": ({'up{job="greenroom",instance="a"}': "0x60"}, {'up{job="greenroom",instance="a"}': "1x60"}),
    "GreenroomCommunityAway": (
        {f'greenroom_community_up{{community="lamp",instance="{one}"}}': "0x60" for one in TWO},
        {f'greenroom_community_up{{community="lamp",instance="{one}"}}': f"{n}x60" for n, one in enumerate(TWO)},
    ),
    "GreenroomDatabaseUnavailable": ({"greenroom_database_up": "0x60"}, {"greenroom_database_up": "1 1 0 1x60"}),
    "GreenroomNothingJudged": (
        {**queue("unjudged", "depth", "3x60"), "greenroom_post_judged_seconds_count": "7x60"},
        {**queue("unjudged", "depth", "3x60"), "greenroom_post_judged_seconds_count": "0+2x60"},
    ),
    "GreenroomUnjudgedTooLong": (
        queue("unjudged", "oldest_seconds", "0+60x60"),
        queue("unjudged", "oldest_seconds", "119x60"),
    ),
    "GreenroomPartNotReady": ({'greenroom_ready{part="discord"}': "0x60"}, {'greenroom_ready{part="discord"}': "1x60"}),
    "GreenroomPlatformRests": (
        {'greenroom_circuit_open{platform="telegram"}': "1x60", 'greenroom_circuit_open{platform="web"}': "0x60"},
        {'greenroom_circuit_open{platform="telegram"}': "1 1 0 1 1 0x60"},
    ),
    "GreenroomReplyUncertain": (queue("uncertain", "depth", "1x60"), queue("uncertain", "depth", "0x60")),
    "GreenroomReplyFailed": (
        {f'greenroom_sends_total{{outcome="failed",platform="web",instance="{one}"}}': "0x20 1x40" for one in TWO},
        {'greenroom_sends_total{outcome="failed",platform="web"}': "4x60"},
    ),
    "GreenroomDeadLetters": (queue("dead_letters", "depth", "2x60"), queue("dead_letters", "depth", "0x60")),
    "GreenroomReaderMissing": ({"greenroom_reader_missing": "1x60"}, {"greenroom_reader_missing": "0x60"}),
    "GreenroomTemplateFaults": ({"greenroom_template_faults": "3x60"}, {"greenroom_template_faults": "3x10 0x60"}),
    "GreenroomManagersQueueOld": (
        queue("waiting", "oldest_seconds", "86300+60x60"),
        queue("waiting", "oldest_seconds", "80000+60x60"),
    ),
    "GreenroomDiskNearlyFull": ({"greenroom_disk_free_bytes": "9e8x60"}, {"greenroom_disk_free_bytes": "2e9x60"}),
}
"""Alert -> series, a value a minute, under which it is told once after an hour, and series under which it is not."""


def promtool(*words: str | Path) -> str:
    """What it says about files that are in order. promtool comes with Prometheus (Debian's package prometheus)."""
    done = subprocess.run(
        list(map(str, ("promtool", *words))), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return list(group["rules"])


def test_prometheus_takes_the_rules() -> None:
    assert f"{len(PLAYED)} rules found" in promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_prometheus_takes_the_example_of_its_configuration(tmp_path: Path) -> None:
    for file in (RULES, FOLDER / "prometheus.yml"):
        shutil.copy(file, tmp_path)
    token = tmp_path / "token"
    token.write_text("a token", encoding="utf-8")
    example = tmp_path / "prometheus.yml"
    example.write_text(example.read_text("utf-8").replace("/etc/prometheus/greenroom-token", str(token)), "utf-8")
    promtool("check", "config", example)


def test_each_alert_is_told_when_it_should_be_and_only_then(tmp_path: Path) -> None:
    """`promtool test rules` with a test for each alert, which also has its labels and its sentence."""
    assert {rule["alert"] for rule in rules()} == set(PLAYED)
    tests = []
    for alert, (fires, quiet) in PLAYED.items():
        for series, told in ((fires, 1), (quiet, 0)):
            data = [{"series": name, "values": values} for name, values in series.items()]
            tests.append((alert, data, told))
    for number, (alert, data, told) in enumerate(tests):
        file = tmp_path / f"{number}.yaml"
        shown = {"rule_files": [str(RULES)], "evaluation_interval": "1m"}
        query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
        wanted = [{"labels": "{}", "value": told}]
        one = {"interval": "1m", "input_series": data}
        one["promql_expr_test"] = [{"expr": query, "eval_time": "60m", "exp_samples": wanted}]
        file.write_text(yaml.safe_dump({**shown, "tests": [one]}), encoding="utf-8")
    promtool("test", "rules", *sorted(tmp_path.iterdir()))


def test_grafanas_own_types_read_the_dashboard_and_write_it_again() -> None:
    """A key that they do not know would be lost."""
    written = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))
    read = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(written)))
    assert lost(written, read) == []
    assert lost({"panels": [{"titel": "x"}]}, json.loads(JSONEncoder().encode(Dashboard.from_json({"panels": []}))))


def lost(written: Any, read: Any, path: str = "") -> list[str]:
    """What stands in `written` and not in `read`, which may have more."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [one for key in written for one in lost(written[key], read.get(key), f"{path}.{key}")]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        pairs = enumerate(zip(written, read, strict=True))
        return [one for n, (mine, theirs) in pairs for one in lost(mine, theirs, f"{path}[{n}]")]
    return [] if written == read else [path]
