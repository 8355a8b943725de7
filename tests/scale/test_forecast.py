"""The table of docs/operations.md is what the program prints, and follows from what stands at its top."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale import forecast

ROOT = Path(__file__).parents[2]


def test_the_page_shows_what_the_program_prints() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.scale"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    section = (ROOT / "docs/operations.md").read_text("utf-8").partition("## Ten thousand communities")[2]
    assert done.stdout in section


def test_sizes_are_shares_of_one() -> None:
    assert sum(size.share for size in forecast.SIZES) == pytest.approx(1)


def test_more_posts_need_more(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(forecast.rows())
    monkeypatch.setattr(forecast, "PEAK", 10 * forecast.PEAK)
    after = dict(forecast.rows())
    assert float(after["cores for the posts of the busiest hour"]) > float(
        before["cores for the posts of the busiest hour"]
    )
    assert int(after["databases"]) > int(before["databases"])
    assert after["size of all databases"] == before["size of all databases"]
