"""`python -m tests.eval [--unseen] [--without-encoder] [--json]`: how well posts are read, beside the goals.

It reads the development posts; with `--unseen`, posts that nothing was tuned on, for figures that can be told. Those
are for measuring only: nothing may be tuned on what they show. FAQs and new intents have development posts alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported, as the product does

from bot.encoder import load_encoder
from responders.pipeline import Pipeline
from tests.eval import figures, posts
from tests.eval.figures import Figure
from tests.eval.posts import Labelled, Named
from tests.eval.reading import Read, Reader, answer_files, intent_files

_SIZES = (5, 8, 15)
_STATED = 8


def main(arguments: list[str]) -> int:
    """Print the numbers; 1 when one of them misses its goal."""
    if set(arguments) - {"--unseen", "--without-encoder", "--json"}:
        sys.stderr.write("Usage: python -m tests.eval [--unseen] [--without-encoder] [--json]\n")
        return 2
    unseen = "--unseen" in arguments
    folder = posts.UNSEEN if unseen else posts.HERE
    reader = Reader(None if "--without-encoder" in arguments else load_encoder())
    shipped = reader.pipeline()
    read = reader.read(shipped, posts.posts(folder))
    felt = figures.of_feelings(reader.read(shipped, posts.feelings(folder)))
    found = [*figures.of_posts(read), *felt, *_details(reader, shipped, posts.named(folder))]
    if not unseen:
        found += [*_faq(reader, read), *_new(reader)]
    sys.stdout.write(_as_json(found, read) if "--json" in arguments else f"{_table(found)}\n{_by_label(read)}")
    return 1 if any(figure.holds is False for figure in found) else 0


def _details(reader: Reader, shipped: Pipeline, named: Sequence[Named]) -> list[Figure]:
    read = reader.read(shipped, [Labelled(label="", language="en", text=case.text) for case in named])
    return figures.of_details([(case, x.proposal) for case, x in zip(named, read, strict=True)])


def _faq(reader: Reader, read: Sequence[Read]) -> Iterator[Figure]:
    others = [x.post for x in read if x.post.label == "question"]
    for file, name in (("faq", "FAQ"), ("faq_game", "FAQ of a game")):
        entries = posts.entries(file)
        pipeline = reader.pipeline(answer_files(entries))
        asked = [Labelled(label=e.id, language="en", text=text) for e in entries for text in e.fans]
        keys = {f"en/question/{e.id}" for e in entries}
        yield from figures.of_questions(name, reader.read(pipeline, asked), keys)
        yield from figures.of_others_questions(name, reader.read(pipeline, others), keys)


def _new(reader: Reader) -> Iterator[Figure]:
    intents = posts.new_intents()
    own = [Labelled(label=i.name, language="en", text=text) for i in intents for text in i.posts]
    for size in _SIZES:
        pipeline = reader.pipeline(intent_files(intents, size))
        others = reader.read(pipeline, posts.posts()) if size == _STATED else []
        yield from figures.of_new_intents(reader.read(pipeline, own), others, intents, size)


def _table(found: Sequence[Figure]) -> str:
    languages = list(found[0].languages)
    rows = [["", "all", "must", "", *languages]]
    for figure in found:
        mark = {True: "ok", False: "MISSED", None: ""}[figure.holds]
        by_language = (_said(figure.languages.get(language)) for language in languages)
        rows.append([figure.name, _said(figure.value), figure.goal, mark, *by_language])
    return _aligned(rows)


def _by_label(read: Sequence[Read]) -> str:
    """F1 of each label, the weakest first, and what it was taken for."""
    labels = sorted({x.post.label for x in read}, key=lambda label: figures.f1(read, label))
    rows = [["", "F1", "posts", "taken for"]]
    for label in labels:
        taken = ", ".join(f"{other} {count}" for other, count in figures.confusions(read, label))
        count = sum(x.post.label == label for x in read)
        rows.append([label, _said(figures.f1(read, label)), str(count), taken])
    return _aligned(rows)


def _as_json(found: Sequence[Figure], read: Sequence[Read]) -> str:
    shown = {f.name: {"value": f.value, "must": f.goal, "holds": f.holds, "languages": f.languages} for f in found}
    items = [
        {
            "community": x.post.community,
            "language": x.post.language,
            "post": x.post.text,
            "label": x.post.label,
            "read": x.label,
            "confidence": x.proposal.understanding.confidence,
            "action": x.proposal.outcome,
            "reason": x.proposal.reason.sentence,
        }
        for x in read
    ]
    return json.dumps({"figures": shown, "items": items}, ensure_ascii=False, indent=1) + "\n"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
