"""Old jobs: their files and entries are deleted only on purpose, tasks made elsewhere are adopted without a bill."""

from __future__ import annotations

import asyncio
import dataclasses
import time

import pytest

import seedance_widgets as sw
from seedance_widgets import errors
from seedance_widgets.jobs import Ledger, open_ledger
from seedance_widgets.jobs.record import Record
from seedance_widgets.jobs.told import settle
from seedance_widgets.providers.base import Limits, Task


def request(words="", **changes):
    given = {"model": "1.0-pro", "resolution": "480p", "duration": 2, "seed": 3}
    return sw.VideoRequest(f"a boat {words}", **{**given, **changes})


def billed(sim, wire="ark"):
    """The simulator's own wire, as one that takes money."""
    limits = sim.provider(wire).limits
    if wire == "ark":
        return sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=limits)
    return sw.providers.AceDataCloud(api_token="sk-very-secret-0815", base_url=sim.acedata_base_url, limits=limits)


def write(state, ledger=None, **changes):
    """A row of the ledger that this process does not follow; by default nobody does."""
    values = {"provider": "ark-cn", "base_url": "https://x", "billed": True, "model": "1.0-pro", "created_at": 1.0}
    values |= {"request": {"prompt": "a boat", "model": "1.0-pro"}, "owner": "1-gone", "state": state, **changes}
    record = Record(id="0123456789", **values)
    ledger = ledger or open_ledger()
    ledger.call(ledger.save, (record, []))
    return record


def known():
    return [job.id for job in sw.jobs()]


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


@pytest.mark.parametrize("state", ["pending", "submitting", "queued", "running", "downloading"])
@pytest.mark.parametrize("sure", [False, True])
def test_a_job_that_a_restart_left_is_not_deleted(state, sure):
    job = write(state, task_id="cgt-1")
    with pytest.raises(errors.JobError, match=rf"is {state}, and nobody follows it; `await sw.resume"):
        sw.jobs.forget(job.id, even_if_unfinished=sure)
    with pytest.raises(errors.JobError, match="nobody follows it"):
        sw.jobs.delete_file(job.id)
    assert known() == [job.id]


def test_a_job_of_another_kernel_is_not_deleted(home):
    other = Ledger(home)
    job = write("running", other, task_id="cgt-1", owner=other.owner)
    for delete in (sw.jobs.forget, sw.jobs.delete_file):
        with pytest.raises(errors.JobError, match="under way in another kernel; cancel it there"):
            delete(job.id)
    assert known() == [job.id]
    other.close()


@pytest.mark.parametrize("made", [{"state": "unknown"}, {"state": "failed", "ready_at": 9.0}])
def test_a_video_that_is_still_to_be_fetched_is_given_up_only_on_purpose(made):
    job = write(**made, task_id="cgt-1")
    with pytest.raises(errors.JobError, match=r"may still have the video .* even_if_unfinished=True"):
        sw.jobs.forget(job.id)
    assert known() == [job.id]
    sw.jobs.forget(job.id, even_if_unfinished=True)
    assert known() == []


@pytest.mark.parametrize(
    "ended", [{"state": "failed", "task_id": "cgt-1"}, {"state": "unknown"}, {"state": "cancelled"}]
)
def test_what_has_ended_without_a_video_is_forgotten_at_once(ended):
    sw.jobs.forget(write(**ended).id)
    assert known() == []


COSTS = {
    ("pending", None): True,
    ("running", None): True,
    ("succeeded", 9.0): True,
    ("unknown", None): True,
    ("failed", None): False,
    ("failed", 9.0): True,  # it was made, and its file did not come
    ("cancelled", None): False,
    ("expired", None): False,
}


@pytest.mark.parametrize(("state", "ready_at"), COSTS)
def test_one_rule_says_what_is_billed(state, ready_at):
    record = write(state, ready_at=ready_at)
    assert sw.job(record.id).costs is COSTS[state, ready_at]
    assert dataclasses.replace(record, billed=False).costs is False


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


@pytest.mark.parametrize("state", ["running", "unknown"])
async def test_a_task_that_the_ledger_knows_and_nobody_follows_is_taken_up(sim, state):
    first = sw.submit(request(), sim.provider())
    await first
    ledger = open_ledger()
    left = dataclasses.replace(first._track.record, state=state, owner="1-gone", video=None, ready_at=None)
    ledger.call(ledger.save, (left, []))
    job = await sw.jobs.adopt(first.task_id, sim.provider())
    assert (await job).frames == 49
    assert (job.id, known()) == (first.id, [first.id])


async def test_a_task_that_is_adopted_twice_at_once_has_one_job(sim):
    wire = sim.provider()
    task_id = (await wire.submit(request())).task_id
    made = await asyncio.gather(*(sw.jobs.adopt(task_id, wire) for _ in range(3)), return_exceptions=True)
    jobs = {one.id: one for one in made if isinstance(one, sw.Job)}
    assert known() == list(jobs)
    assert len(jobs) == 1
    assert all("being taken up just now" in str(one) for one in made if not isinstance(one, sw.Job))
    (job,) = jobs.values()
    await job
    assert [event.kind for event in job.timeline].count("succeeded") == 1
    assert [event.text for event in open_ledger().call(open_ledger().events, job.id)].count(job.timeline[0].text) == 1


async def test_a_task_of_another_kernel_is_left_to_it(home, sim):
    other = Ledger(home)
    write("running", other, task_id="cgt-1", owner=other.owner)
    with pytest.raises(errors.JobError, match="belongs to another kernel"):
        await sw.jobs.adopt("cgt-1", sim.provider())
    other.close()


async def test_a_job_without_its_key_is_given_back_when_it_cannot_be_adopted(sim):
    write("unknown", task_id="cgt-1")
    for _ in range(2):  # it is not held back after the first attempt
        with pytest.raises(errors.ConfigurationError):
            await sw.jobs.adopt("cgt-1", sim.provider())


@pytest.mark.parametrize(
    ("wire", "changes"),
    [
        ("ark", {}),
        ("ark", {"resolution": "1080p", "duration": 5}),
        ("ark", {"service_tier": "flex"}),
        ("ark", {"model": "1.5-pro", "duration": 4, "generate_audio": True}),
        ("acedata", {"resolution": "720p", "duration": 5}),
    ],
)
async def test_an_adopted_task_costs_what_it_would_have_cost_here(sim, wire, changes):
    first = sw.submit(request(**changes), billed(sim, wire))
    await first
    sw.jobs.forget(first.id)
    job = await sw.jobs.adopt(first.task_id, billed(sim, wire))
    await job
    assert job.id != first.id
    assert (job.price, job.currency) == (pytest.approx(first.price), first.currency)
    assert job.request.resolution == first.request.resolution
    assert sw.job(job.id).request.model == job.request.model


async def test_a_task_is_adopted_while_it_runs_and_priced_when_it_is_made(sim):
    wire = billed(sim)
    task_id = (await wire.submit(request("[sim:run=40]", generate_audio=False))).task_id
    job = await sw.jobs.adopt(task_id, wire)
    assert job.price is None
    await job
    assert job.price == pytest.approx(sw.estimate(request(), wire).price)
    assert job.request.resolution == "480p"


@pytest.mark.parametrize(
    "raw", [{}, {"model": "ep-2026-mine"}, {"model": "doubao-seedance-1-5-pro-251215"}], ids=["none", "own", "no audio"]
)
async def test_a_task_that_tells_too_little_has_no_price(sim, raw):
    track = sw.jobs.job_of(open_ledger(), write("running", estimate={"adopted": True}))._track
    settle(track, Task("cgt-1", "succeeded", resolution="480p", tokens=20_000, raw=raw), billed(sim))
    assert track.record.price is None
    clear = {"model": "doubao-seedance-1-5-pro-251215", "generate_audio": True}
    settle(track, Task("cgt-1", "succeeded", resolution="480p", tokens=20_000, raw=clear), billed(sim))
    assert track.record.price == pytest.approx(20_000 * 16 / 1e6)


async def test_a_video_that_was_made_long_before_it_is_adopted_has_only_the_rest_of_its_time(sim):
    """The record is the simulator's; it says that the task ended 20 hours ago."""
    made_at = float(round(time.time()) - 20 * 3600)

    class Late(sw.providers.Ark):
        async def poll(self, task_ids):
            found = await super().poll(task_ids)
            return {one: dataclasses.replace(task, updated_at=made_at) for one, task in found.items()}

    limits = Limits()  # of a clock that is ours
    wire = Late(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=limits)
    task_id = (await wire.submit(request())).task_id
    job = await sw.jobs.adopt(task_id, wire)
    await job
    assert job.card().ready_at == made_at
    assert "downloading" not in job.seconds_in  # it was not fetched for 20 hours
    own = sw.submit(request(seed=4), wire)
    await own
    assert own.card().ready_at > time.time() - 60


async def test_a_simulators_clock_says_nothing_of_ours(sim):
    first = sw.submit(request(), sim.provider())
    await first
    sw.jobs.forget(first.id)
    job = await sw.jobs.adopt(first.task_id, sim.provider())
    await job
    assert 0 <= time.time() - job.card().ready_at < 60


@pytest.mark.parametrize("look", [sw.job, sw.jobs.forget, sw.jobs.delete_file])
def test_what_can_be_no_id_is_a_sentence(look):
    with pytest.raises(KeyError, match=r"is called '\\\\ud800' in"):
        look("\ud800")
    for odd, words in [(["a"], "a list of 1|a value of type list"), (None, "None"), (5, "5")]:
        with pytest.raises(TypeError, match=f"found by its id, .*; ({words}) is none"):
            look(odd)


def test_a_number_that_is_too_large_for_the_ledger_is_all_jobs():
    assert list(sw.jobs(10**30)) == []
