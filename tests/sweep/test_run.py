"""Running a sweep against the simulator: what is sent, and what a failure, a pause and a cancel do."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter

import numpy as np
import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from tests.conftest import draw
from tests.storyboard.boards import board_of
from tests.sweep.sweeps import BASE, as_after_a_restart, awaited, creates, sweep_of, until


async def test_every_cell_becomes_its_video(sim):
    sweep = sweep_of(sim, {"seed": range(2), "resolution": ["480p", "720p"]})
    cells = await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded"] * 4
    assert repr(cells) == "4 cells · 4 done"
    assert sweep[{"seed": 1, "resolution": "720p"}].video.height == 704
    assert [cell.index for cell in sweep[{"resolution": "480p"}]] == [0, 2]
    assert {cell.video.seed for cell in sweep} == {0, 1}
    assert len(sweep.jobs) == len(creates(sim)) == 4


async def test_the_cheapest_are_sent_first(sim):
    # One at a time: calls that are under way at once may overtake one another.
    sweep = sweep_of(sim, {"resolution": ["1080p", "480p", "720p"], "seed": [1, 2]}, concurrency=1)
    await sweep.run()
    sent = [entry.body["resolution"] for entry in creates(sim)]
    assert sent == ["480p"] * 2 + ["720p"] * 2 + ["1080p"] * 2


async def test_an_invalid_cell_is_not_sent_and_says_why(sim):
    sweep = sweep_of(sim, {"duration": [2, 99]})
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded", "invalid"]
    assert "99" in sweep[1].refusal
    assert len(creates(sim)) == 1


async def test_one_failure_stops_no_other_and_retry_sends_only_that_one(sim):
    sweep = sweep_of(sim, {"mood": ["calm", "[sim:moderation]", "wild"]})
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded", "failed", "succeeded"]
    assert isinstance(sweep[1].error, sw.errors.ModerationError)
    await sweep.run()
    assert len(creates(sim)) == 3
    assert sweep.plan().counts == {"done": 2, "failed": 1}
    await sweep.retry()
    assert len(creates(sim)) == 4
    assert sweep[1].state == "failed"


async def test_a_picture_that_is_changed_or_deleted_meanwhile_is_sent_as_it_was_planned(sim, tmp_path):
    for seed, name in enumerate(("a.png", "b.png")):
        draw(640, 400, seed=seed).save(tmp_path / name)
    axes = {"first_frame_url": [tmp_path / "a.png", tmp_path / "b.png"]}
    sweep = sweep_of(sim, axes, BASE.replace(ratio="adaptive"), concurrency=1)
    planned = [cell.request.content_hash for cell in sweep]
    running = sweep.run()
    sweep.pause()
    await until(sweep, lambda: sweep.book.waiting)
    draw(640, 400, seed=9).save(tmp_path / "a.png")
    (tmp_path / "b.png").unlink()
    sweep.resume()
    await running
    assert [cell.state for cell in sweep] == ["succeeded"] * 2
    assert [cell.job._track.record.request_hash for cell in sweep] == planned
    made = np.asarray(sweep[0].video.frame(0).resize((64, 40)), int)
    assert np.abs(made - np.asarray(draw(640, 400, seed=0).resize((64, 40)), int)).mean() < 20
    assert np.abs(made - np.asarray(draw(640, 400, seed=9).resize((64, 40)), int)).mean() > 40


async def test_a_picture_that_is_gone_everywhere_costs_its_own_cell_only(sim, tmp_path, home):
    for seed, name in enumerate(("a.png", "b.png")):
        draw(640, 400, seed=seed).save(tmp_path / name)
    axes = {"first_frame_url": [tmp_path / "a.png", tmp_path / "b.png"]}
    sweep = sweep_of(sim, axes, BASE.replace(ratio="adaptive"), concurrency=1)
    running = sweep.run()
    sweep.pause()
    await until(sweep, lambda: sweep.book.waiting)
    (tmp_path / "b.png").unlink()
    shutil.rmtree(home / "inputs")
    sweep.resume()
    await running
    assert [cell.state for cell in sweep] == ["succeeded", "failed"]
    assert len(creates(sim)) == 1


async def test_pause_sends_nothing_more_and_resume_goes_on(sim):
    sweep = sweep_of(sim, {"seed": range(4)}, BASE.replace(prompt="a boat [sim:run=60]"), concurrency=1)
    running = sweep.run()
    await until(sweep, lambda: sweep[0].state == "running")
    sweep.pause()
    await until(sweep, lambda: sweep[0].state == "succeeded")
    assert sweep.paused
    assert [cell.state for cell in sweep][1:] == ["waiting"] * 3
    assert sweep.summary() == "4 cells · 1 done · 3 waiting · paused"
    assert len(creates(sim)) == 1
    with pytest.raises(SweepError, match=r"is paused, and some of its cells wait: sweep\.resume\(\) goes on"):
        await sweep.run()
    sweep.resume()
    await running
    assert len(creates(sim)) == 4


async def test_cancel_drops_what_is_unsent_cancels_what_is_queued_and_keeps_what_runs(sim):
    moods = ["[sim:run=300]", "[sim:queue=6000]", "third"]
    sweep = sweep_of(sim, {"mood": moods}, concurrency=2)
    running = sweep.run()
    await until(sweep, lambda: [cell.state for cell in sweep] == ["running", "queued", "waiting"])
    told = await sweep.cancel()
    assert told == "1 not sent · 1 cancelled in the queue · 1 already running go on"
    await running
    assert [cell.state for cell in sweep] == ["succeeded", "cancelled", "planned"]
    assert len(creates(sim)) == 2
    await sweep.run()
    assert sweep[2].state == "succeeded"
    assert sweep[1].state == "cancelled"


async def test_cancelling_one_leaves_the_others(sim):
    sweep = sweep_of(sim, {"mood": ["[sim:queue=6000]", "calm"]})
    running = sweep.run()
    await until(sweep, lambda: sweep[0].state == "queued")
    await sweep.cancel(0)
    await running
    assert [cell.state for cell in sweep] == ["cancelled", "succeeded"]


async def test_a_paused_sweep_can_be_cancelled(sim):
    sweep = sweep_of(sim)
    running = sweep.run()
    sweep.pause()
    await until(sweep, lambda: len(sweep.book.waiting) == 3)
    assert await sweep.cancel() == "3 not sent"
    await asyncio.wait_for(running, 30)
    assert not creates(sim)
    await asyncio.wait_for(awaited(sweep.run(0)), 30)  # nothing is held up any more
    assert len(creates(sim)) == 1


async def test_a_pause_holds_back_what_the_engine_has_already(sim):
    sweep = sweep_of(sim, {"seed": range(12)}, BASE.replace(prompt="a boat [sim:429=20]"))
    running = sweep.run()
    await until(sweep, lambda: len(creates(sim)) > 2)
    sweep.pause()
    assert sweep.held
    at_most = len(creates(sim)) + sum(cell.state == "submitting" for cell in sweep)
    await sw.submit(BASE, sweep.provider)  # comes behind all of them, and is not held up
    assert len(creates(sim)) <= at_most + 1
    assert {cell.state for cell in sweep} == {"pending"}
    assert await sweep.cancel([0, 1]) == "2 not sent"
    sweep.resume()
    await running
    assert Counter(cell.state for cell in sweep) == {"succeeded": 10, "cancelled": 2}


async def test_what_a_preview_shares_with_another_cell_is_bought_once(sim):
    axes = {"resolution": ["480p", "720p", "1080p"]}
    sweep = sweep_of(sim, axes, BASE.replace(seed=-1), name="boats")
    await sweep.run(preview=True)
    assert len(creates(sim)) == 1
    assert len({cell.current.id for cell in sweep}) == 1
    assert [cell.job is not None for cell in sweep] == [True, False, False]
    assert sweep.plan(preview=True).counts == {"done": 3}
    await sweep.run(preview=True)
    again = sweep_of(sim, axes, BASE.replace(seed=-1), name="boats")
    await again.run(preview=True)
    assert len(creates(sim)) == 1
    del sweep, again
    await as_after_a_restart()
    loaded = sw.Sweep.load("boats", provider=sim.provider())
    await loaded.run(preview=True)
    assert [cell.current.status for cell in loaded] == ["succeeded"] * 3
    assert loaded.book.taken == len(creates(sim)) == 1
    loaded[0].video.path.unlink()
    await loaded.retry(0)  # the one job in three rows is replaced in all
    assert len({cell.current.id for cell in loaded}) == 1
    await loaded.run(preview=True)
    assert len(creates(sim)) == 2


async def test_a_preview_serves_a_cell_that_it_equals(sim):
    sweep = sweep_of(sim, {"resolution": ["480p", "720p"]}, BASE.replace(seed=-1))
    await sweep.run([1], preview=True)
    assert sweep.plan().counts == {"kept": 1, "send": 1}
    await sweep.run([0])
    assert sweep[0].job.id == sweep[1].preview.id
    assert len(creates(sim)) == 1


async def test_preview_first_then_only_the_chosen_with_the_seed_that_was_drawn(sim):
    base = BASE.replace(resolution="1080p", seed=-1)
    sweep = sweep_of(sim, {"mood": ["calm", "wild", "odd"]}, base)
    assert sweep.plan(preview=True).tokens < sweep.plan().tokens / 4
    assert repr(await sweep.run(preview=True)) == "3 cells · 3 previews"
    assert {cell.video.height for cell in sweep} == {480}
    assert all(cell.job is None for cell in sweep)
    sweep.mark(1, star=True)
    await sweep.run(sweep.starred)
    assert repr(sweep).count("2 previews · 1 done") == 1
    assert sweep.plan().counts == {"send": 2, "done": 1}
    assert sweep.plan(preview=True).counts == {"done": 3}
    assert [cell.job is not None for cell in sweep] == [False, True, False]
    assert sweep[1].video.height == 1088
    assert sweep[1].video.seed == sweep[1].preview.seed
    assert len(creates(sim)) == 4


def test_a_script_waits_for_a_sweep_as_for_anything_else(sim, in_script):
    done = in_script(
        """
        import seedance_widgets as sw
        base = sw.VideoRequest("a boat", resolution="480p", duration=2)
        sweep = sw.Sweep(base, {"seed": range(3)})
        print(sw.run(sweep.run()))
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert done.stdout.strip() == "3 cells · 3 done", done.stderr
    assert done.stderr == ""  # a bar is for a terminal


async def test_a_failed_preview_is_made_again_though_others_are_done(sim):
    base = BASE.replace(resolution="720p")
    sweep = sweep_of(sim, {"mood": ["calm", "[sim:moderation]"]}, base)
    await sweep.run(preview=True)
    assert [cell.state for cell in sweep] == ["succeeded", "failed"]
    await sweep.run([0])
    assert sweep.failed() == ("preview", [sweep[1]])
    await sweep.retry()
    assert [entry.body["resolution"] for entry in creates(sim)] == ["480p", "480p", "720p", "480p"]


async def test_trouble_with_a_preview_is_forgotten_when_the_final_is_sent(sim, tmp_path, home):
    picture = tmp_path / "a.png"
    draw(640, 400).save(picture)
    sweep = sweep_of(sim, {"first_frame_url": [picture]}, BASE.replace(ratio="adaptive", resolution="720p"))
    sweep.pause()
    running = sweep.run(preview=True)
    await until(sweep, lambda: sweep.book.waiting)
    picture.unlink()
    shutil.rmtree(home / "inputs")
    sweep.resume()
    await running
    assert sweep[0].state == "failed"
    draw(640, 400).save(picture)
    await sweep.run()
    assert sweep[0].state == "succeeded"
    assert sweep[0].error is None


async def test_a_cancel_right_after_a_run_drops_all_of_it(sim):
    sweep = sweep_of(sim, {"seed": range(40)}, BASE.replace(prompt="a boat [sim:queue=6000]"))
    running = sweep.run()
    await sweep.cancel()
    await asyncio.wait_for(running, 30)
    assert len(creates(sim)) <= 1
    assert {cell.state for cell in sweep} <= {"planned", "cancelled"}


def test_a_run_that_began_outside_a_loop_is_awaited_within_one(sim, in_script):
    done = in_script(
        """
        import asyncio, seedance_widgets as sw
        base = sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2)
        running = sw.Sweep(base, {"seed": [1, 2]}).run()
        async def main():
            return await running
        print(asyncio.run(main()))
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert done.stdout == "2 cells · 2 done\n", done


async def test_who_stops_waiting_is_told_that_the_sweep_goes_on(sim):
    sweep = sweep_of(sim, base=BASE.replace(prompt="a boat [sim:run=60]"))

    async def stopped(outcome):
        waiting = asyncio.ensure_future(awaited(outcome))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as told:
            await waiting
        return str(told.value)

    words = await stopped(sweep.run())
    assert words.startswith("the waiting was stopped; the sweep goes on: the same `await sweep.run(...)` waits for it")
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded"] * 3
    assert len(creates(sim)) == 3
    sweep[0].video.path.unlink()
    words = await stopped(retrying := sweep.retry())
    assert "`sweep` shows how it stands, `sweep.cancel()` sends no more of it." in words
    await retrying
    assert len(creates(sim)) == 4


async def test_what_is_waited_for_in_another_loop_is_told_the_same(sim):
    board = board_of(sim, ["leaves [sim:run=60]"])

    async def stopped():
        waiting = asyncio.ensure_future(awaited(running))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as told:
            await waiting
        return str(told.value)

    running = board.run()
    words = (
        "the waiting was stopped; the storyboard goes on: `await board.run()` waits for it, and makes what is missing"
    )
    assert words in await asyncio.to_thread(asyncio.run, stopped())
    assert words in await stopped()
    assert (await running)[0].state == "succeeded"
    assert len(creates(sim)) == 1
