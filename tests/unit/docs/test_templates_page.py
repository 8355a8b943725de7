"""What templates/README.md shows is a set that runs as it says."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.content import read_texts, shipped_texts
from bot.language import Langid
from responders.library.examples import run
from responders.library.found import as_written, astray
from responders.library.lint import lint
from responders.library.load import load
from responders.library.notices import NOTICES, OPTIONAL
from responders.library.vocabulary import MOODS, TELLS, WHEN_FIELDS
from responders.types import Outcome, ReasonCode
from tests.model import loaded

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "templates/README.md").read_text("utf-8")
SHOWN = dict(re.findall(r"^`([\w/.-]+)`\n```\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL))
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """The files of the page beside the shipped intents, as they run."""
    folder = tmp_path_factory.mktemp("page") / "templates"
    intents = {path: text for path, text in read_texts(ROOT / "templates").items() if path.startswith("intents/")}
    for path, text in {**intents, **SHOWN}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return loaded(folder)


def test_every_kind_of_file_is_shown():
    assert [*SHOWN] == [
        "en/complaint/lost_progress.md",
        "facts.yaml",
        "en/question/opening-hours.md",
        "en/complaint/bad_reaction.md",
        "en/people/credit_helper.md",
        "intents/press_enquiry.yaml",
    ]


def test_the_page_has_no_fault_and_the_linter_nothing_to_say(live):
    intents = {path: text for path, text in read_texts(ROOT / "templates").items() if path.startswith("intents/")}
    library = load({**intents, **SHOWN}, shipped_texts(), Langid())
    assert [str(fault) for fault in run(library, live.understand)] == []
    found = lint(library, date(2026, 12, 1), [], live.understand)
    assert [str(fault) for fault in found if fault.file in SHOWN] == []


def test_its_posts_find_their_replies(live):
    assert [str(fault) for fault in astray(live.library, live.run, live.library.templates, SHOWN, NOON)] == []


def test_what_it_says_becomes_of_posts_is_so(live):
    by_id = {template.id: template for template in live.library.templates}

    def judged(name, text):
        return live.run(*as_written(by_id[name], text, NOON))

    lost = judged("lost_progress", "my save is gone after the update")
    assert (lost.outcome, lost.candidate.template) == (Outcome.DRAFT, "en/complaint/lost_progress")
    hours = judged("opening-hours", "when are you open?")
    assert "from nine to five" in hours.candidate.text
    hurt = judged("bad_reaction", "the cream gave me a rash")
    assert (hurt.outcome, hurt.reason.code) == (Outcome.HANDOFF, ReasonCode.BY_HAND)
    assert "Ask how they are first." in hurt.reason.sentence
    press = judged("lost_progress", "who do I ask for press pictures")
    assert press.outcome is Outcome.HANDOFF
    assert press.understanding.intent == "press_enquiry"


def test_it_names_all_words_that_are_no_reply_with_their_slots():
    rows = {name: row for row in PAGE.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row)}
    for notice, slots in NOTICES.items():
        told = set(re.findall(r"\(?\w+\)?", rows[notice].split("|")[2].partition(".")[0])) - {"none"}
        assert told == {f"({name})" if name in OPTIONAL else name for name in slots}, notice


def test_it_names_all_that_a_condition_can_be():
    for field in WHEN_FIELDS:
        assert re.search(rf"\b{field}\b", PAGE), field
    for word in (
        *MOODS,
        *TELLS,
        *WHEN_FIELDS["second"],
        *WHEN_FIELDS["replies_to"],
        *WHEN_FIELDS["time"],
        *WHEN_FIELDS["fan_history"],
    ):
        assert re.search(rf"\b{word}\b", PAGE), word
