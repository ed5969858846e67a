"""Fields of a request as axes: what a cell asks for, what it is refused for, and what is sent and bought."""

from __future__ import annotations

import pytest

import seedance_widgets as sw
from seedance_widgets.catalog import model
from tests.sweep.sweeps import BASE, as_after_a_restart, creates, sweep_of

PLAIN = BASE.replace(prompt="a boat", seed=-1)
LONG = PLAIN.replace(duration=4)  # the shortest that 2.0 makes
SEEDLESS = (
    "No seed is taken by 2.0: the provider draws one for each of their videos, so that the seeds there are repeats, "
    "none of which can be made again."
)


async def test_seeds_over_models_of_which_one_takes_none(sim):
    axes = {"model": ["1.0-pro", "2.0"], "seed": [11, 12]}
    sweep = sweep_of(sim, axes, LONG, name="models")
    plan = sweep.plan()
    assert (plan.counts, plan.notes) == ({"send": 4}, (SEEDLESS,))
    assert (sweep.axes[1].title, sweep.axes[1].labels) == ("seed", ("11", "12"))
    await sweep.run()
    sent = [(entry.body["model"], entry.body.get("seed")) for entry in creates(sim)]
    pro, two = (model(name).ids["ark-cn"] for name in axes["model"])
    assert sorted(sent, key=str) == [(pro, 11), (pro, 12), (two, None), (two, None)]
    assert len({cell.video.path for cell in sweep}) == 4
    remarks = ["", "", "2.0 takes no seed: this is repeat 1.", "2.0 takes no seed: this is repeat 2."]
    assert [cell.remark for cell in sweep] == remarks
    ids = [cell.job.id for cell in sweep]
    del sweep
    await as_after_a_restart()
    again = sweep_of(sim, axes, LONG, name="models")
    assert [cell.job.id for cell in again] == ids
    assert again.plan().counts == {"done": 4}
    # In another sweep the fixed seeds are the same videos, the drawn ones are not.
    assert [line.fate for line in sweep_of(sim, axes, LONG).plan().lines] == ["kept", "kept", "send", "send"]


def test_seeds_over_models_that_take_none_are_repeats(sim):
    sweep = sweep_of(sim, {"seed": [11, 12], "model": {"full": "2.0", "fast": "2.0-fast"}}, LONG)
    assert (sweep.axes[0].title, sweep.axes[0].labels) == ("repeat", ("1", "2"))
    assert sweep.plan().notes == (SEEDLESS.replace("by 2.0", "by 2.0, 2.0-fast"),)
    assert sweep.plan().counts == {"send": 4}
    assert sweep_of(sim, {"seed": [11, 12], "model": ["1.0-pro", "1.0-lite-t2v"]}, LONG).plan().notes == ()


def test_seeds_beside_models_are_no_repeats(sim):
    sweep = sweep_of(sim, {"model": ["1.0-pro", "2.0"], "seed": [11, 12]}, LONG, mode="zip")
    assert [cell.request.seed for cell in sweep] == [11, -1]
    assert [cell.remark for cell in sweep] == ["", "2.0 takes no seed; it is not sent, and every run is different."]
    assert sweep.layout.dimensions[0].note == SEEDLESS


@pytest.mark.parametrize(
    ("axes", "counts", "told"),
    [
        ({}, {"send": 1, "same": 1}, "5"),
        ({"seed": [1, 2]}, {"send": 2, "same": 2}, "1, 2"),
        ({"seed": range(5)}, {"send": 5, "same": 5}, "0, 1, 2, …"),
        ({"seed": [-1]}, {"send": 2}, ""),
        ({"seed": [-1, 1]}, {"send": 3, "same": 1}, ""),
        ({"model": ["1.0-pro", "2.0"]}, {"send": 3, "same": 1}, ""),
    ],
)
def test_repeats_that_are_one_video_are_told_where_all_are_so(sim, axes, counts, told):
    plan = sweep_of(sim, axes, LONG.replace(seed=5), repeats=2).plan()
    assert plan.counts == counts
    notes = [note for note in plan.notes if note.startswith("The seed is fixed")]
    assert notes == (
        [f"The seed is fixed ({told}): all repeats are one video, made once. seed=-1 draws one for each."]
        if told
        else []
    )


async def test_ratio_watermark_and_tier_side_by_side(sim):
    axes = {
        "ratio": ["16:9", "1:1", "9:16", "adaptive", "16:9"],
        "watermark": [False, True, False, False, False],
        "service_tier": ["default", "default", "flex", "default", "express"],
    }
    sweep = sweep_of(sim, axes, PLAIN, mode="zip")
    assert sweep[2].words() == "9:16 · watermark off · flex"
    assert [bool(cell.refusal) for cell in sweep] == [False, False, False, True, True]
    assert "adaptive" in sweep[3].refusal
    assert "'express'" in sweep[4].refusal
    listed = [cell.estimate.prices["ark-cn"][0] / cell.estimate.tokens for cell in sweep[:3]]
    assert listed[1] == pytest.approx(listed[0])
    assert listed[2] == pytest.approx(listed[0] / 2)
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded"] * 3 + ["invalid"] * 2
    bodies = {entry.body["ratio"]: entry.body for entry in creates(sim)}
    assert len(bodies) == len(creates(sim)) == 3
    assert {ratio: (body["watermark"], body["service_tier"]) for ratio, body in bodies.items()} == {
        "16:9": (False, "default"),
        "1:1": (True, "default"),
        "9:16": (False, "flex"),
    }
    assert [(video.width, video.height) for video in sweep.videos] == [(864, 480), (640, 640), (480, 864)]


async def test_reference_images(sim, tmp_path, png):
    cat, hat = tmp_path / "cat.png", tmp_path / "hat.png"
    cat.write_bytes(png)
    hat.write_bytes(sw.sample_image().read_bytes())
    axes = {"reference_image_urls": [[cat], [cat, hat], [cat] * 5]}
    base = PLAIN.replace(model="1.0-lite-i2v", seed=5)
    sweep = sweep_of(sim, axes, base, name="references")
    assert sweep.axes[0].labels == ("cat.png", "cat.png + hat.png", " + ".join(["cat.png"] * 5))
    assert [cell.request.mode for cell in sweep] == ["references"] * 3
    assert [bool(cell.refusal) for cell in sweep] == [False, False, True]
    await sweep.run()
    assert [cell.state for cell in sweep] == ["succeeded", "succeeded", "invalid"]
    roles = [
        [part.get("role") for part in entry.body["content"] if part["type"] == "image_url"] for entry in creates(sim)
    ]
    assert sorted(roles) == [["reference_image"], ["reference_image"] * 2]
    # A cell is found, and left out, by its pictures.
    assert sweep[{"reference_image_urls": [cat, hat]}].index == 1
    assert len(sweep_of(sim, axes, base, exclude={"reference_image_urls": [cat, hat]})) == 2
    ids = [cell.job and cell.job.id for cell in sweep]
    del sweep
    await as_after_a_restart()
    loaded = sw.Sweep.load("references", sim.provider())
    assert [cell.job and cell.job.id for cell in loaded] == ids
    assert loaded.plan().counts == {"done": 2, "invalid": 1}
    assert loaded[{"reference_image_urls": "cat.png + hat.png"}].index == 1
    assert loaded[{"reference_image_urls": loaded[1].request.reference_image_urls}].index == 1
    assert sweep_of(sim, axes, base, name="references").plan().counts == {"done": 2, "invalid": 1}
