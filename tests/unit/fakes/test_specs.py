"""`make specs` finds what our description says otherwise than the published data."""

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
from tests.fakes.specs import OpenApi

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


@pytest.mark.parametrize(("name", "change", "problem"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_does_not_agree(name: str, change: Callable[[dict[str, Any]], Any], problem: str) -> None:
    document = copy.deepcopy(PUBLISHED)
    change(document)
    found = problems(document)
    assert len(found) == 1
    assert problem in found[0]


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fakes.specs", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    nothing = run(tmp_path)
    assert (nothing.returncode, "SPECS=FOLDER" in nothing.stderr) == (1, True)
    (tmp_path / "discord-openapi-v10.json").write_text(json.dumps(PUBLISHED), encoding="utf-8")
    found = run(tmp_path)
    assert found.returncode == 1
    assert "POST /channels/{channel}/messages: there is no such call" in found.stdout


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


@pytest.mark.parametrize(("body", "problem"), UNFIT)
def test_a_request_that_does_not_fit(body: Any, problem: str) -> None:
    calls = Calls()
    found = calls.find("POST", "/channels/1/messages")
    assert found
    assert any(problem in line for line in calls.problems(found[0], {}, body))


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
