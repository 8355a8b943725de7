"""Every fault is told with its file, its line, the words at fault and a way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from responders.library.faults import LibraryFaults
from responders.library.lint import lint
from responders.library.load import load

ROOT = Path(__file__).parents[3]
INTENT = "meaning: m\naction: draft\nexamples: {en: [a]}"
GOOD = """---
slots:
  detail: {from: post.detail, required: true}
  name: {from: fan.call_name}
examples:
  - {given: {post: hello, slots: {detail: moths}}, expect: {contains: [moths]}}
---
## variant: one
So {{ detail }}{% if name %}, {{ name }}{% endif %}.
"""

CHANGED = [
    ("---\nslots", "slots", 1, "front matter is missing"),
    ("---\n## variant: one", "## variant: one", 1, "front matter has no end"),
    ("{{ detail }}", "{{ detial }}", 9, "the slot {{ detial }} is not declared"),
    ("{{ detail }}", "{{ detial }}", 9, "did you mean detail?"),
    ("{% if name %}, {{ name }}{% endif %}", ", {{ name }}", 9, "name is optional"),
    ("{% if name %}, {{ name }}{% endif %}", "", 4, "name is declared and no variant uses it"),
    ("post.detail,", "post.detial,", 3, "did you mean post.detail?"),
    ("post.detail,", "author.email,", 3, "author.email"),
    ("post.detail,", "facts.prodct,", 3, "did you mean product?"),
    ("post.detail,", "ask_approver,", 3, "ask:"),
    ("required: true", "required: maybe", 3, "true or false"),
    ("required: true", "require: true", 3, "did you mean required?"),
    ("slots:", "slotss:", 2, "did you mean slots?"),
    ("  name:", "  detail: {from: fan.call_name}\n  name:", 4, "twice"),
    ("  name: {", "  self: {", 4, "cannot be the name of a slot"),
    ("  name: {", "\tname: {", 4, "tab"),
    ("  name: {from", "  name: {from: a: b", 4, ""),
    ("So {{", "So {{ {{", 9, ""),
    ("So", "{% for x in detail %}x{% endfor %}", 9, "loops are not allowed"),
    (" name %}", " name %}{% if detail %}", 9, "endif"),
    ("## variant: one", "## variant: one\nmore\n## variant: one", 10, "two variants are called one"),
    ("## variant: one", "## version: one", 8, "## variant: NAME"),
    ("## variant: one", "words\n## variant: one", 8, "before any variant"),
    ("## variant: one\n", "## variant: one\nwhen: {mood: happy}\n", 9, "mood"),
    ("## variant: one\n", "## variant: one\nwhen: {sentiment: happy}\n", 9, "sentiment is never happy"),
    ("## variant: one\n", "## variant: one\nwhen: {sentiment: positve}\n", 9, "did you mean positive?"),
    ("slots:", "unless: [crisis]\nslots:", 2, "key: value"),
    ("slots:", "when: {language: klingon}\nslots:", 2, "two letters"),
    ("slots:", "limits: {per_fan: often}\nslots:", 2, "1/7d"),
    ("slots:", "asks: [a, b, c]\nslots:", 2, "source:"),
    ("slots:", "source: me\nasks: [a, b, c, d, e, f, g, h, i]\nslots:", 3, "up to 8"),
    ("examples:\n  - {given: {post: hello, slots: {detail: moths}}, expect: {contains: [moths]}}\n", "", 1, "examples"),
    ("expect: {contains: [moths]}", "expect: {contains: [wasps]}", 6, "lacks 'wasps'"),
    ("expect: {contains: [moths]}", "expect: {absent: [moths]}", 6, "has 'moths'"),
    ("expect: {contains: [moths]}", "expect: {max_words: 1}", 6, "2 words, over 1"),
    ("expect: {contains: [moths]}", "expect: {offered: false}", 6, "is offered"),
    ("expect: {contains: [moths]}", "expect: {contains: moths, max_wrds: 3}", 6, "did you mean max_words?"),
    ("slots: {detail: moths}}", "slots: {}}", 6, "is not offered"),
    ("post: hello", "pots: hello", 6, "did you mean post?"),
    ("{from: fan.call_name}", "&a {from: fan.call_name}", 4, "& and *"),
    ("So {{", "So \x00 {{", 9, "plain text"),
    ("So {{ detail }}{% if name %}, {{ name }}{% endif %}.", "", 8, "no words"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), CHANGED)
def test_fault_names_line_and_words(faults_of: Callable[..., str], old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    told = faults_of(GOOD.replace(old, new, 1))
    assert any(row.startswith(f"en/praise/a.md:{line}: ") and words in row for row in told.splitlines()), told


def test_line_ends_and_byte_order_marks_move_no_lines(faults_of: Callable[..., str]) -> None:
    text = GOOD.replace("{{ detail }}", "{{ detial }}").replace("post.detail,", "post.detial,")
    assert faults_of("\ufeff" + text.replace("\n", "\r\n")) == faults_of(text)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("en/prasie/a.md", "did you mean praise?"),
        ("english/praise/a.md", "two letters"),
        ("en/praise/A b.md", "rename it"),
        ("en/praise/deep/a.md", "move it"),
        ("en/a.md", "move it"),
    ],
)
def test_a_file_in_the_wrong_place(faults_of: Callable[..., str], path: str, words: str) -> None:
    told = faults_of(GOOD, path)
    assert told.startswith(f"{path}: ")
    assert words in told


@pytest.mark.parametrize(
    ("path", "text", "line", "words"),
    [
        ("intents/wish.yaml", "meaning: m\naction: reply\nexamples: {en: [a]}", 2, "draft, handoff, silent"),
        ("intents/wish.yaml", "meaning: m\naction: drafts\nexamples: {en: [a]}", 2, "did you mean draft?"),
        ("intents/wish.yaml", "meaning: m\naction: draft", 1, "examples: is missing"),
        ("intents/wish.yaml", "meaning: m\naction: draft\nexamples: {english: [a]}", 3, "two letters"),
        ("intents/wish.yaml", "meaning: m\naction: draft\nexamples: {en: [a]}\npriority: high", 4, "whole number"),
        ("intents/wish.yaml", "meaning: m\naction: draft\nexamples: {en: [a]}\ncues: {en: [x, (y]}", 4, "each ( needs"),
        ("intents/wish.yaml", "", 1, "empty"),
        ("intents/wish.yaml", "- a\n- b", 1, "key: value"),
        ("facts.yaml", "a: 1\nlink: {value: x, until: tomorrow}", 2, "YYYY-MM-DD"),
        ("facts.yaml", "a: 1\nb: {until: 2026-01-01}", 2, "no value"),
        ("facts.yaml", "a: 1\na: 2", 2, "twice"),
        ("voice.yaml", "registers: {loud: x}", 1, "default"),
        ("voice.yaml", "\nwords: {promotion: {en: [x]}}", 2, "promo"),
        ("voice.yaml", "words: {promo: {words: {phrases: {fr: [x]}}}}", 1, "cannot be given fr"),
        ("voice.yaml", "words: {promo: {words: {phrases: {en: ['(x']}}}}", 1, "each ( needs"),
    ],
)
def test_fault_in_another_file(faults_of: Callable[..., str], path: str, text: str, line: int, words: str) -> None:
    told = faults_of(GOOD, **{path: text})
    assert any(row.startswith(f"{path}:{line}: ") and words in row for row in told.splitlines()), told


def test_all_faults_are_told_at_once_in_the_order_of_files_and_lines(faults_of: Callable[..., str]) -> None:
    broken = GOOD.replace("post.detail", "nowhere").replace("{{ name }}", "{{ nmae }}")
    told = faults_of(broken, **{"facts.yaml": "Big: x", "intents/wish.yaml": "{"}).splitlines()
    places = [row.split(": ")[0] for row in told]
    assert places == ["en/praise/a.md:3", "en/praise/a.md:9", "facts.yaml:1", "intents/wish.yaml:1"]


def test_templates_of_an_intent_that_is_never_answered(faults_of: Callable[..., str]) -> None:
    silent = "meaning: m\naction: silent\nexamples: {en: [a]}"
    assert "never answered by a template" in faults_of(GOOD, **{"intents/praise.yaml": silent})


BOMBS = {
    "deep yaml": "a: " + "[" * 5_000,
    "deep block": "\n".join(" " * n + "a:" for n in range(3_000)),
    "aliases": "a: &a [x,x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b]",
    "a megabyte": "a: " + "x" * 1_000_000,
    "binary": "".join(map(chr, range(256))),
    "surrogate": "a: \ud800",
    "python tag": "a: !!python/object/apply:os.system [ls]",
    "merge key": "a: {x: 1}\nb: {<<: [1, 2]}",
    "two documents": "a: 1\n---\nb: 2",
    "lists as keys": "? [a, b]\n: c",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("path", ["facts.yaml", "voice.yaml", "intents/praise.yaml", "en/praise/a.md"])
def test_a_bomb_is_a_fault_at_its_place(shipped: Mapping[str, str], path: str, bomb: str) -> None:
    text = f"---\n{bomb}\n---\n## variant: a\nWords.\n" if path.endswith(".md") else bomb
    texts = {"intents/praise.yaml": "meaning: m\naction: draft\nexamples: {en: [a]}", path: text}
    with pytest.raises(LibraryFaults) as raised:
        load(texts, shipped)
    assert all(fault.file == path and fault.line and len(str(fault)) < 500 for fault in raised.value.faults)


def test_byte_order_mark_crlf_readme_and_strangers_are_fine(shipped: Mapping[str, str]) -> None:
    texts = {
        "en/praise/a.md": "\ufeff" + GOOD.replace("\n", "\r\n"),
        "intents/praise.yaml": "\ufeffmeaning: m\r\naction: draft\r\nexamples: {en: ['no', 'on']}\r\n",
        "README.md": "words",
        "en/praise/README.md": "words",
        "notes.txt": "words",
    }
    library = load(texts, shipped)
    assert [template.key for template in library.templates] == ["en/praise/a"]
    assert library.intents["praise"].examples["en"] == ("no", "on")


def test_operators_words_are_added_to_the_shipped(shipped: Mapping[str, str]) -> None:
    voice = "registers: {default: plain}\nwords: {promo: {words: {phrases: {en: [moon pass]}}}}"
    plain, added = load({}, shipped), load({"voice.yaml": voice}, shipped)
    before = plain.word_lists["promo"]["words"]["phrases"]["en"]
    assert added.word_lists["promo"]["words"]["phrases"]["en"] == [*before, "moon pass"]
    assert added.registers == {"default": "plain"}


def test_the_format_as_the_readme_shows_it(shipped: Mapping[str, str]) -> None:
    readme = (ROOT / "templates" / "README.md").read_text("utf-8")
    template = readme.split("```\n")[1]
    library = load({"en/ugc_shared/a.md": template, "intents/ugc_shared.yaml": INTENT}, shipped)
    assert lint(library, date(2026, 3, 1), ["en"]) == ()
    (read,) = library.templates
    assert [variant.name for variant in read.variants] == ["start", "stubborn", "ask"]
    assert read.limits["per_fan"].count == 1
    assert read.variants[2].when == {"sentiment": ("positive",)}
    assert read.variants[2].needs == ("detail", "wish")


def test_examples_are_read_as_posts_are(shipped: Mapping[str, str]) -> None:
    text = GOOD.replace("hello, slots: {detail: moths}", "this is terrible, slots: {detail: moths}")
    texts = {"en/praise/a.md": text.replace("slots:", "when: {sentiment: negative}\nslots:", 1)}
    assert load({**texts, "intents/praise.yaml": INTENT}, shipped).templates
