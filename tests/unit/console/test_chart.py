"""The drawing stays within its frame, and says the numbers that it was given."""

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.console.app import PAGES
from bot.console.chart import FEW, HEIGHT, LEFT, MOOD_MIDDLE, MOST_STEPS, WIDTH, Slot, chart, moods

numbers = st.integers(0, 10**7)
slots = st.builds(
    Slot,
    name=st.just("Mon 10:00"),
    label=st.sampled_from(["", "10"]),
    came_in=numbers,
    sent=numbers,
    left_alone=numbers,
)


@given(st.lists(slots, min_size=1, max_size=40))
def test_everything_is_inside_and_as_high_as_its_number(given_slots):
    made = chart(given_slots)
    (ground, zero), (top, most) = made.lines[0], made.lines[-1]
    assert zero == 0
    assert 2 <= len(made.lines) <= MOST_STEPS + 1
    assert all(isinstance(number, int) for _, number in made.lines)
    assert most >= max(max(s.came_in, s.sent, s.left_alone) for s in given_slots)
    for bars in made.bars:
        for bar, number in (
            (bars.came_in, bars.slot.came_in),
            (bars.sent, bars.slot.sent),
            (bars.left_alone, bars.slot.left_alone),
        ):
            assert bar.x >= LEFT - 0.01
            assert bar.x + bar.width <= WIDTH + 0.02
            assert top - 0.02 <= bar.y <= ground < HEIGHT
            assert abs(bar.y + bar.height - ground) < 0.02
            assert abs(bar.height - (ground - top) * number / most) < 0.02


@given(st.integers(1, 10**9))
def test_the_lines_have_round_numbers(highest):
    made = chart([Slot(name="a", label="", came_in=highest, sent=0, left_alone=0)])
    step = made.lines[1][1]
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert made.lines[-1][1] - highest < step, "no line more than is needed"


def test_nothing_is_a_drawing_too():
    made = chart([Slot(name="a", label="a", came_in=0, sent=0, left_alone=0)])
    assert made.busiest is None
    assert [number for _, number in made.lines] == [0, 1]


def test_no_name_becomes_html():
    bad = "<script>x()</script>\"'&"
    made = chart([Slot(name=bad, label=bad, came_in=3, sent=2, left_alone=1)])
    env = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    page = env.from_string('{% from "live_chart.html" import draw %}{{ draw("day", bad, made) }}')
    html = page.render(bad=bad, made=made)
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") > 5


hours = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).map(lambda n: (sum(n), n[1], n[2]))


@given(st.lists(hours, min_size=1, max_size=25))
def test_a_mood_reaches_as_far_as_its_share_praise_up_and_complaints_down(given_hours):
    for (posts, praise, complaints), made in zip(given_hours, moods(given_hours), strict=True):
        for bar, part in ((made.praise, praise), (made.complaints, complaints)):
            assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH
            assert abs(bar.height - (MOOD_MIDDLE * part / posts if posts else 0)) < 0.02
            assert 0 <= bar.y <= bar.y + bar.height <= 2 * MOOD_MIDDLE + 0.02
        assert abs(made.praise.y + made.praise.height - MOOD_MIDDLE) < 0.02
        assert made.complaints.y == MOOD_MIDDLE
        assert made.few is (posts < FEW)
