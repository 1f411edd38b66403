"""A page of every kind of block: escaped, without an outside address, every number with its table's version."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from jobs.report.page.parts import Bar, Bars, Change, Plot, Section, Table, Term, Tile, Tiles, Words
from jobs.report.page.plots import HEIGHT, WIDTH, Line, line_plot
from jobs.report.page.rendering import Page, rendered

AS_OF = date(2017, 12, 1)
NASTY = '<script>alert("x")</script> & Söhne 茶'


def page(**changed: int) -> Page:
    lines = [
        Line("tail", ((AS_OF - timedelta(days=1), 3.0), (AS_OF, 4.0)), "tail"),
        Line("cold", ((AS_OF, 0.0),), "cold"),
    ]
    blocks = (
        Tiles((Tile(NASTY, "12", "meaning", (Change("yesterday", "+1 %", "up"),), ("metrics",)),)),
        Bars(NASTY, (Bar(NASTY, 1.7, "1", "tail", "note"), Bar("none", -1.0, "0")), ("runs",)),
        Plot(NASTY, line_plot(NASTY, lines), ("metrics",)),
        Table(NASTY, ("product", "sold"), ((NASTY, "3"),), ("items",), frozenset({"sold"})),
        Words((NASTY,), ("runs",), mark="bad"),
    )
    sections = (Section("all", NASTY, NASTY, blocks),)
    return Page("Title", AS_OF, NASTY, sections, {"metrics": 7, "runs": 3, "items": 0} | changed, "warehouse")


def test_every_block_names_its_table_and_version_and_links_to_the_query() -> None:
    text = rendered(page())
    assert len(re.findall(r'class="from">.*?</p>', text, re.DOTALL)) == 5
    for name, version in (("metrics", 7), ("runs", 3), ("items", 0)):
        assert f'<a href="#source-{name}">{name} v{version}</a>' in text
        assert f'<dt id="source-{name}">' in text
        assert f"SELECT * FROM delta.`warehouse/{name}` VERSION AS OF {version}" in text


def test_a_term_explains_itself_to_pointer_keyboard_and_tap() -> None:
    gini, spread = Term("Gini", "0 is <even>"), Term("spread", "1 is right")
    blocks = (
        Table("Table", ("measure", gini), (("Gini", "0.9"), (spread, "1.1"), (spread, "1.2")), ("metrics",)),
        Bars("Bars", (Bar(gini, 0.5, "0.5"), Bar("plain", 0.5, "0.5")), ("metrics",)),
        Table("No terms", ("measure",), (("plain",),), ("metrics",)),
    )
    text = rendered(Page("Title", AS_OF, "", (Section("all", "All", "", blocks),), {"metrics": 7}, "warehouse"))
    pointed = '<abbr title="0 is &lt;even&gt;">Gini</abbr>'
    assert f'<th scope="col">{pointed}</th>' in text
    assert f'<span class="label">{pointed}</span>' in text
    assert '<td data-label="measure"><abbr title="1 is right">spread</abbr></td>' in text
    assert '<td data-label="measure">Gini</td>' in text  # a text of the store that reads like a term is none
    opened = re.findall(r"<details.*?</details>", text, re.DOTALL)
    assert [re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", part) for part in opened] == [
        [("Gini", "0 is &lt;even&gt;"), ("spread", "1 is right")],
        [("Gini", "0 is &lt;even&gt;")],
    ]
    assert all("<summary>What the words mean</summary>" in part for part in opened)


def test_texts_of_the_store_are_escaped() -> None:
    text = rendered(page())
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "Söhne 茶" in text


def test_nothing_comes_from_outside() -> None:
    text = rendered(page())
    assert not re.findall(r"(?:https?:)?//[a-z]", text)
    assert not re.findall(r"@import|url\(", text)
    assert re.findall(r'(?:src|href)="([^"#][^"]*)"', text) == ["data:,"]


def test_shares_beyond_the_bar_are_cut() -> None:
    assert re.findall(r'<svg class="fill \w+" width="([\d.]+)%"', rendered(page())) == ["100.00", "0.00"]


def test_a_table_without_a_version_is_an_error() -> None:
    whole = page()
    with pytest.raises(KeyError, match="items"):
        rendered(Page(whole.title, AS_OF, "", whole.sections, {"metrics": 7, "runs": 3}, "warehouse"))


@pytest.mark.parametrize("values", [[0.0], [5.0], [0.0, 0.0], [1e-5, 2e-5], [3.0, 1e9], [41000.0] * 28])
def test_lines_stay_within_their_drawing(values: list[float]) -> None:
    points = tuple((AS_OF + timedelta(days=n), value) for n, value in enumerate(values))
    drawing = line_plot("plot", [Line(name, points, name) for name in ("head", "tail", "cold")])
    for x, y in re.findall(r"(\d[\d.]*),(\d[\d.]*)", " ".join(re.findall(r'points="([^"]*)"', drawing))):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT
    labels = [float(y) for y in re.findall(r'class="name" x="[\d.]+" y="([\d.]+)"', drawing)]
    assert len(labels) == 3
    assert min(abs(a - b) for a in labels for b in labels if a is not b and a != b) >= 14.9
    assert all(0 < y < HEIGHT for y in labels)


def test_a_plot_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        line_plot("empty", [Line("tail", (), "tail")])
