from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.content import Content, read_texts, shipped_texts
from bot.errors import FaultyFiles
from responders.library.notices import speak

PATIENCE = 60.0  # seconds; a slow machine only makes a failing test slower


async def nobody() -> None:
    """Stands in for whoever is told of changes."""


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.02)


@pytest.fixture
async def content(templates: Path) -> AsyncIterator[Content]:
    """Loaded and watching."""
    content = Content(templates)
    content.load()
    watching = asyncio.create_task(content.watch(nobody))
    yield content
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


def variants(content: Content) -> int:
    return sum(len(template.variants) for template in content.pipeline.library.templates)


async def test_a_bad_edit_leaves_the_last_good_set_in_use_until_it_is_mended(content: Content, templates: Path) -> None:
    file, good = templates / "en/praise/plain.md", content.pipeline
    text = file.read_text()
    file.write_text(text + "## variant: broken\n{{ name\n")
    await until(lambda: bool(content.faults))
    assert [fault.file for fault in content.faults] == ["templates/en/praise/plain.md"]
    assert content.faults[0].line
    assert content.pipeline is good

    file.write_text(text + "## variant: more\nTell me more?\n")
    await until(lambda: not content.faults)
    assert content.pipeline is not good
    assert variants(content) == 4


async def test_taking_the_bad_edit_back_clears_the_faults(content: Content, templates: Path) -> None:
    file = templates / "intents/praise.yaml"
    text, good = file.read_text(), content.pipeline
    file.write_text("action: [")
    await until(lambda: bool(content.faults))
    file.write_text(text)
    await until(lambda: not content.faults)
    assert content.pipeline is good


async def test_the_folder_may_vanish_and_come_back(content: Content, templates: Path) -> None:
    good, aside = content.pipeline, templates.with_name("aside")
    templates.rename(aside)
    await until(lambda: bool(content.faults))
    assert "no such folder" in str(content.faults[0])
    assert content.pipeline is good

    shutil.copytree(aside, templates)
    await until(lambda: not content.faults)
    with (templates / "en/praise/plain.md").open("a") as file:
        file.write("## variant: again\nAnd now?\n")
    await until(lambda: variants(content) == 4)


async def test_a_file_added_and_one_removed_are_noticed(content: Content, templates: Path) -> None:
    (templates / "en/praise/other.md").write_text((templates / "en/praise/plain.md").read_text())
    await until(lambda: len(content.pipeline.library.templates) == 2)
    (templates / "en/praise/plain.md").unlink()
    await until(lambda: len(content.pipeline.library.templates) == 1)


def test_a_bad_set_at_the_start_is_refused_with_all_its_faults(templates: Path) -> None:
    (templates / "facts.yaml").write_text("a: [\n")
    (templates / "en/praise/plain.md").write_text("no front matter\n")
    with pytest.raises(FaultyFiles) as caught:
        Content(templates).load()
    assert {fault.file for fault in caught.value.faults} == {"templates/facts.yaml", "templates/en/praise/plain.md"}


def test_what_is_read_and_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("en/a.md", "b.yaml", ".hidden.md", "en/a.md~", "en/.#a.md", "picture.png", ".git/c.yaml"):
        (tmp_path / name).write_text("ä")
    (tmp_path / "en" / "loop").symlink_to(tmp_path)
    assert read_texts(tmp_path) == {"b.yaml": "ä", "en/a.md": "ä"}


def _not_text(path: Path) -> None:
    path.write_bytes(b"fine\n\xff\xfe")


def _too_large(path: Path) -> None:
    path.write_bytes(b"a" * (1024 * 1024 + 1))


def _leads_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def _itself(path: Path) -> None:
    path.symlink_to(path)


def _a_folder(path: Path) -> None:
    path.mkdir()


def _unreadable(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # a file that nobody can read from its beginning, root neither


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_a_folder, "it is a folder"),
        (_unreadable, "cannot be read: "),
        (_not_text, "line 2 is not UTF-8"),
        (_too_large, "larger than 1 MiB"),
        (_leads_nowhere, "leads nowhere"),
        (_itself, "leads nowhere"),
        (os.mkfifo, "not a file"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    make(tmp_path / "a.md")
    make(tmp_path / "b.md")
    with pytest.raises(FaultyFiles) as caught:
        read_texts(tmp_path)
    told = str(caught.value).splitlines()
    assert len(told) == 2
    assert all(words in line and f"{tmp_path.name}/{name}.md" in line for line, name in zip(told, "ab", strict=True))


BAD_NAME = os.fsdecode(b"caf\xe9")


def _bad_file(folder: Path) -> Path:
    (folder / f"{BAD_NAME}.md").write_text("x")
    return folder / f"{BAD_NAME}.md"


def _bad_folder(folder: Path) -> Path:
    (folder / BAD_NAME).mkdir()
    (folder / BAD_NAME / "a.md").write_text("x")
    return folder / BAD_NAME


def _disguised(folder: Path) -> Path:
    (folder / "a\u202egnp\n.md").write_text("x")
    return folder / "a\u202egnp\n.md"


def _lost_folder(folder: Path) -> Path:
    (folder / "es").symlink_to("../elsewhere/es")
    return folder / "es"


def _loop(folder: Path) -> Path:
    (folder / "itself").symlink_to("itself")
    return folder / "itself"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_bad_file, r"en/caf\xe9.md: the name is not UTF-8; give it another one"),
        (_bad_folder, r"en/caf\xe9: the name is not UTF-8; give it another one"),
        (_disguised, r"en/a\u202egnp\n.md: the name has characters that nobody sees; give it another one"),
        (_lost_folder, "en/es: it is a link that leads nowhere; mend or remove it"),
        (_loop, "en/itself: it is a link that leads nowhere; mend or remove it"),
    ],
)
async def test_what_has_no_good_name_is_a_fault_and_the_watch_goes_on(
    content: Content, templates: Path, make: Callable[[Path], Path], told: str
) -> None:
    good = content.pipeline
    bad = make(templates / "en")
    await until(lambda: bool(content.faults))
    assert [str(fault) for fault in content.faults] == [f"templates/{told}"]
    str(FaultyFiles(content.faults)).encode("utf-8")  # as pages and terminals need it
    assert content.pipeline is good
    if bad.is_dir() and not bad.is_symlink():
        shutil.rmtree(bad)
    else:
        bad.unlink()
    await until(lambda: not content.faults)
    file = templates / "en/praise/plain.md"
    file.write_text(file.read_text() + "## variant: more\nTell me more?\n")
    await until(lambda: variants(content) == 4)


def test_what_is_none_of_ours_needs_no_good_name(tmp_path: Path) -> None:
    (tmp_path / f"{BAD_NAME}.png").write_text("x")
    (tmp_path / ".#lock.md").symlink_to("somebody@host")
    (tmp_path / "a.md").write_text("x")
    assert read_texts(tmp_path) == {"a.md": "x"}


def test_the_shipped_lists_are_found() -> None:
    texts = shipped_texts()
    assert "gates.yaml" in texts
    assert all(text.strip() for text in texts.values())


def thanks(content: Content, language: str = "en") -> list[str]:
    """What is said to somebody who helped."""
    library = content.pipeline.library
    return [one.text for one in speak(library, "credit_helper", language, {"name": "Ada"}, ())]


async def test_words_for_what_is_no_reply_are_the_shipped_ones_until_the_operator_writes_some(
    content: Content, templates: Path
) -> None:
    shipped = {language: thanks(content, language) for language in ("en", "de")}
    assert all(len(said) >= 4 for said in shipped.values())
    file = templates / "en/people/credit_helper.md"
    file.parent.mkdir()
    file.write_text("## variant: own\nThanks a lot{% if name %}, {{ name }}{% endif %}.\n")
    await until(lambda: thanks(content) == ["Thanks a lot, Ada."])
    assert thanks(content, "de") == shipped["de"], "the other languages are as they were"
    assert thanks(content, "nl") == ["Thanks a lot, Ada."]

    file.write_text("## variant: own\nThanks a lot, {{ nam }}.\n")
    await until(lambda: bool(content.faults))
    assert [(fault.file, fault.line) for fault in content.faults] == [("templates/en/people/credit_helper.md", 2)]
    assert thanks(content) == ["Thanks a lot, Ada."], "the last good set"
    file.unlink()
    await until(lambda: thanks(content) == shipped["en"])
