"""Two objects, or two kernels, at one storyboard: nothing is bought twice."""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.jobs.ledger import FILE
from seedance_widgets.jobs.owner import Owner
from tests.storyboard.boards import board_of, creates, restart, states, until

SLOW = ["leaves [sim:run=60]", "passes", "lands"]


async def test_two_objects_of_one_storyboard_are_one(sim):
    one = board_of(sim, SLOW, name="voyage")
    running = one.run()
    await until(one, lambda: one.shots[0].state == "running")
    other, loaded = board_of(sim, SLOW, name="voyage", max_cost=7), sw.Storyboard.load("voyage")
    assert one == other == loaded
    assert len({one, other, loaded, board_of(sim)}) == 2
    assert states(other) == ["running", "waiting", "waiting"]
    seen = []
    with other.listening(seen.append):
        await other.run()
    await running
    await loaded.run()
    assert seen
    assert loaded.max_cost == 7
    assert states(one) == states(other) == ["succeeded"] * 3
    assert len(creates(sim)) == 3


async def test_the_first_object_may_go_before_the_second(sim):
    one = board_of(sim, name="voyage")
    other = board_of(sim, name="voyage")
    del one
    gc.collect()
    third = board_of(sim, name="voyage")
    assert third == other
    await asyncio.gather(*(asyncio.ensure_future(asyncio.shield(board.run()._future)) for board in (other, third)))
    assert states(other) == ["succeeded"] * 3
    assert len(creates(sim)) == 3


async def test_a_storyboard_without_a_name_is_one_with_what_is_loaded_beside_it(sim):
    board = board_of(sim)
    await board.run()
    assert sw.Storyboard.load(board.name) == board


async def test_a_storyboard_that_runs_is_not_made_again_with_other_shots(sim):
    board = board_of(sim, SLOW, name="voyage")
    running = board.run()
    await until(board, lambda: board.shots[0].state == "running")
    with pytest.raises(SweepError, match="shot 0 is under way"):
        board_of(sim, [SLOW[0], "turns", "lands"], name="voyage")
    longer = board_of(sim, [*SLOW, "moors"], name="voyage")  # nothing that is under way changes
    assert states(longer) == ["running", "waiting", "waiting", "planned"]
    await running
    assert states(board) == ["succeeded"] * 3 + ["planned"]


async def test_a_storyboard_that_is_made_again_as_soon_as_it_begins_is_the_one_that_began(sim):
    board = board_of(sim, name="voyage")
    begun, seen = [], []

    def again(_):
        if not begun and board.shots[0].state == "waiting":  # nothing is written yet
            begun.append(True)
            seen.append(states(board_of(sim, name="voyage")))

    with board.listening(again):
        await board.run()
    assert seen == [["waiting"] * 3]
    assert states(board) == ["succeeded"] * 3
    assert len(creates(sim)) == 3


async def test_a_key_that_is_there_by_now_is_taken_over(sim):
    await board_of(sim, name="voyage").run()
    restart()
    board = sw.Storyboard.load("voyage")
    board.provider = None
    assert board_of(sim, name="voyage").provider is not None
    assert board.provider is not None


OTHER_KERNEL = """
    import seedance_widgets as sw
    base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
    board = sw.Storyboard(["leaves", "passes", "lands"], base=base, name="voyage")
    try:
        sw.run(board.run())
    except sw.errors.SweepError as error:
        print(error)
    print([shot.state for shot in board.shots])
"""


async def test_what_another_kernel_has_changed_is_not_written_over(sim, in_script):
    board = board_of(sim, ["leaves", "passes"], name="voyage")
    board.save()
    changes = """
        import seedance_widgets as sw
        sw.Storyboard.load("voyage").edit(0, prompt="sails")
    """
    done = await asyncio.to_thread(in_script, changes, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.returncode == 0, done
    words = r"'voyage' was changed by another notebook since; sw\.Storyboard\.load\('voyage'\) has .* Nothing was sent"
    with pytest.raises(SweepError, match=words):
        await board.run()
    with pytest.raises(SweepError, match=words):
        board.edit(0, prompt="turns")
    assert [shot.prompt for shot in board.shots] == ["leaves", "passes"]
    assert not creates(sim)
    loaded = sw.Storyboard.load("voyage")
    assert loaded == board
    assert [shot.prompt for shot in board.shots] == ["sails", "passes"]
    await board.run()
    assert len(creates(sim)) == 2


async def test_two_kernels_that_start_at_once_send_each_shot_once(sim, in_script):
    started = [asyncio.to_thread(in_script, OTHER_KERNEL, SEEDANCE_SIMULATOR=sim.ark_base_url) for _ in range(2)]
    done = await asyncio.gather(*started)
    assert [one.returncode for one in done] == [0, 0], done
    prompts = [json.dumps(entry.body["content"][0]) for entry in creates(sim)]
    assert len(prompts) == len(set(prompts)) == 3, done


async def test_a_shot_that_another_kernel_is_just_sending_is_not_sent(sim, home):
    board = board_of(sim, ["leaves", "passes"], name="voyage")
    await board.run()
    one = board.shots[1].job.id
    del board
    restart()
    other = Owner(home)
    with sqlite3.connect(home / FILE) as ledger:  # its row of the job is not written yet
        ledger.execute("DELETE FROM jobs WHERE id = ?", [one])
        spec = json.loads(ledger.execute("SELECT spec FROM storyboards").fetchone()[0])
        ledger.execute("UPDATE storyboards SET spec = ?", [json.dumps({**spec, "owner": other.name})])
    ledger.close()
    board = sw.Storyboard.load("voyage", sim.provider())
    await board.run()
    assert states(board) == ["succeeded", "unknown"]
    assert "another notebook is just sending it" in str(board.shots[1].error)
    assert len(creates(sim)) == 2
    del board
    restart()
    other.release()  # it has ended, and has not sent it
    assert states(sw.Storyboard.load("voyage", sim.provider())) == ["succeeded", "planned"]
