"""A week in which managers edit: it is counted, three patches are taken, and fewer drafts need an edit afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.demo.week import DECISIONS, PATCHES, POSTS, TASTE, play, texts
from tests.model import reader

pytestmark = [pytest.mark.month, pytest.mark.xdist_group("month"), pytest.mark.timeout(1200)]


async def test_a_week_of_edits_makes_the_next_one_need_fewer(tmp_path: Path) -> None:
    outcome = await play(tmp_path, datetime(2026, 9, 17, 14, tzinfo=UTC), reader)
    assert (outcome.posts, outcome.decisions) == (POSTS, DECISIONS)
    told = outcome.told
    skipped = sum(one.skipped for one in told.wordings)
    assert told.total.total + skipped == DECISIONS
    assert {(one.template, one.variant) for one in told.wordings if one.edited >= 3 and one.mostly_edited} == set(TASTE)
    patches = {(one.wording.template, one.wording.variant): one.patches for one in outcome.patched}
    assert set(patches) == set(TASTE)
    for key, (first, _) in TASTE.items():
        assert patches[key][0].new == first
    names = {f"Fan{number:03}" for number in range(POSTS)}
    offered = [patch.new for some in patches.values() for patch in some]
    assert not any(name in text for text in offered for name in names)
    assert any("name" in left.why for one in outcome.patched for left in one.not_offered)
    assert len(outcome.taken) == PATCHES
    assert outcome.after.same / outcome.after.drafts > outcome.before.same / outcome.before.drafts
    assert outcome.after.close > outcome.before.close


def test_no_post_is_in_both_weeks() -> None:
    this_week, next_week = texts()
    assert len(this_week) == POSTS
    assert not set(this_week) & set(next_week)
