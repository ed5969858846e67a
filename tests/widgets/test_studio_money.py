"""Nothing is bought that was not asked for: what is sent is what the person saw, once, after the question was read."""

import asyncio

import pytest
from PIL import Image

import seedance_widgets as sw
from tests.widgets.front import FAST, Front, fill, until

TEXT = {"prompt": "a boat", **FAST}


def created(sim) -> list:
    return [one for one in sim.requests if one.method == "POST"]


@pytest.fixture
async def billed(sim):
    """A Studio whose provider is billed, filled in."""
    provider = sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url, limits=sim.provider().limits)
    front = Front(sw.Studio(provider=provider))
    await fill(front)
    yield front
    await until(lambda: all(job["done"] for job in front.studio.jobs))


@pytest.fixture
async def front(sim):
    front = Front(sw.Studio(provider=sim.provider()))
    yield front
    await until(lambda: all(job["done"] for job in front.studio.jobs))


# --------------------------------------------------------------------------------------------------- the question


async def test_an_answer_is_good_for_one_run(billed, sim):
    asked = [(await billed.press())["confirm"]["agreed"] for _ in range(2)]  # in two views, say
    assert len(set(asked)) == 2
    assert "job" in await billed.press(agreed=asked[0])
    assert "confirm" in await billed.press(agreed=asked[0])
    assert "confirm" in await billed.press(agreed=asked[1])
    await until(lambda: billed.studio.jobs[0]["done"])
    assert len(created(sim)) == 1


async def test_a_run_puts_the_questions_of_other_views_away(billed):
    asked = (await billed.press())["confirm"]["agreed"]
    before = billed.studio.view["revision"]
    await billed.press(agreed=asked)
    assert billed.studio.view["revision"] > before  # at which the browser takes a question away


async def test_an_answer_is_no_answer_to_another_form_or_provider(billed, sim):
    asked = (await billed.press())["confirm"]["agreed"]
    await billed.ask("set", changes={"seed": 5})
    await billed.ask("set", changes={"seed": -1})  # as before, but it was another form meanwhile
    assert "confirm" in await billed.press(agreed=asked)
    asked = (await billed.press())["confirm"]["agreed"]
    limits = sim.provider().limits
    other = sw.providers.Ark(api_key="sk-very-secret-0816", base_url=sim.ark_base_url, limits=limits)
    billed.studio.provider = other
    await billed.ask("set", changes={"model": sw.VideoRequest("a").model})
    assert "job" not in await billed.press(agreed=asked)
    assert created(sim) == []


@pytest.mark.parametrize("odd", ["", "0", 7, ["a"], {"a": 1}, True])
async def test_a_made_up_answer_is_none(billed, sim, odd):
    try:
        answer = await billed.press(agreed=odd)
    except AssertionError:  # refused
        answer = {}
    assert "job" not in answer
    assert created(sim) == []


async def test_an_observer_that_raises_leaves_no_old_answer_behind(billed, sim):
    asked = (await billed.press())["confirm"]["agreed"]

    def trip(change):
        raise ValueError("somebody's observer")

    for trait in ("request", "problems", "estimate"):
        billed.studio.observe(trip, trait)
        assert "observer" in await billed.refused("set", changes={"duration": 4 if trait != "problems" else 99})
        billed.studio.unobserve(trip, trait)
        assert billed.studio.view["values"]["duration"] == billed.studio.request.duration
        assert "job" not in await billed.press(agreed=asked)
        await billed.ask("set", changes={"duration": 2})
    assert created(sim) == []


async def test_the_question_says_what_the_form_says(billed):
    await billed.ask("set", changes={"model": "1.5-pro", "duration": -1, "generate_audio": False})
    price = billed.studio.view["estimate"]["price"]
    assert price.startswith("at most ¥")
    assert price in (await billed.press())["confirm"]["line"]


async def test_an_image_file_that_is_another_one_by_now_is_looked_at_again(billed, tmp_path, sim):
    path = tmp_path / "boat.png"
    Image.new("RGB", (640, 400)).save(path)
    await billed.ask("image.url", slot="first_frame_url", index=None, url=str(path))
    before = billed.studio.view["images"]["first_frame_url"]
    asked = (await billed.press())["confirm"]["agreed"]
    path.write_bytes(b"no image any more")
    assert "blocked" in await billed.press(agreed=asked)
    Image.new("RGB", (400, 640)).save(path)
    await billed.press()
    after = billed.studio.view["images"]["first_frame_url"]
    assert (after["width"], after["height"]) == (400, 640)
    assert after["key"] != before["key"]  # so that the browser asks for the picture anew
    assert created(sim) == []


# ------------------------------------------------------------------------------------------------- what is sent


async def test_a_run_that_is_sent_does_not_look_as_if_it_had_failed(front, sim):
    def trip(change):
        raise ValueError("somebody's observer")

    heard = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context["exception"]))
    front.studio.observe(trip, "job")
    await fill(front)
    answer = await front.press()
    assert answer["job"] == front.studio.jobs[0]["id"]
    await until(lambda: heard)
    assert "somebody" in str(heard[0])


async def test_an_upload_that_fails_keeps_the_press_from_sending_the_old_image(front, sim, png):
    await fill(front)
    await front.ask("image.begin", upload="u", slot="first_frame_url", index=None, name="a.png", size=len(png))
    pressed = asyncio.ensure_future(front.press())
    await front.ask("image.chunk", png[:1000], upload="u", offset=0)
    await front.ask("image.abort", upload="u")
    assert "not arrived" in (await pressed)["blocked"]
    assert created(sim) == []
    assert "job" in await front.press()


async def test_an_image_that_comes_after_its_slot_has_gone_is_not_sent(front, sim, png):
    await front.ask("set", changes=TEXT)
    await front.ask("image.begin", upload="u", slot="first_frame_url", index=None, name="a.png", size=len(png))
    await front.ask("mode", mode="text")
    await front.ask("image.chunk", png, upload="u", offset=0)
    assert front.studio.view["mode"] == "text"
    assert front.studio.request.images == ()
    await front.press()
    await until(lambda: front.studio.jobs[0]["done"])
    assert [part["type"] for part in created(sim)[0].body["content"]] == ["text"]
    await front.ask("mode", mode="first_frame")
    assert front.studio.request.first_frame_url.data == png  # it is there on the way back


async def test_a_reference_that_comes_late_is_kept_with_the_others(front, png):
    await front.ask("set", changes={**TEXT, "model": "1.0-lite"})
    await front.ask("mode", mode="references")
    for _ in range(2):
        await front.ask("image.sample", slot="reference_image_urls")
    old = front.studio.request.references
    await front.ask("image.begin", upload="u", slot="reference_image_urls", index=1, name="a.png", size=len(png))
    await front.ask("mode", mode="text")
    await front.ask("image.chunk", png, upload="u", offset=0)
    assert front.studio.request.images == ()
    await front.ask("mode", mode="references")
    assert front.studio.request.references == (old[0], sw.Image(png))


async def test_an_image_that_would_be_sent_is_always_in_sight(studio_of_text):
    studio = studio_of_text

    def meddle(change):
        if not change["new"].images:
            studio.request = change["new"].replace(first_frame_url=sw.sample_image())

    studio.observe(meddle, "request")
    await Front(studio).ask("set", changes={"prompt": "another"})
    assert studio.request.images
    assert studio.view["mode"] == "first_frame"


@pytest.fixture
async def studio_of_text(sim):
    return sw.Studio(sw.VideoRequest("a boat", **FAST), provider=sim.provider())


async def test_a_press_that_waits_is_over_when_the_studio_is_closed(front, sim, png):
    await fill(front)
    await front.ask("image.begin", upload="u", slot="last_frame_url", index=None, name="a.png", size=len(png))
    call = asyncio.ensure_future(front.press())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not call.done()
    tasks = set(front.studio._tasks)
    front.studio.close()
    await asyncio.wait(tasks, timeout=10)
    assert all(task.done() for task in tasks)
    call.cancel()
    assert created(sim) == []
    assert sw.jobs() == [] or all(job.status != "pending" for job in sw.jobs())
