"""Whatever an operator's file holds, it is read, or refused in words. Nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responders.library.faults import Fault, LibraryFaults
from responders.library.lint import lint
from responders.library.load import load
from responders.library.trial import HOSTILE, hostile, trials
from responders.library.unseen import seen
from responders.types import Understanding

pytestmark = pytest.mark.whole

INTENT = {"intents/praise.yaml": "meaning: m\naction: draft\nexamples: {en: [a]}"}
PIECES = st.sampled_from(
    [
        *(
            "---\n",
            "slots:",
            "examples:",
            "when:",
            "unless:",
            "limits:",
            "answers_to:",
            "handoff:",
            "source:",
            "\n",
            "\n  ",
            "  - ",
            ": ",
            "\t",
        ),
        *("{", "}", "[", "]", ",", '"', "'", "&a ", "*a", "!!int ", "|", ">", "#", "?", "- ", "@", "%", "<<: ", "~"),
        *(
            "detail",
            "{from: post.detail}",
            "required: true",
            "given: {post: x}",
            "expect: {offered: false}",
            "per_fan: 1/7d",
        ),
        *(
            "## variant: a\n",
            "## variant: b\n",
            "{{ detail }}",
            "{% if detail %}",
            "{% endif %}",
            "words",
            "\ufeff",
            "\r",
        ),
        *("\u2028", "\x85", "\ud800", "\U0001f3ee", "0x1f", "2026-13-45", "1e999", "null", "ä"),
    ]
)


def told(texts: Mapping[str, str], shipped: Mapping[str, str]) -> tuple[Fault, ...]:
    """The faults, none for a good set. Any other exception fails the test."""
    try:
        load(texts, shipped)
    except LibraryFaults as found:
        return found.faults
    return ()


FILES = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=30).map("".join))


@settings(max_examples=200, deadline=None)
@given(FILES, st.booleans())
def test_template_files(text: str, fenced: bool) -> None:
    path = "en/praise/a.md"
    faults = told({**INTENT, path: f"---\n{text}" if fenced else text}, {})
    assert all(fault.file == path and fault.message for fault in faults)


@settings(max_examples=150, deadline=None)
@given(FILES, st.sampled_from(["facts.yaml", "voice.yaml", "intents/praise.yaml"]))
def test_data_files(text: str, path: str) -> None:
    faults = told({path: text}, {"list.yaml": "a: {phrases: {en: [x]}}"})
    assert all(fault.file == path and (fault.line or 0) >= 1 for fault in faults)


WORDING = st.lists(
    st.sampled_from(
        [
            *(
                "{{ d }}",
                "{{ n }}",
                "{% if n %}",
                "{% if not n %}",
                "{% elif d %}",
                "{% else %}",
                "{% endif %}",
                "{",
                "}",
            ),
            *("{%", "%}", "{{", "}}", "{#", "#}", "| cap", "{{ d | cap }}", "{{ n or d }}", "words", " ", "\n", "."),
            *("## variant: b\n", "when: {sentiment: positive}\n", '{{ plural(d, one="a", other="b") }}', "None", "'"),
        ]
    ),
    max_size=12,
).map("".join)
FRONT = """---
slots: {d: {from: post.detail, required: true}, n: {from: fan.call_name}}
examples: [{given: {post: "?!"}, expect: {offered: false}}]
---
## variant: a
{{ d }}{% if n %}{{ n }}{% endif %} """


@settings(max_examples=300, deadline=None)
@given(WORDING)
def test_no_raw_template_text_in_any_reply(wording: str) -> None:
    texts = {**INTENT, "en/praise/a.md": FRONT + wording}
    if faults := told(texts, {}):
        assert all(fault.file == "en/praise/a.md" and fault.code for fault in faults)
        return
    library = load(texts, {})
    found = lint(library, date(2026, 3, 1), ["en"], lambda post, context: Understanding())
    assert all(fault.code and fault.message for fault in found)
    (template,) = library.templates
    for variant in template.variants:
        for trial in (*trials(template, variant, {}), *hostile(template, variant)):
            rest = trial.text.replace(seen(HOSTILE), "")
            assert not set("{}") & set(rest), rest


NAMES = st.lists(
    st.sampled_from(
        ["en", "EN", "intents", "Intents", "praise", "templates", "facts", "readme", "a", "A b", "", "\ud800"]
    ),
    min_size=1,
    max_size=4,
)
ENDINGS = st.sampled_from(["", ".md", ".MD", ".txt", ".yaml", ".yml", ".md.txt", ".png", "~", "."])


@settings(max_examples=200, deadline=None)
@given(NAMES, ENDINGS, FILES)
def test_any_path(parts: list[str], ending: str, text: str) -> None:
    path = "/".join(parts) + ending
    faults = told({**INTENT, path: text}, {})
    assert all(fault.message and (fault.file == path or path.startswith(fault.file)) for fault in faults)
