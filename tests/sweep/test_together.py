"""One sweep in several hands: objects, threads, kernels."""

from __future__ import annotations

import asyncio
import threading

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.sweep import memory
from seedance_widgets.sweep.memory import Place
from tests.conftest import draw
from tests.sweep.sweeps import BASE, awaited, creates, sweep_of, until

OTHER_KERNEL = """
    import seedance_widgets as sw
    base = sw.VideoRequest("a {mood} boat [sim:run=60]", model="1.0-pro", resolution="480p", duration=2, seed=5)
    sweep = sw.Sweep(base, {"seed": range(8)}, name="boats", concurrency=2)
    before = [cell.state for cell in sweep]
    plan = sweep.plan()
    cells = RUN
    had = plan.counts.get("has", 0) + plan.counts.get("done", 0)  # how quick the other kernel is does not matter
    why = {line.why for line in plan.lines if line.why}
    print(before.count("waiting"), had, plan.counts.get("send", 0), why, cells)
"""


async def test_a_second_run_beside_the_first_sends_nothing_twice(sim):
    sweep = sweep_of(sim)
    await asyncio.gather(awaited(sweep.run()), awaited(sweep.run()))
    assert len(creates(sim)) == 3


async def test_a_broken_listener_stops_nothing_and_is_reported(sim):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))

    def broken(_):
        raise ZeroDivisionError

    sweep = sweep_of(sim)
    with sweep.listening(broken):
        await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded"] * 3
    assert {type(what["exception"]) for what in told} == {ZeroDivisionError}
    asyncio.get_running_loop().set_exception_handler(None)


async def test_two_objects_of_one_sweep_are_one(sim):
    def boats():
        return sweep_of(
            sim, {"seed": range(6)}, BASE.replace(prompt="a boat [sim:run=60]"), name="boats", concurrency=1
        )

    one = boats()
    running = one.run()
    await until(one, lambda: one[0].state == "running")
    seen = []
    other = boats()
    with other.listening(seen.append):
        assert [cell.state for cell in other] == ["running"] + ["waiting"] * 5
        again = other.run()
        await until(other, lambda: other[1].state == "running")
        other.pause()
        assert one.paused
        other.resume()
        other.mark(3, star=True)
        assert [cell.index for cell in one.starred] == [3]
        await other.cancel([4, 5])
        assert await running
        assert await again
    assert seen
    assert [cell.state for cell in one] == [cell.state for cell in other] == ["succeeded"] * 4 + ["planned"] * 2
    assert [entry.body["seed"] for entry in creates(sim)] == [0, 1, 2, 3]


async def test_an_object_that_turns_out_to_be_a_known_sweep_joins_it(sim):
    one, other = (sweep_of(sim, {"seed": range(4)}, name="boats", concurrency=1) for _ in range(2))
    seen = []
    with other.listening(seen.append):
        await asyncio.gather(awaited(one.run()), awaited(other.run()))
    assert seen
    assert [cell.job.id for cell in one] == [cell.job.id for cell in other]
    assert len(creates(sim)) == 4


async def test_two_kernels_at_one_sweep_send_each_cell_once(sim, in_script):
    sweep = sweep_of(
        sim, {"seed": range(8)}, BASE.replace(prompt="a {mood} boat [sim:run=60]"), name="boats", concurrency=2
    )
    running = sweep.run()
    await until(sweep, lambda: sweep[0].state == "running")
    sweep.pause()
    env = {"SEEDANCE_SIMULATOR": sim.ark_base_url}
    other = await asyncio.to_thread(in_script, OTHER_KERNEL.replace("RUN", "None"), **env)
    assert other.stdout == "6 8 0 {'another notebook makes it'} None\n", other
    await sweep.cancel([6, 7])  # whoever gives a cell back lets the other one have it
    other = asyncio.create_task(asyncio.to_thread(in_script, OTHER_KERNEL.replace("RUN", "sw.run(sweep.run())"), **env))
    async with asyncio.timeout(60):
        while {entry.body["seed"] for entry in creates(sim)} != {0, 1, 6, 7}:
            await asyncio.sleep(0.02)
    assert not other.done()  # it waits for ours
    sweep.resume()
    await running
    assert (await other).stdout == "4 6 2 {'another notebook makes it'} 8 cells · 8 done\n", other
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded"] * 8
    assert sorted(entry.body["seed"] for entry in creates(sim)) == list(range(8))


async def test_a_cell_that_another_kernel_has_taken_since_is_not_taken_again(sim):
    sweep = sweep_of(sim, name="boats")
    await asyncio.to_thread(sweep.save)
    ledger = sweep.ledger
    ours, theirs = (Place("final", 1, job, kept=False) for job in ("aaaa", "bbbb"))
    assert await ledger.on_thread(memory.assign, ledger, "boats", [theirs], [""]) == [True]
    assert await ledger.on_thread(memory.assign, ledger, "boats", [ours], [""]) == [False]
    assert [place.job for place in await ledger.on_thread(memory.places_of, ledger, "boats")] == ["bbbb"]
    assert await ledger.on_thread(memory.assign, ledger, "boats", [ours], ["bbbb"]) == [True]
    await ledger.on_thread(memory.release, ledger, "boats", [("aaaa", "bbbb", False)])
    assert [place.job for place in await ledger.on_thread(memory.places_of, ledger, "boats")] == ["bbbb"]
    await ledger.on_thread(memory.release, ledger, "boats", [("bbbb", "", False)])
    assert await ledger.on_thread(memory.places_of, ledger, "boats") == []


async def test_two_kernels_that_start_at_once_send_each_cell_once(sim, in_script):
    script = OTHER_KERNEL.replace("RUN", "sw.run(sweep.run())")
    started = [asyncio.to_thread(in_script, script, SEEDANCE_SIMULATOR=sim.ark_base_url) for _ in range(3)]
    done = await asyncio.gather(*started)
    assert [one.stdout.strip().endswith("8 cells · 8 done") for one in done] == [True] * 3, done
    assert sorted(entry.body["seed"] for entry in creates(sim)) == list(range(8))


async def test_two_runs_at_once_keep_one_cap(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": range(10)}, provider=provider, concurrency=1)
    price = sweep.plan([0]).price
    first = sweep.run(range(5), max_cost=price * 6)
    await until(sweep, lambda: len(sweep.book.waiting) >= 4)
    with pytest.raises(SweepError, match="spent go over max_cost"):
        await sweep.run(range(5, 10), max_cost=price * 6)
    await first
    assert len(creates(sim)) == 5


async def test_concurrency_holds_for_all_runs_together(sim):
    sweep = sweep_of(sim, {"seed": range(4)}, BASE.replace(prompt="a boat [sim:run=40]"), concurrency=1)
    most = 0

    def look(_):
        nonlocal most
        most = max(most, sum(cell.state in {"pending", "submitting", "queued", "running"} for cell in sweep))

    with sweep.listening(look):
        await asyncio.gather(awaited(sweep.run([0, 1])), awaited(sweep.run([2, 3])))
    assert most == 1
    assert len(creates(sim)) == 4


async def test_the_book_is_read_by_threads_while_the_loop_writes(sim):
    from seedance_widgets.sweep.book import Book

    job = sw.submit(BASE, sim.provider())
    await job
    book, on, started = Book(), True, threading.Event()

    class Slot:
        def __init__(self, key):
            self.key = key

        def key_at(self, _):
            return self.key

    def read():
        while on:
            started.set()
            _ = book.jobs, book.spent, book.to_come

    reading = [asyncio.create_task(asyncio.to_thread(read)) for _ in range(2)]
    while not started.is_set():
        await asyncio.sleep(0)
    for number in range(60_000):
        book.set_job(Slot(number), "final", job)
        book.expect(("final", str(number)), 0.1)
        book.settle(("final", str(number - 50)))
    on = False
    await asyncio.gather(*reading)


def test_threads_that_begin_at_once_have_one_runner(sim, in_script):
    script = """
        import threading, seedance_widgets as sw
        sweep = sw.Sweep(sw.VideoRequest("a boat", model="1.0-pro"), {"seed": range(4)})
        barrier, runners = threading.Barrier(8), set()
        def work():
            barrier.wait()
            runners.add(sweep.runner)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for one in threads: one.start()
        for one in threads: one.join()
        print(len(runners))
    """
    done = in_script(script, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.stdout == "1\n", done


def test_threads_that_begin_at_once_send_each_cell_once(sim, in_script, tmp_path):
    for seed in range(4):
        draw(640, 400, seed=seed).save(tmp_path / f"{seed}.png")
    script = f"""
        import pathlib, threading, seedance_widgets as sw
        base = sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2)
        sweep = sw.Sweep(base, {{"first_frame_url": sorted(pathlib.Path({str(tmp_path)!r}).glob("*.png"))}})
        barrier, ended = threading.Barrier(4), []
        def work():
            barrier.wait()
            ended.append(str(sw.run(sweep.run(), timeout=60)))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for one in threads: one.start()
        for one in threads: one.join()
        print(set(ended), len(ended))
    """
    done = in_script(script, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.stdout == "{'4 cells · 4 done'} 4\n", done
    assert len(creates(sim)) == 4


async def test_a_cell_that_was_looked_at_while_it_was_assigned_can_be_sent_later(sim):
    sweep = sweep_of(sim, name="boats")
    await asyncio.to_thread(sweep.save)
    ledger, place = sweep.ledger, Place("final", 1, "aaaa", kept=False)
    await ledger.on_thread(memory.assign, ledger, "boats", [place], [""])
    sweep.plan()  # as another thread does in that moment
    await ledger.on_thread(memory.release, ledger, "boats", [("aaaa", "", False)])
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded"] * 3


async def test_a_sweep_goes_on_in_another_loop_than_the_one_that_was_closed(sim):
    sweep = sweep_of(sim, {"seed": range(4)}, BASE.replace(prompt="a boat [sim:run=60]"), concurrency=1)

    async def begin():
        sweep.run()
        await until(sweep, lambda: sweep[0].state == "running")

    def in_a_loop_of_its_own():
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(begin())
        finally:
            loop.close()

    await asyncio.to_thread(in_a_loop_of_its_own)
    await asyncio.wait_for(awaited(sweep.run()), 60)
    assert [cell.state for cell in sweep] == ["succeeded"] * 4
    assert len(creates(sim)) == 4


async def test_a_preview_that_another_cell_was_sent_for_meanwhile_is_that_cells_too(sim):
    base = BASE.replace(prompt="a boat [sim:run=60]", seed=-1)
    axes = {"duration": [2, 3], "resolution": ["480p", "720p"]}
    sweep = sweep_of(sim, axes, base, name="boats", concurrency=1)
    small, large = (sweep[{"duration": 3, "resolution": size}] for size in axes["resolution"])
    runs = [sweep.run({"duration": 2, "resolution": "480p"})]
    await until(sweep, lambda: sweep.jobs)
    runs.append(sweep.run(large, preview=True))
    await until(sweep, lambda: sweep.book.waiting)
    runs.append(sweep.run(small))
    await asyncio.gather(*map(awaited, runs))
    assert small.job.id == large.preview.id
    assert len(creates(sim)) == 2


async def test_what_another_kernel_has_found_to_be_one_video_is_read(sim, in_script):
    sweep = sweep_of(sim, {"resolution": ["480p", "720p"]}, name="boats")
    await sweep.run([0])
    script = 'import seedance_widgets as sw; sw.run(sw.Sweep.load("boats").run(preview=True))'
    done = await asyncio.to_thread(in_script, script, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.returncode == 0, done
    assert sweep.plan(preview=True).counts == {"done": 2}
    assert sweep[1].preview.id == sweep[0].job.id


async def test_a_provider_stands_while_a_run_decides(sim):
    sweep = sweep_of(sim)
    running = sweep.run()
    with pytest.raises(SweepError, match="cells wait to be sent to"):
        sweep.provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep.pause()
    with pytest.raises(SweepError, match="is paused"):  # the first one has not decided yet
        sweep.run(preview=True)
    sweep.resume()
    await running
    sweep.provider = sw.providers.Ark("key", base_url=sim.ark_base_url)


async def test_what_waits_goes_into_the_ledger_of_its_sweep(sim, home, monkeypatch):
    sweep = sweep_of(sim, {"seed": range(3)}, BASE.replace(prompt="a boat [sim:run=60]"), concurrency=1)
    running = sweep.run()
    await until(sweep, lambda: sweep[0].state == "running")
    monkeypatch.setenv("SEEDANCE_HOME", f"{home}-2")
    await running
    monkeypatch.setenv("SEEDANCE_HOME", str(home))
    assert len(sw.jobs()) == len(creates(sim)) == 3
