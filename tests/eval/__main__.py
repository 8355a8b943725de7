"""`python -m tests.eval [--words-only] [--posts dev|unseen] [--json]`: how well posts are read, beside the goals.

It reads the communities of the corpus that nothing was fitted to, with what stood before each post, and the FAQs, new
intents, details and feelings of `tests/eval`. With `--posts`, an older set of posts, feelings and details.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported, as the product does

import structlog

import bot.reader
from bot.reader import NoReader, load_reader
from responders.pipeline import Pipeline
from tests.eval import figures, posts
from tests.eval.figures import Figure
from tests.eval.posts import Named, labelled
from tests.eval.reading import Read, Reader, answer_files, intent_files, read
from training.corpus import Labelled

_SETS = {"dev": posts.HERE, "unseen": posts.UNSEEN}
_FAQS = {"FAQ of 40": "faq", "FAQ of 128": "faq_game"}
_SIZES = (5, 8, 15)


def main(arguments: list[str]) -> int:
    """Print the numbers; 1 when one of them is not what it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval", description="How well posts are read.")
    parser.add_argument("--words-only", action="store_true", help="read without the model")
    parser.add_argument("--posts", choices=_SETS, help="an older set of posts")
    parser.add_argument("--json", action="store_true", help="for scripts: each post with what was read, too")
    chosen = parser.parse_args(arguments)
    try:
        reader = Reader(_loader(words_only=chosen.words_only))
    except NoReader as error:
        parser.exit(2, f"{error}\n")
    shipped = reader.pipeline()
    folder = _SETS.get(chosen.posts, posts.HERE)
    every = read(shipped, posts.posts(folder) if chosen.posts else posts.held_out())
    found = [
        *figures.of_posts(every),
        figures.of_feelings(read(shipped, posts.feelings(folder))),
        *_details(shipped, posts.named(folder)),
    ]
    if not chosen.posts:
        found += [*_answers(reader, shipped, every), *_new(reader, every)]
    found = [figure for figure in found if figure.of]
    sys.stdout.write(_as_json(found, every) if chosen.json else _as_tables(found, every))
    return 1 if any(figure.holds is False for figure in found) else 0


def _loader(*, words_only: bool) -> Callable[[], bot.reader.Reader]:
    """What gives the model, which is loaded once. Raises NoReader: words alone are measured only when asked for."""
    if words_only:
        return _no_reader
    loaded = load_reader()
    return lambda: loaded


def _no_reader() -> bot.reader.Reader:
    raise NoReader("that was asked for", "leave --words-only out")


def _details(shipped: Pipeline, named: Sequence[Named]) -> list[Figure]:
    found = read(shipped, [labelled("", case.text) for case in named])
    return figures.of_details([(case, x.proposal) for case, x in zip(named, found, strict=True)])


def _answers(reader: Reader, shipped: Pipeline, every: Sequence[Read]) -> Iterator[Figure]:
    """The invented FAQs, and all phrasings that operators themselves wrote."""
    others = [x.post for x in every if x.post.intent == "question"]
    own = read(shipped, _phrasings(shipped, everything=True))
    for name, file in _FAQS.items():
        entries = posts.entries(file)
        pipeline = reader.pipeline(answer_files(entries))
        own += read(pipeline, _phrasings(pipeline))
        asked = read(pipeline, [labelled(f"en/question/{e.id}", text) for e in entries for text in e.fans])
        keys = {template.key for template in pipeline.library.templates if template.is_faq}
        yield from figures.of_questions(name, asked, read(pipeline, others), keys)
    yield figures.of_own_phrasing(own)


def _phrasings(pipeline: Pipeline, *, everything: bool = False) -> list[Labelled]:
    """What stands under `answers_to`: of the FAQ answers, or of every file."""
    files = (t for t in pipeline.library.templates if everything or t.is_faq)
    return [labelled(t.key, ask, t.locale) for t in files for ask in t.answers_to]


def _new(reader: Reader, every: Sequence[Read]) -> Iterator[Figure]:
    intents = posts.new_intents()
    own = [labelled(intent.name, text) for intent in intents for text in intent.posts]
    for size in _SIZES:
        pipeline = reader.pipeline(intent_files(intents, size))
        others = read(pipeline, [x.post for x in every])
        yield from figures.of_new_intents(read(pipeline, own), others, intents, size)


def _as_tables(found: Sequence[Figure], every: Sequence[Read]) -> str:
    return "\n".join((_goals(found), _by_label(every), _calibration(every)))


def _goals(found: Sequence[Figure]) -> str:
    rows = [["", "", "of", "must", "moonshot", ""]]
    for figure in found:
        sign = "<=" if figure.at_most else ">="
        goals = ("" if goal is None else f"{sign} {goal:g}" for goal in (figure.must, figure.moonshot))
        mark = {True: "ok", False: "MISSED", None: ""}[figure.holds]
        rows.append([figure.name, _said(figure.value), str(figure.of), *goals, mark])
    return _aligned(rows)


def _by_label(every: Sequence[Read]) -> str:
    """F1 of each label, the weakest first, and what it was taken for."""
    rows = [["", "F1", "posts", "taken for"]]
    labels = {x.post.intent for x in every}
    for label in sorted(labels, key=lambda label: figures.of_label(every, label)):
        taken = ", ".join(f"{other} {count}" for other, count in figures.confusions(every, label))
        count = sum(x.post.intent == label for x in every)
        rows.append([label, _said(figures.of_label(every, label)), str(count), taken])
    return _aligned(rows)


def _calibration(every: Sequence[Read]) -> str:
    rows = [["confidence", "right", "posts"]]
    rows += [[f"{low:.1f} to {high:.1f}", _said(f.value), str(f.of)] for low, high, f in figures.calibration(every)]
    return _aligned(rows)


def _as_json(found: Sequence[Figure], every: Sequence[Read]) -> str:
    bounds = figures.calibration(every)
    content = {
        "figures": {
            f.name: {"value": f.value, "of": f.of, "must": f.must, "moonshot": f.moonshot, "holds": f.holds}
            for f in found
        },
        "labels": {label: figures.of_label(every, label) for label in sorted({x.post.intent for x in every})},
        "calibration": [{"from": low, "to": high, "right": f.value, "of": f.of} for low, high, f in bounds],
        "items": [_item(x) for x in every],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _item(one: Read) -> dict[str, object]:
    said = one.proposal.understanding
    return {
        "community": one.post.community,
        "language": one.post.language,
        "register": one.post.register,
        "context": one.post.context,
        "post": one.post.text,
        "label": one.post.intent,
        "second": one.post.second,
        "situation": one.post.situation,
        "read": one.label,
        "confidence": one.confidence,
        "intents": said.intents[:3],
        "situations": said.situations,
        "alarms": [(alarm.gate, alarm.chance, alarm.part) for alarm in said.alarms],
        "action": one.proposal.outcome,
        "reply": one.reply,
        "offered": sorted(one.offered),
        "reason": one.proposal.reason.sentence,
    }


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main(sys.argv[1:]))
