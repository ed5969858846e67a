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
        "sweep = sw.Sweep(base, {'seed': range(50)}, name='fifty', concurrency=12)\n"
        "def look(_):\n"
        "    states = [cell.state for cell in sweep]\n"
        "    if states.count('succeeded') >= 4 and 'submitting' not in states: os.kill(os.getpid(), 9)\n"
        "with sweep.listening(look):\n"
        "    sw.run(sweep.run())\n"
    )
    first.until_dead()
    before = [entry for entry in sim.requests if entry.method == "POST"]
    assert 12 <= len(before) < 50

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


def test_a_cell_that_awaits_a_sweep_shows_its_grid_once_and_keeps_the_contact_sheet(sim, kernel, monkeypatch):
    kernel.run(f"import os; os.environ['SEEDANCE_SIMULATOR'] = {sim.ark_base_url!r}")
    cell = kernel.run(f"{SWEEP}\nsweep = sw.Sweep(base, {{'seed': range(2)}})\nawait sweep.run()")
    assert not cell.error, cell.error
    views = [shown for shown in cell.displays.values() if "application/vnd.jupyter.widget-view+json" in shown]
    assert len(views) == 1
    assert cell.results[-1]["text/plain"].splitlines()[0] == "2 cells · 2 done"
    kernel.until(lambda: any("data:image/jpeg;base64," in shown["text/html"] for shown in cell.updates))
    again = kernel.run("sweep")
    assert [shown for shown in again.displays.values() if "application/vnd.jupyter.widget-view+json" in shown]
    assert not again.results


def test_the_stop_button_ends_the_awaiting_and_not_the_sweep(sim, kernel):
    kernel.run(f"import os; os.environ['SEEDANCE_SIMULATOR'] = {sim.ark_base_url!r}")
    kernel.run(f"{SWEEP}\nsweep = sw.Sweep(base, {{'seed': range(2)}})\n")
    message = kernel.send("going = sweep.run()\nprint('waiting')\nawait going")
    kernel.until(lambda: "waiting" in kernel.cells[message].text)
    kernel.manager.interrupt_kernel()
    assert (
        "the waiting was stopped; the sweep goes on: the same `await sweep.run(...)`" in kernel.wait(message, 10).error
    )
    assert kernel.run("print(repr(await sweep.run()))").text == "2 cells · 2 done\n"
    assert len([entry for entry in sim.requests if entry.method == "POST"]) == 2


def test_export_and_measure_in_a_cell_leave_the_jobs_going(sim, kernel, tmp_path):
    kernel.run(f"import os; os.environ['SEEDANCE_SIMULATOR'] = {sim.ark_base_url!r}")
    cell = kernel.run(
        f"{SWEEP}\nsweep = sw.Sweep(base, {{'seed': range(2)}})\nawait sweep.run()\n"
        "job = sw.submit(base.replace(prompt='a cat [sim:run=100]'))\n"
        "sweep.measure()\nprint(sweep.export('grid.mp4').name, sweep[0].row()['motion'] > 0)\n"
        "job.result().frames"
    )
    assert not cell.error, cell.error
    assert cell.text == "grid.mp4 True\n"
    assert cell.results[-1]["text/plain"] == "49"
