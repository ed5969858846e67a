"""Running a sweep against the simulator: what is sent, once, and what a failure, a cap, a pause and a restart do."""

from __future__ import annotations

import asyncio
import gc
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.jobs.ledger import FILE
from seedance_widgets.sweep import memory
from seedance_widgets.sweep.memory import Place
from tests.conftest import draw

BASE = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2, seed=5)


def creates(sim):
    return [entry for entry in sim.requests if entry.method == "POST"]


def sweep_of(sim, axes=None, base=BASE, **options):
    return sw.Sweep(base, {"seed": range(3)} if axes is None else axes, provider=sim.provider(), **options)


async def until(sweep, condition):
    """Wait until `condition` holds, looking whenever something happens to the sweep."""
    holds = asyncio.Event()

    def look(_):
        if condition():
            sweep.loop.call_soon_threadsafe(holds.set)

    with sweep.listening(look):
        look(None)
        await asyncio.wait_for(holds.wait(), 60)


async def as_after_a_restart():
    """Let the sweeps go that nobody holds: while one is in use, what it knows holds for all of its name."""
    await asyncio.sleep(0)  # the loop still has the result that was awaited last
    gc.collect()


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
    sweep = sweep_of(sim, {"resolution": ["1080p", "480p", "720p"], "seed": [1, 2]}, max_jobs=1)
    await sweep.run()
    sent = [entry.body["resolution"] for entry in creates(sim)]
    assert sent == ["480p"] * 2 + ["720p"] * 2 + ["1080p"] * 2


async def test_equal_requests_are_bought_once(sim):
    sweep = sweep_of(sim, {"seed": [1, 1, 2], "mood": ["calm"]})
    assert sweep.plan().counts == {"send": 2, "same": 1}
    await sweep.run()
    assert len(creates(sim)) == 2
    assert sweep[0].job.id == sweep[1].job.id != sweep[2].job.id


async def test_repeats_of_a_random_seed_are_videos_of_their_own_and_of_a_fixed_one_are_not(sim):
    await sweep_of(sim, {}, BASE.replace(seed=-1), repeats=3).run()
    assert len(creates(sim)) == 3
    fixed = sweep_of(sim, {}, repeats=3)
    assert any("The seed is fixed (5)" in note for note in fixed.plan().notes)
    await fixed.run()
    assert len(creates(sim)) == 4


async def test_what_was_made_before_with_a_fixed_seed_is_taken_from_the_ledger(sim):
    video = await sw.submit(BASE.replace(seed=1), sim.provider())
    sweep = sweep_of(sim)
    assert sweep.plan().counts == {"kept": 1, "send": 2}
    await sweep.run()
    assert len(creates(sim)) == 3
    assert sweep[{"seed": 1}].video == video
    again = sweep_of(sim)
    await again.run()
    assert len(creates(sim)) == 3
    Path(video.path).unlink()
    assert sweep_of(sim).plan().counts == {"send": 1, "kept": 2}


async def test_a_random_seed_is_never_taken_from_the_ledger(sim):
    await sw.submit(BASE.replace(seed=-1), sim.provider())
    assert sweep_of(sim, {"mood": ["{mood}"]}, BASE.replace(seed=-1)).plan().counts == {"send": 1}


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
    assert sweep.plan().counts == {"has": 2, "failed": 1}
    await sweep.retry()
    assert len(creates(sim)) == 4
    assert sweep[1].state == "failed"


async def test_a_picture_that_is_changed_or_deleted_meanwhile_is_sent_as_it_was_planned(sim, tmp_path):
    for seed, name in enumerate(("a.png", "b.png")):
        draw(640, 400, seed=seed).save(tmp_path / name)
    axes = {"first_frame_url": [tmp_path / "a.png", tmp_path / "b.png"]}
    sweep = sweep_of(sim, axes, BASE.replace(ratio="adaptive"), max_jobs=1)
    planned = [cell.request.content_hash for cell in sweep]
    sweep.pause()
    running = sweep.run()
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
    sweep = sweep_of(sim, axes, BASE.replace(ratio="adaptive"), max_jobs=1)
    sweep.pause()
    running = sweep.run()
    await until(sweep, lambda: sweep.book.waiting)
    (tmp_path / "b.png").unlink()
    shutil.rmtree(home / "inputs")
    sweep.resume()
    await running
    assert [cell.state for cell in sweep] == ["succeeded", "failed"]
    assert len(creates(sim)) == 1


async def test_a_billed_sweep_needs_an_agreed_cap_and_keeps_it(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": range(3)}, provider=provider)
    price = sweep.plan().price
    assert price > 0
    with pytest.raises(SweepError, match=r"bills this sweep: 3 videos.*max_cost="):
        await sweep.run()
    with pytest.raises(SweepError, match="over max_cost"):
        await sweep.run(max_cost=price * 0.9)
    assert not creates(sim)
    await sweep.run([0, 1], max_cost=price * 0.7)
    assert sweep.spent == pytest.approx(price * 2 / 3, rel=0.01)
    with pytest.raises(SweepError, match="spent"):
        await sweep.run(max_cost=price * 0.7)
    assert len(creates(sim)) == 2
    await sweep.run(max_cost=float("inf"))
    assert len(creates(sim)) == 3


async def test_a_price_that_nobody_knows_needs_any_price_agreed(sim):
    provider = sw.providers.AceDataCloud("token", base_url=sim.acedata_base_url)
    sweep = sw.Sweep(BASE, {"seed": [1]}, provider=provider)
    with pytest.raises(SweepError, match="no known price"):
        await sweep.run(max_cost=100)
    await sweep.run(max_cost=float("inf"))
    assert sweep[0].state == "succeeded"


async def test_pause_sends_nothing_more_and_resume_goes_on(sim):
    sweep = sweep_of(sim, {"seed": range(4)}, BASE.replace(prompt="a boat [sim:run=60]"), max_jobs=1)
    running = sweep.run()
    await until(sweep, lambda: sweep[0].state == "running")
    sweep.pause()
    await until(sweep, lambda: sweep[0].state == "succeeded")
    assert sweep.paused
    assert [cell.state for cell in sweep][1:] == ["waiting"] * 3
    assert len(creates(sim)) == 1
    sweep.resume()
    await running
    assert len(creates(sim)) == 4


async def test_cancel_drops_what_is_unsent_cancels_what_is_queued_and_keeps_what_runs(sim):
    moods = ["[sim:run=300]", "[sim:queue=6000]", "third"]
    sweep = sweep_of(sim, {"mood": moods}, max_jobs=2)
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
    sweep.pause()
    running = sweep.run()
    await until(sweep, lambda: len(sweep.book.waiting) == 3)
    assert await sweep.cancel() == "3 not sent"
    await asyncio.wait_for(running, 30)
    assert not creates(sim)


async def test_preview_first_then_only_the_chosen_with_the_seed_that_was_drawn(sim):
    base = BASE.replace(resolution="1080p", seed=-1)
    sweep = sweep_of(sim, {"mood": ["calm", "wild", "odd"]}, base)
    assert sweep.plan(preview=True).tokens < sweep.plan().tokens / 4
    await sweep.run(preview=True)
    assert {cell.video.height for cell in sweep} == {480}
    assert all(cell.job is None for cell in sweep)
    sweep.mark(1, star=True)
    await sweep.run(sweep.starred)
    assert [cell.job is not None for cell in sweep] == [False, True, False]
    assert sweep[1].video.height == 1088
    assert sweep[1].video.seed == sweep[1].preview.seed
    assert len(creates(sim)) == 4


async def test_a_second_run_beside_the_first_sends_nothing_twice(sim):
    sweep = sweep_of(sim)
    await asyncio.gather(_awaited(sweep.run()), _awaited(sweep.run()))
    assert len(creates(sim)) == 3


async def _awaited(outcome):
    return await outcome


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


async def test_load_has_it_all_again(sim, home):
    sweep = sweep_of(sim, {"seed": [1, 2], "first_frame_url": [sw.sample_image()]}, name="boats")
    await sweep.run([0])
    sweep.mark(0, star=True, rating=4, note="<b>good</b>")
    sweep.mark(1, note="not yet")
    loaded = sw.Sweep.load("boats", sim.provider())
    assert loaded.axes[0].values == (1, 2)
    assert [cell.state for cell in loaded] == ["succeeded", "planned"]
    assert loaded[0].video == sweep[0].video
    assert (loaded[0].star, loaded[0].mark.rating, loaded[0].mark.note) == (True, 4, "<b>good</b>")
    assert loaded[1].mark.note == "not yet"
    await loaded.run()
    assert len(creates(sim)) == 2
    assert sw.Sweep.names() == ["boats"]


async def test_the_same_sweep_under_its_name_goes_on_and_another_one_may_not_have_it(sim):
    await sweep_of(sim, {"mood": ["calm"]}, BASE.replace(seed=-1), name="boats").run()
    same = sweep_of(sim, {"mood": ["calm"]}, BASE.replace(seed=-1), name="boats")
    assert same[0].state == "succeeded"
    await same.run()
    assert len(creates(sim)) == 1
    with pytest.raises(SweepError, match="there is a sweep called 'boats'"):
        sweep_of(sim, {"mood": ["wild"]}, name="boats")


async def test_unknown_and_damaged_sweeps(sim, home):
    sweep = sweep_of(sim, name="lighthouse")
    await sweep.run()
    with pytest.raises(KeyError, match="did you mean 'lighthouse'"):
        sw.Sweep.load("lighthose")
    with sqlite3.connect(home / FILE) as ledger:
        ledger.execute("UPDATE sweeps SET spec = '{'")
    ledger.close()
    with pytest.raises(SweepError, match="damaged"):
        sw.Sweep.load("lighthouse")
    assert len(sw.jobs()) == 3


async def test_a_damaged_row_of_a_job_is_not_bought_again(sim, home):
    sweep = sweep_of(sim, name="boats")
    await sweep.run()
    with sqlite3.connect(home / FILE) as ledger:
        ledger.execute("UPDATE jobs SET request = '{' WHERE id = ?", [sweep[1].job.id])
    ledger.close()
    del sweep
    await as_after_a_restart()
    loaded = sw.Sweep.load("boats", sim.provider())
    assert [cell.state for cell in loaded] == ["succeeded", "unknown", "succeeded"]
    assert "damaged" in str(loaded[1].error)
    await loaded.run()
    await loaded.retry()
    assert len(creates(sim)) == 3


async def test_a_deleted_file_is_said_and_the_rest_is_there(sim, home):
    sweep = sweep_of(sim, name="boats")
    await sweep.run()
    sweep[0].video.path.unlink()
    del sweep
    await as_after_a_restart()
    loaded = sw.Sweep.load("boats", sim.provider())
    assert [cell.state for cell in loaded] == ["succeeded"] * 3
    assert "gone" in repr(loaded[0].video)
    shutil.rmtree(home / "inputs", ignore_errors=True)
    assert len(sw.Sweep.load("boats", sim.provider()).videos) == 3


async def test_rows_and_pandas(sim):
    sweep = sweep_of(sim, {"seed": [1, 2], "mood": ["calm", "[sim:moderation]"]})
    await sweep.run()
    frame = sweep.to_pandas()
    assert list(frame["seed"]) == [1, 1, 2, 2]
    assert list(frame["state"]) == ["succeeded", "failed", "succeeded", "failed"]
    assert frame["tokens"].sum() == 2 * (864 * 480 * 49 // 1024)
    assert frame["video"].notna().sum() == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_cost": -1}, "max_cost must be"),
        ({"max_cost": float("nan")}, "max_cost must be"),
        ({"max_cost": "5"}, "max_cost must be"),
        ({"max_jobs": 0}, "max_jobs must be"),
        ({"name": ""}, "name must be"),
        ({"name": "a\nb"}, "name must be"),
        ({"exclude": lambda _: True}, "leaves out every cell"),
    ],
)
def test_wrong_options_are_said_in_a_sentence(sim, options, words):
    with pytest.raises(SweepError, match=words):
        sweep_of(sim, **options)


def test_wrong_bases_cells_and_names(sim):
    with pytest.raises(SweepError, match="base must be a VideoRequest"):
        sw.Sweep("a boat", {"seed": [1]})
    with pytest.raises(TypeError, match="did you mean max_cost"):
        sw.Sweep(BASE, {"seed": [1]}, maxcost=3)
    sweep = sweep_of(sim)
    with pytest.raises(SweepError, match="numbered 0 to 2"):
        sweep[3]
    with pytest.raises(KeyError, match="did you mean 'seed'"):
        sweep[{"sed": 1}]
    with pytest.raises(KeyError, match="takes 0, 1, 2"):
        sweep[{"seed": 9}]
    with pytest.raises(SweepError, match="from 1 to 5"):
        sweep.mark(0, rating=6)


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


async def test_two_objects_of_one_sweep_are_one(sim):
    def boats():
        return sweep_of(sim, {"seed": range(6)}, BASE.replace(prompt="a boat [sim:run=60]"), name="boats", max_jobs=1)

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
    one, other = (sweep_of(sim, {"seed": range(4)}, name="boats", max_jobs=1) for _ in range(2))
    seen = []
    with other.listening(seen.append):
        await asyncio.gather(_awaited(one.run()), _awaited(other.run()))
    assert seen
    assert [cell.job.id for cell in one] == [cell.job.id for cell in other]
    assert len(creates(sim)) == 4


OTHER_KERNEL = """
    import seedance_widgets as sw
    base = sw.VideoRequest("a {mood} boat [sim:run=60]", model="1.0-pro", resolution="480p", duration=2, seed=5)
    sweep = sw.Sweep(base, {"seed": range(8)}, name="boats", max_jobs=2)
    before = [cell.state for cell in sweep]
    plan = sweep.plan()
    sw.run(sweep.run())
    print(before.count("waiting"), plan.counts, sorted({line.why for line in plan.lines if line.why}))
"""


async def test_two_kernels_at_one_sweep_send_each_cell_once(sim, in_script):
    sweep = sweep_of(
        sim, {"seed": range(8)}, BASE.replace(prompt="a {mood} boat [sim:run=60]"), name="boats", max_jobs=2
    )
    running = sweep.run()
    await until(sweep, lambda: sweep[0].state == "running")
    sweep.pause()
    other = await asyncio.to_thread(in_script, OTHER_KERNEL, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert other.stdout == "6 {'has': 8} ['another notebook makes it']\n", other
    await sweep.cancel([6, 7])  # whoever gives a cell back lets the other one have it
    sweep.resume()
    await running
    other = await asyncio.to_thread(in_script, OTHER_KERNEL, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert other.stdout == "0 {'has': 6, 'send': 2} []\n", other
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
    await ledger.on_thread(memory.release, ledger, "boats", [("aaaa", "bbbb")])
    assert [place.job for place in await ledger.on_thread(memory.places_of, ledger, "boats")] == ["bbbb"]
    await ledger.on_thread(memory.release, ledger, "boats", [("bbbb", "")])
    assert await ledger.on_thread(memory.places_of, ledger, "boats") == []


async def test_two_kernels_that_start_at_once_send_each_cell_once(sim, in_script):
    started = [asyncio.to_thread(in_script, OTHER_KERNEL, SEEDANCE_SIMULATOR=sim.ark_base_url) for _ in range(3)]
    done = await asyncio.gather(*started)
    assert [one.returncode for one in done] == [0, 0, 0], done
    assert sorted(entry.body["seed"] for entry in creates(sim)) == list(range(8))


async def test_two_runs_at_once_keep_one_cap(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": range(10)}, provider=provider, max_jobs=1)
    price = sweep.plan([0]).price
    first = sweep.run(range(5), max_cost=price * 6)
    await until(sweep, lambda: len(sweep.book.waiting) >= 4)
    with pytest.raises(SweepError, match="spent go over max_cost"):
        await sweep.run(range(5, 10), max_cost=price * 6)
    await first
    assert len(creates(sim)) == 5


async def test_max_jobs_holds_for_all_runs_together(sim):
    sweep = sweep_of(sim, {"seed": range(4)}, BASE.replace(prompt="a boat [sim:run=40]"), max_jobs=1)
    most = 0

    def look(_):
        nonlocal most
        most = max(most, sum(cell.state in {"pending", "submitting", "queued", "running"} for cell in sweep))

    with sweep.listening(look):
        await asyncio.gather(_awaited(sweep.run([0, 1])), _awaited(sweep.run([2, 3])))
    assert most == 1
    assert len(creates(sim)) == 4


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


async def test_a_video_that_was_deleted_can_be_made_again_and_only_by_retry(sim):
    sweep = sweep_of(sim)
    await sweep.run()
    sw.jobs.delete_file(sweep[1].job.id)
    assert sweep.plan().counts == {"has": 2, "failed": 1}
    await sweep.run()
    assert len(creates(sim)) == 3
    await sweep.retry()
    assert sorted(entry.body["seed"] for entry in creates(sim)) == [0, 1, 1, 2]
    assert sweep[1].video.frames == 49


def test_taking_up_and_waiting_in_one_go_after_a_kill(sim, in_script):
    script = """
        import os, seedance_widgets as sw
        base = sw.VideoRequest("a boat [sim:run=200]", model="1.0-pro", resolution="480p", duration=2)
        sweep = sw.Sweep(base, {"seed": range(3)}, name="boats")
        def look(_):
            if all(cell.state == "running" for cell in sweep): os.kill(os.getpid(), 9)
        with sweep.listening(look):
            sw.run(sweep.run())
    """
    assert in_script(script, SEEDANCE_SIMULATOR=sim.ark_base_url).returncode == -9
    done = in_script(
        """
        import seedance_widgets as sw
        async def main():
            return await sw.Sweep.load("boats").run()
        print(sw.run(main()))
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert done.stdout == "3 cells · 3 done\n", done
    assert len(creates(sim)) == 3


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


async def test_a_cancel_right_after_a_run_drops_all_of_it(sim):
    sweep = sweep_of(sim, {"seed": range(40)}, BASE.replace(prompt="a boat [sim:queue=6000]"))
    running = sweep.run()
    await sweep.cancel()
    await asyncio.wait_for(running, 30)
    assert len(creates(sim)) <= 1
    assert {cell.state for cell in sweep} <= {"planned", "cancelled"}


async def test_a_preview_that_is_the_final_request_is_made_once(sim):
    sweep = sweep_of(sim, {"mood": ["calm", "wild"]}, BASE.replace(seed=-1))
    await sweep.run(preview=True)
    assert [cell.job is not None for cell in sweep] == [True, True]
    await sweep.run()
    assert len(creates(sim)) == 2


async def test_an_equal_request_that_is_under_way_is_waited_for_and_not_bought_again(sim):
    base = BASE.replace(prompt="a boat [sim:run=100]")
    one, other = (sweep_of(sim, {"seed": [1, 2]}, base) for _ in range(2))
    running = one.run()
    await until(one, lambda: one[0].state == one[1].state == "running")
    assert other.plan().counts == {"kept": 2}
    await asyncio.gather(_awaited(running), _awaited(other.run()))
    assert [cell.video for cell in other] == [cell.video for cell in one]
    assert other.spent == 0
    assert len(creates(sim)) == 2


def test_a_sweep_without_its_key_reckons_in_its_providers_currency(sim, monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "key")
    monkeypatch.setenv("ARK_BASE_URL", sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": [1, 2]}, name="boats", provider="ark")
    price = sweep.plan().price
    sweep.save()
    monkeypatch.delenv("ARK_API_KEY")
    loaded = sw.Sweep.load("boats")
    assert loaded.provider is None
    assert (loaded.plan().price, loaded.plan().currency) == (price, "CNY")


def test_another_ledger_than_the_sweeps_own_is_refused(sim, home, monkeypatch):
    sweep = sweep_of(sim)
    sweep.save()
    monkeypatch.setenv("SEEDANCE_HOME", str(home) + "-2")
    with pytest.raises(SweepError, match="SEEDANCE_HOME names another folder now"):
        sw.run(sweep.run())
    assert not creates(sim)


async def test_a_deleted_entry_lets_its_cell_be_made_again_in_the_open_sweep_too(sim):
    sweep = sweep_of(sim)
    await sweep.run()
    sw.jobs.forget(sweep[1].job.id)
    assert sweep.plan().counts == {"has": 2, "send": 1}
    await sweep.run()
    assert sorted(entry.body["seed"] for entry in creates(sim)) == [0, 1, 1, 2]


def test_what_a_prompt_still_lacks_is_said_before_it_is_paid_for(sim):
    told = sweep_of(sim, {"seed": [1, 2]}).plan().notes
    assert told == ("The prompt holds {mood}, which no axis fills: it is sent as it stands.",)
    assert sweep_of(sim, {"mood": ["calm"]}).plan().notes == ()


async def test_odd_marks_are_refused_and_spoil_nothing(sim):
    sweep = sweep_of(sim)
    for odd in ({"star": "yes"}, {"note": 7}, {"rating": "5"}):
        with pytest.raises(SweepError):
            sweep.mark(0, **odd)
    sweep.mark(0, note="\ud800 lone", rating=3)
    assert (sweep[0].rating, sweep[0].note, sweep[0].star) == (3, "? lone", False)


def test_values_that_are_no_text_are_the_same_after_a_restart(sim, in_script):
    script = """
        import datetime, pathlib, seedance_widgets as sw
        base = sw.VideoRequest("the sea on {day} in {place}", model="1.0-pro", resolution="480p", duration=2, seed=5)
        axes = {"day": [datetime.date(2026, 1, 1)], "place": {"harbour", "bay", "sound"}}
        sweep = sw.Sweep(base, axes, name="days")
        sw.run(sweep.run())
        print([cell.request.prompt for cell in sweep])
    """
    runs = [in_script(script, SEEDANCE_SIMULATOR=sim.ark_base_url, PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert [run.returncode for run in runs] == [0, 0], runs
    assert runs[0].stdout == runs[1].stdout
    assert "the sea on 2026-01-01 in bay" in runs[0].stdout
    assert len(creates(sim)) == 3


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


async def test_a_cell_of_which_nothing_is_known_waits_for_a_person_who_has_looked(sim):
    sweep = sweep_of(sim, {"mood": ["calm", "[sim:lost]"]})
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded", "unknown"]
    before = len(creates(sim))
    await sweep.retry()
    with pytest.raises(SweepError, match=r"retry\(1, looked=True\) sends it again"):
        sweep.retry(1)
    assert "sweep.retry(1, looked=True)" in sweep[1].remark
    assert len(creates(sim)) == before
    await sweep.retry(1, looked=True)
    assert len(creates(sim)) == before + 1


async def test_a_damaged_cell_is_sent_again_by_a_person_who_has_looked(sim, home):
    sweep = sweep_of(sim, name="boats")
    await sweep.run()
    with sqlite3.connect(home / FILE) as ledger:
        ledger.execute("UPDATE jobs SET request = '{' WHERE id = ?", [sweep[1].job.id])
    ledger.close()
    del sweep
    await as_after_a_restart()
    loaded = sw.Sweep.load("boats", sim.provider())
    await loaded.retry(looked=True)
    assert [cell.state for cell in loaded] == ["succeeded"] * 3
    assert len(creates(sim)) == 4


async def test_what_was_measured_is_there_after_a_restart(sim):
    sweep = sweep_of(sim, name="boats")
    await sweep.run()
    with ThreadPoolExecutor(2) as pool:
        sweep.measure(pool)
    motions = [row["motion"] for row in sweep.rows()]
    assert all(motions)
    del sweep
    await as_after_a_restart()
    loaded = sw.Sweep.load("boats", sim.provider())
    assert [row["motion"] for row in loaded.rows()] == motions
    assert loaded.ledger.call(memory.measured_of, loaded.ledger, ["nothing.mp4"]) == {}
