"""What once went wrong, or nearly: each of these lost a video, a task id or a waiter."""

import asyncio
import multiprocessing
import os
import sqlite3

import pytest

import seedance_widgets as sw
from seedance_widgets import errors
from seedance_widgets.jobs import open_ledger
from seedance_widgets.jobs.ledger import FILE


def request(words="", **changes):
    values = {"model": "1.0-pro", "resolution": "480p", "duration": 2}
    return sw.VideoRequest(f"a boat {words}", **{**values, **changes})


def creates(sim):
    return [entry for entry in sim.requests if entry.method == "POST"]


async def until(job, condition):
    holds = asyncio.Event()
    with job.listening(lambda _: holds.set() if condition() else None):
        if not condition():
            await asyncio.wait_for(holds.wait(), 60)


def change(home, statement, *values):
    with sqlite3.connect(home / FILE) as other:
        other.execute(statement, values)


async def test_a_task_that_cannot_be_asked_for_holds_up_no_other(sim):
    provider = sim.provider()
    stuck = sw.submit(request("[sim:poll-500=100000] [sim:run=60]"), provider)
    await until(stuck, lambda: "cannot be asked" in stuck.note)
    assert (await asyncio.wait_for(sw.submit(request("[sim:run=20]"), provider)._wait(), 30)).frames == 49
    assert stuck.status in {"queued", "running"}


async def test_resuming_with_the_key_of_another_account_loses_nothing(sim, home):
    job = sw.submit(request(), sim.provider())
    await job
    change(home, "UPDATE jobs SET state = 'running', owner = '1-gone', ready_at = NULL WHERE id = ?", job.id)
    with sw.Simulator(speed=100) as other:
        first = await sw.resume(other.provider())
    assert [one.status for one in first] == ["unknown"]
    second = await sw.resume(sim.provider())
    assert [(one.id, one.status) for one in second] == [(job.id, "succeeded")]


async def test_a_job_is_not_asked_for_at_another_address(sim, home):
    job = sw.submit(request(), sim.provider())
    await job
    change(home, "UPDATE jobs SET state = 'running', owner = '1-gone', provider = 'ark-cn', billed = 1")
    provider = sw.providers.Ark(api_key="some-key", base_url=sim.ark_base_url + "/elsewhere")
    resumed = await sw.resume(provider)
    assert "pass the right provider" in str(resumed[0].error)
    assert sw.job(job.id).status == "running"


async def test_what_breaks_after_the_video_was_made_is_taken_up_again(sim, monkeypatch, home):
    from seedance_widgets.jobs import store

    async def broken(*_, **__):
        raise ImportError("no such proxy support")

    with monkeypatch.context() as patched:
        patched.setattr(store, "download", broken)
        job = sw.submit(request(), sim.provider())
        with pytest.raises(ImportError):
            await job
    assert job.status == "failed"
    resumed = await sw.resume(sim.provider())
    assert [(one.id, one.status) for one in resumed] == [(job.id, "succeeded")]
    assert len(creates(sim)) == 1


async def test_a_task_id_that_the_ledger_could_not_take_is_given_again(sim, home):
    ledger = open_ledger()
    job = sw.submit(request("[sim:queue=300] [sim:run=10]"), sim.provider())
    await until(job, lambda: job.status == "submitting")
    real = ledger.save

    def full(*_):
        raise errors.StorageError("no space left")

    ledger.save = full
    await until(job, lambda: "not in the ledger yet" in job.note)
    assert ledger.call(ledger.find, job.id).task_id is None
    ledger.save = real
    await until(job, lambda: "not in the ledger yet" not in job.note)
    assert ledger.call(ledger.find, job.id).task_id == job.task_id


async def test_a_job_resumed_late_is_no_measure_of_the_next_one(sim, home):
    job = sw.submit(request(), sim.provider())
    await job
    change(home, "UPDATE jobs SET state = 'running', owner = '1-gone', submitted_at = submitted_at - 300000")
    await sw.resume(sim.provider())
    following = sw.submit(request(seed=3), sim.provider())
    await following
    # About a third of a second here; five times that is the most that history may make of it.
    assert following._track.record.estimate["expected_seconds"] < 1


async def test_two_ledgers_share_a_provider_without_cutting_each_others_calls(sim, home, tmp_path, monkeypatch):
    provider = sim.provider()
    long = sw.submit(request("[sim:run=100]"), provider)
    await until(long, lambda: long.status == "running")
    monkeypatch.setenv("SEEDANCE_HOME", str(tmp_path / "other"))
    await sw.submit(request(), provider)
    assert (await long).frames == 49
    open_ledger().close()


async def test_a_price_is_settled_once(sim, home):
    job = sw.submit(request("[sim:bad-media]"), sim.provider())
    with pytest.raises(errors.DownloadFailed):
        await job
    change(home, """UPDATE jobs SET price = 0.3, estimate = '{"tokens": 9922, "price": 0.3}'""")
    prices = []
    for _ in range(3):
        resumed = await sw.resume(sim.provider())
        prices.append(resumed[0].price)
    assert prices[0] == pytest.approx(0.6, rel=0.01)
    assert len(set(prices)) == 1


async def test_a_process_without_the_key_leaves_the_job_to_one_that_has_it(sim, home):
    job = sw.submit(request(), sim.provider())
    await job
    change(home, "UPDATE jobs SET state = 'running', provider = 'ark-cn', billed = 1, owner = '1-gone'")
    assert isinstance((await sw.resume())[0].error, errors.ConfigurationError)
    ledger = open_ledger()
    assert ledger.call(ledger.find, job.id).owner == ""


async def test_what_never_left_this_machine_is_not_called_unknown(sim, home):
    provider = sim.provider()
    sim.offline()
    job = sw.submit(request(), provider)
    await until(job, lambda: "nothing was made" in job.note)
    assert sw.job(job.id).status == "pending"
    ledger = open_ledger()
    assert ledger.call(ledger.find, job.id).state == "pending"
    await job.cancel()
    sim.online()


async def test_two_resumes_at_once_take_each_job_once(sim, home):
    job = sw.submit(request("[sim:run=30]"), sim.provider())
    await job
    change(home, "UPDATE jobs SET state = 'running', owner = '1-gone'")
    first, second = await asyncio.gather(
        asyncio.wait_for(sw.resume(sim.provider())._all_ended(), 30),
        asyncio.wait_for(sw.resume(sim.provider())._all_ended(), 30),
    )
    assert len(first) + len(second) == 1


def test_a_job_submitted_in_a_script_can_be_awaited_in_asyncio_run(sim):
    job = sw.submit(request(), sim.provider())

    async def main():
        seen = [state async for state in job.watch()]
        return seen[-1], (await job).frames

    assert asyncio.run(main()) == ("succeeded", 49)
    assert job.result().frames == 49


def test_a_job_can_be_cancelled_and_resumed_from_a_script(sim):
    job = sw.submit(request("[sim:queue=1000]"), sim.provider())
    sw.run(until(job, lambda: job.status == "queued"))
    sw.run(job.cancel())
    assert job.status == "cancelled"
    assert list(sw.run(sw.resume(sim.provider()))) == []


def test_a_job_outlives_the_loop_that_made_it(sim):
    def closed(work):
        with asyncio.Runner() as runner:  # `asyncio.run` leaves its loop open once nest_asyncio has been here
            return runner.run(work)

    async def make():
        job = sw.submit(request(), sim.provider())
        await job
        return job

    async def leave():
        job = sw.submit(request("[sim:run=1000]"), sim.provider())
        await until(job, lambda: job.status == "queued")
        return job

    async def again(job):
        return await job

    async def look(job):
        return [state async for state in job.watch()]

    job = closed(make())
    assert closed(again(job)).frames == 49
    assert job.result().frames == 49
    left = closed(leave())
    for wait in (again, look):
        with pytest.raises(errors.JobError, match="resume"):
            closed(wait(left))
    with pytest.raises(errors.CannotCancel, match="resume"):
        left.cancel()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_opens_the_ledger_for_itself(sim, home):
    job = sw.submit(request(), sim.provider())
    job.result()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=lambda: answers.put(len(sw.jobs())))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert answers.get() == 1


async def test_a_proxy_does_not_stand_before_this_machine(sim, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert (await sw.submit(request(), sim.provider())).frames == 49


def test_a_corrected_key_is_taken(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "first-key")
    first = sw.provider()
    assert sw.provider() is first
    monkeypatch.setenv("ARK_API_KEY", "second-key")
    assert sw.provider() is not first


@pytest.mark.parametrize("wrong", [42, True, b"ark", ["ark"], sw.providers.Ark])
def test_what_is_no_provider_is_refused_at_once(wrong):
    with pytest.raises(errors.ConfigurationError, match="is no provider"):
        sw.use(wrong)


def test_a_relative_home_stays_where_it_was(tmp_path, monkeypatch, in_script):
    done = in_script(
        """
        import os
        from seedance_widgets.folders import home
        before = home()
        os.chdir("/")
        print(home() == before)
        """,
        SEEDANCE_HOME="somewhere",
    )
    assert done.stdout == "True\n", done.stderr


def test_a_home_of_nobody_is_a_sentence(monkeypatch):
    monkeypatch.setenv("SEEDANCE_HOME", "~nobody-at-all/videos")
    with pytest.raises(errors.StorageError, match="SEEDANCE_HOME"):
        sw.jobs()


async def test_whoever_stops_waiting_is_told_how_to_wait_again(sim):
    job = sw.submit(request("[sim:run=100]"), sim.provider())
    waiting = asyncio.ensure_future(job._wait())
    await until(job, lambda: job.status == "running")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError, match=rf"the job goes on: `await sw.job\('{job.id}'\)`"):
        await waiting


async def test_a_cancellation_shows_what_came_of_it(sim):
    job = sw.submit(request("[sim:queue=300]"), sim.provider())
    await until(job, lambda: job.status == "queued")
    cancelling = job.cancel()
    assert repr(cancelling) == f"cancelling job {job.id}"
    await cancelling
    assert repr(cancelling) == f"job {job.id} was cancelled"
    again = job.cancel()
    with pytest.raises(errors.CannotCancel):
        await again
    assert "already ended" in repr(again)


async def test_nothing_to_resume_is_said_so(sim):
    assert repr(await sw.resume()) == "no unfinished job: there was nothing to take up"
    assert repr(sw.jobs()) == "no jobs yet"


def test_a_script_that_ends_early_is_told_that_nothing_is_lost(home, in_script):
    done = in_script("""
        import seedance_widgets as sw
        with sw.Simulator(speed=10) as sim:
            job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro"), sim)
            async def sent():
                async for state in job.watch():
                    if state == "queued":
                        return
            sw.run(sent())
    """)
    assert "1 job is still under way" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_that_ends_right_after_a_submit_is_told_that_it_was_not_sent(sim, home, in_script):
    done = in_script(
        """
        import seedance_widgets as sw
        job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro"))
        """,
        SEEDANCE_SIMULATOR=sim.ark_base_url,
    )
    assert "1 job was not sent before the program ended: nothing is made or billed." in done.stderr
    assert "still under way" not in done.stderr
    assert creates(sim) == []


async def test_a_simulator_is_taken_for_its_provider(sim):
    assert (await sw.submit(request(), sim)).frames == 49
