"""What a sweep knows after a restart, a deleted file and a damaged row."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.jobs.ledger import FILE
from seedance_widgets.sweep import memory
from seedance_widgets.sweep.memory import Place
from tests.sweep.sweeps import BASE, as_after_a_restart, creates, sweep_of, until


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


async def test_a_video_that_was_deleted_can_be_made_again_and_only_by_retry(sim):
    sweep = sweep_of(sim)
    await sweep.run()
    sw.jobs.delete_file(sweep[1].job.id)
    assert sweep.plan().counts == {"done": 2, "failed": 1}
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


def test_the_cell_that_makes_a_sweep_run_again_after_a_kill_follows_what_was_sent(sim, in_script):
    begin = """
        import os, seedance_widgets as sw
        base = sw.VideoRequest("a boat [sim:run=200]", model="1.0-pro", resolution="480p", duration=2)
        sweep = sw.Sweep(base, {"seed": range(3)}, name="boats")
    """
    kill = """
        def look(_):
            if all(cell.state == "running" for cell in sweep): os.kill(os.getpid(), 9)
        with sweep.listening(look):
            sw.run(sweep.run())
    """
    assert in_script(begin + kill, SEEDANCE_SIMULATOR=sim.ark_base_url).returncode == -9
    wait = """
        import threading
        done = threading.Event()
        def look(_):
            if all(cell.video for cell in sweep): done.set()
        with sweep.listening(look):
            look(None)
            print(done.wait(60), sweep)
    """
    done = in_script(begin + wait, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.stdout == "True Sweep('boats': 3 seed; 3 cells · 3 done)\n", done
    assert len(creates(sim)) == 3


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
    assert sweep.plan().counts == {"done": 2, "send": 1}
    await sweep.run()
    assert sorted(entry.body["seed"] for entry in creates(sim)) == [0, 1, 1, 2]


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


def test_what_another_kernel_has_decided_since_is_seen_before_anything_is_written(sim):
    sweep = sweep_of(sim, name="boats")
    sweep.save()
    ledger = sweep.ledger

    def assign(cell, known):
        place = Place("final", cell, f"{cell:010}", kept=False)
        return ledger.call(memory.assign, ledger, "boats", [place], [""], known)

    def places():
        return frozenset(ledger.call(memory.places_of, ledger, "boats"))

    before = places()
    assert assign(0, before) == [True]
    assert assign(1, before) is None
    assert len(places()) == 1
    assert assign(1, places()) == [True]


async def test_a_video_that_was_fetched_later_arrives_in_its_sweep(sim, home):
    sweep = sweep_of(sim, base=BASE.replace(prompt="a boat [sim:run=100]"))
    run = sweep.run()
    await until(sweep, lambda: all(cell.state == "running" for cell in sweep))
    media = home / "media"
    away = media.rename(home / "away") if media.exists() else None
    media.write_text("no folder")  # nothing can be stored
    await run
    assert {cell.state for cell in sweep} == {"failed"}
    media.unlink()
    if away is not None:
        away.rename(media)
    assert {job.status for job in await sw.resume(sim.provider())} == {"succeeded"}
    assert sweep.plan().counts == {"done": 3}
    assert len(sweep.videos) == 3
    assert len(creates(sim)) == 3


async def test_a_mark_of_another_kernel_is_not_wiped_by_one_of_ours(sim, in_script):
    sweep = sweep_of(sim, name="boats")
    sweep.save()
    script = 'import seedance_widgets as sw\nsw.Sweep.load("boats").mark(0, note="do not lose me", rating=4)'
    done = await asyncio.to_thread(in_script, script, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.returncode == 0, done
    sweep.mark(0, star=True)
    assert (sweep[0].star, sweep[0].rating, sweep[0].note) == (True, 4, "do not lose me")
    sweep.mark(0, rating=0)
    assert (sweep[0].star, sweep[0].rating, sweep[0].note) == (True, None, "do not lose me")


async def test_a_note_that_is_worded_otherwise_makes_no_other_sweep(sim, home):
    def boats():
        return sweep_of(sim, {"seed": [1, 2]}, BASE.replace(model="2.0", duration=5), name="boats")

    boats().save()
    with sqlite3.connect(home / FILE) as db:
        (spec,) = db.execute("SELECT spec FROM sweeps").fetchone()
        changed = spec.replace("takes no seed", "knows no seed")
        assert changed != spec
        db.execute("UPDATE sweeps SET spec = ?", [changed])
    db.close()
    await as_after_a_restart()
    assert len(boats()) == 2
