"""A sweep in a real kernel: nothing is lost and nothing bought twice when the kernel is killed in the middle."""

from __future__ import annotations

SWEEP = """
import os, seedance_widgets as sw
base = sw.VideoRequest("a boat [sim:run=200]", model="1.0-pro", resolution="480p", duration=2)
"""


def test_a_kernel_killed_in_the_middle_of_fifty_cells(sim, start_kernel, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)
    first = start_kernel()
    first.send(
        f"{SWEEP}\n"
        "sweep = sw.Sweep(base, {'seed': range(50)}, name='fifty')\n"
        "def look(_):\n"
        "    states = [cell.state for cell in sweep]\n"
        "    if states.count('succeeded') >= 4 and 'submitting' not in states: os.kill(os.getpid(), 9)\n"
        "with sweep.listening(look):\n"
        "    sw.run(sweep.run())\n"
    )
    first.until_dead()
    before = [entry for entry in sim.requests if entry.method == "POST"]
    assert 20 <= len(before) < 50

    second = start_kernel()
    cell = second.run(
        f"{SWEEP}\n"
        "sweep = sw.Sweep.load('fifty')\n"
        "print(len(sweep), sum(cell.state == 'succeeded' for cell in sweep) >= 1)\n"
        "cells = await sweep.run()\n"
        "print(cells, {cell.video.frames for cell in cells}, len({cell.video.path for cell in cells}))\n"
    )
    assert not cell.error, cell.error
    creates = [entry for entry in sim.requests if entry.method == "POST"]
    assert cell.text == "50 True\n50 cells · 50 done {49} 50\n"
    assert sorted(entry.body["seed"] for entry in creates) == list(range(50))
    assert len({entry.body["seed"] for entry in before}) == len(before)
