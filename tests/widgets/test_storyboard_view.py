"""The Python side of a storyboard's view: what is asked before money is spent, and what a saved notebook keeps."""

from __future__ import annotations

import asyncio
import gc

import pytest

import seedance_widgets as sw
from seedance_widgets.widgets import storyboard_view
from seedance_widgets.widgets.storyboard_view import StoryboardView
from tests.widgets.front import Front, until
from tests.widgets.test_sweep_view import untranslated

BASE = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2, seed=5)


def key(view, number):
    return view.board["shots"][number]["key"]


async def test_a_press_on_a_storyboard_counts_once_and_its_answer_for_one_run(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board = sw.Storyboard(["leaves", "lands"], base=BASE, provider=provider)
    front = Front(view := StoryboardView(board))
    asked = (await front.ask("run", press="1"))["confirm"]
    assert "bills 2 shots: ¥0.60" in asked["line"]
    assert await front.ask("run", press="1", agreed=asked["agreed"]) == {}
    assert "confirm" in await front.ask("run", press="2", agreed="something else")
    assert "confirm" in await front.ask("run", press="3", agreed=asked["agreed"])  # of an older question
    again = (await front.ask("run", press="4"))["confirm"]
    board.insert(2, "moors")
    assert "3 shots" in (await front.ask("run", press="5", agreed=again["agreed"]))["confirm"]["line"]
    last = (await front.ask("run", press="6"))["confirm"]
    assert await front.ask("run", press="7", agreed=last["agreed"]) == {"sent": 3}
    await until(lambda: view.board["summary"] == "3 of 3 shots done")
    assert len([entry for entry in sim.requests if entry.method == "POST"]) == 3
    board.max_cost = 0.01
    assert "go over max_cost" in await front.refused("rerun", shot=key(view, 1), press="8")
    assert board.shots[1].video is not None
    assert "no such shot" in await front.refused("rerun", shot="1", press="9")


async def test_a_film_of_shots_that_have_changed_since_can_be_looked_at_and_says_so(sim):
    board = sw.Storyboard(["leaves", "lands"], base=BASE, provider=sim.provider())
    front = Front(StoryboardView(board))
    await board.run()
    board.edit(1, prompt="sinks")
    film = await front.ask("film")
    assert "Changed since it was made: shot 1." in film["words"]
    assert film["video"]["frames"] == sum(video.frames for video in board.videos)


async def test_a_saved_storyboard_keeps_pictures_and_what_people_wrote_is_text(sim):
    board = sw.Storyboard(["<b>The boat</b> leaves", "It lands"], base=BASE, provider=sim.provider())
    view = StoryboardView(board, lang="zh")
    await until(lambda: view.board["shots"])
    assert untranslated(view.board["shots"][0]["line"]) == []
    assert view.saved()["text/html"].count("<img") == 0
    await board.run()
    assert view.saved()["text/html"].count("<img") == 0  # no picture is read on the loop
    await asyncio.to_thread(view.save_now)
    saved = view.saved()["text/html"]
    assert saved.count('src="data:image/jpeg;base64,') == 2
    assert "&lt;b&gt;The boat&lt;/b&gt; leaves: succeeded" in saved
    assert "运行此单元以打开分镜。" in saved
    assert len(saved) < 100_000
    await board.rerun(0)
    board.shots[0].video.path.unlink()
    await asyncio.to_thread(view.save_now)
    saved = view.saved()["text/html"]
    assert saved.count("<img") == 1
    assert saved.count("It lands") == 1


async def test_what_is_under_way_is_refused_where_it_was_pressed(sim):
    board = sw.Storyboard(["leaves [sim:run=60]", "lands", "moors"], base=BASE, provider=sim.provider())
    front = Front(view := StoryboardView(board))
    await front.ask("run", press="1")
    await until(lambda: view.board["shots"] and view.board["busy"])
    assert "shot 1 is under way" in await front.refused("edit", shot=key(view, 1), prompt="sinks")
    assert "under way" in await front.refused("move", shot=key(view, 2), by=-1)
    assert "under way" in await front.refused("remove", shot=key(view, 2))
    await front.ask("add", prompt="sleeps")
    await until(lambda: view.board["summary"] == "3 of 4 shots done" and not view.board["busy"])
    await front.ask("edit", shot=key(view, 1), prompt="sinks")
    await until(lambda: view.board["shots"][1]["state"] == "outdated")
    await front.ask("edit", shot=key(view, 1), prompt="lands")
    await until(lambda: view.board["shots"][1]["state"] == "succeeded")


async def test_a_storyboard_that_is_made_again_is_the_same_view(sim):
    def shown():
        board = sw.Storyboard(["leaves"], base=BASE, provider=sim.provider(), name="voyage")
        board._ipython_display_()
        storyboard_view.show(board._first)
        return board, storyboard_view._views[board]

    one, view = shown()
    other, again = shown()
    assert other is not one
    assert again is view
    view().close()


async def test_a_view_that_could_not_be_made_is_closed_without_a_word(sim):
    board = sw.Storyboard(["leaves"], base=BASE, provider=sim.provider())
    for make in (lambda: StoryboardView(board, lang="xx"), lambda: StoryboardView(None), StoryboardView):
        with pytest.raises((ValueError, AttributeError, TypeError)):
            make()
    gc.collect()  # what is said while something is taken away is an error in these tests


async def test_a_film_of_a_storyboard_with_the_longest_name_is_kept(sim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "船" * 100
    board = sw.Storyboard(["leaves"], base=BASE, provider=sim.provider(), name=name)
    front = Front(StoryboardView(board))
    await board.run()
    for _ in range(2):
        assert "船" in (await front.ask("film", keep=True))["words"]
    assert len(list(tmp_path.glob("船*.mp4"))) == 2


async def test_a_view_shows_the_video_that_was_fetched_later(sim, home):
    provider = sim.provider()
    board = sw.Storyboard(["leaves"], base=BASE, provider=provider)
    view = StoryboardView(board)
    board.save()  # from now on there is a folder
    (home / "media").write_text("in the way")
    await board.run()
    await until(lambda: [shot["state"] for shot in view.board["shots"]] == ["failed"])
    (home / "media").unlink()
    await sw.resume(provider)
    view._ipython_display_()
    await until(lambda: [shot["state"] for shot in view.board["shots"]] == ["succeeded"])
