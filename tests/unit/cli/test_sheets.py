"""Answers and wordings as CSV, out and in."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cli import rows
from bot.cli.foreign import adopted, plain_text
from bot.content import read_library
from responders.library.document import cut
from responders.library.entries import read_yaml
from responders.library.faults import Fault
from responders.library.model import Template

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[3]


THANKS = (
    "meaning: Somebody says thanks.\naction: draft\nexamples:\n  en: [thank you, thanks a lot, many thanks, cheers]\n"
)
QUESTION = (
    "meaning: Somebody asks.\naction: draft\nexamples:\n  en: [where is it, how do I get in, when is it, what is it]\n"
)
GREETINGS = "[hello, hi there, good morning, hey]"
ANSWER = """\
---
answers_to: [where are the rules, where can I read the rules]
source: the owner
slots:
  place: {from: facts.place, required: true}
examples:
  - {given: {post: where are the rules, slots: {place: at the door}}, expect: {max_words: 20}}
---
## variant: plain
You'll find them {{ place }}.
## variant: plain-2
They're {{ place }}.
"""
OWN = {
    "intents/thanks.yaml": THANKS,
    "intents/question.yaml": QUESTION,
    "facts.yaml": "place: at the door\n",
    "en/question/example.md": ANSWER,
    "en/thanks/any.md": "---\nexamples:\n  - {given: {post: thank you}, expect: {max_words: 9}}\n---\n"
    "## variant: plain\nYou are welcome.\n",
}


@pytest.fixture
def home(write_config: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small set of templates, in which one stands."""
    monkeypatch.setattr("bot.cli.sheets.load_reader", None)
    folder = write_config().parent
    for path, text in OWN.items():
        (folder / "templates" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "templates" / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def without_lines(template: Template) -> Template:
    """The same template, wherever its parts stand."""
    return replace(
        template,
        answers_to_line=0,
        credit_line=0,
        asks_line=0,
        variants=tuple(replace(one, line=0, source_line=0) for one in template.variants),
        examples=tuple(replace(one, line=0) for one in template.examples),
    )


@pytest.mark.whole
def test_everything_comes_back_as_it_was(greenroom: Run, home: Path) -> None:
    """The set that comes with Greenroom, into a folder without a template."""
    shutil.rmtree(home / "templates")
    shutil.copytree(ROOT / "templates", home / "templates")
    shutil.copytree(ROOT / "templates", home / "empty", ignore=shutil.ignore_patterns("en", "de", "fr", "es", "pt"))
    assert greenroom("templates", "export", "all.csv")[0] == 0
    status, out, err = greenroom("templates", "import", "all.csv", "--into", "empty")
    assert (status, err) == (0, ""), out
    before = [without_lines(one) for one in read_library(home / "templates", known=True).templates]
    assert [without_lines(one) for one in read_library(home / "empty", known=True).templates] == before
    status, out, _ = greenroom("templates", "import", "all.csv", "--into", "empty")
    assert (status, out.splitlines()) == (0, ["Nothing is new.", f"As they are already: {len(before)} files."])


def test_answers_or_wordings_alone(greenroom: Run, home: Path) -> None:
    def written(*options: str) -> set[str]:
        Path("some.csv").unlink(missing_ok=True)
        assert greenroom("templates", "export", "some.csv", *options)[0] == 0
        with Path("some.csv").open(encoding="utf-8-sig", newline="") as file:
            return {f"{row['language']}/{row['intent']}/{row['name']}" for row in csv.DictReader(file)}

    answers, wordings = written("--answers"), written("--wordings")
    assert answers == {"en/question/example"}
    assert written() == answers | wordings
    assert not answers & wordings
    assert greenroom("templates", "export", "some.csv", "--answers", "--wordings")[0] == 2


@pytest.mark.parametrize(("file", "why"), [("own.csv", "there already"), ("new/own.csv", "no such folder")])
def test_an_export_writes_over_nothing_and_makes_no_folder(greenroom: Run, home: Path, file: str, why: str) -> None:
    (home / "own.csv").write_text("my work", encoding="utf-8")
    status, out, err = greenroom("templates", "export", file)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert why in err
    assert (home / "own.csv").read_text(encoding="utf-8") == "my work"
    assert not (home / "new").exists()


def test_an_operators_words_are_never_written_over(greenroom: Run, home: Path) -> None:
    assert greenroom("templates", "export", "answers.csv", "--answers")[0] == 0
    file = home / "templates/en/question/example.md"
    own = file.read_text(encoding="utf-8").replace("They're {{ place }}.", "You'll see them {{ place }}.")
    file.write_text(own, encoding="utf-8")
    status, out, _ = greenroom("templates", "import", "answers.csv")
    assert status == 0
    assert out.splitlines()[0] == "Nothing is new."
    assert "line 2: " in out
    assert "is there already, with other words" in out
    assert file.read_text(encoding="utf-8") == own


CHATWOOT = 'id,short_code,content\n7,find_the_door,"Hi {{contact.name}}! It is the green one, by the bakery."\n'
ZAMMAD = """\
id;name;keywords;content;note;active\r
1;Türen finden;offene tür, welche tür;"<div>Die grüne, neben der <b>Bäckerei</b>.<br>Komm gern vorbei.</div>";;true\r
2;Alt;;<p>x</p>;;false\r
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_zammads_text_modules_become_answers(greenroom: Run, home: Path, encoding: str, separator: str) -> None:
    text = ZAMMAD if separator == ";" else _separated(separator)
    (home / "z.csv").write_bytes(text.encode(encoding))
    status, out, err = greenroom("templates", "import", "z.csv", "--language", "de")
    assert (status, err) == (0, ""), out
    assert "line 3: “Alt” is not active" in out
    (made,) = (one for one in read_library(home / "templates").templates if one.id == "turen-finden")
    assert (made.key, made.is_faq, made.source) == ("de/question/turen-finden", True, "Zammad: Türen finden")
    assert made.answers_to == ("offene tür", "welche tür"), "a title of two words is no post"
    assert made.variants[0].source == "Die grüne, neben der Bäckerei.\nKomm gern vorbei."


def _separated(separator: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(csv.reader(io.StringIO(ZAMMAD, newline=""), delimiter=";"))
    return out.getvalue()


def test_chatwoots_canned_responses_become_answers(greenroom: Run, home: Path) -> None:
    (home / "c.csv").write_text(CHATWOOT, encoding="utf-8")
    assert greenroom("templates", "import", "c.csv")[0] == 0
    text = (home / "templates/en/question/find-the-door.md").read_text(encoding="utf-8")
    assert '- "find the door"' in text
    assert "name: {from: fan.call_name}" in text
    assert "Hi{% if name %} {{ name }}{% endif %}! It is the green one, by the bakery." in text


@pytest.mark.parametrize("intent", ["question", "greeting"])
def test_a_short_title_answers_no_post_until_somebody_writes_some(greenroom: Run, home: Path, intent: str) -> None:
    greeting = THANKS.replace("thanks.", "hello.").replace("[thank you, thanks a lot, many thanks, cheers]", GREETINGS)
    (home / "templates/intents/greeting.yaml").write_text(greeting, encoding="utf-8")
    (home / "c.csv").write_text(
        "short_code,content\nhello,Hi {{contact.name}}!\nrefund_please,We look at it.\nfind_the_door,By the bakery.\n",
        encoding="utf-8",
    )
    status, out, err = greenroom("templates", "import", "c.csv", "--intent", intent)
    assert (status, err) == (0, ""), out
    assert "Wrote 1 file with 1 wording to " in out
    assert "Unfinished: 2 files in " in out
    unfinished = home / f"templates-unfinished/en/{intent}/hello.md"
    text = unfinished.read_text(encoding="utf-8")
    assert "answers_to:\n  # Write at least five posts here" in text
    assert {one.id for one in read_library(home / "templates").templates} & {"hello", "refund-please"} == set()
    assert {one.id for one in read_library(home / "templates").templates} >= {"find-the-door"}
    status, out, _ = greenroom("templates", "import", "c.csv", "--intent", intent)
    assert (status, "Unfinished" in out) == (0, False), "they are there already"
    moved = home / f"templates/en/{intent}/hello.md"
    moved.parent.mkdir(exist_ok=True)
    moved.write_text(text, encoding="utf-8")
    assert greenroom("templates", "check")[0] == 1, "moved as it is, it is refused"
    posts = "answers_to:\n  - hello to all of you here\n  - hi everybody in here\n"
    moved.write_text(text.replace("answers_to:\n", posts), encoding="utf-8")
    assert greenroom("templates", "check")[0] == 0


def test_faults_name_the_line_of_the_csv_file_and_nothing_is_written(greenroom: Run, home: Path) -> None:
    lines = [
        "short_code,content",
        'find the door,"It is the green one,\nby the bakery."',
        "what it costs,It costs 30 euros.",
        "number,Your ticket is {{ conversation.id }}.",
    ]
    (home / "c.csv").write_text("\n".join(lines), encoding="utf-8")
    before = sorted(home.rglob("*.md"))
    status, out, _ = greenroom("templates", "import", "c.csv")
    assert status == 1
    assert sorted(home.rglob("*.md")) == before
    assert "c.csv:4: L11 en/question/what-it-costs.md: " in out, "the row before it has two lines"
    assert "c.csv:5: {{ conversation.id }} has no counterpart here" in out


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("../../../etc,question,x,plain,hello there", "language is '../../../etc'"),
        ("en,../..,x,plain,hello there", "intent is '../..'"),
        ("en,question,../x,plain,hello there", "name is '../x'"),
        ("en,thanks,mine,plain,## variant: two", "would be read as something else"),
        ('en,thanks,mine,plain,"when: {mood: angry}\nhello"', "would be read as something else"),
        ("en,nonsense,mine,plain,hello there", "the intent nonsense is not known"),
        ("en,thanks,mine,plain,hello there,x,y", "there are 7 cells under 5 columns"),
        ('en,thanks,mine,plain,"hello "there"', "this row cannot be read"),
        ("en,thanks,mine,plain,{{ nobody }}", "the slot {{ nobody }} is not declared"),
    ],
)
def test_a_row_that_cannot_be_a_wording(greenroom: Run, home: Path, row: str, words: str) -> None:
    (home / "own.csv").write_text(f"language,intent,name,variant,text\n{row}\n", encoding="utf-8")
    before = sorted(home.rglob("*"))
    status, out, _ = greenroom("templates", "import", "own.csv")
    assert status == 1
    assert "own.csv:2: " in out
    assert words in out
    assert [path for path in sorted(home.rglob("*")) if path not in before and "var" not in path.parts] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not name the columns"),
        (b"a,b\n1,2\n", "does not name the columns"),
        (b"PK\x03\x04\x00\x00\x08\x00", "this is no text"),
        (b"x" * (rows.MOST_BYTES + 1), "is larger than 16 MiB"),
    ],
)
def test_what_is_no_sheet_is_told(greenroom: Run, home: Path, content: bytes, words: str) -> None:
    (home / "own.csv").write_bytes(content)
    status, out, err = greenroom("templates", "import", "own.csv")
    assert (status, out) == (2, "")
    assert words in err
    assert greenroom("templates", "import", "gone.csv")[0] == 2
    assert greenroom("templates", "import", "own.csv", "--language", "English")[0] == 2


@pytest.mark.parametrize("line", ["sep=|\r\n", '"sep=|"\n', "SEP=|\n"])
def test_a_line_may_name_the_separator(line: str) -> None:
    faults: list[Fault] = []
    kind, found = rows.read("x.csv", f"{line}name|content\nx|a; b, c\n".encode(), faults)
    assert (kind, faults, found[0].line, found[0].cells["content"]) == ("zammad", [], 3, "a; b, c")
    assert rows.read("x.csv", b'sep="\nname,content\nx,y\n', faults)[0] == ""


words = st.text(st.sampled_from("ab =+-@'\",;\tüж#:\n{}%"), min_size=1, max_size=30)
sources = words.map(lambda text: text.strip("\n").rstrip()).filter(str.strip)
posts = st.lists(words.map(lambda text: " ".join(text.split())).filter(bool), unique=True, max_size=4)
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,5}", fullmatch=True)


@st.composite
def sheets(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows as `rows_of` gives them, with anything in their cells."""
    found: list[dict[str, str]] = []
    for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        more = draw(
            st.sampled_from(["", "limits: {per_fan: 1/7d}", "handoff: =x\nwhen: {mood: angry}", "# a: b\nunless: {}"])
        )
        first = {
            "answers_to": "\n".join(draw(posts)),
            "source": draw(st.sampled_from(["", "=the door", "'+x"])),
            "more": more,
        }
        variants = draw(st.lists(st.tuples(names, sources), min_size=1, max_size=3, unique_by=lambda pair: pair[0]))
        for number, (variant, text) in enumerate(variants):
            conditions = draw(st.sampled_from(["", "when: {mood: angry}", "asks_for: more\nunless: {length: long}"]))
            row = {"variant": variant, "text": text, "conditions": conditions}
            found.append({"language": "en", "intent": "thanks", "name": name, **row, **(first if number == 0 else {})})
    return found


def _read(data: bytes) -> list[rows.Row]:
    faults: list[Fault] = []
    kind, found = rows.read("x.csv", data, faults)
    assert (kind, faults) == ("ours", [])
    return found


@given(sheets())
@example([{"language": "en", "intent": "thanks", "name": "x", "variant": "a", "text": "=1+1", "answers_to": "'=x\n@y"}])
def test_what_is_written_is_read_again(sheet: list[dict[str, str]]) -> None:
    """Through the file, and through a template."""
    data = rows.written(sheet)
    found = _read(data)
    assert [{k: v for k, v in row.cells.items() if v} for row in found] == [
        {k: v for k, v in row.items() if v} for row in sheet
    ]
    faults: list[Fault] = []
    for one in rows.made("x.csv", found, faults):
        document = cut(one.path, one.text, faults)
        assert document
        again = _read(rows.written(rows.rows_of(one.path, one.text)))
        assert [dict(row.cells) for row in again] == [_whole(row.cells) for row in one.rows]
        top: Any = read_yaml("", document.front, faults)
        given_posts = [post for post in one.rows[0].cells["answers_to"].split("\n") if post]
        assert (list(top.mapping()["answers_to"].texts()) if given_posts else []) == given_posts
    assert all("would be read as something else" in fault.message for fault in faults)


def _whole(cells: Any) -> dict[str, str]:
    return {column: cells.get(column, "") for column in rows.COLUMNS}


@given(st.lists(st.lists(words, min_size=len(rows.COLUMNS), max_size=len(rows.COLUMNS)), max_size=4))
def test_no_cell_is_a_formula(cells: list[list[str]]) -> None:
    data = rows.written(dict(zip(rows.COLUMNS, row, strict=True)) for row in cells)
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for cell in row)


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
    st.sampled_from(["", "language,intent,name,text\n", "name;content\n"]),
)
def test_whatever_the_bytes_are(data: bytes, head: str) -> None:
    faults: list[Fault] = []
    kind, found = rows.read("x.csv", head.encode() + data, faults)
    if kind == "zammad":
        found, _ = adopted("x.csv", kind, found, faults, language="en", intent="question")
    for one in rows.made("x.csv", found, faults):
        assert cut(one.path, one.text, []) is not None
    assert all("Traceback" not in str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("content", "text", "more"),
    [
        ("Hi {{contact.name}}!", "Hi{% if name %} {{ name }}{% endif %}!", "name"),
        ("Hello, {{ contact.first_name }}.", "Hello{% if name %}, {{ name }}{% endif %}.", "name"),
        ("{{contact.name}}, look there.", "{% if name %}{{ name }}, {% endif %}look there.", "name"),
        (
            "#{ticket.customer.firstname}, hi\n#{user.firstname}",
            "{% if name %}{{ name }}, {% endif %}hi\n{{ who }}",
            "who",
        ),
        ('Yours, {{agent.name | default: "us"}}', "Yours, {{ who }}", "who"),
    ],
)
def test_names_become_slots(content: str, text: str, more: str) -> None:
    cells = {"short_code": "x", "content": content}
    ours, _ = adopted("x.csv", "chatwoot", [rows.Row(line=2, cells=cells)], [], language="en", intent="question")
    assert ours[0].cells["text"] == text
    assert f"  {more}: {{from: " in ours[0].cells["more"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello,</p><p>thank&nbsp;you &amp; bye</p>", "Hello,\nthank you & bye"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ('see <a href="https://x.example/a">here</a>', "see here (https://x.example/a)"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ("<style>p {}</style><div>a  b\nc</div>", "a b c"),
        ("no tag,\ntwo lines", "no tag,\ntwo lines"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("<b>open <i>tags", "open tags"),
    ],
)
def test_html_as_people_see_it(html: str, text: str) -> None:
    assert plain_text(html) == text
