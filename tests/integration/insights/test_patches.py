"""A patch from real edits: taken into a real file after the files were tried, or dropped."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.content import Content, read_library
from bot.errors import NotDone
from bot.insights.taking import settled, take, waiting
from tests.integration.conftest import PRAISES, TEMPLATES
from tests.model import reader

FILE = "en/praise/praise_for_looks.md"
EDITED = "Thank you! We pass that on to the people who painted it."


@pytest.fixture
def folder(house) -> Path:
    """The operator's files of the house."""
    for name, text in TEMPLATES.items():
        path = house.settings.templates / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return house.settings.templates


async def edit_all(house, *texts: str) -> str:
    """As many edits of one wording, each of a card of its own; the name of that wording."""
    first = None
    for number, text in enumerate(texts):
        card = await house.draft(PRAISES[number % len(PRAISES)], fan=f"fan{number}", channel=f"channel{number}")
        first = first or card["variant"]
        if card["variant"] != first:
            place = next(n for n, one in enumerate(card["alternatives"], 1) if one["variant"] == first)
            await house.press(card, "reword", alternative=place)
            card = await house.again(card)
        await house.press(card, "edit", text=text)
    return str(first)


async def offered(house, folder):
    since = house.clock.now() - timedelta(days=7)
    library = read_library(folder)
    return await house.store.read(lambda c: waiting(c, library, house.settings, since))


def built(house):
    return Content(house.settings.templates, reader=reader).tried


async def test_a_patch_is_written_and_offered_no_more(house, folder):
    variant = await edit_all(house, EDITED, EDITED, EDITED)
    (one,) = await offered(house, folder)
    (patch,) = one.patches
    assert (patch.variant, patch.new, patch.number) == (variant, EDITED, 3)
    path = folder / FILE
    path.chmod(0o664)
    before = path.read_text()
    done = take(patch, house.settings, built(house))
    after = path.read_text()
    assert EDITED in after
    assert path.stat().st_mode & 0o777 == 0o664
    gone = [line for line in before.splitlines() if line not in after.splitlines()]
    assert gone == [f"## variant: {variant}", patch.old]  # nobody sends it as it is
    assert done.placed.in_place
    new = next(
        v for v in read_library(folder).by_key[FILE.removesuffix(".md")].variants if v.name == done.placed.variant
    )
    assert (new.source, new.line) == (EDITED, done.placed.line)
    assert [*folder.rglob(".*")] == []
    assert await offered(house, folder) == []


async def test_a_wording_that_is_also_sent_as_it_is_stays_below_the_new_one(house, folder):
    variant = await edit_all(house, EDITED, EDITED, EDITED)
    card = await house.draft(PRAISES[3], fan="fan3", channel="channel3")
    assert card["variant"] == variant
    await house.press(card, "approve")
    (one,) = await offered(house, folder)
    before = (folder / FILE).read_text()
    done = take(one.patches[0], house.settings, built(house))
    assert not done.placed.in_place
    new = f"## variant: {done.placed.variant}\n{EDITED}\n"
    assert (folder / FILE).read_text() == before.replace(f"## variant: {variant}\n", f"{new}## variant: {variant}\n", 1)


async def test_other_words_may_be_taken(house, folder):
    await edit_all(house, EDITED, EDITED, EDITED)
    (one,) = await offered(house, folder)
    take(one.patches[0], house.settings, built(house), "Thank you! The painters will hear it.")
    text = (folder / FILE).read_text()
    assert "The painters will hear it." in text
    assert EDITED not in text
    assert await offered(house, folder) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Thank you, {{ nobody }}!", "L03"),
        ("Thank you {% if %}!", "L06"),
        ("As an AI language model, I thank you.", "L1"),
        ("Thank you.\n## variant: other\nMore.", "something else"),
        ("when: {mood: angry}\nThank you.", "something else"),
        ("   ", "L01"),
    ],
)
async def test_a_faulty_one_is_refused_and_nothing_is_written(house, folder, text, why):
    await edit_all(house, EDITED, EDITED, EDITED)
    (one,) = await offered(house, folder)
    before = (folder / FILE).read_bytes()
    with pytest.raises(NotDone, match=why):
        take(one.patches[0], house.settings, built(house), text)
    assert (folder / FILE).read_bytes() == before
    assert settled(house.settings.var) == frozenset()


async def test_an_example_that_fails_refuses_it(house, folder):
    await edit_all(house, EDITED, EDITED, EDITED)
    path = folder / FILE
    example = (
        'examples:\n  - given: {post: "the new map is gorgeous"}\n    expect: {max_words: 60, absent: [painted it]}\n'
    )
    front = path.read_text()
    assert "examples:" not in front
    path.write_text(front.replace("---\n", f"---\n{example}", 1))
    (one,) = await offered(house, folder)
    before = path.read_bytes()
    with pytest.raises(NotDone, match="painted it"):
        take(one.patches[0], house.settings, built(house))
    assert path.read_bytes() == before


async def test_faults_that_were_there_before_come_first(house, folder):
    await edit_all(house, EDITED, EDITED, EDITED)
    (one,) = await offered(house, folder)
    (folder / "facts.yaml").write_text("broken: {")
    with pytest.raises(NotDone, match=r"mend this one first: .*facts\.yaml"):
        take(one.patches[0], house.settings, built(house))


async def test_a_file_that_changes_meanwhile_is_left_alone(house, folder):
    await edit_all(house, EDITED, EDITED, EDITED)
    (one,) = await offered(house, folder)
    theirs = (folder / FILE).read_text().replace("---\n", "---\n# mine\n", 1)

    def slowly(texts):
        pipeline = built(house)(texts)
        (folder / FILE).write_text(theirs)
        return pipeline

    with pytest.raises(NotDone, match="changed meanwhile"):
        take(one.patches[0], house.settings, slowly)
    assert (folder / FILE).read_text() == theirs
    (folder / FILE).unlink()
    with pytest.raises(NotDone, match="not there any more"):
        take(one.patches[0], house.settings, built(house))


async def test_a_folder_that_cannot_be_written_is_told(house, folder, tmp_path):
    await edit_all(house, EDITED, EDITED, EDITED)
    (one,) = await offered(house, folder)
    real = tmp_path / "elsewhere.md"
    shutil.move(folder / FILE, real)
    (folder / FILE).symlink_to(real)
    take(one.patches[0], house.settings, built(house))
    assert (folder / FILE).is_symlink()
    assert EDITED in real.read_text()


async def test_the_commands_list_drop_and_count_while_it_runs(house, folder, capsys, monkeypatch):
    house.clock.move(seconds=(datetime.now(UTC) - house.clock.now()).total_seconds())
    await edit_all(house, EDITED, EDITED, "Something else entirely, if you ask us.")
    config = str(house.settings.root / "config.yaml")

    def run(*words, status=0):
        monkeypatch.setattr("sys.argv", ["greenroom", "templates", *words, "--config", config])
        with pytest.raises(SystemExit) as left:
            main()
        assert (left.value.code or 0) == status
        return capsys.readouterr().out

    listed = json.loads(run("patches", "--json"))
    first, second = listed[0]["patches"]
    assert (first["times"], first["new"]) == (2, EDITED)
    assert f"+ {EDITED}" in run("patches")
    assert "Dropped" in run("patches", "drop", first["id"][:4])
    assert [p["id"] for p in json.loads(run("patches", "--json"))[0]["patches"]] == [second["id"]]
    assert run("patches", "drop", first["id"], status=1) == ""
    told = json.loads(run("stats", "--json"))
    assert (told["sent"]["edited"], told["sent"]["percent"]) == (3, None)
    assert "0 of 3, too few to tell" in run("stats")
    await house.draft("the new map is gorgeous", fan="kim")
    assert "    1 waits\n" in run("stats")
