"""A backtest for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bot.backtest.assisted import Worth
from bot.backtest.report import Report
from bot.backtest.run import Item
from responders.library.unseen import seen
from responders.said import said
from responders.types import Outcome
from responders.voice.channel import BANDS

SHOWN = 5
"""Examples of each kind."""
GROUPS = 20
LONGEST = 160
"""Characters of a text on a terminal."""
FEW = 20
"""Below so many posts a share says nothing, and is not shown."""
_ACTIONS = {
    "draft": "a draft",
    "choice": "a choice of replies",
    "handoff": "for a person",
    "silent": "left alone",
}
_CHOICE = {Outcome.HANDOFF: "choice"}
"""A post that a second reading moved to a hand-off has ready replies."""
_WHY = {
    "intent": "a template fits",
    "low_confidence": "not clear enough",
    "gate": "danger, law, a child, hard words or spam",
    "not_addressed": "fans among themselves",
    "answered": "answered already",
    "follow_up": "goes on with an answer",
    "cap": "a cap was reached",
    "by_hand": "own words are better",
    "no_template": "no template fits",
    "no_fresh_wording": "every wording was just used",
    "no_answer": "no answer is certain",
    "not_text": "no words",
    "too_old": "too old",
}
_ASKED = {
    "answered": "a wording for the card",
    "blocked": "said what may not be said",
    "nothing": "no reply of its own",
    "nonsense": "nonsense",
    "late": "late",
    "down": "not reached",
    "busy": "asked us to wait",
    "refused": "refused",
}
_VOICE = {
    "opener_reuse_20": "begin like one of the 20 before",
    "similarity_p95_20": "likeness to the 20 before (95th percentile)",
    "distinct_2": "different word pairs",
    "exclaim_share": "with an exclamation mark",
    "words_p50": "words (median)",
}


def lines(report: Report) -> Iterator[str]:
    """The report, a line at a time."""
    total = len(report.items)
    if not total:
        yield "There are no posts of fans in it."
        return
    yield f"{_counted(total, 'post')} of fans"
    yield ""
    width = max(map(len, _ACTIONS.values()))
    for action, words in _ACTIONS.items():
        count = report.actions[action]
        why = ", ".join(f"{why_in_words(code)} {n:,}" for code, n in list(report.reasons.get(action, {}).items())[:4])
        yield f"  {words:<{width}}  {count:>7,}  {share(count, total):>4}   {why}"
    yield from _readings(report)
    yield from _then(report)
    yield from _voice(report)
    yield from _groups(report)
    yield from _unsure(report)


def _readings(report: Report) -> Iterator[str]:
    yield ""
    yield "How the posts were read"
    for name, counts in report.intents.items():
        parts = ", ".join(f"{_ACTIONS[action]} {counts[action]:,}" for action in _ACTIONS if counts.get(action))
        yield f"  {said(name) if name != 'none' else 'nothing in particular'}: {sum(counts.values()):,} ({parts})"
    if len(report.languages) > 1:
        yield f"  languages: {', '.join(f'{name} {count:,}' for name, count in report.languages)}"
    if report.situations:
        yield f"  replies most for: {', '.join(f'{said(name)} {count:,}' for name, count in report.situations[:8])}"


def _then(report: Report) -> Iterator[str]:
    yield ""
    if not report.answered or report.median_answer is None:
        yield "No answer of the team was found; --staff ID names its accounts."
        return
    many = len(report.answered)
    yield (
        f"The team answered {_counted(many, 'of these posts', 'of these posts')}, half of them within "
        f"{in_words(report.median_answer)}. For {report.answered_with_draft:,} a reply would have been ready at once."
    )
    for item in [item for item in report.answered if item.reply][:SHOWN]:
        yield ""
        yield f"  post:  {_cut(item.text)}"
        yield f"  team:  {_cut(item.answer.text if item.answer else '')}"
        yield f"  draft: {_cut(item.reply or '')}"


def _voice(report: Report) -> Iterator[str]:
    if report.voice.replies < FEW:
        return
    yield ""
    yield "How the drafts would have sounded in a row"
    for name, words in _VOICE.items():
        value = getattr(report.voice, name)
        if value is not None:
            ok = "" if BANDS[name].holds(value) else "   <- look at this"
            yield f"  {words}: {value:.2f} (should be {BANDS[name]}){ok}"


def _groups(report: Report) -> Iterator[str]:
    if not report.groups:
        return
    yield ""
    yield "Questions, complaints and wishes without a reply: your list, the largest first"
    for number, group in enumerate(report.groups[:GROUPS], start=1):
        posts = _counted(len(group.items), "post")
        yield f"  {number}. {_cut(group.name)} ({posts}, {said(group.intent)}, {group.language})"
        yield f"     such as: {_cut(group.items[0].text)}"
    left = len(report.groups) - GROUPS
    if left > 0:
        yield f"  and {left:,} more"
    yield "  --start-template NUMBER begins the file for one."


def _unsure(report: Report) -> Iterator[str]:
    if not report.unsure:
        return
    yield ""
    yield "What it is least sure about; please judge by hand"
    for item in report.unsure:
        yield f"  {item.confidence:.2f} {said(item.intent or '')}: {_cut(item.text)}"


def worth_lines(worth: Worth) -> Iterator[str]:
    """What a language model would have brought and cost. The numbers differ from run to run."""
    total = len(worth.asked)
    yield ""
    yield f"With the language model: {_counted(total, 'card')} asked about, {_counted(worth.answered, 'wording')} more"
    if not total:
        return
    yield f"  {', '.join(f'{asked_in_words(outcome)} {count:,}' for outcome, count in worth.outcomes.items())}"
    yield (
        f"  cost: {worth.tokens_in:,} tokens read and {worth.tokens_out:,} written; "
        f"{worth.seconds:.1f} seconds for half of the answers, {worth.slowest:.1f} for nine of ten"
    )
    if worth.moved:
        moved = ", ".join(f"{_ACTIONS[_CHOICE.get(outcome, str(outcome))]} {n:,}" for outcome, n in worth.moved.items())
        yield f"  unsure posts that its reading moves: {moved}"
    if worth.templates is None or worth.model is None:
        yield "  no post with an answer of the team, a ready reply and a wording of the model: nothing to compare"
    else:
        yield (
            f"  likeness to what the team wrote, on {_counted(worth.compared, 'post')}: templates "
            f"{worth.templates:.2f}, model {worth.model:.2f}; the model is nearer on {worth.nearer:,}"
        )
    if worth.alone:
        yield f"  for {_counted(worth.alone, 'post')} that the team answered, only the model had words"
    for one in [one for one in worth.asked if one.reply][:SHOWN]:
        yield ""
        yield f"  post:  {_cut(one.item.text)}"
        if one.item.answer:
            yield f"  team:  {_cut(one.item.answer.text)}"
        yield f"  card:  {_became(one.item)}"
        yield f"  model: {_cut(one.reply or '')}"


def worth_dict(worth: Worth) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "asked": len(worth.asked),
        "outcomes": dict(worth.outcomes),
        "moved": {_CHOICE.get(outcome, str(outcome)): count for outcome, count in worth.moved.items()},
        "seconds": {"median": round(worth.seconds, 3), "nine_of_ten": round(worth.slowest, 3)},
        "tokens": {"in": worth.tokens_in, "out": worth.tokens_out},
        "likeness": {
            "posts": worth.compared,
            "templates": worth.templates,
            "model": worth.model,
            "model_nearer": worth.nearer,
            "model_alone": worth.alone,
        },
        "items": [
            {
                "id": one.item.id,
                "outcome": one.outcome,
                "reply": one.reply,
                "why": one.why,
                "seconds": round(one.seconds, 3),
            }
            for one in worth.asked
        ],
    }


def asked_in_words(outcome: str) -> str:
    """What came of a question to a language model."""
    return _ASKED.get(outcome, outcome)


def as_dict(report: Report) -> dict[str, Any]:
    """For scripts; the shape is stable. `handoff` includes `choice`."""
    counts = report.actions
    return {
        "posts": len(report.items),
        "draft": counts["draft"],
        "choice": counts["choice"],
        "handoff": counts["handoff"] + counts["choice"],
        "silent": counts["silent"],
        "by_intent": {name: dict(found) for name, found in report.intents.items()},
        "reasons": {action: dict(found) for action, found in report.reasons.items()},
        "situations": dict(report.situations),
        "languages": dict(report.languages),
        "answered": {
            "posts": len(report.answered),
            "median_seconds": report.median_answer.total_seconds() if report.median_answer else None,
            "with_reply_ready": report.answered_with_draft,
        },
        "voice": asdict(report.voice),
        "groups": [
            {
                "name": group.name,
                "intent": group.intent,
                "language": group.language,
                "size": len(group.items),
                "posts": [item.id for item in group.items],
            }
            for group in report.groups
        ],
        "unsure": [item.id for item in report.unsure],
        "items": [_item(item) for item in report.items],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "platform": item.platform,
        "channel": item.channel,
        "at": item.at.isoformat(),
        "action": str(item.outcome),
        "intent": item.intent,
        "situation": item.situation,
        "confidence": round(item.confidence, 4),
        "language": item.language,
        "template": item.template,
        "variant": item.variant,
        "reply": item.reply,
        "choices": list(item.choices),
        "reason": item.reason,
        "reason_code": str(item.reason_code),
        "team": {"text": item.answer.text, "seconds": item.answer.after.total_seconds()} if item.answer else None,
    }


def changes(before: Sequence[Item], after: Sequence[Item]) -> list[tuple[Item, Item]]:
    """The posts of which something else becomes with other templates."""
    return [(old, new) for old, new in zip(before, after, strict=True) if _fate(old) != _fate(new)]


def _fate(item: Item) -> tuple[object, ...]:
    return (item.outcome, item.reply, item.choices)


def change_lines(pairs: Sequence[tuple[Item, Item]], total: int) -> Iterator[str]:
    """What an edit of the templates changes, pair by pair."""
    yield f"{len(pairs):,} of {total:,} posts change."
    for old, new in pairs:
        yield ""
        yield f"post:  {_cut(old.text)}"
        yield f"now:   {_became(old)}"
        yield f"then:  {_became(new)}"


def change_dicts(pairs: Sequence[tuple[Item, Item]], total: int) -> Mapping[str, Any]:
    """The same for scripts."""
    return {
        "posts": total,
        "changed": len(pairs),
        "changes": [{"id": old.id, "now": _item(old), "then": _item(new)} for old, new in pairs],
    }


def _became(item: Item) -> str:
    if item.reply:
        return f"{_cut(item.reply)} [{item.template}/{item.variant}]"
    if item.choices:
        return f"a choice: {' | '.join(_cut(text) for text in item.choices)}"
    return f"{_ACTIONS[item.action]}: {item.reason}" if item.outcome is not Outcome.SILENT else f"silent: {item.reason}"


def why_in_words(code: str) -> str:
    """A reason in a few words."""
    return _WHY.get(code) or said(code)


def in_words(span: timedelta) -> str:
    """A span in words, in its largest unit."""
    seconds = span.total_seconds()
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return _counted(round(seconds / size), unit)
    return "a minute"


def share(count: int, total: int) -> str:
    """A share in percent; empty where there are too few posts."""
    return f"{100 * count / total:.0f} %" if total >= FEW else ""


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _cut(text: str) -> str:
    """One line for a terminal, without what could move its cursor: fans wrote it."""
    line = " ".join(seen(text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
