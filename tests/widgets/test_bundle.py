import base64
import gzip
import json
import re

import pytest

from seedance_widgets.widgets import bundle

ASSETS = bundle.files("seedance_widgets.widgets").joinpath("assets")
MODULES = sorted(entry.name for entry in ASSETS.iterdir() if entry.name.endswith(".js"))
STYLES = sorted(entry.name for entry in ASSETS.iterdir() if entry.name.endswith(".css"))


@pytest.mark.parametrize("name", MODULES)
def test_every_import_of_a_module_is_one_that_the_loader_links(name):
    text = bundle.source(name)
    imports = re.findall(r"^\s*(?:import|export)\b[^;]*?\bfrom\s+([^;]+);", text, re.MULTILINE)
    assert all(re.fullmatch(r'"\./[\w-]+\.js"', one) for one in imports), imports
    assert "import(" not in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_comes_after_those_that_it_imports(name):
    order = bundle.modules_of(name)
    assert order[-1] == name
    for place, module in enumerate(order):
        assert set(bundle._IMPORT.findall(bundle.source(module))) <= set(order[:place])


@pytest.mark.parametrize("name", MODULES)
def test_no_module_writes_markup_or_sets_a_trait(name):
    text = bundle.source(name)
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "model.set(",
        "save_changes",
        "eval(",
    ):
        assert word not in text, word


@pytest.mark.parametrize("name", STYLES)
def test_styles_name_no_colour_but_through_the_theme(name):
    if name == "base.css":
        return
    plain = re.sub(r"/\*.*?\*/", "", bundle.source(name), flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", plain)


def test_a_circle_of_imports_is_said(monkeypatch):
    texts = {"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'}
    monkeypatch.setattr(bundle, "source", texts.__getitem__)
    with pytest.raises(ImportError, match=r"circle: a\.js > b\.js > a\.js"):
        bundle.modules_of("a.js")


@pytest.mark.parametrize("name", [*MODULES, *STYLES])
def test_leaving_out_comments_and_indentation_changes_nothing_else(name):
    text = bundle.source(name)
    # Neither may stand inside a text of several lines, and a comment of several lines is alone on them.
    assert not [line for line in text.splitlines() if line.count("`") % 2]
    left = [line.strip() for line in bundle._COMMENT.sub("", text).splitlines()]
    assert not [line for line in left if line.startswith(("*", "/*"))]


def test_a_surface_carries_its_modules_styles_and_words():
    text = bundle.module_of("player_surface.js", ("base.css", "player.css"), "zh", ("player",))
    packed = re.search(r'packed = "([^"]+)"', text)[1]
    size = int(re.search(r"size = (\d+)", text)[1])
    content = json.loads(gzip.decompress(base64.b85decode(packed)[:size]))
    assert [name for name, _ in content["modules"]] == bundle.modules_of("player_surface.js")
    assert [name.split("-")[0] for name, _ in content["css"]] == ["base.css", "player.css"]
    assert ".sw-player" in content["css"][1][1]
    assert content["strings"]["player.play"] == "播放"


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("let a = 1; // why", "let a = 1;"),
        ('const url = "https://a.example // x";', 'const url = "https://a.example // x";'),
        (
            "const pattern = `a // ${b}`; // it's kept, for it holds a quote",
            "const pattern = `a // ${b}`; // it's kept, for it holds a quote",
        ),
        ("import(url); //# sourceURL=x", "import(url); //# sourceURL=x"),
    ],
)
def test_a_remark_goes_and_what_stands_in_a_text_stays(line, bare):
    assert bundle._bare(line) == bare
