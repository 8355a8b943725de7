"""A wording finds its place in a file, and all else stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotDone
from bot.insights.taking import place, settle, settled
from responders.library.document import cut

FILE = """\
---
# what Tom wrote, do not touch
answers_to: [my save is gone]   # as fans say it
---
## variant: plain
when: {mood: angry}  # only for these
unless: {length: long}

Losing that is awful. I'm so sorry.

## variant: plain-2
How awful.
"""
NEW = "Oh no. We look into it today,\nand write to you."


def test_it_stands_above_the_old_one_and_is_for_the_same_posts() -> None:
    placed = place(FILE, "plain", NEW)
    assert (placed.variant, placed.line, placed.in_place) == ("plain-3", 5, False)
    conditions = "when: {mood: angry}  # only for these\nunless: {length: long}\n\n"
    assert placed.text == FILE.replace(
        "## variant: plain\n", f"## variant: plain-3\n{conditions}{NEW}\n## variant: plain\n", 1
    )


def test_what_says_nearly_the_same_takes_its_place() -> None:
    placed = place(FILE, "plain", "Losing that is awful. I'm really sorry.")
    assert placed.in_place
    assert placed.text == FILE.replace("variant: plain\n", "variant: plain-3\n", 1).replace("so sorry", "really sorry")


def test_what_nobody_sends_as_it_is_gives_its_place() -> None:
    placed = place(FILE, "plain", NEW, instead=True)
    assert (placed.variant, placed.in_place) == ("plain-3", True)
    assert placed.text == FILE.replace("variant: plain\n", "variant: plain-3\n", 1).replace(
        "Losing that is awful. I'm so sorry.", NEW
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(ending: str, mark: str) -> None:
    text = mark + FILE.replace("\n", ending)
    placed = place(text, "plain-2", NEW)
    assert placed.text == text.replace(
        f"## variant: plain-2{ending}",
        f"## variant: plain-3{ending}{NEW}{ending}## variant: plain-2{ending}".replace(NEW, NEW.replace("\n", ending)),
    )


def test_a_wording_that_is_gone_has_no_place() -> None:
    with pytest.raises(NotDone, match="not in the file any more"):
        place(FILE, "other", NEW)
    with pytest.raises(NotDone):
        place("no front matter", "plain", NEW)


WORDS = st.text("abc def.!,äß", min_size=1, max_size=40).map(str.strip).filter(bool)


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
def test_every_other_wording_stays_as_it_is(wordings: list[str], data: st.DataObject) -> None:
    text = "---\nanswers_to: [a]\n---\n" + "\n".join(f"## variant: v{n}\n{w}" for n, w in enumerate(wordings))
    at = data.draw(st.integers(0, len(wordings) - 1))
    new = data.draw(WORDS)
    placed = place(text, f"v{at}", new)
    document = cut("", placed.text, [])
    assert document
    after = {section.name: section.source.strip() for section in document.sections}
    assert after.pop(placed.variant) == new
    if placed.in_place:
        assert f"v{at}" not in after
        after[f"v{at}"] = wordings[at]
    assert after == {f"v{n}": w for n, w in enumerate(wordings)}


def test_what_was_settled_is_kept_without_words(tmp_path) -> None:  # type: ignore[no-untyped-def]
    var = tmp_path / "var"
    assert settled(var) == frozenset()
    settle(var, {"a" * 64, "b" * 64})
    settle(var, {"c" * 64})
    assert settled(var) == {"a" * 64, "b" * 64, "c" * 64}
    assert (var / "patches_settled").stat().st_mode & 0o777 == 0o600
    (var / "patches_settled").write_bytes(b"\xff broken\n" + b"d" * 64)
    assert settled(var) == {"d" * 64}


def test_what_cannot_be_noted_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "var").write_text("a file")
    with pytest.raises(NotDone, match="cannot be written"):
        settle(tmp_path / "var", {"a" * 64})
