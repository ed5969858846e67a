"""What is compared, and what stands over it."""

from __future__ import annotations

import pytest
from PIL import Image

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from tests.sweep.sweeps import sweep_of
from tests.sweep.test_measure import film

LIGHT = "The lighthouse beam sweeps over the evening sea"


@pytest.fixture
def path(tmp_path):
    film(tmp_path / "boat.mp4", [Image.new("RGB", (320, 192))] * 4)
    return tmp_path / "boat.mp4"


def labels_of(path, *requests):
    """What stands over videos that were made from these."""
    given = [sw.VideoRequest(**{"prompt": "a boat", **request}) for request in requests]
    return [cell.label for cell in sw.compare([sw.Video(path, request=one) for one in given]).cells]


def test_captions_tell_what_differs_also_where_prompts_begin_alike(path):
    assert labels_of(path, {"seed": 1}, {"seed": 2}) == ["seed 1", "seed 2"]
    prompts = [{"prompt": f"{LIGHT}, {end}"} for end in ("calm as a mirror", "wild and foaming")]
    assert labels_of(path, *prompts) == ["…calm as a mirror", "…wild and foaming"]
    assert labels_of(path, {"prompt": LIGHT}, {"prompt": f"{LIGHT} again"}) == ["…sea", "…sea again"]
    long = labels_of(path, {"prompt": LIGHT, "seed": 1}, {"prompt": LIGHT, "seed": 2}, {"prompt": "Fog", "seed": 2})
    assert [label.split(" · ")[0] for label in long] == ["seed 1", "seed 2", "seed 2"]
    chinese = [{"prompt": f"灯塔的光束扫过傍晚平静的海面远处有一艘小船{end}"} for end in ("离开", "靠岸")]
    assert labels_of(path, *chinese) == ["…离开", "…靠岸"]


def test_captions_that_are_equal_are_numbered(path):
    assert labels_of(path, {}, {}, {}) == ["boat", "boat (2)", "boat (3)"]
    assert labels_of(path, {"seed": 1}, {"seed": 1}, {"seed": 2}) == ["seed 1", "seed 1 (2)", "seed 2"]


def test_captions_hold_the_name_of_an_image_and_not_where_it_lies(path):
    images = [{"first_frame_url": f"/home/somebody/pictures/{name}.png"} for name in ("cat", "dog")]
    assert labels_of(path, *images) == ["cat.png", "dog.png"]


def test_a_comparison_is_gone_through_and_made_a_table_as_a_sweep_is(path):
    compared = sw.compare(path, path, path)
    compared[1].star = True
    assert compared.starred == [compared.cells[1]] == compared[1:2]
    assert (len(compared), list(compared), compared[-1]) == (3, compared.cells, compared.cells[2])
    assert [video.path for video in compared.videos] == [path] * 3
    frame = compared.to_pandas()
    assert list(frame["label"]) == ["boat", "boat (2)", "boat (3)"]
    assert list(frame["star"]) == [False, True, False]
    assert frame["rating"].dtype == float
    for wanted in (3, -4, True, "boat"):
        with pytest.raises(SweepError, match="none of the videos, which are numbered 0 to 2"):
            compared[wanted]
    with pytest.raises(SweepError, match="numbered 0 to 2"):
        compared.mark(3, star=True)


async def test_cells_of_a_sweep_are_compared_where_they_have_videos(sim, path):
    sweep = sweep_of(sim)
    with pytest.raises(ValueError, match="cell 0 has no video: it is planned; run the sweep first"):
        sw.compare(sweep[0])
    await sweep.run([0, 1])
    assert [cell.label for cell in sw.compare(sweep[0], sweep[1]).cells] == ["seed 0", "seed 1"]
    assert [cell.video for cell in sw.compare(sweep[:2]).cells] == sweep.videos
    with pytest.raises(TypeError, match="a cell of a sweep or a path was expected, not int"):
        sw.compare(3)
