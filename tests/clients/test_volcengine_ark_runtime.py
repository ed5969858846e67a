"""Volcengine's own SDK, unmodified, against the simulator."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from volcenginesdkarkruntime import Ark, AsyncArk
from volcenginesdkarkruntime._exceptions import ArkAuthenticationError, ArkBadRequestError, ArkNotFoundError

PRO = "doubao-seedance-1-0-pro-250528"


def content(uri):
    return [
        {"type": "text", "text": "the camera moves closer [sim:queue=1] [sim:run=20]"},
        {"type": "image_url", "image_url": {"url": uri}, "role": "first_frame"},
    ]


def test_create_get_list_and_delete(sim, image_uri):
    with Ark(api_key="any", base_url=sim.ark_base_url) as ark:
        tasks = ark.content_generation.tasks
        made = tasks.create(
            model=PRO,
            content=content(image_uri),
            resolution="480p",
            ratio="adaptive",
            frames=29,
            return_last_frame=True,
        )
        listed = tasks.list(page_size=10, task_ids=[made.id], service_tier="default")
        assert (listed.total, listed.items[0].id) == (1, made.id)
        end = time.monotonic() + 30
        while (task := tasks.get(task_id=made.id)).status in {"queued", "running"}:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert task.status == "succeeded"
        assert task.error is None
        assert (task.model, task.resolution, task.ratio, task.frames) == (PRO, "480p", "4:3", 29)
        assert task.usage.completion_tokens == 29 * 736 * 544 // 1024
        assert httpx.get(task.content.video_url).content[4:8] == b"ftyp"
        assert httpx.get(task.content.last_frame_url).content[:2] == b"\xff\xd8"
        assert tasks.list(status="succeeded").items[0].id == made.id
        tasks.delete(task_id=made.id)
        with pytest.raises(ArkNotFoundError):
            tasks.get(task_id=made.id)


def test_errors_reach_its_own_exceptions(sim):
    with Ark(api_key="any", base_url=sim.ark_base_url) as ark:
        with pytest.raises(ArkBadRequestError) as refused:
            ark.content_generation.tasks.create(model=PRO, content=[{"type": "text", "text": "a cat"}], duration=99)
        assert refused.value.code == "InvalidParameter"
        assert refused.value.param == "duration"
    with Ark(api_key="wrong", base_url=sim.ark_base_url) as ark, pytest.raises(ArkAuthenticationError) as unknown:
        ark.content_generation.tasks.get(task_id="cgt-1")
    assert unknown.value.code == "AuthenticationError"


async def test_the_asynchronous_client_does_the_same(sim, image_uri):
    async with AsyncArk(api_key="any", base_url=sim.ark_base_url) as ark:
        tasks = ark.content_generation.tasks
        made = await tasks.create(model=PRO, content=content(image_uri), resolution="480p", seed=11)
        assert (await tasks.list(task_ids=made.id)).total == 1
        end = time.monotonic() + 30
        while (task := await tasks.get(task_id=made.id)).status in {"queued", "running"}:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        assert (task.status, task.seed, task.duration) == ("succeeded", 11, 5)
        await tasks.delete(task_id=made.id)
        assert (await tasks.list(task_ids=made.id)).total == 0
