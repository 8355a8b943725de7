"""The worked patch of docs/operator.md: the commands say what stands there."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.domain import Action, Command
from tests.demo.script import Says
from tests.demo.town import Town, build
from tests.model import reader

PAGE = Path(__file__).parents[3] / "docs" / "operator.md"
LOST = (
    "all of my progress vanished after the patch",
    "all my progress vanished after the patch",
    "all of my progress is gone after the patch",
    "all my progress just vanished after the patch",
    "all of my progress just vanished after the patch",
)
SENT = "That must have hurt to see. I'm really sorry that all of it is gone."


def worked() -> list[tuple[str, str]]:
    """Each command of the section's example, and what it says there."""
    section = PAGE.read_text("utf-8").partition("\n## What works\n")[2].partition("\n## ")[0]
    (block,) = (one for one in re.findall(r"```\n(.*?)```", section, re.DOTALL) if one.startswith("$ "))
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2].strip()) for part in parts]


@pytest.fixture
async def town(tmp_path):
    """Five fans have lost their progress, and the managers wrote other words to four of them."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    build(tmp_path, now)
    town = Town(tmp_path, now, reader)
    town.clock.move_to(now - timedelta(minutes=30))
    async with town.open():
        for number, text in enumerate(LOST):
            fan = f"Ida{number}"
            await town.post(Says(day=1, at="00:00", fan=fan, text=text, channel=f"help{number}"))
            (card,) = (one for one in (await town.desk.drafts())[0] if one.post.post.author.name == fan)
            draft = card.draft
            assert (draft.template, draft.variant) == ("en/complaint/lost_progress", "plain"), (text, draft.why)
            words = (SENT, SENT, SENT, f"{fan}, that must have hurt to see.", None)[number]
            more = {"action": Action.EDIT, "text": words} if words else {"action": Action.APPROVE}
            await town.desk.decide(Command(draft_id=draft.id, revision=draft.revision, by="mara", **more))
        yield tmp_path


@pytest.mark.whole
async def test_the_commands_say_what_the_page_says(town, monkeypatch, capsys):
    monkeypatch.setattr("bot.cli.works.load_reader", reader)
    monkeypatch.chdir(town)
    commands = worked()
    assert [command.split()[2] for command, _ in commands] == ["stats", "patches", "patches"]
    for command, expected in commands:
        monkeypatch.setattr(sys, "argv", command.split())
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr().out
        assert not left.value.code
        said = re.sub(r"week of .*\n", "", said)  # the weeks are those of today
        for line in expected.splitlines():
            assert line == "..." or line in said.splitlines(), said
