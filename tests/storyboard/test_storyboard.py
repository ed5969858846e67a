"""Storyboards against the simulator: chains, cuts, failures, changes, restarts, and one film of all."""

from __future__ import annotations

import asyncio
import sqlite3

import av
import numpy as np
import pytest

import seedance_widgets as sw
from seedance_widgets.errors import StorageError, SweepError
from seedance_widgets.jobs.ledger import FILE
from tests.storyboard.boards import BASE, board_of, creates, restart, states, until
from tests.storyboard.test_join import packets


def difference(one, other):
    return np.abs(np.asarray(one).astype(int) - np.asarray(other.resize(one.size)).astype(int)).mean()


async def test_each_shot_starts_with_the_last_frame_of_the_one_before(sim):
    board = board_of(sim)
    await board.run()
    assert [shot.state for shot in board.shots] == ["succeeded"] * 3
    for before, after in zip(board.videos, board.videos[1:], strict=False):
        assert difference(before.frame(before.duration), after.frame(0.0)) < 6
    assert creates(sim)[0].body["return_last_frame"] is True
    assert board.to_make() == []
    await board.run()
    assert len(creates(sim)) == 3


async def test_a_cut_starts_with_its_own_picture_and_waits_for_nobody(sim):
    shots = ["leaves [sim:fail]", "goes on", {"prompt": "elsewhere", "first_frame_url": sw.sample_image()}, "there"]
    board = board_of(sim, shots)
    await board.run()
    assert [shot.state for shot in board.shots] == ["failed", "planned", "succeeded", "succeeded"]
    assert str(board.shots[1].error) == "it starts with the last frame of shot 0, which failed."
    assert board.shots[2].before is None
    assert len(creates(sim)) == 3


async def test_shots_after_one_that_failed_are_not_sent_and_say_why_until_there_is_a_reason_no_more(sim):
    board = board_of(sim, ["leaves [sim:fail]", "passes", "lands"])
    await board.run()
    assert states(board) == ["failed", "planned", "planned"]
    assert "shot 1, which has no video" in str(board[2].error)
    board.edit(1, prompt="turns")
    assert board[1].error is None
    board.edit(0, prompt="leaves")
    await board.run()
    assert states(board) == ["succeeded"] * 3
    assert [shot.error for shot in board] == [None] * 3


async def test_shots_keep_what_they_have_where_the_one_before_could_not_be_made_anew(sim, monkeypatch):
    board = board_of(sim)
    await board.run()
    made = board.videos
    with monkeypatch.context() as patched:
        patched.setattr("seedance_widgets.storyboard.run.submit", _refused)
        await board.rerun(0)
    assert states(board) == ["failed", "succeeded", "succeeded"]
    for number in (0, 1):
        assert f"shot {number}, which could not be made anew" in str(board[number + 1].error)
    assert board.videos == made
    await board.rerun(0)
    assert states(board) == ["succeeded"] * 3
    assert [shot.error for shot in board] == [None] * 3


def _refused(*_, **__):
    raise StorageError("the disk is full")


async def test_a_failed_shot_is_sent_again_by_the_next_run(sim):
    board = board_of(sim, ["leaves [sim:fail]", "lands"])
    await board.run()
    board.edit(0, prompt="leaves")
    await board.run()
    assert [shot.state for shot in board.shots] == ["succeeded"] * 2
    assert len(creates(sim)) == 3


async def test_a_shot_that_is_made_anew_takes_those_after_it_along(sim):
    board = board_of(sim)
    await board.run()
    first, *others = [video.path for video in board.videos]
    board.edit(1, prompt="turns")
    assert [shot.state for shot in board.shots] == ["succeeded", "outdated", "outdated"]
    assert [video.path for video in board.videos] == [first, *others]
    await board.run()
    assert board.videos[0].path == first
    assert not {video.path for video in board.videos[1:]} & set(others)
    await board.rerun(2)
    assert len(creates(sim)) == 6
    await board.rerun(0, prompt="leaves again")
    assert len(creates(sim)) == 9


async def test_shots_are_inserted_moved_and_removed(sim):
    board = board_of(sim)
    await board.run()
    board.insert(1, "waits")
    assert [shot.state for shot in board.shots] == ["succeeded", "planned", "outdated", "outdated"]
    board.remove(1)
    assert [shot.state for shot in board.shots] == ["succeeded"] * 3
    board.move(0, 2)
    assert [shot.prompt for shot in board.shots] == ["passes", "lands", "leaves"]
    assert board.shots[0].state == "outdated"
    with pytest.raises(SweepError, match="numbered 0 to 2"):
        board.move(0, 3)


async def test_a_storyboard_may_begin_empty_and_goes_on_by_its_name(sim):
    board = sw.Storyboard(base=BASE, provider=sim.provider(), name="voyage")
    assert (len(board), repr(board)) == (0, "Storyboard('voyage': 0 shots)")
    assert board.plan() == "0 shots · 0 to make · free"
    with pytest.raises(SweepError, match=r"no shot yet; board\.insert"):
        board.join("film.mp4")
    with pytest.raises(SweepError, match="no shot yet"):
        await board.run()
    with pytest.raises(IndexError, match="there are none yet"):
        _ = board[0]
    assert sw.Storyboard.names() == []
    board.insert(0, "leaves")
    board.insert(1, "lands")
    await board.run()
    made = [video.path for video in board.videos]
    assert sw.Storyboard(name="voyage") == board  # beside it
    del board
    restart()
    again = sw.Storyboard(base=BASE, provider=sim.provider(), name="voyage", max_cost=3)
    assert [shot.prompt for shot in again] == ["leaves", "lands"]
    assert [video.path for video in again.videos] == made
    assert again.max_cost == 3
    assert states(sw.Storyboard(base=BASE.replace(seed=7), name="voyage")) == ["outdated"] * 2
    assert again.base.seed == 7
    again.remove(0)
    again.remove(0)
    assert len(again) == 0
    restart()
    assert len(sw.Storyboard.load("voyage")) == 0
    assert len(creates(sim)) == 2


def test_shots_that_were_not_sent_yet_are_kept_where_none_are_named(sim):
    board = board_of(sim, name="voyage")
    assert sw.Storyboard(name=" voyage ", provider=sim.provider()) == board
    assert len(board) == 3
    assert board.base == BASE


def test_what_it_costs_is_told_before_anything_is_sent(sim):
    board = board_of(sim)
    assert board.plan().splitlines()[0] == "3 shots · 3 to make · free"
    assert board.shots[2].estimate.tokens == board.shots[0].estimate.tokens
    assert not creates(sim)


async def test_a_billed_storyboard_needs_an_agreed_cap_and_keeps_it(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board = sw.Storyboard(["leaves", "lands"], base=BASE, provider=provider)
    with pytest.raises(SweepError, match=r"bills 2 shots: .*max_cost="):
        await board.run()
    with pytest.raises(SweepError, match="over max_cost"):
        await board.run(max_cost=0.3)
    assert not creates(sim)
    await board.run(max_cost=1)
    assert len(creates(sim)) == 2


async def test_a_shot_that_cannot_be_sent_is_said_before_any_other_is(sim):
    board = board_of(sim, ["leaves", {"prompt": "lands", "duration": 99}])
    with pytest.raises(SweepError, match=r"shot 1 cannot be sent: .*99"):
        await board.run()
    assert not creates(sim)


@pytest.mark.parametrize(
    ("shots", "error", "words"),
    [
        ("leaves", SweepError, "a list of prompts"),
        (None, SweepError, "a list of prompts"),
        ([""], SweepError, "needs a prompt"),
        ([{"duration": 2}], SweepError, "needs a prompt"),
        ([7], SweepError, "int is not"),
        ([{"prompt": "x", "duratoin": 2}], TypeError, "did you mean duration"),
    ],
)
def test_what_is_no_shot(sim, shots, error, words):
    with pytest.raises(error, match=words):
        sw.Storyboard(shots, base=BASE, provider=sim.provider())


async def test_it_goes_on_under_its_name_and_another_one_may_not_have_it(sim):
    await board_of(sim, name="voyage").run()
    same = board_of(sim, name="voyage")
    assert [shot.state for shot in same.shots] == ["succeeded"] * 3
    await same.run()
    assert len(creates(sim)) == 3
    with pytest.raises(SweepError, match="with other shots"):
        board_of(sim, ["something else"], name="voyage")
    assert sw.Storyboard.names() == ["voyage"]
    with pytest.raises(KeyError, match="did you mean 'voyage'"):
        sw.Storyboard.load("voyag")


def test_killed_in_the_middle_nothing_is_sent_twice(sim, in_script):
    script = """
        import os, seedance_widgets as sw
        base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
        board = sw.Storyboard(["leaves", "passes [sim:run=100]", "lands"], base=base, name="voyage")
        def look(_):
            if board.shots[1].state == "running": os.kill(os.getpid(), 9)
        with board.listening(look):
            sw.run(board.run())
    """
    assert in_script(script, SEEDANCE_SIMULATOR=sim.ark_base_url).returncode == -9
    assert len(creates(sim)) == 2
    done = in_script(
        """
        import seedance_widgets as sw
        board = sw.Storyboard.load("voyage")
        sw.run(board.run())
        print([shot.state for shot in board.shots])
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert done.stdout.strip() == "['succeeded', 'succeeded', 'succeeded']", done.stderr
    assert len(creates(sim)) == 3


async def test_a_damaged_row_is_not_bought_again(sim, home):
    board = board_of(sim, name="voyage")
    await board.run()
    with sqlite3.connect(home / FILE) as ledger:
        ledger.execute("UPDATE jobs SET request = '{' WHERE id = ?", [board.shots[2].job.id])
    ledger.close()
    restart()
    loaded = sw.Storyboard.load("voyage", sim.provider())
    assert [shot.state for shot in loaded.shots] == ["succeeded", "succeeded", "unknown"]
    await loaded.run()
    assert len(creates(sim)) == 3
    loaded.edit(2, prompt="lands")  # no change
    assert "may have been made and billed" in str(loaded.shots[2].error)
    loaded.edit(2, prompt="is moored")  # something else, which nobody has sent
    assert [shot.state for shot in loaded.shots] == ["succeeded", "succeeded", "planned"]
    loaded.edit(2, prompt="lands")
    assert [shot.state for shot in loaded.shots] == ["succeeded", "succeeded", "unknown"]
    await loaded.rerun(2)
    assert [shot.state for shot in loaded.shots] == ["succeeded"] * 3


async def test_alike_shots_are_joined_without_encoding_a_picture(sim, tmp_path):
    board = board_of(sim, ["leaves", "lands"])
    await board.run()
    film = board.join(tmp_path / "film.mp4")
    assert board.joined_by == "copy"
    assert packets(film.path) == [packet for video in board.videos for packet in packets(video.path)]
    assert film.frames == sum(video.frames for video in board.videos)
    assert film.duration == pytest.approx(sum(video.duration for video in board.videos), abs=0.01)
    with av.open(str(film.path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == film.frames
    assert np.allclose(np.diff(times), 1 / 24, atol=0.002)
    assert difference(film.frame(film.duration), board.videos[1].frame(board.videos[1].duration)) < 2
    with pytest.raises(FileExistsError, match="overwrite=True"):
        board.join(tmp_path / "film.mp4")


async def test_shots_that_differ_are_encoded_to_the_size_of_the_first_with_silence_where_there_is_none(sim, tmp_path):
    shots = [
        {"prompt": "talks", "model": "1.5-pro", "generate_audio": True, "duration": 4},
        {"prompt": "lands", "resolution": "720p"},
    ]
    board = board_of(sim, shots)
    await board.run()
    assert [shot.state for shot in board.shots] == ["succeeded"] * 2
    film = board.join(tmp_path / "film.mp4")
    assert board.joined_by == "encode"
    assert (film.width, film.height) == (board.videos[0].width, board.videos[0].height)
    assert film.frames == sum(video.frames for video in board.videos)
    assert film.has_audio
    with av.open(str(film.path)) as container:
        sound = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert sound == pytest.approx(film.duration, abs=0.1)


async def test_a_film_needs_every_shot(sim, tmp_path):
    board = board_of(sim)
    with pytest.raises(SweepError, match=r"^shots 0, 1 and 2 have no video yet"):
        board.join(tmp_path / "film.mp4")
    await board.run()
    with pytest.raises(SweepError, match=r"should end in \.mp4"):
        board.join(tmp_path / "film.gif")
    board.videos[1].path.unlink()
    with pytest.raises(sw.errors.VideoFileError, match="no longer at"):
        board.join(tmp_path / "film.mp4")
    assert not list(tmp_path.glob("*.part"))


async def test_a_film_of_shots_that_have_changed_since_is_only_made_where_that_is_meant(sim, tmp_path):
    board = board_of(sim)
    await board.run()
    board.edit(2, prompt="is moored")
    with pytest.raises(SweepError, match=r"^shot 2 has changed since it was made; run\(\) makes it anew"):
        board.join(tmp_path / "film.mp4")
    board.edit(1, prompt="turns")
    with pytest.raises(SweepError, match=r"^shots 1 and 2 have changed since they were made; .*, outdated=True"):
        board.join(tmp_path / "film.mp4")
    assert not list(tmp_path.glob("*.mp4"))
    film = board.join(tmp_path / "film.mp4", outdated=True)
    assert film.frames == sum(video.frames for video in board.videos)
    await board.run()
    board.join(tmp_path / "new.mp4")


def test_shots_are_found_by_their_numbers_and_gone_through(sim):
    board = board_of(sim)
    assert [shot.prompt for shot in board] == ["leaves", "passes", "lands"]
    assert board[0] is board.shots[0]
    assert board[-1] is board.shots[2]
    assert board[1:] == board.shots[1:]
    with pytest.raises(IndexError, match="no shot 3; the shots are numbered 0 to 2"):
        board[3]
    with pytest.raises(TypeError, match="found by its number"):
        board["leaves"]


async def test_a_shot_that_may_not_be_made_anew_keeps_its_video(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board = sw.Storyboard(["leaves", "lands"], base=BASE, provider=provider, name="voyage", max_cost=5)
    await board.run()
    before = [shot.video for shot in board.shots]
    with pytest.raises(SweepError, match="go over max_cost"):
        await board.rerun(0, max_cost=0.01)
    with pytest.raises(SweepError, match="cannot be sent"):
        await board.rerun(1, duration=99)
    board.edit(1, duration=None)
    assert [shot.video for shot in board.shots] == before
    assert [shot.state for shot in board.shots] == ["succeeded"] * 2
    del board
    restart()
    assert [shot.video.path for shot in sw.Storyboard.load("voyage", provider).shots] == [one.path for one in before]
    assert len(creates(sim)) == 2


CUT = {"prompt": "elsewhere [sim:run=60]", "first_frame_url": sw.sample_image()}


async def test_another_base_is_written_down_or_nothing_has_changed(sim, monkeypatch):
    board = board_of(sim, ["leaves", "lands"])
    await board.run()
    other = BASE.replace(ratio="1:1")
    board.base = other
    assert [shot.outdated for shot in board] == [True, True]
    assert sw.Storyboard.load(board.name, sim.provider()).base.ratio == "1:1"
    with pytest.raises(SweepError, match="base must be a VideoRequest"):
        board.base = "a boat"
    monkeypatch.setattr(board, "write", lambda: (_ for _ in ()).throw(StorageError("the disk is full")))
    with pytest.raises(StorageError, match="the disk is full"):
        board.base = BASE
    assert board.base == other
    assert [shot.outdated for shot in board] == [True, True]
    monkeypatch.undo()
    board.base = BASE
    assert [shot.outdated for shot in board] == [False, False]  # what was made fits again


async def test_what_is_under_way_is_not_changed(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board = sw.Storyboard(["leaves [sim:run=60]", "lands"], base=BASE, provider=provider, max_cost=0.7)
    running = board.run()
    await until(board, lambda: board.shots[0].job is not None)
    for refused, words in [
        (lambda: board.edit(0, prompt="sails"), "shot 0 is under way; let it end"),
        (lambda: board.edit(1, resolution="1080p", duration=12), "shot 1 is under way; let it end"),  # not in the cap
        (lambda: setattr(board, "base", BASE.replace(resolution="1080p", duration=12)), "shot 0 is under way; let it"),
        (lambda: board.insert(1, "turns"), "shot 0 is under way; .* before shots come to other places"),
        (lambda: board.remove(1), "shot 0 is under way"),
        (lambda: board.move(1, 0), "shot 0 is under way"),
    ]:
        with pytest.raises(SweepError, match=words):
            refused()
    board.insert(2, "moors")
    assert states(board)[1:] == ["waiting", "planned"]
    await running
    assert [entry.body["content"][0]["text"].split(" --")[0] for entry in creates(sim)] == [
        "leaves [sim:run=60]",
        "lands",
    ]
    board.edit(1, prompt="sinks")
    assert states(board) == ["succeeded", "outdated", "planned"]


async def test_a_shot_that_is_changed_after_it_was_made_is_no_start_for_one_that_waits(sim):
    board = board_of(sim, ["leaves", "turns [sim:run=60]", "lands"])
    running = board.run()
    await until(board, lambda: board.shots[1].state == "running")
    board.edit(0, prompt="sails")
    await running
    assert states(board) == ["outdated", "outdated", "planned"]
    assert "shot 1, which is outdated" in str(board.shots[2].error)
    assert len(creates(sim)) == 2


async def test_a_chain_that_breaks_leaves_the_others_to_their_ends(sim, home):
    board = board_of(sim, ["leaves", "passes", CUT])
    running = board.run()
    await until(board, lambda: board.shots[0].state == "running")
    with sqlite3.connect(home / FILE) as ledger:  # another kernel at work
        ledger.execute("UPDATE storyboards SET spec = spec || ' '")
    ledger.close()
    with pytest.raises(SweepError, match="was changed by another notebook"):
        await running
    assert states(board) == ["succeeded", "failed", "succeeded"]
    assert len(creates(sim)) == 2


def test_a_shot_that_was_taken_out_can_be_shown(sim):
    board = board_of(sim)
    shot = board.shots[1]
    board.remove(1)
    assert repr(shot) == "<Shot (taken out): 'passes': planned>"
    assert (shot.index, shot.before) == (-1, None)


@pytest.mark.parametrize("place", [-1, 4, True, None, "0"])
def test_a_place_that_there_is_none_of(sim, place):
    board = board_of(sim)
    with pytest.raises(SweepError, match="a place from 0 to 3"):
        board.insert(place, "turns")
    assert len(board) == 3


async def test_a_change_that_cannot_be_written_is_none(sim, tmp_path):
    board = board_of(sim, name="voyage")
    await board.run()
    with pytest.raises(sw.errors.StorageError, match="cannot be"):
        board.edit(1, first_frame_url=tmp_path / "none.png")
    with pytest.raises(sw.errors.StorageError, match="cannot be"):
        board.insert(1, {"prompt": "turns", "first_frame_url": tmp_path / "none.png"})
    assert [shot.prompt for shot in board.shots] == ["leaves", "passes", "lands"]
    assert states(board) == ["succeeded"] * 3
    restart()
    assert len(sw.Storyboard.load("voyage")) == 3


def test_killed_when_all_is_sent_a_run_that_comes_at_once_waits_for_the_videos(sim, in_script):
    script = """
        import os, seedance_widgets as sw
        base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
        cut = {"prompt": "elsewhere [sim:run=300]", "first_frame_url": sw.sample_image()}
        board = sw.Storyboard(["leaves [sim:run=300]", cut], base=base, name="voyage")
        def look(_):
            if all(shot.state == "running" for shot in board.shots): os.kill(os.getpid(), 9)
        with board.listening(look):
            sw.run(board.run())
    """
    assert in_script(script, SEEDANCE_SIMULATOR=sim.ark_base_url).returncode == -9
    done = in_script(
        """
        import seedance_widgets as sw
        async def all_at_once():
            board = sw.Storyboard.load("voyage")
            seen = []
            with board.listening(seen.append):
                await board.run()
            return [shot.state for shot in board.shots], any(job is not None for job in seen)
        print(*sw.run(all_at_once()))
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert done.stdout.strip() == "['succeeded', 'succeeded'] True", done
    assert len(creates(sim)) == 2


def test_the_cell_that_makes_a_storyboard_run_again_after_a_kill_follows_what_was_sent(sim, in_script):
    begin = """
        import os, seedance_widgets as sw
        base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
        board = sw.Storyboard(["leaves [sim:run=300]"], base=base, name="voyage")
    """
    kill = """
        def look(_):
            if board.shots[0].state == "running": os.kill(os.getpid(), 9)
        with board.listening(look):
            sw.run(board.run())
    """
    assert in_script(begin + kill, SEEDANCE_SIMULATOR=sim.ark_base_url).returncode == -9
    wait = """
        import threading
        done = threading.Event()
        def look(_):
            if board.shots[0].video: done.set()
        with board.listening(look):
            look(None)
            print(done.wait(60), board.shots[0].state)
    """
    done = in_script(begin + wait, SEEDANCE_SIMULATOR=sim.ark_base_url)
    assert done.stdout == "True succeeded\n", done
    assert len(creates(sim)) == 1


async def test_a_broken_listener_stops_nothing_and_is_reported(sim):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))

    def broken(_):
        raise ZeroDivisionError

    board = sw.Storyboard(["leaves"], base=BASE, provider=sim.provider())
    with board.listening(broken):
        await board.run()
    assert board.shots[0].state == "succeeded"
    assert {type(what["exception"]) for what in told} == {ZeroDivisionError}
    asyncio.get_running_loop().set_exception_handler(None)


def test_a_script_with_several_loops_goes_on_where_it_was(sim, in_script):
    done = in_script(
        """
        import asyncio, seedance_widgets as sw
        base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
        async def make():
            return sw.Storyboard(["leaves", "lands"], base=base), sw.Sweep(base.replace(prompt="a"), {"seed": [1, 2]})
        async def run(board, sweep):
            await board.run()
            await sweep.run()
        board, sweep = asyncio.run(make())
        asyncio.run(run(board, sweep))
        asyncio.run(run(board, sweep))
        board.edit(1, prompt="turns")
        sw.run(board.run())
        print([shot.state for shot in board.shots], sweep.summary())
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert done.stdout == "['succeeded', 'succeeded'] 2 cells · 2 done\n", done
    assert len(creates(sim)) == 5


async def test_cancel_sends_no_more_shots_and_keeps_what_runs(sim):
    board = board_of(sim, ["leaves [sim:run=60]", "passes", "lands"])
    run = board.run()
    await until(board, lambda: board.shots[0].state == "running")
    assert await board.cancel() == "2 not sent · 1 already running go on"
    await run
    assert states(board) == ["succeeded", "planned", "planned"]
    assert len(creates(sim)) == 1
    assert await board.cancel() == "there was nothing to cancel"
    await board.run()
    assert states(board) == ["succeeded"] * 3
    again = board.rerun(0)
    assert "3 not sent" in await board.cancel()  # before anything of it was sent
    await again
    assert len(creates(sim)) == 3
