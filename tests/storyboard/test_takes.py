"""Every take is remembered: what was made once is never made again, however the shots were changed meanwhile."""

from __future__ import annotations

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from tests.conftest import draw
from tests.storyboard.boards import BASE, board_of, creates, restart, states

CUT = {"prompt": "elsewhere", "first_frame_url": sw.sample_image()}


def paths(board):
    return [video.path for video in board.videos]


async def test_an_edit_that_is_taken_back_brings_the_old_videos_back(sim):
    board = board_of(sim)
    await board.run()
    first = paths(board)
    board.edit(1, prompt="turns")
    await board.run()
    second = paths(board)
    assert second[0] == first[0]
    assert not set(second[1:]) & set(first)
    board.edit(1, prompt="passes")
    assert states(board) == ["succeeded"] * 3
    assert paths(board) == first
    board.edit(1, prompt="turns")
    assert paths(board) == second
    await board.run()
    assert len(creates(sim)) == 5


async def test_the_newest_of_several_takes_wins(sim):
    board = board_of(sim, ["leaves"], name="voyage")
    await board.run()
    await board.rerun(0)
    newest = paths(board)
    board.edit(0, prompt="turns")
    assert states(board) == ["outdated"]
    await board.run()
    board.edit(0, prompt="leaves")
    assert paths(board) == newest
    del board
    restart()
    assert paths(sw.Storyboard.load("voyage")) == newest
    assert len(creates(sim)) == 3


async def test_a_shot_that_is_taken_out_and_put_back_is_not_made_again(sim):
    board = board_of(sim, ["leaves", CUT, "lands"])
    await board.run()
    first = paths(board)
    board.remove(1)
    assert states(board) == ["succeeded", "outdated"]
    board.insert(1, CUT)
    assert paths(board) == first
    board.move(0, 2)
    board.move(2, 0)
    assert paths(board) == first
    assert states(board) == ["succeeded"] * 3


async def test_two_shots_that_are_alike_have_a_video_each(sim):
    board = board_of(sim, ["leaves", CUT, CUT], name="voyage")
    await board.run()
    first = paths(board)
    assert len(set(first)) == 3
    for number in (1, 2):  # whichever of them is the newer one
        board.edit(number, prompt="turns")
        await board.run()
        board.edit(number, prompt="elsewhere")
        assert paths(board) == first
    del board
    restart()
    again = board_of(sim, ["leaves", CUT, CUT], name="voyage")
    assert (paths(again), states(again)) == (first, ["succeeded"] * 3)


def voyage(sim, shots=("leaves", "passes", "lands"), base=BASE):
    return board_of(sim, shots, base, name="voyage")


@pytest.mark.parametrize("kernel", ["the same kernel", "a restarted kernel"])
async def test_a_notebook_that_edits_its_storyboard_may_run_again(sim, kernel):
    async def cells():
        board = voyage(sim)
        await board.run()
        board.edit(2, prompt="sinks")
        board.insert(3, CUT)
        await board.run()
        return board

    first = await cells()
    sent = len(creates(sim))
    assert sent == 5
    made = paths(first)
    if kernel == "a restarted kernel":
        del first
        restart()
    again = await cells()
    assert len(creates(sim)) == sent
    assert paths(again) == made


async def test_shots_that_were_changed_where_they_are_written_show_their_old_video_until_they_are_made(sim):
    old = voyage(sim)
    await old.run()
    first = paths(old)
    board = voyage(sim, ["leaves", "turns", "lands", "moors"])
    assert states(board) == ["succeeded", "outdated", "outdated", "planned"]
    assert paths(board) == first
    await board.run()
    assert len(creates(sim)) == 6
    assert paths(voyage(sim)) == first
    assert len(creates(sim)) == 6


async def test_shots_that_have_nothing_in_common_are_another_storyboard(sim):
    board = voyage(sim)
    await board.run()
    with pytest.raises(SweepError, match="with other shots"):
        voyage(sim, ["a cat", "a dog"])
    with pytest.raises(SweepError, match="with other shots"):
        sw.Storyboard(["leaves"], base=BASE, name="voyage", provider=sw.providers.Ark("key", base_url=sim.ark_base_url))
    assert [shot.prompt for shot in board.shots] == ["leaves", "passes", "lands"]
    assert states(sw.Storyboard.load("voyage")) == ["succeeded"] * 3
    board.edit(0, prompt="sails")
    await board.run()
    assert voyage(sim).shots[0].state == "succeeded"  # a take is something in common too


async def test_another_picture_to_start_with_changes_the_first_chain_and_no_cut(sim, tmp_path):
    board = voyage(sim, ["leaves", "passes", CUT])
    await board.run()
    first = paths(board)
    draw(640, 400).save(tmp_path / "other.png")
    board = voyage(sim, ["leaves", "passes", CUT], BASE.replace(first_frame_url=tmp_path / "other.png"))
    assert states(board) == ["outdated", "outdated", "succeeded"]
    await board.run()
    assert len(creates(sim)) == 5
    assert paths(voyage(sim, ["leaves", "passes", CUT])) == first


async def test_a_storyboard_that_was_never_made_may_become_any_other(sim):
    voyage(sim)
    board = voyage(sim, ["a cat"])
    assert [shot.prompt for shot in board.shots] == ["a cat"]
    assert sw.Storyboard.names() == []
