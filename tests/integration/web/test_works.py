"""What works, over HTTP: figures, and patches that only a signed-in manager may take or drop."""

import asyncio
import re

from tests.integration.conftest import PRAISES

EDITED = "Thank you! We pass that on to the people who painted it."
FILE = "templates/en/praise/praise_for_looks.md"


async def edited(greenroom, number=3):
    """As many edits of one wording."""
    for text in PRAISES[:number]:
        card = await greenroom.draft(text)
        if number_of := next((n for n, one in enumerate(card["alternatives"], 1) if one["variant"] == "plain"), None):
            await greenroom.decide(card, "reword", alternative=number_of)
            card = (await greenroom.http.get(f"/api/drafts/{card['draft_id']}")).json()
        assert (await greenroom.decide(card, "edit", text=EDITED)).status_code == 200


async def patch_of(browser):
    found = re.search(r'data-patch="([0-9a-f]{6})"', (await browser.get("/templates/works")).text)
    return found and found[1]


async def test_a_patch_is_taken_by_a_manager_and_used_from_then_on(greenroom):
    await edited(greenroom)
    file = greenroom.app.settings.root / FILE
    async with greenroom.browser() as browser:
        patch = await patch_of(browser)
        assert patch
        for address in (f"/templates/patches/{patch}/take", f"/templates/patches/{patch}/drop"):
            refused = await greenroom.http.post(address, json={"text": EDITED})  # a program
            assert (refused.status_code, refused.json()["error"]) == (403, "session_needed")
        before = file.read_text()
        answer = await browser.post(f"/templates/patches/{patch}/take", json={"text": "Thanks {{ nobody }}"})
        assert (answer.status_code, answer.json()["error"]) == (409, "refused")
        assert "L03" in answer.json()["message"]
        assert file.read_text() == before
        answer = await browser.post(f"/templates/patches/{patch}/take", json={"text": EDITED})
        assert answer.status_code == 200, answer.text
        assert EDITED in file.read_text()
        assert await patch_of(browser) is None
        again = await browser.post(f"/templates/patches/{patch}/take", json={"text": EDITED})
        assert (again.status_code, again.json()["error"]) == (404, "not_found")
        async with asyncio.timeout(60):
            while EDITED not in (await browser.get("/templates/of/praise/praise_for_looks")).text:
                await asyncio.sleep(0.05)
        told = [event.name for event in await greenroom.app.store.events(after=0, limit=10_000)]
        assert told.count("patch_taken") == 1


async def test_a_patch_that_two_take_at_once_is_written_once(greenroom):
    await edited(greenroom)
    async with greenroom.browser() as mara, greenroom.browser("tom") as tom:
        patch = await patch_of(mara)
        path, body = f"/templates/patches/{patch}/take", {"text": EDITED}
        answers = await asyncio.gather(mara.post(path, json=body), tom.post(path, json=body))
        assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert (greenroom.app.settings.root / FILE).read_text().count(EDITED) == 1


async def test_a_dropped_patch_stays_dropped(greenroom):
    await edited(greenroom)
    before = (greenroom.app.settings.root / FILE).read_text()
    async with greenroom.browser() as browser:
        patch = await patch_of(browser)
        assert (await browser.post(f"/templates/patches/{patch}/drop")).status_code == 204
        assert await patch_of(browser) is None
        assert (await browser.post(f"/templates/patches/{patch}/drop")).status_code == 404
    assert (greenroom.app.settings.root / FILE).read_text() == before


async def test_what_cannot_be_asked_for_is_refused_in_words(greenroom):
    async with greenroom.browser() as browser:
        for query in ("weeks=0", "weeks=53", "sort=person"):
            assert (await browser.get(f"/templates/works?{query}")).status_code == 422
        assert "No reply was sent in this time." in (await browser.get("/templates/works?weeks=1&sort=edited")).text
        assert (await browser.post("/templates/patches/xyz/take", json={"text": "x"})).status_code in {404, 422}
        assert (await browser.post("/templates/patches/abcdef/take", json={})).status_code == 422
