"""The voice checks: what a reply must not say. One small class a file, word lists as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from responders.ports import VoiceCheck
from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.borrowed_life import NoBorrowedLife
from responders.voice.crisis import CrisisStop
from responders.voice.length import Length
from responders.voice.mass_ping import NoMassPing
from responders.voice.promise import NoPromise
from responders.voice.promo import NoPromoWord
from responders.voice.twin import NotATwin

FIRM = frozenset({NoMassPing.id, NoPromoWord.id, NoBorrowedLife.id, NoPromise.id})
"""Checks that block a manager's own words too (the last two tell by themselves what of it is only worth a warning)."""


def default_checks(word_lists: Mapping[str, Mapping[str, Any]]) -> tuple[VoiceCheck, ...]:
    """The shipped checks, with the lists of a `Library` (the operators' words included)."""
    return (
        CrisisStop(word_lists["gates"]["crisis"]),
        NoMassPing(),
        NoBorrowedLife(word_lists["borrowed_life"]),
        NoPromise(word_lists["promise"]),
        NoPromoWord(word_lists["promo"]),
        NotATwin(),
        Length(),
    )


def examine(checks: Iterable[VoiceCheck], wording: Wording, post: Post, context: Context) -> tuple[CheckResult, ...]:
    """Each check's verdict. On a manager's own words only the `FIRM` ones block; the others ask for a confirmation."""
    results = (check.check(wording, post, context) for check in checks)
    return tuple(_soften(result) if wording.own_words else result for result in results)


def _soften(result: CheckResult) -> CheckResult:
    if result.level is Level.BLOCK and result.id not in FIRM:
        return replace(result, level=Level.WARN)
    return result
