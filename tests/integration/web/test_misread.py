"""A manager says "not this intent". The operator learns what was mixed up, without a word of the fan."""

import json
import re

from bot.adapters.web.views import event as shown

SECRET = "xylograph"  # noqa: S105 - a word that stands in no file of ours
POST = f"the {SECRET} level is gorgeous"


async def test_a_correction_runs_again_and_is_told_without_the_fans_words(greenroom):
    author = {"id": "robin", "name": "Robin Xylo"}
    draft = await greenroom.draft(POST, author=author)
    assert draft["intent"] == "praise"
    async with greenroom.browser() as browser:
        assert "Nothing was corrected" in (await browser.get("/templates/misread")).text
        page = (await browser.get("/inbox")).text
        assert re.search(r'<option value="complaint">complaint: \w', page)
        assert (await greenroom.decide(draft, "relabel", intent="complaint")).status_code == 200

        path = f"/api/posts/{draft['post']['post_id']}"
        anew = await greenroom.until(path, lambda p: p["intent"] == "complaint")
        new = (await greenroom.http.get(f"/api/drafts/{anew['draft']['draft_id']}")).json()
        assert (new["state"], new["draft_id"] != draft["draft_id"]) == ("waiting", True)
        assert "named by a manager" in new["why"]

        page = " ".join((await browser.get("/templates/misread")).text.split())
        assert "Read as praise, really complaint" in page
        assert "templates/intents/complaint.yaml" in page
        nearest = draft["why"].partition("“")[2].partition("”")[0]
        assert nearest
        assert f"“{nearest}”" in page
        assert SECRET not in page

        # A second thought about one's own choice is no misreading of the program's.
        assert (await greenroom.decide(new, "relabel", intent="question")).status_code == 200
        await greenroom.until(path, lambda p: p["intent"] == "question")
        assert "really question" not in (await browser.get("/templates/misread")).text

        # The fan's words are gone with the fan; the correction, which has none of them, stays.
        assert (await greenroom.http.delete("/api/fans/web/robin")).status_code in {200, 204}
        kept = json.dumps((await greenroom.http.get("/api/fans/web/robin")).json())
        page = (await browser.get("/templates/misread")).text
        assert "Read as praise" in page
        for text in (kept, page):
            assert SECRET not in text
            assert "Xylo" not in text


async def test_events_of_a_correction_hold_no_word_of_the_fan(house):
    card = await house.draft(POST)
    await house.press(card, "relabel", intent="complaint")
    await house.quiet()
    facts = [shown(fact) for fact in await house.store.events(after=0)]
    told = [fact for fact in facts if "read_as" in fact]
    assert [(fact["read_as"], fact["intent"]) for fact in told] == [("praise", "complaint")]
    examples = [text for texts in house.pipeline.library.intents["praise"].examples.values() for text in texts]
    assert told[0]["like"] in examples
    assert SECRET not in json.dumps(facts)
