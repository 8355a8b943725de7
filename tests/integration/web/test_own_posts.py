"""Which posts the API may change, and what an Idempotency-Key stands for."""

import json

import pytest

from responders.types import Author, Post
from tests.integration.web.conftest import CONFIG

POST = {"id": "1", "channel": "c", "author": {"id": "f", "name": "Robin"}, "text": "the new map is gorgeous"}
REPLAY = CONFIG + "platforms: {{replay: {{file: posts.jsonl, speed: 0}}}}\n"


@pytest.mark.parametrize("platform", ["discord", "telegram", "irc"])
async def test_a_fans_words_elsewhere_are_not_ours_to_change(light, platform):
    async with light() as greenroom:
        fan, now = Author(id="f", name="Robin"), greenroom.app.clock.now()
        post = Post(platform=platform, channel="c", external_id="1", author=fan, text="as I wrote it", at=now)
        received = await greenroom.app.intake.receive(post)
        await refused(greenroom, received.post_id, platform)


async def test_a_replayed_post_is_as_the_file_has_it(light, tmp_path):
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST) + "\n", encoding="utf-8")
    async with light(config=REPLAY) as greenroom:
        found = await greenroom.until("/api/drafts", lambda page: page.get("items"))
        await refused(greenroom, found["items"][0]["post"]["post_id"], "replay")


async def refused(greenroom, post_id, platform):
    path = f"/api/posts/{post_id}"
    before = (await greenroom.http.get(path)).json()
    async with greenroom.browser() as browser:
        for client in (greenroom.http, browser):
            for answer in (await client.patch(path, json={"text": "changed"}), await client.delete(path)):
                assert (answer.status_code, answer.json()["error"]) == (403, "not_ours")
                assert platform in answer.json()["message"]
    after = (await greenroom.http.get(path)).json()
    assert (after["text"], after["deleted"]) == (before["text"], False)


async def test_a_post_of_ours_is_edited_and_deleted(light):
    async with light() as greenroom:
        path = f"/api/posts/{await greenroom.post()}"
        assert (await greenroom.http.patch(path, json={"text": "changed"})).json()["text"] == "changed"
        assert (await greenroom.http.delete(path)).status_code == 204
        assert (await greenroom.http.get(path)).json()["deleted"]


OTHER = [
    {"id": "2"},
    {"text": "the old map was gorgeous"},
    {"channel": "d"},
    {"author": {"id": "g", "name": "Robin"}},
    {"author": {"id": "f", "name": "Robin", "is_staff": True}},
    {"at": "2026-01-01T00:00:00Z"},
    {"reply_to": "7"},
    {"attachments": [{"kind": "image"}]},
]


async def test_a_key_stands_for_one_request(light, subtests):
    async with light() as greenroom:
        key = {"Idempotency-Key": "k"}
        first = await greenroom.http.post("/api/posts", json=POST, headers=key)
        for change in OTHER:
            with subtests.test(change=change):
                answer = await greenroom.http.post("/api/posts", json=POST | change, headers=key)
                assert (answer.status_code, answer.json()["error"]) == (409, "key_used")
        nameless = {name: value for name, value in POST.items() if name != "id"}
        assert (await greenroom.http.post("/api/posts", json=nameless, headers=key)).status_code == 409
        again = await greenroom.http.post("/api/posts", json=dict(reversed(POST.items())), headers=key)
        assert (again.status_code, again.json()) == (first.status_code, first.json()) == (202, first.json())
        for number in range(2):  # what is made up for a client does not make it another request
            made = [await greenroom.http.post("/api/posts", json=nameless, headers={"Idempotency-Key": f"n{number}"})]
            made += [await greenroom.http.post("/api/posts", json=nameless, headers={"Idempotency-Key": f"n{number}"})]
            assert made[0].json() == made[1].json()
