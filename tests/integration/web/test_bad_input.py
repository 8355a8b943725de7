"""Input from outside may be anything. Each bad one gets one sentence, and nothing breaks."""

import json

FAN = {"id": "f", "name": "Robin"}


def told(answer):
    """The error, after a check that it is flat and readable."""
    content = answer.json()
    assert isinstance(content["message"], str)
    assert content["message"].endswith(".")
    assert "Traceback" not in answer.text
    return answer.status_code, content["error"]


BODIES = [
    (b"{nope", (400, "bad_request")),
    (b"", (422, "invalid")),
    (b"\xff\xfe\x00", (400, "bad_request")),
    (b"[" * 100_000, (400, "bad_request")),
    (b'{"text":' * 20_000 + b"1" + b"}" * 20_000, (400, "bad_request")),
    (b'{"text": "' + b"x" * 1_000_000 + b'"}', (413, "too_large")),
    (b"[]", (422, "invalid")),
    (b"null", (422, "invalid")),
    (b'"text"', (422, "invalid")),
    (b'{"channel": "c", "author": {"id": "f", "name": "n"}, "text": NaN}', (422, "invalid")),
]


async def test_bodies_that_are_no_post(greenroom, subtests):
    headers = {"Content-Type": "application/json"}
    for raw, expected in BODIES:
        with subtests.test(body=raw[:20]):
            assert told(await greenroom.http.post("/api/posts", content=raw, headers=headers)) == expected


async def test_a_large_body_in_chunks_is_counted_while_read(greenroom):
    async def chunks():
        for _ in range(40):
            yield b" " * 10_000

    headers = {"Content-Type": "application/json"}
    answer = await greenroom.http.post("/api/posts", content=chunks(), headers=headers)
    assert told(answer) == (413, "too_large")


SHAPES = [
    {"text": "x" * 8001},
    {"text": None},
    {"text": ["x"]},
    {"channel": ""},
    {"channel": "\x00"},
    {"channel": "c" * 201},
    {"author": {"id": "f"}},
    {"author": {**FAN, "is_staff": "yes"}},
    {"attachments": [{"kind": "image"}] * 11},
    {"attachments": [{"kind": "hologram"}]},
    {"at": "yesterday"},
    {"at": "99999-01-01"},
    {"at": "0001-01-01T00:00:00+14:00"},
    {"surprise": 1},
]


async def test_wrong_shapes(greenroom, subtests):
    for change in SHAPES:
        with subtests.test(change=ascii(change)[:60]):
            answer = await greenroom.http.post(
                "/api/posts", json={"channel": "c", "author": FAN, "text": "hello", **change}
            )
            assert told(answer) == (422, "invalid")
            assert next(iter(change)) in answer.json()["message"]


async def test_a_key_that_cannot_be_encoded_is_not_echoed(greenroom):
    body = json.dumps({"channel": "c", "author": FAN, "text": "hello", "\ud800": 1})
    answer = await greenroom.http.post("/api/posts", content=body, headers={"Content-Type": "application/json"})
    assert told(answer) == (422, "invalid")


STRANGE = [
    ("{{7777*7}} {% for x in y %} love the new map", "{{7777*7}} {% for x in y %} love the new map"),
    ("@everyone the new map is gorgeous", "@everyone the new map is gorgeous"),
    ("the new\x00 map", "the new map"),
    ("the new \ud800 map \udc00", "the new \ufffd map \ufffd"),
    ("\u202ethe new map\u202c\u200b\u200d\ufeff", "\u202ethe new map\u202c\u200b\u200d\ufeff"),
    ("cafe\u0301", "caf\u00e9"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("", ""),
]


async def test_strange_posts_are_taken_as_they_are(greenroom, subtests):
    for text, kept in STRANGE:
        with subtests.test(text=ascii(text)):
            body = json.dumps({"channel": "lobby", "author": FAN, "text": text})
            answer = await greenroom.http.post("/api/posts", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 202
            post = await greenroom.until(f"/api/posts/{answer.json()['post_id']}", lambda p: p["action"])
            assert post["text"] == kept
    async with greenroom.browser() as browser:
        for page in ("/inbox", "/lobby"):
            shown = (await browser.get(page)).text
            assert "<script>alert" not in shown
            assert "54439" not in shown


async def test_no_reply_repeats_a_ping_or_runs_a_template(greenroom):
    for text in (
        "finished my {{7777*7}} cosplay, it took a whole week",
        "finished my @everyone cosplay, it took a week",
    ):
        post_id = await greenroom.post(text)
        post = await greenroom.until(f"/api/posts/{post_id}", lambda p: p["action"])
        if post["draft"]:
            draft = (await greenroom.http.get(f"/api/drafts/{post['draft']['draft_id']}")).json()
            words = json.dumps([draft["text"], draft["alternatives"]])
            assert "54439" not in words
            assert "@everyone" not in words


ADDRESSES = [
    ("GET", "/api/posts/unknown", (404, "not_found")),
    ("PATCH", "/api/posts/unknown", (404, "not_found")),
    ("DELETE", "/api/posts/unknown", (404, "not_found")),
    ("POST", "/api/posts/unknown/card", (404, "not_found")),
    ("GET", "/api/drafts/unknown", (404, "not_found")),
    ("GET", "/api/posts/%00", (400, "bad_request")),
    ("GET", "/api/replies?channel=%00", (400, "bad_request")),
    ("GET", "/api/drafts?limit=0", (422, "invalid")),
    ("GET", "/api/drafts?limit=201", (422, "invalid")),
    ("GET", "/api/drafts?after=nonsense", (422, "invalid")),
    ("GET", "/api/drafts?state=odd", (422, "invalid")),
    ("GET", "/api/replies?state=odd", (422, "invalid")),
    ("GET", "/api/nothing", (404, "not_found")),
    ("PUT", "/api/posts", (405, "method_not_allowed")),
    ("GET", "/static/../../auth.py", (404, "not_found")),
]


async def test_addresses(greenroom, subtests):
    for method, path, expected in ADDRESSES:
        with subtests.test(method=method, path=path):
            body = {"text": "hello"} if method == "PATCH" else None
            assert told(await greenroom.http.request(method, path, json=body)) == expected
