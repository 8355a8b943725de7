"""A fan's words never become HTML: hostile values in every field that a fan controls, looked for on every page."""

from html.parser import HTMLParser

import pytest

from bot.console.app import PAGES_OF_MANAGERS

pytestmark = pytest.mark.whole

HOSTILE = [
    "<script>x()</script>",
    "<img src=x onerror=x()>",
    "\"><svg onload=x()>'><b id=planted>",
    "' onfocus='x()' autofocus='",
    '" onfocus="x()" autofocus style="color:red',
    "</title></script></textarea><b id=planted>",
    "{{ 7 * 7 }}<b id=planted>{% raw %}",
    "&lt;b id=planted&gt;&#60;script&#62;",
    "--><b id=planted><!--",
    "javascript:x()//<b id=planted>",
]
ADDRESSES = {"href", "src", "action", "formaction", "poster", "data", "xlink:href"}
PAGES = sorted(
    route.path
    for router in PAGES_OF_MANAGERS
    for route in router.routes
    if "GET" in route.methods and "{" not in route.path and not route.path.endswith(("stream", ".csv"))
)
"""Each page and fragment that has an address of its own; pages that come later are looked at too."""


class Planted(HTMLParser):
    """Finds what none of our pages has."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        runs = {name for name in given if name.startswith("on") or name in {"style", "srcdoc"}}
        leads = [given[name] or "" for name in ADDRESSES & given.keys()]
        foreign = tag == "script" and not given.get("src", "").startswith("/static/")
        if runs or foreign or given.get("id") == "planted" or any("script:" in address.lower() for address in leads):
            self.found.append((tag, attrs))


def planted(html):
    parser = Planted()
    parser.feed(html)
    return parser.found


def test_the_search_finds_what_is_planted():
    """Each hostile text, as HTML or within an attribute, is something that the search would see."""
    for text in HOSTILE:
        assert any(map(planted, (text, f'<a b="{text}">', f"<a b='{text}'>", f'<a href="{text}">', f"&{text}"))) or (
            text.startswith("&lt;")
        ), text


def posts_of(text):
    """Posts that have a hostile value in every field that a fan controls, in the lobby and elsewhere."""
    praise, a_link = f"the new map is gorgeous {text}", "https://example.org/a"
    for where, url, title in (
        ({"channel": "lobby", "text": praise}, text, "a"),
        ({"channel": "lobby", "text": text, "reply_to": text}, f"https://example.org/{text}", "a"),
        ({"channel": text, "text": praise}, a_link, text),
    ):
        brought = [{"kind": kind, "url": url, "title": title} for kind in ("link", "image", "video", "file")]
        brought.append({"kind": "image", "url": "/static/samples/lamp.svg", "title": text})
        yield where | {"author": {"id": f"f{text}", "name": text}, "attachments": brought}


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_words_of_a_fan_become_html(light, text):
    async with light() as greenroom, greenroom.browser() as mara:
        pages = [path for path in PAGES if path not in {"/inbox/cards", "/media"}]
        drafted = 0
        for number, body in enumerate(posts_of(text)):
            posted = await greenroom.http.post("/api/posts", json={"id": f"{number}{text}", **body})
            assert posted.status_code == 202, posted.text
            post_id = posted.json()["post_id"]
            judged = await greenroom.until(f"/api/posts/{post_id}", lambda post: post["action"])
            note = await mara.post(f"/inbox/posts/{post_id}/notes", json={"text": text})
            assert not planted(note.text)
            pages += [f"/inbox/posts/{post_id}/around", f"/live/posts?shown={post_id}"]
            if draft := judged["draft"]:
                draft_id = draft["draft_id"]
                pages += [f"/inbox/cards?ids={draft_id}", f"/inbox/cards/{draft_id}/around"]
                pages += [f"/team/audit?draft={draft_id}"]
                drafted += 1
        assert drafted
        pages += [f"/inbox?view={view}" for view in ("mine", "urgent", "left", "decided", "all")]
        for path in pages:
            answer = await mara.get(path, follow_redirects=True)
            assert answer.status_code == 200, (path, answer.text)
            assert not planted(answer.text), path


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_address_becomes_html(light, text):
    names = ("view", "channel", "platform", "reading", "language", "fan", "q", "span", "by", "kind", "day", "token")
    async with light() as greenroom, greenroom.browser() as mara:
        for path in ("/inbox", "/lobby", "/live", "/team/audit", "/signin", f"/{text}", "/media/x/1"):
            for name in names:
                answer = await mara.get(path, params={name: text})
                if answer.headers["content-type"].startswith("text/html"):
                    assert not planted(answer.text), (path, name)
