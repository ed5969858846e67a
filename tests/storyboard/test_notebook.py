"""The notebook about storyboards may be run again, in its kernel and in the next one: it makes nothing twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.storyboard.boards import creates

PATH = Path(__file__).parents[2] / "notebooks" / "04-storyboard.ipynb"


async def test_the_notebook_run_again_sends_nothing(sim, tmp_path, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)
    once = [cell.source for cell in nbformat.read(PATH, as_version=4).cells if cell.cell_type == "code"]

    def run(codes):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
        place = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(book, timeout=120, kernel_name="python3", resources=place).execute()
        outputs = [one for cell in book.cells for one in cell.get("outputs", ())]
        return "".join(one["text"] for one in outputs if one["output_type"] == "stream").splitlines()

    first = await asyncio.to_thread(run, once)
    assert len(creates(sim)) == 5
    assert first[0] == "3 shots · 3 to make · free"
    twice = await asyncio.to_thread(run, [*once, *once])  # the first time after a restart, the second one in its kernel
    assert len(creates(sim)) == 5
    assert len(twice) == 2 * len(first)
    for printed in (twice[: len(first)], twice[len(first) :]):
        assert printed[0] == "3 shots · 0 to make · free"
        assert [line.count("succeeded") for line in printed[-3:-1]] == [4, 4]  # before the second run, and after it
        assert printed[-1] == first[-1]
