"""The measured posts are fair, and the figures mean what they say."""

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from bot.domain import clean
from bot.reader import NoReader
from responders.types import Alarm, Candidate, Detail, Outcome, Proposal, Reason, ReasonCode, Understanding
from responders.understanding.facts import before
from responders.understanding.normalise import encodable
from tests.eval import figures, posts
from tests.eval.__main__ import main
from tests.eval.posts import GATES, LOOKALIKES, SILENT, Named, labelled
from tests.eval.reading import ROOT, Read, Reader, answer_files, around, intent_files, read
from tests.model import shipped as running
from training import corpus

pytestmark = pytest.mark.whole

SO = Reason(code=ReasonCode.INTENT, sentence="so")
FEW = posts.posts(posts.UNSEEN)[::5]
"""The posts that the program reads here."""


@pytest.fixture(scope="module")
def library():
    return running().library


@pytest.fixture(scope="module")
def corpora():
    return corpus.split(corpus.load())


@pytest.fixture(scope="module")
def by_words():
    def none():
        raise NoReader("this is a test")

    return Reader(none)


@pytest.fixture(scope="module")
def shipped(by_words):
    return by_words.pipeline()


def words(text):
    return " ".join(re.findall(r"\w+", text.casefold()))


def test_held_out_posts_are_of_communities_that_nothing_is_fitted_to(corpora):
    known, held_out = corpora
    assert {p.community for p in held_out} == set(corpus.HELD_OUT.read_text("utf-8").splitlines())
    assert not {p.community for p in known} & {p.community for p in held_out}
    assert {p.community for p in held_out} >= LOOKALIKES
    seen = {words(p.text) for p in known}
    assert [p.text for p in held_out if words(p.text) in seen and len(p.text.split()) > 3] == []


def test_held_out_posts_are_of_each_kind(library, corpora):
    _, held_out = corpora
    assert {p.intent for p in held_out} == set(library.intents) | GATES
    assert {p.register for p in held_out} <= set(corpus.REGISTERS)


@pytest.mark.parametrize("folder", [posts.HERE, posts.UNSEEN])
def test_each_label_is_one_of_ours_and_has_posts(library, folder):
    labels = {post.intent for post in posts.posts(folder)}
    assert labels == (set(library.intents) | GATES) - {"answer"}, "nothing was said before these posts"


@pytest.mark.parametrize("name", ["held out", "dev", "unseen"])
def test_no_post_stands_in_the_files_it_is_read_by(library, corpora, name):
    every = {"held out": corpora[1], "dev": posts.posts(), "unseen": posts.posts(posts.UNSEEN)}[name]
    taught = {words(text) for i in library.intents.values() for texts in i.examples.values() for text in texts}
    asked = {words(ask) for template in library.templates for ask in template.answers_to}
    own = [post for post in every if len(post.text.split()) > 3]
    assert [post.text for post in own if words(post.text) in taught | asked] == []
    assert [text for text, n in Counter(post.text for post in own).items() if n > 1] == []


def test_unseen_posts_are_of_communities_of_their_own():
    seen, unseen = posts.posts(), posts.posts(posts.UNSEEN)
    assert not {post.community for post in seen} & {post.community for post in unseen}
    assert not {words(post.text) for post in seen} & {words(post.text) for post in unseen}
    assert not {words(p.text) for p in posts.feelings()} & {words(p.text) for p in posts.feelings(posts.UNSEEN)}
    assert not {words(case.text) for case in posts.named()} & {words(case.text) for case in posts.named(posts.UNSEEN)}


def test_new_intents_and_questions_keep_examples_and_posts_apart(library):
    for intent in posts.new_intents():
        assert intent.name not in library.intents
        assert not {words(t) for t in intent.examples} & {words(t) for t in intent.posts}
    for file in ("faq", "faq_game"):
        entries = posts.entries(file)
        assert len(entries) == len({entry.id for entry in entries})
        assert all(entry.fans and words(entry.ask) not in map(words, entry.fans) for entry in entries)


@pytest.mark.parametrize("folder", [posts.HERE, posts.UNSEEN])
def test_details_are_words_of_their_posts(folder):
    assert [case.text for case in posts.named(folder) if not all(d in clean(case.text) for d in case.details)] == []


def test_silent_labels_are_no_gates():
    assert not SILENT & GATES


def test_the_product_reads_exactly_what_the_fitting_reads(corpora):
    kinds = set()
    for post in (p for part in corpora for p in part if p.context and p.language == "en"):
        written, context = around(post)
        assert encodable(written.text, before(written, context)) == post.read
        kinds.add((post.context["kind"], post.context["who"]))
    assert kinds == {("reply", "staff"), ("reply", "fan"), ("after", "staff"), ("after", "fan")}


@pytest.mark.parametrize(
    ("kind", "who", "replies_to", "in_thread"),
    [
        ("reply", "staff", "staff", True),
        ("reply", "fan", "fan", True),
        ("after", "staff", "nobody", False),
        ("after", "fan", "nobody", False),
    ],
)
def test_what_was_said_before_stands_before(kind, who, replies_to, in_thread):
    said = {"kind": kind, "who": who, "text": "which phone is it?"}
    post = corpus.Labelled(**{**_fields(labelled("wish", "the blue one")), "context": said})
    written, context = around(post)
    (turn,) = context.before
    assert (turn.role, turn.text, turn.in_thread) == (who, "which phone is it?", in_thread)
    assert (context.replies_to, context.addressed, bool(written.reply_to)) == (replies_to, False, kind == "reply")
    assert timedelta() < written.at - turn.at < timedelta(minutes=2)


def _fields(post):
    return {name: getattr(post, name) for name in post.__dataclass_fields__}


def test_an_older_post_to_a_fan_replies_to_words_that_are_not_known():
    written, context = around(labelled("helping", "hold the lamp longer", to_fan=True))
    assert (context.replies_to, context.before, written.reply_to) == ("fan", (), "0")
    written, context = around(labelled("praise", "hello"))
    assert (context.replies_to, context.before, written.reply_to) == ("nobody", (), None)


@pytest.mark.parametrize(
    ("label", "language", "deserves"),
    [
        ("praise", "en", Outcome.DRAFT),
        ("praise", "de", Outcome.DRAFT),
        ("praise", "it", Outcome.HANDOFF),
        ("churn", "en", Outcome.HANDOFF),
        ("answer", "en", Outcome.HANDOFF),
        ("legal", "en", Outcome.HANDOFF),
        ("crisis", "en", Outcome.HANDOFF),
        ("minor", "fr", Outcome.HANDOFF),
        ("spam", "en", Outcome.SILENT),
        ("toxic", "en", Outcome.SILENT),
        ("crosstalk", "es", Outcome.SILENT),
    ],
)
def test_what_a_post_deserves(shipped, label, language, deserves):
    (one,) = read(shipped, [labelled(label, "love it", language)])
    assert one.deserves is deserves


def test_another_communitys_questions_take_the_place_of_ours(by_words, library):
    entries = posts.entries("faq")[:3]
    pipeline = by_words.pipeline(answer_files(entries))
    asked = {template.key: template.answers_to for template in pipeline.library.templates if template.is_faq}
    assert asked == {f"en/question/{entry.id}": (entry.ask,) for entry in entries}
    assert len(pipeline.library.intents) == len(library.intents)


def test_new_intents_stand_beside_ours(by_words, library):
    pipeline = by_words.pipeline(intent_files(posts.new_intents(), 5))
    new = {name: i for name, i in pipeline.library.intents.items() if name not in library.intents}
    assert {name: len(intent.examples["en"]) for name, intent in new.items()} == {
        intent.name: 5 for intent in posts.new_intents()
    }


def one(label, as_, *, confidence=0.9, chance=None, drafted=False, second=None, **more):
    """A post labelled so, that was read as this; a gate that fired, with that `chance`."""
    gate = as_ in GATES
    alarms = (Alarm(gate=as_, chance=confidence if chance is None else chance, part="..."),) if gate else ()
    understanding = Understanding(
        intent="praise" if gate else as_,
        intents=more.pop("intents", (("praise" if gate else as_, confidence),)),
        confidence=confidence,
        risk=(as_,) if gate else (),
        alarms=more.pop("alarms", alarms),
        faq=tuple(more.pop("faq", ())),
    )
    reply = Candidate(text="hi", template=more.pop("template", f"en/{as_}/plain"), variant="v") if drafted else None
    proposal = Proposal(
        outcome=Outcome.DRAFT if drafted else more.pop("outcome", Outcome.SILENT),
        reason=SO,
        understanding=understanding,
        candidate=reply,
        alternatives=more.pop("alternatives", ()),
    )
    deserves = more.pop("deserves", Outcome.SILENT if label in SILENT | GATES else Outcome.DRAFT)
    fields = {**_fields(labelled(label, "...")), "second": second, **more}
    return Read(post=corpus.Labelled(**fields), proposal=proposal, deserves=deserves)


MIXED = [
    one("praise", "praise", drafted=True),
    one("praise", "thanks", confidence=0.2),
    one("thanks", "thanks"),
    one("crosstalk", "thanks", drafted=True),
    one("crisis", "crisis"),
    one("crisis", "praise", confidence=0.3),
]


def values(read):
    return {figure.name: figure.value for figure in figures.of_posts(read)}


def test_f1_of_a_mixed_bag():
    assert figures.of_label(MIXED, "praise") == pytest.approx(2 * 1 / (2 + 2))
    assert figures.of_label(MIXED, "thanks") == pytest.approx(2 * 1 / (1 + 3))
    assert figures.of_label(MIXED, "legal") == figures.of_label([], "praise") == 0
    assert figures.confusions(MIXED, "praise") == [("thanks", 1)]


def test_the_surest_are_taken_by_confidence():
    found = values(MIXED)
    assert found["right"] == pytest.approx(3 / 6)
    assert found["right, surest 70%"] == pytest.approx(3 / 4)
    assert found["right, surest 50%"] == pytest.approx(2 / 3)


def test_a_gate_is_as_sure_as_its_alarm():
    fired = one("crisis", "crisis", confidence=0.9, chance=0.1)
    assert (fired.label, fired.confidence, fired.right) == ("crisis", 0.1, True)
    doubted = one("crisis", "praise", alarms=(Alarm(gate="crisis", chance=0.2, part="..."),))
    assert (doubted.label, doubted.confidence, doubted.right) == ("praise", 0.9, False)


def test_the_label_that_was_read_is_the_first_of_three():
    intents = (("praise", 0.5), ("thanks", 0.3), ("wish", 0.2), ("question", 0.1))
    assert one("wish", "praise", intents=intents).among(3)
    assert not one("wish", "crisis", intents=intents).among(3), "the gate takes a place"
    assert one("crisis", "crisis", intents=intents).among(3)
    assert not one("question", "praise", intents=intents).among(3)


def test_what_is_offered_counts_where_one_press_sends_it():
    kinds = [Candidate(text="hi", template=f"en/{name}/plain", variant="v", sure=False) for name in ("wish", "thanks")]
    offer = one("thanks", "praise", outcome=Outcome.HANDOFF, alternatives=tuple(kinds))
    assert offer.offered == {"wish", "thanks"}
    found = values([offer, one("thanks", "praise", drafted=True), one("churn", "praise", deserves=Outcome.HANDOFF)])
    assert found["posts that deserve a draft: a right one"] == 0
    assert found["posts that deserve a draft: right among those offered"] == pytest.approx(1 / 2)
    assert found["drafts of the right intent"] == 0
    crisis = one("crisis", "praise", outcome=Outcome.HANDOFF, alternatives=tuple(kinds))
    assert values([crisis, one("crisis", "crisis")])["crisis drafted or offered"] == pytest.approx(1 / 2)


def test_alarms_count_where_no_careful_reader_would_see_one():
    doubt = (Alarm(gate="crisis", chance=0.2, part="..."),)
    read = [
        one("praise", "praise"),
        one("toxic", "crisis", second="crisis"),
        one("wish", "crisis", outcome=Outcome.HANDOFF),
        one("praise", "praise", alarms=doubt, outcome=Outcome.HANDOFF, community=min(LOOKALIKES)),
        one("wish", "wish", outcome=Outcome.HANDOFF),
        one("crisis", "praise", outcome=Outcome.HANDOFF),
        one("crisis", "praise", alarms=doubt),
        one("crisis", "praise"),
    ]
    found = values(read)
    assert found["crisis found"] == 0
    assert found["crisis: a person reads it"] == pytest.approx(2 / 3)
    assert found["other posts: crisis alarm"] == pytest.approx(1 / 4)
    assert found["other posts: crisis alarm or doubt"] == pytest.approx(2 / 4)
    assert found["other posts: a person reads it"] == pytest.approx(3 / 4)
    assert (found["look-alikes: crisis alarm"], found["look-alikes: crisis alarm or doubt"]) == (0, 1)


def test_posts_left_alone():
    handed = one("complaint", "complaint", outcome=Outcome.HANDOFF)
    found = values([*MIXED, handed, one("churn", "churn", deserves=Outcome.HANDOFF)])
    assert found["silent posts drafted"] == 1
    assert found["posts left alone that deserved a reply"] == pytest.approx(3 / 5)


def test_the_situation_counts_among_drafts_that_have_one():
    def drafted(situation, *found):
        read = one("praise", "praise", drafted=True, situation=situation)
        happened = tuple((name, 0.5) for name in found)
        understanding = Understanding(intent="praise", situations=happened)
        proposal = Proposal(
            outcome=Outcome.DRAFT, reason=SO, understanding=understanding, candidate=read.proposal.candidate
        )
        return Read(post=read.post, proposal=proposal, deserves=Outcome.DRAFT)

    read = [drafted("emoji_love", "emoji_love", "hooked"), drafted("emoji_love", "hooked"), drafted("hooked")]
    assert values([*read, drafted(None, "hooked")])["drafts of the right situation"] == pytest.approx(1 / 3)


def test_moods_and_tells_count_where_somebody_said_them():
    def felt(mood, tells, found, told):
        understanding = Understanding(intent="wish", mood=found, tells=frozenset(told))
        proposal = Proposal(outcome=Outcome.SILENT, reason=SO, understanding=understanding)
        post = one("wish", "wish", mood=mood, tells=tells).post
        return Read(post=post, proposal=proposal, deserves=Outcome.DRAFT)

    found = values(
        [
            felt("glad", frozenset({"number"}), "glad", {"number"}),
            felt("angry", frozenset(), "glad", {"order"}),
            felt(None, None, "light", {"picture"}),
        ]
    )
    assert found["mood right"] == pytest.approx(1 / 2)
    assert found["mood, macro-F1"] == pytest.approx((2 / 3) / len(corpus.MOODS))
    assert found["all that is told found, and no more"] == pytest.approx(1 / 2)
    assert found["what is told, macro-F1"] == pytest.approx(1 / len(corpus.TELLS))


def test_feelings_are_a_mean_over_the_three():
    def felt(own, found):
        proposal = Proposal(outcome=Outcome.SILENT, reason=SO, understanding=Understanding(sentiment=found))
        return Read(post=labelled(own, "..."), proposal=proposal, deserves=Outcome.HANDOFF)

    bag = [felt("positive", "positive"), felt("positive", "mixed"), felt("neutral", "neutral")]
    assert figures.of_feelings(bag).value == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert figures.of_feelings([]).value is None


@pytest.mark.parametrize(
    ("value", "at_most", "holds"),
    [(0.5, False, True), (0.49, False, False), (0.5, True, True), (0.51, True, False), (None, False, None)],
)
def test_goals_are_told_from_misses(value, at_most, holds):
    assert figures.Figure(name="", value=value, of=1, must=0.5, at_most=at_most).holds is holds
    assert figures.Figure(name="", value=value, of=1, at_most=at_most).holds is None


def test_a_figure_says_of_how_many_it_is():
    found = {figure.name: figure for figure in figures.of_posts(MIXED)}
    assert (found["crisis found"].of, found["crisis found"].value) == (2, 0.5)
    assert (found["spam found"].of, found["spam found"].value, found["spam found"].holds) == (0, None, None)


def test_every_language_and_register_has_its_own_figure():
    read = [one("praise", "praise", language="de", register="mail"), one("praise", "wish", language="en")]
    found = values(read)
    assert (found["right, de"], found["right, en"], found["right, mail"]) == (1, 0, 1)
    assert "right, " not in found


def test_confidence_is_sorted_into_ten_bins():
    read = [one("praise", "praise", confidence=c) for c in (0.0, 0.05, 0.1, 0.95, 1.0)]
    read.append(one("praise", "wish", confidence=0.92))
    bins = figures.calibration(read)
    assert [(round(low, 1), round(high, 1)) for low, high, _ in bins][::9] == [(0.0, 0.1), (0.9, 1.0)]
    assert [figure.of for _, _, figure in bins] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert bins[-1][2].value == pytest.approx(2 / 3)
    assert bins[5][2].value is None


def test_questions_and_answers():
    nearest = [("en/question/a", 0.9), ("en/question/b", 0.5)]
    read = [
        one("en/question/a", "question", faq=nearest),
        one("en/question/b", "question", faq=nearest, drafted=True, template="en/question/a"),
        one("en/question/c", "question"),
    ]
    others = [one("question", "question", drafted=True, template="en/question/follow-up"), read[1]]
    found = [f.value for f in figures.of_questions("FAQ", read, others, {"en/question/a", "en/question/b"})]
    assert found == pytest.approx([1 / 3, 2 / 3, 0, 1 / 3, 1 / 2])


def test_an_own_phrasing_must_get_its_own_reply():
    good = one("en/question/a", "question", drafted=True, template="en/question/a")
    assert figures.of_own_phrasing([good]).holds is True
    assert figures.of_own_phrasing([good, one("en/question/b", "question")]).holds is False


def test_new_intents_are_found_and_do_not_fire_elsewhere():
    intents = posts.new_intents()
    own = [one(intents[0].name, intents[0].name), one(intents[1].name, "praise")]
    others = [one("praise", intents[0].name), *[one("wish", "wish")] * 9]
    found, fires = figures.of_new_intents(own, others, intents, 8)
    assert (found.value, fires.value) == (1 / 2, pytest.approx(1 / 10 / len(intents)))
    assert (found.holds, fires.holds) == (False, False)
    assert [f.must for f in figures.of_new_intents(own, others, intents, 5)] == [None, None]


@pytest.mark.parametrize(
    ("found", "named", "precision", "recall"),
    [
        (["my blue shirt"], ["blue shirt"], 1, 1),
        (["shirt"], ["the blue shirt"], 1, 1),
        (["shirts"], ["shirt"], 0, 0),
        (["the"], ["the shirt"], 0, 0),
        ([], ["shirt"], None, 0),
        (["shirt", "hat"], ["shirt"], 0.5, 1),
        (["shirt"], [], 0, None),
    ],
)
def test_a_detail_with_more_or_fewer_words_is_the_same(found, named, precision, recall):
    understanding = Understanding(details=tuple(Detail(kind="thing", text=text) for text in found))
    proposal = Proposal(outcome=Outcome.SILENT, reason=SO, understanding=understanding)
    given = [f.value for f in figures.of_details([(Named(text="...", details=tuple(named)), proposal)])]
    assert given == [precision, recall]


@pytest.fixture
def run(capsys, monkeypatch, shipped):
    """Runs the program with words alone; its status, and what it shows."""
    monkeypatch.setattr(Reader, "pipeline", lambda self: shipped)
    monkeypatch.setattr(posts, "posts", lambda folder: FEW)

    def go(*arguments):
        status = main(["--words-only", *arguments])
        return status, capsys.readouterr().out

    return go


def test_the_program_shows_tables(run):
    status, shown = run("--posts", "unseen")
    assert status == 1, "words alone miss some goals"
    assert re.search(rf"^right +0\.\d{{3}} +{len(FEW)} +>= 0\.82 +>= 0\.92 +MISSED$", shown, re.MULTILINE), shown
    assert re.search(r"^0\.9 to 1\.0 +(-|[01]\.\d{3}) +\d+$", shown, re.MULTILINE)
    assert "FAQ" not in shown


def test_the_program_shows_each_post_to_scripts(run):
    status, told = run("--posts", "unseen", "--json")
    shown = json.loads(told)
    assert status == 1
    assert len(shown["items"]) == sum(part["of"] for part in shown["calibration"]) == len(FEW)
    assert set(shown["labels"]) == {post.intent for post in FEW}
    assert all(0 <= item["confidence"] <= 1 for item in shown["items"])


def test_an_unknown_set_is_told_in_a_sentence():
    command = [sys.executable, "-m", "tests.eval", "--posts", "neither"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert "invalid choice: 'neither'" in run.stderr
