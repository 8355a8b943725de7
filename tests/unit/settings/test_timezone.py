"""The community's clock: its name, quiet hours by it, and the machine's own at `init`."""

from datetime import UTC, datetime, time

import pytest

from bot import settings
from bot.cli import starter
from bot.errors import FaultyFiles
from bot.settings import QuietHours

CONFIG = "community:\n  name: Harbor\n  timezone: {}\nmanagers: {{mara: {{name: Mara}}}}\non_call: mara\n"
NIGHT = QuietHours(start=time(22), end=time(7))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Europe/Berln", "`Europe/Berlin`"),
        ("Berlin", "`Europe/Berlin`"),
        ("europe/berlin", "`Europe/Berlin`"),
        ("New York", "`America/New_York`"),
        ("Asia/Tokio", "`Asia/Tokyo`"),
        ("'../../etc/passwd'", "as in Europe/Berlin"),
        ("Europe", "did you mean"),
        ("''", "as in Europe/Berlin"),
        ("2", "as in Europe/Berlin"),
        ("[a, b]", "as in Europe/Berlin"),
    ],
)
def test_a_wrong_name_is_told_with_its_line_and_the_nearest_one(write_config, name, near):
    with pytest.raises(FaultyFiles) as caught:
        settings.load(write_config(CONFIG.format(name)), {})
    (fault,) = caught.value.faults
    assert (fault.line, "is not a time zone" in fault.message, near in fault.message) == (3, True, True), fault


@pytest.mark.parametrize(
    ("zone", "moment", "quiet"),
    [
        ("UTC", datetime(2026, 7, 1, 21, 30, tzinfo=UTC), False),
        ("Europe/Berlin", datetime(2026, 7, 1, 21, 30, tzinfo=UTC), True),  # 23:30
        ("Europe/Berlin", datetime(2026, 7, 1, 5, 30, tzinfo=UTC), False),  # 7:30 in summer
        ("Europe/Berlin", datetime(2026, 1, 1, 5, 30, tzinfo=UTC), True),  # 6:30 in winter
        ("Asia/Tokyo", datetime(2026, 7, 1, 12, 59, tzinfo=UTC), False),
        ("Asia/Tokyo", datetime(2026, 7, 1, 13, 0, tzinfo=UTC), True),
        ("Asia/Kathmandu", datetime(2026, 7, 1, 1, 14, tzinfo=UTC), True),  # 6:59
    ],
)
def test_quiet_hours_are_those_of_the_community(write_config, zone, moment, quiet):
    community = settings.load(write_config(CONFIG.format(zone)), {}).community
    assert NIGHT.cover(community.local(moment)) is quiet


def test_without_a_name_it_is_utc(write_config):
    assert (
        settings.load(write_config(CONFIG.replace("  timezone: {}\n", "").format()), {}).community.timezone.key == "UTC"
    )


class Named:
    def __init__(self, key):
        self.key = key


def test_init_asks_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(starter, "LOCALTZ", Named("America/Sao_Paulo"))
    starter.init(tmp_path / "ours", None)
    config = (tmp_path / "ours/config.yaml").read_text("utf-8")
    assert "\n  timezone: America/Sao_Paulo #" in config
    assert settings.load(tmp_path / "ours/config.yaml", {}).community.timezone.key == "America/Sao_Paulo"


@pytest.mark.parametrize(
    ("machine", "zone"), [(Named("Etc/UTC"), "Etc/UTC"), (Named("Mars/Olympus"), "UTC"), (UTC, "UTC")]
)
def test_a_zone_that_nobody_knows_is_none(monkeypatch, machine, zone):
    monkeypatch.setattr(starter, "LOCALTZ", machine)
    assert starter._zone() == zone
