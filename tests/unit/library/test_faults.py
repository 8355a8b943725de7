"""Every fault is told with its file, its line, the words at fault and a way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from responders.library.faults import Fault, LibraryFaults
from responders.library.load import load

ROOT = Path(__file__).parents[3]
INTENT = "meaning: m\naction: draft\nexamples: {en: [a]}"
INTENT_TOO = "meaning: m\naction: draft\nexamples: {en: [b]}"
Find = Callable[[Mapping[str, str]], tuple[Fault, ...]]
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
    ("slots:", "source: me\nslots:", 2, "answers_to:"),
    ("slots:", "source: me\nanswers_to: [a]\nslots:", 2, "only a template of the intent question"),
    ("slots:", "asks: [a]\nanswers_to: [a]\nslots:", 2, "keep answers_to:"),
    ("slots:", "answers_to: [a, b, c, d, e, f, g, h, i, j, k, l, m]\nslots:", 2, "up to 12"),
    ("## variant: one\n", "## variant: one\nasks_for: plattform\n", 9, "did you mean platform?"),
    ("examples:\n  - {given: {post: hello, slots: {detail: moths}}, expect: {contains: [moths]}}\n", "", 1, "examples"),
    ("expect: {contains: [moths]}", "expect: {contains: [wasps]}", 6, "lacks 'wasps'"),
    ("expect: {contains: [moths]}", "expect: {absent: [moths]}", 6, "has 'moths'"),
    ("expect: {contains: [moths]}", "expect: {max_words: 1}", 6, "2 words, over 1"),
    ("expect: {contains: [moths]}", "expect: {offered: false}", 6, "is offered"),
    ("expect: {contains: [moths]}", "expect: {contains: moths, max_wrds: 3}", 6, "did you mean max_words?"),
    ("slots: {detail: moths}}", "slots: {}}", 6, "is not offered"),
    ("post: hello", "pots: hello", 6, "did you mean post?"),
    ("{from: fan.call_name}", "&a {from: fan.call_name}", 4, "&, * and !"),
    ("{from: fan.call_name}", "!a {from: fan.call_name}", 4, "put the words in quotes"),
    ("So {{", "So \x00 {{", 9, "plain text"),
    ("So {{ detail }}{% if name %}, {{ name }}{% endif %}.", "", 8, "no words"),
    ("## variant: one\n", "## variant: one\nwhen: {mood angry}\n", 9, "missing: write {mood: angry}"),
    ("## variant: one\n", "## variant: one\nwhen: {mood:angry}\n", 9, "missing: write {mood: angry}"),
    ("## variant: one\n", "## variant: one\nwhen: mood angry\n", 9, "missing: write {mood: angry}"),
    ("## variant: one\n", "## variant: one\nwhen: mood: angry\n", 9, "missing: write when: {mood: angry}"),
    ("{from: post.detail,", "{from post.detail,", 3, "missing: write {from: post.detail}"),
    ("{{ name }}", "{{ name }", 9, "{{ name is not closed; write {{ name }}"),
    ("{% endif %}", "", 9, "write {% endif %}"),
    ("{% if name %}", "", 9, "this {% endif %} has no {% if slot %}"),
    ("{% if name %}", "{% name %}", 9, "a slot's words are written {{ name }}"),
    ("{% endif %}", "{% end %}", 9, "did you mean endif?"),
    ("{{ name }}", "{{ }}", 9, "no name between"),
    ("{{ name }}", "{{ call name }}", 9, "such as call_name"),
    ("slots:", "answers_to:\n  - 'tis gone\nslots:", 3, "the whole post in double quotes, because it begins with '"),
    (
        "slots:",
        'answers_to:\n  - "so" gone\nslots:',
        3,
        'double quotes (with single ones inside), because it begins with "',
    ),
    ("slots:", "answers_to:\n  - @you are\nslots:", 3, "because it begins with @"),
    ("slots:", "answers_to\n  - a\nslots:", 2, "a colon is missing: write answers_to:"),
    ("slots:", "answers_to:\n  - a\n  b\nslots:", 4, "'b' has neither a colon behind it nor a -"),
    ("slots:", "answers_to: [a, b\nslots:", 2, "[ opens here and is not closed"),
    ("slots:", "answers_to: - a\nslots:", 2, "the first - of a list"),
    ("slots:", "answers_to:\n  - a\n - b\nslots:", 4, "put it right below"),
    ("slots:", 'answers_to:\n  - "a", "b"\nslots:', 3, "[first, second]"),
    ("slots:", "limits: {per_fan: 1/7d}}\nslots:", 2, "one } too many"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), CHANGED)
def test_fault_names_line_and_words(faults_of: Callable[..., str], old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    told = faults_of(GOOD.replace(old, new, 1))
    assert any(row.startswith(f"en/praise/a.md:{line}: ") and words in row for row in told.splitlines()), told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ask_for: name", "did you mean asks_for?"),
        ("asks for: name", "'asks for' is not known here; write asks_for:"),
        ("Asks for: name", "write asks_for:"),
        ("asks: name", "did you mean asks_for?"),
        ("asks_for name", "a colon is missing; write asks_for: name"),
        ("asks for name", "a colon is missing; write asks_for: name"),
        ("unles: mood angry", "did you mean unless?"),
        ("wehn: {mood: angry}", "did you mean when?"),
        ("When: {mood: angry}", "write when:"),
        ("when {mood: angry}", "write when:"),
        ("if: {mood: angry}", "did you mean when?"),
        ("when mood angry", "written when: {mood: angry}"),
        ("mood: angry", "on one line: when: {mood: angry}"),
        ("limits: {per_fan: 1/7d}", "at the top of the file"),
        ("handoff: Call them.", "at the top of the file"),
    ],
)
def test_what_is_nearly_a_condition_is_never_said(faults_of: Callable[..., str], line: str, words: str) -> None:
    for above in ("", "when: {mood: glad}\n", "\n"):
        told = faults_of(GOOD.replace("So {{", f"{above}{line}\nSo {{{{")).splitlines()
        assert len(told) == 1, told
        assert told[0].startswith(f"en/praise/a.md:{9 + bool(above)}: L01 variant one: "), told
        assert words in told[0]


def test_a_condition_below_the_words_is_told(faults_of: Callable[..., str]) -> None:
    for line in ("asks_for: name", "when: {mood: angry}"):
        told = faults_of(GOOD + line)
        assert (
            told
            == "en/praise/a.md:10: L01 variant one: a condition stands right below the heading; move it above the words"
        )


@pytest.mark.parametrize(
    "line",
    [
        "Sorry: that should not be.",
        "When: that is the question.",
        "then: so it goes.",
        "when you say it like that, yes.",
        "Asks for help are always fine.",
        "Source: the sea.",
        "so: yes.",
        "Unless you say so, that is fine.",
        "When mood and weather meet, it rains.",
        "Wow: a lamp.",
    ],
)
def test_words_are_no_condition(faults: Find, line: str) -> None:
    text = GOOD.replace("So {{", f"{line}\nSo {{{{")
    told = [str(f) for f in faults({"en/praise/a.md": text, "intents/praise.yaml": INTENT}) if f.code == "L01"]
    assert told == []


def test_only_a_situation_may_have_no_wording(faults: Find) -> None:
    intents = {"intents/question.yaml": INTENT}

    def told(front: str) -> list[str]:
        return [str(fault) for fault in faults({"en/question/a.md": f"---\n{front}\n---\n", **intents})]

    posts = "answers_to: [who paints the signs, who made the gate]"
    assert told(posts) == []
    assert told(f"{posts}\nhandoff: Ask the painter.") == []
    for front in (f"{posts}\nsource: me", f"{posts}\nsource: me\nhandoff: Ask the painter.", "limits: {per_fan: 1/7d}"):
        assert any("there is no variant" in fault for fault in told(front)), front


def test_line_ends_and_byte_order_marks_move_no_lines(faults_of: Callable[..., str]) -> None:
    text = GOOD.replace("{{ detail }}", "{{ detial }}").replace("post.detail,", "post.detial,")
    assert faults_of("\ufeff" + text.replace("\n", "\r\n")) == faults_of(text)


@pytest.mark.parametrize(
    ("path", "where", "words"),
    [
        ("en/prasie/a.md", "en/prasie", "did you mean praise?"),
        ("en/Praise/a.md", "en/Praise", "the intent is written praise"),
        ("english/praise/a.md", "english", "two letters"),
        ("en-GB/praise/a.md", "en-GB", "two letters"),
        ("EN/praise/a.md", "EN", "call it en"),
        ("en/legal/a.md", "en/legal", "never answered by a template"),
        ("en/praise/A b.md", "en/praise/A b.md", "rename it"),
        ("en/praise/deep/a.md", "en/praise/deep/a.md", "move it"),
        ("en/a.md", "en/a.md", "move it"),
        ("a.md", "a.md", "move it"),
        ("lost_progress.MD", "lost_progress.MD", "move it"),
        ("en/praise/Plain.MD", "en/praise/Plain.MD", "call it plain.md"),
        ("en/praise/plain.markdown", "en/praise/plain.markdown", "call it plain.md"),
        ("en/praise/plain.md.txt", "en/praise/plain.md.txt", "call it plain.md"),
        ("en/praise/plain.txt", "en/praise/plain.txt", "call it plain.md"),
        ("en/praise/plain.docx", "en/praise/plain.docx", "call it plain.md"),
        ("en/praise/plain", "en/praise/plain", "call it plain.md"),
        ("en/praise.yaml", "en/praise.yaml", "intents stand in intents/"),
        ("templates/en/praise/a.md", "templates", "one folder up"),
        ("intents/wish.yml", "intents/wish.yml", "call it wish.yaml"),
        ("intents/wish.YAML", "intents/wish.YAML", "call it wish.yaml"),
        ("intents/wish.yaml.txt", "intents/wish.yaml.txt", "call it wish.yaml"),
        ("intents/wish.md", "intents/wish.md", "call it wish.yaml"),
        ("intents/more/wish.yaml", "intents/more/wish.yaml", "move it to intents/"),
        ("Intents/wish.yaml", "Intents", "is called intents"),
        ("intent/wish.yaml", "intent", "is called intents"),
        ("Facts.yaml", "Facts.yaml", "if it is facts.yaml"),
        ("facts.yml", "facts.yml", "if it is facts.yaml"),
        ("facts.yaml.txt", "facts.yaml.txt", "if it is facts.yaml"),
        ("fact.yaml", "fact.yaml", "if it is facts.yaml"),
        ("voices.yaml", "voices.yaml", "if it is voice.yaml"),
    ],
)
def test_a_file_in_the_wrong_place(faults: Find, path: str, where: str, words: str) -> None:
    (told,) = faults({"intents/praise.yaml": INTENT, "intents/legal.yaml": INTENT_TOO, path: GOOD})
    assert (told.file, told.code) == (where, "L02")
    assert words in told.message


def test_what_is_none_of_ours_is_left_alone(shipped: Mapping[str, str]) -> None:
    names = ["README.md", "en/README.md", "en/praise/readme.txt", "Readme.MD", "notes.txt", "LICENSE", "factory.yaml"]
    names += ["docs/notes.txt", "en/praise/picture.png", "intents/README.md", "other.yaml", "en/praise/a.md~"]
    texts = {**dict.fromkeys(names, "words"), "intents/praise.yaml": INTENT, "en/praise/a.md": GOOD}
    assert [template.key for template in load(texts, shipped).templates] == ["en/praise/a"]


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
        ("voice.yaml", "words: {promo: {words: {phrases: {it: [x]}}}}", 1, "cannot be given it"),
        ("voice.yaml", "words: {promo: {words: {phrases: {en: ['(x']}}}}", 1, "each ( needs"),
    ],
)
def test_fault_in_another_file(faults_of: Callable[..., str], path: str, text: str, line: int, words: str) -> None:
    told = faults_of(GOOD, **{path: text})
    assert any(row.startswith(f"{path}:{line}: ") and words in row for row in told.splitlines()), told


def test_all_faults_are_told_at_once_those_first_that_others_build_on(faults_of: Callable[..., str]) -> None:
    broken = GOOD.replace("post.detail", "nowhere").replace("{{ name }}", "{{ nmae }}")
    told = faults_of(broken, **{"facts.yaml": "Big: x", "intents/wish.yaml": "{"}).splitlines()
    places = [row.split(": ")[0] for row in told]
    assert places == ["facts.yaml:1", "intents/wish.yaml:1", "en/praise/a.md:3", "en/praise/a.md:9"]


FOLLOWING = {
    "facts that cannot be read": (
        {"facts.yaml": "product: Lantern\nhost: [", "en/praise/a.md": "FACT"},
        ["facts.yaml"],
    ),
    "facts in one word": ({"facts.yaml": "product", "en/praise/a.md": "FACT"}, ["facts.yaml"]),
    "facts with a tab": ({"facts.yaml": "\thost: x", "en/praise/a.md": "FACT"}, ["facts.yaml"]),
    "facts of two versions": ({"facts.yaml": "<<<<<<< HEAD\nhost: x", "en/praise/a.md": "FACT"}, ["facts.yaml"]),
    "facts by another name": ({"Facts.yml": "host: x", "en/praise/a.md": "FACT"}, ["Facts.yml"]),
    "a fact that cannot be named": ({"facts.yaml": "Host: x", "en/praise/a.md": "FACT"}, ["facts.yaml"]),
    "facts that can be read": (
        {"facts.yaml": "a: 1\na: 2", "en/praise/a.md": "FACT"},
        ["facts.yaml", "en/praise/a.md"],
    ),
    "no facts": ({"facts.yaml": None, "en/praise/a.md": "FACT", "en/praise/b.md": "FACT"}, ["facts.yaml"]),
    "empty facts": ({"facts.yaml": "# none yet\n", "en/praise/a.md": "FACT"}, ["facts.yaml"]),
    "an intent that cannot be read": (
        {"intents/praise.yaml": "meaning: [", "en/praise/a.md": "GOOD"},
        ["intents/praise.yaml"],
    ),
    "an empty intent": ({"intents/praise.yaml": "", "en/praise/a.md": "GOOD"}, ["intents/praise.yaml"]),
    "an intent by another name": ({"intents/Cake.yml": "x", "en/cake/a.md": "GOOD"}, ["intents/Cake.yml"]),
    "intents in another folder": ({"Intents/cake.yaml": "x", "en/cake/a.md": "GOOD"}, ["Intents"]),
    "a folder of an unknown intent": ({f"en/prasie/{name}.md": "GOOD" for name in "abc"}, ["en/prasie"]),
    "a folder of no language": ({f"english/praise/{name}.md": "GOOD" for name in "abc"}, ["english"]),
    "no intents": ({"intents/praise.yaml": None, "en/praise/a.md": "GOOD"}, ["intents"]),
    "a voice that cannot be read": ({"voice.yaml": "registers: [", "en/praise/a.md": "LOUD"}, ["voice.yaml"]),
    "a voice that can be read": (
        {"voice.yaml": "registers: {low: x}", "en/praise/a.md": "LOUD"},
        ["voice.yaml", "en/praise/a.md"],
    ),
}


@pytest.mark.parametrize(("texts", "told"), FOLLOWING.values(), ids=FOLLOWING)
def test_what_only_follows_from_another_file_is_not_told(
    faults: Find, texts: Mapping[str, str | None], told: list[str]
) -> None:
    shown = {
        "GOOD": GOOD,
        "FACT": GOOD.replace("fan.call_name", "facts.host"),
        "LOUD": GOOD.replace("slots:", "when: {register: loud}\nslots:", 1),
    }
    whole = {"intents/praise.yaml": INTENT, **texts}
    found = faults({path: shown.get(text, text) for path, text in whole.items() if text is not None})
    assert [fault.file for fault in found] == told, [*map(str, found)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("slots:", "slotz:", "did you mean slots?"),
        ("  detail: {from: post.detail, required: true}\n", "  Detail: {from: post.detail}\n", "cannot be the name"),
        ("{{ detail }}", "{{ detial }}", "did you mean detail?"),
        ("{{ detail }}", "{{ detail | upper }}", "upper"),
        ("## variant: one", "## one", "## variant: NAME"),
        ("examples:", "exampels:", "did you mean examples?"),
    ],
)
def test_one_slip_is_told_once(faults_of: Callable[..., str], old: str, new: str, words: str) -> None:
    (told,) = faults_of(GOOD.replace(old, new, 1)).splitlines()
    assert words in told


def test_a_misspelt_answers_to_is_not_missing_as_well(faults_of: Callable[..., str]) -> None:
    wish = "---\nanswer_to: [a tram to the mill]\n---\n## variant: a\nA tram would be a fine thing.\n"
    (told,) = faults_of(wish, "en/wish/a.md", **{"intents/wish.yaml": INTENT_TOO}).splitlines()
    assert "did you mean answers_to?" in told


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


def test_examples_are_read_as_posts_are(shipped: Mapping[str, str]) -> None:
    text = GOOD.replace("hello, slots: {detail: moths}", "this is terrible, slots: {detail: moths}")
    texts = {"en/praise/a.md": text.replace("slots:", "when: {sentiment: negative}\nslots:", 1)}
    assert load({**texts, "intents/praise.yaml": INTENT}, shipped).templates


def test_the_operators_words_count_where_they_stand_and_nowhere_else(shipped: Mapping[str, str]) -> None:
    intents = {"intents/praise.yaml": "meaning: m\naction: silent\nexamples: {en: [a, b, c]}\n"}
    theirs = load({**intents, "voice.yaml": "words: {promo: {words: {phrases: {en: [zeppelin]}}}}\n"}, shipped)
    assert "zeppelin" in theirs.word_lists["promo"]["words"]["phrases"]["en"]
    assert "zeppelin" not in load(intents, shipped).word_lists["promo"]["words"]["phrases"]["en"]


def test_a_file_with_a_fault_in_its_syntax_is_read_to_its_end(faults_of: Callable[..., str]) -> None:
    said = "## variant: two\nWe will fix it tomorrow.\n\n## variant: three\nThank you, [their name].\n"
    told = faults_of(GOOD.replace("slots:", "slotz: {}\nslots:", 1).replace("So {{", "So {{ {{") + said)
    for line, words in ((2, "did you mean slots?"), (10, ""), (12, "Promises a time"), (15, "[their name]")):
        assert any(f":{line}: " in one and words in one for one in told.splitlines()), told
