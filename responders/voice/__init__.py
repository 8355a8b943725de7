"""The voice checks: what a reply must not say. One small class for each check; word lists are data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from responders.ports import VoiceCheck
from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.blame import NoBlame
from responders.voice.borrowed_life import NoBorrowedLife
from responders.voice.cheer import NoCheer
from responders.voice.crisis import CrisisStop
from responders.voice.identity import HonestIdentity
from responders.voice.invention import NoInvention
from responders.voice.link import NoLink
from responders.voice.mass_ping import NoMassPing
from responders.voice.promise import NoPromise
from responders.voice.promo import NoPromoWord
from responders.voice.stock_phrase import NoStockPhrase
from responders.voice.task import NoTask
from responders.voice.twin import NotATwin
from responders.voice.uninvited_history import NoUninvitedHistory

STOPS = frozenset({NoMassPing.id, HonestIdentity.id})
"""Checks that stop a manager's own words too. All others only remark on them."""


def default_checks(word_lists: Mapping[str, Mapping[str, Any]]) -> tuple[VoiceCheck, ...]:
    """The shipped checks, with the lists of a `Library` (the operators' words included)."""
    lists = word_lists
    return (
        CrisisStop(lists["gates"]["crisis"]),
        NoMassPing(),
        HonestIdentity(lists["identity"]),
        NoBorrowedLife(lists["borrowed_life"]),
        NoPromise(lists["promise"]),
        NoInvention(lists["invention"]),
        NoLink(),
        NoPromoWord(lists["promo"]),
        NoTask(lists["task"]),
        NoStockPhrase(lists["stock_phrase"]),
        NoBlame(lists["blame"]),
        NoCheer(lists["cheer"]),
        NotATwin(),
        NoUninvitedHistory(),
    )


def examine(checks: Iterable[VoiceCheck], wording: Wording, post: Post, context: Context) -> tuple[CheckResult, ...]:
    """The verdict of each check. On a manager's own words only `STOPS` block; everything else becomes a remark."""
    results = (_verdict(check, wording, post, context) for check in checks)
    return tuple(_remark(result) if wording.own_words else result for result in results)


def _verdict(check: VoiceCheck, wording: Wording, post: Post, context: Context) -> CheckResult:
    """A check that fails blocks: what could not be checked is not in order."""
    try:
        return check.check(wording, post, context)
    except Exception as problem:
        note = f"The check {check.id} failed ({type(problem).__name__}); look at the words yourself."
        return CheckResult(id=check.id, level=Level.BLOCK, note=note)


def _remark(result: CheckResult) -> CheckResult:
    if result.level is Level.BLOCK and result.id not in STOPS:
        return replace(result, level=Level.WARN)
    return result
