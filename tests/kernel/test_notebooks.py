"""The notebooks run from top to bottom, as they are."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted(Path(__file__).parents[2].joinpath("notebooks").glob("*.ipynb"))


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
