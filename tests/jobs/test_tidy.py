"""Old jobs: their files and entries are deleted only on purpose, tasks made elsewhere are adopted without a bill."""

from __future__ import annotations

import pytest

import seedance_widgets as sw
from seedance_widgets import errors


def request(words=""):
    return sw.VideoRequest(f"a boat {words}", model="1.0-pro", resolution="480p", duration=2, seed=3)


async def test_deleting_the_file_keeps_the_entry_and_forgetting_leaves_nothing(sim, home):
    job = sw.submit(request(), sim.provider())
    video = await job
    size = video.path.stat().st_size
    assert sw.jobs.delete_file(job.id) == size
    assert not video.path.exists()
    assert sw.job(job.id).status == "succeeded"
    assert sw.jobs.forget(job.id) == 0
    with pytest.raises(KeyError):
        sw.job(job.id)
    assert not list((home / "media").glob("*.mp4"))


async def test_a_job_under_way_is_not_deleted(sim):
    job = sw.submit(request("[sim:run=100]"), sim.provider())
    with pytest.raises(errors.JobError, match="under way"):
        sw.jobs.forget(job.id)
    await job
    assert sw.jobs.forget(job.id) > 0
    with pytest.raises(KeyError, match="deleted already"):
        sw.jobs.forget(job.id)


@pytest.mark.parametrize("wire", ["ark", "acedata"])
async def test_a_task_that_was_made_elsewhere_is_adopted_and_nothing_is_made_for_that(sim, wire):
    first = sw.submit(request(), sim.provider(wire))
    frames = (await first).frames
    task_id = first.task_id
    sw.jobs.forget(first.id)
    before = len([entry for entry in sim.requests if entry.method == "POST" and not entry.path.endswith("/tasks")])
    job = await sw.jobs.adopt(f" {task_id} ", sim.provider(wire))
    again = await job
    assert (again.frames, again.task_id) == (frames, task_id)
    assert sw.job(task_id).id == job.id
    assert (await sw.jobs.adopt(task_id, sim.provider(wire))).id == job.id
    creates = [entry for entry in sim.requests if entry.method == "POST" and not entry.path.endswith("/tasks")]
    assert len(creates) == before or wire == "ark"
    if wire == "ark":
        assert len([entry for entry in sim.requests if entry.method == "POST"]) == 1


async def test_what_cannot_be_adopted(sim):
    with pytest.raises(errors.NotFound, match="knows no task"):
        await sw.jobs.adopt("cgt-20261101-nosuch", sim.provider())
    for wrong in ("", "   ", None, 7, "x" * 999, "a\nb"):
        with pytest.raises(ValueError, match="a task id is the text"):
            await sw.jobs.adopt(wrong, sim.provider())
    assert sw.jobs() == []


async def test_an_adopted_task_stands_for_no_other_request(sim):
    first = sw.submit(request(), sim.provider())
    await first
    sw.jobs.forget(first.id)
    await (await sw.jobs.adopt(first.task_id, sim.provider()))
    sweep = sw.Sweep(request(), {"seed": [3]}, provider=sim.provider())
    assert sweep.plan().counts == {"send": 1}
