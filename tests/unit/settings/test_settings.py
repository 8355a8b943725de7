from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from bot.errors import FaultyFiles, GreenroomError
from bot.settings import Cap, QuietHours, default_path, load
from bot.settings.values import own_variables, variable_prefix

Write = Callable[..., Path]
BASE = "community: {name: Harbor}\nmanagers: {mara: {name: Mara}}\non_call: mara\n"


def faults(path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(FaultyFiles) as caught:
        load(path, environ or {})
    return str(caught.value)


def test_smallest_file_has_all_defaults(write_config: Write, tmp_path: Path) -> None:
    settings = load(write_config(BASE), {})
    assert settings.root == tmp_path
    assert settings.var == tmp_path / "var"
    assert settings.store == f"sqlite:///{tmp_path}/var/greenroom.db"
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8765)
    assert settings.community.locales == ("en",)
    assert settings.replies.per_fan == Cap(count=3, per=timedelta(days=1))
    assert settings.keep.events == timedelta(days=400)
    assert settings.switched_on == ()


def test_every_key_of_the_documented_file_is_read(write_config: Write) -> None:
    settings = load(
        write_config("""\
community: {name: Lantern Harbor, locale: en, locales: [en, de], timezone: America/New_York}
store: postgresql://someone@localhost/greenroom
web: {bind: "[::1]:80", public_url: "https://Desk.example.org/"}
managers:
  mara: {name: Mara, discord: 111111111111111111, telegram: 222222222}
on_call: mara
platforms:
  discord:
    enabled: false
    listen: [general, 123, {channel: deutsch, locale: de, register: casual}]
    cards: mods-room
    manager_roles: [Mods]
    staff: {roles: [Community]}
    proxy_webhooks: [77]
    api_base: http://127.0.0.1:9/api/v10
    gateway_url: ws://127.0.0.1:9/
  telegram: {enabled: auto, listen: [-1001234567890], cards: -1009876543210, staff: {users: [5]}}
  replay: {file: posts.jsonl, speed: 0}
privacy: {policy: "https://example.org/privacy", reports: mara}
replies: {undo_seconds: 0, expire_after: 90m, remind_after: null, quiet_hours: "22:00-07:30", per_fan: null}
keep: {post_text: 30s, events: 2w}
"""),
        {},
    )
    assert settings.store.startswith("postgresql://")
    assert settings.community.timezone.key == "America/New_York"
    assert settings.web.public_url == "https://desk.example.org"
    assert [item.channel for item in settings.platforms.discord.listen] == ["general", "123", "deutsch"]
    assert settings.platforms.discord.listen[2].register_ == "casual"
    assert settings.platforms.telegram.cards == "-1009876543210"
    assert settings.replay_file == settings.root / "posts.jsonl"
    assert settings.replies.quiet_hours == QuietHours(start=time(22), end=time(7, 30))
    assert settings.replies.remind_after is None
    assert settings.replies.per_fan is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("comunity: {name: x}\n", 4, "did you mean `community`?"),
        ("replies:\n  undo_second: 3\n", 5, "did you mean `undo_seconds`?"),
        ("platforms:\n  discord:\n    listen:\n      - {channel: x, chanel: y}\n", 7, "did you mean `channel`?"),
        ("platforms: {discord: {token: abc}}\n", 4, "DISCORD_TOKEN"),
        ("web: {bot_password: abc}\n", 4, "put it into the environment"),
        ("web: {bind: 8765}\n", 4, "must be text"),
        ("web: {bind: here}\n", 4, "host:port"),
        ("web: {bind: '127.0.0.1:99999'}\n", 4, "host:port"),
        ("web:\n  bind: 0.0.0.0:80\n", 4, "GREENROOM_WEB_TOKEN"),
        ("web: {public_url: https://example.org/desk}\n", 4, "without a path"),
        ("web: {public_url: 'ftp://example.org'}\n", 4, "without a path"),
        ("web: {public_url: 'https://user:word@example.org'}\n", 4, "without a path"),
        ("replies: {undo_seconds: -1}\n", 4, "at least 0"),
        ("replies: {undo_seconds: .inf}\n", 4, "must be"),
        ("replies: {expire_after: 24}\n", 4, "24h"),
        ("replies: {expire_after: 0h}\n", 4, "more than 0"),
        ("replies: {expire_after: 999999999w}\n", 4, "ten years"),
        ("replies: {per_fan: 0/1d}\n", 4, "3/1d"),
        ("replies: {quiet_hours: '25:00-07:00'}\n", 4, "22:00-07:00"),
        ("web: {public_url: 'http://['}\n", 4, "without a path"),
        ("replies: {quiet_hours: 22:00}\n", 4, "22:00-07:00"),
        ("keep: {events: 2026-99-99}\n", 4, "not a span of time"),
        ("store: mysql://x\n", 4, "sqlite:///PATH"),
        ("store: postgresql://me:hunter2@host/name\n", 4, "PGPASSWORD"),
        ("store: postgresql://me@host/name?password=hunter2\n", 4, "PGPASSWORD"),
        ("store: 'sqlite:///:memory:'\n", 4, "sqlite:///PATH"),
        ("privacy: {reports: nobody}\n", 4, "not one of `managers`"),
        ("platforms: {telegram: {enabled: true}}\n", None, "`policy` is missing"),
        ("platforms: {telegram: {enabled: maybe}}\n", 4, "auto, true or false"),
        ("platforms: {discord: {api_base: 'https://example.org'}}\n", 4, "not on this machine"),
        ("platforms: {discord: {listen: [true]}}\n", 4, "neither a name nor an id"),
        ("on_call: mara\n", 4, "twice, first on line 3"),
        ("keep: []\n", 4, "block of keys and values"),
        ("keep: {events: *x}\n", 4, "put the words in quotes"),
        ("keep: [\n", 4, "begins with ["),
        ("keep: !!python/name:os.system\n", 4, "put the words in quotes"),
        ("\tkeep: 1\n", 4, "indent with spaces"),
        ("'{{7*7}}': 1\n", 4, "unknown key `{{7*7}}`"),
        ("keep: \x07\n", 4, "not plain text"),
        ("store: 'postgresql://Har\u202ebor'\n", 4, "turns the writing round (U+202E)"),
        ('store: "postgresql://Har\\ud800bor"\n', 4, "a \\ in double quotes"),
        ('store: "postgresql://Har\\u202ebor"\n', 4, "hides behind a \\"),
    ],
)
def test_a_fault_is_told_with_its_line(write_config: Write, text: str, line: int | None, words: str) -> None:
    path = write_config(BASE + text)
    told = faults(path)
    assert words in told
    assert told.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("managers", "words"),
    [
        ("{}", "at least one person"),
        ("{mara: {name: ''}}", "`name` must not be empty"),
        ("{mara: {name: Mara, discord: '1'}}", "whole number"),
        ("{mara: {name: Mara, discord: true}}", "whole number"),
        ("{mara: {name: M, telegram: 7}, b: {name: B, telegram: 7}}", "same telegram id 7"),
        ("{mara: {name: M}, 'a b': {name: B}}", "`a b` cannot be a manager's key"),
        ("{someone: {name: Someone}}", "`on_call: mara` is not one of `managers` (someone)"),
    ],
)
def test_managers(write_config: Write, managers: str, words: str) -> None:
    assert words in faults(write_config(f"community: {{name: Harbor}}\nmanagers: {managers}\non_call: mara\n"))


def test_all_faults_are_told_at_once(write_config: Write) -> None:
    told = faults(
        write_config(BASE + "replies: {undo_seconds: x, per_fan: y}\nkeep:\n  events: z\nweb: 3\n")
    ).splitlines()
    assert [line.split(":")[1] for line in told] == ["4", "4", "6", "7"]


def test_a_community_language_must_be_among_its_languages(write_config: Write) -> None:
    text = BASE.replace("{name: Harbor}", "{name: Harbor, locale: de, locales: [en]}")
    assert "must contain `locale` (de)" in faults(write_config(text))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfea\x00", "not UTF-8"),
        (bytes(range(256)), "not UTF-8"),
        (b"a" * 200_001, "over 200,000 bytes"),
        (b"", "`managers` is missing"),
        (b"- a\n", "block of keys and values"),
        (b"[" * 3000, "nested too deeply"),
        (b"&a [*a]", "put the words in quotes"),
    ],
)
def test_files_that_are_no_config(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    assert words in faults(path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert load(path, {}).community.name == "Harbor"


def test_a_word_is_a_word_whatever_else_it_means_to_yaml(write_config: Write) -> None:
    text = BASE.replace("{name: Harbor}", "{name: On, locale: no, locales: [no]}")
    assert (load(write_config(text), {}).community.name, load(write_config(text), {}).community.locale) == ("On", "no")
    assert "`enabled` must be auto, true or false" in faults(write_config(BASE + "platforms: {discord: {enabled: on}}"))


def test_places_that_hold_no_file(tmp_path: Path) -> None:
    assert "no such file" in faults(tmp_path / "config.yaml")
    assert "this is a folder" in faults(tmp_path)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "cannot be read" in faults(loop)


def test_a_public_bind_needs_an_address_and_a_token(write_config: Write) -> None:
    path = write_config(BASE + "web: {bind: 0.0.0.0:80, public_url: https://desk.example.org}\n")
    assert "GREENROOM_WEB_TOKEN" in faults(path)
    assert "`public_url`" not in faults(path).split("needs")[1]
    assert load(path, {"GREENROOM_WEB_TOKEN": "x"}).web.host == "0.0.0.0"  # noqa: S104 - that is what is tried


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Desk.example.org:443/", "https://desk.example.org"),
        ("http://desk.example.org:80", "http://desk.example.org"),
        ("https://desk.example.org:8443", "https://desk.example.org:8443"),
        ("http://[::1]:8765", "http://[::1]:8765"),
    ],
)
def test_a_public_url_is_the_origin_as_browsers_write_it(write_config: Write, url: str, origin: str) -> None:
    assert load(write_config(BASE + f"web: {{public_url: '{url}'}}\n"), {}).web.public_url == origin


def test_a_policy_is_demanded_when_a_platform_is_on(write_config: Write) -> None:
    path = write_config(BASE)
    assert "`policy` is missing; fans on Discord" in faults(path, {"DISCORD_TOKEN": "x"})
    path = write_config(BASE + "platforms: {discord: {enabled: false}}\n")
    assert load(path, {"DISCORD_TOKEN": "x"}).switched_on == ()
    path = write_config(BASE + "privacy: {policy: Ask us.}\n")
    assert load(path, {"DISCORD_TOKEN": "x"}).switched_on == ("discord",)


def test_secrets_are_never_shown(write_config: Write) -> None:
    path = write_config(BASE + "privacy: {policy: Ask us.}\n")
    settings = load(path, {"DISCORD_TOKEN": "hidden1", "TELEGRAM_TOKEN": "hidden2", "GREENROOM_WEB_TOKEN": "hidden4"})
    assert settings.web_token is not None
    assert settings.web_token.get_secret_value() == "hidden4"
    assert "hidden" not in f"{settings} {settings!r}"


def test_default_path() -> None:
    assert default_path({"GREENROOM_CONFIG": "a/b.yaml"}) == Path("a/b.yaml")
    assert default_path({"GREENROOM_CONFIG": ""}) == Path("config.yaml")


@pytest.mark.parametrize(
    ("cap", "words"),
    [("3/1d", "3 in 1 day"), ("12/60m", "12 in 1 hour"), ("1/2w", "1 in 14 days"), ("5/90s", "5 in 90 seconds")],
)
def test_a_cap_in_words(write_config: Write, cap: str, words: str) -> None:
    found = load(write_config(BASE + f"replies: {{per_fan: {cap}}}\n"), {}).replies.per_fan
    assert found is not None
    assert found.words == words


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
@example("a: &x [1]\nb: 1_000")
@example("? {a: b}\n: c")
@example("<<: {a: 1}")
@example("a: 1e999\nb: 0o9\nc: 12:99:99")
@profile(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_settings_or_faults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert "config.yaml" in faults(path)


def test_the_sample_config_is_valid_and_shows_what_can_be_set_for_replies() -> None:
    settings = load(Path(__file__).parents[3] / "config.yaml", {})
    assert settings.community.name == "Lantern Harbor"
    for block in (settings.replies, settings.keep, settings.pages, settings.privacy):
        assert block.model_fields_set == set(type(block).model_fields)


KEYED = BASE.replace("{name: Harbor}", "{name: Harbor, key: lamp-north}")
SECRETS = {"DISCORD_TOKEN": "of all", "LAMP__DISCORD_TOKEN": "of lamp", "GREENROOM_WEB_TOKEN": "of the process"}


def test_a_community_with_a_key_sees_its_own_variables_alone(write_config: Write) -> None:
    path = write_config(KEYED + "privacy: {policy: ours}\n")
    none = load(path, SECRETS)
    assert (none.tokens, none.web_token, none.switched_on) == ({}, None, ())
    own = {"LAMP_NORTH__DISCORD_TOKEN": "ours", "LAMP_NORTH__GREENROOM_WEB_TOKEN": "w"}
    some = load(path, SECRETS | own)
    assert (some.key, some.switched_on) == ("lamp-north", ("discord",))
    assert {name: token.get_secret_value() for name, token in some.tokens.items()} == {"DISCORD_TOKEN": "ours"}
    assert some.web_token is not None
    assert some.web_token.get_secret_value() == "w"
    assert some.own(SECRETS | own) == {"DISCORD_TOKEN": "ours", "GREENROOM_WEB_TOKEN": "w"}
    assert some.variable("DISCORD_TOKEN") == "LAMP_NORTH__DISCORD_TOKEN"


@pytest.mark.parametrize(
    ("block", "variable"),
    [
        ("platforms: {discord: {token: abc}}\n", "LAMP_NORTH__DISCORD_TOKEN"),
        ("mail: {host: m.example, sender: a@b.c, password: x}\n", "LAMP_NORTH__GREENROOM_MAIL_PASSWORD"),
        ("web: {secret: x}\n", "LAMP_NORTH__GREENROOM_WEB_TOKEN"),
        ("web: {bind: 0.0.0.0:80, public_url: http://a.example}\n", "needs LAMP_NORTH__GREENROOM_WEB_TOKEN in"),
    ],
)
def test_a_community_with_a_key_is_told_the_variable_that_it_has_to_set(
    write_config: Write, block: str, variable: str
) -> None:
    assert variable in faults(write_config(KEYED + block), SECRETS)


def test_a_file_that_cannot_be_used_is_told_with_the_communitys_variable(write_config: Write, tmp_path: Path) -> None:
    path = write_config(KEYED + "privacy: {policy: ours}\n")
    gone = {"LAMP_NORTH__DISCORD_TOKEN_FILE": f"{tmp_path}/gone"}
    with pytest.raises(GreenroomError, match="LAMP_NORTH__DISCORD_TOKEN_FILE names"):
        load(path, gone)
    with pytest.raises(GreenroomError, match="LAMP_NORTH__DISCORD_TOKEN and LAMP_NORTH__DISCORD_TOKEN_FILE are both"):
        load(path, gone | {"LAMP_NORTH__DISCORD_TOKEN": "x"})


def test_a_community_may_have_its_secrets_in_files(write_config: Write, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("ours\n")
    path = write_config(KEYED + "privacy: {policy: ours}\n")
    found = load(path, {"LAMP_NORTH__DISCORD_TOKEN_FILE": f"{tmp_path}/token", "DISCORD_TOKEN": "other"})
    assert [token.get_secret_value() for token in found.tokens.values()] == ["ours"]


def test_without_a_key_everything_is_as_ever(write_config: Write) -> None:
    settings = load(write_config(BASE + "privacy: {policy: ours}\n"), SECRETS)
    assert (settings.key, settings.switched_on) == ("", ("discord",))
    assert settings.own(SECRETS) == SECRETS
    assert settings.variable("DISCORD_TOKEN") == "DISCORD_TOKEN"


@pytest.mark.parametrize(
    "key", ["Lamp", "7th", "lamp_north", "lamp--north", "lamp-", "läm", "a" * 33, "", "lamp.north"]
)
def test_a_key_that_is_no_name_of_a_host_is_refused(write_config: Write, key: str) -> None:
    assert "cannot tell a community from others" in faults(write_config(KEYED.replace("lamp-north", f'"{key}"')))


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3}){0,3}", fullmatch=True), min_size=2, unique=True))
def test_no_two_communities_share_a_variable(keys: list[str]) -> None:
    names = ["A", "_A", "B__A"]
    environ = {variable_prefix(key) + name: key for key in keys for name in names}
    assert len(environ) == len(keys) * len(names)
    for key in keys:
        assert dict(own_variables(environ, key)) == dict.fromkeys(names, key)
