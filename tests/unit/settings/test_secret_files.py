"""A secret may be in a file that NAME_FILE names, and a file that cannot be used is told in a sentence without it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import settings
from bot.errors import GreenroomError
from tests.conftest import CONFIG

SECRET = "hush-4711-hush-4711"  # noqa: S105 - it opens nothing


@pytest.fixture
def config(write_config: Callable[[str], Path]) -> Path:
    return write_config(CONFIG)


def test_each_secret_may_be_in_a_file(config: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"  {SECRET}\n")
    names = ("GREENROOM_WEB_TOKEN", "GREENROOM_MAIL_PASSWORD", "DISCORD_TOKEN", "TELEGRAM_TOKEN")
    config.write_text(config.read_text("utf-8") + "\nprivacy: {policy: we keep little}\n", encoding="utf-8")
    found = settings.load(config, {f"{name}_FILE": str(tmp_path / "secret") for name in names})
    assert found.web_token
    assert found.mail_password
    assert {found.web_token.get_secret_value(), found.mail_password.get_secret_value()} == {SECRET}
    assert {token.get_secret_value() for token in found.tokens.values()} == {SECRET}
    assert found.switched_on == ("discord", "telegram")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "must hold one line"),
        (b" \n\n", "must hold one line"),
        (b"one\ntwo\n", "must hold one line"),
        (b"\xff\xfe\x00", "must hold one line"),
        (b"x" * 20_000, "must hold one line"),
    ],
    ids=["missing", "empty", "blank", "two lines", "no text", "too long"],
)
def test_a_file_that_cannot_be_used(config: Path, tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(GreenroomError, match=told) as refused:
        settings.load(config, {"GREENROOM_WEB_TOKEN_FILE": str(file)})
    assert str(refused.value).startswith(f"GREENROOM_WEB_TOKEN_FILE names {file}, ")
    assert "one\n" not in str(refused.value)


def test_two_of_the_same_are_refused(config: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    both = {"DISCORD_TOKEN": "other", "DISCORD_TOKEN_FILE": str(tmp_path / "secret")}
    with pytest.raises(GreenroomError, match="DISCORD_TOKEN and DISCORD_TOKEN_FILE are both set") as refused:
        settings.load(config, both)
    assert SECRET not in str(refused.value)


def test_a_file_of_something_else_is_left_alone(config: Path) -> None:
    settings.load(config, {"SSL_CERT_FILE": "/there/is/none", "AWS_WEB_IDENTITY_TOKEN_FILE": "/there/is/none"})
