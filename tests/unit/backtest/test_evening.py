"""What a backtest says of the sample evening is as it was kept."""

from __future__ import annotations

import difflib

from tests import evening

RENEW = "`.venv/bin/python -m tests.evening` renews the files in tests/data/evening"


def test_the_export_is_the_evening_as_it_is_played() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in evening.FOLDER.glob("*.json")}
    assert kept == evening.channels(), f"bot/console/evening.yaml has changed: {RENEW}"


def test_the_report_is_the_one_that_was_kept() -> None:
    kept, now = evening.REPORT.read_text(encoding="utf-8"), evening.report()
    difference = "\n".join(difflib.unified_diff(kept.splitlines(), now.splitlines(), "kept", "now", lineterm="", n=0))
    assert kept == now, (
        "The backtest says something else of the sample evening. It changes with the templates, the report's words "
        "and the trained model (its readings and their chances; another processor may round them otherwise). Read the "
        f"difference; if it is meant, {RENEW}.\n{difference}"
    )
