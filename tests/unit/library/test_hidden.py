"""However an invisible character is written, it is told with its line, or it does not reach a reply."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from responders.library.faults import Fault, LibraryFaults
from responders.library.load import load
from responders.library.render import RenderFailed, preview, render
from responders.library.unseen import plain_lines, seen
from responders.types import Recipe

PATH = "en/praise/a.md"
INTENTS = {"intents/praise.yaml": "meaning: m\naction: draft\nexamples: {en: [a]}\n"}
HARMFUL = "\x00\x07\r\x1b\x7f\x85\u00ad\u061c\u200b\u200d\u200e\u2028\u202a\u202e\u2066\u2069\ud83d\ude00\ud800\ufeff"
HARMFUL += "\uffff\ue000\U000e0041"
PARTS = st.sampled_from([*HARMFUL, "a", "\u05d0", "\u2764", "\U0001f600", "\u0301", "\n"])
FORMS = [
    "{{{{ '{}' }}}}",
    '{{{{ "{}" | trim | lower }}}}',
    "{{{{ d or '{}' }}}}",
    "{{{{ n or '{}' | cap }}}}",
    "{{{{ '{}' '{}' }}}}",
    "{{{{ '{}' ~ d ~ '{}' }}}}",
    "{{{{ d | replace('a', '{}') }}}}",
    "{{{{ [d, '{}'] | join('{}') }}}}",
    "{{{{ d.replace('a', '{}') }}}}",
    "{{{{ '%s{}' | format(d) }}}}",
    "{{{{ plural(d, one='{}', other='{}') }}}}",
    "{{% if d != '{}' %}}yes{{% endif %}}",
    "{{% set d = '{}' %}}{{{{ d }}}}",
    "{{% raw %}}{}{{% endraw %}}",
]


def escaped(char: str) -> list[str]:
    """The character as an escape in a Jinja string."""
    code = ord(char)
    ways = [f"\\U{code:08x}", *([f"\\u{code:04x}"] if code <= 0xFFFF else [])]
    ways += [f"\\x{code:02x}", f"\\{code:03o}"] if code <= 0xFF else []
    name = unicodedata.name(char, "")
    return [*ways, *([f"\\N{{{name}}}"] if name else [])]


WRITTEN = PARTS.flatmap(lambda char: st.sampled_from([char, *escaped(char)]))
WORDS = st.lists(WRITTEN, min_size=1, max_size=4).map("".join)
WORDINGS = st.tuples(st.sampled_from(FORMS), WORDS, WORDS).map(lambda drawn: drawn[0].format(*drawn[1:]))


def is_clean(text: str) -> bool:
    """Does not use the product's own list: what a platform refuses, what turns the writing round, what breaks lines."""
    turning = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    plain = all(unicodedata.category(c) not in {"Cc", "Cs", "Co", "Zl"} or c in "\n\t" for c in text)
    return plain and not any(unicodedata.bidirectional(c) in turning or c in "\u200b\ufeff\uffff" for c in text)


USED = "So {{ d }}{% if n %}{{ n }}{% endif %}."


def file(wording: str, front: str = "") -> str:
    slots = "slots: {d: {from: post.detail, required: true}, n: {from: fan.call_name}}\n"
    examples = 'examples: [{given: {post: "?!"}, expect: {offered: false}}]\n'
    return f"---\n{slots}{front}{examples}---\n## variant: v\n{USED}\n{wording}\n"


def faults_of(text: str) -> tuple[Fault, ...]:
    try:
        load({**INTENTS, PATH: text}, {})
    except LibraryFaults as found:
        return found.faults
    return ()


def test_a_plain_wording_is_taken() -> None:
    assert faults_of(file("{{ 'Good' }} {{ n or 'you' }}")) == ()


@pytest.mark.whole
@settings(max_examples=400, deadline=None)
@example("{{ '\\ud800' }}", "x")
@example("{{ '\\x00\\u202e' }}", "x")
@example("{{ '\\ud83d' '\\ude00' }}", "x")
@example("{{ 'a\\rb' }}", "x")
@given(WORDINGS, st.text(PARTS, max_size=6))
def test_no_wording_brings_what_nobody_sees_into_a_reply(wording: str, said: str) -> None:
    text = file(wording)
    if faults := faults_of(text):
        lines = plain_lines(text).count("\n") + 1
        assert all(fault.file == PATH and fault.line and 1 <= fault.line <= lines for fault in faults)
        return
    (template,) = load({**INTENTS, PATH: text}, {}).templates
    (variant,) = template.variants
    reply = render(Recipe(source=variant.source, slots={"d": f"moths{said}", "n": said}))
    assert is_clean(reply), ascii(reply)


@pytest.mark.parametrize("escape", ["\\ud800", "\\0\\u202e", "\\x00", "\\u202E", "\\N", "\\e", "\\r", "\\ufeff", "\\L"])
@pytest.mark.parametrize("line", ["handoff: {}", "source: {}", "answers_to: [{}]", "{}: 1", "limits: {{per_fan: {}}}"])
def test_what_hides_in_a_quoted_string_is_told_with_its_line(line: str, escape: str) -> None:
    front = line.format(f'"so{escape}"') + "\n"
    faults = faults_of(file("Good.", front))
    told = [(fault.file, fault.line) for fault in faults if "a \\ " in fault.message]
    assert told == [(PATH, 3)]


@given(st.text(PARTS, max_size=8), st.text(PARTS, max_size=8), st.text(PARTS, max_size=8))
def test_a_finished_text_is_clean_whatever_is_laid_in(fan: str, typed: str, signer: str) -> None:
    recipe = Recipe(source="{{ d }} {{ w }} {{ by }}.", slots={"d": fan}, asks={"w": "What?"}, signers=("by",))
    assert is_clean(preview(recipe, {"w": typed}, signer))


@given(st.text(PARTS))
def test_a_wording_kept_from_before_is_clean_too(source: str) -> None:
    assert is_clean(render(Recipe(source=f"So.{source}", slots={})))


@given(st.text(st.sampled_from("\u200b\u202e\r \x00\ud800")))
def test_words_that_nobody_sees_are_no_words(said: str) -> None:
    with pytest.raises(RenderFailed, match="came out empty"):
        render(Recipe(source="{{ d }}", slots={"d": said}))


@given(st.text(PARTS) | st.text())
@example("a\u0301\u200da")
def test_cleaning_is_done_once(text: str) -> None:
    assert is_clean(seen(text))
    assert seen(seen(text)) == seen(text)


@pytest.mark.parametrize("text", ["\U0001f468\u200d\U0001f467", "\u05d0\u200f (1)", "\u06cc\u200c\u062e", "e\u0301"])
def test_what_belongs_there_stays(text: str) -> None:
    made = render(Recipe(source="{{ d }}", slots={"d": text}))
    assert made == unicodedata.normalize("NFC", text)
