"""The components: what they promise to a reader, to a screen reader and to the browser's policy."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django import forms
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string
from django.utils import timezone

from connections.states import Attention, Door, End
from developers.states import DeliveryState, DestinationState
from terra_portal import charts, moments, shares
from terra_portal.marks import MARKS
from terra_portal.templatetags import states

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
STATIC = Path(settings.BASE_DIR) / "static"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Consent(forms.Form):
    name = forms.CharField(label="Display name", required=False, help_text="What people see.")
    back = forms.URLField(label="Return address", assume_scheme="https")
    sleep = forms.BooleanField(label="Ask for sleep", required=False)
    role = forms.ChoiceField(label="Role", choices=[("a", "Admin")], widget=forms.RadioSelect)
    language = forms.ChoiceField(label="Language", choices=[("en", "English")])


def rendered(source: str, **context: object) -> str:
    engine = engines["django"]
    return str(engine.from_string("{% load portal %}" + source).render(context))


@pytest.mark.parametrize("state", [*End, *DeliveryState, *DestinationState, *list(Attention)[1:]])
def test_every_state_has_a_drawing(state: str) -> None:
    assert str(state) in states.STATES
    shape, word = states.drawn(str(state))
    html = rendered("{% badge state %}", state=state)
    assert html == f'<span class="badge {shape}">{word}</span>'


@pytest.mark.parametrize("name", list(Door))
def test_every_door_has_an_icon_and_a_word(name: str) -> None:
    symbol, word = states.DOORS[name]
    html = rendered("{% door name %}", name=name)
    assert f"#{symbol}" in html
    assert html.endswith(f"{word}</span>")


def test_an_unknown_state_says_its_own_name() -> None:
    assert rendered("{% badge 'half_open' %}") == '<span class="badge">Half open</span>'


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=30), "25 Oct"),
        (timedelta(days=400), "20 Oct 2025"),
        (timedelta(hours=-2), "in 2 hours"),
    ],
)
def test_moments_in_words(ago: timedelta, words: str) -> None:
    with timezone.override("UTC"):
        assert moments.in_words(NOON - ago, NOON) == words


def test_when_carries_the_exact_time() -> None:
    html = rendered("{% when moment %}", moment=NOON)
    assert 'datetime="2026-11-24T12:00:00+00:00"' in html
    assert 'title="Tuesday 24 November 2026, 12:00:00 UTC"' in html
    assert rendered("{% when None %}") == '<span class="muted">never</span>'


def test_a_maker_is_drawn_where_there_is_a_drawing() -> None:
    drawn = {file.stem for file in (STATIC / "portal" / "wearables").iterdir()}
    assert drawn == MARKS
    html = rendered("{% provider_tile 'HEALTH_CONNECT' name='Health Connect' %}")
    assert 'src="/static/portal/wearables/health-connect.svg" alt=""' in html
    assert html.endswith("Health Connect</span>")
    html = rendered("{% provider_tile 'NEWCOMER' %}")
    assert html == '<span class="mono-tile" aria-hidden="true">Ne</span>'


def test_values_are_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script>"
    source = (
        "{% copy evil evil %}{% copy evil evil inline=True %}{% badge evil %}{% door evil %}"
        "{% provider_tile evil name=evil %}{% empty_state evil evil %}{% icon evil %}"
        "{% shown_once evil title=evil %}"
    )
    assert "<script" not in rendered(source, evil=evil)


def test_a_field_ties_label_hint_and_control_together() -> None:
    html = rendered("{% field form.name %}", form=Consent())
    assert (
        '<label for="id_name">Display name <span class="optional">optional</span></label>' in html
    )
    assert 'aria-describedby="id_name_note"' in html
    assert '<p class="hint" id="id_name_note">What people see.</p>' in html


def test_an_error_takes_the_place_of_the_hint() -> None:
    form = Consent({"back": "nonsense", "role": "a", "language": "en"})
    html = rendered("{% field form.back hint='An address.' %}", form=form)
    assert 'aria-invalid="true"' in html
    assert 'class="error" id="id_back_note"' in html
    assert "An address." not in html


def test_choices_are_a_group_with_a_legend() -> None:
    html = rendered(
        "{% field form.role %}{% field form.sleep %}{% field form.language %}", form=Consent()
    )
    assert '<legend class="label">Role</legend>' in html
    assert html.count('<label class="check"') == 2
    assert '<select name="language" class="input"' in html


def test_a_pager_without_more_pages_has_no_links() -> None:
    page = {"previous_url": "", "next_url": "?after=x", "count_text": "25 of 40"}
    html = rendered("{% pager page %}", page=page)
    assert html.count("<a ") == 1
    assert 'rel="next"' in html
    assert html.count('aria-disabled="true"') == 1


def test_lines_reach_from_edge_to_edge_under_a_round_top() -> None:
    plot = charts.lines("Users", ["Mon", "Tue", "Wed"], [charts.Series("Active", [0, 50, 100])])
    assert plot.lines[0].points == "0.0,200.0 320.0,100.0 640.0,0.0"
    assert [tick.label for tick in plot.ticks] == ["100", "75", "50", "25", "0"]
    assert plot.columns[2].title == "Wed: Active 100"
    assert plot.rows[1] == ("Tue", ["50"])


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 4), (3, 4), (41, 80), (100, 100), (12_480, 20_000)]
)
def test_the_scale_ends_in_whole_steps(highest: int, top: int) -> None:
    plot = charts.lines("x", ["a"], [charts.Series("x", [highest])])
    steps = [tick.y for tick in plot.ticks]
    assert steps == [0, 50, 100, 150, 200]
    point = float(plot.lines[0].points.split()[0].split(",")[1])
    assert point == pytest.approx(200 - 200 * highest / top, abs=0.1)


def test_a_gap_breaks_the_line_and_is_said() -> None:
    values = [None, 50, None, 100, 100]
    plot = charts.lines("x", list("abcde"), [charts.Series("Rate", values)], unit="%", top=100)
    assert [line.points for line in plot.lines] == [
        "159.9,100.0 160.1,100.0",
        "480.0,0.0 640.0,0.0",
    ]
    assert [line.lone for line in plot.lines] == [True, False]
    assert [line.area for line in plot.lines] == ["", "480.0,200 480.0,0.0 640.0,0.0 640.0,200"]
    assert dict(plot.rows) == {"a": ["–"], "b": ["50%"], "c": ["–"], "d": ["100%"], "e": ["100%"]}
    assert plot.columns[0].title == "a: Rate –"


def test_a_stack_stands_on_the_ground_without_gaps() -> None:
    rows = [charts.Series("a", [3, 0], tone=2), charts.Series("b", [1, 4], tone=3)]
    plot = charts.stack("Ends", ["Mon", "Tue"], rows)
    low, high, alone = plot.bars
    assert low.y + low.height == 200
    assert high.y + high.height == low.y
    assert (alone.tone, alone.y, alone.height) == (3, 0, 200)


def test_ranks_and_funnels_of_nothing_are_empty_or_zero() -> None:
    assert shares.ranked([]) == []
    assert shares.funnel([]) == []
    assert shares.funnel([("Opened", 0)])[0].share == "0%"
    assert charts.lines("x", [], [charts.Series("x", [])]).lines[0].area == ""


def test_ranks_are_measured_against_the_largest_and_the_funnel_against_the_first() -> None:
    ranks = shares.ranked([("Oura", 25), ("Garmin", 75)])
    assert [(rank.name, rank.width, rank.share) for rank in ranks] == [
        ("Garmin", 100.0, "75%"),
        ("Oura", 33.3, "25%"),
    ]
    steps = shares.funnel([("Opened", 200), ("Connected", 150)])
    assert (steps[1].width, steps[1].lost) == (75.0, "50")


def test_a_chart_has_a_label_titles_and_a_table() -> None:
    plot = charts.stack("Ends per day", ["Mon"], [charts.Series("Revoked", [1204], tone=2)])
    html = render_to_string("components/chart_stack.html", {"plot": plot})
    assert 'role="img" aria-label="Ends per day"' in html
    assert "<title>Mon: Revoked 1,204</title>" in html
    assert '<td class="end">1,204</td>' in html


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_style_or_script(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", source)
    assert not re.search(r"<script(?![^>]*(\ssrc=|type=\"application/json\"))", source)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_named_static_file_and_icon_exists(path: Path) -> None:
    source = path.read_text()
    for name in re.findall(r"""(?:static\s+["']|/static/)(portal/[\w./-]+)""", source):
        assert (STATIC / name).is_file(), name
    sprite = ElementTree.parse(STATIC / "portal/icons.svg").getroot()
    known = {symbol.get("id") for symbol in sprite}
    for name in re.findall(r"""{% icon ["']([\w-]+)["']""", source):
        assert name in known, name


def test_every_door_and_state_icon_is_in_the_sprite() -> None:
    sprite = ElementTree.parse(STATIC / "portal/icons.svg").getroot()
    known = {symbol.get("id") for symbol in sprite}
    assert {symbol for symbol, _ in states.DOORS.values()} <= known


@pytest.mark.parametrize("code", ["400", "403", "404", "500"])
def test_error_pages_stand_without_a_request(code: str) -> None:
    html = render_to_string(f"{code}.html")
    assert html.count("<h1>") == 1
    assert 'href="/"' in html
