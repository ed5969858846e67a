"""What must hold of a storyboard whatever is done to it: nothing is bought twice, agreed to by mistake or lost."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
import time

import numpy as np
import pytest

import seedance_widgets as sw
from seedance_widgets.errors import ConfigurationError, SweepError
from seedance_widgets.jobs.ledger import FILE
from tests.storyboard.boards import BASE, board_of, creates, restart, states, until


async def test_a_shot_that_is_made_anew_by_three_calls_at_once_is_bought_once(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board = sw.Storyboard(["leaves"], base=BASE, provider=provider, max_cost=1)
    await board.run()
    ends = await asyncio.gather(*(_end_of(board.rerun(0)) for _ in range(3)))
    assert len(creates(sim)) == 2
    assert ends[0] is None
    assert all("shot 0 is made anew already" in str(error) and "rerun(0)" in str(error) for error in ends[1:])
    await board.rerun(0)
    assert len(creates(sim)) == 3
    running, anew = board.run(), board.rerun(0)  # nothing to make: this one is meant
    await asyncio.gather(running._future, anew._future)
    assert len(creates(sim)) == 4


async def _end_of(outcome):
    try:
        await outcome
    except SweepError as error:
        return error


async def test_a_run_and_a_shot_made_anew_at_once_buy_it_once(sim):
    board = board_of(sim, ["leaves"])
    running, anew = board.run(), board.rerun(0)
    await running
    assert "made anew already" in str(await _end_of(anew))
    assert len(creates(sim)) == 1


class SlowPath(os.PathLike):
    """A picture that takes until the board has gone on to be no picture."""

    def __init__(self, board):
        self.board = board

    def __fspath__(self):
        sent = [shot for shot in self.board.shots if shot.made is not None and shot.job is None]
        until = time.monotonic() + 0.5
        while any(shot.job is None for shot in sent) and time.monotonic() < until:
            pass
        raise SweepError("no picture")


async def test_refused_changes_while_it_runs_leave_alone_what_the_run_writes(sim):
    cuts = [{"prompt": f"cut {number}", "first_frame_url": sw.sample_image()} for number in range(6)]
    board = board_of(sim, cuts)
    running = board.run()
    await until(board, lambda: board.shots[0].waiting)
    board.insert(6, "the last")  # it is not under way, and may be changed
    refused = []

    def change():
        while not over.is_set():
            for refusal in (
                lambda: board.edit(6, first_frame_url=SlowPath(board)),
                lambda: board.edit(0, prompt=""),
                lambda: board.move(0, 99),
            ):
                try:
                    refusal()
                except ValueError:
                    refused.append(True)

    over = threading.Event()
    thread = threading.Thread(target=change)
    thread.start()
    try:
        await running
    finally:
        over.set()
        await asyncio.to_thread(thread.join)
    assert refused
    assert states(board) == ["succeeded"] * 6 + ["planned"]
    await board.run()
    assert len(creates(sim)) == 7


@pytest.mark.parametrize("cap", [float("nan"), "5", -1, True])
def test_an_amount_that_is_none_is_refused_wherever_it_is_said(sim, cap):
    board = board_of(sim, max_cost=1)
    with pytest.raises(SweepError, match="max_cost must be an amount of money"):
        board.max_cost = cap
    assert board.max_cost == 1
    board.max_cost = 2
    board.save()
    restart()
    assert sw.Storyboard.load(board.name).max_cost == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda spec: spec.update(max_cost=float("nan")),
        lambda spec: spec.update(max_cost="5"),
        lambda spec: spec["shots"][0]["given"].pop("prompt"),
        lambda spec: spec["shots"][0]["given"].update(mood="calm"),
    ],
)
def test_a_row_with_what_no_storyboard_has_is_called_damaged(sim, home, damage):
    board_of(sim, name="voyage").save()
    restart()
    with sqlite3.connect(home / FILE) as ledger:
        spec = json.loads(ledger.execute("SELECT spec FROM storyboards").fetchone()[0])
        damage(spec)
        ledger.execute("UPDATE storyboards SET spec = ?", [json.dumps(spec)])
    ledger.close()
    with pytest.raises(SweepError, match=r"storyboard 'voyage' is damaged .*sw\.jobs\(\) lists them"):
        sw.Storyboard.load("voyage")


async def test_another_provider_is_asked_and_billed_as_what_it_is(sim):
    board = board_of(sim, name="voyage")
    assert "free" in board.plan().splitlines()[0]
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board.provider = provider
    assert (board.provider_id, board.base_url, board.wire) == (provider.id, provider.base_url, "ark")
    assert "¥" in board.plan().splitlines()[0]
    with pytest.raises(SweepError, match="bills 3 shots"):
        await board.run()
    board.provider_id = "simulator:ark-cn"  # whom we ask decides
    with pytest.raises(SweepError, match="3 shots"):
        await board.run()
    assert not creates(sim)
    with pytest.raises(ConfigurationError, match="choose one of"):
        board.provider = "nobody"
    board.provider = sim
    assert board.provider_id == "simulator:ark-cn"
    assert not board.billed


async def test_another_provider_waits_until_nothing_is_under_way(sim):
    board = board_of(sim, ["leaves [sim:run=60]", "lands"])
    running = board.run()
    await until(board, lambda: board.shots[0].state == "running")
    with pytest.raises(SweepError, match="under way at Simulator"):  # the free run's second shot would be billed
        board.provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    await running
    assert states(board) == ["succeeded"] * 2


async def test_a_video_that_was_fetched_later_comes_into_its_storyboard(sim, home):
    provider = sim.provider()
    board = board_of(sim, ["leaves", "lands"], name="voyage")
    (home / "media").write_text("in the way")
    await board.run()
    assert states(board) == ["failed", "planned"]
    assert len(creates(sim)) == 1
    (home / "media").unlink()
    await sw.resume(provider)
    assert [job.status for job in sw.jobs()] == ["succeeded"]
    assert "['lands'" not in repr(board)
    assert repr(board).endswith("2 shots: succeeded, planned)")
    assert board[1].error is None
    assert sw.Storyboard.load("voyage", provider) == board
    await board.run()
    assert states(board) == ["succeeded"] * 2
    assert len(creates(sim)) == 2


async def test_a_run_fetches_the_video_that_could_not_be_kept(sim, home):
    board = board_of(sim, ["leaves", "lands"], name="voyage")
    (home / "media").write_text("in the way")
    await board.run()
    (home / "media").unlink()
    await board.run()
    assert states(board) == ["succeeded"] * 2
    assert len(creates(sim)) == 2


def test_the_text_of_a_prompt_cannot_command_a_terminal(sim):
    board = board_of(sim, ["\x1b[31mred\nand \u202eblue", "家 👩‍👧"])
    lines = board.plan().splitlines()
    assert len(lines) == 3
    assert all(line.replace("\u200d", "").isprintable() for line in lines)
    assert "家 👩‍👧" in lines[2]


@pytest.mark.parametrize("shots", [{"leaves"}, 5, None, b"leaves", {"prompt": "leaves"}])
def test_what_is_no_list_of_shots(sim, shots):
    with pytest.raises(SweepError, match=rf"shots must be a list .* {type(shots).__name__} is not"):
        board_of_any(sim, shots)


def board_of_any(sim, shots):
    return sw.Storyboard(shots, base=BASE, provider=sim.provider())


def test_shots_may_come_as_any_row_of_texts_and_an_iterator_that_breaks_is_told(sim):
    board = board_of_any(sim, np.array(["leaves", "lands"]))
    assert [type(shot.given["prompt"]) for shot in board] == [str, str]
    assert len(board_of_any(sim, (one for one in ["leaves", "lands"]))) == 2
    with pytest.raises(SweepError, match="could not be gone through: ZeroDivisionError: integer"):
        board_of_any(sim, (str(1 // number) for number in [1, 0]))


def test_so_many_shots_are_refused_and_a_thousand_are_looked_at_in_one_pass(sim):
    for many, count in [(["a"] * 2000, "these are 2,000"), (iter(["a"] * 2000), "more than 1,000")]:
        with pytest.raises(SweepError, match=rf"at most 1,000 shots, .*{count}"):
            board_of_any(sim, many)
    board = board_of_any(sim, ["a"] * 1000)
    with pytest.raises(SweepError, match="at most 1,000 shots"):
        board.insert(1000, "b")
    seconds = []
    for few in (100, 1000):
        board = board_of_any(sim, ["a"] * few)
        began = time.process_time()
        assert repr(board).count("planned") == few
        seconds.append(time.process_time() - began)
    assert seconds[1] < 40 * seconds[0]  # a walk to the first shot for each took a hundred times as long


@pytest.mark.parametrize("load", [sw.Storyboard.load, sw.Sweep.load])
@pytest.mark.parametrize("name", ["\ud800", "a\0b", ["x"], {}, None, 10**30])
def test_what_nothing_can_be_called_is_not_found(load, name):
    with pytest.raises(KeyError, match=r"no (sweep|storyboard) is called .*; there is none yet"):
        load(name)
