"""The Studio's Python side: what the form's messages do, asked as the browser asks them."""

import asyncio
import json

import pytest
import traitlets

import seedance_widgets as sw
from seedance_widgets.errors import ConfigurationError, RequestError
from tests.widgets.front import FAST, Front, fill, until


@pytest.fixture
async def studio(sim):
    return sw.Studio(provider=sim.provider())


@pytest.fixture
async def front(studio):
    return Front(studio)


async def test_an_empty_form_says_what_to_do_and_shows_no_error(front):
    assert front.shown() == []
    assert front.studio.view["blocked"] == "To do: a first frame."
    json.dumps(front.studio.get_state(), default=str)


async def test_what_was_touched_and_is_empty_is_a_problem(front):
    await front.ask("mode", mode="text")
    assert front.studio.view["blocked"] == "To do: a sentence."
    await front.ask("set", changes={"prompt": "x"})
    await front.ask("set", changes={"prompt": ""})
    assert [problem["field"] for problem in front.shown()] == ["prompt"]


async def test_what_is_typed_is_in_the_request_at_once(front):
    await fill(front, seed=7)
    assert front.studio.request.prompt == "a boat"
    assert front.studio.request.seed == 7
    assert front.studio.view["values"]["seed"] == 7
    assert front.studio.view["blocked"] == ""
    assert front.studio.estimate.width == 864


async def test_a_field_that_is_none_is_refused(front):
    assert "first_frame_url" in await front.refused("set", changes={"first_frame_url": "/etc/passwd"})
    assert "nothing" in await front.refused("set", changes={"nothing": 1})


async def test_every_problem_can_be_pressed_away(front):
    await fill(front, frames=100, duration=None, seed=-5, ratio="5:4")
    async with asyncio.timeout(10):
        while front.studio.view["blocked"]:
            number, problem = next(
                (i, one) for i, one in enumerate(front.studio.view["problems"]) if one["severity"] == "error"
            )
            assert problem["fixes"], problem
            await front.ask("fix", revision=front.studio.view["revision"], problem=number, choice=0)
    assert [one for one in front.studio.problems if one.severity == "error"] == []


async def test_a_fix_of_a_form_that_has_changed_is_refused(front):
    await fill(front, frames=100, duration=None)
    revision = front.studio.view["revision"]
    await front.ask("set", changes={"prompt": "another"})
    assert "changed" in await front.refused("fix", revision=revision, problem=0, choice=0)
    assert front.studio.request.frames == 100


async def test_generate_shows_the_run_and_then_the_video(front):
    await fill(front)
    job_id = (await front.press())["job"]
    assert front.studio.jobs[0]["id"] == job_id == front.studio.selected
    await until(lambda: front.studio.jobs[0]["done"])
    assert front.studio.jobs[0]["state"] == "succeeded"
    assert front.studio.video.width == 864
    assert front.studio.video == (await front.studio.job)
    assert "<video" in front.studio.saved()["text/html"]


async def test_one_press_that_arrives_twice_is_one_run(front, sim):
    await fill(front)
    await asyncio.gather(*(front.ask("generate", press="the same") for _ in range(2)))
    await until(lambda: front.studio.jobs[0]["done"])
    assert len(front.studio.jobs) == 1
    assert sum(one.method == "POST" for one in sim.requests) == 1


async def test_two_runs_at_once_and_the_form_keeps_its_settings(front):
    await fill(front, seed=3)
    await front.press()
    assert front.studio.request.seed == 3
    await front.ask("set", changes={"seed": 4})
    await front.press()
    assert len({job["id"] for job in front.studio.jobs}) == 2
    await until(lambda: all(job["done"] for job in front.studio.jobs))
    assert [job["state"] for job in front.studio.jobs] == ["succeeded", "succeeded"]


async def test_a_billed_run_asks_once_with_the_price(sim):
    provider = sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=sim.provider().limits)
    front = Front(sw.Studio(provider=provider))
    await fill(front)
    asked = (await front.press())["confirm"]
    assert "¥" in asked["line"]
    assert not any(one.method == "POST" for one in sim.requests)
    # What was agreed to is what is sent: after a change it is asked again.
    await front.ask("set", changes={"duration": 4})
    again = (await front.press(agreed=asked["agreed"]))["confirm"]
    assert again["line"] != asked["line"]
    assert (await front.press(agreed=again["agreed"]))["job"]
    await until(lambda: front.studio.jobs[0]["done"])


async def test_confirm_never_and_always(sim):
    provider = sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=sim.provider().limits)
    never = Front(sw.Studio(provider=provider, confirm="never"))
    await fill(never)
    assert "job" in await never.press()
    always = Front(sw.Studio(provider=sim.provider(), confirm="always"))
    await fill(always)
    assert "free" in (await always.press())["confirm"]["line"]
    await until(lambda: never.studio.jobs[0]["done"])


async def test_a_key_that_is_typed_is_in_no_state_and_no_answer(front, caplog):
    await front.ask("provider", name="ark-cn", secret="sk-very-secret-0815")
    assert front.studio.provider.billed
    assert front.studio.header["billed"]
    await front.refused("provider", name="nobody", secret="sk-very-secret-0815")
    seen = f"{front.studio.get_state()} {front.sent} {caplog.text} {vars(front.studio)}"
    assert "very-secret" not in seen


async def test_with_several_keys_the_form_asks_and_sends_nothing(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "sk-one-of-two-000")
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", "sk-two-of-two-000")
    front = Front(sw.Studio())
    assert front.studio.provider is None
    assert "say which one" in front.studio.header["trouble"]
    await fill(front)
    assert "say which one" in (await front.press())["blocked"]
    with pytest.raises(ConfigurationError):
        front.studio.generate()


async def test_setting_the_request_draws_the_form_anew(studio):
    before = studio.view["revision"]
    studio.request = sw.VideoRequest("set from Python", sw.sample_image(), frames=100, **FAST | {"duration": None})
    assert studio.view["revision"] > before
    assert studio.view["values"]["prompt"] == "set from Python"
    assert [problem.field for problem in studio.problems if problem.severity == "error"] == ["frames"]
    assert not any(problem["quiet"] for problem in studio.view["problems"])


async def test_what_is_no_request_is_refused(studio):
    with pytest.raises(traitlets.TraitError, match="VideoRequest"):
        studio.request = "a boat"


async def test_generate_from_python_is_what_the_button_does(studio):
    with pytest.raises(RequestError):
        studio.generate()
    studio.request = sw.VideoRequest("a boat", sw.sample_image(), **FAST)
    job = studio.generate()
    assert studio.job is job
    video = await job
    await until(lambda: studio.video is not None)
    assert studio.video == video


async def test_the_video_can_be_observed(studio):
    seen = []
    studio.observe(lambda change: seen.append(change["new"]), "video")
    studio.request = sw.VideoRequest("a boat", sw.sample_image(), **FAST)
    video = await studio.generate()
    await until(lambda: seen)
    assert seen == [video]


async def test_the_last_frame_becomes_the_first_frame(front):
    await fill(front)
    job_id = (await front.press())["job"]
    await until(lambda: front.studio.jobs[0]["done"])
    await front.ask("job.use", job=job_id, how="last_to_first")
    assert front.studio.request.first_frame_url == front.studio.video.last_frame
    await front.ask("job.use", job=job_id, how="vary_seed")
    assert front.studio.request.seed >= 0
    await front.ask("job.use", job=job_id, how="settings")
    assert front.studio.request == front.studio.job.request
    assert "not for" in await front.refused("job.use", job=job_id, how="nothing")


async def test_switching_the_mode_and_back_keeps_the_image(front):
    await fill(front)
    image = front.studio.request.first_frame_url
    await front.ask("mode", mode="text")
    assert front.studio.request.images == ()
    assert front.studio.view["blocked"] == ""
    await front.ask("mode", mode="first_frame")
    assert front.studio.request.first_frame_url == image


async def test_an_upload_under_way_is_waited_for(front, png):
    await front.ask("set", changes={"prompt": "a boat", **FAST})
    await front.ask("image.begin", upload="u", slot="first_frame_url", index=None, name="a.png", size=len(png))
    assert front.studio.view["uploading"]
    assert front.studio.view["blocked"] == ""
    pressed = asyncio.ensure_future(front.press())
    await front.ask("image.chunk", png[:1000], upload="u", offset=0)
    assert not pressed.done()
    await front.ask("image.chunk", png[1000:], upload="u", offset=1000)
    assert (await pressed)["job"]
    assert front.studio.request.first_frame_url.data == png
    await until(lambda: front.studio.jobs[0]["done"])


async def test_another_language_keeps_what_was_typed(front):
    await fill(front)
    await front.ask("lang", lang="zh")
    assert front.studio.lang == "zh"
    assert front.studio.strings["studio.generate"] == "生成"
    assert front.studio.request.prompt == "a boat"


async def test_code_and_timeline_of_a_run(front):
    await fill(front)
    assert any(one["name"] == "python" for one in await front.ask("code", job=None))
    job_id = (await front.press())["job"]
    await until(lambda: front.studio.jobs[0]["done"])
    lines = await front.ask("timeline", job=job_id)
    assert any("accepted" in line["text"] for line in lines)
    assert "no run" in await front.refused("timeline", job="nothing")


# ------------------------------------------------------------------------------------------------- a video that is set


async def test_a_video_of_a_run_that_is_set_is_shown_with_its_run(front):
    await fill(front)
    jobs = set()
    for _ in range(2):
        jobs.add((await front.press())["job"])
        await until(lambda: all(job["done"] and job["id"] in jobs for job in front.studio.jobs))
    await until(lambda: front.studio.selected == front.studio.job.id)
    (earlier,) = jobs - {front.studio.selected}
    front.studio.video = sw.job(earlier).video
    await until(lambda: front.studio.selected == earlier)
    assert front.studio.single == {}


async def test_a_video_of_the_ledger_that_is_set_is_shown_with_its_run(sim):
    video = await sw.generate_video("a boat", provider=sim.provider(), **FAST)
    studio = sw.Studio(provider=sim.provider())
    studio.video = video
    await until(lambda: studio.jobs and studio.jobs[0]["video"])
    assert studio.selected == studio.job.id
    assert studio.job.video == video
    assert studio.single == {}


@pytest.mark.parametrize("named", [False, True])
async def test_a_video_of_no_run_that_is_set_is_shown_by_itself(front, tmp_path, named):
    await fill(front)
    job_id = (await front.press())["job"]
    await until(lambda: front.studio.jobs[0]["done"] and front.studio.video is not None)
    path = tmp_path / "boat.mp4"
    path.write_bytes(front.studio.video.path.read_bytes())
    other = sw.Video(path, task_id="cgt-nobody-knows") if named else sw.Video.open(path)
    front.studio.video = other
    await until(lambda: front.studio.single)
    assert front.studio.single["name"] == "boat.mp4"
    assert "boat.mp4" in str(front.studio.saved())
    await front.ask("select", job=job_id)
    assert front.studio.single == {}


async def test_a_press_that_comes_too_late_leaves_the_result(front):
    await fill(front)
    job_id = (await front.press())["job"]
    await until(lambda: front.studio.jobs[0]["done"])
    assert "ended" in (await front.ask("cancel", job=job_id, what="put_away"))["words"]
    assert front.studio.jobs[0]["id"] == job_id
    for what in ("", "delete"):
        assert "not to" in await front.refused("cancel", job=job_id, what=what)


async def test_many_runs_are_drawn_together(front, sim):
    await fill(front)
    changes = []
    front.studio.observe(changes.append, "jobs")
    jobs = [front.studio.generate() for _ in range(10)]
    await asyncio.gather(*jobs)
    await until(lambda: all(job["state"] == "succeeded" for job in front.studio.jobs) and len(front.studio.jobs) == 10)
    # Ten begin and end, each with a drawing; between, each has three states at least.
    assert len(changes) < 10 * 4
