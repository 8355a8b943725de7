"""The voice checks: what a reply must not say. One small class a file, word lists as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from responders.ports import VoiceCheck
from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.addressed import Addressed
from responders.voice.blame import NoBlame
from responders.voice.borrowed_life import NoBorrowedLife
from responders.voice.brand_silent import BrandSilent
from responders.voice.complaint_care import ComplaintCare
from responders.voice.contractions import Contractions
from responders.voice.crisis import CrisisStop
from responders.voice.emoji_mirror import EmojiMirror
from responders.voice.exclaim import Exclaim
from responders.voice.fresh_opener import FreshOpener
from responders.voice.i_over_we import IOverWe
from responders.voice.invention import NoInvention
from responders.voice.length import Length
from responders.voice.link import NoLink
from responders.voice.mass_ping import NoMassPing
from responders.voice.one_question import OneQuestion
from responders.voice.open_door import OpenDoor
from responders.voice.plain import Plain
from responders.voice.promise import NoPromise
from responders.voice.promo import NoPromoWord
from responders.voice.pronouns import Pronouns
from responders.voice.stock_phrase import NoStockPhrase
from responders.voice.task import NoTask
from responders.voice.them_share import ThemShare
from responders.voice.twin import NotATwin
from responders.voice.uninvited_history import NoUninvitedHistory
from responders.voice.variety import Variety

FIRM = frozenset({NoMassPing.id, NoPromoWord.id, NoBorrowedLife.id, NoPromise.id})
"""Checks that block a manager's own words too (the last two tell by themselves what of it is only worth a warning)."""


def default_checks(word_lists: Mapping[str, Mapping[str, Any]]) -> tuple[VoiceCheck, ...]:
    """The shipped checks, with the lists of a `Library` (the operators' words too)."""
    lists = word_lists
    pronouns = Pronouns(lists["pronouns"], lists["brand"])
    return (
        CrisisStop(lists["gates"]["crisis"]),
        NoMassPing(),
        Addressed(lists["crowd"]),
        IOverWe(pronouns),
        NoUninvitedHistory(),
        Length(),
        Contractions(),
        Exclaim(),
        EmojiMirror(),
        Plain(),
        NoStockPhrase(lists["stock_phrase"]),
        OneQuestion(),
        OpenDoor(lists["next_step"]),
        ThemShare(pronouns),
        BrandSilent(pronouns),
        NoLink(),
        NoPromoWord(lists["promo"]),
        NoTask(lists["task"]),
        NotATwin(),
        FreshOpener(),
        Variety(),
        NoPromise(lists["promise"]),
        NoInvention(lists["invention"]),
        NoBorrowedLife(lists["borrowed_life"]),
        ComplaintCare(lists["complaint_care"], lists["stop_words"]),
        NoBlame(lists["blame"]),
    )


def examine(checks: Iterable[VoiceCheck], wording: Wording, post: Post, context: Context) -> tuple[CheckResult, ...]:
    """Each check's verdict. On a manager's own words only the `FIRM` ones block; the others ask for a confirmation."""
    results = (check.check(wording, post, context) for check in checks)
    return tuple(_soften(result) if wording.own_words else result for result in results)


def _soften(result: CheckResult) -> CheckResult:
    if result.level is Level.BLOCK and result.id not in FIRM:
        return replace(result, level=Level.WARN)
    return result
