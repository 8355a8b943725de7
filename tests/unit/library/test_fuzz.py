"""Whatever an operator's file holds, it is read, or refused in words. Nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from responders.library.faults import Fault, LibraryFaults
from responders.library.load import load

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
            "asks:",
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
