"""The last good set is kept on disk. A start at which the files have faults runs on it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.content import Content
from bot.errors import FaultyFiles
from bot.kept import FILE, keep, kept

BROKEN = "action: ["


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(content: Content, told: list[str]) -> AsyncIterator[None]:
    async def tell() -> None:
        told.append("kept" if content.kept_at else "newest")

    watching = asyncio.create_task(content.watch(tell))
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def started(templates: Path, var: Path) -> Content:
    content = Content(templates, var=var)
    content.start()
    return content


def break_(templates: Path) -> str:
    """Break a file; returns its text from before."""
    file = templates / "intents/praise.yaml"
    good = file.read_text()
    file.write_text(BROKEN)
    return good


async def test_a_start_with_faults_runs_on_what_was_live_last(templates: Path, var: Path) -> None:
    before = started(templates, var)
    good = break_(templates)
    content = started(templates, var)
    assert content.kept_at
    assert "templates/intents/praise.yaml" in [fault.file for fault in content.faults]
    assert content.pipeline.library == before.pipeline.library

    told: list[str] = []
    async with watched(content, told):
        await until(lambda: told == ["kept"])
        (templates / "intents/praise.yaml").write_text(good)
        await until(lambda: not content.faults)
        await until(lambda: told[-1] == "newest")
    assert content.kept_at is None


def test_with_faults_and_nothing_kept_it_stops_with_the_faults(templates: Path, var: Path) -> None:
    break_(templates)
    with pytest.raises(FaultyFiles, match=r"templates/intents/praise\.yaml:1"):
        started(templates, var)
    assert not var.exists()


def test_only_a_start_keeps_and_only_a_start_falls_back(templates: Path, var: Path) -> None:
    var.mkdir()
    Content(templates, var=var).load()
    assert list(var.iterdir()) == []
    started(templates, var)
    break_(templates)
    with pytest.raises(FaultyFiles):
        Content(templates, var=var).load()


async def test_each_set_that_goes_live_takes_the_place_of_the_last(templates: Path, var: Path) -> None:
    content = started(templates, var)
    file = templates / "en/praise/plain.md"
    async with watched(content, []):
        good = content.pipeline
        file.write_text(file.read_text() + "## variant: secret\nAn untrue line?\n")
        await until(lambda: content.pipeline is not good)
        await until(lambda: "untrue" in (var / FILE).read_text())
        file.write_text(file.read_text().replace("An untrue line?", "And now?"))
        await until(lambda: "And now" in (var / FILE).read_text())
        break_(templates)
        await until(lambda: bool(content.faults))
    assert [path.name for path in var.iterdir()] == [FILE], "one copy only"
    text = (var / FILE).read_text()
    assert "untrue" not in text
    assert BROKEN not in text


def test_it_is_for_its_owner_only_and_what_a_crash_left_is_written_over(templates: Path, var: Path) -> None:
    var.mkdir()
    left = var / f".{FILE}.new"
    left.write_text("half of an old set, with words that were taken out" * 10_000)
    left.chmod(0o666)
    started(templates, var)
    assert [path.name for path in var.iterdir()] == [FILE]
    assert stat.S_IMODE((var / FILE).stat().st_mode) == 0o600
    assert (found := kept(var))
    assert found.texts["intents/praise.yaml"] == (templates / "intents/praise.yaml").read_text()


@pytest.mark.parametrize(
    "made",
    [
        "",
        "{",
        "[]",
        '"x"',
        '{"at": "2026-01-01T00:00:00+00:00"}',
        '{"texts": {"intents/a.yaml": "meaning: x"}}',
        '{"at": "yesterday", "texts": {}}',
        '{"at": "2026-01-01T00:00:00+00:00", "texts": []}',
        # of another version, with a key that this one does not know
        '{"at": "2026-01-01T00:00:00+00:00", "texts": {"intents/a.yaml": "flavour: sweet"}}',
        "\udcff",
    ],
)
def test_what_cannot_be_used_counts_as_none(templates: Path, var: Path, made: str) -> None:
    var.mkdir()
    (var / FILE).write_text(made, encoding="utf-8", errors="surrogateescape")
    break_(templates)
    with pytest.raises(FaultyFiles, match=r"templates/intents/praise\.yaml:1"):
        started(templates, var)


def test_a_folder_where_nothing_can_be_kept_keeps_nobody_from_starting(templates: Path, var: Path) -> None:
    var.write_text("a file")
    assert started(templates, var).pipeline
    break_(templates)
    with pytest.raises(FaultyFiles):
        started(templates, var)


def test_a_set_is_kept_whole(var: Path) -> None:
    texts = {"a.md": "ä\u2028\U0001f3ee\\\"'\n", "b.yaml": ""}
    keep(var, texts, "checks")
    assert (found := kept(var))
    assert found.texts == texts
    assert json.loads((var / FILE).read_text("utf-8"))["texts"] == texts


def test_a_missing_folder_is_a_fault_like_another(templates: Path, var: Path) -> None:
    started(templates, var)
    templates.rename(templates.with_name("aside"))
    content = started(templates, var)
    assert content.kept_at
    assert "no such folder" in str(content.faults[0])


def test_a_killed_write_leaves_the_last_copy(templates: Path, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started(templates, var)
    before = (var / FILE).read_bytes()

    def cut_off(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", cut_off)
    with pytest.raises(KeyboardInterrupt):
        keep(var, {"a.md": "other"}, "checks")
    assert (var / FILE).read_bytes() == before


async def test_processes_that_share_the_folder_keep_one_after_the_other(var: Path) -> None:
    texts = [{"a.md": f"{n}" * 100_000} for n in range(8)]

    def keep_often(mine: dict[str, str]) -> None:
        for _ in range(20):
            keep(var, mine, "checks")
            found = kept(var)
            assert found
            assert found.texts in texts

    await asyncio.gather(*(asyncio.to_thread(keep_often, mine) for mine in texts))


def test_what_went_live_before_is_not_checked_again(templates: Path, var: Path) -> None:
    """A wording with a fault that the kept set calls good is believed, as long as checks, facts and text are the
    same."""
    started(templates, var)
    file = templates / "en/praise/plain.md"
    file.write_text(f"{file.read_text()}## variant: more\nWe promise a new map tomorrow.\n")
    with pytest.raises(FaultyFiles, match="promise"):
        Content(templates, var=var).load()
    noted = json.loads((var / FILE).read_text())
    noted["texts"]["en/praise/plain.md"] = file.read_text()
    (var / FILE).write_text(json.dumps(noted))
    Content(templates, var=var).load()
    for other in (
        {**noted, "checks": "those of another version"},
        {**noted, "texts": {**noted["texts"], "voice.yaml": " "}},
    ):
        (var / FILE).write_text(json.dumps(other))
        with pytest.raises(FaultyFiles, match="promise"):
            Content(templates, var=var).load()
