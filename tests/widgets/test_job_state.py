"""What the browser is told of a job: true in every state, at every provider, in both languages."""

import asyncio
import json
import re
import time
import tomllib
from importlib.resources import files

import pytest

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue
from seedance_widgets.catalog.error_codes import advice
from seedance_widgets.errors import SeedanceError
from seedance_widgets.jobs import Job, open_ledger
from seedance_widgets.jobs.engine import engine_for
from seedance_widgets.jobs.record import ENDED, STATES, Record
from seedance_widgets.jobs.track import Track
from seedance_widgets.notebook.card import SIGNS
from seedance_widgets.widgets.cancel import press
from seedance_widgets.widgets.job_state import job_state, seconds_words, timeline_state, warm
from seedance_widgets.widgets.media import Shelf
from seedance_widgets.widgets.say import say
from seedance_widgets.widgets.strings import table

CHINESE = re.compile("[\u4e00-\u9fff]")
HOSTILE = '<img src=x onerror="alert(1)"></script>'
LIVE = [state for state in STATES if state not in ENDED]


def request(words="", **changes):
    return sw.VideoRequest(
        f"a boat {words}".strip(), **{"model": "1.0-pro", "resolution": "480p", "duration": 2, **changes}
    )


def in_state(state, provider, *, followed=True, **record):
    """A job as it is in `state`, with the engine that would drive it."""
    values = {
        "id": "0123456789",
        "provider": provider.id,
        "base_url": provider.base_url,
        "billed": provider.billed,
        "model": "1.0-pro",
        "created_at": time.time() - 40,
        "state": state,
        "task_id": None if state in {"pending", "submitting"} else "cgt-1",
        "submitted_at": None if state == "pending" else time.time() - 35,
    }
    track = Track(Record(**{**values, **record}), request(), label=provider.label)
    if followed:
        track.attach(engine_for(provider, open_ledger(), asyncio.get_running_loop()))
    return Job(track)


def state_of(job, lang="en"):
    state = job_state(job, lang, Shelf())
    json.dumps(state)
    return state


def billed_ark(sim):
    return sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=sim.provider().limits)


def billed_acedata(sim):
    return sw.providers.AceDataCloud(
        api_token="sk-very-secret-0815", base_url=sim.acedata_base_url, limits=sim.provider("acedata").limits
    )


PROVIDERS = {
    "ark": billed_ark,
    "acedata": billed_acedata,
    "simulated ark": lambda sim: sim.provider("ark"),
    "simulated acedata": lambda sim: sim.provider("acedata"),
}
CANCELS = {"ark": True, "acedata": False, "simulated ark": True, "simulated acedata": False}


# ------------------------------------------------------------------------------------------------- the cancel button


@pytest.mark.parametrize("kind", PROVIDERS)
@pytest.mark.parametrize("state", STATES)
async def test_the_button_says_what_it_will_come_to(sim, kind, state):
    button = state_of(in_state(state, PROVIDERS[kind](sim)))["cancel"]
    if state in ENDED:
        assert button is None
    elif state == "pending":
        assert (button["what"], button["label"]) == ("cancel", "Do not send")
        assert "nothing is made or billed" in button["hint"]
    elif state == "submitting":
        assert (button["what"], button["label"]) == ("cancel", "Cancel")
        assert ("takes the task out of" in button["hint"]) is CANCELS[kind]
        assert ("has no call to cancel it" in button["hint"]) is not CANCELS[kind]
    elif state == "queued" and CANCELS[kind]:
        assert (button["what"], button["label"]) == ("cancel", "Cancel")
        assert "Nothing is billed" in button["hint"]
    else:
        assert (button["what"], button["label"]) == ("put_away", "Stop watching")
        assert "kept" in button["hint"]
        assert ("is billed when it succeeds" in button["hint"]) is (
            kind in {"ark", "acedata"} and state != "downloading"
        )


@pytest.mark.parametrize("state", LIVE)
async def test_the_button_speaks_chinese_too(sim, state):
    button = state_of(in_state(state, billed_ark(sim)), "zh")["cancel"]
    assert CHINESE.search(button["label"])
    assert CHINESE.search(button["hint"])


async def test_what_is_queued_is_cancelled_at_the_provider(sim):
    job = sw.submit(request("[sim:queue=600]"), sim.provider())
    async for state in job.watch():
        if state == "queued":
            break
    pressed = await press(job, state_of(job)["cancel"]["what"], "en")
    assert pressed.words == "Cancelled. Nothing is billed."
    assert job.status == "cancelled"
    assert any(one.method == "DELETE" for one in sim.requests)
    assert state_of(job)["cancel"] is None


async def test_what_has_not_been_sent_is_not_sent(sim):
    sim.offline()
    job = sw.submit(request(), sim.provider())
    async with asyncio.timeout(30):
        while not job.note:
            await asyncio.sleep(0.005)
    assert state_of(job)["cancel"]["label"] == "Do not send"
    await press(job, "cancel", "en")
    sim.online()
    assert job.status == "cancelled"
    assert not any(one.method == "POST" for one in sim.requests)


@pytest.mark.parametrize(("kind", "words"), [("ark", "bills a running one"), ("acedata", "no call that cancels")])
async def test_a_cancel_that_comes_too_late_says_so_and_leaves_the_run_in_sight(sim, kind, words):
    job = sw.submit(request("[sim:run=60]" if kind == "ark" else "[sim:queue=60]"), sim.provider(kind))
    async for state in job.watch():
        if state == ("running" if kind == "ark" else "queued"):
            break
    pressed = await press(job, "cancel", "en")
    assert words in pressed.words
    assert not pressed.away
    assert CHINESE.search((await press(job, "cancel", "zh")).words)
    assert (await job).frames == 49


async def test_stop_watching_leaves_the_job_alone(sim):
    job = sw.submit(request("[sim:run=60]"), sim.provider())
    async for state in job.watch():
        if state == "running":
            break
    pressed = await press(job, state_of(job)["cancel"]["what"], "en")
    assert pressed.away
    assert job.id in pressed.words
    assert (await job).frames == 49


async def test_a_job_that_nobody_follows_cannot_be_cancelled_here_and_says_what_to_do(sim):
    state = state_of(in_state("running", billed_ark(sim), followed=False))
    assert state["cancel"] is None
    assert state["live"] is False
    assert "sw.resume()" in state["note"]


# ------------------------------------------------------------------------------------------------------------ the state


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
async def test_every_state_has_its_sign_and_a_word(sim, state, lang):
    drawn = state_of(in_state(state, billed_ark(sim)), lang)
    assert drawn["sign"] == SIGNS[state]
    assert table()["state"][state]
    assert drawn["live"] is (state not in ENDED)


async def test_the_seconds_of_each_state_are_told(sim):
    now = time.time()
    job = in_state("running", billed_ark(sim), submitted_at=now - 33, running_at=now - 31, created_at=now - 34)
    state = state_of(job)
    assert [(name, round(seconds)) for name, seconds in state["spans"]] == [("queued", 2), ("running", 31)]
    assert round(state["elapsed"]) == 34
    done = in_state(
        "succeeded", billed_ark(sim), submitted_at=now - 33, ready_at=now - 2, ended_at=now - 1, created_at=now - 34
    )
    # Never seen running at a poll: that time is not called queued.
    assert [(name, round(seconds)) for name, seconds in state_of(done)["spans"]] == [
        ("running", 31),
        ("downloading", 1),
    ]


async def test_an_estimate_that_has_run_out_is_none_and_the_job_is_late(sim):
    fresh = state_of(in_state("running", billed_ark(sim), estimate={"expected_seconds": 60}))
    assert 20 < fresh["eta"] < 30
    assert fresh["late"] is False
    late = state_of(in_state("running", billed_ark(sim), estimate={"expected_seconds": 10}))
    assert (late["eta"], late["late"]) == (None, True)
    unknown = state_of(in_state("running", billed_ark(sim)))
    assert (unknown["eta"], unknown["late"]) == (None, False)


async def test_a_finished_job_has_its_video_and_every_fact(sim, home):
    job = sw.submit(request(seed=7), sim.provider())
    await job
    state = state_of(job)
    facts = dict(state["facts"])
    assert state["video"]["width"] == 864
    assert state["shape"] == [864, 480]
    assert state["poster"] == state["video"]["poster"]
    assert facts["Size"] == "864 \u00d7 480"
    assert facts["Length"] == "2.04 s · 49 frames at 24 fps"
    assert facts["Seed"] == "7"
    assert facts["Tokens"] == "19,845, as estimated"
    assert facts["Cost"] == "free"
    assert facts["Provider"] == "Simulator"
    assert facts["Task"] == job.task_id
    assert facts["File"] == job.video.path.name
    assert facts["Job"] == job.id
    assert state["line"] == f"{job.task_id} · 480p · seed 7 · free"
    assert "提示词" in dict(state_of(job, "zh")["facts"])


async def test_tokens_and_price_are_estimates_until_they_are_counted(sim):
    before = in_state("running", billed_ark(sim), estimate={"tokens": 19845}, price=0.3, currency="CNY")
    assert dict(state_of(before)["facts"])["Tokens"] == "about 19,845, as estimated"
    assert state_of(before)["cost"] == "about ¥0.30"
    assert state_of(before, "zh")["cost"] == "约 ¥0.30"
    after = in_state(
        "succeeded", billed_ark(sim), estimate={"tokens": 19845}, result={"tokens": 20000}, price=0.302, currency="CNY"
    )
    assert dict(state_of(after)["facts"])["Tokens"] == "20,000; 19,845 were estimated"
    assert state_of(after)["cost"] == "¥0.30"


async def test_until_when_the_link_holds_is_told_for_a_real_provider(sim):
    job = sw.submit(request(), billed_ark(sim))
    await job
    held = dict(state_of(job)["facts"])["Provider's link"]
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + catalogue().providers["ark-cn"].url_seconds))
    assert held.startswith(f"holds until {day}")
    job._track.record.ready_at -= 2 * catalogue().providers["ark-cn"].url_seconds
    assert dict(state_of(job)["facts"])["Provider's link"].startswith("dead since")


async def test_a_video_that_was_deleted_is_said(sim):
    job = sw.submit(request(), sim.provider())
    video = await job
    video.path.unlink()
    warm(job)
    state = state_of(job)
    assert state["video"] is None
    assert "moved or deleted" in state["note"]
    assert "已不在" in state_of(job, "zh")["note"]


async def test_the_picture_before_the_video_is_the_first_local_image(sim, png):
    job = in_state("running", billed_ark(sim))
    assert state_of(job)["poster"] is None
    job._track.request = request(first_frame_url="https://a.example/x.png", last_frame_url=png)
    shelf = Shelf()
    key = job_state(job, "en", shelf)["poster"]
    assert shelf.picture(key, 64)[1] == 64


# -------------------------------------------------------------------------------------------------------------- errors


async def test_a_refusal_is_explained(sim, png):
    job = sw.submit(request("[sim:moderation]", first_frame_url=png), sim.provider())
    with pytest.raises(SeedanceError):
        await job
    error = state_of(job)["error"]
    assert error["text"].startswith("InputTextSensitiveContentDetected")
    assert error["meaning"] == "The safety filter refused the prompt."
    assert "topic" in error["cause"]
    assert error["next_step"].startswith("Reword the prompt")
    assert error["billed"] == "Nothing is billed: the simulator is free."
    chinese = state_of(job, "zh")["error"]
    assert all(CHINESE.search(chinese[name]) for name in ("meaning", "cause", "next_step", "billed"))


async def test_whether_a_failure_is_billed_depends_on_whether_the_video_was_made(sim):
    ark = billed_ark(sim)
    failed = in_state("failed", ark, price=0.3, currency="CNY")
    failed._track.error = SeedanceError("no")
    assert state_of(failed)["error"]["billed"] == "Nothing is billed."
    made = in_state("failed", ark, price=0.3, currency="CNY", ready_at=time.time())
    made._track.error = SeedanceError("the video was made, but the provider no longer keeps it.")
    assert state_of(made)["error"]["billed"] == "The video was made: about ¥0.30 is billed."
    lost = in_state("unknown", ark, price=0.3, currency="CNY")
    lost._track.error = SeedanceError("lost")
    assert "may be billed" in state_of(lost)["error"]["billed"]


async def test_text_of_a_server_stays_text_as_it_came(sim):
    job = in_state("failed", billed_ark(sim))
    _, known = advice("ark", "SensitiveContentDetected", 400, "")
    job._track.error = sw.errors.ModerationError(HOSTILE, code="SensitiveContentDetected", advice=known)
    for lang in ("en", "zh"):
        assert HOSTILE in state_of(job, lang)["error"]["text"]


def test_all_advice_of_the_catalogue_is_known_in_chinese():
    found = 0
    for wire in ("ark", "acedata", "own"):
        for rows in _rows(wire):
            for sentence in rows:
                found += 1
                assert CHINESE.search(say(sentence, "zh")), sentence
    assert found > 250


def _rows(wire):
    raw = tomllib.loads(files("seedance_widgets.catalog").joinpath("errors.toml").read_text("utf-8"))
    return [[row[name] for name in ("meaning", "cause", "next_step") if row.get(name)] for row in raw[wire]]


# ------------------------------------------------------------------------------------------------------------ timeline


async def test_the_timeline_tells_what_was_sent_and_answered_when_and_what_it_cost(sim):
    job = sw.submit(request("[sim:429=1]", first_frame_url=sw.sample_image()), sim.provider())
    await job
    lines = await asyncio.to_thread(timeline_state, job, "en")
    texts = [line["text"] for line in lines]
    assert texts[0] == "written down"
    assert "the create call is sent: 1.0-pro · 480p · 16:9 · 2 s · 1 image" in texts
    assert any(one.startswith("nothing was made: ") for one in texts)
    assert f"accepted as {job.task_id}" in texts
    assert texts[-1] == "the file is on the disk · 19,845 tokens · free"
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert lines[0]["clock"] == time.strftime("%H:%M:%S", time.localtime(job.timeline[0].at))
    assert {line["state"] for line in lines} >= {"pending", "submitting", "queued", "succeeded"}


@pytest.mark.parametrize("words", ["", "[sim:fail]", "[sim:lost]", "[sim:stuck] [sim:expire=20]", "[sim:moderation]"])
async def test_the_timeline_of_every_end_is_told_in_chinese(sim, words):
    job = sw.submit(request(words, first_frame_url=sw.sample_image()), sim.provider())
    await asyncio.gather(job, return_exceptions=True)
    for line in timeline_state(sw.job(job.id), "zh"):
        assert CHINESE.search(line["text"].rpartition(" · ")[0] or line["text"]), line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (31.4, "31 s"), (99.4, "99 s"), (100, "1 min 40 s"), (3599.4, "59 min 59 s"), (3780, "1 h 3 min")],
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert seconds_words(seconds, "en") == words
