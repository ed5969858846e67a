"""JobCard's Python side: what it sends, when, and what is left of it."""

import asyncio
import gc
import threading
import time
import weakref

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SeedanceError
from seedance_widgets.widgets import job_card
from seedance_widgets.widgets.job_card import JobCard
from seedance_widgets.widgets.surface import Refused

HOSTILE = '<img src=x onerror="alert(1)"></script>'


def request(words="", **changes):
    values = {"model": "1.0-pro", "resolution": "480p", "duration": 2}
    return sw.VideoRequest(f"a boat {words}".strip(), **{**values, **changes})


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def reaches(job, state):
    async with asyncio.timeout(30):
        async for now in job.watch():
            if now == state:
                return


def sent_by(card):
    """Every state that the card sends from here on."""
    seen = []
    card.observe(lambda change: seen.append(change["new"]), "job")
    return seen


def listeners(job):
    return len(job._track._listeners)


async def test_it_follows_the_job_to_its_video(sim):
    job = sw.submit(request(), sim.provider())
    card = JobCard(job)
    seen = sent_by(card)
    await job
    await until(lambda: card.job["video"])
    states = list(dict.fromkeys(state["state"] for state in seen))
    assert states[-1] == "succeeded"
    assert {"queued", "running"} <= {*states}
    assert dict(card.job["facts"])["Tokens"].startswith("19,845")


async def test_it_sends_what_has_changed_and_not_every_tick(sim):
    job = sw.submit(request("[sim:run=150]"), sim.provider())
    ticks = []
    with job.listening(ticks.append):
        card = JobCard(job)
        seen = sent_by(card)
        await job
        await until(lambda: card.job["video"])
    running = [state for state in seen if state["state"] == "running"]
    assert len(running) == 1
    assert len(ticks) > len(seen) + 3
    assert len(seen) <= 7


async def test_whoever_awaits_the_job_of_a_card_shows_its_video_without_work_on_the_loop(sim):
    job = sw.submit(request(), sim.provider())
    card = JobCard(job)
    video = await job
    assert list(video._posters) == [640]
    await until(lambda: card.job["video"])


async def test_it_lets_go_of_the_job_when_it_has_ended(sim):
    job = sw.submit(request(), sim.provider())
    cards = [JobCard(job) for _ in range(5)]
    assert listeners(job) == 5
    await job
    await until(lambda: listeners(job) == 0)
    await until(lambda: all(card.job["video"] for card in cards))


async def test_a_closed_card_lets_go_of_a_running_job(sim):
    job = sw.submit(request("[sim:run=60]"), sim.provider())
    card = JobCard(job)
    card.close()
    assert listeners(job) == 0
    assert (await job).frames == 49


async def test_a_card_of_an_ended_job_follows_nothing(sim):
    job = sw.submit(request(), sim.provider())
    await job
    card = JobCard(sw.job(job.task_id))
    assert card.job["state"] == "succeeded"
    assert card.job["video"]["frames"] == 49
    assert listeners(card._of) == 0


async def test_a_card_that_is_made_on_another_thread_follows_too(sim):
    job = sw.submit(request(), sim.provider())
    made = []
    threading.Thread(target=lambda: made.append(JobCard(job))).start()
    await until(lambda: made)
    await job
    await until(lambda: made[0].job["video"])


async def test_a_moderation_failure_is_explained(sim, png):
    job = sw.submit(request("[sim:moderation]", first_frame_url=png), sim.provider())
    card = JobCard(job)
    with pytest.raises(SeedanceError):
        await job
    await until(lambda: card.job["done"])
    error = card.job["error"]
    assert "safety filter refused the prompt" in error["meaning"]
    assert error["next_step"].startswith("Reword the prompt")
    assert card.job["cancel"] is None
    saved = card.saved()["text/html"]
    assert "InputTextSensitiveContentDetected" in saved
    assert "Reword the prompt" in saved


async def test_cancel_while_queued_cancels(sim):
    job = sw.submit(request("[sim:queue=600]"), sim.provider())
    await reaches(job, "queued")
    card = JobCard(job)
    answer = await card.answer_cancel(job.id, card.job["cancel"]["what"])
    assert answer == {"words": "Cancelled. Nothing is billed."}
    await until(lambda: card.job["state"] == "cancelled")


async def test_stop_watching_stops_the_card_and_watch_again_starts_it(sim):
    job = sw.submit(request("[sim:run=100]"), sim.provider())
    await reaches(job, "running")
    before = listeners(job)
    card = JobCard(job)
    assert listeners(job) == before + 1
    answer = await card.answer_cancel(job.id, "put_away")
    assert job.id in answer["words"]
    assert listeners(job) == before
    assert (card.job["live"], card.job["eta"]) == (False, None)
    assert card.job["cancel"]["label"] == "Watch again"
    assert "goes on" in card.job["note"]
    await card.answer_cancel(job.id, "watch")
    assert card.job["live"]
    assert card.job["cancel"]["label"] == "Stop watching"
    await job
    await until(lambda: card.job["video"])


async def test_watch_again_after_the_end_shows_the_video(sim):
    job = sw.submit(request("[sim:run=20]"), sim.provider())
    await reaches(job, "running")
    card = JobCard(job)
    await card.answer_cancel(job.id, "put_away")
    await job
    assert card.job["state"] == "running"
    await card.answer_cancel(job.id, "watch")
    await until(lambda: card.job["video"])


async def test_code_and_timeline_are_those_of_the_job(sim):
    job = sw.submit(request(first_frame_url=sw.sample_image()), sim.provider())
    await job
    card = JobCard(job)
    code = {one["name"]: one["text"] for one in await card.answer_code(job.id)}
    assert '"a boat"' in code["python"]
    assert sim.ark_base_url in code["curl"]
    assert (await card.answer_timeline(job.id))[-1]["text"].startswith("the file is on the disk")
    with pytest.raises(Refused, match="nothing of 'other'"):
        await card.answer_code("other")


async def test_code_of_a_job_whose_key_is_gone_is_python_alone(sim):
    provider = sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=sim.provider().limits)
    job = sw.submit(request(), provider)
    await job
    card = JobCard(sw.job(job.id))
    assert "very-secret" not in f"{card.get_state()}{await card.answer_code(job.id)}"
    assert {one["name"] for one in await card.answer_code(job.id)} == {"python", "sweep"}


async def test_a_job_of_an_earlier_kernel_is_shown_from_the_ledger(sim):
    job = sw.submit(request("[sim:run=600]"), sim.provider())
    await reaches(job, "running")
    # As after a restart: the ledger alone knows of it.
    from seedance_widgets.jobs import open_ledger
    from seedance_widgets.jobs.handle import Job
    from seedance_widgets.jobs.recovery import track_of

    ledger = open_ledger()
    await until(lambda: ledger.call(ledger.find, job.id).state == "running")
    card = JobCard(Job(track_of(ledger, ledger.call(ledger.find, job.id))))
    assert (card.job["state"], card.job["live"]) == ("running", False)
    assert "sw.resume()" in card.job["note"]
    assert card.job["cancel"] is None


async def test_shown_again_it_is_the_same_card_and_none_is_kept_for_a_job_that_is_gone(sim):
    job = sw.submit(request(), sim.provider())
    await job
    job_card.show(job)
    first = job_card._cards[job]()
    job_card.show(job)
    assert job_card._cards[job]() is first
    first.close()
    job_card.show(job)
    second = job_card._cards[job]()
    assert second is not first
    second.close()
    gone = weakref.ref(job)
    del job, first, second
    await asyncio.sleep(0)
    gc.collect()
    assert gone() is None


async def test_nothing_of_a_hostile_job_is_markup_in_its_saved_form(sim):
    job = sw.submit(request(HOSTILE), sim.provider())
    card = JobCard(job)
    await job
    await until(lambda: card.job["video"])
    assert "<img" not in card.saved()["text/html"]
    assert HOSTILE in card.job["prompt"]


async def test_what_is_drawn_never_reads_files_on_the_loop_at_the_end(sim, monkeypatch):
    from seedance_widgets.video import Video

    threads = []
    opened = Video._opened

    def watched(self):
        threads.append(threading.current_thread())
        return opened(self)

    monkeypatch.setattr(Video, "_opened", watched)
    job = sw.submit(request(), sim.provider())
    card = JobCard(job)
    await job
    await until(lambda: card.job["video"])
    assert threads
    here = [one for one in threads if one is threading.current_thread()]
    assert here == []


async def test_the_card_in_chinese(sim):
    job = sw.submit(request(), sim.provider())
    await job
    card = JobCard(job, lang="zh")
    assert dict(card.job["facts"])["费用"] == "免费"
    with pytest.raises(ValueError, match="lang must be one of"):
        JobCard(job, lang="fr")
    with pytest.raises(TypeError, match="not Video"):
        JobCard(job.video)


async def test_a_card_reaches_the_browser_in_one_small_message(sim):
    job = sw.submit(request(), sim.provider())
    await job
    state = JobCard(job).get_state()
    assert len(str(state["_esm"])) < 40_000
    assert len(str({key: value for key, value in state.items() if key != "_esm"})) < 20_000
    assert time.time() - state["job"]["at"] < 60
