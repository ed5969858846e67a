import re

import pytest

from seedance_widgets.widgets import bundle
from seedance_widgets.widgets.strings import table, text

ROWS = [(f"{section}.{name}", pair) for section, rows in table().items() for name, pair in rows.items()]
HOLDS = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize(("key", "pair"), ROWS, ids=[key for key, _ in ROWS])
def test_every_string_is_there_in_both_languages_with_the_same_blanks(key, pair):
    assert len(pair) == 2
    assert all(words.strip() for words in pair)
    assert set(HOLDS.findall(pair[0])) == set(HOLDS.findall(pair[1]))


def test_every_string_that_a_module_asks_for_is_there():
    asked = set()
    for entry in bundle.files("seedance_widgets.widgets").joinpath("assets").iterdir():
        if entry.name.endswith(".js"):
            asked |= set(re.findall(r"""\bt\(\s*["']([a-z_]+\.[\w]+)["']""", entry.read_text("utf-8")))
    assert asked
    assert asked <= {key for key, _ in ROWS}


def test_text_fills_in_what_it_is_given():
    assert text("zh", "studio.free", label="Simulator") == "Simulator · 免费"
