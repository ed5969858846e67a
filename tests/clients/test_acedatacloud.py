"""AceDataCloud's own SDK, unmodified, against the simulator."""

from __future__ import annotations

import httpx
import pytest
from acedatacloud import AceDataCloud, AsyncAceDataCloud
from acedatacloud._runtime.errors import AuthenticationError, ModerationError, ValidationError

from seedance_widgets.simulator import Simulator

PRO = "doubao-seedance-1-0-pro-250528"


def text(prompt="a cat [sim:queue=1] [sim:run=20]"):
    return [{"type": "text", "text": prompt}]


@pytest.mark.parametrize("shape", ["A", "B"])
def test_generate_and_wait(shape, image_uri):
    with Simulator(speed=200, fetch=False, shape=shape) as sim:
        client = AceDataCloud(api_token="any", base_url=sim.acedata_base_url)
        frame = {"type": "image_url", "image_url": {"url": image_uri}, "role": "first_frame"}
        handle = client.seedance.generate(
            model=PRO, content=[*text(), frame], resolution="480p", return_last_frame=True
        )
        assert handle.id
        assert not handle.done
        state = handle.wait(poll_interval=0.1, max_wait=30)
        assert state["response"]["success"] is True
        assert len(handle.urls()) == 2
        assert httpx.get(handle.urls()[0]).content[4:8] == b"ftyp"
        client.close()


def test_a_create_without_async_comes_back_done(sim):
    client = AceDataCloud(api_token="any", base_url=sim.acedata_base_url)
    handle = client.seedance.generate(model=PRO, content=text(), resolution="480p", async_=False)
    assert handle.done
    assert handle.urls()[0].endswith(".mp4")
    client.close()


def test_a_failed_task_ends_its_waiting(sim):
    client = AceDataCloud(api_token="any", base_url=sim.acedata_base_url)
    handle = client.seedance.generate(model=PRO, content=text("a cat [sim:run=5] [sim:fail]"), resolution="480p")
    state = handle.wait(poll_interval=0.1, max_wait=30)
    assert state["response"]["error"]["code"] == "api_error"
    client.close()


def test_errors_reach_its_own_exceptions(sim):
    client = AceDataCloud(api_token="any", base_url=sim.acedata_base_url, max_retries=0)
    with pytest.raises(ValidationError, match="model is invalid"):
        client.seedance.generate(model="no-such-model", content=text())
    with pytest.raises(ModerationError):
        client.seedance.generate(model=PRO, content=text("[sim:moderation]"))
    client.close()
    stranger = AceDataCloud(api_token="wrong", base_url=sim.acedata_base_url, max_retries=0)
    with pytest.raises(AuthenticationError):
        stranger.seedance.generate(model=PRO, content=text())
    stranger.close()


async def test_the_asynchronous_client_does_the_same(sim):
    client = AsyncAceDataCloud(api_token="any", base_url=sim.acedata_base_url)
    handle = await client.seedance.generate(model=PRO, content=text(), resolution="480p")
    await handle.wait(poll_interval=0.1, max_wait=30)
    assert len(handle.urls()) == 1
    await client.close()
