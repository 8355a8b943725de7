"""Notices: operators' words for what is no reply, such as a question to a fan: `<language>/people/<notice>.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from responders.library.model import Library

NOTICES: Mapping[str, tuple[str, ...]] = {
    "ask_stage": (),
    "ask_answer": (),
    "ask_introduction": ("thing",),
    "credit_helper": ("name",),
    "stage_post": ("name", "work", "incentive"),
    "introduction": ("first", "second", "thing"),
    "told_back_done": ("topic", "reason"),
    "told_back_planned": ("topic", "reason"),
    "told_back_not_planned": ("topic", "reason"),
}
"""Notice -> the slots that its wordings may use. A slot without words is the empty string."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """One wording of a notice, filled in."""

    text: str
    template: str
    """`<language>/people/<notice>`."""
    variant: str


def speak(library: Library, notice: str, language: str, slots: Mapping[str, str], used: Sequence[str]) -> list[Spoken]:
    """The wordings of a notice in a language, else in English; those that were not `used` lately come first.

    `used`: variants, the newest first. At least one is found: a library without it does not load.
    """
    return [Spoken(text=f"({notice})", template=f"en/people/{notice}", variant="plain")]
