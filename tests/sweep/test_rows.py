"""What a sweep takes and gives: its options, its marks, its rows."""

from __future__ import annotations

import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.request import VideoRequest
from tests.sweep.sweeps import BASE, as_after_a_restart, sweep_of
from tests.sweep.test_measure import film


def shown(value):
    """What IPython displays of it."""
    return DisplayFormatter().format(value)[0]


async def test_rows_and_pandas(sim):
    sweep = sweep_of(sim, {"seed": [1, 2], "mood": ["calm", "[sim:moderation]"]})
    await sweep.run()
    frame = sweep.to_pandas()
    assert list(frame["seed"]) == [1, 1, 2, 2]
    assert list(frame["state"]) == ["succeeded", "failed", "succeeded", "failed"]
    assert frame["tokens"].sum() == 2 * (864 * 480 * 49 // 1024)
    assert frame["video"].notna().sum() == 2


def test_a_column_of_numbers_is_one_also_where_none_is_known(sim):
    sweep = sweep_of(sim, {"seed": [1, 2], "mood": ["calm"]})
    for name in ("tokens", "price", "seconds", "used_seed", "rating"):
        assert (sweep.to_pandas()[name].dtype, sweep.to_pandas()[name].isna().all()) == (float, True), name
    assert sweep.to_pandas()["estimated_tokens"].dtype == int
    assert sweep.to_pandas()["star"].dtype == bool


def test_what_one_cell_has_is_asked_of_several(sim):
    sweep = sweep_of(sim, {"seed": [1, 2], "mood": ["calm", "wild"]})
    with pytest.raises(AttributeError) as caught:
        _ = sweep[{"seed": 1}].video
    assert str(caught.value) == (
        "2 cells were found, and each has its own video: take one by [0], all by .videos, or find one alone by more "
        "axis values: mood."
    )
    with pytest.raises(AttributeError, match=r"each has its own job: take one by \[0\], all by \.jobs"):
        _ = sweep[{"mood": "calm"}].job
    for name in ("state", "request", "place", "row"):
        with pytest.raises(AttributeError, match=rf"own {name}: take one by \[0\], each in a loop"):
            getattr(sweep[:], name)
    with pytest.raises(AttributeError, match="4 cells were found, and each has its own star"):
        sweep[:].star = True
    with pytest.raises(AttributeError, match=r"1 cell was found, .* each in a loop\."):
        _ = sweep[:1].state
    with pytest.raises(AttributeError, match="there is no cell here that could have its video"):
        _ = sweep.starred.video
    with pytest.raises(AttributeError, match="'Cells' object has no attribute 'vidoe'"):
        _ = sweep[:].vidoe


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_cost": -1}, "max_cost must be"),
        ({"max_cost": float("nan")}, "max_cost must be"),
        ({"max_cost": "5"}, "max_cost must be"),
        ({"max_jobs": 0}, "max_jobs must be"),
        ({"concurrency": 0}, "concurrency must be"),
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
    for name in ("seed", "mood"):  # a field, and a placeholder of the prompt
        with pytest.raises(TypeError, match=rf"belongs into axes: sw.Sweep\(base, axes={{'{name}': ...}}\)"):
            sw.Sweep(BASE, **{name: range(3)})
    sweep = sweep_of(sim)
    with pytest.raises(SweepError, match="numbered 0 to 2"):
        sweep[3]
    with pytest.raises(KeyError, match="did you mean 'seed'"):
        sweep[{"sed": 1}]
    with pytest.raises(KeyError, match="takes 0, 1, 2"):
        sweep[{"seed": 9}]
    with pytest.raises(SweepError, match="from 1 to 5"):
        sweep.mark(0, rating=6)


async def test_a_cell_with_its_job_and_its_video_is_a_base_too(sim):
    sweep = sweep_of(sim, {"mood": ["calm", "wild"], "duration": [2, 3]})
    cell = sweep[{"mood": "wild", "duration": 3}]
    await sweep.run(cell)
    assert cell.request == BASE.replace(prompt="a wild boat", duration=3)
    for base in (cell, cell.job, cell.video):
        further = sw.Sweep(base, axes={"resolution": ["480p", "720p"]}, provider=sim.provider())
        assert further.base == cell.request
        assert [one.request for one in further] == [cell.request, cell.request.replace(resolution="720p")]
    unsent = sw.Sweep(sweep[0], axes={"seed": range(3)}, provider=sim.provider())
    assert {one.request.prompt for one in unsent} == {"a calm boat"}
    assert {one.request.duration for one in unsent} == {2}


async def test_odd_marks_are_refused_and_spoil_nothing(sim):
    sweep = sweep_of(sim)
    for odd in ({"star": "yes"}, {"note": 7}, {"rating": "5"}):
        with pytest.raises(SweepError):
            sweep.mark(0, **odd)
    sweep.mark(0, note="\ud800 lone", rating=3)
    assert (sweep[0].rating, sweep[0].note, sweep[0].star) == (3, "? lone", False)
    sweep.mark(0, rating=2.0)
    assert repr(sweep[0].rating) == "2"
    with pytest.raises(SweepError, match="from 1 to 5"):
        sweep.mark(0, rating=2.5)


async def test_a_cell_takes_star_rating_and_note_and_keeps_them(sim):
    sweep = sweep_of(sim, name="marks")
    cell = sweep[1]
    cell.star, cell.rating, cell.note = True, 4, "calm"
    assert sweep.starred == [cell]
    del sweep, cell
    await as_after_a_restart()
    cell = sw.Sweep.load("marks", sim.provider())[1]
    assert (cell.star, cell.rating, cell.note) == (True, 4, "calm")
    with pytest.raises(SweepError, match="from 1 to 5"):
        cell.rating = 6
    cell.star, cell.rating, cell.note = False, None, None
    assert (cell.star, cell.rating, cell.note) == (False, None, "")


def test_what_a_cell_changes_in_the_base_is_told_field_by_field(sim, png):
    base = BASE.replace(first_frame_url=sw.sample_image(), ratio="adaptive", frames=49, duration=None)
    axes = {
        "mood": ["{mood}", "calm"],  # the one leaves the prompt as it is
        "first_frame_url": {"own": sw.sample_image(), "other": png},
        "duration": [None, 3],
    }
    sweep = sweep_of(sim, axes, base, name="changes")
    other = VideoRequest("", first_frame_url=png).first_frame_url
    calm, pictured, longer = {"prompt": "a calm boat"}, {"first_frame_url": other}, {"duration": 3, "frames": None}
    wanted = [
        {},
        longer,
        pictured,
        {**pictured, **longer},
        calm,
        {**calm, **longer},
        {**calm, **pictured},
        {**calm, **pictured, **longer},
    ]
    assert [cell.changes for cell in sweep] == wanted
    assert [base.replace(**cell.changes) for cell in sweep] == [cell.request for cell in sweep]
    # What was varied, and changed nothing in what is asked.
    assert sweep_of(sim, {}, base)[0].changes == {}
    assert [cell.changes for cell in sweep_of(sim, {"seed": [1, 2]}, BASE.replace(model="2.0", seed=-1))] == [{}, {}]
    # After a restart pictures are the ledger's copies, of the base too.
    sweep.save()
    loaded = sw.Sweep.load("changes", sim.provider())
    assert [list(cell.changes) for cell in loaded] == [list(one) for one in wanted]


def test_a_compared_video_takes_them_too(tmp_path):
    compared = sw.compare(film(tmp_path / "one.mp4", [Image.new("RGB", (320, 192))] * 4))
    cell = compared.cells[0]
    cell.star, cell.rating, cell.note = True, 4, "calm"
    assert (cell.star, cell.rating, cell.note) == (True, 4, "calm")
    assert compared.rows()[0]["rating"] == 4
    with pytest.raises(SweepError, match="from 1 to 5"):
        cell.rating = 6
    with pytest.raises(SweepError, match="a note a text"):
        cell.note = 7
    cell.star, cell.rating, cell.note = False, None, None
    assert (cell.star, cell.rating, cell.note) == (False, None, "")


async def test_a_cell_that_is_shown_has_its_video_under_one_line_of_text(sim):
    sweep = sweep_of(sim, {"mood": ["<b>calm</b>"]})
    assert shown(sweep[0]) == {"text/plain": "<Cell 0: <b>calm</b>: planned>"}
    await sweep.run()
    html = shown(sweep[0])["text/html"]
    assert "&lt;Cell 0: &lt;b&gt;calm&lt;/b&gt;: succeeded&gt;" in html
    assert html.endswith(shown(sweep[0].video)["text/html"])
    assert shown(sweep[0])["text/plain"].splitlines()[0] == repr(sweep[0])


def test_cells_that_are_shown_are_one_line_each_and_no_more_than_twenty(sim):
    sweep = sweep_of(sim, {"seed": range(26)})
    cells = list(sweep)
    lines = shown(sweep[:25])["text/plain"].splitlines()
    assert lines == ["25 cells · 25 not sent", *map(repr, cells[:20]), "and 5 more cells"]
    assert shown(sweep[:])["text/plain"] == "26 cells · 26 not sent"  # the whole has its grid
    assert shown(sweep[:1])["text/plain"].splitlines() == ["1 cell · 1 not sent", repr(cells[0])]
    assert "more" not in shown(sweep[6:])["text/plain"]
