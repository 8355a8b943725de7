"""The HTTP contract: the shapes, and what the second caller is told."""

import asyncio
import json
from datetime import datetime

import httpx
import pytest

PRAISE = "the new map is gorgeous"


async def test_a_post_and_its_reply_from_end_to_end(start):
    async with start(undo_seconds=0) as greenroom:
        draft = await greenroom.draft()
        answer = await greenroom.decide(draft, "approve")
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["decided_by"]) == ("approved", "mara")
        path = f"/api/posts/{draft['post']['post_id']}"
        post = await greenroom.until(path, lambda p: p["reply"]["state"] == "sent")
        assert " ".join(post) == (
            "post_id id channel author text at action intent reason understanding draft reply deleted"
        )
        assert set(post["reply"]) == {"reply_id", "text", "state", "undo_until", "sent_at", "approved_by"}
        assert post["reply"]["text"] == answer.json()["text"]
        assert post["reply"]["undo_until"] is None
        assert datetime.fromisoformat(post["reply"]["sent_at"]).utcoffset().total_seconds() == 0
        replies = (await greenroom.http.get("/api/replies", params={"channel": post["channel"]})).json()
        assert [set(r) for r in replies["items"]] == [
            {"reply_id", "id", "post_id", "channel", "text", "state", "sent_at", "approved_by"}
        ]
        assert replies["next"] is None


async def test_the_same_post_again_gets_the_same_id(greenroom):
    body = {"id": "1", "channel": "c", "author": {"id": "f", "name": "Robin"}, "text": PRAISE}
    first = await greenroom.http.post("/api/posts", json=body)
    again = await greenroom.http.post("/api/posts", json=body)
    elsewhere = await greenroom.http.post("/api/posts", json={**body, "channel": "d"})
    assert (first.status_code, again.status_code, elsewhere.status_code) == (202, 200, 202)
    assert first.json() == again.json() != elsewhere.json()


async def test_the_same_idempotency_key_gets_the_first_answer(greenroom):
    body = {"channel": "c", "author": {"id": "f", "name": "Robin"}, "text": PRAISE}
    key = {"Idempotency-Key": "one"}
    first, again = [await greenroom.http.post("/api/posts", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    draft = await greenroom.draft()
    # The same key may stand for a post and for a decision.
    yes, same = [await greenroom.decide(draft, "approve", key="one") for _ in range(2)]
    assert (yes.status_code, yes.json()) == (same.status_code, same.json()) == (200, yes.json())
    assert (await greenroom.decide(draft, "approve")).status_code == 409
    # A refusal is the first answer too.
    no, again = [await greenroom.decide(draft, "reject", key="two") for _ in range(2)]
    assert (no.status_code, no.json()) == (again.status_code, again.json())
    assert (no.status_code, no.json()["error"], no.json()["decided_by"]) == (409, "already_decided", "mara")


@pytest.mark.whole
@pytest.mark.timeout(400)  # two hundred drafts, on a slow machine
async def test_two_managers_press_at_once_fifty_times(greenroom):
    posts = [await greenroom.post() for _ in range(50)]
    for post_id in posts:
        judged = await greenroom.until(f"/api/posts/{post_id}", lambda p: p["action"])
        draft = judged["draft"]
        answers = await asyncio.gather(
            greenroom.decide(draft, "approve", by="mara"), greenroom.decide(draft, "edit", by="tom", text="Nice.")
        )
        won, lost = sorted(answers, key=lambda a: a.status_code)
        assert (won.status_code, lost.status_code) == (200, 409)
        winner = won.json()["decided_by"]
        told = lost.json()
        assert (told["error"], told["decided_by"], told["state"]) == ("already_decided", winner, "approved")
        assert {"mara": "Mara Quint", "tom": "Tom"}[winner] in told["message"]


async def test_an_old_revision_is_told_to_look_again(greenroom):
    draft = await greenroom.draft()
    proposed = await greenroom.decide(draft, "propose", text="How long did the harbor take?")
    assert proposed.json()["revision"] == draft["revision"] + 1
    stale = await greenroom.decide(draft, "approve")
    assert stale.status_code == 409
    assert stale.json() == {
        "error": "stale_revision",
        "message": stale.json()["message"],
        "state": "waiting",
        "revision": draft["revision"] + 1,
        "decided_by": None,
        "at": None,
    }


BLOCKED = [
    ("", "empty"),
    (" \n", "empty"),
    (" \u200b\n\u2060", "empty"),
    ("x" * 9000, "too-long"),
    ("@everyone look at this", "no-mass-ping"),
    ("I am a human, promise.", "honest-identity"),
]


async def test_own_words_that_are_blocked(greenroom, subtests):
    draft = await greenroom.draft()
    for text, check in BLOCKED:
        with subtests.test(text=text[:30]):
            answer = await greenroom.decide(draft, "edit", text=text)
            assert (answer.status_code, answer.json()["error"]) == (422, "blocked")
            blocking = [c for c in answer.json()["checks"] if c["level"] == "block"]
            assert blocking
            assert all(c["id"] and c["note"] for c in blocking)
            assert check in {c["id"] for c in blocking}
    assert (await greenroom.http.get(f"/api/drafts/{draft['draft_id']}")).json()["state"] == "waiting"


PROMISE = "We will fix this tomorrow, and the DLC is 20% off with a discount code."
REMARKS = ["Promises a time (“tomorrow”).", "Sounds like advertising (“discount”)."]


@pytest.mark.parametrize("more", [{}, {"confirm_warnings": True}, {"confirm_warnings": False}])
async def test_own_words_with_a_promise_go_out_by_one_press(greenroom, more):
    """Fields that older clients send are ignored."""
    draft = await greenroom.draft()
    answer = await greenroom.decide(draft, "edit", text=PROMISE, **more)
    assert (answer.status_code, answer.json()["state"], answer.json()["text"]) == (200, "approved", PROMISE)
    assert [c["note"] for c in answer.json()["warnings"]] == REMARKS


async def test_what_the_checks_say_of_words_that_are_being_written(greenroom):
    draft = await greenroom.draft()
    path = f"/api/drafts/{draft['draft_id']}/remarks"

    async def said(text):
        answer = await greenroom.http.post(path, json={"text": text})
        assert answer.status_code == 200
        return answer.json()

    assert await said(PROMISE) == {"stops": [], "remarks": REMARKS}
    assert await said("So glad you like it!") == {"stops": [], "remarks": []}
    assert await said(f"{PROMISE} @here") == {
        "stops": ["Would ping a crowd (@here); one person is answered here."],
        "remarks": REMARKS,
    }
    for text, _ in BLOCKED:
        found = await said(text)
        assert (len(found["stops"]), found["remarks"]) == (1, [])
    assert (await greenroom.http.get(f"/api/drafts/{draft['draft_id']}")).json() == draft
    for body in ({}, {"text": None}, {"text": "x", "by": "mara"}, []):
        assert (await greenroom.http.post(path, json=body)).status_code == 422
    unknown = await greenroom.http.post(f"/api/drafts/{'0' * 16}/remarks", json={"text": "x"})
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")


async def test_a_page_asks_for_remarks_with_its_session(greenroom):
    draft = await greenroom.draft()
    path = f"/api/drafts/{draft['draft_id']}/remarks"
    async with greenroom.browser() as browser:
        assert (await browser.post(path, json={"text": PROMISE})).json()["remarks"] == REMARKS
        foreign = await browser.post(path, json={"text": PROMISE}, headers={"X-CSRF-Token": "0" * 64})
        assert (foreign.status_code, foreign.json()["error"]) == (403, "bad_origin")
    async with httpx.AsyncClient(base_url=greenroom.base, timeout=60) as nobody:
        assert (await nobody.post(path, json={"text": PROMISE})).status_code == 401


async def test_nothing_is_remarked_on_where_somebody_is_in_danger(greenroom):
    card = await greenroom.draft("I want to kill myself")
    assert card["risk"] == ["crisis"]
    found = await greenroom.http.post(f"/api/drafts/{card['draft_id']}/remarks", json={"text": PROMISE})
    assert found.json() == {"stops": [], "remarks": []}
    answer = await greenroom.decide(card, "edit", text=PROMISE)
    assert (answer.status_code, answer.json()["warnings"]) == (200, [])


async def test_undo_in_time(greenroom):
    draft = await greenroom.draft()
    await greenroom.decide(draft, "approve")
    post = (await greenroom.http.get(f"/api/posts/{draft['post']['post_id']}")).json()
    assert post["reply"]["state"] == "held"
    assert post["reply"]["undo_until"]
    undone = await greenroom.decide(draft, "undo", by="tom")
    assert (undone.status_code, undone.json()["state"]) == (200, "waiting")
    assert (await greenroom.http.get("/api/replies", params={"state": "recalled"})).json()["items"]


async def test_undo_too_late(start):
    async with start(undo_seconds=0) as greenroom:
        draft = await greenroom.draft()
        await greenroom.decide(draft, "approve")
        path = f"/api/posts/{draft['post']['post_id']}"
        await greenroom.until(path, lambda p: p["reply"]["state"] == "sent")
        late = await greenroom.decide(draft, "undo")
        assert (late.status_code, late.json()["error"]) == (409, "too_late")


ACTIONS = [
    ("reject", {"reason": "not now"}, "rejected"),
    ("snooze", {"minutes": 5}, "snoozed"),
    ("handover", {"to": "tom"}, "superseded"),
    ("relabel", {"intent": "complaint"}, "superseded"),
    ("open", {}, "waiting"),
    ("propose", {"text": "How long did the harbor take?"}, "waiting"),
]


async def test_every_other_action(greenroom, subtests):
    for action, more, state in ACTIONS:
        with subtests.test(action=action):
            answer = await greenroom.decide(await greenroom.draft(), action, **more)
            assert (answer.status_code, answer.json()["state"]) == (200, state)


async def test_a_sent_reply_is_corrected_and_removed(start):
    async with start(undo_seconds=0) as greenroom:
        draft = await greenroom.draft()
        await greenroom.decide(draft, "approve")
        path = f"/api/posts/{draft['post']['post_id']}"
        await greenroom.until(path, lambda p: p["reply"]["state"] == "sent")
        corrected = await greenroom.decide(draft, "correct", text="How long did that map take you?")
        assert corrected.status_code == 200, corrected.text
        fixed = await greenroom.until(path, lambda p: p["reply"]["text"] == "How long did that map take you?")
        assert fixed["reply"]["state"] == "sent"
        assert (await greenroom.decide(draft, "remove")).status_code == 200
        await greenroom.until(path, lambda p: p["reply"]["state"] == "removed")


REFUSED = [
    ({"by": "nobody"}, 403, "not_a_manager"),
    ({"by": None}, 422, "invalid"),
    ({"action": "dance"}, 422, "invalid"),
    ({"revision": True}, 422, "invalid"),
    ({"revision": 10**30}, 422, "invalid"),
    ({"minutes": 1e99, "action": "snooze"}, 422, "invalid"),
    ({"arrived": "yes", "action": "settle"}, 422, "invalid"),
    ({"surprise": 1}, 422, "invalid"),
    ({"action": "relabel", "intent": "no such intent"}, 422, "bad_action"),
    ({"action": "handover", "to": "nobody"}, 422, "bad_action"),
    ({"action": "retry"}, 422, "bad_action"),
]


async def test_decisions_that_are_refused(greenroom, subtests):
    draft = await greenroom.draft()
    for change, status, error in REFUSED:
        with subtests.test(change=str(change)):
            body = {"revision": draft["revision"], "by": "mara", "action": "approve"} | change
            body = {key: value for key, value in body.items() if value is not None}
            answer = await greenroom.http.post(f"/api/drafts/{draft['draft_id']}/decisions", json=body)
            assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert (await greenroom.http.get(f"/api/drafts/{draft['draft_id']}")).json()["state"] == "waiting"


async def test_an_edit_supersedes_and_a_deletion_withdraws(greenroom):
    draft = await greenroom.draft()
    path = f"/api/posts/{draft['post']['post_id']}"
    same = await greenroom.http.patch(path, json={"text": f"{PRAISE}  "})
    assert (same.status_code, same.json()["draft"]["state"]) == (200, "waiting")
    await greenroom.http.patch(path, json={"text": "the game crashes every time i open the inventory"})
    refused = await greenroom.decide(draft, "approve")
    assert (refused.status_code, refused.json()["error"]) == (409, "superseded")
    other = await greenroom.draft()
    path = f"/api/posts/{other['post']['post_id']}"
    assert (await greenroom.http.delete(path)).status_code == 204
    assert (await greenroom.http.get(path)).json()["deleted"] is True
    withdrawn = await greenroom.decide(other, "approve")
    assert (withdrawn.status_code, withdrawn.json()["error"]) == (409, "withdrawn")


async def test_lists_are_cut_and_continued(greenroom):
    made = {(await greenroom.draft())["draft_id"] for _ in range(3)}
    seen, after = set(), None
    for _ in range(3):
        params = {"limit": 1} | ({"after": after} if after else {})
        page = (await greenroom.http.get("/api/drafts", params=params)).json()
        seen |= {item["draft_id"] for item in page["items"]}
        after = page["next"]
    assert (seen, after) == (made, None)


async def test_drafts_are_found_by_the_beginning_of_their_id(greenroom):
    first, second = await greenroom.draft(), await greenroom.draft()
    await greenroom.decide(first, "reject")
    for draft in (first, second):
        for length in (8, 16):
            found = (await greenroom.http.get("/api/drafts", params={"begins": draft["draft_id"][:length]})).json()
            assert [item["draft_id"] for item in found["items"]] == [draft["draft_id"]], "in any state"
            assert found["next"] is None
    for bad in ("", "xyz", "A", "0" * 17, "0%"):
        answer = await greenroom.http.get("/api/drafts", params={"begins": bad})
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


async def test_a_fan_reads_and_erases_what_is_stored(greenroom):
    draft = await greenroom.draft(author={"id": "robin/one", "name": "Robin"})
    path = "/api/fans/web/robin/one"
    assert PRAISE in (await greenroom.http.get(path)).text
    assert (await greenroom.http.delete(path)).status_code == 204
    assert PRAISE not in (await greenroom.http.get(path)).text
    assert (await greenroom.decide(draft, "approve")).status_code == 409


async def test_events_start_now_resume_and_carry_no_words(greenroom):
    await greenroom.draft()

    async def read(count, headers=None):
        blocks = []
        async with greenroom.http.stream("GET", "/api/events", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            if headers is None:
                posting = asyncio.create_task(greenroom.post("zebra made the harbor out of lego"))
            block = {}
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                block = {**block, name: value} if name else {}
                if not line and block == {}:
                    continue
                if "id" in block and "data" in block and "event" in block and block not in blocks:
                    blocks.append(block)
                if len(blocks) == count:
                    break
        if headers is None:
            await posting
        return blocks

    live = await read(2)
    assert [b["event"] for b in live] == ["post_received", "post_judged"]
    assert "zebra" not in json.dumps(live)
    assert {"seq", "at", "by", "post_id", "draft_id", "delivery_id"} <= set(json.loads(live[0]["data"]))
    assert await read(1, {"Last-Event-ID": live[0]["id"]}) == live[1:]
    for bad in ({"headers": {"Last-Event-ID": "x"}}, {"params": {"after": "x"}}, {"params": {"after": "-1"}}):
        answer = await greenroom.http.get("/api/events", **bad)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid"), answer.text


async def test_a_stream_ends_when_the_server_stops(start):
    async with httpx.AsyncClient(timeout=60) as client:
        async with start() as greenroom:
            request = client.build_request("GET", f"{greenroom.base}/api/events", headers=greenroom.http.headers)
            stream = await client.send(request, stream=True)
        # The stream ends by itself: a cut connection would raise here.
        assert [line async for line in stream.aiter_lines() if line] == []


async def test_health_and_description(greenroom):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await greenroom.http.get(path, headers={"Authorization": ""})).status_code == 200
    assert "greenroom_queue_depth" in (await greenroom.http.get("/metrics")).text
    described = (await greenroom.http.get("/api/openapi.json")).json()
    assert "/api/posts/{post_id}" in described["paths"]
