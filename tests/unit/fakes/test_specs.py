"""`make specs` finds where our description differs from the published data."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.discord.calls import Calls
from tests.fakes.shapes import types
from tests.fakes.specs import BotApi, OpenApi
from tests.fakes.telegram.calls import Calls as TelegramCalls

ROOT = Path(__file__).parents[3]
PUBLISHED: dict[str, Any] = {
    "paths": {
        "/users/@me/channels": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Direct"}}}}
            }
        },
        "/guilds/{guild_id}": {"get": {"parameters": [{"name": "with_counts", "in": "query"}]}},
    },
    "components": {
        "schemas": {
            "Direct": {
                "type": "object",
                "properties": {"recipient_id": {"oneOf": [{"type": "null"}, {"type": "string"}]}},
            }
        }
    },
}


def problems(document: dict[str, Any]) -> list[str]:
    calls = Calls()
    calls.calls = tuple(one for one in calls.calls if one.name in ("POST /users/@me/channels", "GET /guilds/{guild}"))
    return list(OpenApi(calls, document).problems())


def test_what_agrees() -> None:
    assert problems(PUBLISHED) == []


def schema(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]["Direct"]
    return found


CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("the call is gone", lambda d: d["paths"].pop("/guilds/{guild_id}"), "no such call"),
    ("a word of the query is gone", lambda d: d["paths"]["/guilds/{guild_id}"]["get"].clear(), "?with_counts"),
    ("the body is gone", lambda d: d["paths"]["/users/@me/channels"]["post"].clear(), "carries no body"),
    ("the field is gone", lambda d: schema(d)["properties"].clear(), "recipient_id: not known"),
    ("another type", lambda d: schema(d)["properties"].update(recipient_id={"type": "boolean"}), "not id there"),
    ("another field is required", lambda d: schema(d).update(required=["nonce"]), "nonce: must be there"),
]


def test_what_does_not_agree() -> None:
    for name, change, problem in CHANGES:
        document = copy.deepcopy(PUBLISHED)
        change(document)
        found = problems(document)
        assert len(found) == 1, (name, found)
        assert problem in found[0], name


def known(name: str, *kinds: str, required: bool = False, words: str = "") -> dict[str, Any]:
    return {"name": name, "types": list(kinds), "required": required, "description": words}


BOT_API: dict[str, Any] = {
    "methods": {
        "setMyCommands": {
            "fields": [
                known("commands", "Array of BotCommand", required=True, words="At most 100 commands can be specified."),
                known("scope", "Scope"),
                known("language_code", "String"),
            ]
        },
        "getMe": {},
    },
    "types": {
        "BotCommand": {
            "fields": [
                known("command", "String", required=True, words="Text of the command; 1-32 characters."),
                known("description", "String", required=True, words="1-256 characters."),
            ]
        },
        "Scope": {"subtypes": ["Chat", "Member"]},
        "Chat": {"fields": [known("type", "String", required=True), known("chat_id", "Integer", "String")]},
        "Member": {
            "fields": [
                known("type", "String", required=True),
                known("chat_id", "Integer", "String", required=True),
                known("user_id", "Integer", required=True),
            ]
        },
    },
}


def bot_api_problems(document: dict[str, Any]) -> list[str]:
    calls = TelegramCalls()
    calls.calls = {name: calls.calls[name] for name in ("setMyCommands", "getMe")}
    return list(BotApi(calls, document).problems())


def test_what_agrees_of_the_bot_api() -> None:
    assert bot_api_problems(BOT_API) == []


def field(document: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = document["methods"]["setMyCommands"]["fields"][number]
    return found


def inner(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["types"]["BotCommand"]["fields"]
    return found


BOT_API_CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("the call is gone", lambda d: d["methods"].pop("getMe"), "no such call"),
    ("the parameter is gone", lambda d: d["methods"]["setMyCommands"]["fields"].pop(), "language_code: not known"),
    ("another type", lambda d: field(d, 2).update(types=["Integer"]), "not text there but Integer"),
    ("no list", lambda d: field(d, 0).update(types=["BotCommand"]), "not a list there"),
    ("another one is required", lambda d: field(d, 2).update(required=True), "language_code: must be there"),
    ("fewer fit", lambda d: field(d, 0).update(description="At most 50 commands"), "up to 100, there 50"),
    ("less fits", lambda d: inner(d)[0].update(description="1-31 characters"), "up to 32, there 31"),
    ("more is required inside", lambda d: inner(d).append(known("icon", "String", required=True)), "icon: must be"),
    ("no such shape", lambda d: d["types"]["Member"]["fields"].pop(), "user_id: not known"),
    ("no shape at all", lambda d: inner(d)[1].update(types=["Boolean"]), "not text there but Boolean"),
]


def test_what_does_not_agree_with_the_bot_api() -> None:
    for name, change, problem in BOT_API_CHANGES:
        document = copy.deepcopy(BOT_API)
        change(document)
        found = bot_api_problems(document)
        assert len(found) == 1, (name, found)
        assert problem in found[0], name


def test_words_and_numbers_can_be_the_only_value() -> None:
    number, word = types("=4 | =default")
    assert (number.value, word.value) == (4, "default")


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fakes.specs", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    nothing = run(tmp_path)
    assert (nothing.returncode, "SPECS=FOLDER" in nothing.stderr) == (1, True)
    (tmp_path / "discord-openapi-v10.json").write_text(json.dumps(PUBLISHED), encoding="utf-8")
    assert "no telegram-bot-api-*.json" in run(tmp_path).stderr
    (tmp_path / "telegram-bot-api-1.json").write_text(json.dumps(BOT_API), encoding="utf-8")
    found = run(tmp_path)
    assert found.returncode == 1
    assert "POST /channels/{channel}/messages: there is no such call" in found.stdout
    assert "getUpdates: there is no such call" in found.stdout


UNFIT = [
    ({"content": "x" * 2001}, "content"),
    ({"content": "hi", "embeds": []}, "embeds: not described"),
    ({"content": "hi", "nonce": "n" * 26}, "nonce"),
    ({"message_reference": {"channel_id": "1"}}, "message_id: missing"),
    ({"components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x" * 81}]}]}, "label"),
    ({"components": [{"type": 1, "components": [{"type": 2, "style": 1}] * 6}]}, "6 items, at most 5"),
    ({"components": [{"type": 11, "media": {}}]}, "components"),
    ({"flags": True}, "flags"),
    ([], "is not a NewMessage"),
    (None, "no body"),
]


def test_a_request_that_does_not_fit() -> None:
    calls = Calls()
    found = calls.find("POST", "/channels/1/messages")
    assert found
    told = [(body, problem, calls.problems(found[0], {}, body)) for body, problem in UNFIT]
    assert [row for row in told if not any(row[1] in line for line in row[2])] == []


def test_a_request_that_fits() -> None:
    calls = Calls()
    found = calls.find("POST", "/channels/1/messages")
    assert found
    assert found[1] == {"channel": "1"}
    body = {"content": "hi", "nonce": "n1", "message_reference": {"message_id": 7, "fail_if_not_exists": True}}
    assert calls.problems(found[0], {}, body) == []
    assert calls.problems(found[0], {"wait": "true"}, body) == ["?wait is not described"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/channels/1/pins"), ("PUT", "/users/@me"), ("GET", "/guilds//x")]
)
def test_a_call_that_is_not_ours(method: str, path: str) -> None:
    assert Calls().find(method, path) is None


def test_fixed_words_win_over_names() -> None:
    found = Calls().find("GET", "/users/@me")
    assert found
    assert found[0].name == "GET /users/@me"
