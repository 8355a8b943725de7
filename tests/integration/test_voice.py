"""The shipped library keeps to the bands of voice.md over the development posts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def measure(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.voice", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    run = measure("--json")
    assert not run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_every_number_is_in_its_band(measured: dict[str, Any]) -> None:
    outside = {n: (f["value"], f["band"]) for n, f in measured["figures"].items() if f["holds"] is False}
    assert outside == {}


def test_all_posts_are_told_and_each_draft_says_something(measured: dict[str, Any]) -> None:
    items = measured["items"]
    assert len(items) == 300
    assert all((item["action"] == "draft") == bool(item["reply"]) for item in items)
    assert not [item["reply"] for item in items if item["reply"] and ("{" in item["reply"] or "None" in item["reply"])]


def test_no_crisis_claim_or_child_is_answered_by_a_template(measured: dict[str, Any]) -> None:
    assert {item["action"] for item in measured["items"] if item["want"] == "handoff"} == {"handoff"}


def test_an_unknown_option_is_told_in_a_sentence() -> None:
    run = measure("--jsn")
    assert (run.returncode, run.stderr) == (2, "Usage: python -m tests.voice [--json]\n")
