"""A sweep in a real kernel: nothing is lost and nothing bought twice when the kernel is killed in the middle."""

from __future__ import annotations

import contextlib
import threading

from seedance_widgets.jobs import list_jobs
from tests.sweep.sweeps import creates

SWEEP = """
import os, seedance_widgets as sw
base = sw.VideoRequest("a boat [sim:run=200]", model="1.0-pro", resolution="480p", duration=2)
"""
# As the disk has it, which hears of an answer a moment later than the cells do.
ON_THEIR_WAY = "sweep.ledger.call(sweep.ledger.rows, \"SELECT id FROM jobs WHERE state = 'submitting'\")"


def test_a_kernel_killed_in_the_middle_of_fifty_cells(sim, start_kernel, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)
    first = start_kernel()
    first.send(
        f"{SWEEP}\n"
        "sweep = sw.Sweep(base, {'seed': range(50)}, name='fifty', concurrency=12)\n"
        "def look(_):\n"
        "    states = [cell.state for cell in sweep]\n"
        f"    if states.count('succeeded') >= 4 and not {ON_THEIR_WAY}: os.kill(os.getpid(), 9)\n"
        "with sweep.listening(look):\n"
        "    sw.run(sweep.run())\n"
    )
    first.until_dead()
    before = creates(sim)
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
    assert cell.text == "50 True\n50 cells · 50 done {49} 50\n"
    assert sorted(entry.body["seed"] for entry in creates(sim)) == list(range(50))
    assert len({entry.body["seed"] for entry in before}) == len(before)


@contextlib.contextmanager
def held(sim, count):
    """The simulator stands still with the task of its `count`-th create call made and the answer not yet sent.

    Yields what is set when that has come; after the block it goes on.
    """
    log, come, go_on = sim._log, threading.Event(), threading.Event()
    usual = log.add

    def add(entry):  # on the simulator's loop, before the client can see the answer
        usual(entry)
        if entry.method == "POST" and len(creates(sim)) == count:
            come.set()
            go_on.wait()

    log.add = add
    try:
        yield come
    finally:
        go_on.set()
        log.add = usual


def submitting():
    """The seeds of the jobs whose create call is on its way, as the disk has it."""
    return sorted(job.request.seed for job in list_jobs() if job.status == "submitting")


def test_a_kernel_killed_while_create_calls_are_on_their_way(sim, start_kernel, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)
    first = start_kernel()
    with held(sim, 3) as come:
        first.send(f"{SWEEP.replace('200', '20')}\nawait sw.Sweep(base, {{'seed': range(8)}}, name='eight').run()")
        assert come.wait(60)
        first.until(lambda: len(submitting()) == 6)
        unsure = submitting()
        first.manager.shutdown_kernel(now=True)
    made = {entry.body["seed"] for entry in creates(sim)[:3]}  # of the third one, the kernel never heard
    assert len(made - set(unsure)) == 2

    second = start_kernel()
    cell = second.run(
        "import seedance_widgets as sw\n"
        "sweep = sw.Sweep.load('eight')\n"
        "cells = await sweep.run()\n"
        "await sweep.retry()\n"
        "lost = [cell.values['seed'] for cell in cells if cell.state == 'unknown']\n"
        "print(lost, sorted(sweep.plan().counts.items()))\n"
        "lost = sweep[lost[0]]\n"
        "print(type(lost.error).__name__, lost.error, lost.remark)\n"
    )
    assert not cell.error, cell.error
    told, why = cell.text.splitlines()
    assert told == f"{unsure} [('done', 2), ('lost', 6)]"
    assert why.startswith("UnknownSubmit the program ended while the create call was on its way: a task may exist and")
    assert why.endswith(f"if it is not there, sweep.retry({unsure[0]}, looked=True) sends it again.")
    # The unsure ones were sent by the first kernel, or by nobody.
    seeds = [entry.body["seed"] for entry in creates(sim)]
    assert len(seeds) == len(set(seeds))
    assert made <= set(seeds)


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
    assert len(creates(sim)) == 2


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
