from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import pytest

from seedance_widgets.catalog import catalogue, model
from seedance_widgets.catalog.tables import ModelTable, models


class Outline(HTMLParser):
    """The table as a screen reader goes through it."""

    def __init__(self, html):
        super().__init__()
        self.open, self.heads, self.rows, self.caption, self.scopes = [], [], [], "", []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr" and "tbody" in self.open:
            self.rows.append([])
        if tag == "th":
            self.scopes.append(dict(attrs)["scope"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "caption" in self.open:
            self.caption += data
        elif "thead" in self.open:
            self.heads.append(data)
        elif self.rows and self.open[-1] in {"td", "th"}:
            self.rows[-1].append(data)


def test_the_table_holds_every_model_in_order():
    table = models()
    assert isinstance(table, ModelTable)
    assert list(table) == list(catalogue().models.values())
    assert len(table) == 9
    assert table[0] is model("1.0-pro")


def test_in_a_terminal_it_is_aligned_and_fits_120_columns():
    lines = repr(models()).splitlines()
    assert max(map(len, lines)) <= 120
    starts = [lines[0].index(head) for head in ("makes", "resolution", "seconds", "sound", "status")]
    for line in lines[:10]:
        assert all(line[start - 1] == " " and line[start] != " " for start in starts)
    assert lines[1].split()[0] == "1.0-pro"
    assert "0.26" in lines[1]


def test_retirement_is_visible():
    by_name = {line.split()[0]: line for line in repr(models()).splitlines()[1:10]}
    assert by_name["1.5-pro"].endswith("off at BytePlus")
    assert by_name["1.0-pro"].endswith("available")
    assert "off at BytePlus" in models()._repr_html_()
    assert "at BytePlus ModelArk on 2026-11-11; use 2.0-mini" in str(model("1.5-pro"))


def test_in_a_notebook_it_is_a_table_that_a_screen_reader_can_read():
    outline = Outline(models()._repr_html_())
    assert outline.caption.startswith("Seedance models as of 2026-11-22")
    assert outline.heads[0] == "model"
    assert [row[0] for row in outline.rows] == list(catalogue().models)
    assert all(len(row) == len(outline.heads) for row in outline.rows)
    assert outline.scopes == ["col"] * 9 + ["row"] * 9


@pytest.mark.parametrize("name", list(catalogue().models))
def test_one_model_tells_all_in_a_terminal_and_in_a_notebook(name):
    text = str(model(name))
    outline = Outline(model(name)._repr_html_())
    assert max(map(len, text.splitlines())) <= 120
    for fact in (*model(name).ids.values(), model(name).title, model(name).purpose):
        assert fact in text
    assert text.split() == " ".join([outline.caption, *(" ".join(row) for row in outline.rows)]).split()
    assert set(outline.scopes) == {"row"}


def test_ipython_shows_a_model_in_full_by_itself_and_in_a_line_within_a_list():
    from IPython.core.formatters import DisplayFormatter

    shown, _ = DisplayFormatter().format(model("2.5"))
    assert shown["text/plain"] == str(model("2.5"))
    assert shown["text/html"] == model("2.5")._repr_html_()
    assert "\n" not in repr(model("2.5"))
    assert repr(model("2.5")).startswith("<Model 2.5: Seedance 2.5, the newest")


def test_colours_follow_the_theme():
    html = models()._repr_html_()
    assert "var(--jp-ui-font-color1,currentColor)" in html
    assert "prefers-color-scheme:dark" in html


def test_text_is_escaped():
    odd = dataclasses.replace(model("2.0"), name="<script>", title="a<b", purpose='"&', source="<i>")
    html = ModelTable([odd])._repr_html_() + odd._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a&lt;b" in html
    assert "<i>" not in html


class Cells(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.styles = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in {"td", "th", "caption", "table"}:
            self.styles.append((tag, dict(attrs).get("style", "")))


@pytest.mark.parametrize("shown", [models(), model("2.5"), model("1.5-pro")], ids=["all", "2.5", "1.5-pro"])
def test_cells_stand_left_whatever_the_pages_own_rules_for_tables_are(shown):
    styles = Cells(shown._repr_html_()).styles
    assert {tag for tag, _ in styles} == {"td", "th", "caption", "table"} or shown is not models()
    assert all("text-align:left" in style for tag, style in styles if tag != "table")
    assert all("white-space:" in style for tag, style in styles if tag in {"td", "th"})
    assert ("margin:0" in styles[0][1], styles[0][0]) == (True, "table")


def test_short_cells_stay_on_one_line_and_long_ones_break():
    html = model("2.5")._repr_html_()
    name = html[html.rindex("<th", 0, html.index("camera_fixed")) : html.index("camera_fixed")]
    sizes = html[html.rindex("<td", 0, html.index("2206x946")) : html.index("2206x946")]
    assert "white-space:nowrap" in name
    assert "white-space:normal" in sizes


def test_it_says_where_the_codes_of_its_sources_are_explained():
    assert "sources, see models.toml" in str(model("2.0"))
    assert "sources, see models.toml" in model("2.0")._repr_html_()
