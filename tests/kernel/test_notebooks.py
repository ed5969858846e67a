"""The notebooks run from top to bottom, as they are, and show what they speak of."""

import base64
import io
import re
from itertools import product
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = sorted(Path(__file__).parents[2].joinpath("notebooks").glob("*.ipynb"))
# What notebook 03 varies, and what it exports.
SEEDS, SIZES, SEAS = ["11", "12"], ["480p", "720p"], ["a calm sea", "a stormy sea"]
FILES = ["lighthouse.png", "lighthouse.mp4", "lighthouse.html", "lighthouse.csv"]


def shown(book, words):
    """What the code cell with these words has left, of each kind all that there is: `stream`, `text/html`, ..."""
    (cell,) = (one for one in book.cells if one.cell_type == "code" and words in one.source)
    found = {"stream": "".join(one["text"] for one in cell.outputs if one["output_type"] == "stream")}
    for output in cell.outputs:
        for kind, data in output.get("data", {}).items():
            found[kind] = found.get(kind, "") + str(data)
    return found


def picture(found):
    return Image.open(io.BytesIO(base64.b64decode(found["image/png"]))).convert("RGB")


def check_the_sweep(book, folder):
    plan = shown(book, "sweep.plan()")
    assert plan["text/plain"].startswith("8 cells · 8 to send · 247,548 tokens · free (at Volcengine Ark ¥3.71)")
    assert plan["text/html"].count("<td>will be sent</td>") == 8
    assert shown(book, "await sweep.run()")["text/plain"].endswith("8 cells · 8 done")
    prompt = "The lighthouse beam sweeps over a calm sea, the camera pushes in"
    changes = {"prompt": prompt, "seed": 11}
    assert shown(book, "cell.changes")["stream"] == f"<Cell 2: seed 11 · 720p · a calm sea: succeeded> {changes}\n"

    (table,) = re.findall("<table.*</table>", shown(book, "sweep.to_pandas()")["text/html"], re.DOTALL)
    heads, *rows = (re.findall("<t[hd]>(.*?)</t[hd]>", row) for row in table.split("</tr>")[:-1])
    measured = ["first_frame_psnr", "motion", "sharpness", "brightness"]
    assert heads == ["", "seed", "resolution", "sea", "tokens", *measured]
    assert [row[:4] for row in rows] == [
        [str(number), *values] for number, values in enumerate(product(SEEDS, SIZES, SEAS))
    ]
    assert {row[2]: row[4] for row in rows} == {"480p": "19845", "720p": "42042"}
    for row in rows:
        psnr, motion, sharpness, brightness = map(float, row[5:])
        assert psnr > 30, row  # dB: the video begins with the picture that was given
        assert 0 < min(motion, sharpness, brightness) <= max(motion, sharpness, brightness) < 1, row

    # Two plots side by side: in each there are points or bars, which alone have colours.
    plots = picture(shown(book, "plt.show()"))
    for half in (0, plots.width // 2):
        colours = plots.crop((half, 0, half + plots.width // 2, plots.height)).getcolors(plots.width * plots.height)
        vivid = {colour for number, colour in colours if number > 50 and max(colour) - min(colour) > 60}
        assert vivid, f"no plot at {half}"

    exported = shown(book, "sweep.export(")
    for name, line in zip(FILES, exported["stream"].splitlines(), strict=True):
        assert line == f"{name} {(folder / name).stat().st_size:,} bytes"
    sheet = picture(exported)
    assert sheet.width > 6 * 160  # two columns of three moments
    assert len(sheet.getcolors(sheet.width * sheet.height)) > 1000
    assert shown(book, "dear.starred")["text/plain"].endswith("1 cell · 1 done\n<Cell 1: a stormy sea: succeeded>")
    assert "Comparison(720p · seed 11 · " in shown(book, "sw.compare(")["text/plain"]


CHECKS = {"03-sweep": check_the_sweep}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_and_holds_no_outputs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("SEEDANCE_PROVIDER", "simulator")
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert not any(cell.get("outputs") for cell in book.cells)
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = [output for cell in book.cells for output in cell.get("outputs", ())]
    assert not [one for one in printed if one["output_type"] == "error"]
    assert any("<video" in one.get("data", {}).get("text/html", "") for one in printed)
    if check := CHECKS.get(path.stem):
        check(book, tmp_path)
