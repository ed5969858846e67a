"""The way of one job: what is written, sent, repeated, followed and fetched, against the simulator over HTTP."""

import asyncio
import gc
import sqlite3
from pathlib import Path

import pytest

import seedance_widgets as sw
from seedance_widgets import errors
from seedance_widgets.jobs import open_ledger
from seedance_widgets.jobs.ledger import FILE
from tests.jobs.left import left_behind


def request(words="", **changes):
    values = {"model": "1.0-pro", "resolution": "480p", "duration": 2}
    return sw.VideoRequest(f"a boat {words}", **{**values, **changes})


def creates(sim):
    return [entry for entry in sim.requests if entry.method == "POST"]


async def until(job, condition):
    """Wait until `condition` holds, looking whenever something happens to the job."""
    holds = asyncio.Event()
    with job.listening(lambda _: holds.set() if condition() else None):
        await asyncio.wait_for(holds.wait(), 60)


def states(job):
    return list(dict.fromkeys(event.kind for event in job.timeline))


@pytest.fixture(params=["ark", "acedata"])
def provider(request, sim):
    return sim.provider(request.param)


async def test_a_job_goes_from_the_first_line_to_the_file(sim, provider, home):
    job = sw.submit(request(), provider)
    assert job.status == "pending"
    video = await job
    assert (video.width, video.height, video.frames) == (864, 480, 49)
    assert video.path.parent == home / "media"
    assert states(job) == ["pending", "submitting", "queued", "running", "downloading", "succeeded"]
    assert job.task_id == video.task_id
    assert job.tokens == 864 * 480 * 49 // 1024
    assert len([entry for entry in creates(sim) if "tasks" not in entry.path or provider.name != "acedata"]) == 1


async def test_the_ledger_holds_the_job_before_the_post(sim, home):
    job = sw.submit(request("[sim:run=600]"), sim.provider())
    async for state in job.watch():
        if state == "queued":
            break
    with sqlite3.connect(home / FILE) as ledger:
        events = ledger.execute("SELECT kind, at FROM events WHERE job = ? ORDER BY at", [job.id]).fetchall()
    assert [kind for kind, _ in events][:2] == ["pending", "submitting"]
    assert job.task_id


@pytest.mark.parametrize("word", ["429", "503"])
async def test_an_answer_that_nothing_was_made_is_followed_by_another_try(sim, word):
    job = sw.submit(request(f"[sim:{word}=2]"), sim.provider())
    video = await job
    assert [entry.status for entry in creates(sim)] == [int(word), int(word), 200]
    assert video.frames == 49


async def test_a_refused_connection_is_tried_again(sim):
    provider = sim.provider()
    sim.offline()
    job = sw.submit(request(), provider)
    await until(job, lambda: "nothing was made" in job.note)
    sim.online()
    assert (await job).frames == 49
    assert len(creates(sim)) == 1


@pytest.mark.parametrize("word", ["lost", "garbage", "noid"])
async def test_a_lost_answer_is_unknown_and_never_repeated(sim, provider, word):
    job = sw.submit(request(f"[sim:{word}]"), provider)
    with pytest.raises(errors.UnknownSubmit):
        await job
    assert job.status == "unknown"
    posts = [entry for entry in creates(sim) if not entry.path.endswith("/seedance/tasks")]
    assert len(posts) == 1
    assert await sw.resume(provider) == []
    assert len(posts) == 1


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("moderation", errors.ModerationError),
        ("privacy", errors.ModerationError),
        ("overdue", errors.QuotaExceeded),
        ("fail", errors.ServerError),
        ("output-moderation", errors.ModerationError),
    ],
)
async def test_a_refusal_ends_the_job_with_its_error(sim, word, kind, png):
    job = sw.submit(request(f"[sim:{word}]", first_frame_url=png), sim.provider())
    with pytest.raises(errors.ProviderError) as caught:
        await job
    assert isinstance(caught.value, kind), repr(caught.value)
    assert job.status == "failed"
    assert caught.value.advice is not None
    assert caught.value.request_id or "output" in word or word == "fail"
    assert isinstance(sw.job(job.id).error, kind)


async def test_a_task_that_expires_is_expired(sim):
    job = sw.submit(request("[sim:stuck] [sim:expire=20]"), sim.provider())
    with pytest.raises(errors.JobExpired, match="gave up"):
        await job
    assert job.status == "expired"


async def test_a_record_that_is_not_found_is_unknown_and_can_be_asked_for_again(sim, provider):
    job = sw.submit(request("[sim:gone]"), provider)
    with pytest.raises(errors.NotFound, match="another account or region"):
        await job
    assert job.status == "unknown"
    assert [one.id for one in await sw.resume(provider)] == [job.id]


@pytest.mark.parametrize("word", ["poll-500=3", "poll-drop=3"])
async def test_trouble_while_polling_is_waited_out(sim, provider, word):
    assert (await sw.submit(request(f"[sim:{word}]"), provider)).frames == 49


async def test_a_provider_that_is_down_and_back_is_followed_on(sim):
    job = sw.submit(request("[sim:run=200]"), sim.provider())
    async for state in job.watch():
        if state == "running":
            break
    sim.offline()
    await until(job, lambda: "cannot be asked" in job.note)
    sim.online()
    assert (await job).frames == 49
    assert job.note == ""


@pytest.mark.parametrize("word", ["short-media", "bad-media", "403-media"])
async def test_a_result_that_cannot_be_fetched_is_named_and_leaves_no_file(sim, word, home):
    job = sw.submit(request(f"[sim:{word}]"), sim.provider())
    with pytest.raises(errors.DownloadFailed, match="the video was made"):
        await job
    assert list((home / "media").glob("*")) == []
    # It is paid for: resume tries again while the provider keeps it.
    resumed = await sw.resume(sim.provider())
    assert [one.id for one in resumed] == [job.id]
    assert len(creates(sim)) == 1


async def test_cancel_before_the_submit_sends_nothing(sim, home):
    provider = sim.provider()
    sim.offline()
    job = sw.submit(request(), provider)
    await until(job, lambda: "nothing was made" in job.note)
    await job.cancel()
    sim.online()
    with pytest.raises(errors.JobCancelled, match="not billed"):
        await job
    assert job.status == "cancelled"
    assert creates(sim) == []


async def test_cancel_while_queued_cancels_at_the_provider(sim):
    job = sw.submit(request("[sim:queue=500]"), sim.provider())
    async for state in job.watch():
        if state == "queued":
            break
    await job.cancel()
    assert job.status == "cancelled"
    assert [entry.method for entry in sim.requests if entry.method == "DELETE"] == ["DELETE"]


async def test_cancel_while_running_says_why_not_and_the_job_goes_on(sim):
    job = sw.submit(request("[sim:run=100]"), sim.provider())
    async for state in job.watch():
        if state == "running":
            break
    with pytest.raises(errors.CannotCancel, match="queued tasks only"):
        await job.cancel()
    assert (await job).frames == 49


async def test_cancel_at_a_provider_without_such_a_call_says_so(sim):
    job = sw.submit(request("[sim:run=100]"), sim.provider("acedata"))
    async for state in job.watch():
        if state in {"queued", "running"}:
            break
    with pytest.raises(errors.CannotCancel):
        await job.cancel()
    assert (await job).frames == 49


async def test_cancelling_whoever_waits_leaves_the_job(sim):
    job = sw.submit(request("[sim:run=100]"), sim.provider())
    waiting = asyncio.ensure_future(job._wait())
    async for state in job.watch():
        if state == "running":
            break
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await job).frames == 49


async def test_a_job_whose_handle_is_dropped_goes_on(sim, home):
    job_id = sw.submit(request(), sim.provider()).id
    gc.collect()
    assert (await sw.job(job_id)).frames == 49


async def test_an_exception_in_a_view_does_not_stop_the_job(sim):
    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["message"]))

    def broken(_):
        raise ZeroDivisionError

    job = sw.submit(request(), sim.provider())
    with job.listening(broken):
        assert (await job).frames == 49
    assert any("a view of job" in text for text in problems)


async def test_a_poster_is_made_before_the_end_for_whoever_shows_it_and_for_nobody_else(sim):
    shown, followed = (sw.submit(request(prompt), sim.provider()) for prompt in ("at sea", "ashore"))
    posters = []
    with (
        shown.listening(lambda job: posters.append(job.video and list(job.video._posters)), shows=True),
        followed.listening(lambda job: None),
    ):
        await asyncio.gather(shown, followed)
    assert posters[-1] == [640]  # at the last change already: a card draws it without work on the loop
    assert not followed.video._posters


async def test_errors_are_raised_before_anything_is_written_or_sent(sim, home):
    with pytest.raises(errors.RequestError, match="frames"):
        sw.submit(request(frames=100, duration=None), sim.provider())
    assert not home.exists()
    assert sim.requests == []


async def test_a_folder_that_cannot_be_written_stops_before_the_post(sim, monkeypatch, tmp_path):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("SEEDANCE_HOME", str(blocked / "below"))
    with pytest.raises(errors.StorageError, match="SEEDANCE_HOME"):
        await sw.submit(request(), sim.provider())
    assert sim.requests == []


async def test_a_full_disk_stops_before_the_post(sim, home, monkeypatch):
    from seedance_widgets.jobs import store

    monkeypatch.setattr(store, "MIN_FREE_BYTES", 10**18)
    job = sw.submit(request(), sim.provider())
    with pytest.raises(errors.StorageError, match="nothing was sent"):
        await job
    assert job.status == "failed"
    assert sim.requests == []


async def test_the_images_of_a_job_are_kept_beside_the_ledger_and_reused(sim, png, home):
    job = sw.submit(request(first_frame_url=png), sim.provider())
    await job
    again = sw.job(job.id)
    assert again is not job
    assert again.request.content_hash == job.request.content_hash
    assert (home / "inputs" / Path(again.request.first_frame_url).name).read_bytes() == png


async def test_many_jobs_share_few_polls(sim):
    jobs = [sw.submit(request("[sim:run=60]", seed=n), sim.provider()) for n in range(40)]
    await asyncio.gather(*jobs)
    polls = [entry for entry in sim.requests if entry.method == "GET" and "/contents/" in entry.path]
    assert len(creates(sim)) == 40
    one_by_one = 40 * 60 / 3  # each task by a GET every 3 s while it runs
    assert len(polls) < one_by_one / 8


@pytest.mark.parametrize("kind", ["ark", "acedata"])
async def test_documented_limits_are_kept_by_themselves(kind):
    # 20 create calls at 4k are more than its 15 a minute, and more than its one at a time.
    with sw.Simulator(speed=200, limits="documented") as sim:
        provider = sim.provider(kind)
        asked = request("[sim:run=5] [sim:fail]", model="2.0", resolution="4k", duration=4)
        jobs = [sw.submit(asked, provider) for _ in range(20)]
        await asyncio.gather(*jobs, return_exceptions=True)
        assert {job.status for job in jobs} == {"failed"}
        assert [entry.status for entry in sim.requests if entry.status == 429] == []
        posts = [entry for entry in creates(sim) if not entry.path.endswith("/seedance/tasks")]
        assert len(posts) == 20


async def test_the_return_last_frame_is_fetched_too(sim, png):
    video = await sw.submit(request(first_frame_url=png, return_last_frame=True), sim.provider())
    assert video.last_frame.facts.format == "jpeg"


async def test_resume_takes_up_what_a_closed_loop_left_and_never_submits(sim, home):
    job_id = await left_behind(request("[sim:run=100]"), sim.provider())
    assert sw.job(job_id).status in {"queued", "running"}
    resumed = await sw.resume(sim.provider())
    assert [(job.id, job.status) for job in resumed] == [(job_id, "succeeded")]
    assert len(creates(sim)) == 1


async def test_resume_settles_what_was_never_sent_and_what_may_have_been(sim, home):
    ledger = open_ledger()
    job = sw.submit(request(), sim.provider())
    await job
    for name, state in {"never": "pending", "maybe": "submitting"}.items():
        with sqlite3.connect(home / FILE) as other:
            columns = [row[1] for row in other.execute("PRAGMA table_info(jobs)") if row[1] != "id"]
            names = ", ".join(columns)
            other.execute(f"INSERT INTO jobs (id, {names}) SELECT '{name}', {names} FROM jobs WHERE id = ?", [job.id])
            other.execute("UPDATE jobs SET state = ?, owner = '1-gone', task_id = NULL WHERE id = ?", [state, name])
    resumed = {one.id: one for one in await sw.resume(sim.provider())}
    assert resumed["never"].status == "cancelled"
    assert resumed["maybe"].status == "unknown"
    assert isinstance(resumed["maybe"].error, errors.UnknownSubmit)
    assert ledger.call(ledger.find, "maybe").state == "unknown"
    assert len(creates(sim)) == 1


async def test_resume_leaves_alone_what_this_process_is_busy_with(sim):
    job = sw.submit(request("[sim:run=60]"), sim.provider())
    async for state in job.watch():
        if state == "queued":
            break
    assert await sw.resume(sim.provider()) == []
    assert (await job).frames == 49


async def test_without_the_key_resume_says_so_and_leaves_the_job(sim, home):
    job = sw.submit(request(), sim.provider())
    await job
    with sqlite3.connect(home / FILE) as other:
        other.execute("UPDATE jobs SET state = 'running', provider = 'ark-cn', owner = '1-gone' WHERE id = ?", [job.id])
    resumed = await sw.resume()
    assert isinstance(resumed[0].error, errors.ConfigurationError)
    assert sw.job(job.id).status == "running"


async def test_a_wrong_key_is_an_auth_error_and_sends_nothing_more(sim):
    provider = sw.providers.Ark(api_key="wrong", base_url=sim.ark_base_url)
    job = sw.submit(request(), provider)
    with pytest.raises(errors.AuthError):
        await job
    assert len(sim.requests) == 1
    assert "wrong" not in str(job.error)


async def test_no_network_says_that_nothing_was_sent(sim, monkeypatch):
    from seedance_widgets.jobs import engine

    monkeypatch.setattr(engine, "PATIENCE_OFFLINE", 0.0)
    provider = sim.provider()
    sim.offline()
    with pytest.raises(errors.ConnectionFailed):
        await sw.submit(request(), provider)
    sim.online()
    assert creates(sim) == []


async def test_watch_ends_with_the_job(sim):
    job = sw.submit(request(), sim.provider())
    seen = [state async for state in job.watch()]
    assert seen[0] == "pending"
    assert seen[-1] == "succeeded"
    assert [state async for state in job.watch()] == ["succeeded"]
