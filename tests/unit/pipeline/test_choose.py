"""The laws of selection: nothing repeats, limits hold, and the same post gets the same choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.model import Library, Limit, Template
from responders.selection import choose, fresh, opener
from responders.types import Candidate, CheckResult, Context, Level, MissingSlot, PastReply

NOW = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty", "kelp", "ledge")
SET = tuple(
    Candidate(
        text=f"{w.title()} {w[::-1]} {' '.join([WORDS[-i], WORDS[i - 2]] * 2)}.", template="en/praise/a", variant=w
    )
    for i, w in enumerate(WORDS)
)


def past(c: Candidate, *, fan: bool = False, channel: bool = True, hours: float = 1) -> PastReply:
    return PastReply(
        text=c.text,
        opener=opener(c.text),
        template=c.template,
        variant=c.variant,
        at=NOW - timedelta(hours=hours),
        same_channel=channel,
        same_fan=fan,
    )


def library(source: str | None = None, **limits: Limit) -> Library:
    template = Template(
        key="en/praise/a",
        path="en/praise/a.md",
        id="a",
        intent="praise",
        locale="en",
        variants=(),
        slots={},
        examples=(),
        limits=limits,  # type: ignore[arg-type]  # the two literal keys, as keywords
        answers_to=("where is it",),
        source=source,
    )
    return Library(templates=(template,), intents={})


def passes(_: Candidate) -> tuple[CheckResult, ...]:
    return (CheckResult(id="length", level=Level.PASS),)


def blocks(*variants: str, check: str = "not-a-twin") -> Callable[[Candidate], tuple[CheckResult, ...]]:
    return lambda c: (CheckResult(id=check, level=Level.BLOCK if c.variant in variants else Level.PASS),)


@pytest.fixture
def go(a_context: Callable[..., Context]) -> Callable[..., list[str]]:
    def run(candidates: Sequence[Candidate] = SET, replies: Sequence[PastReply] = ()) -> list[str]:
        context = a_context(past_replies=tuple(replies))
        left = fresh(candidates, "praise", context, library())
        choice = choose(left, context, passes)
        return [c.variant for c in (choice.best, *choice.alternatives) if c]

    return run


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("The paper moths make it.", "the paper"),
        ("  “Moths,” then?", "moths then"),
        ("Morning.", "morning"),
        ("It's a LAMP", "it's a"),
        ("", ""),
        ("...", ""),
    ],
)
def test_opener(text: str, want: str) -> None:
    assert opener(text) == want


@given(st.lists(st.tuples(st.sampled_from(SET), st.booleans(), st.booleans()), max_size=20))
def test_never_the_same_variant_twice_to_a_fan_and_a_recent_opener_last(
    a_context: Callable[..., Context],
    history: list[tuple[Candidate, bool, bool]],
) -> None:
    replies = tuple(past(c, fan=fan, channel=channel) for c, fan, channel in history)
    context = a_context(past_replies=replies)
    choice = choose(fresh(SET, "praise", context, library()), context, passes)
    chosen = [c for c in (choice.best, *choice.alternatives) if c]
    told = {p.variant for p in replies if p.same_fan}
    recent = {p.opener for p in replies if p.same_channel}
    assert not told & {c.variant for c in chosen}
    assert len({opener(c.text) for c in chosen}) == len(chosen) == min(3, len(SET) - len(told))
    unheard = [c for c in SET if c.variant not in told and opener(c.text) not in recent]
    heard = [opener(c.text) in recent for c in chosen]
    assert heard == sorted(heard)
    assert heard.count(False) == min(3, len(unheard))


def test_the_first_wordings_of_a_file_come_first(go: Callable[..., list[str]]) -> None:
    assert go() == [c.variant for c in SET[:3]]
    assert go(candidates=tuple(reversed(SET))) == [c.variant for c in SET[:-4:-1]]


def test_least_used_in_the_channel_first(go: Callable[..., list[str]]) -> None:
    filler = [past(replace(SET[0], text=f"Filler{n} number{n}", variant="gone")) for n in range(10)]
    older = [past(c) for c in SET[:-1]]
    assert go(replies=[*filler, *older])[0] == SET[-1].variant


def test_one_tap_first_then_the_closest_fit(go: Callable[..., list[str]]) -> None:
    gap = MissingSlot(name="wish", ask="What?")
    candidates = [replace(SET[0], fit=3, missing=(gap,)), replace(SET[1], fit=1), replace(SET[2], fit=2)]
    assert go(candidates) == [SET[2].variant, SET[1].variant, SET[0].variant]


def from_templates(*chances: float, sure: bool) -> list[Candidate]:
    """Three wordings of a template for each chance: w0a, w0b, w0c, w1a, ..."""
    return [
        replace(SET[3 * n + k], template=f"en/praise/t{n}", variant=f"w{n}{letter}", chance=chance, fit=-k, sure=sure)
        for n, chance in enumerate(chances)
        for k, letter in enumerate("abc")
    ]


def test_the_likeliest_speaks_twice_and_then_the_next(go: Callable[..., list[str]]) -> None:
    assert go(from_templates(0.2, 0.6, 0.1, sure=True)) == ["w1a", "w1b", "w0a"]
    assert go(from_templates(0.6, sure=True)) == ["w0a", "w0b", "w0c"]


def test_where_none_is_sure_each_speaks_once(go: Callable[..., list[str]]) -> None:
    assert go(from_templates(0.2, 0.3, 0.1, sure=False)) == ["w1a", "w0a", "w2a"]
    assert go(from_templates(0.2, 0.3, sure=False)) == ["w1a", "w0a", "w1b"]


@pytest.mark.parametrize(
    ("limits", "replies", "left"),
    [
        ({"per_fan": Limit(count=1, per=timedelta(days=7))}, [past(SET[0], fan=True, hours=24)], 0),
        ({"per_fan": Limit(count=1, per=timedelta(days=7))}, [past(SET[0], fan=True, hours=24 * 8)], 11),
        ({"per_fan": Limit(count=1, per=timedelta(days=7))}, [past(SET[0])], 12),
        ({"per_channel": Limit(count=2, per=timedelta(days=1))}, [past(SET[0]), past(SET[1])], 0),
        ({"per_channel": Limit(count=2, per=timedelta(days=1))}, [past(SET[0]), past(SET[1], hours=25)], 12),
        ({"per_channel": Limit(count=1, per=timedelta(days=1))}, [past(SET[0], channel=False, fan=True)], 11),
    ],
)
def test_limits_of_a_template(
    a_context: Callable[..., Context], limits: dict[str, Limit], replies: list[PastReply], left: int
) -> None:
    context = a_context(past_replies=tuple(replies))
    assert len(fresh(SET, "praise", context, library(**limits))) == left


def test_the_one_true_answer_may_repeat(a_context: Callable[..., Context]) -> None:
    context = a_context(past_replies=(past(SET[0], fan=True),))
    assert fresh(SET[:1], "are_you_a_bot", context, library()) == [SET[0]]
    assert fresh(SET[:1], "question", context, library(source="the desk")) == [SET[0]]
    assert fresh(SET[:1], "praise", context, library()) == []


def test_a_blocked_wording_makes_room_for_the_next(a_context: Callable[..., Context]) -> None:
    first = choose(SET, a_context(), passes).best
    assert first is not None
    second = choose(SET, a_context(), blocks(first.variant))
    assert second.best is not None
    assert second.best.variant != first.variant
    assert second.blocked == {"not-a-twin"}
    assert second.best.checks[0].level is Level.PASS


def test_all_blocked_is_nothing(a_context: Callable[..., Context]) -> None:
    choice = choose(SET, a_context(), blocks(*WORDS, check="no-promise"))
    assert (choice.best, choice.alternatives, choice.blocked) == (None, (), {"no-promise"})


def test_a_near_copy_stands_in_only_when_nothing_else_can(go: Callable[..., list[str]]) -> None:
    text = "Amber lamps above the old pier tonight"
    near = [
        Candidate(text=f"{text}.", template="en/praise/a", variant="one"),
        Candidate(text=f"{text}, then.", template="en/praise/a", variant="two"),
    ]
    assert sorted(go(near)) == ["one", "two"]
    assert len(set(go([*near, SET[3], SET[4]])) & {"one", "two"}) <= 1
    assert len(go([near[0], replace(near[0], variant="copy")])) == 1
