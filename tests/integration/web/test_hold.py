"""Everything on hold, as programs and pages see it."""

import pytest

from tests.integration.web.test_live import flat

REASON = "a false rumour about the servers"


async def test_a_hold_takes_back_what_is_not_out_and_refuses_a_yes(start):
    async with start(undo_seconds=60) as greenroom:
        approved, waiting = await greenroom.draft(), await greenroom.draft()
        assert (await greenroom.decide(approved, "approve")).status_code == 200
        assert (await greenroom.http.get("/api/hold")).json() == {"on_hold": False}
        begun = await greenroom.http.post("/api/hold", json={"by": "mara", "reason": f"  {REASON}\n"})
        assert begun.status_code == 201
        told = begun.json()
        assert (told["on_hold"], told["by"], told["reason"], told["waiting"]) == (True, "mara", REASON, 1)
        assert told["told"].startswith("On hold since ")
        assert told["told"].endswith(f" by Mara Quint: {REASON}")
        again = (await greenroom.http.get(f"/api/drafts/{approved['draft_id']}")).json()
        assert again["state"] == "waiting"
        for draft in (again, waiting):
            refused = await greenroom.decide(draft, "approve", by="tom")
            assert (refused.status_code, refused.json()["error"]) == (409, "on_hold")
            assert REASON in refused.json()["message"]
        assert (await greenroom.decide(waiting, "reject", by="tom")).status_code == 200, "a no is always possible"
        assert (await greenroom.http.delete("/api/hold?by=tom")).status_code == 204
        assert (await greenroom.http.get("/api/hold")).json() == {"on_hold": False}
        assert (await greenroom.decide(again, "approve", by="tom")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"by": "mara", "reason": " \u200b\n"}, 422, "bad_action"),
        ({"by": "mara", "reason": "x" * 301}, 422, "bad_action"),
        ({"by": "mara", "reason": "x" * 2001}, 422, "invalid"),
        ({"by": "mara"}, 422, "invalid"),
        ({"reason": REASON}, 422, "invalid"),
        ({"by": "robin", "reason": REASON}, 403, "not_a_manager"),
        ({"by": "mara", "reason": REASON, "more": 1}, 422, "invalid"),
    ],
    ids=str,
)
async def test_bad_wishes_are_refused_in_a_sentence(light, body, status, error):
    async with light() as greenroom:
        answer = await greenroom.http.post("/api/hold", json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.json()["message"].endswith((".", ":"))
        assert (await greenroom.http.get("/api/hold")).json() == {"on_hold": False}


async def test_of_two_who_hold_one_is_told_of_the_other_and_it_is_lifted_once(light):
    async with light() as greenroom:
        assert (await greenroom.http.post("/api/hold", json={"by": "mara", "reason": REASON})).status_code == 201
        second = await greenroom.http.post("/api/hold", json={"by": "tom", "reason": "me too"})
        assert (second.status_code, second.json()["error"]) == (409, "on_hold")
        assert f"by Mara Quint: {REASON}" in second.json()["message"]
        assert (await greenroom.http.delete("/api/hold?by=tom")).status_code == 204
        twice = await greenroom.http.delete("/api/hold?by=mara")
        assert (twice.status_code, twice.json()) == (
            409,
            {"error": "not_on_hold", "message": "Nothing is on hold.", "state": None, "revision": None}
            | {"decided_by": None, "at": None},
        )


async def test_every_page_says_so_and_nobody_elses_words_become_html(light):
    async with light() as greenroom, greenroom.browser() as browser:
        assert "On hold since" not in (await browser.get("/inbox")).text
        assert (await browser.get("/hold")).text.strip() == ""
        markup = "<b>rumour</b> <script>alert(1)</script>"
        assert (await browser.post("/api/hold", json={"reason": markup})).status_code == 201
        for path in ("/inbox", "/lobby", "/live", "/templates", "/templates/misread", "/team", "/team/audit", "/hold"):
            page = await browser.get(path)
            assert "by Mara Quint: &lt;b&gt;rumour" in page.text, path
            assert "<script>alert" not in page.text
        audit = flat((await browser.get("/team/audit")).text)
        assert "Put everything on hold" in audit
        assert (await browser.delete("/api/hold")).status_code == 204
        assert (await browser.get("/hold")).text.strip() == ""


async def test_who_watches_over_the_process_sees_it(light):
    async with light() as greenroom:
        assert (await greenroom.http.get("/readyz")).json()["on_hold"] is False
        assert "greenroom_on_hold 0.0" in (await greenroom.http.get("/metrics")).text
        await greenroom.http.post("/api/hold", json={"by": "mara", "reason": REASON})
        ready = await greenroom.http.get("/readyz")
        assert (ready.status_code, ready.json()["on_hold"]) == (200, True), "it works; it only sends nothing"
        assert "greenroom_on_hold 1.0" in (await greenroom.http.get("/metrics")).text


async def test_a_session_needs_its_token_to_hold_and_nobody_else_may(light):
    async with light() as greenroom, greenroom.browser() as browser:
        for method in ("POST", "DELETE"):
            answer = await browser.request(method, "/api/hold", json={"reason": REASON}, headers={"X-CSRF-Token": ""})
            assert (answer.status_code, answer.json()["error"]) == (403, "bad_origin")
        greenroom.http.headers.pop("Authorization")
        assert (await greenroom.http.get("/hold")).status_code == 401
        assert (await greenroom.http.post("/api/hold", json={"by": "mara", "reason": REASON})).status_code == 401
