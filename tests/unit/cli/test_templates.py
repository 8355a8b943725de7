"""`templates check`, `preview` and `sample`, and what `init` gives to start from."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.cli.check import _by_strangers, _told_apart
from bot.content import Content, read_library
from bot.errors import FaultyFiles
from bot.own_files import shipped
from responders.library.lint import lint
from responders.pipeline import build
from responders.understanding.intent import HeldOut
from tests.model import reader

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "templates"
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
    assert out.startswith("Each example, read as if it were new: ")
    assert out.endswith("1 template with 3 wordings (en 1).\nNo faults, no warnings; the one example passes.\n")
    assert greenroom("templates", "check", templates)[1] == out


def test_check_lists_faults_with_status_1(greenroom: Run, templates: Path) -> None:
    with (templates / "en/praise/plain.md").open("a") as file:
        file.write("## variant: bad\n{{ nobody }}\n## variant: worse\nWe appreciate your feedback!!\n")
    status, out, err = greenroom("templates", "check", templates)
    assert (status, err) == (1, "")
    assert out.startswith("Faults: this set cannot go live (3)\ntemplates/en/praise/plain.md:13: L03 ")
    assert out.count("templates/en/praise/plain.md:15: ") == 2, "the next wording is read, too"
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
    assert out.startswith("Could be better (2)\n")
    assert "templates/en/praise/plain.md:6: L07 " in out
    assert "templates/de: L23 nothing is written in this language" in out
    assert out.endswith("No faults, 2 warnings; the one example passes.\n")
    assert "2 things could be better" in greenroom("doctor", "--config", config)[1]
    config = write_config("community: {name: H}\nmanagers: {manager: {name: M}}\non_call: manager\n")
    assert greenroom("templates", "check", "--config", config)[1].endswith(
        "No faults, 1 warning; the one example passes.\n"
    )
    assert "1 thing could be better" in greenroom("doctor", "--config", config)[1]


def test_check_as_json_has_the_documented_shape(greenroom: Run, templates: Path) -> None:
    file = templates / "en/praise/plain.md"
    text = file.read_text()
    file.write_text(text.partition("## variant: what")[0])
    status, out, _ = greenroom("templates", "check", templates, "--json")
    assert (status, set(json.loads(out))) == (0, {"faults", "warnings", "lost_posts"})
    (warning,) = json.loads(out)["warnings"]
    assert (warning["file"], warning["line"], warning["code"]) == ("templates/en/praise/plain.md", 6, "L07")
    file.write_text(f"{text}## variant: bad\n{{{{ nobody }}}}\n")
    status, out, _ = greenroom("templates", "check", templates, "--json")
    assert (status, [fault["code"] for fault in json.loads(out)["faults"]]) == (1, ["L03"])


def test_check_knows_the_channels_of_the_config(greenroom: Run, write_config: Write, templates: Path) -> None:
    with (templates / "en/praise/plain.md").open("a") as file:
        file.write("## variant: art\nwhen: {channel: arts}\nHow lovely.\n")
    rest = "managers: {a: {name: A}}\non_call: a\nprivacy: {policy: Ask.}\nplatforms: {discord: {listen: LISTEN}}\n"
    for listen, told in (
        ("[art, wool]", True),
        ("[arts]", False),
        ("[111111111111111111]", False),
        ("[]", False),
        ("[art]}, telegram: {listen: [5]", False),
    ):
        config = write_config("community: {name: H}\n" + rest.replace("LISTEN", listen))
        out = greenroom("templates", "check", "--config", config)[1]
        assert ("L21 config.yaml lists no channel arts (did you mean art?)" in out) == told, listen


OWN_DANGER = "i want to kill myself over this fog"
OWN = f"""---
answers_to:
  - the fog rolled in and i cried
  - FOG
  - {OWN_DANGER}
---
## variant: plain
What a thing to see. Thank you for telling us!
## variant: plain-2
How good to read that you saw it.
## variant: plain-3
That sounds like quite a moment.
"""


def test_check_says_which_posts_do_not_find_their_reply(greenroom: Run, templates: Path) -> None:
    (templates / "en/praise/fog.md").write_text(OWN)
    (templates / "en/praise/mist.md").write_text(
        OWN.replace(OWN_DANGER, "the boats came home").replace("the fog", "it")
    )
    status, out, _ = greenroom("templates", "check", templates)
    assert status == 0
    assert "templates/en/praise/fog.md:3: L22 'FOG' is also in en/praise/mist.md, which answers it" in out
    (lost,) = (line for line in out.splitlines() if " L31 " in line)
    assert lost.startswith(f"templates/en/praise/fog.md:5: L31 “{OWN_DANGER}” does not find its reply: ")
    assert "Sounds like somebody in danger" in lost
    assert "Of 6 posts under answers_to 4 find their reply." in out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("en/praise/Lamp.MD", "call it lamp.md"),
        ("en/praise/lamp.markdown", "call it lamp.md"),
        ("en/praise/lamp.md.txt", "call it lamp.md"),
        ("en/praise/lamp", "call it lamp.md"),
        ("intents/wish.yml", "call it wish.yaml"),
        ("Facts.yaml", "if it is facts.yaml"),
        ("Intents/wish.yaml", "is called intents"),
    ],
)
def test_a_file_that_nobody_would_read_is_told(greenroom: Run, templates: Path, name: str, words: str) -> None:
    path = templates / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\xff\x00 whatever stands in it" if path.suffix in {".txt", ".markdown"} else b"words")
    status, out, _ = greenroom("templates", "check", templates)
    assert status == 1
    assert out.startswith("Faults: this set cannot go live (1)\ntemplates/")
    assert words in out


def test_own_situations_are_read_by_those_who_do_not_know_them(
    greenroom: Run, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.live.load_reader", reader)
    posts = "[who has a boat, love the map, the bus was full of fog]"
    (templates / "en/praise/zeppelin.md").write_text(f"---\nanswers_to: {posts}\n---\n{OWN.rpartition('---')[2]}")
    out = greenroom("templates", "check", templates)[1]
    assert re.search(r"^Found only word for word: \d of 3 posts", out, re.MULTILINE)
    assert re.search(r"^zeppelin \(\d\)\n  “.*” reads as ", out, re.MULTILINE)


def test_what_the_operator_broke_is_told_first(greenroom: Run, few: Path, tmp_path: Path) -> None:
    shutil.copytree(few, tmp_path / "ours")
    folder = tmp_path / "ours" / "templates"
    (folder / "en/wish/zeppelin.md").write_text("---\nanswers_to: [a zeppelin]\n---\n## variant: a\n{{ nobody }}\n")
    facts = (folder / "facts.yaml").read_text()
    (folder / "facts.yaml").write_text(facts + "example: again\nhost: [")
    status, out, _ = greenroom("templates", "check", folder)
    assert status == 1
    assert [line.partition(":")[0] for line in out.splitlines()[1:3]] == [
        "templates/facts.yaml",
        "templates/en/wish/zeppelin.md",
    ]
    (folder / "facts.yaml").write_text(facts)
    (folder / "voice.yaml").unlink()
    (folder / "intents/thanks.yaml").rename(folder / "intents/thx.yaml")
    out = greenroom("templates", "check", folder)[1]
    assert "templates/en/thanks: L02 the intent thanks is not known" in out
    assert out.splitlines()[1].startswith("templates/en/wish/zeppelin.md")


@pytest.mark.whole
def test_the_first_check_in_a_new_home_is_calm(greenroom: Run, started: Path) -> None:
    status, out, err = greenroom("templates", "check", "--config", started / "config.yaml")
    assert (status, err) == (0, "")
    assert len(out.splitlines()) <= 12
    assert "No faults, no warnings" in out
    assert "could be better" not in greenroom("doctor", "--config", started / "config.yaml")[1]


def test_check_looks_at_what_one_asks_for(greenroom: Run, few: Path) -> None:
    out = greenroom("templates", "check", "--intent", "farewell", "--config", few / "config.yaml")[1]
    assert re.search(r"^farewell +\d+ +\d+%", out, re.MULTILINE)
    assert re.search(r"^en +files wordings$", out, re.MULTILINE)
    assert "thanks" not in out
    status, _, err = greenroom("templates", "check", "--intent", "farewel", "--config", few / "config.yaml")
    assert (status, err) == (2, "There is no intent farewel (did you mean farewell?).\n")


def test_own_examples_are_held_against_the_others(greenroom: Run, few: Path, tmp_path: Path) -> None:
    shutil.copytree(few, tmp_path / "ours")
    config = tmp_path / "ours" / "config.yaml"
    wish = tmp_path / "ours" / "templates/intents/wish.yaml"
    wish.write_text(wish.read_text().replace("  en:\n", "  en:\n    - a tram to the old mill would be grand\n", 1))
    out = greenroom("templates", "check", "--config", config)[1]
    assert re.search(r"^wish +\d+ +\d+%", out, re.MULTILINE)
    assert not re.search(r"^thanks +\d+ +\d+%", out, re.MULTILINE)


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
        (["preview", "templates/en/praise/detail.md", "--slot", "detail"], "--slot detail lacks =VALUE"),
        (["preview", "templates/en/praise/detail.md", "--slot", "other"], "its slots: detail, wish"),
        (["check", "templates", "--intent", "lost_progress"], "lost_progress is a situation of complaint"),
        (["sample", "prais"], "did you mean praise?"),
        (["sample", "offtopic"], "never answered by a template"),
        (["sample", "praise", "--locale", "de"], "no examples in the language de"),
        (["sample"], "Name an intent"),
        (["sample", "praise", "--situation", "fog"], "Name an intent"),
        (["sample", "lost_progress"], "sample --situation lost_progress"),
        (["sample", "--situation", "praise"], "sample praise"),
        (["sample", "--situation", "lost_progres"], "did you mean lost_progress?"),
        (["sample", "--situation", "lost_progress"], "No template in the language en answers lost progress"),
        (["sample", "--situation", "detial"], "did you mean detail?"),
        (["check", "templates", "--intent", "prais"], "did you mean praise?"),
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
    post, reads, fits, holds, *rest = out.splitlines()
    assert post == "> the “Foghorn Blues” are gorgeous"
    assert reads.startswith("Reads as praise (")
    assert fits == "This file is for every post that reads as praise."
    assert holds == "mood: plain; length: short; tells: none; second: none"
    assert rest == [
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


def test_preview_says_whether_the_post_is_for_the_file(greenroom: Run, templates: Path) -> None:
    (templates / "en/praise/fog.md").write_text(OWN + "## variant: ask\nasks_for: more\nWhere were you?\n")
    (templates / "en/praise/hand.md").write_text("---\nanswers_to: [my gran sang it]\nhandoff: Ask who she was.\n---\n")
    file = templates / "en/praise/fog.md"
    out = greenroom("templates", "preview", file)[1]
    assert out.startswith("> the fog rolled in and i cried\nReads as “fog”, praise (sure).\n")
    assert "Is the post for this file (fog)? Sure." in out
    assert "ask: offered" in out
    out = greenroom("templates", "preview", file, "--post", "what is for dinner, and " * 12)[1]
    assert "Is the post for this file (fog)? No." in out
    assert "length: long" in out
    assert "ask: not offered: it asks" in out
    out = greenroom("templates", "preview", templates / "en/praise/hand.md")[1]
    assert out.endswith("\nNo reply is written here. A person answers. Ask who she was.\n")
    (templates / "en/praise/hand.md").write_text("---\nanswers_to: [my gran sang it]\n---\n")
    out = greenroom("templates", "preview", templates / "en/praise/hand.md")[1]
    assert out.endswith("\nNo reply is written here. A person answers.\n")
    assert "1 template without a reply: a person answers.\n" in greenroom("templates", "check", templates)[1]


def test_sample_is_what_a_channel_would_read(greenroom: Run, write_config: Write, templates: Path) -> None:
    status, out, err = greenroom("templates", "sample", "praise", "--n", 4, "--config", write_config())
    assert (status, err) == (0, "")
    said = [line.strip() for line in out.splitlines() if line.startswith("  ")]
    assert len(set(said)) == len(said) == 4
    assert said[3].startswith("(Every wording")
    wordings = (templates / "en/praise/plain.md").read_text()
    assert all(line in wordings for line in said[:3])


def test_sample_of_a_situation_goes_through_its_posts(greenroom: Run, write_config: Write, templates: Path) -> None:
    (templates / "en/praise/fog.md").write_text(OWN)
    config = write_config()
    status, out, err = greenroom("templates", "sample", "--situation", "fog", "--config", config)
    assert (status, err) == (0, "")
    posts = [line.removeprefix("> ") for line in out.splitlines() if line.startswith("> ")]
    assert posts == ["the fog rolled in and i cried", "FOG", "i want to kill myself over this fog"]
    first, second, third = (line.strip() for line in out.splitlines() if line.startswith("  "))
    assert first != second
    assert {first, second} <= {*OWN.splitlines()}
    assert third.startswith("(Sounds like somebody in danger")
    assert greenroom("templates", "sample", "--situation", "fog", "--n", 1, "--config", config)[1].count("> ") == 1


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` writes."""
    from bot.cli.starter import init  # noqa: PLC0415 - the command itself, once for all tests here

    folder = tmp_path_factory.mktemp("init") / "ours"
    init(folder, "Row Club")
    return folder


@pytest.fixture(scope="module")
def few(started: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with few intents and replies, for tests where it matters whose a file is."""
    folder = tmp_path_factory.mktemp("few") / "ours"
    shutil.copytree(started, folder)
    kept = {folder / "templates/en" / name for name in ("farewell", "question", "thanks", "wish")}
    for path in {*(folder / "templates").glob("??/*")} - kept:
        shutil.rmtree(path)
    for path in (path for own in kept for path in sorted(own.iterdir())[3:] if path.name != "example.md"):
        path.unlink()
    for path in (folder / "templates/intents").iterdir():
        if path.stem not in {"farewell", "offtopic", "question", "thanks", "wish"}:
            path.unlink()
    return folder


def test_init_gives_every_intent_and_every_opener(started: Path) -> None:
    ours, shipped = (read_library(folder, known=True) for folder in (started / "templates", SHIPPED))
    assert ours.intents == shipped.intents
    kept = {t.key for t in shipped.templates if not t.is_faq}
    assert {t.key for t in ours.templates} == kept | {"en/question/example"}
    assert {t.key for t in ours.templates if t.is_faq} == {"en/question/example"}
    assert set(ours.facts) == {"example"}


@pytest.mark.whole
def test_what_init_gives_is_in_order(greenroom: Run, started: Path) -> None:
    status, out, _ = greenroom("doctor", "--config", started / "config.yaml")
    assert status == 0
    assert "FAULT" not in out
    library = read_library(started / "templates")
    found = lint(library, date(2026, 12, 1), ["en"], build(library).understand)
    (due,) = (fault for fault in found if fault.code == "L24")
    assert due.file == "facts.yaml"
    assert "en/question/example.md cannot be said" in due.message
    assert all(fault.file not in {"facts.yaml", "en/question/example.md"} or fault is due for fault in found)


def test_the_example_answer_is_not_said(greenroom: Run, few: Path) -> None:
    assert (few / "templates/en/question/example.md").exists()
    status, out, _ = greenroom("try", "where are the rules?", "--config", few / "config.yaml")
    assert status == 0
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


def test_what_an_older_greenroom_wrote_is_not_the_operators(
    greenroom: Run, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(few, tmp_path / "ours")
    config = tmp_path / "ours" / "config.yaml"
    wish = tmp_path / "ours" / "templates/en/wish"
    newer = {path: {"as it is written today"} for path in shipped()}
    monkeypatch.setattr("bot.own_files.shipped", lambda: newer)
    assert "No faults, no warnings" in greenroom("templates", "check", "--config", config)[1]
    (wish / "mine.md").write_text("---\nanswers_to: [a boat]\n---\n## variant: a\nWhat a boat.\n")
    own = greenroom("templates", "check", "--config", config)[1]
    assert "templates/en/wish/mine.md:" in own
    assert {line.split(":")[0] for line in own.splitlines() if ": L" in line} == {"templates/en/wish/mine.md"}
    assert "could be better" in greenroom("doctor", "--config", config)[1]
    for note in ("no note", "[]", None):
        path = tmp_path / "ours" / "templates" / ".came_with_greenroom.json"
        path.unlink() if note is None else path.write_text(note)
        assert len(greenroom("templates", "check", "--config", config)[1]) > len(own)


def test_in_the_folder_of_the_templates_the_config_is_named(
    greenroom: Run, write_config: Write, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config()
    monkeypatch.chdir(templates)
    assert config.parent == templates.parent
    for command in (["templates", "check"], ["templates", "sample", "praise"], ["try", "a post"], ["doctor"]):
        status, _, err = greenroom(*command)
        assert (status, err.count("\n")) == (2, 1)
        assert "There is no config.yaml here; it lies one folder up" in err
    assert greenroom("templates", "check", "--config", "../config.yaml")[0] == 0
    config.unlink()
    assert "there is no such file" in greenroom("templates", "check")[2]


def _read(text: str, **more: object) -> HeldOut:
    return HeldOut(**{"text": text, "intent": "press", "read": "question", "confidence": 0.3, "nearest": None, **more})


def test_what_is_not_shown_is_counted() -> None:
    posts = [_read(f"post {n}", situation="boat_taken", likeliest="boat_lost") for n in range(5)]
    few, every = "\n".join(_by_strangers(posts, 3)), "\n".join(_by_strangers(posts, None))
    assert ("post 2" in few, "post 3" in few, "\n  and 2 more" in few) == (True, False, True)
    assert ("post 4" in every, "more\n" in every) == (True, False)
    assert "and" not in "\n".join(_by_strangers(posts[:3], 3)).rpartition("(3)")[2]


def test_examples_of_an_own_intent_that_are_misread_are_named() -> None:
    read = [_read("a"), _read("b", confidence=0.9), _read("c", read="press"), _read("d", intent="wish")]
    told = "\n".join(_told_apart(read, {"press"}, 3))
    assert "Not read right, nor surely as another intent (1)" in told
    assert "“a” (press) reads as a question" in told
    assert ("“b”" in told, "“c”" in told, "“d”" in told) == (True, False, False)


def test_the_fact_that_lacks_comes_before_the_examples_that_fail_for_it(templates: Path) -> None:
    facts = {
        "host: {de: Ida}": "says nothing in en",
        "host: {value: Ida, until: 2025-03-01}": "was valid until 2025-03-01",
    }
    for fact, words in facts.items():
        (templates / "facts.yaml").write_text(f"{fact}\nother: {{value: x, until: 2020-01-01}}\n")
        (templates / "en/praise/host.md").write_text(
            "---\nslots: {host: {from: facts.host, required: true}}\n"
            "examples: [{given: {post: love the fog}, expect: {max_words: 9}}]\n---\n"
            "## variant: a\nSo says {{ host }}.\n"
        )
        with pytest.raises(FaultyFiles) as found:
            Content(templates, reader=reader).load()
        assert [fault.code for fault in found.value.faults] == ["L24", "L09"]
        assert words in found.value.faults[0].message
