"""A plan looks at each shot once, however many there are."""

from __future__ import annotations

import cProfile
import gc
import pstats
from pathlib import Path

from IPython.lib.pretty import pretty
from PIL import Image

import seedance_widgets as sw
from seedance_widgets.widgets.storyboard_view import StoryboardView
from tests.conftest import draw
from tests.storyboard.boards import BASE, board_of, states

SHOTS = 40


def looks(work):
    """How often an estimate is made, images of a request are copied and a request is built while this works."""
    profile = cProfile.Profile()
    profile.runcall(work)
    counted = {"estimate.py": 0, "memory.py": 0, "shots.py": 0}
    wanted = {("estimate.py", "estimate"), ("memory.py", "plain_fields"), ("shots.py", "_built")}
    for (file, _, name), (_, count, *_) in pstats.Stats(profile).stats.items():
        if "seedance_widgets" in file and (Path(file).name, name) in wanted:
            counted[Path(file).name] += count
    return tuple(counted.values())


def test_forty_shots_are_planned_by_one_look_at_each_and_one_picture_for_all(sim, monkeypatch):
    drawn = []
    new = Image.new
    monkeypatch.setattr(Image, "new", lambda *given, **more: drawn.append(given) or new(*given, **more))
    board = board_of(sim, [f"shot {number}" for number in range(SHOTS)], BASE.replace(resolution="1080p"))
    assert looks(board.plan) == (SHOTS, 0, SHOTS)
    assert board.plan().splitlines()[0] == f"{SHOTS} shots · {SHOTS} to make · free"
    assert len(drawn) <= 1


async def test_drawing_forty_shots_again_looks_at_none_of_them_anew(sim):
    board = board_of(sim, [f"shot {number}" for number in range(SHOTS)])
    view = StoryboardView(board)
    view._state()
    assert looks(view._state) == (0, 0, 0)


async def test_finished_shots_are_not_estimated_and_their_fields_are_read_once(sim):
    board = board_of(sim)
    await board.run()
    assert states(board) == ["succeeded"] * 3
    assert looks(board.plan) == (0, 0, 0)
    assert looks(lambda: board.edit(2, prompt="sinks")) == (0, 1, 0)
    assert looks(board.plan) == (1, 0, 1)


def test_a_plan_is_shown_as_its_lines_and_is_a_text(sim):
    plan = board_of(sim).plan()
    assert pretty(plan) == repr(plan) == str(plan)
    assert str(plan).splitlines()[0] == "3 shots · 3 to make · free"
    assert "lands" in plan


def test_a_picture_that_is_there_by_now_is_found_by_the_next_plan(sim, tmp_path):
    board = board_of(sim, ["leaves"], BASE.replace(first_frame_url=tmp_path / "late.png"))
    assert "cannot be opened" in board.plan()
    draw(864, 480).save(tmp_path / "late.png")
    assert "864 x 480" in board.plan()


def test_a_storyboard_without_its_key_reckons_in_its_providers_currency(sim, monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "key")
    monkeypatch.setenv("ARK_BASE_URL", sim.ark_base_url)
    board = sw.Storyboard(["leaves", "lands"], base=BASE, provider="ark", name="voyage")
    price = board.shots[1].estimate.price
    board.save()
    monkeypatch.delenv("ARK_API_KEY")
    del board
    gc.collect()  # as after a restart: while one is in use, what it knows holds for all of its name
    loaded = sw.Storyboard.load("voyage")
    assert loaded.provider is None
    assert (loaded.shots[1].estimate.price, loaded.shots[1].estimate.currency) == (price, "CNY")
