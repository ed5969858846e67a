"""The providers and the simulator understand each other, on both wires."""

from __future__ import annotations

import asyncio

import pytest

from seedance_widgets import errors
from seedance_widgets.providers import AceDataCloud, Ark, Limits
from seedance_widgets.providers.base import FINAL
from seedance_widgets.providers.http import may_repeat_create

KINDS = ["ark", "ark-ap", "acedata"]


@pytest.fixture
async def provider_of(sim):
    made = []

    def make(kind):
        made.append(sim.provider(kind))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


async def task_when(provider, task_id, statuses):
    """The task, asked for until it is in one of the statuses."""
    async with asyncio.timeout(60):
        while True:
            task = (await provider.poll([task_id]))[task_id]
            if task.status in statuses:
                return task
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_video_is_made(provider_of, request_of, kind):
    provider = provider_of(kind)
    asked = request_of(resolution="480p", duration=2, return_last_frame=True, seed=5)
    submitted = await provider.submit(asked)
    task = await task_when(provider, submitted.task_id, FINAL)
    assert (task.status, task.seed, task.resolution, task.ratio) == ("succeeded", 5, "480p", "16:9")
    assert task.tokens == 49 * 864 * 480 // 1024
    assert task.video_url.startswith("http://127.0.0.1")
    assert task.last_frame_url.startswith("http://127.0.0.1")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["1.0-pro", "1.5-pro", "2.0", "2.5"])
async def test_every_parameter_that_a_model_has_is_accepted(provider_of, request_of, png, kind, model):
    ratio = "adaptive" if model == "2.5" else "16:9"
    asked = request_of(model=model, first_frame_url=png, ratio=ratio, seed=1, camera_fixed=True, generate_audio=True)
    assert (await provider_of(kind).submit(asked)).task_id


async def test_many_tasks_of_both_tiers_come_in_a_few_lists(sim, provider_of, request_of):
    provider = provider_of("ark")
    tiers = ["default", "flex"] * 5
    asked = [provider.submit(request_of("[sim:queue=100000]", service_tier=one)) for one in tiers]
    ids = [one.task_id for one in await asyncio.gather(*asked)]
    before = len(sim.requests)
    answers = await provider.poll([*ids, "cgt-unknown"])
    assert [answers[one].status for one in ids] == ["queued"] * 10
    assert isinstance(answers["cgt-unknown"], errors.NotFound)
    assert len(sim.requests) - before == 3 + 1  # default, flex, what is missing in flex again, and the unknown alone


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("word", "kind_of_error", "again"),
    [
        ("[sim:moderation]", errors.ModerationError, False),
        ("[sim:overdue]", errors.QuotaExceeded, False),
        ("[sim:429]", errors.RateLimited, True),
        ("[sim:503]", errors.ServerError, True),
        ("[sim:500]", errors.ServerError, False),
        ("[sim:lost]", errors.UnknownSubmit, False),
        ("[sim:garbage]", errors.UnknownSubmit, False),
        ("[sim:noid]", errors.UnknownSubmit, False),
    ],
)
async def test_refusals_and_lost_answers(sim, provider_of, request_of, kind, word, kind_of_error, again):
    with pytest.raises(errors.ProviderError) as caught:
        await provider_of(kind).submit(request_of(word))
    assert type(caught.value) is kind_of_error
    assert may_repeat_create(caught.value) is again
    assert len(sim.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", ["[sim:fail]", "[sim:output-moderation]", "[sim:html]", "[sim:expire=20][sim:stuck]"])
async def test_failures_of_a_task_are_told(provider_of, request_of, kind, word):
    provider = provider_of(kind)
    submitted = await provider.submit(request_of(word))
    task = await task_when(provider, submitted.task_id, FINAL)
    if "expire" in word and kind != "acedata":
        assert task.status == "expired"
    else:
        assert task.status in {"failed", "expired"}
        assert (task.error is not None) == (task.status == "failed")


@pytest.mark.parametrize("kind", KINDS)
async def test_polls_outlast_trouble(provider_of, request_of, kind):
    provider = provider_of(kind)
    for word in ("[sim:poll-500=2]", "[sim:poll-drop=2]"):
        submitted = await provider.submit(request_of(f"{word}[sim:queue=100000]"))
        assert (await provider.poll([submitted.task_id]))[submitted.task_id].status == "queued"


async def test_a_queued_task_is_cancelled_and_a_running_one_is_not(provider_of, request_of):
    provider = provider_of("ark")
    queued = (await provider.submit(request_of("[sim:queue=100000]"))).task_id
    await provider.cancel(queued)
    await provider.cancel(queued)
    assert (await provider.poll([queued]))[queued].status == "cancelled"
    running = (await provider.submit(request_of("[sim:queue=0][sim:run=100000]"))).task_id
    await task_when(provider, running, {"running"})
    with pytest.raises(errors.CannotCancel):
        await provider.cancel(running)


@pytest.mark.parametrize("provider_class", [Ark, AceDataCloud])
async def test_a_wrong_key_is_an_auth_error(sim, request_of, provider_class):
    url = sim.ark_base_url if provider_class is Ark else sim.acedata_base_url
    provider = provider_class("wrong", base_url=url, limits=Limits(speed=100))
    for call in (provider.submit(request_of()), provider.poll(["a"])):
        with pytest.raises(errors.AuthError):
            await call
    await provider.aclose()


async def test_the_documented_rates_are_kept_without_a_refusal(request_of):
    from seedance_widgets import Simulator

    with Simulator(speed=1, limits="documented") as sim:
        provider = sim.provider("ark")
        ids = [f"cgt-{n}" for n in range(25)]
        await provider.poll(ids)
        await asyncio.gather(*(provider.poll([one]) for one in ids))
        assert {one.status for one in sim.requests} == {200, 404}
        await provider.aclose()
