"""One request with a fixed seed is one video: whoever asked for it, in whatever sweep, process or year."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import textwrap
from collections import Counter

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.jobs import MadeBefore
from tests.sweep.sweeps import BASE, as_after_a_restart, awaited, creates, sweep_of, until

UNNAMED = """
    import os, seedance_widgets as sw
    base = sw.VideoRequest("a boat [sim:run=60]", model="1.0-pro", resolution="480p", duration=2)
    sweep = sw.Sweep(base, {"seed": range(8)}, concurrency=4)
"""
RUN = """
    cells = sw.run(sweep.run())
    print(cells, len({cell.video.path for cell in cells}), sweep.book.taken)
"""
KILL = """
    def look(_):
        if sum(cell.state == "running" for cell in sweep) == 4: os.kill(os.getpid(), 9)
    with sweep.listening(look):
        sw.run(sweep.run())
"""


async def test_sweeps_of_other_names_in_several_kernels_at_once_buy_each_video_once(sim, in_script):
    started = [asyncio.to_thread(in_script, UNNAMED + RUN, SEEDANCE_SIMULATOR=sim.ark_base_url) for _ in range(4)]
    done = await asyncio.gather(*started)
    assert [one.stderr for one in done] == [""] * 4
    assert {one.stdout.rpartition(" ")[0] for one in done} == {"8 cells · 8 done 8"}
    assert sum(int(one.stdout.split()[-1]) for one in done) == 8  # what each has bought
    assert sorted(entry.body["seed"] for entry in creates(sim)) == list(range(8))


def test_an_unnamed_sweep_that_is_made_again_after_a_kill_takes_up_what_was_sent(sim, in_script):
    assert in_script(UNNAMED + KILL, SEEDANCE_SIMULATOR=sim.ark_base_url).returncode == -9
    assert len(creates(sim)) == 4
    done = in_script(UNNAMED + RUN, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.stdout == "8 cells · 8 done 8 4\n", done
    assert sorted(entry.body["seed"] for entry in creates(sim)) == list(range(8))


async def test_what_may_have_been_made_for_another_sweep_is_sent_only_by_who_has_looked(sim):
    axes = {"mood": ["calm", "wild [sim:drop]"]}
    one, other = sweep_of(sim, axes), sweep_of(sim, axes, name="boats")
    await one.run()
    assert one[1].state == "unknown"
    plan = other.plan()
    assert [line.fate for line in plan.lines] == ["kept", "lost"]
    assert f"job {one[1].job.id} has an equal request, and may have been made" in plan.lines[1].why
    await other.run()
    assert [cell.state for cell in other] == ["succeeded", "unknown"]
    assert len(creates(sim)) == 2
    with pytest.raises(SweepError, match=r"retry\(1, looked=True\) sends it again"):
        await other.retry(1)
    await other.run()
    assert len(creates(sim)) == 2
    del other
    await as_after_a_restart()
    other = sw.Sweep.load("boats", provider=sim.provider())
    assert [cell.state for cell in other] == ["succeeded", "unknown"]
    await other.retry(1, looked=True)
    assert other[1].state == "succeeded"
    assert len(creates(sim)) == 3
    third = sweep_of(sim, axes)  # now there is a video that is known
    assert third.plan().counts == {"kept": 2}


async def test_what_two_have_looked_for_is_bought_once(sim):
    axes = {"mood": ["calm [sim:drop]", "wild [sim:drop]"]}
    one, other = sweep_of(sim, axes), sweep_of(sim, axes)
    await one.run()
    await other.run()
    paused = one.retry([0, 1], looked=True)
    one.pause()
    await until(one, lambda: one.held)
    one.resume()
    await asyncio.gather(awaited(paused), awaited(other.retry([0, 1], looked=True)))
    assert [cell.state for sweep in (one, other) for cell in sweep] == ["succeeded"] * 4
    assert len(creates(sim)) == 4


async def test_a_damaged_row_of_the_ledger_may_have_been_made_too(sim, home):
    one, other = sweep_of(sim), sweep_of(sim, name="boats")
    await one.run()
    with sqlite3.connect(home / "ledger.sqlite3") as db:
        db.execute("UPDATE jobs SET request = 'not JSON', state = 'gone' WHERE id = ?", [one[1].job.id])
    await other.run()
    assert [cell.state for cell in other] == ["succeeded", "unknown", "succeeded"]
    assert repr(other[1].job)
    del other
    await as_after_a_restart()
    other = sw.Sweep.load("boats", provider=sim.provider())
    assert [cell.state for cell in other] == ["succeeded", "unknown", "succeeded"]
    await other.run()
    assert len(creates(sim)) == 3
    await other.retry(1, looked=True)
    assert other[1].state == "succeeded"
    assert len(creates(sim)) == 4


async def test_what_has_failed_since_somebody_looked_is_known_to_have_failed(sim):
    sweep = sweep_of(sim, {"mood": ["wild [sim:drop] [sim:fail]"]})
    await sweep.run()
    assert sweep[0].state == "unknown"
    await sweep.retry(0, looked=True)
    assert sweep[0].state == "failed"
    await sweep.retry()
    assert sweep[0].state == "failed"
    assert len(creates(sim)) == 3


async def test_a_task_that_its_provider_does_not_know_is_sent_again_by_who_has_looked(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"mood": ["calm", "wild [sim:gone]"]}, provider=provider, max_cost=10)
    await sweep.run()
    assert sweep[1].state == "unknown"
    assert sweep[1].job.task_id
    spent = sweep.spent
    await sweep.retry(1, looked=True)
    assert len(creates(sim)) == 3
    assert sweep.book.taken == 3
    assert sweep.spent == pytest.approx(spent * 1.5)


async def test_a_retry_that_was_not_sent_leaves_a_video_of_another_sweep_as_it_was(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    one, two = (sw.Sweep(BASE, {"seed": [1]}, provider=provider, name=name, max_cost=9) for name in ("one", "two"))
    await one.run()
    await two.run()
    two[0].video.path.unlink()
    running = two.retry()
    two.pause()
    await until(two, lambda sweep=two: sweep.held)
    await two.cancel()
    await running
    del two, running
    await as_after_a_restart()
    loaded = sw.Sweep.load("two", provider=provider)
    assert (loaded.spent, loaded.book.taken) == (0, 0)


async def test_a_paused_job_of_another_sweep_takes_no_place(sim):
    one = sweep_of(sim, {"seed": range(4)}, BASE.replace(prompt="a boat [sim:429=20]"))
    first = one.run()
    await until(one, lambda: len(creates(sim)) > 0)
    one.pause()
    other = sweep_of(sim, {"seed": [3, 10]}, BASE.replace(prompt="a boat [sim:429=20]"), concurrency=1)
    second = other.run()
    await until(other, lambda: other[1].state == "succeeded")
    assert other[0].state == "pending"
    one.resume()
    await first
    await second
    assert other[0].job.id == one[3].job.id


async def test_whoever_sends_first_makes_the_others_needless(sim):
    sweep = sweep_of(sim, {"seed": range(3)}, BASE.replace(prompt="a boat [sim:run=60]"), concurrency=1)
    running = sweep.run()
    sweep.pause()
    await until(sweep, lambda: len(sweep.book.waiting) == 3)
    job = sw.submit(sweep[1].request, sweep.provider, once=True)
    await until_written(job)
    sweep.resume()
    await running
    assert sweep[1].job.id == job.id
    assert [cell.state for cell in sweep] == ["succeeded"] * 3
    assert len(creates(sim)) == 3
    late = sw.submit(sweep[1].request, sweep.provider, once=True)
    with pytest.raises(MadeBefore) as told:
        await late
    assert told.value.record.id == job.id
    assert late.id not in [one.id for one in sw.jobs()]
    assert len(creates(sim)) == 3


async def until_written(job):
    written = asyncio.Event()
    with job.listening(lambda _: written.set() if job.status != "pending" else None):
        await asyncio.wait_for(written.wait(), 30)


async def test_who_waits_for_a_cell_waits_for_the_job_that_takes_its_place(sim):
    base = BASE.replace(prompt="a boat [sim:run=60]")
    one, other = sweep_of(sim, {"seed": range(6)}, base), sweep_of(sim, {"seed": range(6)}, base)
    runs = [sweep.run() for sweep in (one, other, one, other)]
    await asyncio.gather(*map(awaited, runs))
    assert Counter(cell.state for sweep in (one, other) for cell in sweep) == {"succeeded": 12}
    assert one.book.taken + other.book.taken == len(creates(sim)) == 6


async def test_a_video_whose_file_is_gone_serves_nobody(sim):
    one, other = sweep_of(sim), sweep_of(sim)
    await one.run()
    one[1].video.path.unlink()
    assert other.plan().counts == {"kept": 2, "send": 1}
    await other.run()
    assert len(creates(sim)) == 4


async def test_what_failed_or_was_cancelled_serves_nobody(sim):
    axes = {"mood": ["[sim:fail]", "[sim:queue=6000]"]}
    one, other = sweep_of(sim, axes), sweep_of(sim, axes)
    running = one.run()
    await until(one, lambda: one[1].state == "queued")
    await one.cancel(1)
    await running
    assert [cell.state for cell in one] == ["failed", "cancelled"]
    assert other.plan().counts == {"send": 2}


async def busy_kernel(sim):
    """A process whose sweep runs the seeds 0 to 3, until the simulator's clock is moved."""
    script = textwrap.dedent(UNNAMED + "\n    sw.run(sweep.run())\n").replace("[sim:run=60]", "[sim:run=20000]")
    env = {**os.environ, "SEEDANCE_SIMULATOR": sim.ark_base_url}
    kernel = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=env)
    async with asyncio.timeout(60):
        while len(sw.jobs()) < 4 or any(job.status != "running" for job in sw.jobs()):
            await asyncio.sleep(0.1)
    return kernel


async def test_what_another_kernel_was_making_when_it_was_killed_is_taken_up_by_who_waits_for_it(sim):
    base = BASE.replace(prompt="a boat [sim:run=20000]")
    sweep = sweep_of(sim, {"seed": range(4)}, base)
    kernel = await busy_kernel(sim)
    running = sweep.run()
    await until(sweep, lambda: [cell.state for cell in sweep] == ["running"] * 4)
    kernel.kill()
    await kernel.wait()
    sim.clock.advance(20_000)
    await asyncio.wait_for(awaited(running), 60)
    assert [cell.state for cell in sweep] == ["succeeded"] * 4
    assert len(creates(sim)) == 4


async def test_what_a_killed_kernel_made_is_taken_up_also_by_who_was_busy_with_its_own(sim):
    kernel = await busy_kernel(sim)
    sweep = sweep_of(sim, {"seed": [0, 1, 10]}, BASE.replace(prompt="a boat [sim:run=20000]"))
    running = sweep.run()
    await until(sweep, lambda: [cell.state for cell in sweep] == ["running"] * 3)
    kernel.kill()
    await kernel.wait()
    sim.clock.advance(20_000)
    await asyncio.wait_for(awaited(running), 60)
    assert [cell.state for cell in sweep] == ["succeeded"] * 3
    assert len(creates(sim)) == 5


async def test_what_a_loop_has_left_that_was_closed_is_taken_up_by_another_process(sim):
    script = textwrap.dedent("""
        import asyncio, sys, seedance_widgets as sw
        base = sw.VideoRequest("a boat [sim:run=20000]", model="1.0-pro", resolution="480p", duration=2)
        async def main():
            sweep, begun = sw.Sweep(base, {"seed": range(2)}), asyncio.Event()
            def look(_):
                if all(cell.state == "running" for cell in sweep): begun.set()
            with sweep.listening(look):
                outcome = sweep.run()
                await begun.wait()
        asyncio.run(main())
        print("left", flush=True)
        sys.stdin.read()
    """)
    env = {**os.environ, "SEEDANCE_SIMULATOR": sim.ark_base_url}
    pipe = asyncio.subprocess.PIPE
    kernel = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=env, stdin=pipe, stdout=pipe)
    assert await asyncio.wait_for(kernel.stdout.readline(), 60) == b"left\n"
    sweep = sweep_of(sim, {"seed": range(2)}, BASE.replace(prompt="a boat [sim:run=20000]"))
    running = sweep.run()
    await until(sweep, lambda: all(cell.job and cell.job.followed for cell in sweep))
    assert kernel.returncode is None
    sim.clock.advance(20_000)
    await asyncio.wait_for(awaited(running), 60)
    assert len(creates(sim)) == 2
    kernel.stdin.close()
    await kernel.wait()
