"""`templates check`, `preview` and `sample`, and what `init` gives to start from."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.content import read_library
from responders.library.lint import lint

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "templates"
FREQUENT = ("praise", "thanks", "question", "complaint", "ugc_shared", "wish", "milestone", "greeting")
_DETAIL = """---
slots:
  detail: {from: post.detail, required: true}
  wish: {from: ask_approver, ask: What do you want to know?, required: true}
when: {sentiment: positive}
examples:
  - {given: {post: the “Foghorn Blues” are gorgeous}, expect: {max_words: 20}}
---
## variant: ask
{{ detail | cap }}, then. {{ wish }}
## variant: bad
unless: {details: title}
So it was {{ detail }}.
## variant: first
What came after {{ detail }}?
"""


def test_check_says_what_is_there(greenroom: Run, write_config: Write, templates: Path) -> None:
    status, out, err = greenroom("templates", "check", "--config", write_config())
    assert (status, err) == (0, "")
    assert re.search(r"^praise +1 +3 +3$", out, re.MULTILINE)
    assert out.endswith("No faults, 0 warnings; all 1 examples pass.\n")
    assert greenroom("templates", "check", templates)[1] == out


def test_check_lists_faults_with_status_1(greenroom: Run, templates: Path) -> None:
    with (templates / "en/praise/plain.md").open("a") as file:
        file.write("## variant: bad\n{{ nobody }}\n## variant: worse\nWe appreciate your feedback!!\n")
    status, out, err = greenroom("templates", "check", templates)
    assert (status, err) == (1, "")
    assert out.startswith("Faults: this set cannot go live (1)\ntemplates/en/praise/plain.md:13: L03 ")
    (templates / "en/praise/plain.md").write_text(PLAIN_BAD)
    status, out, _ = greenroom("templates", "check", templates)
    assert status == 1
    assert "templates/en/praise/plain.md:5: L15 " in out


PLAIN_BAD = (
    '---\nexamples: [{given: {post: "love it"}, expect: {max_words: 20}}]\n---\n## variant: a\nIt is out there!!\n'
)


def test_check_lists_warnings_with_status_0(greenroom: Run, write_config: Write, templates: Path) -> None:
    text = (templates / "en/praise/plain.md").read_text()
    (templates / "en/praise/plain.md").write_text(text.partition("## variant: what")[0])
    config = write_config("community: {name: H, locales: [en, de]}\nmanagers: {manager: {name: M}}\non_call: manager\n")
    status, out, _ = greenroom("templates", "check", "--config", config)
    assert status == 0
    assert "templates/en/praise/plain.md:6: L07 " in out
    assert "templates/intents/praise.yaml: L23 nothing answers it in the language de" in out
    assert "things could be better" in greenroom("doctor", "--config", config)[1]


def test_check_tells_which_intents_are_mixed_up(greenroom: Run, templates: Path) -> None:
    path = templates / "intents/offtopic.yaml"
    stolen = "the fog in the first level is lovely"
    path.write_text(path.read_text().replace("the bus was full", stolen))
    status, out, _ = greenroom("templates", "check", templates)
    assert status == 0
    assert "offtopic -> praise (1)" in out
    assert f"“{stolen}” is like “the fog in the last level is lovely”" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "gone"], "gone holds no operators' files"),
        (["check", "."], "name the folder in which intents/ lies"),
        (["preview", "gone.md"], "gone.md is not a file"),
        (["preview", "templates/intents/praise.yaml"], "is not a template"),
        (["preview", "templates/en/praise/detail.md", "--slot", "detial=x"], "did you mean detail?"),
        (["preview", "templates/en/praise/detail.md", "--slot", "detail"], "its slots: detail, wish"),
        (["sample", "prais"], "did you mean praise?"),
        (["sample", "offtopic"], "never answered by a template"),
        (["sample", "praise", "--locale", "de"], "no examples in the language de"),
    ],
)
def test_bad_input_is_one_sentence(
    greenroom: Run,
    write_config: Write,
    templates: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    (templates / "en/praise/detail.md").write_text(_DETAIL)
    write_config()
    monkeypatch.chdir(templates.parent)
    status, out, err = greenroom("templates", *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_preview_says_what_is_offered_and_why_not(greenroom: Run, templates: Path) -> None:
    (templates / "en/praise/detail.md").write_text(_DETAIL)
    file = templates / "en/praise/detail.md"
    status, out, err = greenroom("templates", "preview", file)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "> the “Foghorn Blues” are gorgeous",
        "  positive; details: title “Foghorn Blues”",
        "",
        "ask: offered",
        "  Foghorn Blues, then. [What do you want to know?]",
        "",
        "bad: not offered: it is not for details title",
        "  So it was Foghorn Blues.",
        "",
        "first: offered",
        "  What came after Foghorn Blues?",
    ]
    out = greenroom("templates", "preview", file, "--post", "hello", "--slot", "wish=Why {{ moths }}?")[1]
    assert "ask: not offered: it wants sentiment positive, and the post has neutral; detail has no words" in out
    assert "  [detail], then. Why {{ moths }}?" in out
    out = greenroom("templates", "preview", file, "--post", "great", "--slot", "detail=the \U0001f3ee")[1]
    assert "first: offered\n  What came after the \U0001f3ee?" in out


def test_sample_is_what_a_channel_would_read(greenroom: Run, write_config: Write, templates: Path) -> None:
    status, out, err = greenroom("templates", "sample", "praise", "--n", 4, "--config", write_config())
    assert (status, err) == (0, "")
    said = [line.strip() for line in out.splitlines() if line.startswith("  ")]
    assert len(set(said)) == len(said) == 4
    assert said[3].startswith("(Every wording")
    wordings = (templates / "en/praise/plain.md").read_text()
    assert all(line in wordings for line in said[:3])


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` writes."""
    from bot.cli.starter import init  # noqa: PLC0415 - the command itself, once for all tests here

    folder = tmp_path_factory.mktemp("init") / "ours"
    init(folder, "Row Club")
    return folder


def test_init_gives_every_intent_and_every_opener(started: Path) -> None:
    ours, shipped = read_library(started / "templates"), read_library(SHIPPED)
    assert ours.intents == shipped.intents
    kept = {t.key for t in shipped.templates if not t.asks}
    assert {t.key for t in ours.templates} == kept | {"en/question/example"}
    assert {t.key for t in ours.templates if t.asks} == {"en/question/example"}
    assert set(ours.facts) == {"example"}


def test_what_init_gives_is_in_order(greenroom: Run, started: Path) -> None:
    status, out, _ = greenroom("doctor", "--config", started / "config.yaml")
    assert status == 0
    assert "FAULT" not in out
    (due,) = lint(read_library(started / "templates"), date(2026, 12, 1), ["en"])
    assert (due.file, due.code) == ("facts.yaml", "L24")
    assert "en/question/example.md cannot be said" in due.message


def test_the_example_answer_is_not_said(greenroom: Run, started: Path) -> None:
    out = greenroom("try", "where are the rules?", "--config", started / "config.yaml")[1]
    assert "pinned message" not in out
    assert "en/question/example" not in out


def test_no_word_of_the_sample_community_is_left(started: Path) -> None:
    facts = yaml.safe_load((SHIPPED / "facts.yaml").read_text("utf-8"))
    values = {str(f["value"] if isinstance(f, dict) else f).casefold() for f in facts.values()}
    names = {"lantern harbor", "lanternharbor", "lantern-harbor", *(v for v in values if len(v.split()) > 1)}
    for path in started.rglob("*"):
        text = path.read_text("utf-8").casefold() if path.is_file() else ""
        assert [name for name in names if name in text] == [], path


def test_init_leaves_the_source_as_it_is(tmp_path: Path, greenroom: Run) -> None:
    before = {path: path.read_bytes() for path in (ROOT / "bot/starter").rglob("*") if path.is_file()}
    greenroom("init", tmp_path / "one")
    shutil.rmtree(tmp_path / "one")
    greenroom("init", tmp_path / "one")
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["config.yaml", "templates"]
